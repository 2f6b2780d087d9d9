"""CDS Hooks 3.0.0, "CDS Service Response"."""

from __future__ import annotations

import time

import pytest
from flask.testing import FlaskClient

from tests.spec.scenarios import ANSWERS, SILENT
from tests.support.fhir_builders import PATIENT, draft, hook_request, patient, prefetch

IRRELEVANT = draft(
    {
        "coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "308182"}],
        "text": "Amoxicillin",
    }
)


@pytest.mark.parametrize("name", ANSWERS)
def test_a_successful_response_shall_be_200_with_an_array_of_cards(
    client: FlaskClient, name: str
) -> None:
    """CDS Service Response: 200 and an object with ``cards``; nothing is applied by itself (no ``systemActions``)."""
    request = ANSWERS[name]
    response = client.post(f"/cds-services/b12-folate-{request['hook']}", json=request)
    assert response.status_code == 200
    assert list(response.get_json()) == ["cards"]
    assert isinstance(response.get_json()["cards"], list)


@pytest.mark.parametrize("name", SILENT)
def test_no_guidance_should_be_an_empty_array_of_cards(client: FlaskClient, name: str) -> None:
    """HTTP Response: without decision support the answer is 200 and ``{"cards": []}``."""
    request = SILENT[name]
    response = client.post(f"/cds-services/b12-folate-{request['hook']}", json=request)
    assert (response.status_code, response.get_json()) == (200, {"cards": []})


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
@pytest.mark.parametrize("values", [None, {}, {"patient": patient(id=PATIENT)}])
def test_an_order_of_another_drug_has_no_guidance(
    client: FlaskClient, hook: str, values: dict[str, object] | None
) -> None:
    """HTTP Response: an order of neither cobalamin nor folate: no cards, even without any prefetch."""
    response = client.post(
        f"/cds-services/b12-folate-{hook}", json=hook_request(hook, values, drafts=[IRRELEVANT])
    )
    assert (response.status_code, response.get_json()) == (200, {"cards": []})


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_an_empty_ordering_session_has_no_guidance(client: FlaskClient, hook: str) -> None:
    """HTTP Response: nothing is ordered: no cards, even where the record shows a deficiency."""
    response = client.post(
        f"/cds-services/b12-folate-{hook}", json=hook_request(hook, prefetch(), drafts=[])
    )
    assert response.get_json() == {"cards": []}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_should_take_less_than_500_ms(client: FlaskClient, name: str) -> None:
    """Providing FHIR Resources: services SHOULD respond on the order of 500 ms; the best of three, as other work goes on beside."""
    request = ANSWERS[name]
    took = []
    for _ in range(3):
        began = time.process_time()
        client.post(f"/cds-services/b12-folate-{request['hook']}", json=request)
        took.append(time.process_time() - began)
    assert min(took) < 0.5
