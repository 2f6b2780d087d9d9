"""CDS Hooks 3.0.0, "Use of JSON"."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from flask.testing import FlaskClient

from tests.spec.conftest import Answers
from tests.spec.scenarios import ANSWERS, actions_of, nodes


def _fail_on_constant(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


@pytest.mark.parametrize("name", ANSWERS)
def test_data_shall_be_sent_as_json(client: FlaskClient, name: str) -> None:
    """Use of JSON: data SHALL be sent as JSON (RFC 8259: UTF-8, no NaN or Infinity), without comments or trailing commas."""
    request = ANSWERS[name]
    response = client.post(f"/cds-services/b12-folate-{request['hook']}", json=request)
    assert response.mimetype == "application/json"
    json.loads(response.get_data().decode("utf-8"), parse_constant=_fail_on_constant)


def test_embedded_fhir_resources_shall_use_the_standard_json_serialization(
    cards: list[dict[str, Any]],
) -> None:
    """Use of JSON: embedded resources SHALL be FHIR JSON: they validate, and nothing is lost or changed by a round trip."""
    resources = [action["resource"] for action in actions_of(cards) if "resource" in action]
    assert {resource["resourceType"] for resource in resources} == {
        "MedicationRequest",
        "ServiceRequest",
    }
    for resource in resources:
        model = get_fhir_model_class(resource["resourceType"]).model_validate(resource)
        # The library writes UTC in its other form.
        assert json.loads(model.model_dump_json()) == json.loads(
            json.dumps(resource).replace("+00:00", "Z")
        )


@pytest.mark.parametrize("name", ANSWERS)
def test_json_elements_shall_not_be_null_or_empty(answers: Answers, name: str) -> None:
    """Null and empty JSON elements: no null, "", [] or {} anywhere, but for an empty array of cards."""
    prohibited = [
        path for path, value in nodes(answers[name]) if path != "$" and value in (None, "", [], {})
    ]
    assert prohibited == []


def test_discovery_elements_shall_not_be_null_or_empty(client: FlaskClient) -> None:
    """Null and empty JSON elements: the discovery response holds no null, "", [] or {} either."""
    assert [
        path
        for path, value in nodes(client.get("/cds-services").get_json())
        if value in (None, "", [], {})
    ] == []


def test_error_elements_shall_not_be_null_or_empty(client: FlaskClient) -> None:
    """Null and empty JSON elements: nor does an error."""
    outcome = client.post(
        "/cds-services/b12-folate-patient-view", data=b"", content_type="application/json"
    ).get_json()
    assert [path for path, value in nodes(outcome) if value in (None, "", [], {})] == []


def test_an_optional_attribute_without_a_value_shall_be_omitted(answers: Answers) -> None:
    """Null and empty JSON elements: a card without suggestions has neither ``suggestions`` nor ``selectionBehavior``."""
    card = answers["cobalamin-anaphylaxis"][0]
    assert card["source"]["topic"]["code"] == "cobalamin-anaphylaxis"
    assert not {"suggestions", "selectionBehavior"} & set(card)


def test_an_order_outside_an_encounter_has_no_encounter_element(answers: Answers) -> None:
    """Null and empty JSON elements: without ``context.encounterId`` a new order omits ``encounter``."""
    orders = [
        action["resource"]
        for action in actions_of(answers["folic-acid-b12-deficient"])
        if "resource" in action
    ]
    assert orders
    assert all("encounter" not in order for order in orders)
