"""A canary patient: what identifies them is in no log and in no error, whatever goes wrong."""

import json
import logging

import pytest

from tests.support.clinic import client
from tests.support.fhir_builders import folic_acid, hook_request, observation, patient, prefetch

CANARY = "Canaria-7461"


def _request():
    who = patient(name=[{"family": CANARY}], identifier=[{"value": CANARY}])
    result = observation("b12", 110, CANARY)
    request = hook_request("order-sign", prefetch(result, who=who), drafts=[folic_acid(id=CANARY)])
    request["fhirServer"] = "https://ehr.example.org/fhir"
    request["fhirAuthorization"] = {"access_token": CANARY, "token_type": "Bearer"}
    return request


def _spoilt():
    whole = json.dumps(_request())
    yield "whole", whole
    yield "cut", whole[: len(whole) // 2]
    yield (
        "patientId a number",
        json.dumps({**_request(), "context": {"userId": CANARY, "patientId": 7}}),
    )
    yield "hook of another service", json.dumps({**_request(), "hook": CANARY})
    yield "prefetch a list", json.dumps({**_request(), "prefetch": [CANARY]})
    yield (
        "no patient",
        json.dumps(
            {**_request(), "prefetch": {"b12-results": {"resourceType": "Bundle", "id": CANARY}}}
        ),
    )


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in _spoilt()])
def test_no_log_and_no_error_names_the_patient(body, caplog):
    caplog.set_level(logging.DEBUG)
    answer = client().post(
        "/cds-services/b12-folate-order-sign", data=body, content_type="application/json"
    )
    assert CANARY not in caplog.text
    if answer.status_code != 200:
        assert CANARY not in answer.get_data(as_text=True)


def test_a_failure_inside_is_told_by_its_place_alone(caplog, monkeypatch):
    from cds_service.app import create_app
    from cds_service.engine import Engine

    def fails(*_):
        raise RuntimeError(CANARY)

    app = create_app()
    monkeypatch.setattr(Engine, "answer", fails)
    answer = app.test_client().post("/cds-services/b12-folate-order-sign", json=_request())
    assert answer.status_code == 500
    assert answer.get_json()["resourceType"] == "OperationOutcome"
    assert CANARY not in answer.get_data(as_text=True) + caplog.text
    assert "RuntimeError" in caplog.text


def test_facts_that_could_not_be_determined_do_not_say_what_was_sent():
    from cds_service.facts.catalogue import CATALOGUE
    from tests.support.clinic import facts_of

    facts = facts_of(
        observation("b12", 110, CANARY),
        who=patient(name=[{"family": CANARY}]),
        drafts=[folic_acid(id=CANARY)],
    )
    assert not any(CANARY in facts[name].note for name in CATALOGUE)
