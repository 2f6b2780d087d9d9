"""Facts about vitamin B12: results, suspicion, and ``b12.status`` (clinical specification, section 3.1)."""

from __future__ import annotations

from datetime import date, timedelta

from .analytes import ANALYTES
from .b12_treatment import treatment_of
from .catalogue import Facts, fact
from .courses import Span
from .fact import Fact, absent, any_of, known, unknown
from .laboratory import Result, level, newest

LEVELS = ("deficient", "indeterminate", "sufficient")
STATUSES = ("paediatric", "treated", "deficient", "unlikely", "indeterminate", "sufficient")


@fact("b12.total", "total vitamin B12", "result", unit="ng/L", other_units=("pmol/L",), queries=("b12-results",))
def total(facts: Facts) -> Fact:
    """The newest usable total B12 within its window, in ng/L or pmol/L as reported."""
    return newest(facts, "b12.total")


@fact("b12.total.level", "total B12 level", "category", values=LEVELS, uses=("b12.total",))
def total_level(facts: Facts) -> Fact:
    """Deficient below {b12.total.deficient_below}, indeterminate up to {b12.total.sufficient_above}, else sufficient; in the unit
    reported."""
    return level(facts["b12.total"])


@fact("b12.active", "active B12 (holotranscobalamin)", "result", unit="pmol/L", queries=("b12-results",))
def active(facts: Facts) -> Fact:
    """The newest usable active B12 within its window."""
    return newest(facts, "b12.active")


@fact("b12.active.level", "active B12 level", "category", values=LEVELS, uses=("b12.active",))
def active_level(facts: Facts) -> Fact:
    """Deficient below {b12.active.deficient_below}, indeterminate up to {b12.active.sufficient_above}, else sufficient."""
    return level(facts["b12.active"])


@fact("mma", "methylmalonic acid", "result", unit="nmol/L", queries=("b12-results",))
def mma(facts: Facts) -> Fact:
    """The newest usable methylmalonic acid in serum or plasma within its window."""
    return newest(facts, "mma")


@fact("mma.level", "methylmalonic acid level", "category", values=("normal", "high"), uses=("mma",))
def mma_level(facts: Facts) -> Fact:
    """High above {mma.high_above}, which differs by parameter set."""
    return level(facts["mma"])


@fact("homocysteine", "homocysteine", "result", unit="umol/L", queries=("b12-results",))
def homocysteine(facts: Facts) -> Fact:
    """The newest usable homocysteine within its window. It never classifies B12 status alone."""
    return newest(facts, "homocysteine")


@fact(
    "b12.earlier_deficient", "another B12 result in the deficient class", queries=("b12-results", "conditions"),
    uses=("b12.total", "b12.active", "patient.pregnant", "b12_therapy.active", "neuro.involvement"),
)  # fmt: skip
def earlier_deficient(facts: Facts) -> Fact:
    """Another B12 result within its window is in the deficient class (a total not while pregnant, unless with neurological
    features), with no therapy between it and the deciding one. A second result of the same sample time is no ground."""
    deciding = _deciding(facts)
    if deciding is None:
        return known(False)
    oldest = facts.today - facts.site.days("window.b12")
    found = [
        result
        for name in ("b12.total", "b12.active")
        for result in facts.record.results(ANALYTES[name], facts.today).usable(oldest)
        if result.level == "deficient" and not _same_sample(result, deciding) and not _lowered_by_pregnancy(facts, result)
    ]
    treated = treatment_of(facts).spans if found else ()
    untreated = [result for result in found if not any(_between(span, result, deciding) for span in treated)]
    if untreated:
        return known(True, *(result.source for result in untreated))
    return known(False) if facts.record.complete("b12-results", since=oldest) else unknown("laboratory results not all received")


def _same_sample(result: Result, deciding: Result) -> bool:
    return result.analyte == deciding.analyte and result.moment.instant == deciding.moment.instant


def _lowered_by_pregnancy(facts: Facts, result: Result) -> bool:
    if result.analyte != "b12.total" or facts["neuro.involvement"].holds:
        return False
    return bool(facts["patient.pregnant"].holds) or pregnancy_recorded_on(facts, result.moment.day)


def pregnancy_recorded_on(facts: Facts, day: date) -> bool:
    """Whether a pregnancy is recorded that may have lasted on ``day``."""
    length: timedelta = facts.site.days("window.pregnancy")
    begun = [problem.onset or problem.recorded for problem in facts.record.problems if "pregnancy" in problem.value_sets]
    return any(start is not None and start <= day <= start + length for start in begun)


def _between(span: Span, earlier: Result, deciding: Result) -> bool:
    return span.start <= deciding.moment.day and earlier.moment.day <= span.end


@fact(
    "b12.unexplained_high", "very high B12 without known treatment",
    uses=("b12.total", "neuro.involvement", "b12.diagnosed", "b12_therapy.active"),
)  # fmt: skip
def unexplained_high(facts: Facts) -> Fact:
    """Total B12 is above {b12.total.implausible_above}, while neurological features or a diagnosis of B12 deficiency
    hold and no treatment is known: injections may not be recorded, or the assay may be disturbed."""
    total_b12 = facts["b12.total"]
    if total_b12.value is None:
        return unknown(total_b12.note) if total_b12.is_unknown else known(False)
    limit = facts.site.number("b12.total.implausible_above", total_b12.value.unit)
    doubted = facts["neuro.involvement"].holds or facts["b12.diagnosed"].holds
    high = total_b12.value.interval.above(limit) and doubted and not facts["b12_therapy.active"].holds
    return known(bool(high), *total_b12.sources)


@fact(
    "b12.suspicion", "grounds for suspecting B12 deficiency despite the result",
    uses=(
        "mma.level", "nitrous_oxide", "cause.gastric_or_hereditary", "neuro.involvement",
        "mcv", "macrocytosis", "b12.earlier_deficient", "b12.diagnosed", "b12_therapy.active", "b12.unexplained_high",
    ),
)  # fmt: skip
def suspicion(facts: Facts) -> Fact:
    """Grounds on which a result that looks reassuring does not settle the matter.

    High MMA, nitrous oxide, a lifelong cause on record, neurological features with macrocytosis, an earlier deficient result,
    or a very high one without treatment; and, while neurological features or a diagnosis hold, any of these that was not
    received.
    """
    other = _other_grounds(facts)
    return other if other.holds else known(bool(facts["b12.unexplained_high"].holds), *facts["b12.unexplained_high"].sources)


def _other_grounds(facts: Facts) -> Fact:
    """The grounds for suspicion beside a very high result."""
    grounds = ["nitrous_oxide", "cause.gastric_or_hereditary", "b12.earlier_deficient"]
    if facts["mma.level"].value == "high" or any(facts[name].holds for name in grounds):
        return known(True)
    mma_unknown = facts["mma.level"].is_unknown
    neuro = facts["neuro.involvement"]
    if neuro.holds and (facts["mcv"].is_unknown or facts["mcv"].value is not None):
        grounds.append("macrocytosis")
        if facts["macrocytosis"].holds:
            return known(True)
    if not (neuro.holds or facts["b12.diagnosed"].holds):
        return known(False)
    if mma_unknown or any(facts[name].is_unknown for name in grounds):
        return known(True, note="not everything that speaks for deficiency was received")
    if facts["b12_therapy.active"].is_unknown:
        return known(True, note="the medication list was not received")
    return known(False)


def _deciding(facts: Facts) -> Result | None:
    """The B12 result that decides: the later of total and active, active on the same day and in pregnancy."""
    total_result: Result | None = facts["b12.total"].value
    active_result: Result | None = facts["b12.active"].value
    if total_result is None or active_result is None:
        return total_result or active_result
    if facts["patient.pregnant"].holds or active_result.moment.day >= total_result.moment.day:
        return active_result
    return total_result


@fact("b12.deciding_level", "level of the B12 result that decides", "category", values=LEVELS,
      uses=("b12.total", "b12.active", "patient.pregnant"))  # fmt: skip
def deciding_level(facts: Facts) -> Fact:
    """The class of the later of total and active B12; of active B12 on the same day and in pregnancy."""
    result = _deciding(facts)
    if result is not None:
        return known(result.level, result.source)
    missing = next((facts[name] for name in ("b12.total", "b12.active") if facts[name].is_unknown), None)
    return absent() if missing is None else unknown(missing.note)


@fact(
    "b12.results_status", "vitamin B12 status by the results", "category", values=STATUSES[:1] + STATUSES[2:],
    uses=(
        "patient.age", "patient.paediatric", "patient.pregnant", "b12.total", "b12.active",
        "mma.level", "egfr", "neuro.involvement", "b12.suspicion", "b12.any_intake",
    ),
)  # fmt: skip
def results_status(facts: Facts) -> Fact:
    """Where the patient stands by the results, whatever the treatment: the first of these that is known to hold.

    Paediatric: age below {age.adult_from}. Deficient: the deciding B12 result is in the deficient class (a low total
    in known pregnancy only with neurological features); or it is in the middle class or such a low total,
    methylmalonic acid (MMA) is high, and eGFR is known not to be below {egfr.reduced_below}. Unlikely: the result is
    in the middle class, MMA is not high, and there is no suspicion. Indeterminate: any other middle result or low
    total in pregnancy; or a result in the sufficient class with suspicion or any B12 intake. Sufficient: any other
    result in that class. Unknown without a usable result. The later of total and active B12 decides; active B12 on
    the same day and in pregnancy.
    """
    if facts["patient.paediatric"].holds:
        return known("paediatric", *facts["patient.paediatric"].sources)
    result = _deciding(facts)
    if result is None:
        return unknown(facts["b12.total"].note or "no B12 result")
    if result.level == "deficient" and not _low_in_pregnancy(facts, result):
        return known("deficient", result.source)
    if result.level == "sufficient":
        doubted = facts["b12.suspicion"].holds or facts["b12.any_intake"].holds
        return known("indeterminate" if doubted else "sufficient", result.source)
    return known(_middle(facts, result), result.source, *facts["mma.level"].sources)


def _status_with(facts: Facts, treatment: str) -> Fact:
    """Where the patient stands, with the fact ``treatment`` for what counts as treatment."""
    if facts["patient.paediatric"].holds:
        return known("paediatric", *facts["patient.paediatric"].sources)
    therapy = facts[treatment]
    return known("treated", *therapy.sources) if therapy.holds else facts["b12.results_status"]


@fact("b12.status", "vitamin B12 status", "category", values=STATUSES,
      uses=("patient.paediatric", "b12_therapy.active", "b12.results_status"))  # fmt: skip
def status(facts: Facts) -> Fact:
    """Paediatric below {age.adult_from}; treated while B12 treatment is under way; else the status by the results."""
    return _status_with(facts, "b12_therapy.active")


@fact("b12.status_beside_folate", "vitamin B12 status where folate is to be given", "category", values=STATUSES,
      uses=("patient.paediatric", "b12_therapy.counts_for_folate", "b12.results_status"))  # fmt: skip
def status_beside_folate(facts: Facts) -> Fact:
    """As the vitamin B12 status, but a course that is only scheduled or that this session stops is no treatment."""
    return _status_with(facts, "b12_therapy.counts_for_folate")


@fact(
    "b12.only_unexplained_high", "very high B12 as the only doubt about the result",
    uses=("b12.results_status", "b12.deciding_level", "b12.unexplained_high", "b12.any_intake",
          "mma.level", "nitrous_oxide", "cause.gastric_or_hereditary", "neuro.involvement",
          "mcv", "macrocytosis", "b12.earlier_deficient", "b12.diagnosed", "b12_therapy.active"),
)  # fmt: skip
def only_unexplained_high(facts: Facts) -> Fact:
    """The status is indeterminate only because B12 is very high and no treatment is known."""
    if facts["b12.results_status"].value != "indeterminate" or facts["b12.deciding_level"].value != "sufficient":
        return known(False)
    alone = facts["b12.unexplained_high"].holds and not _other_grounds(facts).holds and not facts["b12.any_intake"].holds
    return known(bool(alone))


def _low_in_pregnancy(facts: Facts, result: Result) -> bool:
    """A low total in known pregnancy without neurological features: total B12 falls there without deficiency."""
    return result.analyte == "b12.total" and bool(facts["patient.pregnant"].holds) and not facts["neuro.involvement"].holds


def _middle(facts: Facts, result: Result) -> str:
    """The status of a middle result, or of a low total in pregnancy: methylmalonic acid decides where it can."""
    mma_level_now = facts["mma.level"].value
    rate = level(facts["egfr"]).value if mma_level_now == "high" else None
    if mma_level_now == "high" and rate == "normal":
        return "deficient"
    if mma_level_now == "normal" and result.level == "indeterminate" and not facts["b12.suspicion"].holds:
        return "unlikely"
    return "indeterminate"


@fact(
    "b12.deficiency_likely", "known or likely B12 deficiency",
    uses=(
        "b12.status_beside_folate", "b12.diagnosed", "neuro.involvement", "b12.low_on_therapy", "b12.only_unexplained_high",
    ),
)  # fmt: skip
def deficiency_likely(facts: Facts) -> Fact:
    """B12 deficient, or low on therapy; or a diagnosis or neurological features while the status is open, unless that is so only
    because B12 is very high."""
    now = facts["b12.status_beside_folate"]
    if now.value == "deficient":
        return known(True, *now.sources)
    if facts["b12.low_on_therapy"].holds:
        return known(True, *facts["b12.low_on_therapy"].sources)
    if now.value in ("unlikely", "sufficient", "treated") or facts["b12.only_unexplained_high"].holds:
        return known(False)
    grounds = (facts["b12.diagnosed"], facts["neuro.involvement"])
    verdict = any_of(*grounds)
    if verdict is None:
        return unknown("conditions not all received")
    return known(verdict, *(source for ground in grounds if ground.holds for source in ground.sources))


@fact("b12.status_open", "B12 status not settled", uses=("b12.status_beside_folate",))
def status_open(facts: Facts) -> Fact:
    """B12 status unknown, indeterminate or paediatric where folate is to be given: nothing speaks against deficiency."""
    now = facts["b12.status_beside_folate"]
    return known(now.is_unknown or now.value in ("indeterminate", "paediatric"))
