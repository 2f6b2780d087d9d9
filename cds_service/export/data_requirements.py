"""What is read of a patient, as FHIR DataRequirements: made from the queries of the facts, as discovery's prefetch is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..engine import queries_of
from ..facts.queries import QUERIES
from ..fhir.terminology import BASE
from ..rules.card import Card
from ..rules.conditions import CardHolds


def data_requirements(queries: Iterable[str]) -> list[dict[str, Any]]:
    """One for each query, or for each of its value sets: filters on one element would be joined with *and*.

    Each ``id`` is a prefetch key, followed by the value set where there is one. The subject is a Patient, as R4 assumes.
    """
    return [requirement for key in queries for requirement in _requirements(key)]


def _requirements(key: str) -> Iterator[dict[str, Any]]:
    query = QUERIES[key]
    for value_set in query.value_sets:
        code = {"path": "code", "valueSet": f"{BASE}/ValueSet/{value_set}"}
        yield {"id": f"{key}.{value_set}", "type": query.resource_type, "codeFilter": [code]}
    if not query.value_sets:
        yield {"id": key, "type": query.resource_type}


def queries_of_card(card: Card, cards: Mapping[str, Card]) -> tuple[str, ...]:
    """The queries that a card reads, with those of the cards that it looks at."""
    found: dict[str, Card] = {}
    waiting = [card]
    while waiting:
        looking = waiting.pop()
        found[looking.id] = looking
        named = [condition.card for condition in looking.conditions if isinstance(condition, CardHolds)]
        waiting += [cards[name] for name in named if name in cards and name not in found]
    return queries_of(found)
