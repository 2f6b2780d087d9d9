"""The domain of every fact that is chosen in a state instead of being worked out.

Chosen are the facts that read the record, those that state a domain, and :data:`COLLAPSED`. A
domain that a fact does not state follows from its kind: from its values, from the cut-offs of its
analyte, or from the parameters of the facts that read it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache, lru_cache, partial
from itertools import pairwise

from ..facts.analytes import ANALYTES
from ..facts.catalogue import CATALOGUE, Definition
from ..facts.domains import (
    ABSENT,
    FALSE,
    TRUE,
    UNKNOWN,
    YES_NO,
    Class,
    Domain,
    one_of,
    result_of,
    values,
)
from ..facts.fact import known
from ..facts.kinds import CATEGORY, DATE, NUMBER, ORDERS, REFERENCE, RESULT
from ..facts.kinds import YES_NO as YES_NO_KIND
from ..facts.requested_tests import TESTS
from ..facts.site import Site
from .values import around
from .values import values as values_around

# Facts with several inputs, chosen themselves instead of their inputs. If an input is read
# elsewhere too, some impossible states are tried, but no possible one is left out.
COLLAPSED = (
    "patient.paediatric", "anaemia", "cause.gastric_or_hereditary", "cause.lifelong",
    "folate.status", "b12.needs_maintenance", "b12.risk_factor", "b12.doubted_by_intake_only",
    "b12.sample_carried", "b12.test_indicated", "folate.pregnancy_possible",
)  # fmt: skip

# How many units of an input make one unit of a fact that is worked out from it, by both units.
_IN_UNIT = {("a", "mo"): 12}

# Facts that order tests only ask whether results exist, and whether methylmalonic acid is high.
# With every class of a result, the tests after nitrous oxide would have 195,000 states in each
# session.
RESULTS_FOR_ORDERS: dict[str, Domain] = {
    "b12.total": one_of(ABSENT, result_of("b12.total", "250", "indeterminate", 5)),
    "b12.active": one_of(ABSENT, result_of("b12.active", "50", "indeterminate", 3)),
    "homocysteine": one_of(ABSENT, result_of("homocysteine", "10", "normal", label="10")),
    "mma": one_of(ABSENT, result_of("mma", "200", "normal"), result_of("mma", "900", "high")),
}
READ_FOR_ORDERS: dict[str, Domain] = {
    **{f"test.pending.{test}": one_of(TRUE, FALSE) for test in TESTS},
    **RESULTS_FOR_ORDERS,
}


@cache
def domains() -> Mapping[str, Domain]:
    """The domain of each fact that is chosen, by its name."""
    found = {
        name: domain_of(definition)
        for name, definition in CATALOGUE.items()
        if _is_chosen(definition)
    }
    return {name: domain for name, domain in found.items() if domain is not None}


def _is_chosen(definition: Definition) -> bool:
    return bool(definition.domain is not None or definition.queries or definition.name in COLLAPSED)


@cache
def test_orders() -> frozenset[str]:
    """The facts that order tests. The orders in their domains represent any orders, so the orders
    that they really choose are checked separately."""
    return frozenset(
        name
        for name, definition in CATALOGUE.items()
        if definition.kind is ORDERS and definition.domain is not None and not definition.queries
    )


def domain_of(definition: Definition) -> Domain | None:
    """The possible values of a fact: as it states them, else by its kind; ``None`` if its kind does
    not determine them."""
    if definition.domain is not None:
        return definition.domain
    kind = definition.kind
    if kind is YES_NO_KIND:
        return one_of(*YES_NO)
    if kind is CATEGORY:
        return one_of(*values(*definition.values), ABSENT, UNKNOWN)
    if kind is REFERENCE:
        return one_of(ABSENT, UNKNOWN, Class("named", known("MedicationRequest/named")))
    if kind is RESULT and definition.name in ANALYTES:
        return one_of(ABSENT, UNKNOWN, _at_each_site(partial(_results, definition)))
    if kind in (NUMBER, DATE):
        return one_of(ABSENT, UNKNOWN, _at_each_site(partial(_numbers, definition)))
    return None


def _at_each_site(make: Callable[[Site, datetime], tuple[Class, ...]]) -> Domain:
    """A domain that depends only on the site and on the day."""
    made = lru_cache(maxsize=16)(make)
    return Domain(lambda facts: made(facts.site, facts.now))


def _results(definition: Definition, site: Site, now: datetime) -> tuple[Class, ...]:
    """A result in each class at the cut-offs of the site; for an analyte without classes, results
    on each side of the parameters of its readers."""
    analyte = ANALYTES[definition.name]
    family = analyte.families[0]
    cuts = [cut.value for cut in analyte.cuts_for(family, site)]
    if cuts:
        between = ((low + high) / 2 for low, high in pairwise(cuts))
        found = [cuts[0] * 4 / 5, *between, cuts[-1] * 6 / 5]
    else:
        low, high = family.reject
        limits = [limit for limit in _limits_of_readers(definition, site) if low < limit <= high]
        found = around(limits, whole=False) if limits else [(low + high) / 2]
    levels = analyte.classes or ("",) * len(found)
    return tuple(
        each
        for value, level in zip(found, levels, strict=True)
        for each in result_of(analyte.name, f"{value.normalize():f}", level).at(now)
    )


def _numbers(definition: Definition, site: Site, now: datetime) -> tuple[Class, ...]:
    limits = _limits_of_readers(definition, site)
    return tuple(
        Class(str(value.text), value.fact)
        for value in values_around(definition, limits, now.date())
    )


def _limits_of_readers(definition: Definition, site: Site) -> set[Decimal]:
    """The numbers with which facts may compare a fact: all parameters of its readers, whatever they
    are for, and the limits of numbers that are worked out from it."""
    limits = set()
    for reader in (each for each in CATALOGUE.values() if definition.name in each.uses):
        for name in reader.needs.parameters:
            value = site.parameters[name]
            if isinstance(value, Decimal) or (
                isinstance(value, Mapping) and definition.unit in value
            ):
                limits.add(site.number(name, definition.unit))
        if reader.kind.is_ordered and not _is_chosen(reader):
            limits |= {
                in_unit_of(definition.name, limit, reader.name)
                for limit in _limits_of_readers(reader, site)
            }
    return limits


def in_unit_of(name: str, number: Decimal, fact: str) -> Decimal:
    """``number``, with which ``fact`` is compared, in the unit of its input ``name``: an age is
    counted in months."""
    return number * _IN_UNIT.get((CATALOGUE[fact].unit, CATALOGUE[name].unit), 1)
