"""A property that is worked out once, without a lock.

``functools.cached_property`` of Python 3.11 holds one lock for all objects of a class while it
works: every call would wait for one that waits for a FHIR server. What is made for one call is used
by one thread, so that none is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

Value = TypeVar("Value")


class once(Generic[Value]):
    """A method as an attribute that is worked out when it is first asked for, and then stands in
    the object's ``__dict__``."""

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
