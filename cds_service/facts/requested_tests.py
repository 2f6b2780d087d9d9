"""Facts about laboratory tests that are pending or drafted: ``test.pending.X`` and ``test.drafted.X``."""

from __future__ import annotations

from datetime import date, timedelta

from ..fhir.dates import first_day, parse_day
from ..fhir.r4 import ServiceRequest
from .catalogue import Facts, fact
from .fact import Fact, Source, absent, known, unknown
from .laboratory import FINAL, observation_moment

# test -> (its title, value sets of its results and requests, panels that contain it, the query of its results)
TESTS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...], str]] = {
    "b12": ("B12", ("b12-total", "b12-active"), (), "b12-results"),
    "active_b12": ("active B12", ("b12-active",), (), "b12-results"),
    "mma": ("methylmalonic acid", ("mma",), (), "b12-results"),
    "homocysteine": ("homocysteine", ("homocysteine",), (), "b12-results"),
    "folate": ("folate", ("folate-serum", "folate-red-cell"), (), "b12-results"),
    "blood_count": ("blood count", ("hb",), ("blood-count-panel",), "blood-count"),
    "reticulocytes": ("reticulocytes", ("reticulocytes",), (), "blood-count"),
    "creatinine": ("creatinine", ("creatinine", "egfr"), ("basic-metabolic-panel",), "renal-and-potassium"),
    "potassium": (
        "potassium", ("potassium-laboratory", "potassium-point-of-care"), ("basic-metabolic-panel",),
        "renal-and-potassium",
    ),
}  # fmt: skip


def _register(test: str) -> None:
    title, value_sets, panels, query = TESTS[test]
    wanted = frozenset(value_sets + panels)

    def drafted(facts: Facts) -> Fact:
        return known(bool(facts.session.tests & wanted))

    def pending(facts: Facts) -> Fact:
        return _pending(facts, value_sets, wanted, query, near=test == "potassium")

    drafted.__doc__ = f"A test is ordered in this session: {title}."
    pending.__doc__ = f"A test is requested or in the laboratory, without a final result since: {title}."
    fact(f"test.drafted.{test}", f"{title} test in this session", session=True)(drafted)
    fact(f"test.pending.{test}", f"{title} test pending", queries=("service-requests", query))(pending)


def _pending(facts: Facts, value_sets: tuple[str, ...], wanted: frozenset[str], query: str, *, near: bool) -> Fact:
    """``near``: only a request that is due within a day of now counts (potassium)."""
    oldest = facts.today - (timedelta(days=1) if near else facts.site.days("window.pending_test"))
    oldest_request = facts.today - facts.site.days("window.pending_test")
    tomorrow = facts.today + timedelta(days=1)
    observed = _observed(facts, value_sets)
    last_final = max((day for status, day, _ in observed if status in FINAL), default=date.min)
    for resource in facts.record.requests:
        if resource.status not in ("active", "draft") or resource.doNotPerform is True:
            continue
        authored = parse_day(resource.authoredOn, facts.site.zone)
        if (
            authored is None
            or not oldest_request <= authored <= tomorrow
            or not facts.site.terminology.sets_of_concept(resource.code) & wanted
        ):
            continue
        if near and abs((_due(resource, facts) or authored) - facts.today) > timedelta(days=1):
            continue
        if last_final < authored:
            return known(True, Source(resource.relative, authored))
    for status, day, reference in observed:
        if status in ("registered", "preliminary") and oldest <= day <= tomorrow and last_final <= day:
            return known(True, Source(reference, day))
    complete = facts.record.complete("service-requests") and facts.record.complete(query)
    return known(False) if complete else unknown("requests not all received")


def _observed(facts: Facts, value_sets: tuple[str, ...]) -> list[tuple[str, date, str]]:
    found = []
    for value_set in value_sets:
        for resource in facts.record.observations(value_set):
            moment = observation_moment(resource, facts.site.zone)
            if moment is not None:
                found.append((resource.status, moment.day, resource.relative))
    return found


def _due(resource: ServiceRequest, facts: Facts) -> date | None:
    zone = facts.site.zone
    return parse_day(resource.occurrenceDateTime, zone) or first_day(resource.occurrencePeriod, zone)


for _test in TESTS:
    _register(_test)


@fact(
    "b12.test_awaited", "test that would settle the B12 status, pending or drafted",
    uses=("b12.status", "test.drafted.b12", "test.pending.b12", "test.drafted.mma", "test.pending.mma"),
)  # fmt: skip
def test_awaited(facts: Facts) -> Fact:
    """A B12 test, or with an indeterminate status methylmalonic acid, is pending or drafted."""
    test = "mma" if facts["b12.status"].value == "indeterminate" else "b12"
    drafted, pending = facts[f"test.drafted.{test}"], facts[f"test.pending.{test}"]
    return drafted if drafted.holds else pending


@fact("b12.next_test", "test that would settle the B12 status, not yet requested", "orders",
      uses=("b12.status", "mma", "test.drafted.b12", "test.pending.b12", "test.drafted.mma", "test.pending.mma"))  # fmt: skip
def next_test(facts: Facts) -> Fact:
    """Serum B12 with an unknown status; methylmalonic acid with an indeterminate one, unless it has resulted; neither where
    it is pending or drafted."""
    status = facts["b12.status"]
    if status.is_unknown:
        test, template = "b12", "serum-b12"
    elif status.value == "indeterminate" and facts["mma"].value is None:
        test, template = "mma", "mma"
    else:
        return absent()
    requested = facts[f"test.drafted.{test}"].holds or facts[f"test.pending.{test}"].holds
    return absent("requested already") if requested else known((template,))
