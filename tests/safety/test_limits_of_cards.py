"""Whatever numbers cards compare a fact with, the proof tries a value for every way to answer them."""

from dataclasses import replace
from decimal import Decimal

import pytest

from cds_service.authoring.fact_classes import classes, true_of
from cds_service.authoring.safety.job import engine, every_card
from cds_service.facts.catalogue import CATALOGUE
from cds_service.facts.laboratory import Result
from cds_service.facts.session import OrderingSession
from cds_service.rules.conditions import Criterion
from cds_service.states.domains import domains
from cds_service.states.limits import agreeing_ages, comparisons, doses, with_limits
from cds_service.states.sessions import dosed_sessions, ordering_sessions
from cds_service.states.values import NOW
from cds_service.states.walk import StateFacts, walk


def asked_by(cards):
    """The criteria with a number by the fact that they ask."""
    found = {}
    for criterion in (criterion for asked in comparisons(cards).values() for criterion in asked):
        found.setdefault(criterion.fact, []).append(criterion)
    return found


def all_of(site, tried, ask, orders=OrderingSession()):
    """What ``ask`` says in each state of the domains ``tried``."""

    def start(choices):
        return StateFacts(site, orders, NOW, tried, choices)

    return [found for _, found in walk(start, ask)]


def exact(fact):
    """Whether a value is one number; a result sent as "<" that leaves a criterion open answers as the unknown does."""
    ends = getattr(fact.value, "interval", None)
    return fact.value is not None and (ends is None or ends.low == ends.high)


def answers_tried(name, asked, cards, parameters="default"):
    site, tried = engine(parameters, "all").site, with_limits(domains(), cards)
    sessions = [OrderingSession()]
    if CATALOGUE[name].session:
        made = [
            *ordering_sessions(site.terminology),
            *dosed_sessions(site.terminology, **doses(cards)),
        ]
        sessions = [session.orders for session in made]

    return {
        true_of(found, asked, NOW.date())
        for orders in sessions
        for found in all_of(site, tried, lambda facts: facts[name], orders)
    }


def lacking(name, cards, parameters="default"):
    asked = asked_by(cards)[name]
    wanted = [found for found in classes(asked, NOW.date()) if exact(found.fact)]
    tried = answers_tried(name, asked, cards, parameters)
    return [found.words for found in wanted if found.true_of not in tried]


@pytest.mark.parametrize("name", asked_by(every_card()))
def test_every_answer_to_the_numbers_of_the_cards_is_tried(name):
    assert not lacking(name, every_card())


# Numbers that no card has yet.
PLANTED = [
    ("patient.age", "at_least", "75"),
    ("patient.age_months", "below", "6"),
    ("b12_therapy.days", "at_most", "45"),
    ("b12_therapy.latest_days", "more_than", "700"),
    ("b12_therapy.start", "older_than", "365"),
    ("b12_therapy.ended", "within", "30"),
    ("b12_therapy.interval", "at_most", "45"),
    ("b12.result_day", "within", "30"),
    ("monitoring.last", "older_than", "200"),
    ("homocysteine", "more_than", "15"),
    ("homocysteine.on_treatment", "more_than", "50"),
    ("mma", "at_least", "350"),
    ("b12.active", "below", "10"),
    ("hb", "below", "80"),
    ("mcv", "more_than", "120"),
    ("platelets", "below", "20"),
    ("potassium", "below", "2.5"),
    ("reticulocytes", "at_least", "100"),
    ("draft.folate_daily", "more_than", "4000"),
    ("draft.b12_oral_daily", "at_least", "1500"),
    ("draft.b12_interval", "more_than", "100"),
]


@pytest.mark.parametrize(
    "planted", PLANTED, ids=[f"{name} {operator} {limit}" for name, operator, limit in PLANTED]
)
@pytest.mark.parametrize("parameters", ["default", "uk"])
def test_so_is_every_answer_to_a_number_of_a_card_of_a_site(planted, parameters):
    name, operator, limit = planted
    site_card = replace(
        every_card()[0], include=(Criterion("planted", name, operator, Decimal(limit), None, None),)
    )
    assert not lacking(name, [*every_card(), site_card], parameters)


def test_each_parameter_set_puts_a_result_beside_a_new_number_in_its_own_class():
    """Below 350 nmol/L methylmalonic acid may be high where the limit is 280, and above it normal where that is 400."""
    site_card = replace(
        every_card()[0],
        include=(Criterion("planted", "mma", "at_least", Decimal(350), None, None),),
    )
    tried = with_limits(domains(), [site_card])

    def seen(parameters):
        site = engine(parameters, "all").site
        return {
            (result.level, result.interval.low >= 350)
            for fact in all_of(site, tried, lambda facts: facts["mma"])
            if isinstance(result := fact.value, Result)
        }

    assert seen("default") == {("normal", False), ("normal", True), ("high", True)}
    assert seen("uk") == {("normal", False), ("high", False), ("high", True)}


def test_no_child_is_75_years_old():
    site_card = replace(
        every_card()[0],
        include=(Criterion("planted", "patient.age", "at_least", Decimal(75), None, None),),
    )
    tried = with_limits(domains(), [site_card])
    tried["patient.age_months"] = agreeing_ages(tried["patient.age_months"])

    def age(facts):
        return facts["patient.paediatric"].holds, facts["patient.age"].value

    ages = set(all_of(engine("default", "all").site, tried, age))
    assert {(False, 75), (True, 15), (None, None)} <= ages
    assert all(below_16 is (None if years is None else years < 16) for below_16, years in ages)
