"""Facts from the blood count: haemoglobin, MCV, anaemia, macrocytosis."""

from __future__ import annotations

from decimal import Decimal

from ..fhir.interval import Interval
from .catalogue import define, fact
from .domains import ABSENT, FALSE, UNKNOWN, YES_NO, given, one_of, result_of, results_of
from .fact import Fact, Source, known, truth, unknown
from .laboratory import Result
from .lists import problem
from .reads import Computation, number, of, part
from .results import define_result, level_of, may_be_outdated, newest_that


class AnaemiaLimits(Computation):
    """The WHO 2024 limits of haemoglobin by age, sex and pregnancy."""

    months = of("patient.age_months")
    sex = of("patient.sex")
    pregnant = of("patient.pregnant")
    of_infants = number("anaemia.6_to_23_months")
    of_small_children = number("anaemia.2_to_4_years")
    of_children = number("anaemia.5_to_11_years")
    of_adolescents = number("anaemia.12_to_14_years")
    of_men = number("anaemia.men")
    of_women = number("anaemia.women")
    in_pregnancy = number("anaemia.pregnant_below")
    none_in_pregnancy_from = number("anaemia.pregnant_none_from")
    pregnancy_unknown_from = number("anaemia.pregnancy_unknown_from")
    pregnancy_unknown_to = number("anaemia.pregnancy_unknown_to")

    def limits(self) -> tuple[Decimal, Decimal] | None:
        """Haemoglobin in g/L: anaemia below the first, none from the second; ``None`` below six
        months of age.

        If sex or pregnancy is unknown, the two differ, and between them the question is open.
        """
        months = self.months.value
        if months is not None and months < 6:
            return None
        if months is not None and months < 144:
            young = self.of_infants if months < 24 else self.of_small_children
            limit = young if months < 60 else self.of_children
            return limit, limit
        if months is not None and months < 180:
            pregnant = self.pregnant.holds
            if not pregnant:
                limit = self.of_adolescents
                return (
                    self.in_pregnancy
                    if pregnant is None and self._may_be_pregnant(months)
                    else limit
                ), limit
        sex = self.sex.value
        if sex == "male":
            return self.of_men, self.of_men
        pregnant = self.pregnant.holds
        if pregnant:
            return self.in_pregnancy, self.none_in_pregnancy_from
        if sex != "female":
            return self.of_women, self.of_men
        women = self.of_women
        return (
            (self.in_pregnancy, women)
            if pregnant is None and self._may_be_pregnant(months)
            else (women, women)
        )

    def judge(self, haemoglobin: Interval, *sources: Source) -> Fact:
        """Whether a haemoglobin in g/L is anaemia; unknown if no limit applies, or between two that
        may apply."""
        limits = self.limits()
        if limits is None:
            return unknown("no limit below six months of age")
        if haemoglobin.below(limits[0]):
            return known(True, *sources)
        if haemoglobin.below(limits[1]) is False:
            return known(False, *sources)
        return unknown("haemoglobin between the limits that may apply")

    def _may_be_pregnant(self, months: int | None) -> bool:
        """Whether the patient is a woman of an age at which an unknown pregnancy leaves the limit
        open."""
        if self.sex.value != "female":
            return False
        return (
            months is None
            or self.pregnancy_unknown_from <= months // 12 <= self.pregnancy_unknown_to
        )


_LOW = result_of("hb", "90", "")
ANY_HAEMOGLOBIN = one_of(ABSENT, UNKNOWN, _LOW)


@fact("hb", "haemoglobin", "result", unit="g/L")
class Haemoglobin(Computation):
    """The newest usable haemoglobin within its window; a result whose comparator leaves anaemia
    open is passed over."""

    newest = newest_that("hb")
    anaemia = part(AnaemiaLimits)
    # A walk chooses anaemia, the wider question, before the haemoglobin.
    domain = given("anaemia", yes=_LOW, no=_LOW, unknown=ANY_HAEMOGLOBIN)

    def compute(self) -> Fact:
        return self.newest(self._proves)

    def _proves(self, result: Result) -> bool:
        return not self.anaemia.judge(result.interval).is_unknown


define_result(
    "mcv",
    "mean corpuscular volume",
    "The newest usable MCV within its window.",
    domain=results_of("mcv", ("90", "normal"), ("112", "high")),
)

define_result("platelets", "platelets", "The newest usable platelet count within its window.")


@fact("anaemia", "anaemia")
class Anaemia(AnaemiaLimits):
    """Haemoglobin below the limit for age, sex and pregnancy; unknown without haemoglobin, or
    between two limits."""

    hb = of("hb")

    def compute(self) -> Fact:
        hb = self.hb
        if hb.value is None:
            return unknown(hb.note)
        verdict = self.judge(hb.value.interval, *hb.sources)
        reassures = verdict.holds is False
        return unknown(hb.note) if reassures and may_be_outdated(hb) else verdict


@fact("anaemia.severe", "severe anaemia")
class SevereAnaemia(Computation):
    """Haemoglobin below {anaemia.severe_below} (pregnant or under 5 years:
    {anaemia.severe_pregnant_or_under_5}), for the text of cards."""

    hb = of("hb")
    anaemia = of("anaemia")
    age = of("patient.age")
    pregnant = of("patient.pregnant")
    limit = number("anaemia.severe_below")
    lower_limit = number("anaemia.severe_pregnant_or_under_5")
    # A haemoglobin sent with "<" may leave severity open.
    domain = given(
        hb,
        yes=given(anaemia, yes=YES_NO, no=(FALSE, UNKNOWN), unknown=YES_NO),
        no=UNKNOWN,
        unknown=UNKNOWN,
    )

    def compute(self) -> Fact:
        hb = self.hb
        if hb.value is None:
            return unknown(self.anaemia.note)
        years = self.age.value
        lower = self.pregnant.holds or (years is not None and years < 5)
        return truth(
            hb.value.interval.below(self.lower_limit if lower else self.limit), *hb.sources
        )


define(
    "anaemia.macrocytic",
    "macrocytic anaemia on the problem list",
    problem("macrocytic-anaemia"),
    "Macrocytic or megaloblastic anaemia on the problem list, without a stated cause.",
)


@fact("macrocytosis", "macrocytosis")
class Macrocytosis(Computation):
    """MCV above {mcv.high_above} at age 15 or over."""

    age = of("patient.age")
    volume = level_of("mcv")

    def compute(self) -> Fact:
        years = self.age.value
        if years is not None and years < 15:
            return known(False)
        volume = self.volume
        return (
            unknown(volume.note)
            if volume.value is None
            else known(volume.value == "high", *volume.sources)
        )
