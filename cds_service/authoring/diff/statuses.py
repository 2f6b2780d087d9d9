"""The B12 status of one patient in two sets. The two values are tried as one pair, together with
only those inputs from which both sets derive that pair."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from ...facts.catalogue import Facts
from ...facts.domains import FALSE, Class, Domain, one_of
from ...facts.site import Site
from ...states.search import Search
from ...states.sessions import OPENING
from ...states.status import STATUS, STATUSES, status_label, status_row
from ...states.walk import Relation
from ..safety.job import status_relation
from .limits import Extras
from .shared_facts import Pair, SharedFacts
from .tables import Table, table

_PAIR = " > "


@lru_cache(maxsize=32)
def table_with_statuses(
    sites: tuple[Site, Site], extras: Extras, only: str, without: tuple[str, ...]
) -> Table:
    """Return the domains of both sets, see :func:`table`, with the pairs of statuses that go with
    them."""
    classes = _with_results(table(extras.inputs, only, without))
    if STATUS not in classes.worked_out:
        return classes._replace(relation=status_relation())
    every = Search().states(
        Pair.of(sites, OPENING, classes), [lambda pair: bool(_pair_of_statuses(*pair.facts))]
    )
    return _with_statuses(classes, [_pair_of_statuses(*pair.facts) for pair in every])


def _with_results(classes: Table) -> Table:
    """The classes with what a status from a result requires: the day of the result, and no
    indication to test again."""

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


def _with_status(domain: Domain, goes_with: Callable[[Class], bool]) -> Domain:
    """``domain``, restricted to the classes that ``goes_with`` admits if the status comes from a
    result, since there is then a result within its window."""

    def bounded(facts: Facts) -> Sequence[Class]:
        status, options = facts[STATUS], domain.classes(facts)
        if status.value in ("deficient", "unlikely", "indeterminate", "sufficient"):
            return [option for option in options if goes_with(option)]
        return options

    return Domain(bounded)


def _with_statuses(classes: Table, rows: Sequence[Mapping[str, str]]) -> Table:
    """The classes with the pairs of statuses in ``rows``, each pair being what the old and the new
    set make of the same inputs."""
    labels = sorted({row[STATUS] for row in rows})
    by_label = {option.label: option.fact for option in STATUSES}
    old, new = (
        one_of(*(Class(label, by_label[label.split(_PAIR)[side]]) for label in labels))
        for side in (0, 1)
    )
    return Table(
        {**classes.old, STATUS: old},
        {**classes.new, STATUS: new},
        classes.worked_out - {STATUS},
        Relation(rows),
        classes.only,
    )


def _pair_of_statuses(old: SharedFacts, new: SharedFacts) -> dict[str, str]:
    """The pair of B12 statuses in the two sets, with the inputs that it rests on."""
    return status_row(
        {**old.labels, **new.labels},
        _PAIR.join((status_label(old[STATUS]), status_label(new[STATUS]))),
    )
