"""What classes are made of: values that classes of several kinds share."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from ...facts.fact import absent, known, unknown
from ...states.values import NOW
from .enumeration import Class

UNKNOWN, ABSENT = Class("unknown", unknown("enumerated")), Class("absent", absent())
TRUE, FALSE = Class("true", known(True)), Class("false", known(False))
YES_NO = (TRUE, FALSE, UNKNOWN)
BY_HOLDS = {True: (TRUE,), False: (FALSE,), None: (UNKNOWN,)}


@cache
def values(*names: str) -> tuple[Class, ...]:
    """A class for each value of a category."""
    return tuple(Class(name, known(name)) for name in names)


@cache
def days_ago(*days: int) -> tuple[Class, ...]:
    """A class for each day, by its distance from the day of every state."""
    return tuple(
        Class(f"{count} days ago", known(NOW.date() - timedelta(days=count))) for count in days
    )
