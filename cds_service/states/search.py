"""Finds the states in which every check holds, and skips those in which one already fails.

A state begins with nothing chosen. Each check is tried on the choices so far: one that fails ends
the state and all that could follow from it; one that needs an input which is not chosen yet waits.
If no check fails and some wait, each value of the input that the first of them needs is tried in
turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, Self, TypeVar


class Impossible(Exception):
    """The choices so far leave a fact without a possible value: no such state exists."""


class Undecided(Exception):
    """A check needs an input that is not chosen yet. ``options``: its possible values, in the order
    to try."""

    def __init__(self, key: Any, options: Sequence[Any]):
        super().__init__(key)
        self.key = key
        self.options = options


class State(Protocol):
    """Inputs, some of which are chosen."""

    def with_choice(self, key: Any, option: Any) -> Self:
        """This state with ``option`` chosen for the input ``key``."""


AnyState = TypeVar("AnyState", bound=State)
Check = Callable[[Any], bool]


def all_hold(checks: Iterable[Check]) -> Check:
    """Whether every check holds. One that is known not to hold decides, even if others need more
    choices."""

    def check(state: Any) -> bool:
        waiting = None
        for each in checks:
            try:
                if not each(state):
                    return False
            except Undecided as undecided:
                waiting = waiting or undecided
        if waiting:
            raise waiting
        return True

    return check


def does_not_hold(check: Check) -> Check:
    """Whether ``check`` does not hold."""
    return lambda state: not check(state)


def any_holds(checks: Iterable[Check]) -> Check:
    """Whether one of the checks holds. One that is known to hold decides."""
    return does_not_hold(all_hold([does_not_hold(each) for each in checks]))


class Search:
    """A search that ends after ``most`` states, including those in which some inputs are not
    chosen.

    ``tried``: the number of states so far; ``whole``: no state has been left out so far.
    """

    def __init__(self, most: int | None = None):
        self.most = most
        self.tried = 0
        self.whole = True

    def states(self, state: AnyState, checks: Sequence[Check]) -> Iterator[AnyState]:
        """Every state with the choices of ``state`` in which all of ``checks`` hold."""
        if self.tried == self.most:
            self.whole = False
            return
        self.tried += 1
        waiting: list[Check] = []
        first: Undecided | None = None
        for check in checks:
            try:
                if not check(state):
                    return
            except Impossible:
                return
            except Undecided as undecided:
                waiting.append(check)
                first = first or undecided
        if first is None:
            yield state
            return
        for option in first.options:
            yield from self.states(state.with_choice(first.key, option), waiting)
