"""A fact: a value, or absent, or unknown, with where it came from.

Absent means looked for and not there; unknown means that it could not be determined. The two never merge: this is the
main safety point of the service.
"""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Any, NamedTuple


class State(Enum):
    """Whether a fact has a value."""

    VALUE = "value"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Source(NamedTuple):
    """One resource that a fact rests on: its reference, its day, and what it says, as sent."""

    reference: str
    day: date | None = None
    text: str = ""


class Fact:
    """An immutable fact. Build it with :func:`known`, :func:`absent` or :func:`unknown`."""

    __slots__ = ("note", "sources", "state", "value")

    def __init__(self, state: State, value: Any, sources: tuple[Source, ...], note: str):
        self.state = state
        self.value = value
        self.sources = sources
        self.note = note

    @property
    def is_unknown(self) -> bool:
        """Whether the fact could not be determined."""
        return self.state is State.UNKNOWN

    @property
    def holds(self) -> bool | None:
        """The truth of a yes/no fact: true, false (also when absent), or ``None`` when unknown."""
        if self.state is State.VALUE:
            return bool(self.value)
        return None if self.state is State.UNKNOWN else False

    def __repr__(self) -> str:
        shown = repr(self.value) if self.state is State.VALUE else self.state.value
        return f"<Fact {shown}{': ' + self.note if self.note else ''}>"


_TRUE = Fact(State.VALUE, True, (), "")
_FALSE = Fact(State.VALUE, False, (), "")
_ABSENT = Fact(State.ABSENT, None, (), "")


def known(value: Any, *sources: Source, note: str = "") -> Fact:
    """A fact with a value and the resources that it rests on."""
    if not sources and not note:
        if value is True:
            return _TRUE
        if value is False:
            return _FALSE
    return Fact(State.VALUE, value, sources, note)


def absent(note: str = "") -> Fact:
    """A fact that was looked for and is not there."""
    return Fact(State.ABSENT, None, (), note) if note else _ABSENT


def unknown(note: str) -> Fact:
    """A fact that could not be determined, and why (no patient data in ``note``)."""
    return Fact(State.UNKNOWN, None, (), note)


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
    """A yes/no fact from a three-valued truth; ``note`` says why where it is unknown."""
    return unknown(note or "could not be determined") if value is None else known(value, *sources)
