"""HL7's CRD request generator and HealthChain's client, with the requests that their sources make."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from cds_service.sandbox.patients import AT_ORDERING, ON_OPENING
from tests.sandbox.started import Started
from tests.support.clinic import ids
from tests.support.waiting import PATIENCE

Json = dict[str, Any]
CRD_ORIGIN = "http://localhost:3000"
WITHOUT_LINK = [person for person in AT_ORDERING if not person.choice]


def _read(url: str) -> Json:
    answer = requests.get(url, headers={"Origin": CRD_ORIGIN}, timeout=PATIENCE)
    assert answer.headers["Access-Control-Allow-Origin"] == CRD_ORIGIN
    content: Json = answer.json()
    return content


def _orders(started: Started, patient: str) -> list[Json]:
    """What the generator lists of a patient: four searches, all of which must succeed."""
    kinds = ("DeviceRequest", "ServiceRequest", "MedicationRequest", "MedicationDispense")
    bundles = [_read(f"{started.fhir}/{kind}?subject=Patient/{patient}") for kind in kinds]
    assert {bundle["resourceType"] for bundle in bundles} == {"Bundle"}
    return [entry["resource"] for bundle in bundles for entry in bundle.get("entry", [])]


def _crd_request(started: Started, patient: str, order: Json) -> Json:
    authorization = {
        "access_token": "",
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "patient/Patient.read patient/Observation.read",
        "subject": "cds-service4",
    }
    bundle = {"resourceType": "Bundle", "entry": [{"resource": order}]}
    return {
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "fhirServer": started.fhir,
        "hook": "order-sign",
        "fhirAuthorization": authorization,
        "context": {
            "userId": "Practitioner/example",
            "patientId": patient,
            "encounterId": "enc89284",
            "draftOrders": bundle,
        },
        "extension": {"davinci-crd.configuration": {"alt-drug": True}},
        "prefetch": {
            "medicationRequestBundle": {
                "resourceType": "Bundle",
                "type": "collection",
                "entry": [{"resource": order}],
            }
        },
    }


def test_the_crd_request_generator_offers_those_who_have_no_link(started: Started) -> None:
    listed = [
        entry["resource"]["id"]
        for entry in _read(f"{started.fhir}/Patient?_sort=identifier&_count=12")["entry"]
    ]
    assert {person.id for person in WITHOUT_LINK} <= set(listed)


@pytest.mark.parametrize(
    "person",
    [person for person in AT_ORDERING[:12] if person.order],
    ids=lambda person: person.card,
)
def test_the_crd_request_generator_gets_the_card_for_a_draft_on_the_server(
    started: Started, person: Any
) -> None:
    [order] = [order for order in _orders(started, person.id) if order["status"] == "draft"]
    url = f"{started.service}/cds-services/b12-folate-order-sign"
    headers = {"Origin": CRD_ORIGIN, "Authorization": "Bearer signed-with-RS256"}
    answer = requests.post(
        url, json=_crd_request(started, person.id, order), headers=headers, timeout=PATIENCE
    )
    assert answer.headers["Access-Control-Allow-Origin"] == CRD_ORIGIN
    assert person.card in ids(answer.json()["cards"])


@pytest.mark.parametrize("person", WITHOUT_LINK, ids=lambda person: person.card)
def test_a_ready_request_gets_the_card_as_it_is(started: Started, person: Any) -> None:
    body = requests.get(f"{started.demo}/requests/{person.id}", timeout=PATIENCE).content
    assert f"{started.demo}/requests/PATIENT" in started.text
    url = f"{started.service}/cds-services/b12-folate-order-select"
    assert url in started.text
    answer = requests.post(
        url, data=body, headers={"Content-Type": "application/json"}, timeout=PATIENCE
    )
    assert person.card in ids(answer.json()["cards"])


@pytest.mark.parametrize("person", ON_OPENING[:3], ids=lambda person: person.card)
def test_healthchain_gets_the_card_on_opening_the_chart(started: Started, person: Any) -> None:
    """Of the context it sends the user and the patient alone."""
    ready = requests.get(f"{started.demo}/requests/{person.id}", timeout=PATIENCE).json()
    context = {name: ready["context"][name] for name in ("userId", "patientId")}
    body = {
        "hook": "patient-view",
        "hookInstance": ready["hookInstance"],
        "context": context,
        "prefetch": ready["prefetch"],
    }
    answer = requests.post(
        f"{started.service}/cds-services/b12-folate-patient-view", json=body, timeout=PATIENCE
    )
    assert person.card in ids(answer.json()["cards"])
