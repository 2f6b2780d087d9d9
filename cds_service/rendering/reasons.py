"""Why an order is suggested: references, as received, to the results, problems and other resources
that decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from ..facts.catalogue import Facts
from ..fhir.references import is_id
from ..rules.card import Suggestion
from ..rules.conditions import Condition
from ..rules.decision import Decision, Decisions

# More than anybody reads. Each is repeated in every suggested order.
MOST_REASONS = 50
_REASONS = ("Observation", "Condition")
_SUPPORTING = {"MedicationRequest": "supportingInformation", "ServiceRequest": "supportingInfo"}


def reasons(
    decision: Decision, decisions: Decisions, suggestion: Suggestion, facts: Facts
) -> tuple[str, ...]:
    """The references (``Type/id``) behind the criteria by which a card fires and a suggestion is
    made, in their order, at most ``MOST_REASONS``.

    Drafts of this session are left out, because the decision is about them.
    """
    conditions = [*decision.reasons, *suggestion.when]
    names = [
        *_asked(conditions, decisions, facts),
        *(source.fact for source in suggestion.create if source.fact),
    ]
    drafts = {draft.reference for draft in (*facts.session.drafts, *facts.session.stops)}
    found = dict.fromkeys([source.reference for source in facts.sources_behind(names)])
    named = (
        reference
        for reference in found
        if reference not in drafts and is_id(reference.partition("/")[2])
    )
    return tuple(islice(named, MOST_REASONS))


def _asked(conditions: Iterable[Condition], decisions: Decisions, facts: Facts) -> Iterator[str]:
    """The facts that make ``conditions`` hold. For a condition on another card, the facts by which
    that card fires."""
    for condition in conditions:
        if condition.firing:
            yield from _asked(decisions[condition.firing].reasons, decisions, facts)
        elif condition.alternatives:
            yield from (
                criterion.fact
                for criterion in condition.alternatives
                if criterion.truth(facts, decisions.holds)
            )
        else:
            yield from condition.facts


def told_reasons(kind: str, references: Iterable[str]) -> dict[str, list[dict[str, str]]]:
    """The elements with ``references`` in an order of the resource type ``kind``: results and
    problems as reasons, other resources as supporting information."""
    told: dict[str, list[dict[str, str]]] = {}
    for reference in references:
        name = "reasonReference" if reference.partition("/")[0] in _REASONS else _SUPPORTING[kind]
        told.setdefault(name, []).append({"reference": reference})
    return told
