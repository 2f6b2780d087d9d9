"""Facts about vitamin B12: results, suspicion, and ``b12.status`` (clinical
specification, section 3.1)."""

from __future__ import annotations

from datetime import date

from .b12_results import LEVELS
from .b12_treatment import treatment
from .catalogue import fact
from .courses import Span
from .domains import FALSE, TRUE, YES_NO, given, where
from .fact import Fact, absent, known, unknown
from .laboratory import Result
from .lists import received
from .reads import Computation, Read, days, each, number_by_unit, of, part
from .recorded_pregnancies import RecordedPregnancies
from .results import level_of, may_be_outdated, results

STATUSES = ("paediatric", "treated", "deficient", "unlikely", "indeterminate", "sufficient")


class DecidingResult(Computation):
    """The B12 result that decides: the later of total and active B12; active B12 if both are of one
    day, and in pregnancy."""

    total = of("b12.total")
    active = of("b12.active")
    pregnant = of("patient.pregnant")

    def deciding(self) -> Result | None:
        """The deciding result; ``None`` without a usable one."""
        total: Result | None = self.total.value
        active: Result | None = self.active.value
        if total is None or active is None:
            return total or active
        return active if self.pregnant.holds or active.moment.day >= total.moment.day else total


@fact("b12.earlier_deficient", "another B12 result in the deficient class")
class EarlierDeficient(DecidingResult):
    """Another B12 result within its window is in the deficient class, with no treatment between it
    and the deciding result. A total in pregnancy, present or recorded for its day, counts only with
    neurological features; a second result of the same analyte and sample time does not count.

    If the newest result received would reassure, but a newer one may be missing, the others are
    compared with it.
    """

    window = days("window.b12")
    totals = results("b12.total")
    actives = results("b12.active")
    neuro = of("neuro.involvement")
    recorded_pregnancies = part(RecordedPregnancies)
    treatment = treatment()
    complete = received("b12-results")
    domain = given("b12.deciding_level", yes=YES_NO, no=FALSE, unknown=YES_NO)

    def compute(self) -> Fact:
        oldest = self.facts.today - self.window
        deciding = self.deciding() or self._withheld(oldest)
        if deciding is None:
            return known(False)
        found = [
            result
            for kind in (self.totals, self.actives)
            for result in kind.usable(oldest)
            if result.level == "deficient"
            and not _same_sample(result, deciding)
            and not self._lowered_by_pregnancy(result)
        ]
        treated = self.treatment.spans if found else ()
        untreated = [
            result
            for result in found
            if not any(_between(span, result, deciding) for span in treated)
        ]
        if untreated:
            return known(True, *(result.source for result in untreated))
        return (
            known(False)
            if self.complete(since=oldest)
            else unknown("laboratory results not all received")
        )

    def _withheld(self, oldest: date) -> Result | None:
        """The newest result received that does not decide because a newer one may be missing."""
        kinds = ((self.total, self.totals), (self.active, self.actives))
        received = [
            result
            for newest, every in kinds
            if newest.is_unknown and may_be_outdated(newest)
            for result in every.usable(oldest)
        ]
        return max(received, key=lambda result: result.moment.instant, default=None)

    def _lowered_by_pregnancy(self, result: Result) -> bool:
        if result.analyte != "b12.total" or self.neuro.holds:
            return False
        return bool(self.pregnant.holds) or self.recorded_pregnancies.lasted_on(result.moment.day)


def _same_sample(result: Result, deciding: Result) -> bool:
    return result.analyte == deciding.analyte and result.moment.instant == deciding.moment.instant


def _between(span: Span, earlier: Result, deciding: Result) -> bool:
    return span.start <= deciding.moment.day and earlier.moment.day <= span.end


@fact("b12.unexplained_high", "very high B12 without known treatment")
class UnexplainedHigh(Computation):
    """Total B12 is above {b12.total.implausible_above} although neurological features or a
    diagnosis of B12 deficiency hold and no treatment is known: injections may be unrecorded, or
    something may interfere with the assay."""

    total = of("b12.total")
    neuro = of("neuro.involvement")
    diagnosed = of("b12.diagnosed")
    treated = of("b12_therapy.active")
    implausible_above = number_by_unit("b12.total.implausible_above")

    def compute(self) -> Fact:
        total = self.total
        if total.value is None:
            return unknown(total.note) if total.is_unknown else known(False)
        limit = self.implausible_above(total.value.unit)
        doubted = self.neuro.holds or self.diagnosed.holds
        high = total.value.interval.above(limit) and doubted and not self.treated.holds
        return known(bool(high), *total.sources)


class OtherGrounds(Computation):
    """The grounds for suspecting B12 deficiency, apart from a very high result."""

    mma_level = of("mma.level")
    grounds = each("nitrous_oxide", "cause.gastric_or_hereditary", "b12.earlier_deficient")
    neuro = of("neuro.involvement")
    mcv = of("mcv")
    macrocytosis = of("macrocytosis")
    diagnosed = of("b12.diagnosed")
    treated = of("b12_therapy.active")

    def hold(self) -> Fact:
        """Whether a ground holds; with neurological features or a diagnosis, an unknown ground
        counts too."""
        if self.mma_level.value == "high" or any(ground.holds for ground in self.grounds):
            return known(True)
        neuro = self.neuro
        with_macrocytosis = neuro.holds and (self.mcv.is_unknown or self.mcv.value is not None)
        if with_macrocytosis and self.macrocytosis.holds:
            return known(True)
        if not (neuro.holds or self.diagnosed.holds):
            return known(False)
        open_question = any(ground.is_unknown for ground in self.grounds) or (
            with_macrocytosis and self.macrocytosis.is_unknown
        )
        if self.mma_level.is_unknown or open_question:
            return known(True, note="evidence of deficiency not all received")
        if self.treated.is_unknown:
            return known(True, note="the medication list was not received")
        return known(False)


@fact("b12.suspicion", "grounds for suspecting B12 deficiency despite the result")
class Suspicion(Computation):
    """Grounds to doubt a result that looks reassuring.

    High MMA, nitrous oxide, a gastric or hereditary cause on record, neurological features with
    macrocytosis, an earlier deficient result, or a very high one without treatment; with
    neurological features or a diagnosis, also any of these that was not received.
    """

    other_grounds = part(OtherGrounds)
    unexplained_high = of("b12.unexplained_high")

    def compute(self) -> Fact:
        other = self.other_grounds.hold()
        if other.holds:
            return other
        high = self.unexplained_high
        return known(bool(high.holds), *high.sources)


@fact("b12.deciding_level", "level of the deciding B12 result", "category", values=LEVELS)
class DecidingLevel(DecidingResult):
    """The class of the B12 result that decides: the later of total and active B12; active B12 if
    both are from the same day, and in pregnancy."""

    def compute(self) -> Fact:
        result = self.deciding()
        if result is not None:
            return known(result.level, result.source)
        missing = next((kind for kind in (self.total, self.active) if kind.is_unknown), None)
        return absent() if missing is None else unknown(missing.note)


@fact(
    "b12.results_status",
    "vitamin B12 status from the results",
    "category",
    values=STATUSES[:1] + STATUSES[2:],
)
class ResultsStatus(DecidingResult):
    """The B12 status from the results alone, whatever the treatment: the first of these that is
    known to hold.

    Paediatric: age below {age.adult_from}. Deficient: the deciding B12 result is in the deficient
    class (a low total in known pregnancy only with neurological features); or it is in the middle
    class, or a low total in pregnancy without such features, while methylmalonic acid (MMA) is high
    and eGFR is known not to be below {egfr.reduced_below}. Unlikely: the result is in the middle
    class, MMA is not high, and there is no suspicion. Indeterminate: any other middle result or low
    total in pregnancy; or a result in the sufficient class with suspicion or any B12 intake; or, if
    not all results were received and the newest one received would reassure, a deficient one among
    the others. Sufficient: any other result in the sufficient class. Unknown: no usable result. The
    later of total and active B12 decides; active B12 if both are from the same day, and in
    pregnancy.
    """

    paediatric = of("patient.paediatric")
    neuro = of("neuro.involvement")
    mma_level = of("mma.level")
    egfr_level = level_of("egfr")
    earlier_deficient = of("b12.earlier_deficient")
    suspicion = of("b12.suspicion")
    any_intake = of("b12.any_intake")

    def compute(self) -> Fact:
        paediatric = self.paediatric
        if paediatric.holds:
            return known("paediatric", *paediatric.sources)
        result = self.deciding()
        if result is None:
            earlier = self.earlier_deficient
            if earlier.holds:
                return known("indeterminate", *earlier.sources)
            return unknown(self.total.note or "no B12 result")
        if result.level == "deficient" and not self._is_low_in_pregnancy(result):
            return known("deficient", result.source)
        if result.level == "sufficient":
            doubted = self.suspicion.holds or self.any_intake.holds
            return known("indeterminate" if doubted else "sufficient", result.source)
        return known(self._middle(result), result.source, *self.mma_level.sources)

    def _is_low_in_pregnancy(self, result: Result) -> bool:
        """Whether the result is a low total in known pregnancy without neurological features: total
        B12 falls in pregnancy without deficiency."""
        return result.analyte == "b12.total" and bool(self.pregnant.holds) and not self.neuro.holds

    def _middle(self, result: Result) -> str:
        """The status for a middle result or a low total in pregnancy: methylmalonic acid decides if
        it can."""
        mma_level = self.mma_level.value
        rate = self.egfr_level.value if mma_level == "high" else None
        if mma_level == "high" and rate == "normal":
            return "deficient"
        if mma_level == "normal" and result.level == "indeterminate" and not self.suspicion.holds:
            return "unlikely"
        return "indeterminate"


class _Status(Computation):
    """The B12 status: treated if ``treatment``, which each subclass defines, holds; else the status
    from the results."""

    paediatric = of("patient.paediatric")
    by_results = of("b12.results_status")
    treatment: Read[Fact]

    def compute(self) -> Fact:
        paediatric = self.paediatric
        if paediatric.holds:
            return known("paediatric", *paediatric.sources)
        treatment = self.treatment
        return known("treated", *treatment.sources) if treatment.holds else self.by_results


@fact("b12.status", "vitamin B12 status", "category", values=STATUSES)
class Status(_Status):
    """Paediatric below {age.adult_from}; treated while B12 treatment is under way; else the
    status from the results."""

    treatment = of("b12_therapy.active")


@fact(
    "b12.status_beside_folate",
    "vitamin B12 status where folate is to be given",
    "category",
    values=STATUSES,
)
class StatusBesideFolate(_Status):
    """As the vitamin B12 status, but a course that is only scheduled or that this session stops
    does not count as treatment."""

    treatment = of("b12_therapy.counts_for_folate")


@fact("b12.only_unexplained_high", "very high B12 as the only doubt about the result")
class OnlyUnexplainedHigh(Computation):
    """The status is indeterminate only because B12 is very high and no treatment is known."""

    by_results = of("b12.results_status")
    deciding_level = of("b12.deciding_level")
    unexplained_high = of("b12.unexplained_high")
    other_grounds = part(OtherGrounds)
    any_intake = of("b12.any_intake")
    domain = where(by_results.is_one_of("indeterminate"), (TRUE, FALSE), otherwise=FALSE)

    def compute(self) -> Fact:
        if self.by_results.value != "indeterminate" or self.deciding_level.value != "sufficient":
            return known(False)
        alone = (
            self.unexplained_high.holds
            and not self.other_grounds.hold().holds
            and not self.any_intake.holds
        )
        return known(bool(alone))
