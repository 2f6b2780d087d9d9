"""The classes that the proof tries against whole patients: what a record can say is among them."""

from functools import cache

from hypothesis import HealthCheck, given, settings

from cds_service.authoring.safety.job import chosen_domains, engine, status_relation
from cds_service.config import Settings
from cds_service.engine import PARAMETER_SETS, Engine
from cds_service.facts.catalogue import CATALOGUE
from cds_service.facts.kinds import CATEGORY, YES_NO
from cds_service.states.values import NOW as DAY_OF_STATES
from tests.bench.rules import call_of
from tests.safety.patients import SITES, visits
from tests.support.fhir_builders import NOW


@cache
def criteria_on(name):
    cards = [
        card for parameters in PARAMETER_SETS for card in engine(parameters, "all").cards.values()
    ]
    return [criterion for card in cards for criterion in card.asks if criterion.fact == name]


class Alone(dict):
    """One fact, as criteria see it."""

    def __init__(self, name, fact, today):
        super().__init__({name: fact})
        self.today = today


def looks_like(name, fact, today):
    """All that cards and other facts can tell of a fact, but for the very number."""
    if fact.value is None:
        return fact.state
    kind = CATALOGUE[name].kind
    if kind in (YES_NO, CATEGORY) and name != "folate.reason":  # whose reason nothing asks
        return fact.value
    told = [criterion.truth(Alone(name, fact, today), None) for criterion in criteria_on(name)]
    return (
        fact.state,
        bool(fact.value),
        told,
        getattr(fact.value, "level", ""),
        getattr(fact.value, "haemolysed", False),
    )


def classes_of(name, facts):
    """The labels of the classes that the fact may be in."""
    wanted = looks_like(name, facts[name], facts.today)
    options = chosen_domains()[name].classes(facts)
    dates = [
        facts.today if option.fact is facts[name] else DAY_OF_STATES.date() for option in options
    ]
    return [
        option.label
        for option, today in zip(options, dates, strict=True)
        if looks_like(name, option.fact, today) == wanted
    ]


def admitted(labels, mask):
    """Whether the relation admits one of the labels of each fact together."""
    if not labels:
        return True
    (name, found), *rest = labels
    relation = status_relation()
    return any(
        (left := relation.narrowed(mask, name, label)) and admitted(rest, left) for label in found
    )


@cache
def engine_of(number):
    return Engine(Settings(**SITES[number]))


@settings(
    max_examples=150,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(visits())
def test_what_a_record_says_is_among_the_classes(visit):
    if "patient" not in visit.prefetch:
        return
    facts = engine_of(SITES.index(visit.site)).facts(call_of(visit), NOW)
    labels = {name: classes_of(name, facts) for name in chosen_domains()}
    assert not [(name, facts[name]) for name, found in labels.items() if not found]
    related = [(name, found) for name, found in labels.items() if name in status_relation()]
    assert admitted(related, status_relation().everything)
