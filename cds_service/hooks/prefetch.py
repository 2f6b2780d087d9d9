"""Prefetch templates, made from the queries that the facts of a service's cards read, so that the two cannot drift.

Only what CDS Hooks recommends under "Prefetch query restrictions": reads, searches by reference and token, ``_sort`` and
``_count``; no parameter twice, no token but ``context.patientId``.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..facts.queries import search
from ..fhir.terminology import Terminology

LONGEST_TEMPLATE = 1000
_PATIENT = "{{context.patientId}}"


def prefetch_templates(queries: Iterable[str], terminology: Terminology) -> dict[str, str]:
    """The prefetch templates of ``queries`` by key."""
    return {key: _template(key, terminology) for key in queries}


def _template(key: str, terminology: Terminology) -> str:
    template = search(key, _PATIENT, terminology)
    if len(template) > LONGEST_TEMPLATE:
        raise ValueError(f"the prefetch template of {key} is longer than {LONGEST_TEMPLATE} characters")
    return template
