"""The made-up patients' records as of a day, and the hook requests that a client would make from
them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from ..engine import Engine
from ..facts.queries import Part, Parts
from ..fhir.terminology import BASE, Terminology
from ..rules.hook_table import HOOKS
from .chart import PRACTITIONER, Chart, Json
from .fhir_search import Records
from .patients import PEOPLE, Person

_INSTANCE = "0f4a1b1e-6d0a-4bb1-8d4f-6f0c9d1f7c11"


class DemoPatient(NamedTuple):
    """A patient with all resources of the record and the draft order, if there is one."""

    person: Person
    record: tuple[Json, ...]
    order: Json | None

    @property
    def hook(self) -> str:
        """The hook that the record is meant for."""
        return "order-select" if self.order else "patient-view"


def demo_patients(
    today: date, terminology: Terminology, people: Iterable[Person] = PEOPLE
) -> dict[str, DemoPatient]:
    """Write the records of ``people`` as of ``today``, with the displays of ``terminology``; return
    the patients by id."""
    return {
        person.id: _written(person, number, today, terminology)
        for number, person in enumerate(people, 1)
    }


def demo_records(patients: Mapping[str, DemoPatient]) -> Records:
    """The resources of ``patients`` and their practitioner, as a FHIR server holds them: draft
    orders are included, as in an EHR."""
    return Records(
        [PRACTITIONER, *(resource for patient in patients.values() for resource in patient.record)]
    )


def _written(person: Person, number: int, today: date, terminology: Terminology) -> DemoPatient:
    called = f"{person.given} {person.family}"
    chart = Chart(person.id, called, today, terminology)
    written = [write(chart) for write in person.entries]
    order = person.order(chart) if person.order else None
    if person.stops is not None:
        order = {**written[person.stops], "status": "stopped"}
    return DemoPatient(
        person,
        (_patient(person, number, called, today), _encounter(chart), *chart.resources),
        order,
    )


def _patient(person: Person, number: int, called: str, today: date) -> Json:
    return {
        "resourceType": "Patient",
        "id": person.id,
        "active": True,
        "identifier": [{"system": f"{BASE}/sandbox/patient", "value": f"SANDBOX-{number:03}"}],
        "name": [
            {"use": "official", "text": called, "family": person.family, "given": [person.given]}
        ],
        "gender": person.gender,
        "birthDate": _birthday(today, person.age, number).isoformat(),
        "generalPractitioner": [
            {
                "reference": f"Practitioner/{PRACTITIONER['id']}",
                "display": PRACTITIONER["name"][0]["text"],
            }
        ],
    }


def _birthday(today: date, age: int, number: int) -> date:
    """A date of birth for a patient who is ``age`` years old today, different for 52 numbers in a
    row."""
    day = today - timedelta(days=7 * (number % 52))
    return day.replace(year=day.year - age, day=min(day.day, 28))


def _encounter(chart: Chart) -> Json:
    act = {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
        "code": "AMB",
        "display": "ambulatory",
    }
    return {
        "resourceType": "Encounter",
        "id": f"{chart.identity}-visit",
        "status": "in-progress",
        "class": act,
        "subject": chart.subject,
        "period": {"start": chart.at(0, "00:00:00")},
    }


def hook_request(patient: DemoPatient, hook: str = "") -> Json:
    """The request of ``hook`` (by default, the patient's own) without prefetch."""
    hook = hook or patient.hook
    context = {
        "userId": f"Practitioner/{PRACTITIONER['id']}",
        "patientId": patient.person.id,
        "encounterId": f"{patient.person.id}-visit",
    }
    return {
        "hook": hook,
        "hookInstance": _INSTANCE,
        "context": hook_context(hook, context, [patient.order] if patient.order else []),
    }


def hook_context(hook: str, common: Mapping[str, str], orders: Sequence[Mapping[str, Any]]) -> Json:
    """The context of ``hook``: the fields ``common`` to all hooks and, for a hook at ordering,
    ``orders`` as draft orders and as selections."""
    of_hook = HOOKS[hook]
    context: Json = {**common, **of_hook.example_context}
    if of_hook.has_drafts:
        context["draftOrders"] = {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": order} for order in orders],
        }
    if of_hook.has_selections:
        context["selections"] = [f"{order['resourceType']}/{order['id']}" for order in orders]
    return context


def prefetched(parts: Iterable[Part], records: Records, patient_id: str, base: str) -> Json:
    """The prefetch that a client sends for the query ``parts`` when its FHIR server at ``base``
    holds ``records``."""
    return {part.key: records.answer(part.url(patient_id), base) for part in parts}


def parts_of(engine: Engine, hook: str) -> Parts:
    """The queries in the prefetch templates of ``engine``'s service for ``hook``."""
    return engine.queries.of(engine.queries_by_hook[hook])
