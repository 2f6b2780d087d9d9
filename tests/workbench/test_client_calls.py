"""What a client sent, told to the person who connects it: in plain words, in memory, in development alone."""

import copy

import pytest
import requests

from cds_service.app import create_app
from cds_service.authoring.example import example_request
from cds_service.config import Settings
from tests.support.browser import axe_violations, needs_browser, opened
from tests.support.fhir_builders import NOW

SERVICE = "/cds-services/b12-folate-order-select"


@pytest.fixture
def client():
    return create_app(Settings(), clock=lambda: NOW).test_client()


def _request(**changes):
    return {**copy.deepcopy(example_request("order-select", NOW)), **changes}


def _told(client, request, path=SERVICE):
    client.post(path, json=request)
    return client.get("/calls").text


def _without(request, key):
    del request["prefetch"][key]
    return request


def _of_another_patient(request):
    request["prefetch"]["patient"]["id"] = "mrn-1"
    return request


def _with_drafts_of_dstu2(request):
    request["context"]["draftOrders"]["entry"][0]["resource"]["resourceType"] = "MedicationOrder"
    return request


def _with(request, path, value):
    place = request
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return request


@pytest.mark.parametrize(
    ("request_of", "told"),
    [
        (lambda: _without(_request(), "procedures"), "Not received: procedures"),
        (lambda: _request(prefetch={}), "Nothing was prefetched"),
        (
            lambda: _of_another_patient(_request()),
            "prefetch.patient has a different id from context.patientId",
        ),
        (
            lambda: _with_drafts_of_dstu2(_request()),
            "The drafts are of FHIR DSTU2 or STU3 (MedicationOrder)",
        ),
        (lambda: _with(_request(), ("context", "selections"), []), "There are no selections"),
        (
            lambda: _with(_request(), ("context", "userId"), "dr-who"),
            "context.userId has no resource type",
        ),
        (
            lambda: _with(_request(), ("prefetch", "b12"), None),
            "The service has no prefetch key &#39;b12&#39;",
        ),
        (
            lambda: _with(_request(), ("prefetch", "procedures", "total"), 9),
            "prefetch.procedures is not the whole list",
        ),
        (
            lambda: _with(
                _request(), ("prefetch", "allergies"), _request()["prefetch"]["b12-results"]
            ),
            "has Observation, although Allergy",
        ),
        (lambda: _request(hook="order-dispatch"), "There is no service for this hook"),
        (lambda: _with(_request(), ("context", "patientId"), "a/b"), "Refused with 400"),
    ],
)
def test_what_is_odd_about_a_call_is_told_in_plain_words(client, request_of, told):
    assert told in _told(client, request_of())


def test_a_call_as_it_should_be_has_no_findings(client):
    assert " ms</span>" in _told(client, _request())
    assert "ms, " not in _told(client, _request())


def test_an_override_without_a_coded_reason_is_told(client):
    feedback = {
        "feedback": [
            {"card": "1", "outcome": "overridden", "outcomeTimestamp": "2026-11-23T10:00:00Z"}
        ]
    }
    assert "overridden without a reason" in _told(client, feedback, f"{SERVICE}/feedback")


def test_the_list_ticks_itself(client):
    def ticked():
        return client.get("/calls").text.count("✓")

    assert ticked() == 0
    client.get("/cds-services")
    assert ticked() == 1
    cards = client.post(SERVICE, json=_request()).get_json()["cards"]
    assert ticked() == 4  # with the whole prefetch, R4 drafts and a card
    client.post("/cds-services/b12-folate-order-sign", json=example_request("order-sign", NOW))
    accepted = {
        "card": cards[0]["uuid"],
        "outcome": "accepted",
        "outcomeTimestamp": "2026-11-23T10:00:00Z",
        "acceptedSuggestions": [{"id": cards[0]["suggestions"][0]["uuid"]}],
    }
    client.post(f"{SERVICE}/feedback", json={"feedback": [accepted]})
    assert ticked() == 6


def test_the_last_calls_are_kept_and_no_more(client):
    for _ in range(40):
        client.get("/cds-services")
    assert "30 calls" in client.get("/calls").text


def test_long_bodies_are_not_kept(client):
    page = _told(client, _with(_request(), ("context", "more"), "x" * 300_000))
    assert "too long to be kept here" in page
    assert "xxxxxxxx" not in page


@pytest.mark.parametrize(
    "settings", [{"host": "0.0.0.0", "insecure": True, "workbench": "on"}, {"workbench": "off"}]
)
def test_nothing_is_kept_where_others_can_call(settings):
    client = create_app(Settings(**settings), clock=lambda: NOW).test_client()
    client.post(SERVICE, json=_request())
    assert client.get("/calls").status_code == 404


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_and_leads_to_the_why(base, scheme):
    requests.post(base + SERVICE, json=example_request("order-select", NOW), timeout=60)
    with opened(color_scheme=scheme) as page:
        page.goto(f"{base}/calls")
        assert axe_violations(page) == {}
        page.get_by_role("button", name="Why these cards?").first.click()
        page.locator(".ehr").first.wait_for()
        assert page.problems == []


@pytest.mark.parametrize(
    "settings", [{"base_url": "https://cds.hospital.example"}, {"insecure": True}]
)
def test_nothing_is_kept_behind_a_proxy_that_others_can_call(settings):
    assert not Settings(**settings).watches_clients
    assert not Settings(**settings).has_workbench
    assert Settings(base_url="http://localhost:8080").watches_clients
