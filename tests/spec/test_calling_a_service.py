"""CDS Hooks 3.0.0, "Calling a CDS Service" and what "Prefetch Template" says of the request's ``prefetch``."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import Call
from tests.spec.scenarios import EVERY_CARD, LOW_B12
from tests.support.fhir_builders import PATIENT, QUERIES, bundle, folic_acid, hook_request, prefetch

LABORATORY = ("b12-results", "blood-count", "renal-and-potassium")
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]}


def _post(client: FlaskClient, request: dict[str, Any]) -> Any:
    return client.post(f"/cds-services/b12-folate-{request['hook']}", json=request)


def _ids(cards: list[dict[str, Any]]) -> list[str]:
    return [card["source"]["topic"]["code"] for card in cards]


def _detail(cards: list[dict[str, Any]]) -> str:
    return "\n".join(card["detail"] for card in cards)


@pytest.mark.parametrize("card_id", EVERY_CARD)
def test_a_service_is_called_by_posting_json_to_its_url(call: Call, card_id: str) -> None:
    """HTTP Request: ``POST {baseUrl}/cds-services/{id}`` with hook, hookInstance, context and prefetch gives guidance."""
    assert _ids(call(EVERY_CARD[card_id])).count(card_id) == 1, (
        "tests/spec/scenarios.py: this request does not fire the card"
    )


@pytest.mark.parametrize("element", ["hook", "hookInstance", "context"])
def test_a_required_field_shall_be_in_the_request(client: FlaskClient, element: str) -> None:
    """HTTP Request: hook, hookInstance and context are REQUIRED; the answer names the one that is missing."""
    request = hook_request("patient-view", prefetch())
    hook = request["hook"]
    del request[element]
    response = client.post(f"/cds-services/b12-folate-{hook}", json=request)
    assert response.status_code == 400
    assert response.get_json()["issue"][0]["expression"] == [element]


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/json; charset=utf-8", "application/fhir+json"]
)
def test_json_media_types_are_accepted(client: FlaskClient, media_type: str) -> None:
    """Example: ``Content-type: application/json``, with or without a charset."""
    body = json.dumps(hook_request("patient-view", prefetch()))
    assert (
        client.post(
            "/cds-services/b12-folate-patient-view", data=body, content_type=media_type
        ).status_code
        == 200
    )


def test_optional_fields_of_the_request_are_accepted(call: Call) -> None:
    """HTTP Request: fhirServer and fhirAuthorization are optional and change no card that rests on the prefetch."""
    authorization = {
        "access_token": "opaque", "token_type": "Bearer", "expires_in": 300, "scope": "patient/*.rs", "subject": "cds",
    }  # fmt: skip
    request = hook_request("patient-view", prefetch(LOW_B12))
    more = {
        **request,
        "fhirServer": "https://ehr.example.org/fhir",
        "fhirAuthorization": authorization,
    }
    assert _ids(call(more)) == _ids(call(request)) == ["b12-deficiency-untreated"]


@pytest.mark.parametrize("hook", ["patient-view", "encounter-discharge"])
@pytest.mark.parametrize(
    ("without", "named"),
    [
        (("patient",), ["patient"]),
        (LABORATORY, list(LABORATORY)),
        (QUERIES, ["patient", *LABORATORY]),
    ],
)
def test_missing_required_data_shall_be_412(
    client: FlaskClient, hook: str, without: tuple[str, ...], named: list[str]
) -> None:
    """Prefetch Template: required data that is not in the request and cannot be fetched: 412, and the keys by name."""
    response = _post(client, hook_request(hook, prefetch(without=without)))
    assert response.status_code == 412
    assert response.get_json()["issue"][0]["expression"] == [f"prefetch.{key}" for key in named]


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_an_order_that_needs_the_patient_is_412_without(client: FlaskClient, hook: str) -> None:
    """Prefetch Template: 412 for an order of folic acid without the Patient; laboratory keys are not required here."""
    response = _post(
        client, hook_request(hook, prefetch(without=("patient",)), drafts=[folic_acid()])
    )
    assert response.status_code == 412
    assert response.get_json()["issue"][0]["expression"] == ["prefetch.patient"]
    response = _post(
        client, hook_request(hook, prefetch(without=LABORATORY), drafts=[folic_acid()])
    )
    assert response.status_code == 200


def test_a_request_without_any_prefetch_is_412_when_data_is_needed(client: FlaskClient) -> None:
    """HTTP Request: ``prefetch`` is OPTIONAL: its absence is 412, not a malformed request."""
    assert _post(client, hook_request("patient-view")).status_code == 412
    assert _post(client, hook_request("order-sign", drafts=[folic_acid()])).status_code == 412


@pytest.mark.parametrize("key", LABORATORY)
def test_one_laboratory_key_is_enough(client: FlaskClient, key: str) -> None:
    """Prefetch Template: a client MAY honour only some templates."""
    others = tuple(other for other in LABORATORY if other != key)
    assert _post(client, hook_request("patient-view", prefetch(without=others))).status_code == 200


def test_a_null_prefetch_value_means_that_there_is_no_data(call: Call) -> None:
    """Prefetch Template: no data for a key: its value SHALL be null: the same as an empty search, not unknown."""
    empty = prefetch(LOW_B12)
    null = {
        key: value if key in ("patient", "b12-results") else None for key, value in empty.items()
    }
    answers = [call(hook_request("patient-view", values)) for values in (null, empty)]
    assert [card["detail"] for card in answers[0]] == [card["detail"] for card in answers[1]]
    assert "not known whether B12 treatment is already under way" not in _detail(answers[0])


def test_a_null_laboratory_value_satisfies_the_precondition(client: FlaskClient) -> None:
    """Prefetch Template: null is an answer, so it is not missing data."""
    values = {**prefetch(), **dict.fromkeys(LABORATORY)}
    assert _post(client, hook_request("patient-view", values)).status_code == 200


def test_an_omitted_key_is_unknown_and_not_absent(call: Call) -> None:
    """Prefetch Template: a key is omitted where details cannot be provided: the card says what is not known."""
    medications = tuple(key for key in QUERIES if key.startswith("medication-"))
    cards = call(hook_request("patient-view", prefetch(LOW_B12, without=medications)))
    assert _ids(cards) == ["b12-deficiency-untreated"]
    assert "not known whether B12 treatment is already under way" in _detail(cards)
    assert "Not known:" in _detail(cards)


@pytest.mark.parametrize(
    "failed",
    [
        OUTCOME,
        bundle([OUTCOME]),
        {
            "resourceType": "Bundle",
            "type": "searchset",
            "entry": [{"response": {"outcome": OUTCOME}}],
        },
    ],
)
def test_a_service_should_check_prefetched_data_for_operation_outcomes(
    call: Call, failed: dict[str, Any]
) -> None:
    """Prefetch Template: an OperationOutcome, alone or in a Bundle: 200, and what the key would tell is unknown."""
    values = prefetch(LOW_B12)
    values.update({key: failed for key in QUERIES if key.startswith("medication-")})
    cards = call(hook_request("patient-view", values))
    assert _ids(cards) == ["b12-deficiency-untreated"]
    assert "not known whether B12 treatment is already under way" in _detail(cards)


def test_a_paginated_bundle_is_not_taken_for_all(call: Call) -> None:
    """Prefetch Template: a client MAY paginate: with a ``next`` link that is not followed, absence is unknown."""
    page = bundle(
        [],
        link=[{"relation": "next", "url": "https://ehr.example.org/fhir/MedicationRequest?page=2"}],
    )
    cards = call(hook_request("patient-view", {**prefetch(LOW_B12), "medication-requests": page}))
    assert "not known whether B12 treatment is already under way" in _detail(cards)


def test_a_bundle_with_fewer_entries_than_its_total_is_not_taken_for_all(call: Call) -> None:
    """Prefetch Template: the same for a Bundle that holds less than it says was found."""
    values = {**prefetch(LOW_B12), "medication-requests": bundle([], total=3)}
    assert "not known whether B12 treatment is already under way" in _detail(
        call(hook_request("patient-view", values))
    )


def test_what_a_partial_bundle_holds_counts(call: Call) -> None:
    """Prefetch Template: what was received is present all the same."""
    page = bundle(
        [LOW_B12], total=9, link=[{"relation": "next", "url": "https://ehr.example.org/next"}]
    )
    assert _ids(call(hook_request("patient-view", {**prefetch(), "b12-results": page}))) == [
        "b12-deficiency-untreated"
    ]


def test_data_of_another_patient_is_not_used(call: Call) -> None:
    """Prefetch Template: prefetched data is about ``context.patientId``; a stray result of somebody else never counts."""
    stray = {**LOW_B12, "subject": {"reference": f"Patient/not-{PATIENT}"}}
    assert call(hook_request("patient-view", prefetch(stray))) == []


def test_prefetch_keys_that_were_not_asked_for_are_ignored(call: Call) -> None:
    """Prefetch Template: the service reads its own keys; others, whatever they hold, change nothing."""
    values = {**prefetch(LOW_B12), "somebody-elses": [1, {"resourceType": "Observation"}], "": None}
    assert _ids(call(hook_request("patient-view", values))) == ["b12-deficiency-untreated"]
