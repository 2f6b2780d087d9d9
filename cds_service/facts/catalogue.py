"""The catalogue of facts, and :class:`Facts`, which computes them on demand for one call.

A fact is a function of :class:`Facts` registered under its name. It may read the patient's record, the ordering
session, other facts and the site; it never reads a clock and does no I/O. Facts are computed at most once a call and
only when a card asks, so that a call which no card cares about never touches the patient's data.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from ..fhir.once import once
from .fact import Fact, Source, newest_first, unknown
from .guard import UNREADABLE
from .kinds import KINDS, Kind

if TYPE_CHECKING:
    from .record import PatientRecord
    from .session import OrderingSession
    from .site import Site

Computation = Callable[["Facts"], Fact]


@dataclass(frozen=True, slots=True)
class Definition:
    """What the catalogue holds of a fact.

    ``kind``: see :mod:`.kinds`, where ``unit``, ``other_units`` and ``values`` are too. ``queries``: the prefetch keys that it
    reads itself.
    ``session``: it reads the orders of this session. ``uses``: the facts that it may read. ``position``: its place in the
    catalogue.
    """

    name: str
    title: str
    kind: Kind
    compute: Computation
    doc: str
    unit: str = ""
    other_units: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    queries: tuple[str, ...] = ()
    session: bool = False
    uses: tuple[str, ...] = ()
    position: int = 0


CATALOGUE: dict[str, Definition] = {}


def fact(
    name: str,
    title: str,
    kind: str = "yes-no",
    *,
    unit: str = "",
    other_units: tuple[str, ...] = (),
    values: tuple[str, ...] = (),
    queries: tuple[str, ...] = (),
    session: bool = False,
    uses: tuple[str, ...] = (),
) -> Callable[[Computation], Computation]:
    """Register a function as the fact ``name``; its docstring is the definition shown to authors. ``kind``: one of ``KINDS``."""

    def register(compute: Computation) -> Computation:
        if name in CATALOGUE:
            raise ValueError(f"fact {name} is defined twice")
        doc = " ".join((compute.__doc__ or "").split())
        CATALOGUE[name] = Definition(
            name, title, KINDS[kind], compute, doc, unit, other_units, values, queries, session, uses, len(CATALOGUE)
        )
        return compute

    return register


def closure(names: Iterable[str]) -> list[str]:
    """``names`` and every fact that they may read, in catalogue order."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(CATALOGUE[name].uses)
    return [name for name in CATALOGUE if name in found]


class Facts(Mapping[str, Fact]):
    """The facts of one call, computed when asked for.

    ``record`` gives the patient's record when first needed; ``now`` is an aware datetime in the site's zone. ``given``
    facts are taken as they are and not computed (card tests and the safety enumeration state them). With ``tell``, which is told
    the name and what happened, a fact that cannot be worked out is unknown; without it, that is an error.
    """

    def __init__(
        self,
        site: Site,
        session: OrderingSession,
        now: datetime,
        record: Callable[[], PatientRecord],
        given: Mapping[str, Fact] | None = None,
        tell: Callable[[str, Exception], None] | None = None,
    ):
        self.site = site
        self.session = session
        self.now = now
        self.today: date = now.date()
        self._open_record = record
        self._tell = tell
        self._facts: dict[str, Fact] = dict(given or {})
        self._reads: dict[str, list[str]] = {}
        self._open: list[str] | None = None

    @once
    def record(self) -> PatientRecord:
        """The patient's record; opening it may raise what ``record`` raises (required data missing)."""
        return self._open_record()

    def __getitem__(self, name: str) -> Fact:
        if self._open is not None:
            self._open.append(name)
        found = self._facts.get(name)
        return self._work_out(name) if found is None else found

    def _work_out(self, name: str) -> Fact:
        """Compute a fact and note what it reads."""
        reader = self._open
        self._open = self._reads[name] = []
        try:
            found = self.computed(name)
        except UNREADABLE as error:
            if self._tell is None:
                raise
            self._tell(name, error)
            found = unknown("it could not be worked out")
        self._facts[name] = found
        self._open = reader
        return found

    def computed(self, name: str) -> Fact:
        """The fact worked out anew; what enumerates states chooses one here instead."""
        return CATALOGUE[name].compute(self)

    def __iter__(self) -> Any:
        return iter(CATALOGUE)

    def __len__(self) -> int:
        return len(CATALOGUE)

    def supposing(self, given: Mapping[str, Fact]) -> Facts:
        """The facts of the same call, record and session, where those ``given`` are taken as they are."""
        return Facts(self.site, self.session, self.now, lambda: self.record, given, self._tell)

    def known_so_far(self, name: str) -> Fact | None:
        """The fact ``name`` where it was given or computed already; nothing is computed for it."""
        return self._facts.get(name)

    def apart_from(self, name: str) -> dict[str, Fact]:
        """The facts so far that do not rest on ``name``: they stay as they are when it is otherwise."""
        return {other: fact for other, fact in self._facts.items() if name not in self.met((other,))}

    def reads(self, name: str) -> list[str]:
        """The facts that computing ``name`` read; empty where it was given or not computed."""
        return self._reads.get(name, [])

    def sources_behind(self, names: Iterable[str]) -> Iterator[Source]:
        """The resources that facts rest on which were computed and hold: a fact's own, else those of the facts that it read.

        Of each fact the newest first, whatever their order in the record. Nothing is computed for it.
        """
        waiting, seen = list(names), set[str]()
        for name in waiting:  # which grows
            if name in seen:
                continue
            seen.add(name)
            found = self._facts.get(name)
            if found is None or not found.holds:
                continue
            yield from newest_first(found.sources) if len(found.sources) > 1 else found.sources
            if not found.sources:
                waiting += self._reads.get(name, ())

    def unknown_at_root(self, names: Iterable[str]) -> list[str]:
        """The unknown facts behind ``names`` that do not rest on other unknown facts alone, in catalogue order.

        A fact that is unknown only because another one is (a level without its result) is told by that other one.
        """
        found = [name for name in self.met(names) if self[name].is_unknown and not self._only_by_others(name)]
        return sorted(found, key=lambda name: CATALOGUE[name].position)

    def _only_by_others(self, name: str) -> bool:
        return not CATALOGUE[name].queries and any(self[read].is_unknown for read in self.reads(name))

    def met(self, names: Iterable[str]) -> set[str]:
        """``names`` and every fact that was read to compute them."""
        found = set(names)
        waiting = [self._reads[name] for name in found if name in self._reads]
        for reads in waiting:  # which grows
            for name in reads:
                if name not in found:
                    found.add(name)
                    if inner := self._reads.get(name):
                        waiting.append(inner)
        return found

    def rest_on(self, names: Collection[str], name: str) -> bool:
        """Whether ``name`` is one of ``names`` or was read to compute them."""
        return name in names or (name in self._facts and name in self.met(names))
