"""Facts about B12 results that are missing, old, or ask for another test."""

from __future__ import annotations

from datetime import date

from ..fhir.dates import years_before
from .analytes import ANALYTES
from .b12 import pregnancy_recorded_on
from .b12_treatment import treatment_of
from .catalogue import Facts, fact
from .fact import Fact, absent, any_of, known, unknown
from .laboratory import Result


@fact("b12.result_day", "day of the newest B12 result", "date", queries=("b12-results",), uses=("b12.total", "b12.active"))
def result_day(facts: Facts) -> Fact:
    """The day of the newest usable total or active B12 within its window; absent where there is no usable one."""
    found = [facts[name].value for name in ("b12.total", "b12.active") if facts[name].value is not None]
    if found:
        last: Result = max(found, key=lambda result: (result.moment.day, result.reference))
        return known(last.moment.day, last.source)
    open_question = next((facts[name] for name in ("b12.total", "b12.active") if facts[name].is_unknown), None)
    return absent() if open_question is None else unknown(open_question.note)


@fact("b12.newest_ever", "newest B12 result of any age", "result", unit="ng/L", other_units=("pmol/L",), queries=("b12-results",))
def newest_ever(facts: Facts) -> Fact:
    """The newest usable total or active B12, however old; active before total on the same day."""
    results = [facts.record.results(ANALYTES[name], facts.today) for name in ("b12.total", "b12.active")]
    found = [result for of_one in results for result in of_one.usable(date.min)]
    if found:
        last: Result = max(found, key=lambda result: (result.moment.day, result.analyte == "b12.active"))
        return known(last, last.source)
    if any(results):
        return unknown("a B12 result that cannot be used")
    return absent() if facts.record.complete("b12-results") else unknown("laboratory results not all received")


@fact(
    "b12.past_deficient", "B12 deficiency in an older result", queries=("b12-results", "conditions"),
    uses=("b12.result_day", "b12.newest_ever", "b12_therapy.active", "patient.pregnant"),
)  # fmt: skip
def past_deficient(facts: Facts) -> Fact:
    """The newest usable B12 result is older than its window and at most {window.past_deficiency}, was in the deficient class (a total not
    within a pregnancy), and no treatment is known since."""
    recent = facts["b12.result_day"]
    if recent.value is not None or facts["b12_therapy.active"].holds:
        return known(False)
    if recent.is_unknown:
        return unknown(recent.note)
    result: Result | None = facts["b12.newest_ever"].value
    oldest = years_before(facts.today, int(facts.site.number("window.past_deficiency")))
    if result is None or result.moment.day < oldest or result.level != "deficient":
        return known(False)
    if result.analyte == "b12.total" and pregnancy_recorded_on(facts, result.moment.day):
        return known(False)
    treated_since = any(span.end >= result.moment.day for span in treatment_of(facts).spans)
    return known(not treated_since, result.source)


@fact(
    "b12.doubted_by_intake_only", "B12 intake as the only doubt about the result",
    uses=("b12.status", "b12.deciding_level", "b12.suspicion", "b12.any_intake", "anaemia", "macrocytosis"),
)  # fmt: skip
def doubted_by_intake_only(facts: Facts) -> Fact:
    """The status is indeterminate only because B12 is taken in some form, without anaemia or macrocytosis."""
    by_intake = (
        facts["b12.status"].value == "indeterminate"
        and facts["b12.deciding_level"].value == "sufficient"
        and not facts["b12.suspicion"].holds
    )
    if not by_intake:
        return known(False)
    spoken_for = any_of(facts["anaemia"], facts["macrocytosis"])
    return unknown("no blood count") if spoken_for is None else known(not spoken_for)


@fact("b12.diagnosed_open", "diagnosis of B12 deficiency with an open status", uses=("b12.diagnosed", "b12.status"))
def diagnosed_open(facts: Facts) -> Fact:
    """B12 deficiency is on the problem list while its status is unknown or indeterminate."""
    status = facts["b12.status"]
    return facts["b12.diagnosed"] if status.is_unknown or status.value == "indeterminate" else known(False)


@fact("b12.only_scheduled_deficient", "B12 deficiency with a course that is only scheduled",
      uses=("b12_therapy.standing", "b12.results_status"))  # fmt: skip
def only_scheduled_deficient(facts: Facts) -> Fact:
    """The results show B12 deficiency, and nothing but an order that has ended or is yet to begin speaks for treatment."""
    deficient = facts["b12.results_status"]
    scheduled = facts["b12_therapy.standing"].value == "scheduled"
    return known(scheduled and deficient.value == "deficient", *deficient.sources)


@fact("b12.untreated_grounds", "lifelong cause or diagnosis of B12 deficiency without treatment",
      uses=("cause.lifelong", "b12.diagnosed", "b12_therapy.counts_for_folate"))  # fmt: skip
def untreated_grounds(facts: Facts) -> Fact:
    """A lifelong cause or a diagnosis of B12 deficiency is on record, and no treatment that protects beside folate is known."""
    grounds = [facts[name] for name in ("cause.lifelong", "b12.diagnosed") if facts[name].holds]
    open_question = bool(grounds) and not facts["b12_therapy.counts_for_folate"].holds
    return known(open_question, *(source for ground in grounds for source in ground.sources))


@fact("b12.lifelong_untreated", "gastric or hereditary cause that was never treated",
      uses=("cause.gastric_or_hereditary", "b12_therapy.past"))  # fmt: skip
def lifelong_untreated(facts: Facts) -> Fact:
    """A gastric or hereditary cause, and no earlier course of B12 treatment is known."""
    cause = facts["cause.gastric_or_hereditary"]
    return known(False) if cause.holds and facts["b12_therapy.past"].holds else cause


@fact(
    "b12.needs_maintenance", "B12 deficiency that needs treatment for life",
    uses=("cause.lifelong", "b12.diagnosed_open", "cause.dietary", "cause.drug"),
)  # fmt: skip
def needs_maintenance(facts: Facts) -> Fact:
    """A lifelong cause; or a diagnosis with an open status that neither diet nor a drug is known to explain."""
    if facts["cause.lifelong"].holds:
        return facts["cause.lifelong"]
    diagnosed = facts["b12.diagnosed_open"]
    if diagnosed.holds and not facts["cause.dietary"].holds and not facts["cause.drug"].holds:
        return diagnosed
    if facts["cause.lifelong"].is_unknown:
        return unknown(facts["cause.lifelong"].note)
    return unknown(diagnosed.note) if diagnosed.is_unknown else known(False)


_RISKS = ("anaemia", "metformin.long", "acid_suppression.long", "bariatric", "ileum.crohn", "diet.vegan")


@fact("b12.risk_factor", "risk factor for B12 deficiency", uses=(*_RISKS, "ileum.resection", "patient.age"))
def risk_factor(facts: Facts) -> Fact:
    """What makes neurological features a reason to test B12: anaemia, metformin or acid suppression for long, bariatric
    surgery, ileal resection or Crohn's disease, a vegan or vegetarian diet, or age from
    {age.at_risk_from}."""
    resection, age = facts["ileum.resection"], facts["patient.age"]
    resected = unknown(resection.note) if resection.is_unknown else known(resection.value is not None, *resection.sources)
    old = unknown(age.note) if age.is_unknown else known(age.value >= facts.site.number("age.at_risk_from"))
    grounds = [*(facts[name] for name in _RISKS), resected, old]
    verdict = any_of(*grounds)
    if verdict is None:
        return unknown("not all risk factors known")
    return known(verdict, *(source for ground in grounds if ground.holds for source in ground.sources))


@fact(
    "b12.test_indicated", "B12 test indicated",
    uses=(
        "b12.result_day", "test.pending.b12", "macrocytosis", "mma.level", "anaemia.macrocytic", "neuro.involvement",
        "b12.risk_factor",
    ),
)  # fmt: skip
def test_indicated(facts: Facts) -> Fact:
    """No usable B12 result within its window and none pending; and macrocytosis, high MMA, macrocytic anaemia on the
    problem list, or neurological features with a risk factor."""
    day, pending = facts["b12.result_day"], facts["test.pending.b12"]
    if day.value is not None or pending.holds:
        return known(False)
    mma = facts["mma.level"]
    neuro = facts["neuro.involvement"]
    grounds = [
        facts["macrocytosis"],
        unknown(mma.note) if mma.is_unknown else known(mma.value == "high", *mma.sources),
        facts["anaemia.macrocytic"],
        facts["b12.risk_factor"] if neuro.holds else neuro,
    ]
    verdict = any_of(*grounds)
    if verdict is False:
        return known(False)
    if verdict is None or day.is_unknown or pending.is_unknown:
        return unknown(day.note or pending.note or "not all grounds known")
    return known(True, *(source for ground in grounds if ground.holds for source in ground.sources))
