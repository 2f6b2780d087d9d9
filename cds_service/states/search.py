"""The states in which everything holds that is asked for, without a look at those in which one part
of it already fails.

A state begins with nothing chosen. Each check is tried on what is chosen so far: one that
fails ends the state with all that could follow it, one that needs an input which is not chosen
yet waits. Where no check fails and some wait, each value of the input that the first of them
needs is tried in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, Self, TypeVar


class Impossible(Exception):
    """The choices so far admit no value of a fact: no such state exists."""


class Undecided(Exception):
    """A check needs an input that is not chosen yet. ``options``: all that it can be, in
    the order to try."""

    def __init__(self, key: Any, options: Sequence[Any]):
        super().__init__(key)
        self.key = key
        self.options = options


class State(Protocol):
    """Inputs of which some are chosen."""

    def with_choice(self, key: Any, option: Any) -> Self:
        """The state in which the input ``key`` is ``option`` too."""


AnyState = TypeVar("AnyState", bound=State)
Check = Callable[[Any], bool]


def all_hold(checks: Iterable[Check]) -> Check:
    """Whether every check holds: no, as soon as one is known not to, also where
    others need more."""

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
    """Whether one of the checks holds: yes, as soon as one is known to."""
    return does_not_hold(all_hold([does_not_hold(each) for each in checks]))


class Search:
    """A search that ends after ``most`` states, those included of which not everything is chosen.

    ``tried``: the states so far; ``whole``: nothing was left out until now.
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
