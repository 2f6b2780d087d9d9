"""What is known of an EHR: the lists that it keeps, what it puts on every answer, and the form of
query that it takes.

A profile is data. Discovery's templates, the queries to FHIR servers and what counts as complete
follow from it (clinical specification, section 2, "Prefetch"). Those that come with the service are
in ``cds_service/ehr/profiles``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

MOST_RESULTS = 200
# The profiles that come with the service.
BUILT_IN = ("generic", "hapi", "epic", "oracle", "athena")
# Every intent of a MedicationRequest that counts (clinical specification, section 2, "Status"), and
# plan, which a reader may see.
INTENTS = ("order", "original-order", "reflex-order", "filler-order", "instance-order", "plan")
Order = Literal["asked", "unknown"]


class Notice(NamedTuple):
    """A code of an OperationOutcome that a server puts on its answers whatever they hold.
    ``system``: how its system begins."""

    system: str
    code: str


_EPIC = "urn:oid:1.2.840.114350."
EPIC_NOTICES = frozenset(Notice(_EPIC, code) for code in ("4101", "4119", "4122", "59100"))


@dataclass(frozen=True, slots=True)
class EhrProfile:
    """How an EHR answers.

    ``not_kept``: queries (names of :data:`~cds_service.facts.queries.QUERIES`) for which it keeps
    no list. ``code_systems``: a code is asked for with its system. ``order``: Observations are
    ``asked`` for newest first, or it is ``unknown`` in what order they come. ``count``: the
    entries of a page that are asked for, ``None`` for none; ``counted``: the resource types of
    which a number may be asked for, ``None`` for all. ``intents``: those that MedicationRequests
    are asked for with; none: with whatever intent. ``include``: the resource types that bring
    along their Medications.
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
        """How many entries a page of ``resource_type`` is asked to hold."""
        return self.count if self.counted is None or resource_type in self.counted else None


GENERIC = EhrProfile("generic")


def is_notice(codings: Iterable[tuple[str, str]], notices: Iterable[Notice]) -> bool:
    """Whether one of the ``(system, code)`` of an issue's details is a notice that says nothing
    about this answer."""
    known = list(notices)
    return any(
        code == notice.code and system.startswith(notice.system)
        for system, code in codings
        for notice in known
    )
