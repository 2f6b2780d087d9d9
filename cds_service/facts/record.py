"""The patient's record for one call: what was received, what is complete, and each list, read once
and defensively.

A resource that cannot be read makes the facts of its list unknown; it never makes the call fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple, TypeVar

from ..fhir.code_systems import canonical_system
from ..fhir.completeness import NOTHING, Completeness
from ..fhir.dates import first_day, parse_day
from ..fhir.index import ResourceIndex
from ..fhir.interval import Interval
from ..fhir.length import extension_length
from ..fhir.once import once
from ..fhir.r4 import (
    AllergyIntolerance,
    CodeableConcept,
    Condition,
    MedicationAdministration,
    MedicationDispense,
    MedicationRequest,
    MedicationStatement,
    Observation,
    OfPatient,
    Patient,
    Procedure,
    ServiceRequest,
    status_code,
)
from ..fhir.terminology import BASE, Terminology
from .analytes import Analyte
from .guard import UNREADABLE
from .laboratory import Results
from .queries import QUERIES, Parts
from .site import Site
from .therapy import Dose, Order, read_dose, read_order
from .wording import allergies_told, tells_severe_reaction

_HL7 = "http://terminology.hl7.org/CodeSystem"
RESECTED_LENGTH = f"{BASE}/StructureDefinition/resected-length"
_ACTIVE = frozenset({"active", "recurrence", "relapse"})
# The codes of R4's statuses, "" for none. Any other code has no meaning, so that its resource is
# uncertain.
_CLINICAL = _ACTIVE | {"", "inactive", "remission", "resolved"}
_CONFIRMED = frozenset({"", "confirmed"})
_VERIFICATION = _CONFIRMED | {
    "unconfirmed",
    "provisional",
    "differential",
    "refuted",
    "entered-in-error",
}
_NOT_DONE = frozenset(
    {"preparation", "in-progress", "not-done", "on-hold", "stopped", "entered-in-error"}
)
_REQUESTED = frozenset({"draft", "active", "on-hold", "revoked", "completed", "entered-in-error"})
# If one of these elements cannot be read, the meaning of a problem, a procedure or a request is not
# known.
_DECIDING = ("status", "clinicalStatus", "verificationStatus", "code", "doNotPerform")
# The value set of the manifestations that make an allergy severe.
ANAPHYLAXIS = "anaphylaxis"
# R4's codes that do not make an allergy severe, "" for none. Any other code is severe or has no
# meaning.
_NOT_HIGH = frozenset({"", "low", "unable-to-assess"})
_NOT_SEVERE = frozenset({"", "mild", "moderate"})
_Item = TypeVar("_Item")
_Resource = TypeVar("_Resource", bound=OfPatient)


class Problem(NamedTuple):
    """A Condition. ``active`` and ``confirmed`` as clinical specification, section 2, reads its
    statuses.

    ``uncertain``: the Condition cannot be read whole, or has a modifier that is not understood; it
    then counts for Leber's alone. ``called``: the name that a card quotes, which is its text or the
    display of a code that the service reads, ``""`` without either.
    """

    value_sets: frozenset[str]
    names: tuple[str, ...]
    called: str
    active: bool
    confirmed: bool
    unconfirmed: bool
    onset: date | None
    recorded: date | None
    reference: str
    uncertain: bool = False


class PerformedProcedure(NamedTuple):
    """A Procedure that was done. ``resected_length`` in cm, where its extension states one."""

    value_sets: frozenset[str]
    reference: str
    day: date | None
    resected_length: Interval | None


class Allergy(NamedTuple):
    """An AllergyIntolerance in force. ``severe``: high criticality, or a severe or anaphylactic
    reaction, which the code or a note may tell too.

    ``uncertain``: as for a problem, but the allergy still counts.
    """

    value_sets: frozenset[str]
    severe: bool
    reference: str
    uncertain: bool = False


_Coded = TypeVar("_Coded", Problem, PerformedProcedure, Allergy)


class CodedList(list[_Coded]):
    """A list whose items are found by their value sets."""

    def within(self, value_sets: Iterable[str]) -> list[_Coded]:
        """The items in one of ``value_sets``, in the order of the list."""
        found = [name for name in value_sets if name in self._by_value_set]
        if len(found) < 2:
            return self._by_value_set[found[0]] if found else []
        return [item for item in self if not item.value_sets.isdisjoint(found)]

    @once
    def _by_value_set(self) -> dict[str, list[_Coded]]:
        # Some thirty facts search a list that may be long.
        found: dict[str, list[_Coded]] = {}
        for item in self:
            for name in item.value_sets:
                found.setdefault(name, []).append(item)
        return found


class PatientRecord:
    """The record of one patient. ``parts``: those in which the lists that the EHR keeps were asked
    for; ``received``: how much of each was received, by its key."""

    def __init__(
        self, index: ResourceIndex, parts: Parts, received: Mapping[str, Completeness], site: Site
    ):
        self.index = index
        self.site = site
        self._parts = parts
        self._received = received
        self._unreadable: set[str] = set()
        self._lists: dict[str, Any] = {}
        self._results: dict[str, Results] = {}

    def complete(self, *queries: str, since: date | None = None, of: tuple[str, ...] = ()) -> bool:
        """Whether absence from the lists of ``queries`` may be concluded: all were received, and
        all of them can be read.

        A list that the EHR does not keep is skipped if it keeps another of ``queries``. ``since``:
        whether at least everything since that day was received. ``of``: as far as Observations of
        these value sets go.
        """
        is_kept = False
        for query in queries:
            keys = self._parts.keys_of(query, of)
            if keys is None:
                continue
            is_kept = True
            kind = QUERIES[query].resource_type
            # An Observation that cannot be read makes only its own fact unknown.
            if (
                not keys
                or kind in self._unreadable
                or (kind in self.index.uncertain and kind != "Observation")
            ):
                return False
            for key in keys:
                if not self._received.get(key, NOTHING).reaches(since):
                    return False
        return is_kept

    @property
    def patient(self) -> Patient | None:
        """The Patient resource, where it was received."""
        return self.index.patient

    def observations(self, value_set: str) -> list[Observation]:
        """The Observations with a code in ``value_set``."""
        return self.index.observations(value_set)

    @once
    def requests(self) -> list[ServiceRequest]:
        """The ServiceRequests that can be read whole. One whose status does not say whether it is
        in force proves no test of ours absent."""
        whole = [
            request for request in self.index.of_type(ServiceRequest) if not _is_uncertain(request)
        ]
        if any(
            request.status not in _REQUESTED and self.site.terminology.sets_of_concept(request.code)
            for request in whole
        ):
            self._unreadable.add("ServiceRequest")
        return whole

    def results(self, analyte: Analyte, today: date) -> Results:
        """The results of an analyte, sorted once."""
        results = self._results.get(analyte.name)
        if results is None:
            results = self._results[analyte.name] = Results(self.index, analyte, self.site, today)
        return results

    @once
    def problems(self) -> CodedList[Problem]:
        """The Conditions that are not ruled out, active or not."""
        return CodedList(self._read(Condition, self._problem))

    @once
    def procedures(self) -> CodedList[PerformedProcedure]:
        """The Procedures that were completed."""
        return CodedList(self._read(Procedure, self._procedure))

    @once
    def allergies(self) -> CodedList[Allergy]:
        """The AllergyIntolerances in force."""
        return CodedList(self._read(AllergyIntolerance, self._allergy))

    @once
    def orders(self) -> list[Order]:
        """Medication orders and statements, current and past."""

        def reader(resource: MedicationRequest | MedicationStatement) -> Order | None:
            return read_order(resource, self.index, self.site)

        return self._read(MedicationRequest, reader) + self._read(MedicationStatement, reader)

    def current_orders(self, today: date) -> list[Order]:
        """The orders and statements in force on ``today``."""
        return self.remember(
            "current orders", lambda: [order for order in self.orders if order.current(today)]
        )

    @once
    def doses(self) -> list[Dose]:
        """Doses given or dispensed."""

        def reader(resource: MedicationAdministration | MedicationDispense) -> Dose | None:
            return read_dose(resource, self.index, self.site)

        return self._read(MedicationAdministration, reader) + self._read(MedicationDispense, reader)

    def remember(self, name: str, read: Callable[[], _Item]) -> _Item:
        """The value of ``read``, which is called only the first time for each ``name``."""
        if name not in self._lists:
            self._lists[name] = read()
        value: _Item = self._lists[name]
        return value

    def _read(
        self, kind: type[_Resource], reader: Callable[[_Resource], _Item | None]
    ) -> list[_Item]:
        items = []
        for resource in self.index.of_type(kind):
            try:
                item = reader(resource)
            except UNREADABLE:
                self._unreadable.add(resource.kind)
            else:
                if item is not None:
                    items.append(item)
        return items

    def _problem(self, resource: Condition) -> Problem | None:
        value_sets = self.site.terminology.sets_of_concept(resource.code)
        if not value_sets:
            return None
        verification = status_code(resource.verificationStatus, f"{_HL7}/condition-ver-status")
        clinical = status_code(resource.clinicalStatus, f"{_HL7}/condition-clinical")
        untold = clinical not in _CLINICAL or verification not in _VERIFICATION
        if untold:
            self._unreadable.add(resource.kind)
        elif verification not in _CONFIRMED and verification != "unconfirmed":
            return None
        zone = self.site.zone
        recorded = resource.recordedDate or resource.assertedDate or resource.dateRecorded
        return Problem(
            value_sets,
            tuple(resource.code.names) if resource.code is not None else (),
            self._called(resource.code),
            clinical in _ACTIVE or untold or (not clinical and not resource.has_abated),
            verification != "unconfirmed",
            verification == "unconfirmed",
            parse_day(resource.onsetDateTime, zone) or first_day(resource.onsetPeriod, zone),
            parse_day(recorded, zone),
            resource.relative,
            untold or _is_uncertain(resource),
        )

    def _called(self, code: CodeableConcept | None) -> str:
        if code is None or code.text.strip():
            return code.text.strip() if code is not None else ""
        sets_of = self.site.terminology.sets_of
        read = (
            coding
            for coding in code.coding
            if coding.display.strip()
            and sets_of(canonical_system(coding.system), coding.code.strip())
        )
        return next((coding.display.strip() for coding in read), "")

    def _procedure(self, resource: Procedure) -> PerformedProcedure | None:
        value_sets = self.site.terminology.sets_of_concept(resource.code)
        if not value_sets or resource.status in _NOT_DONE or _is_uncertain(resource):
            return None
        if resource.status not in ("", "completed"):
            raise ValueError("a procedure whose status does not say that it was done")
        zone = self.site.zone
        day = (
            parse_day(resource.performedDateTime or resource.occurrenceDateTime, zone)
            or first_day(resource.performedPeriod, zone)
            or first_day(resource.occurrencePeriod, zone)
        )
        length = extension_length(resource.extension, RESECTED_LENGTH)
        return PerformedProcedure(value_sets, resource.relative, day, length)

    def _allergy(self, resource: AllergyIntolerance) -> Allergy | None:
        terminology = self.site.terminology
        if status_code(resource.verificationStatus, f"{_HL7}/allergyintolerance-verification") in (
            "refuted",
            "entered-in-error",
        ):
            return None
        # A status without a meaning leaves an allergy in force.
        if status_code(resource.clinicalStatus, f"{_HL7}/allergyintolerance-clinical") in (
            "inactive",
            "resolved",
        ):
            return None
        concepts = [resource.code, *(reaction.substance for reaction in resource.reaction)]
        value_sets = frozenset().union(*(_allergens(concept, terminology) for concept in concepts))
        if not value_sets:
            return None
        # If the severity cannot be read, it is safer to warn.
        untold = any(place.startswith(("criticality", "reaction")) for place in resource.malformed)
        severe = (
            untold
            or resource.criticality.strip().lower() not in _NOT_HIGH
            or any(
                reaction.severity.strip().lower() not in _NOT_SEVERE
                for reaction in resource.reaction
            )
            or _tells_severe_reaction(resource, terminology)
        )
        return Allergy(value_sets, severe, resource.relative, _is_uncertain(resource))


def _is_uncertain(resource: OfPatient) -> bool:
    """Whether an element that decides the meaning of a resource cannot be read, or a modifier of it
    is not understood."""
    return resource.is_modified or resource.lacks_part_of(_DECIDING)


def _allergens(concept: CodeableConcept | None, terminology: Terminology) -> frozenset[str]:
    """The allergen value sets of a concept, by code and by name; none if a name denies the
    allergy."""
    found = terminology.sets_of_concept(concept)
    for name in concept.names if concept is not None else ():
        told, denied = allergies_told(name)
        named = terminology.sets_named_in(told)
        if not named and terminology.sets_named_in(denied):
            return frozenset()
        found |= named
    return found


def _tells_severe_reaction(resource: AllergyIntolerance, terminology: Terminology) -> bool:
    """Whether the code, the reactions or the notes of an allergy state anaphylaxis, by a code, or
    in words that a reaction was anaphylactic or severe."""
    concepts = [resource.code]
    words = [note.text for note in resource.note]
    for reaction in resource.reaction:
        concepts += [reaction.substance, *(item.concept or item for item in reaction.manifestation)]
        words.append(reaction.description)
        words += [note.text for note in reaction.note]
    if any(ANAPHYLAXIS in terminology.sets_of_concept(concept) for concept in concepts):
        return True
    words += [name for concept in concepts if concept is not None for name in concept.names]
    return any(map(tells_severe_reaction, words))
