"""What a fact can be follows from its kind and from the limits that other facts and cards put to it; what does not stands with the fact."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from cds_service.authoring.safety.job import engine, every_card
from cds_service.facts.catalogue import CATALOGUE, define, fact
from cds_service.facts.domains import ABSENT, FALSE, TRUE, UNKNOWN, given, one_of, same_as, where
from cds_service.facts.fact import Fact, known, unknown
from cds_service.facts.lists import patient, problem
from cds_service.facts.reads import Computation, Needs, Read, days, number, of
from cds_service.facts.session import OrderingSession
from cds_service.rules.conditions import Criterion
from cds_service.states.domains import domain_of, domains
from cds_service.states.limits import inputs_of, with_limits
from cds_service.states.values import NOW, TODAY
from cds_service.states.walk import StateFacts, walk


@pytest.fixture
def catalogue():
    """The catalogue, to which facts are added for one test."""
    before = dict(CATALOGUE)
    domains.cache_clear()
    yield CATALOGUE
    for name in CATALOGUE.keys() - before.keys():
        del CATALOGUE[name]
    domains.cache_clear()


def all_of(name, tried=None, parameters="default"):
    """Every fact that a walk takes the fact ``name`` to be."""
    site = engine(parameters, "all").site

    def start(choices):
        return StateFacts(site, OrderingSession(), NOW, tried or domains(), choices)

    return [found for _, found in walk(start, lambda facts: facts[name])]


def from_the_record(compute):
    """A read of the record that a walk cannot make."""
    return Read(Needs(queries=("conditions",)), compute)


def never(facts):
    raise AssertionError("the record was read")


def planted(operator, name, limit):
    """A card that compares the fact ``name`` with a number."""
    criterion = Criterion("planted", name, operator, Decimal(limit), None, None)
    return replace(every_card()[0], include=(criterion,))


@pytest.mark.usefixtures("catalogue")
def test_a_yes_no_fact_and_a_category_need_no_statement():
    define("new.problem", "a problem", problem("haemolysis"), "A problem.")
    define(
        "new.stage",
        "a stage",
        from_the_record(never),
        "A stage.",
        kind="category",
        values=("early", "late"),
    )
    assert {(each.state.value, each.value) for each in all_of("new.problem")} == {
        ("value", True),
        ("value", False),
        ("unknown", None),
    }
    assert {(each.state.value, each.value) for each in all_of("new.stage")} == {
        ("value", "early"),
        ("value", "late"),
        ("absent", None),
        ("unknown", None),
    }


@pytest.mark.usefixtures("catalogue")
def test_a_day_is_tried_on_both_sides_of_the_parameter_that_a_fact_compares_it_with():
    define("new.day", "a day", from_the_record(never), "A day.", kind="date")

    @fact("new.recent", "whether it is recent")
    class Recent(Computation):
        """The day is within {window.renal}."""

        day = of("new.day")
        window = days("window.renal")

        def compute(self) -> Fact:
            day = self.day
            if day.value is None:
                return unknown("no day") if day.is_unknown else known(False)
            return known(day.value >= self.facts.today - self.window)

    window = engine("default", "all").site.days("window.renal")
    tried = {each.value for each in all_of("new.day")}
    assert {TODAY - window, TODAY - window - timedelta(days=1), None} <= tried
    assert {each.holds for each in all_of("new.recent")} == {True, False, None}


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize("parameters", ["default", "uk"])
def test_a_number_is_tried_on_both_sides_of_parameters_and_of_cards(parameters):
    define("new.length", "a length", from_the_record(never), "A length.", kind="number", unit="cm")

    @fact("new.long", "whether it is long")
    class Long(Computation):
        """The length is above {ileum.extensive_above}."""

        length = of("new.length")
        limit = number("ileum.extensive_above")

        def compute(self) -> Fact:
            length = self.length
            if length.value is None:
                return unknown("no length")
            return known(length.value > self.limit)

    assert {each.holds for each in all_of("new.long", parameters=parameters)} == {True, False, None}
    extended = with_limits(domains(), [planted("at_least", "new.length", 75)])
    assert {
        each.value >= 75
        for each in all_of("new.length", extended, parameters)
        if each.value is not None
    } == {True, False}


@pytest.mark.usefixtures("catalogue")
def test_a_number_that_is_worked_out_from_a_new_day_is_tried_on_both_sides_too():
    define("new.day", "a day", from_the_record(never), "A day.", kind="date")

    @fact("new.days", "days since", "number", unit="d")
    class DaysSince(Computation):
        """Days since the day."""

        day = of("new.day")

        def compute(self) -> Fact:
            day = self.day
            return day if day.value is None else known((self.facts.today - day.value).days)

    @fact("new.long_ago", "whether it is long ago")
    class LongAgo(Computation):
        """It is more than {window.renal} ago."""

        days = of("new.days")
        limit = number("window.renal")

        def compute(self) -> Fact:
            days = self.days
            return unknown("no day") if days.value is None else known(days.value > self.limit)

    assert {each.holds for each in all_of("new.long_ago")} == {True, False, None}
    assert inputs_of("new.days") == ["new.day"]
    extended = with_limits(domains(), [planted("at_most", "new.days", 77)])
    days_tried = {each.value for each in all_of("new.days", extended) if each.value is not None}
    assert {count <= 77 for count in days_tried} == {True, False}


def test_a_number_asked_of_a_fact_that_takes_another_over_is_tried_there():
    """While treatment is under way its start is the latest start."""
    extended = with_limits(domains(), [planted("more_than", "b12_therapy.latest_days", 700)])

    def start(choices):
        site = engine("default", "all").site
        return StateFacts(site, OrderingSession(), NOW, extended, choices)

    def ask(facts):
        return facts["b12_therapy.active"].holds, facts["b12_therapy.latest_days"].value

    tried = {found for _, found in walk(start, ask)}
    for under_way in (True, False, None):
        assert {
            count > 700 for active, count in tried if active is under_way and count is not None
        } == {True, False}


def test_a_result_is_tried_in_each_class_of_each_parameter_set():
    assert CATALOGUE["platelets"].domain is None
    for parameters in ("default", "uk", "us"):
        levels = {
            each.value.level for each in all_of("platelets", parameters=parameters) if each.value
        }
        assert levels == {"low", "normal"}


@pytest.mark.usefixtures("catalogue")
def test_what_orders_a_fact_makes_does_not_follow_from_its_kind():
    define("new.orders", "orders", from_the_record(never), "Orders.", kind="orders")
    assert domain_of(CATALOGUE["new.orders"]) is None
    assert "new.orders" not in domains()


@pytest.mark.usefixtures("catalogue")
def test_a_domain_stands_with_its_fact_and_asks_others():
    @fact("new.onset", "whether its onset is known")
    class Onset(Computation):
        """The onset of a neurological feature."""

        record = patient()
        neuro = of("neuro.involvement")
        domain = given(neuro, yes=(TRUE, FALSE), no=FALSE, unknown=UNKNOWN)

    def start(choices):
        return StateFacts(engine("default", "all").site, OrderingSession(), NOW, domains(), choices)

    def ask(facts):
        return facts["new.onset"].holds, facts["neuro.involvement"].holds

    assert sorted((found for _, found in walk(start, ask)), key=str) == [
        (False, False),
        (False, True),
        (None, None),
        (True, True),
    ]


def test_domains_are_put_together():
    def labels(domain, **facts):
        site = engine("default", "all").site
        given_facts = StateFacts(site, OrderingSession(), NOW, {}, None)
        given_facts.so_far.update(facts)
        return [each.label for each in domain.classes(given_facts)]

    domain = where("leber", (ABSENT, same_as("leber")), otherwise=one_of(FALSE, UNKNOWN))
    assert labels(domain, leber=known(True)) == ["absent", "as leber"]
    assert labels(domain, leber=known(False)) == ["false", "unknown"]
    assert labels(domain, leber=unknown("not received")) == ["false", "unknown"]
