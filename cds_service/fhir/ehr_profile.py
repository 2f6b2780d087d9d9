"""What is known of an EHR: the lists that it keeps, the notices that it adds to every answer, and
the form of query that it accepts.

A profile is data. Discovery's templates, the queries to FHIR servers and the rules of completeness
follow from it (clinical specification, section 2, "Prefetch"). The profiles that come with the
service are in ``cds_service/ehr/profiles``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

MOST_RESULTS = 200
# The profiles that come with the service.
BUILT_IN = ("generic", "hapi", "epic", "oracle", "athena")
# Every intent of a MedicationRequest that counts (clinical specification, section 2, "Status"), and
# plan, with which US Core records a drug that the patient reports.
INTENTS = ("order", "original-order", "reflex-order", "filler-order", "instance-order", "plan")
Order = Literal["asked", "unknown"]


class Notice(NamedTuple):
    """A code of an OperationOutcome that a server adds to its answers whatever they contain.
    ``system``: the beginning of its code system."""

    system: str
    code: str


_EPIC = "urn:oid:1.2.840.114350."
EPIC_NOTICES = frozenset(Notice(_EPIC, code) for code in ("4101", "4119", "4122", "59100"))


@dataclass(frozen=True, slots=True)
class EhrProfile:
    """How an EHR answers.

    ``not_kept``: queries (names of :data:`~cds_service.facts.queries.QUERIES`) for which it keeps
    no list. ``code_systems``: whether a code is requested with its system. ``order``: ``asked`` if
    Observations are requested newest first, ``unknown`` if their order is not known. ``count``: how
    many entries of a page are requested, ``None`` to request no number; ``counted``: the resource
    types for which a number may be requested, ``None`` for all. ``intents``: the intents with which
    MedicationRequests are requested, empty for any. ``include``: the resource types whose queries
    also request their Medications.
    """

    name: str
    not_kept: frozenset[str] = frozenset()
    notices: frozenset[Notice] = EPIC_NOTICES
    code_systems: bool = True
    order: Order = "asked"
    count: int | None = MOST_RESULTS
    counted: frozenset[str] | None = None
    intents: tuple[str, ...] = INTENTS
    include: frozenset[str] = frozenset()

    def count_of(self, resource_type: str) -> int | None:
        """How many entries a page of ``resource_type`` is asked to hold, or ``None``."""
        return self.count if self.counted is None or resource_type in self.counted else None


GENERIC = EhrProfile("generic")


def is_notice(codings: Iterable[tuple[str, str]], notices: Iterable[Notice]) -> bool:
    """Whether one ``(system, code)`` of an issue's details is a notice, which says nothing about
    this answer."""
    known = list(notices)
    return any(
        code == notice.code and system.startswith(notice.system)
        for system, code in codings
        for notice in known
    )
