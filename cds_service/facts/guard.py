"""What reading may meet in data from outside, for which its facts are unknown and
the call goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

# Every way in which code fails for a value that it did not expect. Not among them are
# the exceptions that say something to the client (required data is missing, say), which
# are of no such kind.
UNREADABLE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
_Value = TypeVar("_Value")


def readable(read: Callable[[], _Value], otherwise: _Value) -> _Value:
    """What ``read`` gives; ``otherwise`` where it cannot be read."""
    try:
        return read()
    except UNREADABLE:
        return otherwise
