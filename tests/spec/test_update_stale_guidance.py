"""CDS Hooks 3.0.0, "Update Stale Guidance" and "Discovery": several hooks under one id, where the site asks for it."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.config import Settings
from tests.support.clinic import card_of, client, ids
from tests.support.fhir_builders import (
    folic_acid,
    hook_request,
    hydroxocobalamin,
    observation,
    prefetch,
)

HOOKS = ("patient-view", "order-select", "order-sign", "encounter-discharge")
SHARED = {"service_ids": "shared"}
LOW = prefetch(observation("b12", 100, "ng/L"))


def _services(**settings: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client(**settings).get("/cds-services").get_json()["services"]
    return found


def _post(path: str, body: dict[str, Any]) -> Any:
    return client(**SHARED).post(f"/cds-services/{path}", json=body)


def _request(hook: str) -> dict[str, Any]:
    return hook_request(hook, LOW, drafts=[folic_acid()] if hook.startswith("order") else None)


def test_a_server_can_host_services_with_the_same_id_for_different_hooks() -> None:
    """Discovery: "a CDS server can host multiple entries of CDS service with the same ``id`` for different ``hook``s"."""
    shared = _services(**SHARED)
    assert {service["id"] for service in shared} == {"b12-folate"}
    assert sorted(service["hook"] for service in shared) == sorted(HOOKS)


def test_ids_are_distinct_unless_the_site_asks() -> None:
    """A known client keys its services by id, and would lose all but one."""
    assert Settings().service_ids == "distinct"
    assert len({service["id"] for service in _services()}) == len(HOOKS)
    assert [{**service, "id": ""} for service in _services()] == [
        {**service, "id": ""} for service in _services(**SHARED)
    ]


@pytest.mark.parametrize("hook", HOOKS)
def test_the_hook_of_the_call_says_which_service_answers(hook: str) -> None:
    """The same cards as the service of that hook has under an id of its own."""
    shared = _post("b12-folate", _request(hook))
    own = client().post(f"/cds-services/b12-folate-{hook}", json=_request(hook))
    assert (shared.status_code, own.status_code) == (200, 200)
    assert ids(shared.get_json()["cards"]) == ids(own.get_json()["cards"]) != []


def test_a_later_hook_answers_anew() -> None:
    """What was advised on opening the chart has been done when the order is signed: the later answer does not repeat it."""
    before = _post("b12-folate", hook_request("patient-view", LOW)).get_json()["cards"]
    assert card_of(before, "b12-deficiency-untreated")
    after = _post(
        "b12-folate", hook_request("order-sign", LOW, drafts=[hydroxocobalamin()])
    ).get_json()["cards"]
    assert "b12-deficiency-untreated" not in ids(after)


@pytest.mark.parametrize("hook", ["medication-prescribe", "PATIENT-VIEW", "../patient-view"])
def test_a_hook_that_no_service_of_the_id_answers_is_a_bad_request(hook: str) -> None:
    response = _post("b12-folate", {**_request("patient-view"), "hook": hook})
    assert response.status_code == 400
    [issue] = response.get_json()["issue"]
    assert issue["expression"] == ["hook"]


def test_a_body_without_a_hook_is_a_bad_request() -> None:
    body = _request("patient-view")
    del body["hook"]
    assert _post("b12-folate", body).status_code == 400


def test_ids_of_the_other_kind_do_not_exist() -> None:
    assert _post("b12-folate-patient-view", _request("patient-view")).status_code == 404
    assert (
        client().post("/cds-services/b12-folate", json=_request("patient-view")).status_code == 404
    )


def test_feedback_goes_to_the_shared_id() -> None:
    """Feedback: ``{baseUrl}/cds-services/{id}/feedback``."""
    shown = _post("b12-folate", _request("patient-view")).get_json()["cards"]
    item = {
        "card": shown[0]["uuid"],
        "outcome": "overridden",
        "outcomeTimestamp": "2026-11-23T12:00:00Z",
    }
    assert _post("b12-folate/feedback", {"feedback": [item]}).status_code == 200
    assert _post("b12-folate-patient-view/feedback", {"feedback": [item]}).status_code == 404
