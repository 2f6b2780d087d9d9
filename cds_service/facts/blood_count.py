"""Facts from the blood count: haemoglobin, MCV, anaemia, macrocytosis."""

from __future__ import annotations

from decimal import Decimal

from .catalogue import Facts, fact
from .fact import Fact, known, truth, unknown
from .history import problems_in
from .laboratory import Result, level, may_be_outdated, newest


@fact("hb", "haemoglobin", "result", unit="g/L", queries=("blood-count",),
      uses=("patient.age_months", "patient.sex", "patient.pregnant"))  # fmt: skip
def haemoglobin(facts: Facts) -> Fact:
    """The newest usable haemoglobin within its window; one with a comparator that does not tell anaemia is passed over."""

    def proves(result: Result) -> bool:
        limits = anaemia_limits(facts)
        return limits is not None and (bool(result.interval.below(limits[0])) or result.interval.below(limits[1]) is False)

    return newest(facts, "hb", proves=proves)


@fact("mcv", "mean corpuscular volume", "result", unit="fL", queries=("blood-count",))
def mcv(facts: Facts) -> Fact:
    """The newest usable MCV within its window."""
    return newest(facts, "mcv")


@fact("platelets", "platelets", "result", unit="10*9/L", queries=("blood-count",))
def platelets(facts: Facts) -> Fact:
    """The newest usable platelet count within its window."""
    return newest(facts, "platelets")


def anaemia_limits(facts: Facts) -> tuple[Decimal, Decimal] | None:
    """Haemoglobin in g/L: anaemia below the first, none from the second; ``None`` below six months of age.

    WHO 2024 limits by age, sex and pregnancy. Where sex or pregnancy is unknown the two differ and lie between.
    """
    site = facts.site
    months = facts["patient.age_months"].value
    if months is not None and months < 180:
        if months < 6:
            return None
        bounds = ((24, "anaemia.6_to_23_months"), (60, "anaemia.2_to_4_years"), (144, "anaemia.5_to_11_years"))
        name = next((name for limit, name in bounds if months < limit), "anaemia.12_to_14_years")
        limit = site.number(name)
        pregnant = facts["patient.pregnant"].holds if name == "anaemia.12_to_14_years" else False
        if not pregnant:
            open_question = pregnant is None and _may_be_pregnant(facts, months)
            return (site.number("anaemia.pregnant_below") if open_question else limit), limit
    sex, men, women = facts["patient.sex"].value, site.number("anaemia.men"), site.number("anaemia.women")
    if sex == "male":
        return men, men
    pregnant = facts["patient.pregnant"].holds
    low, high = site.number("anaemia.pregnant_below"), site.number("anaemia.pregnant_none_from")
    if pregnant:
        return low, high
    if sex != "female":
        return women, men
    return (low, women) if pregnant is None and _may_be_pregnant(facts, months) else (women, women)


def _may_be_pregnant(facts: Facts, months: int | None) -> bool:
    """Whether an unknown pregnancy leaves the limit of a patient of that age open."""
    site = facts.site
    first, last = site.number("anaemia.pregnancy_unknown_from"), site.number("anaemia.pregnancy_unknown_to")
    return facts["patient.sex"].value == "female" and (months is None or first <= months // 12 <= last)


@fact("anaemia", "anaemia", uses=("hb", "patient.age_months", "patient.sex", "patient.pregnant"))
def anaemia(facts: Facts) -> Fact:
    """Haemoglobin below the limit for age, sex and pregnancy; unknown without haemoglobin, or between two limits."""
    hb = facts["hb"]
    if hb.value is None:
        return unknown(hb.note)
    limits = anaemia_limits(facts)
    if limits is None:
        return unknown("no limit below six months of age")
    below, none_from = limits
    interval = hb.value.interval
    if interval.below(below):
        return known(True, *hb.sources)
    if interval.below(none_from) is False:
        return unknown(hb.note) if may_be_outdated(hb) else known(False, *hb.sources)
    return unknown("haemoglobin between the limits that may apply")


@fact("anaemia.severe", "severe anaemia", uses=("hb", "anaemia", "patient.age", "patient.pregnant"))
def anaemia_severe(facts: Facts) -> Fact:
    """Haemoglobin below {anaemia.severe_below} (pregnant or under 5 years: {anaemia.severe_pregnant_or_under_5}), for the text of
    cards."""
    hb = facts["hb"]
    if hb.value is None:
        return unknown(facts["anaemia"].note)
    years = facts["patient.age"].value
    lower = facts["patient.pregnant"].holds or (years is not None and years < 5)
    limit = facts.site.number("anaemia.severe_pregnant_or_under_5" if lower else "anaemia.severe_below")
    return truth(hb.value.interval.below(limit), *hb.sources)


@fact("anaemia.macrocytic", "macrocytic anaemia on the problem list", queries=("conditions",))
def macrocytic_anaemia(facts: Facts) -> Fact:
    """Macrocytic or megaloblastic anaemia on the problem list, its cause not stated."""
    return problems_in(facts, "macrocytic-anaemia")


@fact("macrocytosis", "macrocytosis", uses=("mcv", "patient.age"))
def macrocytosis(facts: Facts) -> Fact:
    """MCV above {mcv.high_above} at age 15 or over."""
    years = facts["patient.age"].value
    if years is not None and years < 15:
        return known(False)
    result = level(facts["mcv"])
    return unknown(result.note) if result.value is None else known(result.value == "high", *result.sources)
