"""Facts about the response to B12 treatment: blood count, and the results that monitor it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from .blood_count import AnaemiaLimits
from .catalogue import fact
from .domains import (
    ABSENT,
    FALSE,
    TRUE,
    UNKNOWN,
    YES_NO,
    days_ago,
    given,
    one_of,
    results_of,
    same_as,
    where,
)
from .fact import Fact, absent, known, unknown
from .laboratory import Result
from .lists import problems, received
from .reads import Computation, Read, days, of
from .results import define_result, results


@fact("anaemia.at_start", "anaemia at the start of B12 treatment")
class AnaemiaAtStart(AnaemiaLimits):
    """The newest haemoglobin from {response.baseline_before} before to {response.baseline_after}
    after the start of the latest course showed anaemia."""

    start = of("b12_therapy.latest_start")
    before = days("response.baseline_before")
    after = days("response.baseline_after")
    haemoglobins = results("hb")
    domain = given(start, yes=YES_NO, no=FALSE, unknown=UNKNOWN)

    def compute(self) -> Fact:
        start = self.start
        if start.value is None:
            return unknown(start.note) if start.is_unknown else known(False)
        last = start.value + self.after
        for result in self.haemoglobins.usable(start.value - self.before):
            if result.moment.day <= last:
                return self.judge(result.interval, result.source)
        return unknown("no haemoglobin around the start")


_START, _EXPECTED_AFTER = of("b12_therapy.latest_start"), days("response.expected_after")
# Whether treatment has had time to work; its start must be known.
_has_settled = Read(
    _START.needs.and_those_of(_EXPECTED_AFTER.needs),
    lambda facts: known(
        _START.evaluate(facts).value <= facts.today - _EXPECTED_AFTER.evaluate(facts)
    ),
)


@fact("anaemia.persists", "anaemia that persists on B12 treatment")
class PersistentAnaemia(Computation):
    """The newest haemoglobin, drawn {response.expected_after} after the start of the latest course
    or later, shows anaemia."""

    start = of("b12_therapy.latest_start")
    hb = of("hb")
    anaemia = of("anaemia")
    expected_after = days("response.expected_after")
    domain = given(
        start,
        yes=given(
            hb,
            yes=where(_has_settled, YES_NO, otherwise=FALSE),
            no=FALSE,
            unknown=UNKNOWN,
        ),
        no=given(hb, yes=FALSE, no=FALSE, unknown=UNKNOWN),
        unknown=UNKNOWN,
    )

    def compute(self) -> Fact:
        start, hb = self.start, self.hb
        if start.value is None or hb.value is None:
            return (
                unknown(start.note or hb.note)
                if start.is_unknown or hb.is_unknown
                else known(False)
            )
        settled = hb.value.moment.day >= start.value + self.expected_after
        return self.anaemia if settled else known(False)


define_result(
    "reticulocytes",
    "reticulocytes",
    "The newest usable reticulocyte count within its window, absolute or as a share.",
    domain=results_of("reticulocytes", ("60", "")),
)


@fact("reticulocytes.since_start", "reticulocytes since the start of B12 treatment")
class ReticulocytesSinceStart(Computation):
    """A reticulocyte count was made since the start of the latest course."""

    start = of("b12_therapy.latest_start")
    counts = results("reticulocytes")
    complete = received("blood-count")

    def compute(self) -> Fact:
        start = self.start
        if start.value is None:
            return unknown(start.note) if start.is_unknown else known(False)
        unusable = ""
        for moment, result in self.counts:
            if moment is not None and moment.day < start.value:
                break
            if isinstance(result, Result):
                return known(True, result.source)
            unusable = unusable or result
        if unusable:
            return unknown(unusable)
        return known(False) if self.complete() else unknown("blood count not received")


def _last_two_normal(results: Iterator[Result]) -> bool:
    last = [result.level for _, result in zip(range(2), results, strict=False)]
    return last == ["normal", "normal"]


@fact("monitoring.stable", "two normal results of homocysteine or methylmalonic acid on treatment")
class StableOnTreatment(Computation):
    """The last two homocysteine, or the last two methylmalonic acid results since the start of
    treatment are normal."""

    start = of("b12_therapy.start")
    homocysteine = results("homocysteine")
    mma = results("mma")
    complete = received("b12-results")

    def compute(self) -> Fact:
        start = self.start
        if start.value is None:
            return unknown(start.note) if start.is_unknown else known(False)
        since = start.value + timedelta(days=1)
        stable = _last_two_normal(self.homocysteine.usable(since)) or _last_two_normal(
            self.mma.usable(since)
        )
        if not stable and not self.complete():
            return unknown("laboratory results not all received")
        return known(stable)


@fact("monitoring.last", "last monitoring result of B12 treatment", "date")
class LastMonitoring(Computation):
    """The day of the newest B12, homocysteine or methylmalonic acid result drawn after the day on
    which treatment started."""

    start = of("b12_therapy.start")
    total = results("b12.total")
    active = results("b12.active")
    homocysteine = results("homocysteine")
    mma = results("mma")
    complete = received("b12-results")
    domain = one_of(ABSENT, UNKNOWN, days_ago(5, 100))

    def compute(self) -> Fact:
        start = self.start
        if start.value is None:
            return unknown(start.note) if start.is_unknown else absent()
        since = start.value + timedelta(days=1)
        found = [
            result
            for kind in (self.total, self.active, self.homocysteine, self.mma)
            for result in kind.usable(since)
        ]
        if found:
            last = max(found, key=lambda result: (result.moment.day, result.reference))
            return known(last.moment.day, last.source)
        return absent() if self.complete() else unknown("laboratory results not all received")


@fact("monitoring.due", "monitoring of B12 treatment due")
class MonitoringDue(Computation):
    """No monitoring result since the start of treatment, or the last one is older than
    {monitoring.every} ({monitoring.every_when_stable} when stable)."""

    last = of("monitoring.last")
    stable = of("monitoring.stable")
    every = days("monitoring.every")
    every_when_stable = days("monitoring.every_when_stable")
    domain = given("b12_therapy.start", yes=YES_NO, no=TRUE, unknown=UNKNOWN)

    def compute(self) -> Fact:
        last, stable, today = self.last, self.stable, self.facts.today
        if last.is_unknown:
            return unknown(last.note)
        if last.value is None or last.value < today - self.every_when_stable:
            return known(True, *last.sources)
        if last.value >= today - self.every:
            return known(False, *last.sources)
        return unknown(stable.note) if stable.is_unknown else known(not stable.value, *last.sources)


@fact("homocysteine.on_treatment", "homocysteine on treatment", "result", unit="umol/L")
class HomocysteineOnTreatment(Computation):
    """The newest homocysteine, if it was drawn {therapy.settled_after} after the start of treatment
    or later."""

    start = of("b12_therapy.start")
    homocysteine = of("homocysteine")
    settled_after = days("therapy.settled_after")
    domain = given(
        start,
        yes=given(homocysteine, yes=(ABSENT, same_as("homocysteine")), no=ABSENT, unknown=UNKNOWN),
        no=given(homocysteine, yes=ABSENT, no=ABSENT, unknown=UNKNOWN),
        unknown=UNKNOWN,
    )

    def compute(self) -> Fact:
        start, result = self.start, self.homocysteine
        if start.value is None or result.value is None:
            return (
                unknown(start.note or result.note)
                if start.is_unknown or result.is_unknown
                else absent()
            )
        settled = result.value.moment.day >= start.value + self.settled_after
        return result if settled else absent("drawn before it could settle")


@fact("homocysteine.before_order", "homocysteine from before the order in force")
class HomocysteineBeforeOrder(Computation):
    """The homocysteine on treatment was drawn before the order in force began, so that it does not
    reflect that order's regimen."""

    homocysteine = of("homocysteine.on_treatment")
    order_start = of("b12_therapy.order_start")

    def compute(self) -> Fact:
        result, began = self.homocysteine, self.order_start
        if result.value is None or began.value is None:
            return (
                unknown(result.note or began.note)
                if result.is_unknown or began.is_unknown
                else known(False)
            )
        return known(result.value.moment.day < began.value, *result.sources)


@fact("neuro.before_treatment", "neurological features before B12 treatment")
class NeuroBeforeTreatment(Computation):
    """An active neurological feature had its onset before the start of the treatment under way."""

    neuro = of("neuro.involvement")
    start = of("b12_therapy.start")
    features = problems("neurological-features")
    domain = given(
        neuro,
        yes=given(start, yes=YES_NO, no=FALSE, unknown=UNKNOWN),
        no=given(start, yes=FALSE, no=FALSE, unknown=UNKNOWN),
        unknown=UNKNOWN,
    )

    def compute(self) -> Fact:
        neuro, start = self.neuro, self.start
        if not neuro.holds or start.value is None:
            return (
                unknown(neuro.note or start.note)
                if neuro.is_unknown or start.is_unknown
                else known(False)
            )
        onsets = [
            problem.onset for problem in self.features if problem.active and problem.confirmed
        ]
        if any(onset is not None and onset < start.value for onset in onsets):
            return known(True, *neuro.sources)
        return (
            unknown("its onset is not stated") if None in onsets else known(False, *neuro.sources)
        )
