"""Facts about laboratory tests that are pending or drafted: ``test.pending.X`` and
``test.drafted.X``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

from ..fhir.dates import first_day, parse_day
from ..fhir.r4 import ServiceRequest
from .catalogue import Facts, define, fact
from .domains import orders_or_absent
from .fact import Fact, Source, absent, known, unknown
from .laboratory import FINAL, observation_moment
from .lists import received
from .medications import session
from .queries import QUERIES
from .reads import Computation, Needs, Read, computed, days, of

_AWAITED = frozenset({"registered", "preliminary"})


class TestOfLaboratory(NamedTuple):
    """A test as it is ordered. ``order``: the template for it. ``answering``: the tests that it may
    be, each as value sets of results and requests that answer one another; ``panels``: those that
    contain it. A total B12 does not answer a request for active B12, nor a serum folate one for
    red-cell folate."""

    title: str
    order: str
    answering: tuple[tuple[str, ...], ...]
    panels: tuple[str, ...] = ()

    @property
    def value_sets(self) -> tuple[str, ...]:
        """All value sets by which it is ordered."""
        return (
            *(value_set for value_sets in self.answering for value_set in value_sets),
            *self.panels,
        )

    @property
    def query(self) -> str:
        """The query of its results."""
        return next(
            name for name, query in QUERIES.items() if self.answering[0][0] in query.value_sets
        )


TESTS: dict[str, TestOfLaboratory] = {
    "b12": TestOfLaboratory("B12", "serum-b12", (("b12-total",), ("b12-active",))),
    "active_b12": TestOfLaboratory("active B12", "active-b12", (("b12-active",),)),
    "mma": TestOfLaboratory("methylmalonic acid", "mma", (("mma",),)),
    "homocysteine": TestOfLaboratory("homocysteine", "homocysteine", (("homocysteine",),)),
    "folate": TestOfLaboratory("folate", "serum-folate", (("folate-serum",), ("folate-red-cell",))),
    "blood_count": TestOfLaboratory(
        "blood count", "blood-count", (("hb",),), ("blood-count-panel",)
    ),
    "reticulocytes": TestOfLaboratory("reticulocytes", "reticulocytes", (("reticulocytes",),)),
    "creatinine": TestOfLaboratory(
        "creatinine", "creatinine", (("creatinine", "egfr"),), ("basic-metabolic-panel",)
    ),
}


class Request(NamedTuple):
    """A ServiceRequest in force: the day on which it was written, and the day on which it is due,
    if stated."""

    resource: ServiceRequest
    authored: date
    due: date | None
    reference: str


class Observed(NamedTuple):
    """The day and reference of each dated Observation of a test whose result is awaited, and the
    day of the last final one up to tomorrow."""

    awaited: list[tuple[date, str]]
    last_final: date


def requests(*value_sets: str) -> Read[Iterator[Request]]:
    """The dated requests in force for a test in one of ``value_sets``."""
    wanted = frozenset(value_sets)

    def evaluate(facts: Facts) -> Iterator[Request]:
        zone, terminology = facts.site.zone, facts.site.terminology
        for resource in facts.record.requests:
            if resource.status not in ("active", "draft") or resource.doNotPerform is True:
                continue
            authored = parse_day(resource.authoredOn, zone)
            if authored is None or not terminology.sets_of_concept(resource.code) & wanted:
                continue
            due = parse_day(resource.occurrenceDateTime, zone) or first_day(
                resource.occurrencePeriod, zone
            )
            yield Request(resource, authored, due, resource.relative)

    return Read(Needs(queries=("service-requests",), value_sets=value_sets), evaluate)


def observed(query: str, *value_sets: str) -> Read[Observed]:
    """The results of a test, whatever their status. ``query``: the query that asks for them."""

    def evaluate(facts: Facts) -> Observed:
        awaited, last_final = [], date.min
        zone, tomorrow = facts.site.zone, facts.today + timedelta(days=1)
        for resource in (found for name in value_sets for found in facts.record.observations(name)):
            status = resource.status.strip()
            if status not in FINAL and status not in _AWAITED:
                continue
            moment = observation_moment(resource, zone)
            if moment is None:
                continue
            if status in _AWAITED:
                awaited.append((moment.day, resource.relative))
            elif last_final < moment.day <= tomorrow:
                last_final = moment.day
        return Observed(awaited, last_final)

    return Read(Needs(queries=(query,), value_sets=value_sets), evaluate)


def _drafted(test: TestOfLaboratory) -> Read[Fact]:
    wanted = frozenset(test.value_sets)
    orders = session(*test.value_sets)
    return Read(orders.needs, lambda facts: known(bool(orders.evaluate(facts).tests & wanted)))


def _pending(test: TestOfLaboratory) -> Read[Fact]:
    """Whether a request or an awaited result is still open: no final result of the same test
    answers it, by calendar day."""
    kinds = [
        (requests(*names, *test.panels), observed(test.query, *names)) for names in test.answering
    ]

    class Pending(Computation):
        window = days("window.pending_test")
        requested = requests(*test.value_sets)
        complete = received("service-requests")
        results_complete = received(test.query)

        def compute(self) -> Fact:
            facts = self.facts
            oldest, tomorrow = facts.today - self.window, facts.today + timedelta(days=1)
            for requested, results in kinds:
                found = _unanswered(
                    requested.evaluate(facts), results.evaluate(facts), oldest, tomorrow
                )
                if found is not None:
                    return known(True, found)
            return (
                known(False)
                if self.complete() and self.results_complete()
                else unknown("requests not all received")
            )

    return computed(Pending)


def _unanswered(
    requested: Iterator[Request], results: Observed, oldest: date, tomorrow: date
) -> Source | None:
    """The first request or awaited result, from ``oldest`` to ``tomorrow``, that no final result
    answers."""
    for request in requested:
        due = request.due or request.authored
        if oldest <= request.authored <= tomorrow and results.last_final < due:
            return Source(request.reference, request.authored)
    for day, reference in results.awaited:
        if oldest <= day <= tomorrow and results.last_final < day:
            return Source(reference, day)
    return None


for _name, _test in TESTS.items():
    define(
        f"test.drafted.{_name}",
        f"{_test.title} test in this session",
        _drafted(_test),
        f"A test is ordered in this session: {_test.title}.",
    )
    define(
        f"test.pending.{_name}",
        f"{_test.title} test pending",
        _pending(_test),
        f"A test is requested or in the laboratory, without a final result since: {_test.title}.",
    )


class Asked(NamedTuple):
    """Whether a test is drafted, and whether it is pending."""

    drafted: Fact
    pending: Fact

    @property
    def either(self) -> Fact:
        """``drafted`` if that holds, else ``pending``."""
        return self.drafted if self.drafted.holds else self.pending


def _facts_of(tests: tuple[str, ...]) -> Needs:
    states = ("drafted", "pending")
    return Needs(facts=tuple(f"test.{state}.{test}" for test in tests for state in states))


def asked(*tests: str) -> Read[Callable[[str], Asked]]:
    """A function that returns whether one of ``tests`` is drafted and whether it is pending."""

    def evaluate(facts: Facts) -> Callable[[str], Asked]:
        return lambda test: Asked(facts[f"test.drafted.{test}"], facts[f"test.pending.{test}"])

    return Read(_facts_of(tests), evaluate)


def is_asked_for(*tests: str) -> Read[Callable[[str], bool]]:
    """A function that returns whether one of ``tests`` is known to be drafted or pending."""

    def evaluate(facts: Facts) -> Callable[[str], bool]:
        return lambda test: bool(
            facts[f"test.drafted.{test}"].holds or facts[f"test.pending.{test}"].holds
        )

    return Read(_facts_of(tests), evaluate)


@fact("b12.test_awaited", "test that would settle the B12 status, pending or drafted")
class AwaitedTest(Computation):
    """A B12 test is pending or drafted; with an indeterminate status, a methylmalonic acid test."""

    status = of("b12.status_beside_folate")
    asked = asked("b12", "mma")

    def compute(self) -> Fact:
        return self.asked("mma" if self.status.value == "indeterminate" else "b12").either


@fact("b12.next_test", "test that would settle the B12 status, not yet requested", "orders")
class NextTest(Computation):
    """With an unknown status, serum B12 (in pregnancy active B12). With an indeterminate status,
    methylmalonic acid (in pregnancy active B12 until it has resulted), unless it has resulted.
    Absent if the test is pending or drafted."""

    status = of("b12.status_beside_folate")
    pregnant = of("patient.pregnant")
    active_b12 = of("b12.active")
    mma = of("mma")
    is_asked_for = is_asked_for("b12", "active_b12", "mma")
    domain = orders_or_absent("mma")

    def compute(self) -> Fact:
        status, pregnant = self.status, self.pregnant.holds
        if status.is_unknown:
            test = "active_b12" if pregnant else "b12"
        elif status.value == "indeterminate" and pregnant and self.active_b12.value is None:
            test = "active_b12"
        elif status.value == "indeterminate" and self.mma.value is None:
            test = "mma"
        else:
            return absent()
        return (
            absent("requested already") if self.is_asked_for(test) else known((TESTS[test].order,))
        )
