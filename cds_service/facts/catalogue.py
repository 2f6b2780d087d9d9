"""The catalogue of facts, and :class:`Facts`, which computes them on demand for one call.

A fact is a :class:`~cds_service.facts.reads.Computation` registered under its name. Its attributes
say what it reads: the patient's record, the ordering session, other facts, the site. It never reads
a clock and does no I/O. Facts are computed at most once a call and only when a card asks, so that a
call which concerns no card never touches the patient's data.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from ..fhir.once import once
from .fact import Fact, Source, newest_first, unknown
from .guard import UNREADABLE
from .kinds import KINDS, Kind
from .reads import Computation, Needs, Read, computed

if TYPE_CHECKING:
    from .domains import Domain
    from .record import PatientRecord
    from .session import OrderingSession
    from .site import Site

_Computation = TypeVar("_Computation", bound=Computation)


@dataclass(frozen=True, slots=True)
class Definition:
    """The catalogue's entry for a fact.

    ``kind``: see :mod:`.kinds`, also for ``unit``, ``other_units`` and ``values``. ``needs``: what
    the fact itself reads. ``place``: the file and line of its definition. ``position``: its place
    in the catalogue. ``domain``: its possible values, see :mod:`.domains`; ``None`` if they follow
    from its kind, or from the facts that it is worked out from.
    """

    name: str
    title: str
    kind: Kind
    compute: Callable[[Facts], Fact]
    doc: str
    needs: Needs
    unit: str = ""
    other_units: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    place: tuple[str, int] = ("", 1)
    position: int = 0
    domain: Domain | None = None

    @property
    def queries(self) -> tuple[str, ...]:
        """The queries that the fact itself reads."""
        return self.needs.queries

    @property
    def uses(self) -> tuple[str, ...]:
        """The facts that it may read."""
        return self.needs.facts

    @property
    def session(self) -> bool:
        """Whether it reads the orders of this session."""
        return self.needs.session


CATALOGUE: dict[str, Definition] = {}


def define(
    name: str,
    title: str,
    read: Read[Fact],
    doc: str,
    *,
    kind: str = "yes-no",
    unit: str = "",
    other_units: tuple[str, ...] = (),
    values: tuple[str, ...] = (),
    domain: Domain | None = None,
) -> None:
    """Register a single ``read`` as the fact ``name``.

    ``kind``: one of ``KINDS``; ``doc``: the definition shown to authors; ``domain``: the possible
    values, if they do not follow from the kind. Raises ``ValueError`` for a name that is taken.
    """
    if name in CATALOGUE:
        raise ValueError(f"fact {name} is defined twice")
    shown, place = " ".join(doc.split()), _defining_line()
    CATALOGUE[name] = Definition(
        name,
        title,
        KINDS[kind],
        read.evaluate,
        shown,
        read.needs,
        unit,
        other_units,
        values,
        place,
        len(CATALOGUE),
        domain,
    )


def fact(
    name: str,
    title: str,
    kind: str = "yes-no",
    *,
    unit: str = "",
    other_units: tuple[str, ...] = (),
    values: tuple[str, ...] = (),
) -> Callable[[type[_Computation]], type[_Computation]]:
    """Register a computation as the fact ``name``; its docstring is the definition
    shown to authors."""

    def register(computation: type[_Computation]) -> type[_Computation]:
        doc = computation.__doc__ or ""
        define(
            name,
            title,
            computed(computation),
            doc,
            kind=kind,
            unit=unit,
            other_units=other_units,
            values=values,
            domain=computation.domain,
        )
        return computation

    return register


def _defining_line() -> tuple[str, int]:
    """The file and line at which the module that is being imported defines a fact."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_name != "<module>":
        frame = frame.f_back
    return (frame.f_code.co_filename, frame.f_lineno) if frame is not None else ("", 1)


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


def readers(parameter: str) -> set[str]:
    """The facts that read ``parameter`` themselves, not through another fact."""
    return {
        name for name, definition in CATALOGUE.items() if parameter in definition.needs.parameters
    }


class Facts(Mapping[str, Fact]):
    """The facts of one call, computed on demand.

    ``record`` returns the patient's record when it is first needed; ``now`` is an aware datetime in
    the site's zone. ``given`` facts are used as they are and not computed (card tests and the
    safety enumeration state them). ``so_far``: the facts that are known; ``being_read``: a list
    that collects the names of the facts which the one being worked out reads. If a fact cannot be
    worked out, ``tell`` is called with the fact's name and the exception, and the fact is unknown;
    without ``tell``, the exception is raised.
    """

    # True for every hook call: skipping the method call saves time on each fact.
    as_defined: ClassVar[bool] = True

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
        self.so_far: dict[str, Fact] = dict(given or {})
        self._reads: dict[str, list[str]] = {}
        self.being_read: list[str] | None = None

    @once
    def record(self) -> PatientRecord:
        """The patient's record. Raises what ``record`` raises if required data is missing."""
        return self._open_record()

    def __getitem__(self, name: str) -> Fact:
        if self.being_read is not None:
            self.being_read.append(name)
        found = self.so_far.get(name)
        return self.work_out(name) if found is None else found

    def work_out(self, name: str) -> Fact:
        """Compute a fact and note what it reads."""
        reader = self.being_read
        self.being_read = self._reads[name] = []
        try:
            found = CATALOGUE[name].compute(self) if self.as_defined else self.computed(name)
        except UNREADABLE as error:
            if self._tell is None:
                raise
            self._tell(name, error)
            found = unknown("it could not be worked out")
        self.so_far[name] = found
        self.being_read = reader
        return found

    def computed(self, name: str) -> Fact:
        """Compute the fact, if facts are not :attr:`as_defined`. Enumerations of states override
        this method to choose facts."""
        return CATALOGUE[name].compute(self)

    def __iter__(self) -> Any:
        return iter(CATALOGUE)

    def __len__(self) -> int:
        return len(CATALOGUE)

    def supposing(self, given: Mapping[str, Fact]) -> Facts:
        """The facts of the same call, record and session, with the ``given`` ones used as they
        are."""
        return Facts(self.site, self.session, self.now, lambda: self.record, given, self._tell)

    def known_so_far(self, name: str) -> Fact | None:
        """The fact ``name`` if it was given or already computed; computes nothing."""
        return self.so_far.get(name)

    def apart_from(self, name: str) -> dict[str, Fact]:
        """The facts so far that do not rest on ``name``, and so stay the same if it changes."""
        return {
            other: fact for other, fact in self.so_far.items() if name not in self.met((other,))
        }

    def reads(self, name: str) -> list[str]:
        """The facts that computing ``name`` read; empty if it was given or not computed."""
        return self._reads.get(name, [])

    def sources_behind(self, names: Iterable[str]) -> Iterator[Source]:
        """The resources behind those of ``names`` that were computed and hold: a fact's own
        sources, or those of the facts that it read.

        The sources of one fact come newest first, whatever their order in the record. Computes
        nothing.
        """
        waiting, seen = list(names), set[str]()
        for name in waiting:  # the loop appends to it
            if name in seen:
                continue
            seen.add(name)
            found = self.so_far.get(name)
            if found is None or not found.holds:
                continue
            yield from newest_first(found.sources) if len(found.sources) > 1 else found.sources
            if not found.sources:
                waiting += self._reads.get(name, ())

    def unknown_at_root(self, names: Iterable[str]) -> list[str]:
        """The unknown facts behind ``names`` that are not unknown only because other facts are, in
        catalogue order.

        If a fact is unknown only because another one is (a level without its result), that other
        one is named in its place.
        """
        found = [
            name
            for name in self.met(names)
            if self[name].is_unknown and not self._only_by_others(name)
        ]
        return sorted(found, key=lambda name: CATALOGUE[name].position)

    def _only_by_others(self, name: str) -> bool:
        return not CATALOGUE[name].queries and any(
            self[read].is_unknown for read in self.reads(name)
        )

    def met(self, names: Iterable[str]) -> set[str]:
        """``names`` and every fact that was read to compute them."""
        found = set(names)
        waiting = [self._reads[name] for name in found if name in self._reads]
        for reads in waiting:  # the loop appends to it
            for name in reads:
                if name not in found:
                    found.add(name)
                    if inner := self._reads.get(name):
                        waiting.append(inner)
        return found

    def rest_on(self, names: Collection[str], name: str) -> bool:
        """Whether ``name`` is one of ``names`` or was read to compute them."""
        return name in names or (name in self.so_far and name in self.met(names))
