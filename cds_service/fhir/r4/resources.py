"""The resources of FHIR R4, as far as they are read."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any, ClassVar

from msgspec import Raw, Struct, field

from .datatypes import (
    AdministrationDosage,
    Annotation,
    BackboneElement,
    CodeableConcept,
    Dosage,
    Extension,
    Meta,
    Period,
    Quantity,
    Ratio,
    Reference,
    Timing,
)


class Resource(Struct, kw_only=True, gc=False):
    """The elements that every resource has. ``malformed``: the elements that were left out because
    their shape is not FHIR's.

    No element of FHIR is called ``~malformed``. A client that sends one makes its own resource
    count as malformed.
    """

    OTHER_VERSIONS: ClassVar[frozenset[str]] = frozenset()

    id: str = ""
    meta: Meta | None = None
    implicitRules: str = ""
    modifierExtension: Sequence[Any] = ()
    malformed: Sequence[str] = field(default=(), name="~malformed")

    @property
    def kind(self) -> str:
        """The resource type."""
        return self.__class__.__name__

    @property
    def relative(self) -> str:
        """``Type/id``, or the type alone where there is no id."""
        return f"{self.kind}/{self.id}" if self.id else self.kind

    @property
    def is_modified(self) -> bool:
        """Whether a modifier that the service does not understand may change the meaning of the
        resource."""
        return bool(self.modifierExtension or self.implicitRules)

    def lacks_part_of(self, elements: Container[str]) -> bool:
        """Whether one of ``elements``, or a part of it, was left out because it is malformed."""
        return bool(self.malformed) and any(
            place.partition(".")[0] in elements for place in self.malformed
        )


class OfPatient(Resource, kw_only=True):
    """A resource about a patient. R4 has one of the two elements, depending on the type."""

    subject: Reference | None = None
    patient: Reference | None = None

    @property
    def about(self) -> str:
        """The reference to the patient that the resource is about; ``""`` if there is none."""
        for reference in (self.subject, self.patient):
            if reference is not None:
                return reference.reference
        return ""


class Patient(Resource, tag_field="resourceType", tag="Patient", kw_only=True):
    """The patient."""

    birthDate: str = ""
    gender: str = ""
    deceasedBoolean: bool | None = None
    deceasedDateTime: str = ""


class ReferenceRange(BackboneElement, kw_only=True):
    """The range that a laboratory gives with a result."""

    low: Quantity | None = None
    high: Quantity | None = None
    type: CodeableConcept | None = None
    text: str = ""


_DECIDING_RESULT = frozenset({
    "status", "code", "subject", "patient", "effectiveDateTime", "effectiveInstant",
    "effectivePeriod", "valueQuantity", "valueCodeableConcept", "valueString", "valueBoolean",
    "dataAbsentReason", "modifierExtension", "implicitRules",
})  # fmt: skip


class Observation(OfPatient, tag_field="resourceType", tag="Observation", kw_only=True):
    """A result or finding."""

    OTHER_VERSIONS = frozenset({"patient", "comment", "comments"})

    partOf: Sequence[Reference] = ()
    status: str = ""
    code: CodeableConcept | None = None
    effectiveDateTime: str = ""
    effectiveInstant: str = ""
    effectivePeriod: Period | None = None
    issued: str = ""
    valueQuantity: Quantity | None = None
    valueCodeableConcept: CodeableConcept | None = None
    valueString: str = ""
    valueBoolean: bool | None = None
    dataAbsentReason: CodeableConcept | None = None
    interpretation: Sequence[CodeableConcept] = ()
    note: Sequence[Annotation] = ()
    referenceRange: Sequence[ReferenceRange] = ()
    comment: str = ""  # STU3
    comments: str = ""  # DSTU2

    @property
    def is_unreadable(self) -> bool:
        """Whether an element that decides what is said cannot be read, or a modifier is not
        understood. Other elements that cannot be read leave the rest usable."""
        return self.is_modified or self.lacks_part_of(_DECIDING_RESULT)


class Condition(OfPatient, tag_field="resourceType", tag="Condition", kw_only=True):
    """A problem or diagnosis. Before R4 its statuses are plain codes."""

    OTHER_VERSIONS = frozenset({"patient", "assertedDate", "dateRecorded", "abatementBoolean"})

    clinicalStatus: CodeableConcept | str | None = None
    verificationStatus: CodeableConcept | str | None = None
    code: CodeableConcept | None = None
    onsetDateTime: str = ""
    onsetPeriod: Period | None = None
    abatementDateTime: str = ""
    abatementAge: Any = None
    abatementPeriod: Period | None = None
    abatementRange: Any = None
    abatementString: str = ""
    abatementBoolean: bool | None = None  # STU3
    recordedDate: str = ""
    assertedDate: str = ""  # STU3
    dateRecorded: str = ""  # DSTU2

    @property
    def has_abated(self) -> bool:
        """Whether an abatement is stated, in any form."""
        stated = (
            self.abatementDateTime,
            self.abatementAge,
            self.abatementPeriod,
            self.abatementRange,
            self.abatementString,
            self.abatementBoolean,
        )
        return any(stated)


class Procedure(OfPatient, tag_field="resourceType", tag="Procedure", kw_only=True):
    """A procedure."""

    OTHER_VERSIONS = frozenset(
        {"patient", "occurrenceDateTime", "occurrencePeriod", "notDone", "notPerformed"}
    )

    extension: Sequence[Extension] = ()
    status: str = ""
    code: CodeableConcept | None = None
    performedDateTime: str = ""
    performedPeriod: Period | None = None
    occurrenceDateTime: str = ""  # R5
    occurrencePeriod: Period | None = None  # R5
    notDone: Any = None  # STU3
    notPerformed: Any = None  # DSTU2


class Manifestation(CodeableConcept):
    """A sign of a reaction. In R5 the concept is one level deeper."""

    OTHER_VERSIONS = frozenset({"concept"})

    concept: CodeableConcept | None = None


class AllergyReaction(BackboneElement, kw_only=True):
    """A reaction to an allergen."""

    substance: CodeableConcept | None = None
    manifestation: Sequence[Manifestation] = ()
    description: str = ""
    severity: str = ""
    note: Sequence[Annotation] = ()


class AllergyIntolerance(
    OfPatient, tag_field="resourceType", tag="AllergyIntolerance", kw_only=True
):
    """An allergy or intolerance."""

    OTHER_VERSIONS = frozenset({"subject", "substance"})

    clinicalStatus: CodeableConcept | str | None = None
    verificationStatus: CodeableConcept | str | None = None
    criticality: str = ""
    code: CodeableConcept | None = None
    reaction: Sequence[AllergyReaction] = ()
    note: Sequence[Annotation] = ()
    substance: Any = None  # DSTU2


class MedicationIngredient(BackboneElement, kw_only=True):
    """An ingredient of a product, with its amount in one unit of the product."""

    itemCodeableConcept: CodeableConcept | None = None
    itemReference: Reference | None = None
    isActive: bool | None = None
    strength: Ratio | None = None


class Medication(Resource, tag_field="resourceType", tag="Medication", kw_only=True):
    """A product."""

    code: CodeableConcept | None = None
    form: CodeableConcept | None = None
    ingredient: Sequence[MedicationIngredient] = ()


class OfMedication(OfPatient, kw_only=True):
    """A resource about a medication of a patient. ``contained`` is decoded only when a reference
    points there."""

    contained: Sequence[Raw] = ()
    status: str = ""
    medicationCodeableConcept: CodeableConcept | None = None
    medicationReference: Reference | None = None
    medication: Any = None  # R5


class MedicationRequest(
    OfMedication, tag_field="resourceType", tag="MedicationRequest", kw_only=True
):
    """An order for a medication."""

    OTHER_VERSIONS = frozenset({"patient", "medication"})

    basedOn: Sequence[Reference] = ()
    intent: str = ""
    doNotPerform: bool | None = None
    reportedBoolean: bool | None = None
    reportedReference: Reference | None = None
    authoredOn: str = ""
    dosageInstruction: Sequence[Dosage] = ()
    priorPrescription: Reference | None = None
    # Elements that an order which replaces a draft copies from it as sent; decoded only then.
    category: Raw = Raw()
    encounter: Raw = Raw()
    groupIdentifier: Raw = Raw()
    insurance: Raw = Raw()
    note: Raw = Raw()
    performer: Raw = Raw()
    performerType: Raw = Raw()
    priority: Raw = Raw()
    reasonCode: Raw = Raw()
    reasonReference: Raw = Raw()
    requester: Raw = Raw()
    supportingInformation: Raw = Raw()


class MedicationStatement(
    OfMedication, tag_field="resourceType", tag="MedicationStatement", kw_only=True
):
    """A medication that is, was or will be taken."""

    OTHER_VERSIONS = frozenset({"patient", "medication", "taken", "wasNotTaken"})

    basedOn: Sequence[Reference] = ()
    derivedFrom: Sequence[Reference] = ()
    effectiveDateTime: str = ""
    effectivePeriod: Period | None = None
    dateAsserted: str = ""
    dosage: Sequence[Dosage] = ()
    taken: Any = None  # STU3
    wasNotTaken: Any = None  # DSTU2


class MedicationAdministration(
    OfMedication, tag_field="resourceType", tag="MedicationAdministration", kw_only=True
):
    """A dose that was given."""

    OTHER_VERSIONS = frozenset(
        {
            "patient",
            "medication",
            "notGiven",
            "wasNotGiven",
            "effectiveTimeDateTime",
            "effectiveTimePeriod",
        }
    )

    effectiveDateTime: str = ""
    effectivePeriod: Period | None = None
    dosage: AdministrationDosage | None = None
    notGiven: Any = None  # STU3
    wasNotGiven: Any = None  # DSTU2
    effectiveTimeDateTime: Any = None  # DSTU2
    effectiveTimePeriod: Any = None  # DSTU2


class MedicationDispense(
    OfMedication, tag_field="resourceType", tag="MedicationDispense", kw_only=True
):
    """A supply that was handed over."""

    OTHER_VERSIONS = frozenset(
        {"patient", "medication", "notDoneCodeableConcept", "notDoneReference"}
    )

    whenPrepared: str = ""
    whenHandedOver: str = ""
    dosageInstruction: Sequence[Dosage] = ()
    notDoneCodeableConcept: Any = None  # STU3
    notDoneReference: Any = None  # STU3


class RequestCode(CodeableConcept):
    """What a request asks for. In R5 this is a CodeableReference, which is recognised but not
    read."""

    OTHER_VERSIONS = frozenset({"concept", "reference"})

    concept: Any = None
    reference: Any = None


class ServiceRequest(OfPatient, tag_field="resourceType", tag="ServiceRequest", kw_only=True):
    """A request for a laboratory test."""

    OTHER_VERSIONS = frozenset({"patient"})

    status: str = ""
    doNotPerform: bool | None = None
    code: RequestCode | None = None
    occurrenceDateTime: str = ""
    occurrencePeriod: Period | None = None
    occurrenceTiming: Timing | None = None
    authoredOn: str = ""


class OutcomeIssue(BackboneElement, kw_only=True):
    """One issue of an OperationOutcome."""

    details: CodeableConcept | None = None


class OperationOutcome(Resource, tag_field="resourceType", tag="OperationOutcome", kw_only=True):
    """What a server reports about a request."""

    issue: Sequence[OutcomeIssue] = ()


PatientResource = (
    Observation
    | Condition
    | Procedure
    | AllergyIntolerance
    | MedicationRequest
    | MedicationStatement
    | MedicationAdministration
    | MedicationDispense
    | ServiceRequest
)
READ_RESOURCES: tuple[type[Resource], ...] = (
    Patient, Observation, Condition, Procedure, AllergyIntolerance, Medication, MedicationRequest,
    MedicationStatement,
    MedicationAdministration, MedicationDispense, ServiceRequest, OperationOutcome,
)  # fmt: skip
AnyResource = PatientResource | Patient | Medication | OperationOutcome
