"""Why an order is suggested: the results, problems and other resources that decided, by their references as received."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..facts.catalogue import Facts
from ..fhir.references import is_id
from ..rules.card import Suggestion
from ..rules.conditions import AnyOf, CardHolds, Condition
from ..rules.decision import Decision, Decisions

_REASONS = ("Observation", "Condition")
_SUPPORTING = {"MedicationRequest": "supportingInformation", "ServiceRequest": "supportingInfo"}


def reasons(decision: Decision, decisions: Decisions, suggestion: Suggestion, facts: Facts) -> tuple[str, ...]:
    """The references (``Type/id``) behind the criteria by which a card fires and a suggestion is made, in their order.

    Drafts of this session are none: they are what is being decided about.
    """
    conditions = [step.condition for step in decision.steps if step.truth and not step.excludes]
    names = [*_asked([*conditions, *suggestion.when], decisions, facts), *(source.fact for source in suggestion.create if source.fact)]
    drafts = {draft.reference for draft in (*facts.session.drafts, *facts.session.stops)}
    found = dict.fromkeys(source.reference for source in facts.sources_behind(names))
    return tuple(reference for reference in found if is_id(reference.partition("/")[2]) and reference not in drafts)


def _asked(conditions: Iterable[Condition], decisions: Decisions, facts: Facts) -> Iterator[str]:
    """The facts by which the conditions hold; of a card that is looked at, those by which it fires."""
    for condition in conditions:
        if isinstance(condition, CardHolds):
            if condition.holds:
                steps = decisions[condition.card].steps
                yield from _asked((step.condition for step in steps if step.truth and not step.excludes), decisions, facts)
        else:
            for criterion in condition.criteria if isinstance(condition, AnyOf) else (condition,):
                if criterion.truth(facts, decisions.holds):
                    yield criterion.fact


def with_reasons(order: dict[str, Any], references: Iterable[str]) -> dict[str, Any]:
    """``order`` with ``references``: results and problems as reasons, what else decided as supporting information."""
    told: dict[str, list[dict[str, str]]] = {}
    for reference in references:
        kind = reference.partition("/")[0]
        name = "reasonReference" if kind in _REASONS else _SUPPORTING[order["resourceType"]]
        told.setdefault(name, []).append({"reference": reference})
    return {**order, **told}
