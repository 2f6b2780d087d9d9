"""Classes of a fact's values that given criteria tell apart, each with a representative and a
description.

Whether a card fires depends only on which of its criteria are true; false and unknown count alike
(see ``rules/decision``). Values for which the same criteria are true therefore form one class.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from ..facts.catalogue import CATALOGUE, Definition
from ..facts.fact import Fact, absent, known, unknown
from ..facts.kinds import DATE, NUMBER, RESULT, YES_NO, StatedResult
from ..fhir.interval import Interval
from ..rendering.card_text import value_text
from ..rules.conditions import Criterion
from ..states.values import StatedFacts, Value, limits_of, values
from .card_words import joined


class FactClass(NamedTuple):
    """A class of values: a representative, which of the criteria are true of it, and its
    description (``below 3.5 mmol/L``)."""

    fact: Fact
    true_of: tuple[bool, ...]
    words: str


def true_of(fact: Fact, criteria: Sequence[Criterion], today: date) -> tuple[bool, ...]:
    """Return which of ``criteria``, which all ask the same fact, are true for the value
    ``fact``."""
    return tuple(
        bool(criterion.truth(StatedFacts({criterion.fact: fact}, today), lambda card: False))
        for criterion in criteria
    )


def classes(criteria: Sequence[Criterion], today: date) -> list[FactClass]:
    """Return the classes of the one fact that all ``criteria`` ask: known values first, absent and
    unknown last."""
    definition = CATALOGUE[criteria[0].fact]
    limits = sorted(limits_of(criteria)[definition.name])
    # Results with a comparator are worth listing only at a limit.
    options = [
        option
        for option in values(definition, limits, today)
        if not option.comparator or option.number in limits
    ]
    if definition.kind in (NUMBER, RESULT, DATE) and not limits:
        options = [Value(options[0].fact, "present")]
    # A yes-no fact is never absent: when nothing was found, its value is no.
    if definition.kind is not YES_NO or any(
        criterion.operator == "absent" for criterion in criteria
    ):
        options.append(Value(absent(), "absent"))
    options.append(Value(unknown("supposed"), "unknown"))
    alike: dict[tuple[bool, ...], list[Value]] = {}
    for option in options:
        alike.setdefault(true_of(option.fact, criteria, today), []).append(option)
    return [
        FactClass(found[0].fact, truths, _words(definition, found, limits, today))
        for truths, found in alike.items()
    ]


def _words(
    definition: Definition, options: Sequence[Value], limits: Sequence[Decimal], today: date
) -> str:
    """The description of a class: its values, or the range of its numbers. The numbers of a class
    always form one range."""
    numbers = [
        option.number for option in options if option.number is not None and not option.comparator
    ]
    ranges = [_range_words(definition, numbers, limits, today)] if numbers else []
    others = [
        _plain(option.text)
        for option in options
        if option.number is None or (option.comparator and not numbers)
    ]
    return joined([*ranges, *others], "or")


def _plain(text: Any) -> str:
    if isinstance(text, bool):
        return "yes" if text else "no"
    return text if isinstance(text, str) else "present"


def _range_words(
    definition: Definition, numbers: Sequence[Decimal], limits: Sequence[Decimal], today: date
) -> str:
    def said(limit: Decimal) -> str:
        if definition.kind is DATE:
            day = known(today - timedelta(days=int(limit)))
            return f"{limit:f} days ago ({value_text(definition, day, markdown=False)})"
        value = (
            StatedResult(Interval.of(limit, None), f"{limit} {definition.unit}")
            if definition.kind is RESULT
            else limit
        )
        return value_text(definition, known(value), markdown=False)

    low = max((limit for limit in limits if limit <= numbers[0]), default=None)
    high = min((limit for limit in limits if limit >= numbers[-1]), default=None)
    if low is not None and low == high:
        return f"exactly {said(low)}"
    parts = []
    if low is not None:
        parts.append(f"{'at least' if low == numbers[0] else 'more than'} {said(low)}")
    if high is not None:
        beyond = "less than" if definition.kind is DATE else "below"
        parts.append(f"{'at most' if high == numbers[-1] else beyond} {said(high)}")
    return " and ".join(parts)
