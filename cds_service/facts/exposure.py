"""Facts about what lowers B12: diet, long-term drugs, nitrous oxide."""

from __future__ import annotations

from .catalogue import Facts, fact
from .fact import Fact, Source, known, unknown
from .history import either, problems_in
from .laboratory import FINAL, NO_RESULT, is_unreadable, observation_moment
from .record import Problem
from .renal import current_medication
from .therapy import course_start, order_spans


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


@fact("nitrous_oxide", "nitrous oxide exposure", queries=("conditions",))
def nitrous_oxide(facts: Facts) -> Fact:
    """Misuse, poisoning or recent exposure to nitrous oxide, recorded within {window.nitrous_oxide}."""
    oldest = facts.today - facts.site.days("window.nitrous_oxide")

    def recent(problem: Problem) -> bool:
        day = problem.recorded or problem.onset
        return day is None or day >= oldest

    return problems_in(facts, "nitrous-oxide-exposure", where=recent)


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
