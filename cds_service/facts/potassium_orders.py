"""Potassium tests around the first doses of B12: the grounds for them, which are already ordered,
and which are still to be ordered.

Clinical specification, section 4, before the tables.
"""

from __future__ import annotations

from datetime import timedelta

from ..fhir.dates import parse_moment
from .analytes import ANALYTES
from .catalogue import fact
from .domains import FALSE, TRUE, UNKNOWN, one_of, orders_of, orders_or_absent, where
from .fact import Fact, absent, known, sources_of, unknown
from .laboratory import HAEMOLYSED_SAMPLE
from .lists import received
from .medications import session
from .potassium_timing import AT_24_H, AT_48_H, CHECKS, NOW, POTASSIUM, checks_of
from .reads import Computation, days, each, of
from .requested_tests import Request, observed, requests
from .results import level_of, results

_ANALYTE = ANALYTES["potassium"]
_REQUESTED_WITHIN = timedelta(hours=24)
_NO_CHECKS, _LATER_CHECKS, _ALL_CHECKS = (
    orders_of("none"),
    orders_of("later", AT_24_H, AT_48_H),
    orders_of("all", *CHECKS),
)


@fact("potassium.unreceived", "potassium results not all received")
class Unreceived(Computation):
    """The list of potassium results was not received, or not all of it."""

    window = days("window.potassium_recent")
    complete = received(_ANALYTE.query)
    domain = one_of(TRUE, FALSE)

    def compute(self) -> Fact:
        return known(
            not self.complete(since=self.facts.today - self.window, of=_ANALYTE.value_sets)
        )


@fact("potassium.grounds", "grounds for potassium checks with the first doses")
class Grounds(Computation):
    """Anaemia, a risk from low potassium, a potassium below {potassium.low_below} within
    {window.potassium_recent}, or a list of results that was not all received; also unknown anaemia
    or risk, unless the B12 status is reassuring."""

    risks = each("anaemia", "potassium.risk")
    others = each("potassium.recently_low", "potassium.unreceived")
    by_results = of("b12.results_status")

    def compute(self) -> Fact:
        risks = list(self.risks)
        if any(ground.holds for ground in risks) or any(ground.holds for ground in self.others):
            return known(True, *sources_of(risks))
        reassuring = self.by_results.value in ("sufficient", "unlikely")
        return known(not reassuring and any(risk.is_unknown for risk in risks))


@fact("potassium.drafted", "potassium tests in this session", "orders")
class Drafted(Computation):
    """Which of the checks (now, at 24 hours, at 48 hours) are ordered in this session."""

    session = session(*sorted(POTASSIUM))

    def compute(self) -> Fact:
        return known(tuple(check for check in CHECKS if check in self.session.potassium))


@fact("potassium.ordered", "potassium tests ordered within 24 hours", "orders")
class Ordered(Computation):
    """Which of the checks (now, at 24 hours, at 48 hours) were requested within the last 24 hours
    and have no final result since."""

    requests = requests(*sorted(POTASSIUM))
    results = observed(_ANALYTE.query, *_ANALYTE.value_sets)
    requests_complete = received("service-requests")
    results_complete = received(_ANALYTE.query)
    domain = one_of(_NO_CHECKS, _LATER_CHECKS, _ALL_CHECKS, orders_of("now", NOW), UNKNOWN)

    def compute(self) -> Fact:
        results = self.results
        found: set[str] = set()
        for request in self.requests:
            if self._is_recent(request) and results.last_final < (request.due or request.authored):
                found |= checks_of(request.resource, self.facts.site.zone)
        yesterday = self.facts.today - timedelta(days=1)
        if any(day >= yesterday and results.last_final < day for day, _ in results.awaited):
            found.add(NOW)
        if found or (self.requests_complete() and self.results_complete()):
            return known(tuple(check for check in CHECKS if check in found))
        return unknown("requests not all received")

    def _is_recent(self, request: Request) -> bool:
        written = request.resource.authoredOn
        moment = parse_moment(written, self.facts.site.zone)
        today = self.facts.today
        if moment is None or moment.day > today + timedelta(days=1):
            return False
        if "T" in written:
            return self.facts.now - moment.instant <= _REQUESTED_WITHIN
        return moment.day >= today - timedelta(days=1)


class _ToOrder(Computation):
    """Which checks are still to be ordered."""

    drafted = of("potassium.drafted")
    ordered = of("potassium.ordered")

    def left(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """Those of ``wanted`` that are neither drafted nor ordered, at any age: a card offers no
        order below the age of 16, but that does not make a check ordered."""
        requested = {*(self.drafted.value or ()), *(self.ordered.value or ())}
        return tuple(check for check in wanted if check not in requested)


@fact("potassium.checks", "potassium checks with the first doses", "orders")
class Checks(_ToOrder):
    """Potassium now (unless measured at {potassium.low_below} or more within {window.potassium}),
    at 24 and at 48 hours, if there are grounds, without checks that are drafted or were ordered
    within 24 hours. No checks if treatment is being given."""

    treated = of("b12_therapy.given")
    grounds = of("potassium.grounds")
    potassium = level_of("potassium")
    domain = where(treated, _NO_CHECKS, otherwise=(_NO_CHECKS, _ALL_CHECKS))

    def compute(self) -> Fact:
        if self.treated.holds or not self.grounds.holds:
            return known(())
        return known(self.left((AT_24_H, AT_48_H) if self.potassium.value == "normal" else CHECKS))


@fact("potassium.checks_left", "potassium checks still to be ordered")
class ChecksLeft(Computation):
    """One of the potassium checks with the first doses is still to be ordered."""

    checks = of("potassium.checks")

    def compute(self) -> Fact:
        return known(bool(self.checks.value))


@fact("potassium.repeat", "repeat potassium test", "orders")
class Repeat(_ToOrder):
    """A repeat potassium now, unless one is drafted or ordered."""

    domain = orders_or_absent(NOW)

    def compute(self) -> Fact:
        left = self.left((NOW,))
        return known(left) if left else absent()


@fact("potassium.series", "series of potassium tests", "orders")
class Series(_ToOrder):
    """Potassium now, at 24 and at 48 hours, without checks that are drafted or ordered."""

    domain = orders_or_absent(*CHECKS)

    def compute(self) -> Fact:
        left = self.left(CHECKS)
        return known(left) if left else absent()


@fact("potassium.haemolysed", "potassium from a haemolysed sample")
class Haemolysed(Computation):
    """The newest potassium of the last {window.potassium_recent} comes from a sample marked as
    haemolysed, so that the true value may be lower."""

    window = days("window.potassium_recent")
    results = results("potassium")
    domain = one_of(TRUE, FALSE)

    def compute(self) -> Fact:
        oldest = self.facts.today - self.window
        for moment, result in self.results:
            if moment is None or result == "a preliminary result":
                continue
            marked = result == HAEMOLYSED_SAMPLE if isinstance(result, str) else result.haemolysed
            return known(marked and moment.day >= oldest)
        return known(False)


@fact("potassium.first_doses", "first doses of B12 by injection")
class FirstDoses(Computation):
    """Injections drafted now would be the first: no treatment is known to be given. A course that
    has only been scheduled for more than {window.potassium_recent} counts as given, unless anaemia,
    a risk, or the potassium calls for care."""

    given = of("b12_therapy.given")
    standing = of("b12_therapy.standing")
    start = of("b12_therapy.start")
    grounds = each("anaemia", "potassium.risk", "potassium.recently_low", "potassium.unreceived")
    window = days("window.potassium_recent")

    def compute(self) -> Fact:
        if self.given.holds:
            return known(False)
        start = self.start.value if self.standing.value == "scheduled" else None
        if start is None or start >= self.facts.today - self.window:
            return known(True)
        return known(any(ground.holds for ground in self.grounds))
