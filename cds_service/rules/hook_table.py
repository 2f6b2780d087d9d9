"""The hooks that the service can answer, each with everything in which it differs from the others.
New hooks are added here.

The elements of a hook's context are in ``hooks/contexts``, because reading a request is not a task
of the rules. Titles and descriptions are ours; versions, and what a context has, are those of HL7's
library of hooks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class Hook(NamedTuple):
    """A hook of CDS Hooks: how discovery describes its service, when it fires, and what its context
    contains.

    ``version``: of its published definition. ``occasion``: when it fires, as words after "when".
    ``has_drafts``: its context has the orders of an ordering session, ``draftOrders``, so that
    cards may ask for drafts. ``has_selections``: its context says which of them were just chosen;
    the form may still be open, so that orders without a medication, and a session without orders,
    are not yet mistakes. ``requires_results``: its service cannot answer if no laboratory query can
    be had at all. ``example_context``: what the context of an example request has besides the user,
    the patient, the encounter and the drafts.
    """

    version: str
    title: str
    description: str
    occasion: str
    has_drafts: bool = False
    has_selections: bool = False
    requires_results: bool = False
    example_context: Mapping[str, Any] = {}


# Discovery lists them in this order.
HOOKS: dict[str, Hook] = {
    "patient-view": Hook(
        version="1.0",
        title="Vitamin B12 and folate: opening the chart",
        description=(
            "Points out untreated vitamin B12 and folate deficiency from laboratory results, "
            "problems and medications."
        ),
        occasion="the chart is opened",
        requires_results=True,
    ),
    "order-select": Hook(
        version="1.0",
        title="Vitamin B12 and folate: choosing an order",
        description=(
            "Checks orders of vitamin B12 and folate against results, problems, allergies and "
            "medications."
        ),
        occasion="an order is chosen",
        has_drafts=True,
        has_selections=True,
    ),
    "order-sign": Hook(
        version="1.0",
        title="Vitamin B12 and folate: signing orders",
        description="Checks orders of vitamin B12 and folate before they are signed.",
        occasion="orders are signed",
        has_drafts=True,
    ),
    "encounter-discharge": Hook(
        version="1.0",
        title="Vitamin B12 and folate: discharge",
        description="Points out vitamin B12 and folate deficiency that is untreated at discharge.",
        occasion="the patient is discharged",
        requires_results=True,
    ),
}


def hooks_of_kind() -> dict[str, tuple[str, ...]]:
    """The names of all hooks by kind: ``opening`` without an ordering session,
    ``ordering`` with one."""
    return {
        kind: tuple(name for name in HOOKS if kind_of(name) == kind)
        for kind in ("opening", "ordering")
    }


def kind_of(hook: str) -> str:
    """``ordering`` where the context of ``hook`` has the orders of a session,
    ``opening`` otherwise."""
    return "ordering" if HOOKS[hook].has_drafts else "opening"


def any_at_ordering(hooks: Iterable[str]) -> bool:
    """Whether the context of one of ``hooks`` has the orders of a session."""
    return any(HOOKS[hook].has_drafts for hook in hooks)
