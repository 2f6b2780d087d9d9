"""A state described as a patient: the titles of the facts, with their values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ...facts.analytes import ANALYTES
from ...facts.catalogue import CATALOGUE
from ...facts.fact import Fact
from ...facts.kinds import CATEGORY, DATE, ORDERS, REFERENCE, RESULT, YES_NO
from ...facts.session import OrderingSession
from ...rendering.card_text import value_text
from ...rules.written_units import written
from ...states.limits import level_at
from ...states.sessions import Session
from ...states.values import NOW
from ..card_words import plain, title
from .shared_facts import Pair, SharedFacts

_HEAD = ("patient.sex", "patient.age_months", "patient.paediatric", "patient.age")
_WORDS = {"female": "woman", "male": "man"}
_CHILD = {"woman": "girl", "man": "boy", "patient": "child"}


class Example(NamedTuple):
    """A patient for whom two sets differ, in one line, and the facts that the sets work out
    differently for this patient."""

    patient: str
    because: tuple[str, ...]


class _Seen(NamedTuple):
    """A patient's facts in the old and in the new set, and the orders of the session."""

    session: Session
    old: SharedFacts
    new: SharedFacts


def example_of(session: Session, pair: Pair) -> Example:
    """Describe a patient: who it is, what is ordered, and which facts are present, absent and
    unknown."""
    seen = _Seen(session, *pair.facts)
    return Example(_patient_words(seen), tuple(_because(seen)))


def _patient_words(example: _Seen) -> str:
    facts: dict[str, Fact] = {}
    for side in (example.old, example.new):
        # A result outside one set's window is absent there, but the patient still has it.
        facts |= {
            name: side[name]
            for name in side.labels
            if name not in _HEAD and (name not in facts or side[name].value is not None)
        }
    names = sorted(facts, key=lambda name: CATALOGUE[name].position)
    there = [
        _there(name, facts[name], example)
        for name in names
        if facts[name].value not in (None, False)
    ]
    none = [title(name) for name in names if facts[name].holds is False]
    unknown = [title(name) for name in names if facts[name].is_unknown]
    orders = example.session.orders
    parts = [_who(example.old)]
    parts += [f"ordered: {plain(example.session.label)}"] if orders != OrderingSession() else []
    parts += there
    parts += [f"no {', '.join(none)}"] if none else []
    parts += [f"not known: {', '.join(unknown)}"] if unknown else []
    return "; ".join(parts)


def _because(example: _Seen) -> Iterator[str]:
    """The facts that the two sets work out differently, as in
    ``vitamin B12 status: indeterminate → deficient``."""
    if example.old is example.new:
        return
    for name in CATALOGUE:
        if (
            name in example.old.worked_out()
            and name in example.new.worked_out()
            and CATALOGUE[name].kind in (YES_NO, CATEGORY)
        ):
            before, after = _value(name, example.old[name]), _value(name, example.new[name])
            if before != after:
                yield f"{title(name)}: {before} → {after}"


def _who(facts: SharedFacts) -> str:
    who = _WORDS.get(facts.labels.get("patient.sex", ""), "patient")
    age = facts.labels.get("patient.age_months", "")
    if age and age != "unknown":
        return f"{_CHILD[who] if _is_child(facts) else who} of {age}"
    if facts.labels.get("patient.paediatric") == "true":
        return f"{_CHILD[who]} below 16 years"
    return f"{who}, age not known" if age else who


def _is_child(facts: SharedFacts) -> bool:
    return bool(
        facts["patient.age_months"].value is not None
        and facts["patient.age_months"].value < 16 * 12
    )


def _there(name: str, fact: Fact, example: _Seen) -> str:
    definition, value = CATALOGUE[name], fact.value
    if value is True:
        return title(name)
    if definition.kind is DATE:
        return f"{title(name)} {(NOW.date() - value).days} days ago"
    if definition.kind is RESULT:
        ago = (NOW.date() - value.moment.day).days
        return f"{title(name)} {_measured(name, value, example)}" + (
            f", {ago} days ago" if ago > 1 else ""
        )
    if definition.kind in (ORDERS, REFERENCE):
        return f"{title(name)}: {'present' if value else 'none'}"
    return (
        f"{title(name)} "
        f"{value_text(definition, fact, markdown=False).replace('-', ' ').replace('.0 ', ' ')}"
    )


def _measured(name: str, result: Any, example: _Seen) -> str:
    """The value; or its class, if the limits of the two sets would not put the value in that
    class."""
    analyte = (
        ANALYTES["egfr.reported" if name == "egfr" else name]
        if name in ANALYTES or name == "egfr"
        else None
    )
    if analyte is None or not analyte.classes:
        return str(result.as_sent)
    value = result.interval.point
    levels = {
        level_at(analyte, value, result.unit, side.site) for side in (example.old, example.new)
    }
    own = {
        side[name].value.level
        for side in (example.old, example.new)
        if name in side.labels and side[name].value is not None
    }
    return (
        written(str(result.as_sent))
        if levels == own
        else f"in the class {' or '.join(sorted(own))}"
    )


def _value(name: str, fact: Fact) -> str:
    if fact.value is None:
        return "not known" if fact.is_unknown else "none"
    return value_text(CATALOGUE[name], fact, markdown=False).replace("-", " ")
