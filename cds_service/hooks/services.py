"""The services on offer, one for each hook, and their entries in discovery."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..config import Settings
from ..engine import Engine
from ..rules.hook_table import HOOKS
from .prefetch import prefetch_templates

CDS_HOOKS_VERSION = "3.0.0"
SHARED_ID = "b12-folate"
_USAGE = (
    "What is not prefetched is read from fhirServer with fhirAuthorization. Other data that cannot "
    "be had is named as not known on the card, and never taken for normal."
)


class HookService(NamedTuple):
    """A service of one hook: its id in the URL, its hook, and its entry in the
    discovery response."""

    id: str
    hook: str
    entry: dict[str, Any]


def hook_services(engine: Engine) -> tuple[HookService, ...]:
    """The services of ``engine``, one for each hook (CDS Hooks 3.0.0, "Discovery").

    With shared ids, all services have the same id. This tells clients that the cards of a later
    hook replace those of an earlier one (3.0.0, "Update Stale Guidance").
    """
    return tuple(_service(engine, hook) for hook, cards in engine.cards_by_hook.items() if cards)


def service_id(hook: str, settings: Settings) -> str:
    """The id of the service of ``hook``."""
    return SHARED_ID if settings.service_ids == "shared" else f"{SHARED_ID}-{hook}"


def _service(engine: Engine, hook: str) -> HookService:
    offered_as = service_id(hook, engine.settings)
    entry = {
        "hook": hook,
        "title": HOOKS[hook].title,
        "description": f"{HOOKS[hook].description} Parameter set: {engine.parameter_set}.",
        "id": offered_as,
        "prefetch": prefetch_templates(engine.queries, engine.queries_by_hook[hook]),
        "usageRequirements": f"{_needs(hook)} {_USAGE}",
        "version": CDS_HOOKS_VERSION,
        "hookVersion": HOOKS[hook].version,
    }
    return HookService(offered_as, hook, entry)


def _needs(hook: str) -> str:
    return (
        "Needs the Patient and at least one laboratory query."
        if HOOKS[hook].requires_results
        else "Needs the Patient."
    )
