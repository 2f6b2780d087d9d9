"""Orders that suggestions create, from the ActivityDefinitions in
``fhir_profiles/activity-definitions``.

A template is resolved when it is loaded. A call only adds the patient, the encounter and the times,
so that an order leaves as it was validated at load.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from ..facts.potassium_timing import CHECKS
from ..fhir.definitions import read_definitions, using
from ..fhir.medication import COBALAMINS
from ..fhir.r4 import CodeableConcept, MedicationRequest
from ..fhir.references import is_id
from ..fhir.terminology import LOINC, RXNORM, SNOMED, Terminology
from .carried_over import carry_over
from .reasons import told_reasons

LABORATORY = {
    "coding": [
        {
            "system": SNOMED,
            "code": "108252007",
            "display": "Laboratory procedure",
        },
    ]
}

# UK orders use dm+d and SNOMED CT. There, codings of the systems in this set come last.
_LAST_IN_UK = frozenset({LOINC, RXNORM})
# UK Core MedicationRequest 2.5.0 makes the element mandatory, and its guide sets it to false unless
# substitution is intended. Unlike in base R4, leaving it out does not permit substitution. NHS
# England's prescription service accepts nothing else.
_NO_SUBSTITUTION = {"allowedBoolean": False}
# Users who can request an order. Other users (Patient, RelatedPerson) cannot.
_PRESCRIBERS = ("Practitioner", "PractitionerRole")
_ORDERS = frozenset({"order", "original-order", "reflex-order", "filler-order", "instance-order"})


class OrderContext(NamedTuple):
    """What a call adds to an order. ``intent``: that of the draft that it replaces, or the site's
    choice.

    ``replaces``: the MedicationRequest that a medication order replaces. ``note``: a text for the
    order. ``user``: who made the call, ``Practitioner/id``. ``first_dose``: whether the suggestion
    starts treatment, so that samples are taken before it. ``draft``: the draft that a medication
    order replaces, as received. ``reasons``: the references that decided.
    """

    patient: str
    encounter: str | None
    now: datetime
    intent: str
    replaces: str = ""
    user: str = ""
    draft: MedicationRequest | None = None
    reasons: tuple[str, ...] = ()
    note: str = ""
    first_dose: bool = False

    def opening(self) -> dict[str, Any]:
        """The elements that every order of the call begins with."""
        parts: dict[str, Any] = {"intent": self.intent, "subject": {"reference": self.patient}}
        if self.encounter:
            parts["encounter"] = {"reference": f"Encounter/{self.encounter}"}
        parts["authoredOn"] = self.now.isoformat(timespec="seconds")
        return parts

    def requester(self) -> dict[str, Any]:
        """The user as requester, if the user can request orders and this is no proposal."""
        kind, _, identity = self.user.partition("/")
        asks = self.intent in _ORDERS and kind in _PRESCRIBERS and is_id(identity)
        return {"requester": {"reference": self.user}} if asks else {}


class OrderTemplate(NamedTuple):
    """A resolved order. ``hours``: it is due in so many hours."""

    id: str
    title: str
    resource: dict[str, Any]
    hours: float | None
    starts_cobalamin: bool

    @property
    def is_sample(self) -> bool:
        """Whether it asks for a sample whose result treatment would falsify. A potassium test
        states when it is due."""
        return self.resource["resourceType"] == "ServiceRequest" and self.id not in CHECKS

    def order(self, context: OrderContext) -> dict[str, Any]:
        """The FHIR R4 order for one patient. The nested parts are shared: do not change them."""
        resource = {**self.resource, **context.opening()}
        is_medication = resource["resourceType"] == "MedicationRequest"
        if is_medication and context.replaces:
            resource["priorPrescription"] = {"reference": context.replaces}
        if context.note:
            resource["note"] = [{"text": context.note}]
        if context.first_dose and self.is_sample:
            code = resource["code"]
            resource["code"] = {**code, "text": f"{code['text']}: before the first dose of B12"}
        if self.hours is not None:
            due = (context.now.astimezone(UTC) + timedelta(hours=self.hours)).astimezone(
                context.now.tzinfo
            )
            resource["occurrenceDateTime"] = due.isoformat(timespec="seconds")
        resource |= context.requester()
        resource |= told_reasons(resource["resourceType"], context.reasons)
        return carry_over(context.draft, resource) if context.draft and is_medication else resource


def load_templates(
    folder: Path, terminology: Terminology, parameter_set: str
) -> dict[str, OrderTemplate]:
    """Every ActivityDefinition of ``folder`` by id. In the set ``uk``, LOINC and RxNorm codings
    come last, in other sets first, and medications must not be substituted.

    Raises :class:`DefinitionError`.
    """
    templates = {}
    for path, definition in read_definitions(folder, "ActivityDefinition"):
        with using(path):
            templates[definition["id"]] = _template(definition, terminology, parameter_set)
    return templates


def with_site_codings(
    templates: Mapping[str, OrderTemplate], terminology: Terminology
) -> dict[str, OrderTemplate]:
    """``templates`` with the codings that the site marked for orders. In tests they follow the
    published ones; in medications they replace those of the same system."""
    return {name: _with_site_codings(template, terminology) for name, template in templates.items()}


def drugs_of(
    templates: Mapping[str, OrderTemplate], terminology: Terminology
) -> dict[str, frozenset[str]]:
    """The ids of the value sets that hold the product of each medication order, by template."""
    products = {
        name: template.resource.get("medicationCodeableConcept")
        for name, template in templates.items()
    }
    return {
        name: terminology.sets_of_concept(msgspec.convert(product, CodeableConcept))
        for name, product in products.items()
        if product
    }


def _with_site_codings(template: OrderTemplate, terminology: Terminology) -> OrderTemplate:
    concept = template.resource.get("code")
    if concept is None:
        return _with_site_product(template, terminology)
    added = terminology.order_codings(
        (coding["system"], coding["code"]) for coding in concept["coding"]
    )
    if not added:
        return template
    return template._replace(
        resource={**template.resource, "code": {**concept, "coding": [*concept["coding"], *added]}}
    )


def _with_site_product(template: OrderTemplate, terminology: Terminology) -> OrderTemplate:
    product = template.resource["medicationCodeableConcept"]
    own = {coding["system"]: coding for coding in terminology.product_codings(template.id)}
    if not own:
        return template
    kept = [own.pop(coding["system"], coding) for coding in product["coding"]]
    return template._replace(
        resource={
            **template.resource,
            "medicationCodeableConcept": {**product, "coding": [*kept, *own.values()]},
        }
    )


def _concept(concept: dict[str, Any], parameter_set: str) -> dict[str, Any]:
    """A CodeableConcept of a definition in the form for orders: without the extensions of its
    codes, and with the country's codes first."""
    uk = parameter_set == "uk"
    coding = [
        {name: value for name, value in coding.items() if name != "extension"}
        for coding in concept["coding"]
    ]
    return {
        "coding": sorted(coding, key=lambda item: (item["system"] in _LAST_IN_UK) is uk),
        "text": concept["text"],
    }


def _template(
    definition: dict[str, Any], terminology: Terminology, parameter_set: str
) -> OrderTemplate:
    resource: dict[str, Any] = {
        "resourceType": definition["kind"],
        "instantiatesCanonical": [f"{definition['url']}|{definition['version']}"],
        "status": "draft",
        "intent": definition["intent"],
    }
    if definition["kind"] not in ("MedicationRequest", "ServiceRequest"):
        raise ValueError("an order is of one of these kinds")
    starts_cobalamin = False
    if "priority" in definition:
        resource["priority"] = definition["priority"]
    if definition["kind"] == "MedicationRequest":
        product = _concept(definition["productCodeableConcept"], parameter_set)
        resource["medicationCodeableConcept"] = product
        resource["dosageInstruction"] = definition["dosage"]
        if parameter_set == "uk":
            resource["substitution"] = _NO_SUBSTITUTION
        starts_cobalamin = bool(
            terminology.sets_of_concept(msgspec.convert(product, CodeableConcept)) & COBALAMINS
        )
    else:
        resource["category"] = [LABORATORY]
        resource["code"] = _concept(definition["code"], parameter_set)
    hours = definition.get("timingDuration", {}).get("value")
    return OrderTemplate(definition["id"], definition["title"], resource, hours, starts_cobalamin)
