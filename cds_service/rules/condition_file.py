"""Conditions of card files: YAML in, :data:`Condition` out, each operator with an operand of the fact's kind and unit."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from .conditions import OPERATORS, OPERATORS_OF_A_LIST, STATE_OPERATORS, AnyOf, CardHolds, Condition, Criterion, unnamed
from .grammar import TEXT, TRUTH, Form, Key, array, form, list_of, read_keys, ref
from .yaml_reader import Reader, meant
from .yaml_source import AuthoringError, Mapping, Mistakes, Place, Sequence

# Cards and criteria are handed over under their names as FHIR ids (FHIR R4, "id").
LONGEST_ID = 64
NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_ALL_OPERATORS = (*OPERATORS, *STATE_OPERATORS)


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

    def facts_for(self, key: str) -> list[str]:
        """The facts that can be named under ``key`` of a suggestion, by their kind."""
        return [name for name, definition in self.facts.items() if definition.kind.suggestion_key == key]


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
            read = read_keys(self, value, place, ANY_OF)
            return AnyOf(read["id"], read["any_of"], place)
        if isinstance(value, Mapping) and "card" in value:
            return CardHolds(**read_keys(self, value, place, CARD_HOLDS), place=place)
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
        operand = _operand(operator, mapping, self.vocabulary.facts[fact])
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


def conditions_form(*, some: bool = False) -> Form:
    """A list of conditions; ``some``: it must not be empty."""
    return Form(partial(ConditionReader.conditions, some=some), lambda known: array(ref("condition"), some=some), ())


def name_form(what: str) -> Form:
    """A name; ``what`` it is."""
    return form(partial(ConditionReader.name, what=what), type="string", pattern="^[a-z0-9]+(-[a-z0-9]+)*$", maxLength=LONGEST_ID)


NAME_OF_A_CRITERION = name_form("the name of a criterion")
ANY_OF = (
    Key("id", NAME_OF_A_CRITERION, required=True),
    Key("any_of", list_of(ConditionReader.part, ref("criterion"), some=True), required=True),
)
CARD_HOLDS = (
    Key("id", NAME_OF_A_CRITERION, required=True),
    Key("card", TEXT, required=True),
    Key("holds", TRUTH, required=True),
)


def _when_unknown(mapping: Mapping, operator: str) -> bool | None:
    if "when_unknown" not in mapping:
        return None
    value, place = mapping["when_unknown"], mapping.at("when_unknown")
    if operator == "unknown":
        raise AuthoringError(place, "'unknown' always has an answer, so 'when_unknown' says nothing.", "Remove it.")
    if value == "fire" or isinstance(value, bool):
        return value is not False
    raise AuthoringError(place, f"'when_unknown' can only be 'fire', not {value!r}.", "Otherwise leave it out.")


def _operand(operator: str, mapping: Mapping, definition: Any) -> Any:
    written, place = mapping[operator], mapping.at(operator)
    if operator in STATE_OPERATORS:
        if not isinstance(written, bool):
            raise AuthoringError(place, "write true or false.", "Write it in small letters, without quotes.")
        return written
    refusal = definition.kind.refusal(operator, definition)
    if refusal:
        raise AuthoringError(place, *refusal)
    if operator not in OPERATORS_OF_A_LIST:
        return of_kind(definition.kind.operand, written, place, definition)
    if not isinstance(written, Sequence) or not written:
        raise AuthoringError(place, f"{operator!r} needs a list of values.", f"Choose from: [{', '.join(definition.values)}].")
    found: list[Any] = []
    for item, item_place in zip(written, written.item_places, strict=True):
        if item in found:
            raise AuthoringError(item_place, f"{item!r} stands twice.", "Remove one of the two.")
        found.append(of_kind(definition.kind.operand, item, item_place, definition))
    return frozenset(found)


def of_kind(read: Callable[[Any, Any], Any], written: Any, place: Place, definition: Any) -> Any:
    """What ``read``, a method of a kind of facts, makes of what is written. It raises a ``ValueError`` that says what is wrong, and how
    to mend it or what there is to choose from."""
    try:
        return read(written, definition)
    except ValueError as error:
        what, mend = error.args
        raise AuthoringError(place, what, mend if isinstance(mend, str) else meant(str(written), mend)) from None
