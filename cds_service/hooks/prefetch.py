"""Prefetch templates, made from the queries that the facts of a service's cards read, so that
the two cannot drift.

Only what CDS Hooks recommends under "Prefetch query restrictions": reads, searches by reference and
token, ``_sort`` and ``_count``; no parameter twice, no token but ``context.patientId``. A profile
whose EHR has it adds ``_include``.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..facts.queries import LONGEST_TEMPLATE, PATIENT_TOKEN, Part, Queries


def prefetch_templates(queries: Queries, wanted: Iterable[str]) -> dict[str, str]:
    """The prefetch templates of the ``wanted`` queries, by key."""
    return {part.key: _template(part) for part in queries.of(wanted)}


def _template(part: Part) -> str:
    template = part.url(PATIENT_TOKEN)
    if len(template) > LONGEST_TEMPLATE:
        raise ValueError(
            f"the prefetch template of {part.key} is longer than {LONGEST_TEMPLATE} characters"
        )
    return template
