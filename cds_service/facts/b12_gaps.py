"""Facts about B12 results that are missing, old, or ask for another test."""

from __future__ import annotations

from datetime import date, timedelta

from ..fhir.dates import years_before
from .analytes import ANALYTES
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
    if result.analyte == "b12.total" and _in_pregnancy(facts, result.moment.day):
        return known(False)
    treated_since = any(span.end >= result.moment.day for span in facts.record.cobalamin_course(facts).spans)
    return known(not treated_since, result.source)


def _in_pregnancy(facts: Facts, day: date) -> bool:
    """Whether a pregnancy is recorded that may have lasted on ``day``."""
    length: timedelta = facts.site.days("window.pregnancy")
    begun = [problem.onset or problem.recorded for problem in facts.record.problems if "pregnancy" in problem.value_sets]
    return any(start is not None and start <= day <= start + length for start in begun)


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


@fact(
    "b12.nitrous_oxide_test", "functional test after nitrous oxide indicated",
    uses=("nitrous_oxide", "neuro.involvement", "mma", "homocysteine", "test.pending.mma", "test.pending.homocysteine"),
)  # fmt: skip
def nitrous_oxide_test(facts: Facts) -> Fact:
    """Nitrous oxide exposure and neurological features, with neither MMA nor homocysteine within its window or pending."""
    exposed, neuro = facts["nitrous_oxide"], facts["neuro.involvement"]
    if exposed.holds is False or neuro.holds is False:
        return known(False)
    results = [facts["mma"], facts["homocysteine"]]
    pending = [facts["test.pending.mma"], facts["test.pending.homocysteine"]]
    if any(result.value is not None for result in results) or any(test.holds for test in pending):
        return known(False)
    undecided = [fact for fact in (exposed, neuro, *results, *pending) if fact.is_unknown]
    return unknown(undecided[0].note) if undecided else known(True, *exposed.sources, *neuro.sources)
