"""One state seen by two sets of cards at once: the same patient, whose facts either set works out
with its own limits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from ...facts.blood_count import ANY_HAEMOGLOBIN
from ...facts.catalogue import CATALOGUE, Facts, closure
from ...facts.domains import (
    ABSENT,
    FALSE,
    TRUE,
    UNKNOWN,
    YES_NO,
    Class,
    Domain,
    given,
    one_of,
    where,
)
from ...facts.fact import Fact
from ...facts.renal import ANY_RATE
from ...facts.results import level_of
from ...facts.site import Site
from ...states.domains import COLLAPSED, domains
from ...states.search import Impossible, Undecided
from ...states.sessions import Session
from ...states.status import ANY_STATUS, ANY_SUSPICION, STATUS, STATUSES, status_row
from ...states.values import NOW
from ...states.walk import Choices, NeedsDomain, Relation, StateFacts
from .limits import Extra

EMPTY: Mapping[Any, Any] = {}
_PAIR = " > "
# Facts that the proof tries instead of their inputs, and that can be worked out from these where a
# limit among them moves.
_WORKED_OUT = frozenset(
    {*COLLAPSED, STATUS, "b12.low_on_therapy", "b12.result_day", "anaemia.severe"}
)
# Renal dysfunction where its rate is tried before it.
_BY_RATE = given(
    "egfr",
    yes=where(level_of("egfr").is_one_of("reduced"), TRUE, otherwise=(TRUE, FALSE)),
    no=YES_NO,
    unknown=YES_NO,
)


class Table(NamedTuple):
    """The classes of every input for each of the two sets, the facts that are worked out
    rather than tried, and which status goes with which inputs. ``only``: the input that stands
    between its limits."""

    old: Mapping[str, Domain]
    new: Mapping[str, Domain]
    worked_out: frozenset[str]
    relation: Relation | None = None
    only: str = ""


def table(
    extras: Mapping[str, Sequence[Extra]],
    only: str = "",
    without: Collection[str] = (),
    *,
    whole: bool = False,
) -> Table:
    """The classes of the proof, with ``extras`` beside them.

    ``only``: an input of which the extra classes alone are tried. ``without``: inputs of which
    none of the extra classes is. ``whole``: a fact that can be worked out from others is worked
    out, and not tried itself.
    """
    tried = {**domains(), STATUS: ANY_STATUS}
    worked_out = (
        _WORKED_OUT
        if whole
        else frozenset(name for name in _WORKED_OUT if set(extras) & set(closure([name])))
    )
    # The proof tries anaemia first and then a haemoglobin that agrees with it; here anaemia is
    # worked out from haemoglobin.
    if "anaemia" in worked_out:
        tried["hb"] = ANY_HAEMOGLOBIN
    if STATUS in worked_out and not whole:
        tried["b12.suspicion"] = ANY_SUSPICION
    if "b12.result_day" in worked_out:
        # where there is no result that it could be the day of
        tried["b12.result_day"] = one_of(ABSENT, UNKNOWN)
    if "egfr" in extras or whole:
        tried |= {"egfr": ANY_RATE, "renal.dysfunction": _BY_RATE}
    counted = {name: found for name, found in extras.items() if name not in without}
    sides = [_with_extras(tried, counted, only, side) for side in (0, 1)]
    if whole:
        sides = [
            {name: _plain_first(of_input, name) for name, of_input in classes.items()}
            for classes in sides
        ]
    return Table(sides[0], sides[1], worked_out, None, only)


def _with_extras(
    tried: Mapping[str, Domain], extras: Mapping[str, Sequence[Extra]], only: str, side: int
) -> dict[str, Domain]:
    """The classes that are ``tried`` for one ``side`` (0 the old set, 1 the new one)."""
    classes = dict(tried)
    for name, of_input in extras.items():
        if name in classes:
            added = [Class(extra.label, (extra.old, extra.new)[side]) for extra in of_input]
            with_added = _restricted if name == only else _extended
            classes[name] = with_added(classes[name], added)
    return classes


def pair_of(label: str) -> tuple[str, str]:
    """What the two sets make of a fact that is tried in both ways at once."""
    old, _, new = label.partition(_PAIR)
    return old, new or old


def with_statuses(classes: Table, rows: Sequence[Mapping[str, str]]) -> Table:
    """The classes with the statuses of ``rows``, what the old and the new set make of the same
    inputs, tried as one."""
    labels = sorted({row[STATUS] for row in rows})
    by_label = {option.label: option.fact for option in STATUSES}
    old, new = (
        tuple(Class(label, by_label[pair_of(label)[side]]) for label in labels) for side in (0, 1)
    )
    return Table(
        {**classes.old, STATUS: lambda facts: old},
        {**classes.new, STATUS: lambda facts: new},
        classes.worked_out - {STATUS},
        Relation(rows),
        classes.only,
    )


def with_results(classes: Table) -> Table:
    """The classes with what a status by a result needs: the day of it, and no
    reason to test anew."""

    def bounded(side: Mapping[str, Domain]) -> Mapping[str, Domain]:
        changed = dict(side)
        if "b12.result_day" not in classes.worked_out:
            changed["b12.result_day"] = _with_status(
                side["b12.result_day"], lambda option: option.fact.value is not None
            )
        if "b12.test_indicated" not in classes.worked_out:
            changed["b12.test_indicated"] = _with_status(
                side["b12.test_indicated"], lambda option: option is FALSE
            )
        return changed

    return classes._replace(old=bounded(classes.old), new=bounded(classes.new))


def pair_of_statuses(old: SharedFacts, new: SharedFacts) -> dict[str, str]:
    """What the two sets make of the B12 status, with the inputs that it rests on in them."""
    return status_row(
        {**old.labels, **new.labels},
        _PAIR.join((label(old[STATUS]), label(new[STATUS]))),
    )


def _extended(classes: Domain, added: Sequence[Class]) -> Domain:
    def extended(facts: Facts) -> Sequence[Class]:
        options = classes(facts)
        labels = {option.label for option in options}
        return (
            [*options, *(each for each in added if each.label not in labels)]
            if _admits_values(options)
            else options
        )

    return extended


def _restricted(classes: Domain, added: Sequence[Class]) -> Domain:
    return lambda facts: added if _admits_values(classes(facts)) else ()


def _with_status(classes: Domain, goes_with: Callable[[Class], bool]) -> Domain:
    """``classes``, but with a status that comes of a result only those that ``goes_with`` admits:
    there is a result in its window then."""

    def bounded(facts: Facts) -> Sequence[Class]:
        status, options = facts[STATUS], classes(facts)
        if status.value in ("deficient", "unlikely", "indeterminate", "sufficient"):
            return [option for option in options if goes_with(option)]
        return options

    return bounded


def _plain_first(classes: Domain, name: str) -> Domain:
    """The same classes in an order in which the first example found is easy to read: known values
    before unknown ones, "no" before "yes". B12 is measured as total B12."""
    first = (
        ("deficient@5", "sufficient@5")
        if name == "b12.total"
        else ("false", "absent", "30 years", "female")
    )

    def rank(option: Class) -> tuple[bool, bool, bool]:
        return option.fact.is_unknown, option.label not in first, option.label == "true"

    return lambda facts: sorted(classes(facts), key=rank)


def _admits_values(options: Sequence[Class]) -> bool:
    """Whether a value of its own is possible, and not only that of another fact."""
    return any(option.fact.value is not None and not option.copied for option in options)


class _Known(NamedTuple):
    """What both sets know of a patient: the label of each input so far, and ``rows``: those of the
    relation that these leave."""

    labels: dict[str, str]
    rows: list[int]


class Pair:
    """One patient as the old set and the new one see them. ``assumed``: of cards that are not
    decided, whether they hold."""

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
        """The patient of whom nothing is known yet but what is ``chosen``; one site is given twice
        where no limit moved."""
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
        """The class of each input that was needed, as the old set has it where the
        two do not agree."""
        return {**self.facts[1].labels, **self.facts[0].labels}

    def with_choice(self, key: tuple[int, str], option: Class | bool) -> Pair:
        """The patient of whom an input is known too, to one set where the other one's limits do not
        admit it; or whether a card holds."""
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
    """The facts of one of the two sets, of which inputs are chosen as they are needed.
    ``known``: what both sets take where their limits admit it; ``own``: the label of each input
    that this set alone takes."""

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
        """The rows of the relation that are left, to both sets."""
        return self.known.rows[0]

    @mask.setter
    def mask(self, rows: int) -> None:
        """Leave these rows, to both sets."""
        self.known.rows[0] = rows

    def with_known(self, known: _Known) -> SharedFacts:
        """The same facts, as far as they are worked out, where more can become ``known``."""
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
        """An input's class, that of the other set where there is one."""
        fact = self._from_inputs(name) if name in self._worked_out else None
        fact = super().computed(name) if fact is None else fact
        if name in self.labels:
            self.known.labels.setdefault(name, self.labels[name])
        return fact

    def choose(self, name: str, options: Sequence[Class]) -> Class:
        """The class that was chosen; raises :class:`Undecided` where there are
        several and none was."""
        own = [option for option in options if option.label == self.own.get(name)]
        if len(own or options) > 1:
            raise Undecided((self._side, name), options)
        if name in self.own and not own:
            raise Impossible(name)
        return (own or options)[0]

    def worked_out(self) -> set[str]:
        """The facts that were asked for and are no inputs."""
        return self.so_far.keys() - self.labels.keys()

    def _from_inputs(self, name: str) -> Fact | None:
        """The fact by its definition, or ``None`` where that reads the record."""
        reader = self.being_read
        try:
            return CATALOGUE[name].compute(self)
        except NeedsDomain:
            self.being_read = reader
            return None


def label(fact: Fact) -> str:
    """The label of the class that a fact without numbers is in."""
    if fact.is_unknown:
        return UNKNOWN.label
    if fact.value is None:
        return ABSENT.label
    return str(fact.value).lower() if isinstance(fact.value, bool) else str(fact.value)
