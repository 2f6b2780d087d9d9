"""Facts about the response to B12 treatment: blood count, and the results that monitor it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from .analytes import ANALYTES
from .blood_count import anaemia_limits
from .catalogue import Facts, fact
from .fact import Fact, absent, known, unknown
from .laboratory import Result, newest

_AGE_AND_SEX = ("patient.age_months", "patient.sex", "patient.pregnant")


def _usable(facts: Facts, name: str, oldest: date) -> Iterator[Result]:
    return facts.record.results(ANALYTES[name], facts.today).usable(oldest)


def _anaemic(facts: Facts, result: Result) -> Fact:
    """Whether a haemoglobin is below the limit for the patient's age, sex and pregnancy."""
    limits = anaemia_limits(facts)
    if limits is None:
        return unknown("no limit below six months of age")
    if result.interval.below(limits[0]):
        return known(True, result.source)
    if result.interval.below(limits[1]) is False:
        return known(False, result.source)
    return unknown("haemoglobin between the limits that may apply")


@fact("anaemia.at_start", "anaemia at the start of B12 treatment", queries=("blood-count",),
      uses=("b12_therapy.latest_start", *_AGE_AND_SEX))  # fmt: skip
def anaemia_at_start(facts: Facts) -> Fact:
    """The newest haemoglobin from {response.baseline_before} before to {response.baseline_after} after the start of the latest course
    was anaemic."""
    start = facts["b12_therapy.latest_start"]
    if start.value is None:
        return unknown(start.note) if start.is_unknown else known(False)
    first = start.value - facts.site.days("response.baseline_before")
    last = start.value + facts.site.days("response.baseline_after")
    for result in _usable(facts, "hb", first):
        if result.moment.day <= last:
            return _anaemic(facts, result)
    return unknown("no haemoglobin around the start")


@fact("anaemia.persists", "anaemia that persists on B12 treatment", uses=("hb", "anaemia", "b12_therapy.latest_start"))
def anaemia_persists(facts: Facts) -> Fact:
    """The newest haemoglobin, drawn {response.expected_after} after the start of the latest course or later, is anaemic."""
    start, hb = facts["b12_therapy.latest_start"], facts["hb"]
    if start.value is None or hb.value is None:
        return unknown(start.note or hb.note) if start.is_unknown or hb.is_unknown else known(False)
    settled = hb.value.moment.day >= start.value + facts.site.days("response.expected_after")
    return facts["anaemia"] if settled else known(False)


@fact("reticulocytes", "reticulocytes", "result", unit="10*9/L", other_units=("%",), queries=("blood-count",))
def reticulocytes(facts: Facts) -> Fact:
    """The newest usable reticulocyte count within its window, absolute or as a share."""
    return newest(facts, "reticulocytes")


@fact("reticulocytes.since_start", "reticulocytes since the start of B12 treatment", queries=("blood-count",),
      uses=("b12_therapy.latest_start",))  # fmt: skip
def reticulocytes_since_start(facts: Facts) -> Fact:
    """A reticulocyte count was made since the start of the latest course."""
    start = facts["b12_therapy.latest_start"]
    if start.value is None:
        return unknown(start.note) if start.is_unknown else known(False)
    unusable = ""
    for moment, result in facts.record.results(ANALYTES["reticulocytes"], facts.today):
        if moment is not None and moment.day < start.value:
            break
        if isinstance(result, Result):
            return known(True, result.source)
        unusable = unusable or result
    if unusable:
        return unknown(unusable)
    return known(False) if facts.record.complete("blood-count") else unknown("blood count not received")


_MONITORING = ("b12.total", "b12.active", "homocysteine", "mma")


def _last_two_normal(results: Iterator[Result]) -> bool:
    last = [result.level for _, result in zip(range(2), results, strict=False)]
    return last == ["normal", "normal"]


@fact("monitoring.stable", "homocysteine or methylmalonic acid twice normal on treatment", queries=("b12-results",),
      uses=("b12_therapy.start",))  # fmt: skip
def monitoring_stable(facts: Facts) -> Fact:
    """The last two homocysteine, or the last two methylmalonic acid results since the start of treatment are normal."""
    start = facts["b12_therapy.start"]
    if start.value is None:
        return unknown(start.note) if start.is_unknown else known(False)
    since = start.value + timedelta(days=1)
    stable = any(_last_two_normal(_usable(facts, name, since)) for name in ("homocysteine", "mma"))
    if not stable and not facts.record.complete("b12-results"):
        return unknown("laboratory results not all received")
    return known(stable)


@fact("monitoring.last", "last result that monitors B12 treatment", "date", queries=("b12-results",), uses=("b12_therapy.start",))
def monitoring_last(facts: Facts) -> Fact:
    """The day of the newest B12, homocysteine or methylmalonic acid result since the day after the start of treatment."""
    start = facts["b12_therapy.start"]
    if start.value is None:
        return unknown(start.note) if start.is_unknown else absent()
    since = start.value + timedelta(days=1)
    found = [result for name in _MONITORING for result in _usable(facts, name, since)]
    if found:
        last = max(found, key=lambda result: (result.moment.day, result.reference))
        return known(last.moment.day, last.source)
    return absent() if facts.record.complete("b12-results") else unknown("laboratory results not all received")


@fact("monitoring.due", "monitoring of B12 treatment due", uses=("monitoring.last", "monitoring.stable"))
def monitoring_due(facts: Facts) -> Fact:
    """No monitoring result since the start of treatment, or the last one is older than {monitoring.every}
    ({monitoring.every_when_stable} when stable)."""
    last, stable = facts["monitoring.last"], facts["monitoring.stable"]
    if last.is_unknown:
        return unknown(last.note)
    if last.value is None or last.value < facts.today - facts.site.days("monitoring.every_when_stable"):
        return known(True, *last.sources)
    if last.value >= facts.today - facts.site.days("monitoring.every"):
        return known(False, *last.sources)
    return unknown(stable.note) if stable.is_unknown else known(not stable.value, *last.sources)


@fact("homocysteine.on_treatment", "homocysteine on treatment", "result", unit="umol/L", uses=("homocysteine", "b12_therapy.start"))
def homocysteine_on_treatment(facts: Facts) -> Fact:
    """The newest homocysteine, where it was drawn {therapy.settled_after} after the start of treatment or later."""
    start, result = facts["b12_therapy.start"], facts["homocysteine"]
    if start.value is None or result.value is None:
        return unknown(start.note or result.note) if start.is_unknown or result.is_unknown else absent()
    settled = result.value.moment.day >= start.value + facts.site.days("therapy.settled_after")
    return result if settled else absent("drawn before it could settle")


@fact(
    "homocysteine.before_order",
    "homocysteine from before the order that runs",
    uses=("homocysteine.on_treatment", "b12_therapy.order_start"),
)
def homocysteine_before_order(facts: Facts) -> Fact:
    """The homocysteine on treatment was drawn before the order in force began, so that it does not tell of its regimen."""
    result, began = facts["homocysteine.on_treatment"], facts["b12_therapy.order_start"]
    if result.value is None or began.value is None:
        return unknown(result.note or began.note) if result.is_unknown or began.is_unknown else known(False)
    return known(result.value.moment.day < began.value, *result.sources)


@fact("neuro.before_treatment", "neurological features before B12 treatment", queries=("conditions",),
      uses=("neuro.involvement", "b12_therapy.start"))  # fmt: skip
def neuro_before_treatment(facts: Facts) -> Fact:
    """An active neurological feature whose onset is before the start of the treatment under way."""
    neuro, start = facts["neuro.involvement"], facts["b12_therapy.start"]
    if not neuro.holds or start.value is None:
        return unknown(neuro.note or start.note) if neuro.is_unknown or start.is_unknown else known(False)
    onsets = [
        problem.onset
        for problem in facts.record.problems
        if "neurological-features" in problem.value_sets and problem.active and problem.confirmed
    ]
    if any(onset is not None and onset < start.value for onset in onsets):
        return known(True, *neuro.sources)
    return unknown("its onset is not stated") if None in onsets else known(False, *neuro.sources)
