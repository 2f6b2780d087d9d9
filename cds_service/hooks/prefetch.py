"""Prefetch templates, made from the queries that the facts of a service's cards read, so that the
two cannot drift apart.

They use only what CDS Hooks recommends under "Prefetch query restrictions": reads, searches by
reference and token, ``_sort`` and ``_count``; no parameter twice, and no token other than
``context.patientId``. The profile of an EHR that supports ``_include`` adds it.
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
