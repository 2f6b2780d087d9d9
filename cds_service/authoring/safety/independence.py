"""Which renderings would repeat an earlier one, because their decisions differ in nothing that a
rendering reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from ...facts.fact import Fact
from ...states.walk import StateFacts
from .job import status_relation


class _Decided(NamedTuple):
    """A decision: the choices that led to it, and everything that a rendering can read of them."""

    choices: tuple[int, ...]
    facts: Mapping[str, Fact]
    mask: int
    assumed: tuple[tuple[str, bool], ...]


class Renderings:
    """The renderings of one card in one job. Skipping a repeated one saves a run for each
    combination of its choices. ``looked_for``: whether to look for repetitions at all."""

    def __init__(self, *, looked_for: bool = True) -> None:
        self._looked_for = looked_for
        self._read: set[str] = set()
        self._made: list[_Decided] = []
        self._keys: set[Any] = set()
        self._open: _Decided | None = None
        self._admitted: dict[int, Any] = {}

    def repeats(self, facts: StateFacts, assumed: Mapping[str, bool]) -> bool:
        """Whether the rendering after the decision just made would only repeat an earlier one."""
        if not self._looked_for:
            return False
        if self._open is not None:
            if self._open.choices == facts.choices:
                return False
            self._made.append(self._open)
            self._keys.add(self._key(self._open))
        decided = _Decided(
            facts.choices, facts.computed_so_far(), facts.mask, tuple(sorted(assumed.items()))
        )
        repeated = self._key(decided) in self._keys
        self._open = None if repeated else decided
        return repeated

    @contextmanager
    def noting(self, facts: StateFacts) -> Iterator[None]:
        """Note the facts that a rendering reads, even if it ends early."""
        asked = facts.noted()
        try:
            yield
        finally:
            self._note(asked, facts)

    def _note(self, asked: Iterable[str], facts: StateFacts) -> None:
        # The facts asked for, and those read to compute any that the decision had not computed.
        read: set[str] = set()
        waiting = list(asked)
        while waiting:
            name = waiting.pop()
            if name not in read:
                read.add(name)
                waiting += (
                    facts.reads(name) if self._open is None or name not in self._open.facts else ()
                )
        if not self._read.issuperset(read):
            self._read |= read
            self._admitted.clear()
            self._keys = {self._key(made) for made in self._made}

    def _key(self, decided: _Decided) -> Any:
        if decided.mask not in self._admitted:
            self._admitted[decided.mask] = status_relation().projected(decided.mask, self._read)
        found = frozenset(
            (name, fact.state, fact.value)
            for name, fact in decided.facts.items()
            if name in self._read
        )
        return self._admitted[decided.mask], decided.assumed, found
