"""One pass over what a client sent: every resource of the context patient is filed by type, and
Observations by value set."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, tzinfo
from typing import Any, TypeVar, cast

from .completeness import NOTHING, WHOLE, Answer, Asked, Completeness, completeness
from .dates import parse_moment
from .ehr_profile import GENERIC, Notice, is_notice
from .medication_file import MedicationFile
from .newest import is_newer
from .placeholders import is_placeholder
from .r4 import (
    AllergyIntolerance,
    AnyResource,
    CodeableConcept,
    Condition,
    Medication,
    Observation,
    OfPatient,
    OperationOutcome,
    OutcomeIssue,
    Patient,
    Procedure,
    Resource,
    ServiceRequest,
    status_code,
)
from .reading import Bundle, Entry, Unread, Value
from .references import is_of_patient, is_of_somebody
from .terminology import Terminology
from .version import other_version, version_of_type

# How many versions of one resource are compared. Further ones count too, but no later version is
# compared with them, because comparing each with all others takes too long.
_MOST_ALIKE = 20
_NO_RESOURCES: list[Any] = []
_NO_SETS: frozenset[str] = frozenset()
_OF_A_CODE = (Condition, Procedure, AllergyIntolerance, ServiceRequest)
_Read = TypeVar("_Read", bound=Resource)


class ResourceIndex:
    """Resources of one patient, each filed once, however often it comes, in its newest version.

    ``passed_over`` counts resources that do not count, by the reason. ``uncertain`` names the types
    of resources with elements that cannot be read or understood: nothing is concluded from the
    absence of such a type. ``other_versions`` holds the FHIR versions of resources that are not
    read as R4.
    """

    __slots__ = (
        "_by_type",
        "_by_value_set",
        "_filed",
        "_superseded",
        "_terminology",
        "_zone",
        "medications",
        "other_versions",
        "passed_over",
        "patient",
        "patient_reference",
        "uncertain",
    )

    def __init__(self, patient_id: str, terminology: Terminology, zone: tzinfo = UTC):
        self.patient_reference = f"Patient/{patient_id}"
        self.patient: Patient | None = None
        self.medications = MedicationFile()
        self.passed_over: Counter[str] = Counter()
        self.uncertain: set[str] = set()
        self.other_versions: set[str] = set()
        self._terminology = terminology
        self._zone = zone
        self._by_type: dict[type[Resource], list[Any]] = defaultdict(list)
        self._by_value_set: dict[str, list[Observation]] = defaultdict(list)
        self._filed: dict[tuple[type[Resource], str], list[tuple[str, OfPatient]]] = {}
        self._superseded: set[int] = set()

    def add(self, value: Value, asked: Asked | None = None) -> Completeness:
        """File a resource, or each resource of a Bundle. Return how much of what the query
        ``asked`` for was received.

        Nothing may be concluded from any of these: an OperationOutcome (alone, or as an entry that
        is not a notice of the EHR's profile); a Bundle with fewer entries than its ``total``, or
        that does not tell how much there is; a match of another type or with a code that was not
        asked for; a resource of another patient, of another FHIR version, or of nobody, who may be
        the patient; a value that is no resource.
        On a Bundle with a ``next`` link see :func:`~.completeness.completeness`. ``null`` is
        complete: the client says that there is no data (CDS Hooks 3.0.0, "Prefetch Template").
        """
        if isinstance(value, Bundle):
            return self._add_entries(value, asked)
        if value is None:
            return WHOLE
        if isinstance(value, Unread):
            self._note_version(version_of_type(value.kind))
            return NOTHING
        if isinstance(value, OperationOutcome):
            return NOTHING
        return WHOLE if self._add(Entry(resource=cast(AnyResource, value)), asked) else NOTHING

    def _add_entries(self, bundle: Bundle, asked: Asked | None) -> Completeness:
        readable = not bundle.unread
        for entry in bundle.entry:
            readable &= self._add(entry, asked)
        if not readable:
            return NOTHING
        if bundle.is_one_page:
            return WHOLE
        if bundle.is_untold:
            return NOTHING
        continues = bundle.has_next
        days = self._days(bundle) if continues and asked is not None and asked.newest_first else ()
        return completeness(Answer(readable, bundle.lacks_entries, continues, days))

    def _days(self, bundle: Bundle) -> list[date]:
        """The days of a Bundle's Observations, in the order received."""
        results = [
            entry.resource for entry in bundle.entry if isinstance(entry.resource, Observation)
        ]
        moments = [parse_moment(result.effectiveDateTime, self._zone) for result in results]
        return [moment.day for moment in moments if moment]

    def _add(self, entry: Entry, asked: Asked | None) -> bool:
        """File the resource of an entry. Return whether it leaves the answer complete. This runs
        for every resource of a record."""
        resource = entry.resource
        if resource is None:
            if not entry.other_type:
                return False
            self._note_version(version_of_type(entry.other_type))
            return not entry.is_match
        if isinstance(resource, OfPatient):
            subject = resource.subject or resource.patient
            if subject is None or (
                subject.reference != self.patient_reference
                and not is_of_patient(resource, self.patient_reference)
            ):
                return self._pass_over(
                    "of another patient" if is_of_somebody(resource) else "without a patient"
                )
            sets = _NO_SETS
            # Only other types: an Observation means the same in every version that is read.
            if isinstance(resource, Observation):
                sets = self._terminology.sets_of_concept(resource.code)
            elif version := other_version(resource):
                return self._note_version(version)
            self._file(resource, entry.fullUrl, sets)
            return asked is None or self._answers(entry, resource, sets, asked)
        if isinstance(resource, OperationOutcome):
            return _says_nothing(resource, asked.profile.notices if asked else GENERIC.notices)
        if isinstance(resource, Medication):
            self.medications.add(resource, entry.fullUrl)
            # Servers do not always mark a Medication as an include.
            return (
                asked is None or not entry.is_match or asked.resource_type.startswith("Medication")
            )
        return self._file_patient(resource) and (
            asked is None or not entry.is_match or asked.resource_type == "Patient"
        )

    def _answers(
        self, entry: Entry, resource: OfPatient, sets: frozenset[str], asked: Asked
    ) -> bool:
        """Whether a resource was asked for, or was included with one that was."""
        if entry.search is not None and not entry.is_match:
            return True
        if resource.__class__.__name__ != asked.resource_type:
            return self._pass_over("of another type")
        if asked.value_sets and asked.value_sets.isdisjoint(sets):
            return self._pass_over("with another code")
        return True

    def _pass_over(self, why: str) -> bool:
        self.passed_over[why] += 1
        return False

    def _note_version(self, version: str) -> bool:
        if version:
            self.other_versions.add(version)
        return False

    def _file_patient(self, patient: Patient) -> bool:
        if patient.relative != self.patient_reference:
            return self._pass_over("another patient")
        self.patient = patient
        return True

    def _file(self, resource: OfPatient, full_url: str, sets: frozenset[str]) -> None:
        kind = resource.__class__
        if resource.id:
            key = kind, resource.id
            alike = self._filed.get(key)
            if alike is None:
                self._filed[key] = [(full_url, resource)]
            elif self._is_another(resource, full_url, alike):
                return
        if isinstance(resource, Observation):
            for value_set in sets:
                self._by_value_set[value_set].append(resource)
        else:
            self._by_type[kind].append(resource)
        # For medications, the product says whether it could be identified. For Observations, the
        # query has already selected the code.
        unidentified = (
            isinstance(resource, _OF_A_CODE)
            and self._is_unidentified(resource.code)
            and not _is_in_error(resource)
        )
        if (
            unidentified
            or resource.malformed
            or resource.modifierExtension
            or resource.implicitRules
        ):
            self.uncertain.add(kind.__name__)

    def _is_unidentified(self, code: CodeableConcept | None) -> bool:
        """Whether a problem, procedure, allergy or request cannot be identified. It may then be
        relevant (clinical specification, section 2, "Codes")."""
        return code is None or not (
            not is_placeholder(code.text) or self._terminology.identifies(code.codings, code.names)
        )

    def _is_another(
        self, resource: OfPatient, full_url: str, alike: list[tuple[str, OfPatient]]
    ) -> bool:
        """Whether a resource came before, in the same or a newer version. An older version that
        came before is marked as superseded.

        Type and id make two resources one only if neither has a ``fullUrl`` or both have the same.
        If versions differ and neither is known to be newer, both count (clinical specification,
        section 2). ``alike``: the resources of the same type and id received so far.
        """
        for url, before in alike:
            if url != full_url or id(before) in self._superseded:
                continue
            if before == resource:
                return True
            newer = is_newer(resource, before)
            if newer is False:
                return True
            if newer:
                self._superseded.add(id(before))
        if len(alike) < _MOST_ALIKE:
            alike.append((full_url, resource))
        return False

    def of_type(self, kind: type[_Read]) -> list[_Read]:
        """The resources of a type other than Observation, as received."""
        found = self._by_type.get(kind, _NO_RESOURCES)
        return self._current(found) if self._superseded else found

    def observations(self, value_set: str) -> list[Observation]:
        """The Observations with a code in ``value_set``, as received."""
        found = self._by_value_set.get(value_set, _NO_RESOURCES)
        return self._current(found) if self._superseded else found

    def _current(self, resources: list[_Read]) -> list[_Read]:
        return [resource for resource in resources if id(resource) not in self._superseded]


def _is_in_error(resource: Condition | Procedure | AllergyIntolerance | ServiceRequest) -> bool:
    """Whether a resource was entered in error. It then says nothing, whatever it is about; servers
    send some of these without a code."""
    if isinstance(resource, (Condition, AllergyIntolerance)):
        return status_code(resource.verificationStatus, "") == "entered-in-error"
    return resource.status == "entered-in-error"


def resources_of(value: Value) -> Iterator[Resource]:
    """The resource itself, or the resources in the entries of a Bundle."""
    if isinstance(value, Bundle):
        for entry in value.entry:
            if entry.resource is not None:
                yield entry.resource
    elif isinstance(value, Resource):
        yield value


def _says_nothing(outcome: OperationOutcome, notices: frozenset[Notice]) -> bool:
    """Whether an OperationOutcome holds only notices that the EHR adds to every answer. No other
    severity or code is ignored: an information issue may say that the record is locked."""
    return bool(outcome.issue) and all(_is_notice(issue, notices) for issue in outcome.issue)


def _is_notice(issue: OutcomeIssue, notices: frozenset[Notice]) -> bool:
    return not issue.modifierExtension and is_notice(
        issue.details.codings if issue.details else (), notices
    )
