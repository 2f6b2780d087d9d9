"""Facts about causes of low B12: diet, long-term drugs, nitrous oxide."""

from __future__ import annotations

from datetime import date, datetime

from .answers import ANSWERS, EQUIVOCAL, NEGATIVE, answers, is_unanswered
from .catalogue import define, fact
from .courses import Gaps, course_start
from .domains import ABSENT, FALSE, TRUE, UNKNOWN, YES_NO, days_ago, given, where
from .fact import Fact, Source, absent, known, unknown
from .laboratory import FINAL, NO_RESULT, Result, observation_moment
from .lists import observations, problem, problem_that, problems, received
from .medications import orders, taking
from .reads import Computation, Read, computed, days, of, part
from .record import Problem


class _ObservedDiet(Computation):
    """A vegan or vegetarian diet as an Observation. For each diet, the newest Observation decides
    whether the patient follows it."""

    observed = observations("vegan-or-vegetarian", *ANSWERS)
    complete = received("findings", "conditions")

    def compute(self) -> Fact:
        site = self.facts.site
        newest: dict[frozenset[tuple[str, str]], tuple[datetime, bool, Source]] = {}
        unusable = False
        for resource in self.observed:
            moment = observation_moment(resource, site.zone)
            found = answers(resource, site.terminology)
            if (
                resource.status not in FINAL
                or moment is None
                or resource.is_unreadable
                or resource.lacks_part_of(("interpretation",))  # it may deny the diet
                or is_unanswered(resource)
                or EQUIVOCAL in found
            ):
                unusable |= resource.status not in NO_RESULT
                continue
            followed = NEGATIVE not in found
            told = moment.instant, followed, Source(resource.relative, moment.day)
            diet = frozenset(resource.code.codings if resource.code else ())
            newest[diet] = max(told, newest.get(diet, told), key=lambda item: item[:2])
        sources = [source for _, followed, source in newest.values() if followed]
        if sources:
            return known(True, *sources)
        if unusable:
            return unknown("a finding that cannot be used")
        return known(False) if self.complete() else unknown("findings not all received")


define(
    "diet.vegan",
    "vegan or vegetarian diet",
    problem("vegan-or-vegetarian") | computed(_ObservedDiet),
    "A vegan or vegetarian diet, as a Condition or as an Observation that does not deny it.",
)

define(
    "cause.dietary",
    "dietary cause",
    of("diet.vegan") | problem("dietary-b12-deficiency"),
    "A vegan or vegetarian diet, or dietary B12 deficiency on the problem list.",
    domain=given("diet.vegan", yes=TRUE, no=YES_NO, unknown=(TRUE, UNKNOWN)),
)


@fact("cause.dietary_alone", "dietary cause without a lifelong one")
class DietaryCauseAlone(Computation):
    """A dietary cause, and a lifelong cause is known to be absent."""

    dietary = of("cause.dietary")
    lifelong = of("cause.lifelong")

    def compute(self) -> Fact:
        dietary = self.dietary
        return known(bool(dietary.holds) and self.lifelong.holds is False, *dietary.sources)


@fact("nitrous_oxide", "nitrous oxide exposure")
class NitrousOxide(Computation):
    """Misuse, poisoning or recent exposure to nitrous oxide, recorded within
    {window.nitrous_oxide}."""

    exposure = problem_that("nitrous-oxide-exposure")
    window = days("window.nitrous_oxide")

    def compute(self) -> Fact:
        oldest = self.facts.today - self.window

        def is_recent(problem: Problem) -> bool:
            day = problem.recorded or problem.onset
            return day is None or day >= oldest

        return self.exposure(is_recent)


@fact("nitrous_oxide.last", "day of the last nitrous oxide exposure", "date")
class LastNitrousOxide(Computation):
    """The newest day on which exposure to nitrous oxide is recorded; unknown if an exposure has no
    date."""

    exposed = of("nitrous_oxide")
    exposures = problems("nitrous-oxide-exposure")
    domain = given(exposed, yes=(days_ago(0, 30), UNKNOWN), no=ABSENT, unknown=UNKNOWN)

    def compute(self) -> Fact:
        exposed = self.exposed
        if not exposed.holds:
            return unknown(exposed.note) if exposed.is_unknown else absent()
        recorded = [
            problem.recorded or problem.onset
            for problem in self.exposures
            if problem.confirmed and problem.active
        ]
        dated = [day for day in recorded if day is not None]
        return (
            known(max(dated), *exposed.sources)
            if dated and len(dated) == len(recorded)
            else unknown("its day is not stated")
        )


def is_since(result: Result | None, day: date | None) -> bool:
    """Whether there is a ``result``, and it was drawn on ``day`` or later."""
    return result is not None and day is not None and result.moment.day >= day


@fact(
    "nitrous_oxide.functional_tests_normal",
    "normal functional tests since the exposure to nitrous oxide",
)
class FunctionalTestsNormal(Computation):
    """Methylmalonic acid and homocysteine have both resulted since the last exposure,
    and neither is high."""

    last = of("nitrous_oxide.last")
    mma = of("mma")
    homocysteine = of("homocysteine")
    domain = where("nitrous_oxide", (TRUE, FALSE), otherwise=FALSE)

    def compute(self) -> Fact:
        day = self.last.value
        return known(
            self._is_normal_since(self.mma.value, day)
            and self._is_normal_since(self.homocysteine.value, day)
        )

    @staticmethod
    def _is_normal_since(result: Result | None, day: date | None) -> bool:
        return is_since(result, day) and result is not None and result.level == "normal"


def _long_term(agent: str, after: str) -> Read[Fact]:
    """Whether a drug is current, in an unbroken course that began at least as long ago as the
    parameter ``after`` says."""

    class LongTerm(Computation):
        taken = taking(agent)
        ordered = orders(agent)
        gaps = part(Gaps)
        least = days(after)

        def compute(self) -> Fact:
            taken = self.taken
            if not taken.holds:
                return taken
            ordered = [order for order in self.ordered if agent in order.product.agents]
            start = course_start(self.gaps.order_spans(ordered, lambda order: agent))
            if start is None:
                return unknown("its start is not known")
            return known(start <= self.facts.today - self.least, *taken.sources)

    return computed(LongTerm)


define(
    "metformin.long",
    "long-term metformin",
    _long_term("metformin", "metformin.long_after"),
    "Metformin, current and begun {metformin.long_after} ago or earlier.",
)

define(
    "acid_suppression.long",
    "long-term acid suppression",
    _long_term("acid-suppressant", "acid_suppression.long_after"),
    (
        "A proton-pump inhibitor or H2 blocker, current and begun {acid_suppression.long_after} "
        "ago or earlier."
    ),
)
