"""The patient's record for one call: what was received, what is complete, and each list read once, defensively.

A resource that cannot be read makes the facts of its list unknown; it never makes the call fail.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ..fhir.dates import parse_day
from ..fhir.index import ResourceIndex
from ..fhir.interval import Interval
from ..fhir.json_shape import as_dict, as_text, codings, dicts, status_code, texts
from ..fhir.length import extension_length
from ..fhir.references import reference_to
from ..fhir.terminology import BASE, SNOMED, Terminology
from .analytes import Analyte
from .laboratory import Results
from .queries import QUERIES
from .site import Site
from .therapy import CobalaminCourse, Dose, Order, cobalamin_course, read_dose, read_order

if TYPE_CHECKING:
    from .catalogue import Facts

_HL7 = "http://terminology.hl7.org/CodeSystem"
RESECTED_LENGTH = f"{BASE}/StructureDefinition/resected-length"
_UNREADABLE = (TypeError, AttributeError, ValueError, KeyError, ArithmeticError)
_ACTIVE = frozenset({"active", "recurrence", "relapse"})
# R4 first, then what other versions of FHIR call it.
_RECORDED = ("recordedDate", "assertedDate", "dateRecorded")
_PERFORMED = ("performed", "occurrence")
# Anaphylaxis (FHIR R4, AllergyIntolerance example) and anaphylactic shock (HL7 Belgium, value set of risk manifestations).
_ANAPHYLAXIS = frozenset({(SNOMED, "39579001"), (SNOMED, "735173007")})
_Item = TypeVar("_Item")


class Problem(NamedTuple):
    """A Condition. ``active`` and ``confirmed`` as clinical specification section 2 reads its statuses."""

    value_sets: frozenset[str]
    names: tuple[str, ...]
    active: bool
    confirmed: bool
    unconfirmed: bool
    onset: date | None
    recorded: date | None
    reference: str


class PerformedProcedure(NamedTuple):
    """A Procedure that was done. ``resected_length`` in cm, where its extension states one."""

    value_sets: frozenset[str]
    reference: str
    day: date | None
    resected_length: Interval | None


class Allergy(NamedTuple):
    """An AllergyIntolerance that stands. ``severe``: high criticality, or a severe or anaphylactic reaction."""

    value_sets: frozenset[str]
    severe: bool
    reference: str


class PatientRecord:
    """The record of one patient. ``complete_queries``: the prefetch keys of which all was received."""

    def __init__(self, index: ResourceIndex, complete_queries: frozenset[str], site: Site):
        self.index = index
        self.site = site
        self._complete = complete_queries
        self._unreadable: set[str] = set()
        self._lists: dict[str, Any] = {}

    def complete(self, query: str) -> bool:
        """Whether absence from ``query``'s resources may be concluded: all received, and all of it readable."""
        return query in self._complete and QUERIES[query].resource_type not in self._unreadable

    @property
    def patient(self) -> dict[str, Any] | None:
        """The Patient resource, where it was received."""
        return self.index.patient

    def observations(self, value_set: str) -> list[dict[str, Any]]:
        """The Observations with a code in ``value_set``."""
        return self.index.observations(value_set)

    def results(self, analyte: Analyte, today: date) -> Results:
        """The results of an analyte, sorted once."""
        return self._once(f"results of {analyte.name}", lambda: Results(self.index, analyte, self.site, today))

    @property
    def problems(self) -> list[Problem]:
        """The Conditions that are not ruled out, active or not."""
        return self._once("problems", lambda: self._read("Condition", self._problem))

    @property
    def procedures(self) -> list[PerformedProcedure]:
        """The Procedures that were completed."""
        return self._once("procedures", lambda: self._read("Procedure", self._procedure))

    @property
    def allergies(self) -> list[Allergy]:
        """The AllergyIntolerances that stand."""
        return self._once("allergies", lambda: self._read("AllergyIntolerance", self._allergy))

    @property
    def orders(self) -> list[Order]:
        """Medication orders and statements, current and past."""
        return self._once(
            "orders",
            lambda: self._read_kinds(("MedicationRequest", "MedicationStatement"), read_order),
        )

    def current_orders(self, today: date) -> list[Order]:
        """The orders and statements in force on ``today``."""
        return self._once("current orders", lambda: [order for order in self.orders if order.current(today)])

    @property
    def doses(self) -> list[Dose]:
        """Doses given or dispensed."""
        return self._once(
            "doses",
            lambda: self._read_kinds(("MedicationAdministration", "MedicationDispense"), read_dose),
        )

    def cobalamin_course(self, facts: Facts) -> CobalaminCourse:
        """The cobalamin therapy of the record, worked out once."""
        return self._once("cobalamin course", lambda: cobalamin_course(facts))

    def _once(self, name: str, read: Callable[[], _Item]) -> _Item:
        if name not in self._lists:
            self._lists[name] = read()
        value: _Item = self._lists[name]
        return value

    def _read_kinds(self, kinds: tuple[str, ...], reader: Callable[[dict[str, Any], ResourceIndex, Site], _Item | None]) -> list[_Item]:
        items: list[_Item] = []
        for kind in kinds:
            items += self._read(kind, lambda resource: reader(resource, self.index, self.site))
        return items

    def _read(self, kind: str, reader: Callable[[dict[str, Any]], _Item | None]) -> list[_Item]:
        items = []
        for resource in self.index.of_type(kind):
            try:
                item = reader(resource)
            except _UNREADABLE:
                self._unreadable.add(kind)
            else:
                if item is not None:
                    items.append(item)
        return items

    def _problem(self, resource: dict[str, Any]) -> Problem | None:
        value_sets = self.site.terminology.sets_of_concept(resource.get("code"))
        if not value_sets:
            return None
        verification = status_code(resource.get("verificationStatus"), f"{_HL7}/condition-ver-status")
        if verification not in ("", "confirmed", "unconfirmed"):
            return None
        clinical = status_code(resource.get("clinicalStatus"), f"{_HL7}/condition-clinical")
        abated = any(name.startswith("abatement") and value is not False for name, value in resource.items())
        zone = self.site.zone
        onset = resource.get("onsetDateTime") or as_dict(resource.get("onsetPeriod")).get("start")
        return Problem(
            value_sets,
            tuple(texts(resource.get("code"))),
            clinical in _ACTIVE or (not clinical and not abated),
            verification != "unconfirmed",
            verification == "unconfirmed",
            parse_day(onset, zone),
            parse_day(next(filter(None, map(resource.get, _RECORDED)), None), zone),
            reference_to(resource),
        )

    def _procedure(self, resource: dict[str, Any]) -> PerformedProcedure | None:
        value_sets = self.site.terminology.sets_of_concept(resource.get("code"))
        if not value_sets or resource.get("status", "completed") != "completed":
            return None
        times = [resource.get(f"{name}DateTime") or as_dict(resource.get(f"{name}Period")).get("start") for name in _PERFORMED]
        day = parse_day(next(filter(None, times), None), self.site.zone)
        return PerformedProcedure(value_sets, reference_to(resource), day, extension_length(resource, RESECTED_LENGTH))

    def _allergy(self, resource: dict[str, Any]) -> Allergy | None:
        terminology = self.site.terminology
        if status_code(resource.get("verificationStatus"), f"{_HL7}/allergyintolerance-verification") in ("refuted", "entered-in-error"):
            return None
        if status_code(resource.get("clinicalStatus"), f"{_HL7}/allergyintolerance-clinical") not in ("", "active"):
            return None
        concepts = [resource.get("code")]
        concepts += [reaction.get("substance") for reaction in dicts(resource.get("reaction"))]
        value_sets = frozenset().union(*(_allergens(concept, terminology) for concept in concepts))
        if not value_sets:
            return None
        severe = resource.get("criticality") == "high" or any(
            reaction.get("severity") == "severe" or _anaphylactic(reaction) for reaction in dicts(resource.get("reaction"))
        )
        return Allergy(value_sets, severe, reference_to(resource))


def _allergens(concept: Any, terminology: Terminology) -> frozenset[str]:
    """The allergen value sets of a concept, by code, else by name."""
    found = terminology.sets_of_concept(concept)
    for name in texts(concept):
        found |= terminology.sets_named_in(name)
    return found


def _anaphylactic(reaction: dict[str, Any]) -> bool:
    manifestations = [item.get("concept") or item for item in dicts(reaction.get("manifestation"))]
    names = [name for item in manifestations for name in texts(item)]
    names.append(as_text(reaction.get("description")))
    return any("anaphyla" in name.lower() for name in names) or any(_ANAPHYLAXIS.intersection(codings(item)) for item in manifestations)
