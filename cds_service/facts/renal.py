"""Facts about the kidney and potassium."""

from __future__ import annotations

from decimal import Decimal

from ..fhir.interval import Cut, Interval
from .catalogue import Facts, fact
from .fact import Fact, Source, known, truth, unknown
from .history import either, problems_in
from .laboratory import Result, level, may_be_outdated, newest
from .therapy import MEDICATION_QUERIES
from .unidentified import UNIDENTIFIED, has_unidentified_current

_RISK_DRUGS = frozenset({"digoxin", "loop-diuretic", "thiazide-diuretic", "antiarrhythmic"})
_RATE_UNIT = "mL/min/{1.73_m2}"
_MG_PER_DL = Decimal("88.4017")


@fact("egfr", "eGFR", "result", unit="mL/min/{1.73_m2}", queries=("renal-and-potassium",), uses=("patient.age", "patient.sex"))
def egfr(facts: Facts) -> Fact:
    """The newer of the reported eGFR and CKD-EPI 2021 from creatinine; of one day the reported."""
    reported = newest(facts, "egfr.reported")
    creatinine = newest(facts, "creatinine", proves=lambda result: False)
    computed = _computed(facts, creatinine.value) if creatinine.value is not None else None
    if computed is None:
        open_question = reported.value is None and not reported.is_unknown and (creatinine.is_unknown or creatinine.value is not None)
        return unknown(creatinine.note or "no rate can be worked out from creatinine") if open_question else reported
    if reported.value is not None and reported.value.moment.day >= computed.moment.day:
        return reported
    if computed.level == "normal" and may_be_outdated(creatinine):
        return unknown(creatinine.note)
    return known(computed, Source(computed.reference, computed.moment.day, computed.as_sent))


def _computed(facts: Facts, creatinine: Result) -> Result | None:
    """eGFR by CKD-EPI 2021 (creatinine; N Engl J Med 2021;385:1737) for a known adult age and sex, else ``None``."""
    years, sex, point = facts["patient.age"].value, facts["patient.sex"].value, creatinine.interval.point
    if years is None or years < 18 or sex not in ("female", "male") or point is None:
        return None
    kappa, alpha, factor = (0.7, -0.241, 1.012) if sex == "female" else (0.9, -0.302, 1.0)
    ratio = float(point / _MG_PER_DL) / kappa
    rate = 142 * min(ratio, 1) ** alpha * max(ratio, 1) ** -1.2 * 0.9938**years * factor
    value = Decimal(str(round(rate, 3)))
    reduced = Interval(value, value).classes((Cut(facts.site.number("egfr.reduced_below", _RATE_UNIT), True),))[0] == 0
    return Result(
        "egfr.reported", Interval(value, value), _RATE_UNIT, "reduced" if reduced else "normal",
        f"{round(rate)} mL/min/1.73 m2 (CKD-EPI 2021 from creatinine {creatinine.as_sent})", creatinine.moment,
        creatinine.reference, False, False, False,
    )  # fmt: skip


@fact("renal.dysfunction", "renal dysfunction", queries=("conditions",), uses=("egfr",))
def renal_dysfunction(facts: Facts) -> Fact:
    """eGFR below {egfr.reduced_below}, or CKD 3 to 5, dialysis or diabetic nephropathy on record; without either, unknown."""
    rate = level(facts["egfr"])
    by_rate = unknown("no eGFR") if rate.value is None else known(rate.value == "reduced", *rate.sources)
    return either(by_rate, problems_in(facts, "ckd-3-to-5", "dialysis", "diabetic-nephropathy"))


@fact("potassium", "potassium", "result", unit="mmol/L", queries=("renal-and-potassium",))
def potassium(facts: Facts) -> Fact:
    """The newest usable potassium of the last {window.potassium}; laboratory before point of care of the same day."""
    return newest(facts, "potassium")


@fact("potassium.level", "potassium level", "category", values=("severely-low", "low", "normal"), uses=("potassium",))
def potassium_level(facts: Facts) -> Fact:
    """Severely low below {potassium.severe_below}, low below {potassium.low_below}; a result sent as less than the latter is at least
    low."""
    return level(facts["potassium"])


@fact("potassium.recent", "recent potassium", "result", unit="mmol/L", queries=("renal-and-potassium",))
def potassium_recent(facts: Facts) -> Fact:
    """The newest usable potassium of the last {window.potassium_recent}."""
    return newest(facts, "potassium", window="window.potassium_recent")


@fact("potassium.recently_low", "recently low potassium", uses=("potassium.recent",))
def potassium_recently_low(facts: Facts) -> Fact:
    """The newest potassium of the last {window.potassium_recent} is below {potassium.low_below}."""
    recent = level(facts["potassium.recent"])
    if recent.is_unknown:
        return unknown(recent.note)
    return known(recent.value in ("severely-low", "low"), *recent.sources)


@fact("potassium.risk", "risk from low potassium", queries=("conditions", "medication-requests", "medication-statements"))
def potassium_risk(facts: Facts) -> Fact:
    """Current digoxin, loop or thiazide diuretic or antiarrhythmic; heart failure or arrhythmia on the problem list."""
    return either(current_medication(facts, *_RISK_DRUGS), problems_in(facts, "heart-failure", "arrhythmia"))


def current_medication(facts: Facts, *agents: str, begun: bool = False) -> Fact:
    """Whether an order or statement of one of ``agents`` is current (``begun``: and its first day has come)."""
    orders = facts.record.current_orders(facts.today)
    if begun:
        orders = [order for order in orders if order.begun(facts.today)]
    sources = [order.source for order in orders if not order.product.agents.isdisjoint(agents)]
    if sources:
        return known(True, *sources)
    if has_unidentified_current(facts.record, facts.today):
        return unknown(UNIDENTIFIED)
    complete = facts.record.complete(*MEDICATION_QUERIES[:2])
    return truth(False if complete else None, note="medications not all received")
