"""Conditions of card files: YAML in, :data:`Condition` out, each operator with an operand of the fact's kind and unit."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from .conditions import OPERATORS, STATE_OPERATORS, AnyOf, CardHolds, Condition, Criterion, unnamed
from .yaml_reader import Reader, meant
from .yaml_source import AuthoringError, Mapping, Mistakes, Place, Sequence

# Cards and criteria are handed over under their names as FHIR ids (FHIR R4, "id").
LONGEST_ID = 64
NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_ALL_OPERATORS = (*OPERATORS, *STATE_OPERATORS)
_DAYS = re.compile(r"([0-9]+) ?d\Z")
_QUANTITY = re.compile(r"([-+]?[0-9]+(?:\.[0-9]+)?) (\S+)\Z")
_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(\S*)\Z")
# UCUM's units that are not everybody's.
_TIMES = {"a": "years", "mo": "months", "d": "days"}
# More than a lifetime; the calendar cannot count back much further.
MOST_DAYS = 50_000


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """The names that cards may use. ``facts`` maps a fact's name to its catalogue definition; ``removable``: the facts whose
    drafts a suggestion may remove; ``parameters``: how a text shows each parameter of the set in force."""

    facts: AnyMapping[str, Any]
    evidence: Collection[str]
    templates: Collection[str]
    override_reasons: Collection[str]
    parameter_sets: Collection[str]
    removable: Collection[str]
    parameters: AnyMapping[str, str] = field(default_factory=dict)


class ConditionReader(Reader):
    """Reads conditions and knows what they may name."""

    def __init__(self, vocabulary: Vocabulary, mistakes: Mistakes):
        super().__init__(mistakes)
        self.vocabulary = vocabulary

    def conditions(self, mapping: Mapping, key: str, *, some: bool = False) -> tuple[Condition, ...]:
        """The conditions under ``key``, of which no two share a name. ``some``: a list there must not be empty."""
        found = self.each(mapping, key, self.condition, some=some)
        seen: set[str] = set()
        for condition in found:
            if condition.id in seen:
                mend = "Name them apart, so that tests can say which of them stops the card."
                self.note(AuthoringError(condition.place, f"two criteria are called {condition.id!r}.", mend))
            seen.add(condition.id)
        return found

    def condition(self, value: Any, place: Place) -> Condition:
        """A criterion, an ``any_of`` or a look at another card."""
        if isinstance(value, Mapping) and "any_of" in value:
            self.mapping(value, place, ("id", "any_of"), ("id",))
            return AnyOf(self.name(value, "id"), self.each(value, "any_of", self.part, some=True), place)
        if isinstance(value, Mapping) and "card" in value:
            self.mapping(value, place, ("id", "card", "holds"), ("id", "holds"))
            return CardHolds(self.name(value, "id"), self.text(value, "card"), self.truth(value, "holds"), place)
        return self.criterion(value, place)

    def part(self, value: Any, place: Place) -> Criterion:
        """A criterion within an ``any_of``."""
        for key in ("any_of", "card"):
            if isinstance(value, Mapping) and key in value:
                raise AuthoringError(value.at(key), f"{key!r} cannot stand within 'any_of'.", "Only criteria with 'fact' can.")
        return self.criterion(value, place)

    def criterion(self, value: Any, place: Place) -> Criterion:
        """One question of one fact."""
        # A misspelt key is told alone: without it the rest cannot be judged.
        mapping = Reader().mapping(value, place, ("id", "fact", "when_unknown", *_ALL_OPERATORS), ("fact",))
        fact = self.one_of(mapping, "fact", self.vocabulary.facts)
        used = [key for key in mapping if key in _ALL_OPERATORS]
        if len(used) != 1:
            raise AuthoringError(place, "a criterion has exactly one operator.", f"Operators: {', '.join(_ALL_OPERATORS)}.")
        [operator] = used
        operand = _operand_reader(operator)(mapping[operator], mapping.at(operator), self.vocabulary.facts[fact])
        name = self.name(mapping, "id") if "id" in mapping else unnamed(fact, operator)
        return Criterion(name, fact, operator, operand, _when_unknown(mapping, operator), place)

    def name(self, mapping: Mapping, key: str, what: str = "the name of a criterion") -> str:
        """The name under ``key``, in lower-case words; ``what`` it is."""
        value = self.text(mapping, key)
        if not NAME.match(value):
            raise AuthoringError(mapping.at(key), f"{value!r} is not {what}.", "Use lower-case words joined by '-'.")
        if len(value) > LONGEST_ID:
            raise AuthoringError(mapping.at(key), f"{value!r} is not {what}.", f"It has at most {LONGEST_ID} characters.")
        return value


def _when_unknown(mapping: Mapping, operator: str) -> bool | None:
    if "when_unknown" not in mapping:
        return None
    value, place = mapping["when_unknown"], mapping.at("when_unknown")
    if operator == "unknown":
        raise AuthoringError(place, "'unknown' always has an answer, so 'when_unknown' says nothing.", "Remove it.")
    if value == "fire" or isinstance(value, bool):
        return value is not False
    raise AuthoringError(place, f"'when_unknown' can only be 'fire', not {_told(value)}.", "Otherwise leave it out.")


def _operand_reader(operator: str) -> Callable[[Any, Place, Any], Any]:
    readers: dict[str, Callable[[Any, Place, Any], Any]] = {
        "is": _is_operand, "in": _in_operand, "within": _days, "older_than": _days, "absent": _yes, "unknown": _yes,
    }  # fmt: skip
    return readers.get(operator, _limit)


def _is_operand(value: Any, place: Place, definition: Any) -> Any:
    if definition.kind == "yes-no" and not isinstance(value, bool):
        raise AuthoringError(place, f"{definition.name!r} is a yes/no fact.", "Write true or false.")
    if definition.kind == "category" and value not in definition.values:
        raise AuthoringError(place, f"{definition.name!r} has no value {value!r}.", meant(str(value), definition.values))
    if definition.kind not in ("yes-no", "category"):
        raise AuthoringError(place, f"'is' cannot ask {definition.name!r}, a {definition.kind}.", _asks(definition))
    return value


def _in_operand(value: Any, place: Place, definition: Any) -> Any:
    if definition.kind != "category":
        raise AuthoringError(place, f"'in' needs a fact with named values; {definition.name!r} is a {definition.kind}.", _asks(definition))
    if not isinstance(value, Sequence) or not value:
        raise AuthoringError(place, "'in' needs a list of values.", f"Choose from: [{', '.join(definition.values)}].")
    found = [_is_operand(item, item_place, definition) for item, item_place in zip(value, value.item_places, strict=True)]
    for number, item in enumerate(found):
        if item in found[:number]:
            raise AuthoringError(value.item_places[number], f"{item!r} stands twice.", "Remove one of the two.")
    return frozenset(found)


def _limit(value: Any, place: Place, definition: Any) -> Decimal:
    if definition.kind not in ("number", "result"):
        raise AuthoringError(place, f"{definition.name!r} is no number, so it cannot be compared.", _asks(definition))
    if definition.other_units:
        raise AuthoringError(
            place,
            f"{definition.name!r} comes in {definition.unit} or {', '.join(definition.other_units)}, each with its own limits.",
            f"Ask its level: {{fact: {definition.name}.level, in: [...]}}.",
        )
    match = _QUANTITY.match(value) if isinstance(value, str) else None
    if not match or match[2] != definition.unit:
        raise AuthoringError(place, f"{_told(value)} is no limit for {definition.name!r}.", _as_quantity(value, definition.unit))
    if value.startswith("-"):
        raise AuthoringError(place, f"{value!r} is below zero, and {definition.name!r} never is.", "Remove the minus sign.")
    return Decimal(match[1])


def _days(value: Any, place: Place, definition: Any) -> Decimal:
    if definition.kind != "date":
        raise AuthoringError(place, f"this needs a date fact; {definition.name!r} is a {definition.kind}.", _asks(definition))
    match = _DAYS.match(value) if isinstance(value, str) else None
    if not match:
        raise AuthoringError(place, f"{_told(value)} is no number of days.", "Write it as '90 d' (d: days).")
    if int(match[1][:9]) > MOST_DAYS:
        raise AuthoringError(place, f"{value!r} is more than a lifetime.", "Write the number of days.")
    return Decimal(match[1])


def _yes(value: Any, place: Place, definition: Any) -> bool:
    if not isinstance(value, bool):
        raise AuthoringError(place, "write true or false.", "Write it in small letters, without quotes.")
    return value


def _as_quantity(value: Any, unit: str) -> str:
    """How to write a limit: with the author's own number where only the unit is not written as it should be, else with any."""
    number = _NUMBER.match(str(value))
    meant_so = number and number[2].casefold() in ("", unit.casefold())
    word = f" ({unit}: {_TIMES[unit]})" if unit in _TIMES else ""
    return f"Write it as '{number[1] if number and meant_so else 1} {unit}'{word}."


def _told(value: Any) -> str:
    """A value as its author wrote it."""
    return "nothing" if value is None else str(value) if isinstance(value, Decimal) else repr(value)


def _asks(definition: Any) -> str:
    """How a fact of this kind is asked."""
    examples = {
        "yes-no": "'is: true'",
        "category": f"'in: [{', '.join(definition.values[:2])}]'",
        "number": f"'below: 1 {definition.unit}'",
        "result": f"'below: 1 {definition.unit}'",
        "date": "'within: 90 d'",
    }
    return f"Ask it with {examples.get(definition.kind, repr('absent: false'))}."
