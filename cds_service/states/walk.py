"""Walks every distinguishable state, and no state twice.

A run of the real code asks for one fact after another. A fact with a domain is an input: the walk
chooses one of its classes, remembers the choice, and comes back for the others. A fact that a run
never asks for cannot influence it, so each run represents all values of that fact: this makes the
enumeration exact and finite.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from ..facts.catalogue import Facts
from ..facts.domains import Class, Domain
from ..facts.fact import Fact
from ..facts.record import PatientRecord
from ..facts.session import OrderingSession
from ..facts.site import Site
from .search import Impossible

T = TypeVar("T")


class NeedsDomain(Exception):
    """A fact reads the patient's record but has no domain. ``name``: the fact,
    once it is known."""

    name = ""

    def __str__(self) -> str:
        return f"the fact {self.name!r} reads the patient's record and has no domain"


class Choices:
    """The choices of one walk, and which come next."""

    def __init__(self) -> None:
        self._path: list[int] = []
        self._counts: list[int] = []
        self._position = 0

    def choose(self, options: int) -> int:
        """The index of the one of ``options`` possibilities that this run must try."""
        if options == 1:
            return 0
        if self._position == len(self._path):
            self._path.append(0)
            self._counts.append(options)
        chosen = self._path[self._position]
        self._position += 1
        return chosen

    @property
    def made(self) -> tuple[int, ...]:
        """The choices of this run so far."""
        return tuple(self._path[: self._position])

    def next_run(self) -> bool:
        """Move on to the next combination; false when all have been tried."""
        while self._path and self._path[-1] + 1 == self._counts[-1]:
            self._path.pop()
            self._counts.pop()
        if not self._path:
            return False
        self._path[-1] += 1
        self._position = 0
        return True

    @property
    def position(self) -> int:
        """How many choices were made in this run."""
        return self._position

    def resume(self, before: Sequence[_Before]) -> _Before:
        """Begin the next run just before its first choice that differs from the run before.
        ``before``: the state of that run before each of its choices."""
        found = before[len(self._path) - 1]
        self._position = found.position
        return found


class StateFacts(Facts):
    """Facts whose inputs are chosen, not read. ``fixed``: the labels to choose for some of them, if
    possible.

    ``labels``: the class of each input that was asked for; ``free``: the inputs that had more than
    one class to choose from; ``chosen``: choices other than facts, by key. ``asked`` collects the
    names of all facts that were asked for.
    """

    as_defined = False

    def __init__(
        self,
        site: Site,
        session: OrderingSession,
        now: datetime,
        domains: Mapping[str, Domain],
        choices: Choices,
        relation: Relation | None = None,
        fixed: Mapping[str, str] | None = None,
        asked: set[str] | None = None,
    ):
        super().__init__(site, session, now, _no_record)
        self._domains = domains
        self._choices = choices
        self._relation = relation
        self._fixed = fixed or {}
        self.labels: dict[str, str] = {}
        self.free: set[str] = set()
        self.chosen: dict[Hashable, Any] = {}
        self.mask = relation.everything if relation else 0
        self._asked = set() if asked is None else asked
        self._before: list[_Before] | None = None
        self._settled: _Before | None = None

    def computed(self, name: str) -> Fact:
        """Choose the class of an input; compute any other fact by its definition."""
        self._asked.add(name)
        domain = self._domains.get(name)
        if domain is None:
            try:
                return super().computed(name)
            except NeedsDomain as error:
                error.name = error.name or name
                raise
        options = domain.classes(self)
        relation = self._relation if self._relation is not None and name in self._relation else None
        if relation is not None:
            options = [
                option
                for option in options
                if relation.narrowed(self.mask, name, option.like or option.label)
            ]
        if name in self._fixed:
            options = [option for option in options if option.label == self._fixed[name]] or options
        if not options:
            raise Impossible(name)
        if len(options) > 1:
            self._remember()
            self.free.add(name)
        chosen = self.choose(name, options)
        self.labels[name] = chosen.label
        if relation is not None:
            self.mask = relation.narrowed(self.mask, name, chosen.like or chosen.label)
        return chosen.fact

    def either(self, key: Hashable, options: Sequence[T]) -> T:
        """The one of ``options`` that this run tries for something that is not a fact: each in
        turn, and the same one whenever ``key`` is asked for."""
        if key not in self.chosen:
            if len(options) > 1:
                self._remember()
            self.chosen[key] = options[self._choices.choose(len(options))]
        found: T = self.chosen[key]
        return found

    @property
    def choices(self) -> tuple[int, ...]:
        """The choices of this run so far."""
        return self._choices.made

    def settle(self) -> None:
        """Mark a point where later runs resume, rather than at their first different choice after
        it: what follows, such as the words of a card, may depend on which facts were asked for
        before."""
        if self._before is not None:
            self._settled = self._as_it_stands()

    def _remember(self) -> None:
        """Keep the state before a choice, for the runs that choose otherwise."""
        if self._before is not None:
            self._before[self._choices.position :] = [self._settled or self._as_it_stands()]

    def _as_it_stands(self) -> _Before:
        return _Before(
            self._choices.position,
            dict(self.so_far),
            dict(self._reads),
            dict(self.labels),
            set(self.free),
            dict(self.chosen),
            self.mask,
        )

    def resumed(self) -> StateFacts:
        """The facts of the next run, including those of this run that were worked out before its
        first different choice."""
        made = StateFacts(
            self.site,
            self.session,
            self.now,
            self._domains,
            self._choices,
            self._relation,
            self._fixed,
            self._asked,
        )
        assert self._before is not None
        made._before = self._before
        before = self._choices.resume(self._before)
        made.so_far, made._reads = dict(before.facts), dict(before.reads)
        made.labels, made.free = dict(before.labels), set(before.free)
        made.chosen, made.mask = dict(before.chosen), before.mask
        return made

    def choose(self, name: str, options: Sequence[Class]) -> Class:
        """The one of ``options`` that this run tries for the input ``name``."""
        return options[self._choices.choose(len(options))]

    def computed_so_far(self) -> dict[str, Fact]:
        """The facts that were asked for until now."""
        return dict(self.so_far)

    def noted(self) -> list[str]:
        """A list that from now on collects the names of the facts that are asked for directly."""
        self.being_read = []
        return self.being_read


class _Before(NamedTuple):
    """The state before a choice, or where facts were last settled. ``position``: the number of
    choices before it."""

    position: int
    facts: dict[str, Fact]
    reads: dict[str, list[str]]
    labels: dict[str, str]
    free: set[str]
    chosen: dict[Hashable, Any]
    mask: int


def _no_record() -> PatientRecord:
    raise NeedsDomain


class Relation:
    """Which values of a fact occur with which values of the facts that it rests on.

    ``rows``: for each way of computing the fact, the labels of the inputs that it read, and its
    own. A fact that a row does not name is free in it.
    """

    def __init__(self, rows: Iterable[Mapping[str, str]]):
        distinct = sorted({tuple(sorted(row.items())) for row in rows})
        self._rows = [dict(row) for row in distinct]
        self.everything = (1 << len(distinct)) - 1
        named: dict[str, int] = {}
        self._having: dict[tuple[str, str], int] = {}
        for position, row in enumerate(self._rows):
            bit = 1 << position
            for name, label in row.items():
                named[name] = named.get(name, 0) | bit
                self._having[name, label] = self._having.get((name, label), 0) | bit
        self._free = {name: self.everything & ~rows_of_it for name, rows_of_it in named.items()}

    def __contains__(self, name: str) -> bool:
        """Whether any row names the fact ``name``."""
        return name in self._free

    def narrowed(self, mask: int, name: str, label: str) -> int:
        """The rows of ``mask`` in which ``name``, a fact of the relation, may have
        the class ``label``."""
        return mask & (self._free[name] | self._having.get((name, label), 0))

    def projected(self, mask: int, names: Collection[str]) -> frozenset[frozenset[tuple[str, str]]]:
        """What the rows of ``mask`` say of the facts ``names`` alone."""
        rows = (row for position, row in enumerate(self._rows) if mask >> position & 1)
        return frozenset(
            frozenset(item for item in row.items() if item[0] in names) for row in rows
        )


def walk(
    start: Callable[[Choices], StateFacts],
    ask: Callable[[StateFacts], T],
    *,
    resuming: bool = True,
) -> Iterator[tuple[StateFacts, T]]:
    """The facts of each distinguishable state, as ``start`` makes them, with what ``ask`` returns
    for them. ``resuming``: what states have in common is worked out once."""
    choices = Choices()
    facts = start(choices)
    if resuming:
        facts._before = []
    while True:
        with contextlib.suppress(Impossible):
            yield facts, ask(facts)
        if not choices.next_run():
            return
        facts = facts.resumed() if resuming else start(choices)
