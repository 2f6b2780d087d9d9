"""Facts about what lowers B12: diet, long-term drugs, nitrous oxide."""

from __future__ import annotations

from datetime import date

from .catalogue import Facts, fact
from .courses import course_start, order_spans
from .fact import Fact, Source, absent, known, unknown
from .history import either, problems_in
from .laboratory import FINAL, NO_RESULT, Result, is_unreadable, observation_moment
from .record import Problem
from .renal import current_medication


@fact("diet.vegan", "vegan or vegetarian diet", queries=("conditions", "findings"))
def vegan(facts: Facts) -> Fact:
    """A vegan or vegetarian diet, as a Condition or as an Observation that does not deny it."""
    return either(problems_in(facts, "vegan-or-vegetarian"), _observed_diet(facts))


def _observed_diet(facts: Facts) -> Fact:
    sources = []
    unusable = False
    for resource in facts.record.observations("vegan-or-vegetarian"):
        moment = observation_moment(resource, facts.site.zone)
        answers = facts.site.terminology.sets_of_concept(resource.valueCodeableConcept)
        if resource.status not in FINAL or moment is None or is_unreadable(resource):
            unusable |= resource.status not in NO_RESULT
        elif resource.valueBoolean is not False and "negative-answer" not in answers:
            sources.append(Source(resource.relative, moment.day))
    if sources:
        return known(True, *sources)
    if unusable:
        return unknown("a finding that cannot be used")
    return known(False) if facts.record.complete("findings", "conditions") else unknown("findings not all received")


@fact("cause.dietary", "dietary cause", queries=("conditions",), uses=("diet.vegan",))
def dietary(facts: Facts) -> Fact:
    """A vegan or vegetarian diet, or dietary B12 deficiency on the problem list."""
    return either(facts["diet.vegan"], problems_in(facts, "dietary-b12-deficiency"))


@fact("cause.dietary_alone", "dietary cause and none for life", uses=("cause.dietary", "cause.lifelong"))
def dietary_alone(facts: Facts) -> Fact:
    """A dietary cause, and a lifelong cause is known to be absent."""
    dietary_cause = facts["cause.dietary"]
    return known(bool(dietary_cause.holds) and facts["cause.lifelong"].holds is False, *dietary_cause.sources)


@fact("nitrous_oxide", "nitrous oxide exposure", queries=("conditions",))
def nitrous_oxide(facts: Facts) -> Fact:
    """Misuse, poisoning or recent exposure to nitrous oxide, recorded within {window.nitrous_oxide}."""
    oldest = facts.today - facts.site.days("window.nitrous_oxide")

    def recent(problem: Problem) -> bool:
        day = problem.recorded or problem.onset
        return day is None or day >= oldest

    return problems_in(facts, "nitrous-oxide-exposure", where=recent)


@fact("nitrous_oxide.last", "day of the last nitrous oxide exposure", "date", queries=("conditions",), uses=("nitrous_oxide",))
def nitrous_oxide_last(facts: Facts) -> Fact:
    """The newest day on which exposure to nitrous oxide is recorded; unknown where one is without a date."""
    exposed = facts["nitrous_oxide"]
    if not exposed.holds:
        return unknown(exposed.note) if exposed.is_unknown else absent()
    days = [problem.recorded or problem.onset for problem in facts.record.problems if _is_exposure(problem)]
    dated = [day for day in days if day is not None]
    return known(max(dated), *exposed.sources) if dated and len(dated) == len(days) else unknown("its day is not stated")


def _is_exposure(problem: Problem) -> bool:
    return "nitrous-oxide-exposure" in problem.value_sets and problem.confirmed and problem.active


def resulted_since(facts: Facts, name: str, day: date | None) -> bool:
    """Whether the result ``name`` was drawn on ``day`` or later."""
    result: Result | None = facts[name].value
    return result is not None and day is not None and result.moment.day >= day


@fact("nitrous_oxide.functional_tests_normal", "normal functional tests since the exposure to nitrous oxide",
      uses=("nitrous_oxide.last", "mma", "homocysteine"))  # fmt: skip
def functional_tests_normal(facts: Facts) -> Fact:
    """Methylmalonic acid and homocysteine have both resulted since the last exposure, and neither is high."""
    day = facts["nitrous_oxide.last"].value
    normal = (resulted_since(facts, name, day) and facts[name].value.level == "normal" for name in ("mma", "homocysteine"))
    return known(all(normal))


def _long_term(facts: Facts, agent: str, parameter: str) -> Fact:
    """Whether a drug is current in an unbroken course that began long enough ago."""
    current = current_medication(facts, agent)
    if not current.holds:
        return current
    orders = [order for order in facts.record.orders if agent in order.product.agents]
    start = course_start(order_spans(orders, lambda order: agent, facts.today, facts.site))
    if start is None:
        return unknown("its start is not known")
    return known(start <= facts.today - facts.site.days(parameter), *current.sources)


_MEDICATIONS = ("medication-requests", "medication-statements")


@fact("metformin.long", "long-term metformin", queries=_MEDICATIONS)
def metformin(facts: Facts) -> Fact:
    """Metformin, current and begun {metformin.long_after} ago or earlier."""
    return _long_term(facts, "metformin", "metformin.long_after")


@fact("acid_suppression.long", "long-term acid suppression", queries=_MEDICATIONS)
def acid_suppression(facts: Facts) -> Fact:
    """A proton-pump inhibitor or H2 blocker, current and begun {acid_suppression.long_after} ago or earlier."""
    return _long_term(facts, "acid-suppressant", "acid_suppression.long_after")
