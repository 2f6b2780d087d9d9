"""One patient as two sets of cards see it at once, each working out the facts with its own
limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ...facts.catalogue import CATALOGUE
from ...facts.domains import Class
from ...facts.fact import Fact
from ...facts.site import Site
from ...states.search import Impossible, Undecided
from ...states.sessions import Session
from ...states.values import NOW
from ...states.walk import Choices, NeedsDomain, StateFacts
from .tables import Table

EMPTY: Mapping[Any, Any] = {}


class _Known(NamedTuple):
    """What both sets know of a patient: the label of each input chosen so far, and ``rows``, the
    rows of the relation that are compatible with these."""

    labels: dict[str, str]
    rows: list[int]


class Pair:
    """One patient as the old set and the new one see it. ``assumed``: whether each card that is not
    decided holds."""

    def __init__(self, facts: tuple[SharedFacts, SharedFacts], assumed: Mapping[str, bool]):
        self.facts = facts
        self.assumed = assumed

    @classmethod
    def of(
        cls,
        sites: tuple[Site, Site],
        session: Session,
        classes: Table,
        chosen: Mapping[str, str] = EMPTY,
    ) -> Pair:
        """Return a patient of whom only the ``chosen`` inputs are known. If no limit changed, both
        sites are the same object."""
        known = _Known(dict(chosen), [classes.relation.everything if classes.relation else 0])
        old = SharedFacts(sites[0], session, classes, 0, known)
        return cls(
            (
                old,
                old if sites[0] is sites[1] else SharedFacts(sites[1], session, classes, 1, known),
            ),
            {},
        )

    @property
    def labels(self) -> dict[str, str]:
        """The class of each input that was needed; the old set's class if the two differ."""
        return {**self.facts[1].labels, **self.facts[0].labels}

    def with_choice(self, key: tuple[int, str], option: Class | bool) -> Pair:
        """Return the patient with one more input chosen, or with one more card assumed to hold or
        not. An input goes to one set alone if the other set's limits do not admit the shared
        value."""
        old, new = self.facts
        known = _Known(dict(old.known.labels), list(old.known.rows))
        first = old.with_known(known)
        pair = Pair((first, first if old is new else new.with_known(known)), self.assumed)
        if isinstance(option, bool):
            pair.assumed = {**self.assumed, key[1]: option}
        else:
            side, name = key
            (pair.facts[side].own if name in known.labels else known.labels)[name] = option.label
        return pair


class SharedFacts(StateFacts):
    """The facts of one of the two sets, with inputs chosen as they are needed. ``known``: the
    labels that both sets use if their limits admit them; ``own``: the labels that only this set
    uses."""

    def __init__(self, site: Site, session: Session, classes: Table, side: int, known: _Known):
        self.known = known
        super().__init__(
            site, session.orders, NOW, (classes.old, classes.new)[side], Choices(), classes.relation
        )
        self._fixed = known.labels
        self._side = side
        self._worked_out = classes.worked_out
        self.own: dict[str, str] = {}

    @property
    def mask(self) -> int:
        """The rows of the relation that remain, shared by both sets."""
        return self.known.rows[0]

    @mask.setter
    def mask(self, rows: int) -> None:
        """Restrict the relation to these rows, for both sets."""
        self.known.rows[0] = rows

    def with_known(self, known: _Known) -> SharedFacts:
        """Return a copy of these facts, with those computed so far, that adds to ``known``."""
        twin = SharedFacts.__new__(SharedFacts)
        vars(twin).update(vars(self))
        twin.so_far, twin._reads, twin.labels, twin.own = (
            self.so_far.copy(),
            self._reads.copy(),
            self.labels.copy(),
            self.own.copy(),
        )
        twin.known, twin._fixed = known, known.labels
        return twin

    def computed(self, name: str) -> Fact:
        """Return an input's class, the one that the other set uses if possible."""
        fact = self._from_inputs(name) if name in self._worked_out else None
        fact = super().computed(name) if fact is None else fact
        if name in self.labels:
            self.known.labels.setdefault(name, self.labels[name])
        return fact

    def choose(self, name: str, options: Sequence[Class]) -> Class:
        """Return the chosen class. Raises :class:`Undecided` if there are several and none was
        chosen."""
        own = [option for option in options if option.label == self.own.get(name)]
        if len(own or options) > 1:
            raise Undecided((self._side, name), options)
        if name in self.own and not own:
            raise Impossible(name)
        return (own or options)[0]

    def worked_out(self) -> set[str]:
        """Return the facts that were asked for and are not inputs."""
        return self.so_far.keys() - self.labels.keys()

    def _from_inputs(self, name: str) -> Fact | None:
        """The fact by its definition, or ``None`` if the definition reads the record."""
        reader = self.being_read
        try:
            return CATALOGUE[name].compute(self)
        except NeedsDomain:
            self.being_read = reader
            return None
