"""CDS Hooks 3.0.0, "Returning OperationOutcome"."""

from __future__ import annotations

from typing import Any

import pytest
from fhir.resources.R4B.operationoutcome import OperationOutcome
from flask.testing import FlaskClient

from tests.support.fhir_builders import hook_request, prefetch

URL = "/cds-services/b12-folate-patient-view"
ERRORS: dict[str, tuple[str, str, dict[str, Any], int]] = {
    "missing data": (
        "POST",
        URL,
        {"json": hook_request("patient-view", prefetch(without=("patient",)))},
        412,
    ),
    "malformed body": ("POST", URL, {"data": b"{", "content_type": "application/json"}, 400),
    "missing element": ("POST", URL, {"json": {"hook": "patient-view"}}, 400),
    "other hook": ("POST", URL, {"json": hook_request("order-sign", prefetch(), drafts=[])}, 400),
    "no JSON": ("POST", URL, {"data": b"<a/>", "content_type": "application/xml"}, 415),
    "unknown service": (
        "POST",
        "/cds-services/none",
        {"json": hook_request("patient-view", prefetch())},
        404,
    ),
    "unknown page": ("GET", "/nowhere", {}, 404),
    "wrong method": ("GET", URL, {}, 405),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_should_include_an_operation_outcome(client: FlaskClient, name: str) -> None:
    """Returning OperationOutcome: a non-2xx answer has a valid OperationOutcome with severity, code and text."""
    method, url, arguments, status = ERRORS[name]
    response = client.open(url, method=method, **arguments)
    assert response.status_code == status
    assert response.mimetype in ("application/json", "application/fhir+json")
    outcome = response.get_json()
    OperationOutcome.model_validate(outcome)
    for issue in outcome["issue"]:
        assert issue["severity"] == "error"
        assert issue["details"]["text"].strip()


def test_missing_data_is_412_and_names_the_prefetch_keys(client: FlaskClient) -> None:
    """Returning OperationOutcome, Example: the diagnostics name the prefetch key that is missing."""
    issue = client.post(
        URL, json=hook_request("patient-view", prefetch(without=("patient",)))
    ).get_json()["issue"][0]
    assert issue["code"] == "required"
    assert "patient" in issue["diagnostics"]
    assert issue["expression"] == ["prefetch.patient"]


def test_a_wrong_method_says_which_is_right(client: FlaskClient) -> None:
    """HTTP Status Codes: 405 has the header ``Allow``."""
    assert "POST" in client.get(URL).headers["Allow"]
