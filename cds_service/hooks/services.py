"""The services that are offered, one for each hook, and how discovery describes them."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..config import Settings
from ..engine import Engine
from .prefetch import prefetch_templates

CDS_HOOKS_VERSION = "3.0.0"
# Of the published definitions of all four hooks.
HOOK_VERSION = "1.0"
SHARED_ID = "b12-folate"
_TITLES = {
    "patient-view": "Vitamin B12 and folate: opening the chart",
    "order-select": "Vitamin B12 and folate: choosing an order",
    "order-sign": "Vitamin B12 and folate: signing orders",
    "encounter-discharge": "Vitamin B12 and folate: discharge",
}
_DESCRIPTIONS = {
    "patient-view": "Points out untreated vitamin B12 and folate deficiency from laboratory results, problems and medications.",
    "order-select": "Checks orders of vitamin B12 and folate against results, problems, allergies and medications.",
    "order-sign": "Checks orders of vitamin B12 and folate before they are signed.",
    "encounter-discharge": "Points out vitamin B12 and folate deficiency that is untreated at discharge.",
}
_USAGE = (
    "Needs the Patient; on opening the chart and at discharge at least one laboratory query. What is not prefetched is "
    "read from fhirServer with fhirAuthorization. Other data that cannot be had is named as not known on the card, and "
    "never taken for normal."
)


class HookService(NamedTuple):
    """A service of one hook: its id in the URL, its hook, and its entry in the discovery response."""

    id: str
    hook: str
    entry: dict[str, Any]


def hook_services(engine: Engine) -> tuple[HookService, ...]:
    """The services of ``engine``, one for each hook (CDS Hooks 3.0.0, "Discovery").

    With shared ids all have the same one, which tells clients that a later hook's cards take the place of an earlier
    one's (3.0.0, "Update Stale Guidance").
    """
    return tuple(_service(engine, hook) for hook, cards in engine.cards_by_hook.items() if cards)


def service_id(hook: str, settings: Settings) -> str:
    """The id of the service of ``hook``."""
    return SHARED_ID if settings.service_ids == "shared" else f"{SHARED_ID}-{hook}"


def _service(engine: Engine, hook: str) -> HookService:
    offered_as = service_id(hook, engine.settings)
    entry = {
        "hook": hook,
        "title": _TITLES[hook],
        "description": f"{_DESCRIPTIONS[hook]} Parameter set: {engine.parameter_set}.",
        "id": offered_as,
        "prefetch": prefetch_templates(engine.queries, engine.queries_by_hook[hook]),
        "usageRequirements": _USAGE,
        "version": CDS_HOOKS_VERSION,
        "hookVersion": HOOK_VERSION,
    }
    return HookService(offered_as, hook, entry)
