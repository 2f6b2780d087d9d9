"""The kinds of facts: which operators apply to each, how card files write it, and its names
elsewhere.

A kind is an object, and a new one is one class more. A layer above that depends on kinds (for the
type of a parameter in CQL, say) keeps a table whose keys are these objects.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

from ..fhir.interval import Interval

Schema = dict[str, Any]  # JSON Schema
# More than a lifetime; the calendar cannot count back much further.
MOST_DAYS = 50_000
_QUANTITY = re.compile(r"(<=|>=|<|>)?(-?)([0-9]+(?:\.[0-9]+)?) (\S+)\Z")
_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(\S*)\Z")
_DAYS = re.compile(r"([0-9]+) ?d\Z")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
# UCUM's units of time, in words.
TIMES = {"a": "years", "mo": "months", "d": "days"}


class NotOfKind(ValueError):
    """A fact of the kind cannot be, or be compared with, what is written: ``NotOfKind(what,
    mend)``, where ``mend`` says how to write it, or is a tuple of the possible values."""


class StatedResult(NamedTuple):
    """A laboratory result as a test states it."""

    interval: Interval
    as_sent: str


class Kind:
    """The behaviour of one kind of facts. Every method takes what a card file has, and the
    definition of the fact.

    ``words``: its name on pages; ``fhir_type``: of a parameter that stands for such a fact;
    ``operators``: those that apply besides ``absent`` and ``unknown``, with ``asked_as`` an
    example; ``stated_as``: how tests write a value. ``in_texts``, ``in_paragraphs``: a value reads
    well in any text of a card, or in its paragraphs. ``is_ordered``: a value can be less than
    another. ``suggestion_key``: the key under which a suggestion can name such a fact.
    """

    name: ClassVar[str]
    words: ClassVar[str]
    fhir_type: ClassVar[str]
    operators: ClassVar[tuple[str, ...]] = ()
    asked_as: ClassVar[str] = "absent: false"
    stated_as: ClassVar[str] = ""
    in_texts: ClassVar[bool] = False
    in_paragraphs: ClassVar[bool] = False
    is_ordered: ClassVar[bool] = False
    suggestion_key: ClassVar[str] = ""

    def __str__(self) -> str:
        return self.name

    def refusal(self, operator: str, fact: Any) -> tuple[str, str] | None:
        """Why ``operator`` does not apply to the fact, and what does; ``None`` if it applies."""
        if operator in self.operators:
            return None
        return (
            f"{operator!r} does not apply to {fact.name!r}, a fact of the kind {self}.",
            f"Write '{self.asked_as.format(fact)}', for example.",
        )

    def operand(self, written: Any, fact: Any) -> Any:
        """The operand of a criterion, or one of a list of them. Raises :class:`NotOfKind`."""
        raise NotImplementedError(f"no operator applies to the kind {self}")

    def operand_schema(self, fact: Any) -> Schema:
        """The JSON Schema of what :meth:`operand` reads."""
        raise NotImplementedError(f"no operator applies to the kind {self}")

    def stated(self, written: Any, fact: Any) -> Any:
        """The value that a test states. Raises :class:`NotOfKind`."""
        value = self._stated(written, fact)
        if value is None:
            mend = (
                f"Write it as {self.stated_as.format(fact)}, or as absent or unknown."
                if self.stated_as
                else ()
            )
            raise NotOfKind(
                f"{_told(written)} is not a value of {fact.name!r}, a fact of the kind {self}.",
                mend or (*fact.values, "absent", "unknown"),
            )
        return value

    def stated_schema(self, fact: Any) -> Schema:
        """The JSON Schema of what :meth:`stated` reads."""
        return self.operand_schema(fact)

    def _stated(self, written: Any, fact: Any) -> Any:
        """The value, or ``None`` if what is written is not one."""
        with suppress(NotOfKind):
            return self.operand(written, fact)
        return None


class YesNo(Kind):
    """True or false; absent counts as false."""

    name, words, fhir_type = "yes-no", "yes or no", "boolean"
    operators, asked_as, stated_as = ("is",), "is: true", "true or false"
    in_paragraphs = True  # a fact that holds quotes the record

    def operand(self, written: Any, fact: Any) -> bool:
        """The truth."""
        if not isinstance(written, bool):
            raise NotOfKind(f"{fact.name!r} is a yes-no fact.", "Write true or false.")
        return written

    def operand_schema(self, fact: Any) -> Schema:
        """Either truth."""
        return {"enum": [True, False]}


class Category(Kind):
    """One of the fact's ``values``."""

    name, words, fhir_type = "category", "one of", "code"
    operators, asked_as = ("is", "in"), "is: {0.values[0]}"
    in_texts = in_paragraphs = True

    def operand(self, written: Any, fact: Any) -> str:
        """The value."""
        if written not in fact.values:
            raise NotOfKind(f"{fact.name!r} has no value {written!r}.", fact.values)
        return str(written)

    def operand_schema(self, fact: Any) -> Schema:
        """Its values."""
        return {"enum": list(fact.values)}


class Number(Kind):
    """A decimal in the fact's ``unit``."""

    name, words, fhir_type = "number", "number", "Quantity"
    operators, asked_as, stated_as = (
        ("below", "at_least", "more_than", "at_most"),
        "below: 1 {0.unit}",
        "'1 {0.unit}'",
    )
    in_texts = in_paragraphs = is_ordered = True

    def operand(self, written: Any, fact: Any) -> Decimal:
        """The limit."""
        comparator, sign, number = _quantity(written, fact.unit)
        if not number or comparator:
            raise NotOfKind(
                f"{_told(written)} is not a limit for {fact.name!r}.",
                _as_quantity(written, fact.unit),
            )
        if sign:
            raise NotOfKind(
                f"{written!r} is below zero, and {fact.name!r} never is.", "Remove the minus sign."
            )
        return Decimal(number)

    def operand_schema(self, fact: Any) -> Schema:
        """A number and the unit."""
        return _quantity_schema(fact.unit)


class Result(Number):
    """A laboratory result in the fact's ``unit``, or in ``other_units``, which have limits of their
    own."""

    name, words = "result", "laboratory result"
    stated_as = "'1 {0.unit}' or '<1 {0.unit}'"

    def refusal(self, operator: str, fact: Any) -> tuple[str, str] | None:
        """As for other kinds. A result in several units takes no limit, because a limit in one unit
        would misjudge results in another."""
        if operator in self.operators and fact.other_units:
            what = (
                f"{fact.name!r} comes in {fact.unit} or {', '.join(fact.other_units)}, each with "
                "its own limits."
            )
            return what, f"Use its level: {{fact: {fact.name}.level, in: [...]}}."
        return super().refusal(operator, fact)

    def stated_schema(self, fact: Any) -> Schema:
        """A quantity, with a comparator if the laboratory sent one."""
        return _quantity_schema(fact.unit, "(<=|>=|<|>)?")

    def _stated(self, written: Any, fact: Any) -> StatedResult | None:
        comparator, sign, number = _quantity(written, fact.unit)
        return (
            StatedResult(Interval.of(Decimal(number), comparator), written)
            if number and not sign
            else None
        )


class Day(Kind):
    """A day of the calendar. Criteria ask how many days ago it is."""

    name, words, fhir_type = "date", "day", "date"
    operators, asked_as, stated_as = ("within", "older_than"), "within: 90 d", "2026-11-23"
    in_texts = in_paragraphs = is_ordered = True

    def operand(self, written: Any, fact: Any) -> Decimal:
        """The number of days."""
        match = _DAYS.match(written) if isinstance(written, str) else None
        if not match:
            raise NotOfKind(
                f"{_told(written)} is not a number of days.", "Write it as '90 d' (d: days)."
            )
        if int(match[1][:9]) > MOST_DAYS:
            raise NotOfKind(f"{written!r} is more than a lifetime.", "Write the number of days.")
        return Decimal(match[1])

    def operand_schema(self, fact: Any) -> Schema:
        """A number of days."""
        return {"type": "string", "pattern": "^[0-9]{1,5} ?d$", "examples": ["90 d"]}

    def stated_schema(self, fact: Any) -> Schema:
        """ISO 8601's calendar date."""
        return {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}

    def _stated(self, written: Any, fact: Any) -> date | None:
        with suppress(ValueError):
            return (
                date.fromisoformat(written)
                if isinstance(written, str) and _DAY.match(written)
                else None
            )
        return None


class Orders(Kind):
    """Ids of order templates, from which a suggestion makes orders."""

    name, words, fhir_type = "orders", "orders", "canonical"
    stated_as, suggestion_key = "[serum-b12]", "create"

    def stated_schema(self, fact: Any) -> Schema:
        """A list of ids."""
        return {"type": "array", "items": {"type": "string"}}

    def _stated(self, written: Any, fact: Any) -> tuple[str, ...] | None:
        return tuple(map(str, written)) if isinstance(written, list) else None


class Reference(Kind):
    """``Type/id`` of a resource, such as an order under way that a new one replaces."""

    name, words, fhir_type = "reference", "reference", "Reference"
    stated_as, suggestion_key = "MedicationRequest/1", "replaces"

    def stated_schema(self, fact: Any) -> Schema:
        """A text."""
        return {"type": "string"}

    def _stated(self, written: Any, fact: Any) -> str | None:
        return written if isinstance(written, str) else None


YES_NO, NUMBER, CATEGORY, RESULT, DATE, ORDERS, REFERENCE = (
    YesNo(),
    Number(),
    Category(),
    Result(),
    Day(),
    Orders(),
    Reference(),
)
KINDS: dict[str, Kind] = {
    kind.name: kind for kind in (YES_NO, NUMBER, CATEGORY, RESULT, DATE, ORDERS, REFERENCE)
}


def _told(written: Any) -> str:
    """A value as its author wrote it."""
    return (
        "nothing"
        if written is None
        else str(written)
        if isinstance(written, Decimal)
        else repr(written)
    )


def _quantity(written: Any, unit: str) -> tuple[str | None, str, str]:
    """The comparator, the sign and the number of a quantity in ``unit``; the number is empty if it
    is none."""
    match = _QUANTITY.match(written) if isinstance(written, str) else None
    return (match[1], match[2], match[3]) if match and match[4] == unit else (None, "", "")


def _quantity_schema(unit: str, before: str = "") -> Schema:
    # JSON Schema's patterns follow ECMA-262, which rejects needless escapes such as "\\ ".
    written = re.sub(r"[.*+?^${}()|\[\]/]", r"\\\g<0>", unit)
    return {
        "type": "string",
        "pattern": f"^{before}[0-9]+([.][0-9]+)? {written}$",
        "examples": [f"60 {unit}"],
    }


def _as_quantity(written: Any, unit: str) -> str:
    """How to write a limit: with the author's own number if only its unit is wrong, else with an
    example."""
    number = _NUMBER.match(str(written))
    meant_so = number and number[2].casefold() in ("", unit.casefold())
    word = f" ({unit}: {TIMES[unit]})" if unit in TIMES else ""
    return f"Write it as '{number[1] if number and meant_so else 1} {unit}'{word}."
