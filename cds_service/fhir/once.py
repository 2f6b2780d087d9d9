"""A property that is computed once, without a lock.

In Python 3.11, ``functools.cached_property`` holds one lock for all objects of a class while it
computes: every call would wait for a call that waits for a FHIR server. Objects made for one call
are used by one thread, and need no lock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

Value = TypeVar("Value")


class once(Generic[Value]):
    """A method as an attribute, which is computed when it is first read and then kept in the
    object's ``__dict__``."""

    def __init__(self, work: Callable[[Any], Value]):
        self.work = work
        self.name = work.__name__
        self.__doc__ = work.__doc__

    @overload
    def __get__(self, owned: None, owner: type) -> Self: ...

    @overload
    def __get__(self, owned: object, owner: type) -> Value: ...

    def __get__(self, owned: object | None, owner: type) -> Self | Value:
        if owned is None:
            return self
        value = owned.__dict__[self.name] = self.work(owned)
        return value
