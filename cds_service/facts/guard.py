"""Exceptions that data from outside may cause: the facts concerned become unknown, and the call
goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

# Every kind of exception that code raises for a value it did not expect. Exceptions with a message
# for the client (about missing required data, say) are of none of these kinds.
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
    """What ``read`` returns, or ``otherwise`` if the value cannot be read."""
    try:
        return read()
    except UNREADABLE:
        return otherwise
