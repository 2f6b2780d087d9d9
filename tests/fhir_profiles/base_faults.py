"""Faults against base FHIR R4, each in a resource of a type that is read or written here.

HL7's validator refuses each of them but the unknown modifier extension, since it is told to allow those of others.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from tests.fhir_profiles.profiles import EXAMPLES

Resource = dict[str, Any]
UCUM = "http://unitsofmeasure.org"
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
PROBLEM: Resource = {
    "resourceType": "Condition",
    "id": "problem",
    "clinicalStatus": {"coding": [{"system": CLINICAL, "code": "active"}]},
    "code": {"text": "Paraesthesia"},
    "subject": {"reference": "Patient/example-patient"},
}
ALLERGY: Resource = {
    "resourceType": "AllergyIntolerance",
    "id": "allergy",
    "clinicalStatus": {
        "coding": [
            {
                "system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical",
                "code": "active",
            }
        ]
    },
    "code": {"text": "Cobalamin"},
    "patient": {"reference": "Patient/example-patient"},
}
BASES: dict[str, Resource] = {
    "result": {
        name: value for name, value in EXAMPLES["b12-total-result"].items() if name != "meta"
    },
    "order": {
        name: value for name, value in EXAMPLES["hydroxocobalamin-order"].items() if name != "meta"
    },
    "test": {name: value for name, value in EXAMPLES["laboratory-order"].items() if name != "meta"},
    "patient": EXAMPLES["example-patient"],
    "problem": PROBLEM,
    "allergy": ALLERGY,
}
PRACTITIONER = {"resourceType": "Practitioner", "id": "p"}
XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'


def repeat(order: Resource) -> Any:
    return order["dosageInstruction"][0]["timing"]["repeat"]


def narrative(div: str) -> Callable[[Resource], Any]:
    return lambda resource: resource.update(text={"status": "generated", "div": div})


def bundle(**more: Any) -> Callable[[Resource], Any]:
    def change(resource: Resource) -> None:
        inner = deepcopy(resource)
        resource.clear()
        resource.update(
            {
                "resourceType": "Bundle",
                "id": "b",
                "type": "collection",
                "entry": [{"resource": inner}],
                **more,
            }
        )

    return change


# The name: which resource, and what is done to it.
FAULTS: dict[str, tuple[str, Callable[[Resource], Any]]] = {
    "a duration without a unit": ("order", lambda order: repeat(order).update(duration=1)),
    "a period without a unit": ("order", lambda order: repeat(order).pop("periodUnit")),
    "a negative period": ("order", lambda order: repeat(order).update(period=-1)),
    "a greatest period alone": ("order", lambda order: (repeat(order).pop("period"), repeat(order).pop("periodUnit"), repeat(order).update(periodMax=2))),
    "a greatest count alone": ("order", lambda order: (repeat(order).pop("count", None), repeat(order).update(countMax=2))),
    "a greatest duration alone": ("order", lambda order: repeat(order).update(durationMax=2)),
    "an offset without an event": ("order", lambda order: repeat(order).update(offset=10)),
    "a time of day and an event": ("order", lambda order: repeat(order).update(timeOfDay=["08:00:00"], when=["MORN"])),
    "an unknown event": ("order", lambda order: repeat(order).update(when=["TEATIME"])),
    "an unknown unit of time": ("order", lambda order: repeat(order).update(periodUnit="fortnight")),
    "a value and a reason why not": ("result", lambda result: result.update(dataAbsentReason={"text": "unknown"})),
    "a component of the code of the whole": ("result", lambda result: result.update(component=[{"code": result["code"], "valueInteger": 1}])),
    "an empty reference range": ("result", lambda result: result.update(referenceRange=[{"appliesTo": [{"text": "women"}]}])),
    "a code of a unit without system": ("result", lambda result: result["valueQuantity"].pop("system")),
    "a comparator that there is not": ("result", lambda result: result["valueQuantity"].update(comparator="~")),
    "a status that there is not": ("result", lambda result: result.update(status="done")),
    "no status": ("result", lambda result: result.pop("status")),
    "no code": ("result", lambda result: result.pop("code")),
    "two values": ("result", lambda result: result.update(valueString="110 pg/mL")),
    "an element that there is not": ("result", lambda result: result.update(unit="pg/mL")),
    "a list where there is one": ("result", lambda result: result.update(status=["final"])),
    "a number as text": ("result", lambda result: result["valueQuantity"].update(value="110")),
    "a day that there is not": ("result", lambda result: result.update(effectiveDateTime="2026-02-31")),
    "a period that ends before it starts": (
        "result", lambda result: (result.pop("effectiveDateTime"), result.update(effectivePeriod={"start": "2026-11-20", "end": "2026-11-10"}))
    ),
    "a reference to nothing contained": ("order", lambda order: order.update(requester={"reference": "#nobody"})),
    "a contained resource that nobody refers to": ("order", lambda order: order.update(contained=[PRACTITIONER])),
    "a contained resource in a contained one": (
        "order",
        lambda order: order.update(contained=[{**PRACTITIONER, "contained": [{**PRACTITIONER, "id": "q"}]}], requester={"reference": "#p"}),
    ),
    "a contained resource with a version": (
        "order", lambda order: order.update(contained=[{**PRACTITIONER, "meta": {"versionId": "1"}}], requester={"reference": "#p"})
    ),
    "a narrative that is no XHTML": ("result", narrative("<div>B12 110 pg/mL</div>")),
    "a narrative with a script": ("result", narrative(f"<div {XHTML}>B12<script>alert(1)</script></div>")),
    "an empty narrative": ("result", narrative(f"<div {XHTML}> </div>")),
    "an extension with a value and extensions": (
        "result", lambda result: result.update(extension=[{"url": "http://example.org/x", "valueString": "x", "extension": [{"url": "y", "valueCode": "z"}]}])
    ),
    "an unknown modifier extension": ("order", lambda order: order.update(modifierExtension=[{"url": "http://example.org/not", "valueBoolean": True}])),
    "an abatement of an active problem": ("problem", lambda problem: problem.update(abatementDateTime="2026-01-01")),
    "a problem in error with a clinical status": (
        "problem",
        lambda problem: problem.update(
            verificationStatus={"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-ver-status", "code": "entered-in-error"}]}
        ),
    ),
    "an allergy without a clinical status": ("allergy", lambda allergy: allergy.pop("clinicalStatus")),
    "a clinical status that there is not": ("problem", lambda problem: problem["clinicalStatus"]["coding"][0].update(code="raging")),
    "a telecom without its system": ("patient", lambda patient: patient.update(telecom=[{"value": "555"}])),
    "a contact of nothing": ("patient", lambda patient: patient.update(contact=[{"gender": "female"}])),
    "data without its content type": ("patient", lambda patient: patient.update(photo=[{"data": "QUJD"}])),
    "details of an order without a code": ("test", lambda test: (test.pop("code"), test.update(orderDetail=[{"text": "x"}]))),
    "a total of a collection": ("result", bundle(total=1)),
    "a collection that was searched": ("result", bundle(entry=[{"resource": deepcopy(BASES["result"]), "search": {"mode": "match"}}])),
    "a transaction without requests": ("result", bundle(type="transaction")),
}  # fmt: skip


def faulty() -> dict[str, Resource]:
    """Each faulty resource by the name of its fault."""
    found = {}
    for name, (base, change) in FAULTS.items():
        resource = deepcopy(BASES[base])
        change(resource)
        found[name] = resource
    return found
