"""Random states of the facts that cards ask, with what the service decides in each, for the replay in another engine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from random import Random
from typing import Any

from cds_service.authoring.fact_classes import classes
from cds_service.engine import Engine
from cds_service.export.cql import HOOK, define_name, known_name, suggestion_name
from cds_service.export.cql import TODAY as TODAY_NAME
from cds_service.facts.catalogue import CATALOGUE
from cds_service.facts.fact import Fact
from cds_service.facts.kinds import DATE, NUMBER, ORDERS, RESULT
from cds_service.rules.card import Card
from cds_service.rules.conditions import Criterion
from cds_service.rules.decision import Decisions
from cds_service.states.values import TODAY, StatedFacts

PAEDIATRIC = "patient.paediatric"


def random_states(engine: Engine, hook: str, number: int, seed: int) -> Iterator[dict[str, Any]]:
    """``number`` states: each fact takes one of the values that the criteria tell apart, absent and unknown included.

    In every other state the facts of one card are drawn from those values for which the card's own criteria let it fire, so
    that cards fire often enough to be worth comparing.
    """
    chance = Random(seed)
    values = _values(engine)
    cards = engine.cards_by_hook[hook]
    for count in range(number):
        facts = {name: chance.choice(found) for name, found in values.items()}
        if count % 2:
            _favour(chance.choice(list(cards.values())), facts, values, chance)
        yield {"parameters": _parameters(hook, facts), "holds": list(_holds(engine, hook, facts))}


def _values(engine: Engine) -> dict[str, list[Fact]]:
    asked: dict[str, list[Criterion]] = {}
    for card in engine.cards.values():
        conditions = [
            *card.include,
            *card.exclude,
            *(item for suggestion in card.suggestions for item in suggestion.when),
        ]
        for criterion in (
            criterion for condition in conditions for criterion in condition.criteria
        ):
            asked.setdefault(criterion.fact, []).append(criterion)
    return {
        name: [item.fact for item in classes(criteria, TODAY)] for name, criteria in asked.items()
    }


def _favour(
    card: Card, facts: dict[str, Fact], values: Mapping[str, list[Fact]], chance: Random
) -> None:
    for condition, excludes in card.criteria:
        for criterion in condition.criteria:
            fitting = [
                fact
                for fact in values[criterion.fact]
                if bool(_truth(criterion, fact)) is not excludes
            ]
            if fitting and chance.random() < 0.9:
                facts[criterion.fact] = chance.choice(fitting)


def _truth(criterion: Criterion, fact: Fact) -> bool | None:
    return criterion.truth(StatedFacts({criterion.fact: fact}, TODAY), lambda card: False)


def _holds(engine: Engine, hook: str, facts: dict[str, Fact]) -> Iterator[str]:
    stated = StatedFacts(facts, TODAY)
    decisions = Decisions(engine.cards_by_hook[hook], stated)
    for decision in decisions.all():
        if not decision.fires:
            continue
        yield define_name(decision.card.id)
        for index, suggestion in enumerate(decision.card.suggestions):
            made = all(condition.truth(stated, decisions.holds) for condition in suggestion.when)
            if made and not stated[PAEDIATRIC].holds:
                yield suggestion_name(decision.card.id, index)


def _parameters(hook: str, facts: Mapping[str, Fact]) -> dict[str, Any]:
    parameters: dict[str, Any] = {HOOK: hook, TODAY_NAME: {"date": TODAY.isoformat()}}
    for name, fact in facts.items():
        # What is not there is stated as null: cql-execution takes a parameter without a value for one that has some.
        parameters[known_name(name)] = not fact.is_unknown
        parameters[name] = None if fact.value is None else _stated(name, fact.value)
    return parameters


def _stated(name: str, value: Any) -> Any:
    kind = CATALOGUE[name].kind
    if kind is RESULT:
        return _interval(value)
    if kind is NUMBER:
        return float(value)
    if kind is DATE:
        # Where no criterion asks when, the value that stands for "a day" is none.
        return {"date": (value if isinstance(value, date) else TODAY).isoformat()}
    return list(value) if kind is ORDERS else value


def _interval(value: Any) -> dict[str, Any]:
    low, high, low_open, high_open = value.interval
    ends = {
        "low": None if low is None else float(low),
        "high": None if high is None else float(high),
    }
    return {**ends, "lowClosed": not low_open, "highClosed": not high_open}


def written(states: Iterator[dict[str, Any]]) -> str:
    """The states as lines of JSON."""
    return "".join(json.dumps(state) + "\n" for state in states)
