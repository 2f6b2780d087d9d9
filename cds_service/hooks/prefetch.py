"""Prefetch templates, made from the queries that the facts of a service's cards read, so that the two cannot drift.

Only what CDS Hooks recommends under "Prefetch query restrictions": reads, searches by reference and token, ``_sort`` and
``_count``; no parameter twice, no token but ``context.patientId``.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..facts.queries import QUERIES, Query
from ..fhir.terminology import LOINC, Terminology

LONGEST_TEMPLATE = 1000
_PATIENT = "{{context.patientId}}"


def prefetch_templates(queries: Iterable[str], terminology: Terminology) -> dict[str, str]:
    """The prefetch templates of ``queries`` by key."""
    return {key: _template(QUERIES[key], terminology) for key in queries}


def _codes(value_set: str, terminology: Terminology) -> list[str]:
    """The LOINC codes of a value set, or all its codes where it has none."""
    return terminology.codes(value_set, LOINC) or [concept.code for concept in terminology.concepts[value_set]]


def _template(query: Query, terminology: Terminology) -> str:
    if query.resource_type == "Patient":
        return f"Patient/{_PATIENT}"
    search = f"{query.resource_type}?patient={_PATIENT}"
    if query.value_sets:
        codes = [code for value_set in query.value_sets for code in _codes(value_set, terminology)]
        search += f"&code={','.join(dict.fromkeys(codes))}&_sort=-date&_count=200"
    if len(search) > LONGEST_TEMPLATE:
        raise ValueError(f"the prefetch template of {query} is longer than {LONGEST_TEMPLATE} characters")
    return search
