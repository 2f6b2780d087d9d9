"""The pages in a real browser: from the start to a card and its why, other values, one's own record, and no way in from outside."""

import json

import pytest
import requests

from cds_service.app import create_app
from cds_service.authoring.example import example_request
from cds_service.config import Settings
from tests.support.browser import axe_violations, faults, needs_browser, opened
from tests.support.fhir_builders import NOW

SCENARIO = "/try?scenario=margaret-hill"
SIZES = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}


@needs_browser
@pytest.mark.parametrize("path", ["/", "/try", SCENARIO])
def test_every_page_is_accessible_and_fits(base, path):
    with opened() as page:
        page.goto(base + path)
        assert faults(page, SIZES.values()) == []


@needs_browser
def test_from_the_start_to_a_card_and_its_why_takes_one_click(base):
    with opened() as page:
        page.goto(base)
        page.get_by_role("link", name="Folic acid in B12 deficiency").click()
        assert "do not give folic acid alone" in page.locator(".ehr .summary").inner_text()
        why = page.locator(".reason.shown .criteria").first.inner_text()
        assert "known or likely B12 deficiency" in why


@needs_browser
def test_a_value_that_is_changed_changes_the_cards_at_once(base):
    with opened() as page:
        page.goto(base + SCENARIO)
        field = page.get_by_label("total vitamin B12", exact=True)
        field.fill("600 pg/mL")
        field.press("Tab")
        page.get_by_role("heading", name="No cards, with your values").wait_for()
        page.get_by_role("button", name="Back to the record").click()
        page.get_by_role("heading", name="1 card", exact=True).wait_for()
        assert page.problems == []


@needs_browser
def test_a_strip_says_at_which_values_a_card_fires(base):
    with opened() as page:
        page.goto(base + SCENARIO)
        assert (
            page.get_by_role("img", name="Folic acid in B12 deficiency: below 180 ng/L").count()
            == 1
        )
        assert (
            page.get_by_role(
                "img", name="Folic acid before B12 is known: from 180 ng/L up to 350 ng/L"
            ).count()
            == 1
        )


@needs_browser
def test_what_would_turn_a_card_is_asked_beside_it(base):
    with opened() as page:
        page.goto(base + SCENARIO)
        page.get_by_role("button", name="What would make it be silent?").first.click()
        told = page.locator(".turning").first
        told.wait_for()
        assert "It would be silent if one fact were different" in told.inner_text()
        assert "effective B12 treatment b12_therapy.covers: yes instead of no" in told.inner_text()
        silent = page.locator(".reason.silent").filter(has_text="Folic acid before B12 is known")
        silent.locator("summary").click()
        silent.get_by_role("button", name="What would make it fire?").click()
        page.locator(".reason.silent .turning").wait_for()
        assert not axe_violations(page)


@needs_browser
def test_it_works_without_javascript(base):
    with opened(java_script_enabled=False) as page:
        page.goto(base + SCENARIO)
        page.get_by_label("total vitamin B12", exact=True).fill("300 pg/mL")
        page.get_by_role("button", name="Apply").click()
        assert (
            page.locator(".reason.shown").first.locator("strong").inner_text()
            == "Folic acid before B12 is known"
        )


@needs_browser
def test_a_pasted_request_is_answered(base):
    with opened() as page:
        page.goto(f"{base}/try#paste")
        page.get_by_label("A CDS Hooks request").fill(
            json.dumps(example_request("patient-view", NOW))
        )
        page.locator("#paste").get_by_role("button", name="Fire the hook").click()
        page.locator(".ehr").first.wait_for()
        assert "POST /cds-services/b12-folate-patient-view" in page.locator("#answer").inner_text()


def _pasted(base, text, **fields):
    return requests.post(f"{base}/try", data={"request": text, **fields}, timeout=60)


def test_a_record_becomes_the_request_that_an_ehr_would_send(base):
    prefetch = example_request("patient-view", NOW)["prefetch"]
    entries = [{"resource": prefetch["patient"]}]
    entries += [entry for value in prefetch.values() for entry in value.get("entry", ())]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    answer = _pasted(base, json.dumps(bundle), hook="order-select", order="folic acid 1 mg").text
    assert "do not give folic acid alone" in answer


def test_names_of_a_transaction_lead_to_its_resources(base):
    prefetch = example_request("patient-view", NOW)["prefetch"]
    results = [entry["resource"] for value in prefetch.values() for entry in value.get("entry", ())]
    entries = [{"fullUrl": "urn:uuid:1", "resource": prefetch["patient"]}]
    entries += [
        {"resource": {**result, "subject": {"reference": "urn:uuid:1"}}} for result in results
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    assert (
        "do not give folic acid alone"
        in _pasted(base, json.dumps(bundle), hook="order-select", order="folic acid 1 mg").text
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "This is not JSON"),
        ("{}", "neither a CDS Hooks request"),
        (
            '{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Observation"}}]}',
            "one Patient with an id; this one has 0",
        ),
        ('{"hook": "order-dispatch"}', "There is no service for this hook"),
        ('{"hook": "patient-view", "hookInstance": "1", "context": {"userId": "a"}}', "patientId"),
    ],
)
def test_what_makes_no_request_is_told_in_words(base, text, told):
    answer = _pasted(base, text)
    assert answer.status_code == 200
    assert told in answer.text


@pytest.mark.parametrize("path", ["/picture", "/picture.svg"])
def test_a_picture_of_nothing_is_told_in_words(base, path):
    answer = requests.post(base + path, data={"request": "{"}, timeout=60)
    assert answer.status_code == 200
    assert "This is not JSON" in answer.text


def test_a_value_that_is_none_is_told_with_how_one_is_written(base):
    body = json.dumps(example_request("patient-view", NOW))
    answer = _pasted(base, body, **{"fact.b12.total": "low", "was.b12.total": "110 pg/mL"})
    assert "total vitamin B12: &#39;low&#39; is a result that is text. Write it as" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
    ],
)
def test_a_form_of_another_site_is_refused(base, headers):
    answer = requests.post(
        f"{base}/try", data={"server": "http://localhost:1/fhir"}, headers=headers, timeout=60
    )
    assert answer.status_code == 403


def test_what_comes_from_a_record_is_text_and_never_markup(base):
    request = example_request("order-select", NOW)
    drug = request["context"]["draftOrders"]["entry"][0]["resource"]["medicationCodeableConcept"]
    drug["text"] += " <script>alert(1)</script>"
    answer = _pasted(base, json.dumps(request)).text
    assert "<script>alert" not in answer
    assert "&lt;script&gt;" in answer


def test_pages_load_nothing_from_elsewhere_and_are_kept_nowhere(base):
    answer = requests.get(base + SCENARIO, timeout=60)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert " style=" not in answer.text
    assert "onclick" not in answer.text


def test_an_access_token_does_not_come_back(base):
    fields = {
        "server": "http://localhost:9/fhir",
        "patient": "1",
        "token": "very-secret-token",
        "hook": "patient-view",
    }
    assert "very-secret-token" not in requests.post(f"{base}/try", data=fields, timeout=60).text


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({}, 200),
        ({"workbench": "off"}, 404),
        ({"host": "0.0.0.0", "insecure": True}, 404),
        ({"host": "0.0.0.0", "insecure": True, "workbench": "on"}, 200),
    ],
)
def test_pages_are_on_in_development_and_a_switch_in_production(settings, status):
    assert (
        create_app(Settings(**settings), clock=lambda: NOW).test_client().get("/").status_code
        == status
    )


@needs_browser
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_the_patients_picture_is_one_click_from_the_cards(base, size):
    with opened(viewport=size) as page:
        page.goto(base + SCENARIO)
        page.get_by_role("button", name="The patient's picture over time").click()
        page.get_by_role("heading", name="The numbers").wait_for()
        assert page.get_by_role("cell", name="110 pg/mL").count() == 1
        assert faults(page, [size]) == []
        with page.expect_download() as download:
            page.get_by_role("button", name="Download as SVG").click()
        assert download.value.suggested_filename == "patient-picture.svg"
        page.get_by_role("button", name="Back to the cards").click()
        page.locator(".ehr").first.wait_for()
        assert [
            problem for problem in page.problems if "/picture.svg" not in problem
        ] == []  # a download ends its request


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("method", "path", "status", "says"),
    [
        ("GET", "/nothing-here", 404, "The requested URL was not found"),
        (
            "GET",
            "/try?scenario=nobody",
            404,
            "There is no such scenario; the start page lists them.",
        ),
        ("GET", "/catalogue/cards/nothing", 404, "search it for what there is"),
        ("GET", "/cds-services/b12-folate-order-select", 405, "not allowed"),
        ("POST", "/try", 403, "A form of another site is refused."),
    ],
)
def test_a_refusal_is_a_page_for_a_browser_and_json_for_a_program(method, path, status, says):
    client = create_app(Settings()).test_client()
    sent = {"Sec-Fetch-Site": "cross-site"}
    shown = client.open(path, method=method, headers={**sent, "Accept": BROWSER})
    told = client.open(path, method=method, headers=sent)
    assert shown.status_code == told.status_code == status
    assert shown.mimetype == "text/html" and says in shown.text
    assert "default-src 'none'" in shown.headers["Content-Security-Policy"]
    assert shown.headers["X-Request-Id"] != told.headers["X-Request-Id"]
    assert shown.headers.get("Allow") == told.headers.get("Allow")
    assert told.json["resourceType"] == "OperationOutcome"
    assert says in told.json["issue"][0]["details"]["text"]


def test_a_client_of_hooks_gets_json_whatever_it_accepts():
    refused = (
        create_app(Settings())
        .test_client()
        .post("/cds-services/b12-folate-order-select", data=b"", headers={"Accept": BROWSER})
    )
    assert refused.json["resourceType"] == "OperationOutcome"


def test_a_client_of_the_fhir_base_gets_fhir_whatever_it_accepts():
    refused = (
        create_app(Settings())
        .test_client()
        .get("/fhir/PlanDefinition/nothing", headers={"Accept": BROWSER})
    )
    assert refused.mimetype == "application/fhir+json" and refused.status_code == 404


@needs_browser
def test_a_page_that_is_not_there_leads_to_the_start(base):
    with opened() as page:
        page.goto(f"{base}/nothing-here")
        assert not axe_violations(page)
        page.get_by_role("link", name="To the start page").click()
        page.get_by_role("heading", name="Decision support for vitamin B12 and folate").wait_for()
