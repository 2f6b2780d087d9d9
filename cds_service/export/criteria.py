"""A card's criteria as FHIR conditions.

The condition language of cards is closed and three-valued; it is neither FHIRPath nor CQL, and to name either would promise
that their engines can evaluate it. Each criterion therefore stands as a card file has it, in JSON, under a media type of the
unregistered tree (RFC 6838, section 3.4; FHIR R4 binds ``Expression.language`` extensibly), with its words beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..authoring.card_words import condition_words
from ..facts.catalogue import CATALOGUE
from ..rules.card import Card
from ..rules.conditions import AnyOf, CardHolds, Condition, Criterion, unnamed

LANGUAGE = "application/x.b12-folate-cds.criterion+json"
_DAYS = ("within", "older_than")
_LIMITS = ("below", "at_least", "more_than", "at_most")


def conditions(card: Card, library: str) -> list[dict[str, Any]]:
    """The ``condition`` elements of a card's action: FHIR joins them with *and*. ``library``: where its facts are defined."""
    included = [_condition(condition, library, "include") for condition in card.include]
    return included + [_condition(condition, library, "exclude") for condition in card.exclude]


def applicable(wanted: tuple[Condition, ...], library: str) -> list[dict[str, Any]]:
    """The ``condition`` elements of a part of a card that is shown when all of ``wanted`` holds."""
    return [_condition(condition, library, "include") for condition in wanted]


def _condition(condition: Condition, library: str, side: str) -> dict[str, Any]:
    said = words(condition)
    expression = {
        "description": said if side == "include" else f"Not: {said}",
        "name": condition.id.replace(".", "-").replace("_", "-"),
        "language": LANGUAGE,
        "expression": json.dumps({side: as_written(condition, excludes=side == "exclude")}, ensure_ascii=False),
        "reference": library,
    }
    return {"kind": "applicability", "expression": expression}


def words(condition: Condition) -> str:
    """A criterion in a clinician's words."""
    if isinstance(condition, CardHolds):
        return f"the card {condition.card} {'fires' if condition.holds else 'does not fire'}"
    return condition_words(condition)


def as_written(condition: Condition, *, excludes: bool = False) -> dict[str, Any]:
    """A criterion as a card file has it, under ``exclude`` where it ``excludes``: there ``when_unknown: fire`` would say the opposite."""
    if isinstance(condition, CardHolds):
        return {"id": condition.id, "card": condition.card, "holds": condition.holds}
    if isinstance(condition, AnyOf):
        return {"id": condition.id, "any_of": [dict(_asked(criterion, excludes)) for criterion in condition.criteria]}
    return dict(_asked(condition, excludes))


def _asked(criterion: Criterion, excludes: bool) -> Iterator[tuple[str, Any]]:
    if criterion.id != unnamed(criterion.fact, criterion.operator):
        yield "id", criterion.id
    yield "fact", criterion.fact
    yield criterion.operator, _operand(criterion)
    if criterion.when_unknown is not None:
        yield "when_unknown", "fire" if criterion.when_unknown and not excludes else criterion.when_unknown


def _operand(criterion: Criterion) -> Any:
    definition, operand = CATALOGUE[criterion.fact], criterion.operand
    if isinstance(operand, frozenset):
        return [value for value in definition.values if value in operand]
    if criterion.operator in _DAYS:
        return f"{operand} d"
    if criterion.operator in _LIMITS:
        return f"{operand} {definition.unit}".strip()
    return operand
