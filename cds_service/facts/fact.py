"""Facts: a value, or absent, or unknown, with the resources that each rests on.

*Absent* means that the value was looked for and is not there; *unknown*, that it could not be
determined. The service never treats one as the other: this is its main safety point.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from enum import Enum
from typing import Any, NamedTuple


class State(Enum):
    """Whether a fact has a value."""

    VALUE = "value"
    ABSENT = "absent"
    UNKNOWN = "unknown"


# Python 3.11 looks up enumeration members slowly, and every call makes and asks many facts.
_VALUE, _ABSENT, _UNKNOWN = State


class Source(NamedTuple):
    """One resource that a fact rests on: its reference, its day, and what it says, as sent."""

    reference: str
    day: date | None = None
    text: str = ""


def newest_first(sources: Iterable[Source]) -> list[Source]:
    """``sources`` by day, newest first and undated ones last; sources of one day by reference, so
    that the order of the record does not matter."""
    return sorted(
        sources, key=lambda source: (-source.day.toordinal() if source.day else 0, source.reference)
    )


class Fact:
    """An immutable fact. Build it with :func:`known`, :func:`absent` or :func:`unknown`.

    ``is_unknown``: the fact could not be determined. ``holds``: the truth of a yes/no fact: true,
    false (also when absent), or ``None`` when unknown.
    """

    __slots__ = ("holds", "is_unknown", "note", "sources", "state", "value")

    def __init__(self, state: State, value: Any, sources: tuple[Source, ...], note: str):
        self.state = state
        self.value = value
        self.sources = sources
        self.note = note
        # Attributes rather than properties, because each call reads them some hundred times.
        self.is_unknown = state is _UNKNOWN
        self.holds = None if self.is_unknown else bool(value)

    def __repr__(self) -> str:
        shown = repr(self.value) if self.state is _VALUE else self.state.value
        return f"<Fact {shown}{': ' + self.note if self.note else ''}>"


_TRUE = Fact(_VALUE, True, (), "")
_FALSE = Fact(_VALUE, False, (), "")
_NOT_THERE = Fact(_ABSENT, None, (), "")


def known(value: Any, *sources: Source, note: str = "") -> Fact:
    """A fact with a value and the resources that it rests on."""
    if not sources and not note:
        if value is True:
            return _TRUE
        if value is False:
            return _FALSE
    return Fact(_VALUE, value, sources, note)


def absent(note: str = "") -> Fact:
    """A fact that was looked for and is not there."""
    return Fact(_ABSENT, None, (), note) if note else _NOT_THERE


def unknown(note: str) -> Fact:
    """A fact that could not be determined, and why (no patient data in ``note``)."""
    return Fact(_UNKNOWN, None, (), note)


def any_of(*facts: Fact) -> bool | None:
    """Kleene *or* over yes/no facts."""
    undecided = False
    for fact in facts:
        truth = fact.holds
        if truth:
            return True
        undecided |= truth is None
    return None if undecided else False


def truth(value: bool | None, *sources: Source, note: str = "") -> Fact:
    """A yes/no fact from a three-valued truth; ``note`` says why it is unknown, if it is."""
    return unknown(note or "could not be determined") if value is None else known(value, *sources)


def sources_of(grounds: Iterable[Fact]) -> Iterator[Source]:
    """The sources of those ``grounds`` that hold."""
    return (source for ground in grounds if ground.holds for source in ground.sources)


def either(*given: Fact) -> Fact:
    """Kleene *or* of yes/no facts with the sources of those that hold."""
    note = next((fact.note for fact in given if fact.is_unknown), "")
    return truth(any_of(*given), *sources_of(given), note=note)
