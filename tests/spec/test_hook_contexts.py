"""The hook definitions: patient-view, order-select, order-sign and encounter-discharge, each version 1.0."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import Call
from tests.spec.scenarios import CYANOCOBALAMIN, LEBER, LOW_B12
from tests.support.fhir_builders import (
    FOLIC_ACID_1MG,
    condition,
    draft,
    folic_acid,
    hook_request,
    hydroxocobalamin,
    prefetch,
    service_request,
)

REQUIRED = [
    ("patient-view", "userId"), ("patient-view", "patientId"), ("order-select", "userId"), ("order-select", "patientId"),
    ("order-sign", "userId"), ("order-sign", "patientId"), ("encounter-discharge", "userId"),
    ("encounter-discharge", "patientId"), ("encounter-discharge", "encounterId"),
]  # fmt: skip


def _request(hook: str, *drafts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return hook_request(
        hook, prefetch(LOW_B12), drafts=list(drafts) if hook.startswith("order") else None, **more
    )


def _ids(cards: list[dict[str, Any]]) -> list[str]:
    return [card["source"]["topic"]["code"] for card in cards]


@pytest.mark.parametrize(("hook", "element"), REQUIRED)
def test_a_required_context_field_is_demanded(client: FlaskClient, hook: str, element: str) -> None:
    """Context: a REQUIRED field that is missing is an error that names it."""
    request = _request(hook, folic_acid())
    del request["context"][element]
    response = client.post(f"/cds-services/b12-folate-{hook}", json=request)
    assert response.status_code == 400
    assert response.get_json()["issue"][0]["expression"] == [f"context.{element}"]


@pytest.mark.parametrize("hook", ["patient-view", "order-select", "order-sign"])
def test_the_encounter_is_optional(call: Call, hook: str) -> None:
    """Context: ``encounterId`` is OPTIONAL but for encounter-discharge; with or without it the advice is the same."""
    request = _request(hook, folic_acid())
    within = {**request, "context": {**request["context"], "encounterId": "enc-2"}}
    assert _ids(call(request)) == _ids(call(within)) != []


@pytest.mark.parametrize(
    "user", ["Practitioner/1", "PractitionerRole/1", "Patient/pat-1", "RelatedPerson/1"]
)
def test_any_user_is_accepted(call: Call, user: str) -> None:
    """Context: ``userId`` is a Practitioner, PractitionerRole, Patient or RelatedPerson."""
    request = _request("patient-view")
    request["context"]["userId"] = user
    assert _ids(call(request)) == ["b12-deficiency-untreated"]


def test_patient_view_speaks_of_the_record_and_not_of_orders(call: Call) -> None:
    """patient-view: the chart is opened; nothing is ordered."""
    assert _ids(call(_request("patient-view"))) == ["b12-deficiency-untreated"]


def test_encounter_discharge_checks_what_is_untreated(call: Call) -> None:
    """encounter-discharge: lets a service intervene before discharge; a new order belongs to the encounter that ends."""
    cards = call(_request("encounter-discharge"))
    assert _ids(cards) == ["b12-deficiency-untreated"]
    order = cards[0]["suggestions"][0]["actions"][0]["resource"]
    assert order["encounter"] == {"reference": "Encounter/enc-1"}


def test_order_select_focuses_on_the_selected_orders(call: Call) -> None:
    """order-select: guidance on what is selected; an order that lies unselected in the session raises no card."""
    folate, other = folic_acid(), draft({"text": "Paracetamol 500 mg tablet"})
    request = _request(
        "order-select", folate, other, selections=[f"MedicationRequest/{other['id']}"]
    )
    assert call(request) == []
    request = _request(
        "order-select", folate, other, selections=[f"MedicationRequest/{folate['id']}"]
    )
    assert _ids(call(request)) == ["folic-acid-b12-deficient"]


@pytest.mark.parametrize("position", [0, 1])
def test_order_select_takes_the_other_orders_into_account(call: Call, position: int) -> None:
    """order-select: the unselected orders are context: B12 already in the session answers the folic acid warning."""
    drafts = [folic_acid(), hydroxocobalamin()]
    request = _request(
        "order-select", *drafts, selections=[f"MedicationRequest/{drafts[position]['id']}"]
    )
    assert "folic-acid-b12-deficient" not in _ids(call(request))


@pytest.mark.parametrize(
    "selection",
    ["{id}", "MedicationRequest/{id}", "https://ehr.example.org/fhir/MedicationRequest/{id}"],
)
def test_a_selection_may_be_written_in_several_ways(call: Call, selection: str) -> None:
    """order-select, Context: "the FHIR id of the newly selected order", in practice also a reference."""
    folate, leber_draft = folic_acid(), CYANOCOBALAMIN
    request = hook_request(
        "order-select",
        prefetch(condition(LEBER)),
        drafts=[folate, leber_draft],
        selections=[selection.format(id=leber_draft["id"])],
    )
    assert _ids(call(request))[0] == "cyanocobalamin-leber"
    other = {**request["context"], "selections": [selection.format(id=folate["id"])]}
    assert "cyanocobalamin-leber" not in _ids(call({**request, "context": other}))


@pytest.mark.parametrize("selections", [[], ["MedicationRequest/gone"]])
def test_without_a_selection_in_the_bundle_every_order_counts(
    call: Call, selections: list[str]
) -> None:
    """order-select: an empty or dangling ``selections`` is no reason to keep silent on a dangerous order."""
    assert _ids(call(_request("order-select", folic_acid(), selections=selections))) == [
        "folic-acid-b12-deficient"
    ]


def test_order_sign_looks_at_every_order(call: Call) -> None:
    """order-sign: the context has all unsigned orders and no ``selections``."""
    assert _ids(call(_request("order-sign", draft({"text": "Paracetamol"}), folic_acid()))) == [
        "folic-acid-b12-deficient"
    ]


@pytest.mark.parametrize("status", ["draft", "active", "on-hold", "cancelled"])
def test_order_sign_may_hold_orders_of_any_status(call: Call, status: str) -> None:
    """order-sign: re-signed orders may have another status: one that runs is judged, one that stops is not."""
    found = _ids(call(_request("order-sign", {**folic_acid(), "status": status})))
    assert found == (["folic-acid-b12-deficient"] if status in ("draft", "active") else [])


def test_draft_orders_may_hold_any_request_resource(call: Call) -> None:
    """order-select and order-sign: ``draftOrders`` may hold orders of every kind; the others are passed over."""
    others = [
        {
            "resourceType": "NutritionOrder",
            "id": "n1",
            "status": "draft",
            "patient": {"reference": "Patient/pat-1"},
        },
        {
            "resourceType": "DeviceRequest",
            "id": "d1",
            "status": "draft",
            "subject": {"reference": "Patient/pat-1"},
        },
        service_request("hb", status="draft"),
    ]
    assert _ids(call(_request("order-sign", *others, folic_acid()))) == ["folic-acid-b12-deficient"]
    assert call(_request("order-sign", *others)) == []


@pytest.mark.parametrize("first", [True, False])
def test_the_resources_in_context_shall_be_of_one_fhir_version(
    client: FlaskClient, first: bool
) -> None:
    """FHIR resources in context: SHALL be of one version; where one would be misread, no other is judged as if it were alone."""
    of_r5 = folic_acid(medicationCodeableConcept=None, medication={"concept": FOLIC_ACID_1MG})
    drafts = [of_r5, folic_acid()] if first else [folic_acid(), of_r5]
    response = client.post(
        "/cds-services/b12-folate-order-sign", json=_request("order-sign", *drafts)
    )
    assert response.status_code == 422
    assert response.get_json()["issue"][0]["expression"] == ["context.draftOrders"]


def test_a_draft_order_may_name_its_medication_by_its_full_url(
    client: FlaskClient, call: Call
) -> None:
    """FHIR R4, "Resolving references in Bundles": what has no id yet is known by the name that its entry has."""
    name = "urn:uuid:05efabf0-4be2-4561-91ce-51548425acb9"
    order = folic_acid(medicationCodeableConcept=None, medicationReference={"reference": name})
    request = hook_request("order-sign", prefetch(LOW_B12), drafts=[order])
    entries = request["context"]["draftOrders"]["entry"]
    assert client.post("/cds-services/b12-folate-order-sign", json=request).status_code == 412
    entries.append(
        {"fullUrl": name, "resource": {"resourceType": "Medication", "code": FOLIC_ACID_1MG}}
    )
    assert _ids(call(request)) == ["folic-acid-b12-deficient"]
    order["medicationReference"] = {"display": "Tablets"}
    assert _ids(call(request)) == []
