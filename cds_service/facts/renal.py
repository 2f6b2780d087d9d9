"""Facts about the kidney and potassium."""

from __future__ import annotations

from decimal import Decimal

from ..fhir.interval import Cut, Interval
from .catalogue import define, fact
from .domains import ABSENT, UNKNOWN, given, one_of, result_of, same_as
from .fact import Fact, Source, absent, either, known, unknown
from .laboratory import Result
from .lists import problem
from .medications import taking
from .reads import Computation, each, number_by_unit, of
from .results import define_result, level_of, may_be_outdated, newest, newest_that

_RATE_UNIT = "mL/min/{1.73_m2}"
_MG_PER_DL = Decimal("88.4017")
_REDUCED = result_of("egfr.reported", "40", "reduced")
_NORMAL = result_of("egfr.reported", "60", "normal")
ANY_RATE = one_of(ABSENT, UNKNOWN, _REDUCED, _NORMAL)


@fact("egfr", "eGFR", "result", unit=_RATE_UNIT)
class Egfr(Computation):
    """The newer of the reported eGFR and CKD-EPI 2021 from creatinine; the reported one if both are
    from the same day."""

    reported = newest("egfr.reported")
    newest_creatinine = newest_that("creatinine")
    age = of("patient.age")
    sex = of("patient.sex")
    reduced_below = number_by_unit("egfr.reduced_below")
    # A walk chooses renal dysfunction, which may be on record without a rate, before the rate.
    domain = given(
        "renal.dysfunction",
        yes=ANY_RATE,
        no=_NORMAL,
        unknown=(ABSENT, UNKNOWN, _NORMAL),
    )

    def compute(self) -> Fact:
        reported = self.reported
        creatinine = self.newest_creatinine(lambda result: False)
        computed = self._rate(creatinine.value) if creatinine.value is not None else None
        if computed is None:
            open_question = (
                reported.value is None
                and not reported.is_unknown
                and (creatinine.is_unknown or creatinine.value is not None)
            )
            return (
                unknown(creatinine.note or "no eGFR can be calculated from creatinine")
                if open_question
                else reported
            )
        if reported.value is not None and reported.value.moment.day >= computed.moment.day:
            return reported
        if computed.level == "normal" and may_be_outdated(creatinine):
            return unknown(creatinine.note)
        return known(computed, Source(computed.reference, computed.moment.day, computed.as_sent))

    def _rate(self, creatinine: Result) -> Result | None:
        """eGFR by CKD-EPI 2021 (creatinine; N Engl J Med 2021;385:1737) for a known adult age and
        sex, else ``None``."""
        years, sex, point = self.age.value, self.sex.value, creatinine.interval.point
        if years is None or years < 18 or sex not in ("female", "male") or point is None:
            return None
        kappa, alpha, factor = (0.7, -0.241, 1.012) if sex == "female" else (0.9, -0.302, 1.0)
        ratio = float(point / _MG_PER_DL) / kappa
        rate = 142 * min(ratio, 1) ** alpha * max(ratio, 1) ** -1.2 * 0.9938**years * factor
        value = Decimal(str(round(rate, 3)))
        reduced = (
            Interval(value, value).classes((Cut(self.reduced_below(_RATE_UNIT), True),))[0] == 0
        )
        return Result(
            "egfr.reported",
            Interval(value, value),
            _RATE_UNIT,
            "reduced" if reduced else "normal",
            f"{round(rate)} mL/min/1.73 m2 (CKD-EPI 2021 from creatinine {creatinine.as_sent})",
            creatinine.moment,
            creatinine.reference,
            False,
            False,
            False,
        )


@fact("renal.dysfunction", "renal dysfunction")
class RenalDysfunction(Computation):
    """eGFR below {egfr.reduced_below}, or CKD 3 to 5, dialysis or diabetic nephropathy on record;
    without either, unknown."""

    rate = level_of("egfr")
    on_record = problem("ckd-3-to-5", "dialysis", "diabetic-nephropathy")

    def compute(self) -> Fact:
        rate = self.rate
        by_rate = (
            unknown("no eGFR")
            if rate.value is None
            else known(rate.value == "reduced", *rate.sources)
        )
        return either(by_rate, self.on_record)


@fact(
    "mma.renal_doubt",
    "renal doubt about a high methylmalonic acid",
    "category",
    values=("recorded", "open"),
)
class RenalDoubt(Computation):
    """Why a high methylmalonic acid may come from the kidney: renal dysfunction is recorded, or it
    is open whether there is any. Absent if eGFR is {egfr.reduced_below} or more, or if
    methylmalonic acid is not high."""

    mma_level = of("mma.level")
    rate = level_of("egfr")
    dysfunction = of("renal.dysfunction")

    def compute(self) -> Fact:
        if self.mma_level.value != "high" or self.rate.value == "normal":
            return absent()
        dysfunction = self.dysfunction
        return known("recorded", *dysfunction.sources) if dysfunction.holds else known("open")


_POTASSIUMS = (("2.7", "severely-low"), ("3.2", "low"), ("4.2", "normal"))
_OLDER_POTASSIUMS = tuple(result_of("potassium", *each, 10) for each in _POTASSIUMS)

define_result(
    "potassium",
    "potassium",
    (
        "The newest usable potassium of the last {window.potassium}; on one day, a laboratory "
        "result takes precedence over point of care."
    ),
    domain=one_of(
        ABSENT,
        UNKNOWN,
        *(result_of("potassium", value, level) for value, level in _POTASSIUMS),
        result_of("potassium", "3.2", "low", haemolysed=True, label="low, haemolysed"),
    ),
)

define(
    "potassium.level",
    "potassium level",
    level_of("potassium"),
    (
        "Severely low below {potassium.severe_below}, low below {potassium.low_below}; a result "
        "sent only as less than the second limit counts as low."
    ),
    kind="category",
    values=("severely-low", "low", "normal"),
)

define(
    "potassium.recent",
    "recent potassium",
    newest("potassium", "window.potassium_recent"),
    "The newest usable potassium of the last {window.potassium_recent}.",
    kind="result",
    unit="mmol/L",
    # The longer window contains the result of the shorter one, if there is one.
    domain=given(
        "potassium",
        yes=same_as("potassium"),
        no=(ABSENT, UNKNOWN, *_OLDER_POTASSIUMS),
        unknown=(*_OLDER_POTASSIUMS, UNKNOWN),
    ),
)

define(
    "potassium.recently_low",
    "recently low potassium",
    level_of("potassium.recent").is_one_of("severely-low", "low"),
    "The newest potassium of the last {window.potassium_recent} is below {potassium.low_below}.",
)


@fact(
    "potassium.before_b12",
    "correction of potassium before B12 injections",
    "category",
    values=("correct-first", "treat-both"),
)
class PotassiumBeforeB12(Computation):
    """What a potassium below {potassium.severe_below} asks for where injections of B12 are to
    begin: both are treated if B12 cannot wait, because neurological features or severe anaemia are
    known; else potassium is corrected first. Absent with any other potassium."""

    level = of("potassium.level")
    urgent = each("neuro.involvement", "anaemia.severe")

    def compute(self) -> Fact:
        level = self.level
        if level.value != "severely-low":
            return absent()
        cannot_wait = any(ground.holds for ground in self.urgent)
        return known("treat-both" if cannot_wait else "correct-first", *level.sources)


define(
    "potassium.risk",
    "risk from low potassium",
    taking("digoxin", "loop-diuretic", "thiazide-diuretic", "antiarrhythmic")
    | problem("heart-failure", "arrhythmia"),
    (
        "Current digoxin, loop or thiazide diuretic or antiarrhythmic; heart failure or arrhythmia "
        "on the problem list."
    ),
)
