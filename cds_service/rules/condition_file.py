"""Conditions of card files: YAML in, :data:`Condition` out, each operator with an operand of the
fact's kind and unit."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ..authored_yaml.reader import Reader, meant
from ..authored_yaml.source import AuthoringError, Mapping, Mistakes, Place, Sequence
from .conditions import (
    OPERATORS_OF_A_LIST,
    STATE_OPERATORS,
    AnyOf,
    CardHolds,
    Condition,
    Criterion,
    unnamed,
)
from .grammar import TEXT, TRUTH, Form, Key, array, form, list_of, one_of, read_keys, ref

# Exports use the names of cards and criteria as FHIR ids (FHIR R4, "id").
LONGEST_ID = 64
NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
# For each operator: which facts it asks, and when it holds.
_HOLDS = {
    "is": (
        "yes or no, or one of several values: the value is this, `true`, `false` or a value; "
        "absent counts as `false`"
    ),
    "in": "one of several values: the value is one of this list",
    "below": "a number or a laboratory result: it is less than the limit",
    "at_least": "a number or a laboratory result: it is the limit or more",
    "more_than": "a number or a laboratory result: it is more than the limit",
    "at_most": "a number or a laboratory result: it is the limit or less",
    "within": "a day: it is this many days ago or fewer, `90 d`",
    "older_than": "a day: it is more days ago than this",
    "absent": "any: `true`, the fact was looked for and not found; `false`, it was found",
    "unknown": "any: `true`, it could not be determined; `false`, it could",
}


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """The names that cards may use. ``facts`` maps a fact's name to its catalogue definition;
    ``removable``: the facts whose drafts a suggestion may remove; ``parameters``: how a text shows
    each parameter of the set in force."""

    facts: AnyMapping[str, Any]
    evidence: Collection[str]
    templates: Collection[str]
    override_reasons: Collection[str]
    parameter_sets: Collection[str]
    removable: Collection[str]
    parameters: AnyMapping[str, str] = field(default_factory=dict)

    def facts_for(self, key: str) -> list[str]:
        """The facts that can be named under ``key`` of a suggestion, by their kind."""
        return [
            name for name, definition in self.facts.items() if definition.kind.suggestion_key == key
        ]


class ConditionReader(Reader):
    """Reads conditions and knows what they may name."""

    def __init__(self, vocabulary: Vocabulary, mistakes: Mistakes | None = None):
        super().__init__(mistakes)
        self.vocabulary = vocabulary

    def conditions(
        self, mapping: Mapping, key: str, *, some: bool = False
    ) -> tuple[Condition, ...]:
        """The conditions under ``key``, no two with the same name. ``some``: the list must not be
        empty."""
        found = self.each(mapping, key, self.condition, some=some)
        seen: set[str] = set()
        for condition in found:
            if condition.id in seen:
                mend = (
                    "Give them different names, so that tests can say which of them stops the card."
                )
                self.note(
                    AuthoringError(
                        condition.place, f"two criteria are called {condition.id!r}.", mend
                    )
                )
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
                raise AuthoringError(
                    value.at(key),
                    f"{key!r} cannot be used inside 'any_of'.",
                    "Use only criteria with 'fact' there.",
                )
        return self.criterion(value, place)

    def criterion(self, value: Any, place: Place) -> Criterion:
        """One question of one fact."""
        # Only the first mistake of a criterion is reported: without the key that it is in, the
        # others cannot be judged.
        read = read_keys(ConditionReader(self.vocabulary), value, place, CRITERION)
        used = [key for key in value if key in _HOLDS]
        if len(used) != 1:
            raise AuthoringError(
                place,
                "a criterion must have exactly one operator.",
                f"Operators: {', '.join(_HOLDS)}.",
            )
        [operator] = used
        name = read["id"] or unnamed(read["fact"], operator)
        return Criterion(name, read["fact"], operator, read[operator], read["when_unknown"], place)

    def operand(self, criterion: Mapping, operator: str) -> Any:
        """The operand of ``operator``, read by the kind of the criterion's fact."""
        definition, place = self.vocabulary.facts[criterion["fact"]], criterion.at(operator)
        refusal = definition.kind.refusal(operator, definition)
        if refusal:
            raise AuthoringError(place, *refusal)
        read = partial(of_kind, definition.kind.operand, definition)
        if operator not in OPERATORS_OF_A_LIST:
            return read(criterion[operator], place)
        if not criterion[operator] or not isinstance(criterion[operator], Sequence):
            raise AuthoringError(
                place,
                f"{operator!r} needs a list of values.",
                f"Choose from: [{', '.join(definition.values)}].",
            )
        found = self.each(criterion, operator, read)
        for number, item in enumerate(found):
            if item in found[:number]:
                raise AuthoringError(
                    criterion[operator].item_places[number],
                    f"{item!r} appears twice.",
                    "Remove one of the two.",
                )
        return frozenset(found)

    def when_unknown(self, criterion: Mapping, key: str) -> bool:
        """The truth that replaces an unknown answer."""
        value, place = criterion[key], criterion.at(key)
        if "unknown" in criterion:
            raise AuthoringError(
                place, f"'unknown' always has an answer, so {key!r} has no effect.", "Remove it."
            )
        if value == "fire" or isinstance(value, bool):
            return value is not False
        raise AuthoringError(
            place, f"{key!r} can only be 'fire', not {value!r}.", "Write 'fire', or leave it out."
        )

    def name(self, mapping: Mapping, key: str, what: str = "the name of a criterion") -> str:
        """The name under ``key``, in lower-case words. ``what``: what it is, for the message."""
        value = self.text(mapping, key)
        if not NAME.match(value):
            raise AuthoringError(
                mapping.at(key), f"{value!r} is not {what}.", "Use lower-case words joined by '-'."
            )
        if len(value) > LONGEST_ID:
            raise AuthoringError(
                mapping.at(key),
                f"{value!r} is not {what}.",
                f"Use at most {LONGEST_ID} characters.",
            )
        return value


def conditions_form(*, some: bool = False) -> Form:
    """A list of conditions; ``some``: it must not be empty."""
    return Form(
        partial(ConditionReader.conditions, some=some),
        lambda known: array(ref("condition"), some=some),
        (),
    )


def name_form(what: str) -> Form:
    """A name. ``what``: what it is, for the message."""
    return form(
        partial(ConditionReader.name, what=what),
        type="string",
        pattern="^[a-z0-9]+(-[a-z0-9]+)*$",
        maxLength=LONGEST_ID,
    )


NAME_OF_A_CRITERION = name_form("the name of a criterion")
_TAKEN_FOR = form(ConditionReader.when_unknown, None, enum=["fire", True, False])
CRITERION = (
    Key(
        "fact",
        one_of(lambda known: known.facts),
        "the [fact](facts.md) that the criterion asks about",
        required=True,
    ),
    Key(
        "id",
        NAME_OF_A_CRITERION,
        (
            "needed where a test names the criterion: lower-case words joined by `-`, at most 64 "
            "characters"
        ),
    ),
    *(
        Key(name, TRUTH if name in STATE_OPERATORS else form(ConditionReader.operand), doc)
        for name, doc in _HOLDS.items()
    ),
    Key("when_unknown", _TAKEN_FOR, "`fire`: it also holds where its fact is not known"),
)
ANY_OF = (
    Key("id", NAME_OF_A_CRITERION, required=True),
    Key("any_of", list_of(ConditionReader.part, ref("criterion"), some=True), required=True),
)
CARD_HOLDS = (
    Key("id", NAME_OF_A_CRITERION, required=True),
    Key("card", TEXT, required=True),
    Key("holds", TRUTH, required=True),
)


def of_kind(read: Callable[[Any, Any], Any], definition: Any, written: Any, place: Place) -> Any:
    """What ``read``, a method of a kind of facts, makes of what is written. Its ``ValueError`` says
    what is wrong, and how to mend it or which values there are; it is raised as an
    :class:`AuthoringError`."""
    try:
        return read(written, definition)
    except ValueError as error:
        what, mend = error.args
        raise AuthoringError(
            place, what, mend if isinstance(mend, str) else meant(str(written), mend)
        ) from None
