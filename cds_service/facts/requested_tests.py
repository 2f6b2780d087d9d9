"""Facts about laboratory tests that are pending or drafted: ``test.pending.X`` and ``test.drafted.X``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from ..fhir.dates import first_day, parse_day
from ..fhir.r4 import ServiceRequest
from .catalogue import Facts, fact
from .fact import Fact, Source, absent, known, unknown
from .laboratory import FINAL, observation_moment

# test -> (its title, the tests that it may be: value sets of results and requests that answer one another; panels that
# contain it; the query of its results). A total B12 does not answer an active B12, nor a serum folate a red-cell folate.
TESTS: dict[str, tuple[str, tuple[tuple[str, ...], ...], tuple[str, ...], str]] = {
    "b12": ("B12", (("b12-total",), ("b12-active",)), (), "b12-results"),
    "active_b12": ("active B12", (("b12-active",),), (), "b12-results"),
    "mma": ("methylmalonic acid", (("mma",),), (), "b12-results"),
    "homocysteine": ("homocysteine", (("homocysteine",),), (), "b12-results"),
    "folate": ("folate", (("folate-serum",), ("folate-red-cell",)), (), "b12-results"),
    "blood_count": ("blood count", (("hb",),), ("blood-count-panel",), "blood-count"),
    "reticulocytes": ("reticulocytes", (("reticulocytes",),), (), "blood-count"),
    "creatinine": ("creatinine", (("creatinine", "egfr"),), ("basic-metabolic-panel",), "renal-and-potassium"),
}  # fmt: skip


def _register(test: str) -> None:
    title, answering, panels, query = TESTS[test]
    wanted = frozenset(panels).union(*answering)

    def drafted(facts: Facts) -> Fact:
        return known(bool(facts.session.tests & wanted))

    def pending(facts: Facts) -> Fact:
        for value_sets in answering:
            found = _pending(facts, value_sets, panels)
            if found is not None:
                return known(True, found)
        complete = facts.record.complete("service-requests") and facts.record.complete(query)
        return known(False) if complete else unknown("requests not all received")

    drafted.__doc__ = f"A test is ordered in this session: {title}."
    pending.__doc__ = f"A test is requested or in the laboratory, without a final result since: {title}."
    fact(f"test.drafted.{test}", f"{title} test in this session", session=True)(drafted)
    fact(f"test.pending.{test}", f"{title} test pending", queries=("service-requests", query))(pending)


def _pending(facts: Facts, value_sets: tuple[str, ...], panels: tuple[str, ...]) -> Source | None:
    """The request or the result in the making that is not answered, by calendar day, by a final result of the same test."""
    oldest, tomorrow = facts.today - facts.site.days("window.pending_test"), facts.today + timedelta(days=1)
    observed, last_final = observed_tests(facts, value_sets)
    wanted = frozenset((*value_sets, *panels))
    for request in requests(facts, wanted):
        if oldest <= request.authored <= tomorrow and last_final < (request.due or request.authored):
            return Source(request.reference, request.authored)
    for status, day, reference in observed:
        if status in ("registered", "preliminary") and oldest <= day <= tomorrow and last_final < day:
            return Source(reference, day)
    return None


class Request(NamedTuple):
    """A ServiceRequest that stands: the days on which it was written and on which it is due, where that is stated."""

    resource: ServiceRequest
    authored: date
    due: date | None
    reference: str


def requests(facts: Facts, wanted: frozenset[str]) -> Iterator[Request]:
    """The dated requests that stand for a test in one of the value sets ``wanted``."""
    zone, terminology = facts.site.zone, facts.site.terminology
    for resource in facts.record.requests:
        if resource.status not in ("active", "draft") or resource.doNotPerform is True:
            continue
        authored = parse_day(resource.authoredOn, zone)
        if authored is None or not terminology.sets_of_concept(resource.code) & wanted:
            continue
        due = parse_day(resource.occurrenceDateTime, zone) or first_day(resource.occurrencePeriod, zone)
        yield Request(resource, authored, due, resource.relative)


def observed_tests(facts: Facts, value_sets: tuple[str, ...]) -> tuple[list[tuple[str, date, str]], date]:
    """The status, day and reference of each dated Observation in ``value_sets``, and the day of the last final one; a day to come
    is none."""
    found = []
    for value_set in value_sets:
        for resource in facts.record.observations(value_set):
            moment = observation_moment(resource, facts.site.zone)
            if moment is not None:
                found.append((resource.status, moment.day, resource.relative))
    tomorrow = facts.today + timedelta(days=1)
    return found, max((day for status, day, _ in found if status in FINAL and day <= tomorrow), default=date.min)


for _test in TESTS:
    _register(_test)


_SETTLING = (
    "b12.status_beside_folate",
    *(f"test.{state}.{test}" for test in ("b12", "active_b12", "mma") for state in ("drafted", "pending")),
)


@fact("b12.test_awaited", "test that would settle the B12 status, pending or drafted", uses=_SETTLING)
def test_awaited(facts: Facts) -> Fact:
    """A B12 test, or with an indeterminate status methylmalonic acid, is pending or drafted."""
    test = "mma" if facts["b12.status_beside_folate"].value == "indeterminate" else "b12"
    drafted, pending = facts[f"test.drafted.{test}"], facts[f"test.pending.{test}"]
    return drafted if drafted.holds else pending


@fact("b12.next_test", "test that would settle the B12 status, not yet requested", "orders",
      uses=(*_SETTLING, "mma", "patient.pregnant", "b12.active"))  # fmt: skip
def next_test(facts: Facts) -> Fact:
    """Serum B12 (pregnant: active B12) with an unknown status; methylmalonic acid (pregnant: active B12 until it has resulted)
    with an indeterminate one, unless it has resulted; neither where it is pending or drafted."""
    status, pregnant = facts["b12.status_beside_folate"], facts["patient.pregnant"].holds
    if status.is_unknown:
        test = "active_b12" if pregnant else "b12"
    elif status.value == "indeterminate" and pregnant and facts["b12.active"].value is None:
        test = "active_b12"
    elif status.value == "indeterminate" and facts["mma"].value is None:
        test = "mma"
    else:
        return absent()
    requested = facts[f"test.drafted.{test}"].holds or facts[f"test.pending.{test}"].holds
    template = {"b12": "serum-b12", "active_b12": "active-b12", "mma": "mma"}[test]
    return absent("requested already") if requested else known((template,))
