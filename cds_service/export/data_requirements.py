"""The data read about a patient, as FHIR DataRequirements. They derive from the queries of the
facts, as discovery's prefetch does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..engine import queries_of
from ..facts.queries import QUERIES, Queries
from ..fhir.terminology import BASE
from ..hooks.prefetch import prefetch_templates
from ..rules.card import Card

_QUERY_PATTERN = "http://hl7.org/fhir/StructureDefinition/cqf-fhirQueryPattern"


def data_requirements(queries: Iterable[str]) -> list[dict[str, Any]]:
    """Return a requirement for each query, or for each value set of a query, because filters on one
    element would be joined with *and*.

    The subject is a Patient, R4's default. There is no ``id``, which HAPI would take for the name
    of a parameter of the criteria.
    """
    return [requirement for key in queries for requirement in _requirements(key)]


def prefetched(queries: Queries, wanted: Iterable[str]) -> list[dict[str, Any]]:
    """Return a requirement for each prefetch template of the ``wanted`` queries, with the template
    as the extension cqf-fhirQueryPattern."""
    templates = prefetch_templates(queries, wanted)
    return [
        {
            "id": part.key,
            "extension": [{"url": _QUERY_PATTERN, "valueString": templates[part.key]}],
            "type": QUERIES[part.query].resource_type,
        }
        for part in queries.of(wanted)
    ]


def _requirements(key: str) -> Iterator[dict[str, Any]]:
    query = QUERIES[key]
    for value_set in query.value_sets:
        code = {"path": "code", "valueSet": f"{BASE}/ValueSet/{value_set}"}
        yield {"type": query.resource_type, "codeFilter": [code]}
    if not query.value_sets:
        yield {"type": query.resource_type}


def queries_of_card(card: Card, cards: Mapping[str, Card]) -> tuple[str, ...]:
    """Return the queries that a card reads, including those of the cards that it asks about."""
    found: dict[str, Card] = {}
    waiting = [card]
    while waiting:
        looking = waiting.pop()
        found[looking.id] = looking
        waiting += [cards[name] for name in looking.looks_at if name in cards and name not in found]
    return queries_of(found)
