"""Facts about what the B12 status leaves open: results that are missing or old, or that call for
another test."""

from __future__ import annotations

from datetime import date

from ..fhir.dates import years_before
from .b12_results import LEVELS
from .b12_treatment import treatment
from .catalogue import fact
from .domains import ABSENT, FALSE, TRUE, UNKNOWN, days_ago, given, one_of, result_of, where
from .fact import Fact, absent, any_of, known, sources_of, truth, unknown
from .laboratory import Result
from .lists import received
from .reads import Computation, each, number, of, part
from .recorded_pregnancies import RecordedPregnancies
from .results import none_is_usable, results


@fact("b12.deficiency_likely", "known or likely B12 deficiency")
class DeficiencyLikely(Computation):
    """B12 is deficient, or low on therapy; or there is a diagnosis or a neurological feature while
    the status is open, unless it is open only because B12 is very high."""

    status = of("b12.status_beside_folate")
    low_on_therapy = of("b12.low_on_therapy")
    only_unexplained_high = of("b12.only_unexplained_high")
    diagnosed = of("b12.diagnosed")
    neuro = of("neuro.involvement")

    def compute(self) -> Fact:
        status = self.status
        if status.value == "deficient":
            return known(True, *status.sources)
        low = self.low_on_therapy
        if low.holds:
            return known(True, *low.sources)
        if (
            status.value in ("unlikely", "sufficient", "treated")
            or self.only_unexplained_high.holds
        ):
            return known(False)
        grounds = (self.diagnosed, self.neuro)
        return truth(any_of(*grounds), *sources_of(grounds), note="conditions not all received")


@fact(
    "b12.likelihood",
    "likelihood of B12 deficiency",
    "category",
    values=("known", "likely", "possible"),
)
class Likelihood(Computation):
    """How cards name a deficiency that the record does not speak against. Known: the B12 status
    where folate is to be given is deficient, or B12 is low on therapy. Likely: that status is
    indeterminate, and methylmalonic acid is high. Possible: otherwise."""

    status = of("b12.status_beside_folate")
    low_on_therapy = of("b12.low_on_therapy")
    mma_level = of("mma.level")

    def compute(self) -> Fact:
        status = self.status
        if status.value == "deficient":
            return known("known", *status.sources)
        low = self.low_on_therapy
        if low.holds:
            return known("known", *low.sources)
        mma_level = self.mma_level
        if status.value == "indeterminate" and mma_level.value == "high":
            return known("likely", *mma_level.sources)
        return known("possible")


@fact("b12.status_open", "B12 status not settled")
class StatusOpen(Computation):
    """The B12 status where folate is to be given is unknown, indeterminate or paediatric: nothing
    speaks against deficiency."""

    status = of("b12.status_beside_folate")

    def compute(self) -> Fact:
        status = self.status
        return known(status.is_unknown or status.value in ("indeterminate", "paediatric"))


@fact("b12.result_day", "day of the newest B12 result", "date")
class ResultDay(Computation):
    """The day of the newest usable total or active B12 within its window; absent without a usable
    one, whatever came that cannot be used. Unknown if a usable or newer one may be missing."""

    kinds = each("b12.total", "b12.active")
    domain = one_of(ABSENT, UNKNOWN, days_ago(5, 100))

    def compute(self) -> Fact:
        kinds = list(self.kinds)
        found = [kind.value for kind in kinds if kind.value is not None]
        if found:
            last: Result = max(found, key=lambda result: (result.moment.day, result.reference))
            return known(last.moment.day, last.source)
        open_question = next(
            (kind for kind in kinds if kind.is_unknown and not none_is_usable(kind)), None
        )
        return absent() if open_question is None else unknown(open_question.note)


_OLDER = {
    level: result_of("b12.total", value, level, 450)
    for value, level in zip(("110", "250", "480"), LEVELS, strict=True)
}


@fact(
    "b12.newest_ever",
    "newest B12 result of any age",
    "result",
    unit="ng/L",
    other_units=("pmol/L",),
)
class NewestEver(Computation):
    """The newest usable total or active B12, however old; active before total on the same day."""

    totals = results("b12.total")
    actives = results("b12.active")
    complete = received("b12-results")
    domain = where(
        "b12.past_deficient",
        _OLDER["deficient"],
        otherwise=(ABSENT, UNKNOWN, *_OLDER.values()),
    )

    def compute(self) -> Fact:
        kinds = (self.totals, self.actives)
        found = [result for kind in kinds for result in kind.usable(date.min)]
        if found:
            last: Result = max(
                found, key=lambda result: (result.moment.day, result.analyte == "b12.active")
            )
            return known(last, last.source)
        if any(kinds):
            return unknown("a B12 result that cannot be used")
        return absent() if self.complete() else unknown("laboratory results not all received")


@fact("b12.past_deficient", "B12 deficiency in an older result")
class PastDeficient(Computation):
    """The newest usable B12 result is older than its window but at most {window.past_deficiency}
    old; it was in the deficient class (a total does not count within a pregnancy), and no treatment
    is known since."""

    recent = of("b12.result_day")
    newest_ever = of("b12.newest_ever")
    treated = of("b12_therapy.active")
    treatment = treatment()
    recorded_pregnancies = part(RecordedPregnancies)
    window = number("window.past_deficiency")
    domain = given(
        recent,
        yes=FALSE,
        no=where(treated, FALSE, otherwise=(TRUE, FALSE)),
        unknown=where(treated, FALSE, otherwise=UNKNOWN),
    )

    def compute(self) -> Fact:
        recent = self.recent
        if recent.value is not None or self.treated.holds:
            return known(False)
        if recent.is_unknown:
            return unknown(recent.note)
        result: Result | None = self.newest_ever.value
        oldest = years_before(self.facts.today, int(self.window))
        if result is None or result.moment.day < oldest or result.level != "deficient":
            return known(False)
        if result.analyte == "b12.total" and self.recorded_pregnancies.lasted_on(result.moment.day):
            return known(False)
        treated_since = any(span.end >= result.moment.day for span in self.treatment.spans)
        return known(not treated_since, result.source)


@fact("b12.doubted_by_intake_only", "B12 intake as the only reason to doubt the result")
class DoubtedByIntakeOnly(Computation):
    """The status is indeterminate only because the patient takes B12 in some form, and there is
    neither anaemia nor macrocytosis."""

    status = of("b12.status")
    deciding_level = of("b12.deciding_level")
    suspicion = of("b12.suspicion")
    anaemia = of("anaemia")
    macrocytosis = of("macrocytosis")

    def compute(self) -> Fact:
        by_intake = (
            self.status.value == "indeterminate"
            and self.deciding_level.value == "sufficient"
            and not self.suspicion.holds
        )
        if not by_intake:
            return known(False)
        spoken_for = any_of(self.anaemia, self.macrocytosis)
        return unknown("no blood count") if spoken_for is None else known(not spoken_for)


@fact("b12.diagnosed_open", "diagnosis of B12 deficiency with an open status")
class DiagnosedOpen(Computation):
    """B12 deficiency is on the problem list while its status is unknown or indeterminate."""

    diagnosed = of("b12.diagnosed")
    status = of("b12.status")

    def compute(self) -> Fact:
        status = self.status
        return (
            self.diagnosed if status.is_unknown or status.value == "indeterminate" else known(False)
        )


@fact(
    "b12.recorded_ground",
    "recorded ground for B12 treatment",
    "category",
    values=("lifelong cause", "diagnosis"),
)
class RecordedGround(Computation):
    """What calls for B12 treatment whatever the results: a gastric or hereditary cause, which lasts
    for life; else a diagnosis of B12 deficiency with an open status."""

    cause = of("cause.gastric_or_hereditary")
    diagnosed = of("b12.diagnosed_open")

    def compute(self) -> Fact:
        cause, diagnosed = self.cause, self.diagnosed
        if cause.holds:
            return known("lifelong cause", *cause.sources)
        return known("diagnosis", *diagnosed.sources) if diagnosed.holds else absent()


@fact("b12.only_scheduled_deficient", "B12 deficiency with a course that is only scheduled")
class OnlyScheduledDeficient(Computation):
    """The results show B12 deficiency, and the only evidence of treatment is an order that has
    ended or is yet to begin."""

    by_results = of("b12.results_status")
    standing = of("b12_therapy.standing")

    def compute(self) -> Fact:
        by_results = self.by_results
        scheduled = self.standing.value == "scheduled"
        return known(scheduled and by_results.value == "deficient", *by_results.sources)


@fact("b12.untreated_grounds", "lifelong cause or diagnosis of B12 deficiency without treatment")
class UntreatedGrounds(Computation):
    """A lifelong cause or a diagnosis of B12 deficiency is on record, and no treatment is
    known that protects while folate is given."""

    grounds = each("cause.lifelong", "b12.diagnosed")
    protected = of("b12_therapy.counts_for_folate")

    def compute(self) -> Fact:
        grounds = [ground for ground in self.grounds if ground.holds]
        return known(bool(grounds) and not self.protected.holds, *sources_of(grounds))


@fact("b12.lifelong_untreated", "gastric or hereditary cause that was never treated")
class LifelongUntreated(Computation):
    """There is a gastric or hereditary cause, and no earlier course of B12 treatment is known."""

    cause = of("cause.gastric_or_hereditary")
    treated_before = of("b12_therapy.past")

    def compute(self) -> Fact:
        cause = self.cause
        return known(False) if cause.holds and self.treated_before.holds else cause


@fact("b12.needs_maintenance", "B12 deficiency that needs treatment for life")
class NeedsMaintenance(Computation):
    """A lifelong cause; or a diagnosis with an open status that neither diet nor a drug is
    known to explain."""

    lifelong = of("cause.lifelong")
    diagnosed = of("b12.diagnosed_open")
    dietary = of("cause.dietary")
    drug = of("cause.drug")

    def compute(self) -> Fact:
        lifelong = self.lifelong
        if lifelong.holds:
            return lifelong
        diagnosed = self.diagnosed
        if diagnosed.holds and not self.dietary.holds and not self.drug.holds:
            return diagnosed
        if lifelong.is_unknown:
            return unknown(lifelong.note)
        return unknown(diagnosed.note) if diagnosed.is_unknown else known(False)


@fact("patient.age_at_risk", "age at risk of B12 deficiency")
class AgeAtRisk(Computation):
    """An age of {age.at_risk_from} or more."""

    age = of("patient.age")
    at_risk_from = number("age.at_risk_from")

    def compute(self) -> Fact:
        age = self.age
        if age.is_unknown:
            return unknown(age.note)
        return known(age.value >= self.at_risk_from, *age.sources)


@fact("b12.risk_factor", "risk factor for B12 deficiency")
class RiskFactor(Computation):
    """Reasons to test B12 in a patient with neurological features: anaemia, long-term metformin or
    acid suppression, bariatric surgery, ileal resection or Crohn's disease, a vegan or vegetarian
    diet, or an age at risk."""

    risks = each(
        "anaemia",
        "metformin.long",
        "acid_suppression.long",
        "bariatric",
        "ileum.crohn",
        "diet.vegan",
        "patient.age_at_risk",
    )
    resection = of("ileum.resection")

    def compute(self) -> Fact:
        resection = self.resection
        resected = (
            unknown(resection.note)
            if resection.is_unknown
            else known(resection.value is not None, *resection.sources)
        )
        grounds = [*self.risks, resected]
        return truth(any_of(*grounds), *sources_of(grounds), note="not all risk factors known")


@fact("b12.test_indicated", "B12 test indicated")
class TestIndicated(Computation):
    """There is no usable B12 result within its window and no test is pending; and there is
    macrocytosis, high MMA, macrocytic anaemia on the problem list, or a neurological feature with a
    risk factor."""

    day = of("b12.result_day")
    pending = of("test.pending.b12")
    mma_is_high = of("mma.level").is_one_of("high")
    neuro = of("neuro.involvement")
    macrocytosis = of("macrocytosis")
    macrocytic_anaemia = of("anaemia.macrocytic")
    risk_factor = of("b12.risk_factor")

    def compute(self) -> Fact:
        day, pending = self.day, self.pending
        if day.value is not None or pending.holds:
            return known(False)
        neuro = self.neuro
        grounds = [
            self.macrocytosis,
            self.mma_is_high,
            self.macrocytic_anaemia,
            self.risk_factor if neuro.holds else neuro,
        ]
        verdict = any_of(*grounds)
        if verdict is False:
            return known(False)
        if verdict is None or day.is_unknown or pending.is_unknown:
            return unknown(day.note or pending.note or "not all grounds known")
        return known(True, *sources_of(grounds))
