"""``PlanDefinition/$apply``: the same decisions as the hooks, as a CarePlan of FHIR R4, from the data that come with the call."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import Any

import pytest
from fhir.resources.R4B.careplan import CarePlan

from cds_service.content import PROFILES
from cds_service.hooks.apply_body import NAMES
from cds_service.store.database import migrate, open_database
from tests.spec.scenarios import CYANOCOBALAMIN, EVERY_CARD, LEBER, MAINTENANCE, PARAESTHESIA
from tests.support.apply import as_card, comparable, contained, group, parameters
from tests.support.clinic import card_of, client, engine, ids
from tests.support.ehr import service, token
from tests.support.fhir_builders import (
    allergy,
    condition,
    folic_acid,
    hook_request,
    medication_request,
    observation,
    patient,
    prefetch,
)
from tests.support.site import Site

LOW_B12 = observation("b12", 110, "pg/mL")
SUBJECT = {"name": "subject", "valueString": "Patient/pat-1"}
EHR_BASE = "https://cds.example.org"


def post(card_id: str, body: Any, **settings: Any) -> Any:
    return client(**settings).post(f"/fhir/PlanDefinition/{card_id}/$apply", json=body)


def applied(card_id: str, request: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """The CarePlan for a hook request: valid as R4, with the invariants that the models do not check."""
    response = post(card_id, parameters(request), **settings)
    assert response.status_code == 200, response.get_json()
    assert response.content_type == "application/fhir+json"
    plan: dict[str, Any] = response.get_json()
    CarePlan.model_validate(plan)
    for action in group(plan)["action"] if "activity" in plan else []:
        check_rqg_1(action)
    text = json.dumps(plan)
    assert all(f'"reference": "{reference}"' in text for reference in contained(plan))  # dom-3
    return plan


def check_rqg_1(action: dict[str, Any]) -> None:
    """Every action is a group or has a resource."""
    assert ("resource" in action) is not ("action" in action)
    for inner in action.get("action", []):
        check_rqg_1(inner)


def cards(request: dict[str, Any], **settings: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        client(**settings)
        .post(f"/cds-services/b12-folate-{request['hook']}", json=request)
        .get_json()["cards"]
    )
    return found


def refused(card_id: str, *given: dict[str, Any]) -> tuple[int, str, str]:
    response = post(card_id, {"resourceType": "Parameters", "parameter": list(given)})
    (issue,) = response.get_json()["issue"]
    assert response.content_type == "application/fhir+json"
    return response.status_code, issue.get("expression", [""])[0], issue["details"]["text"]


def test_what_the_hook_refuses_to_pass_over_apply_refuses_too():
    """Neither may say nothing of a draft whose medication cannot be identified."""
    untold = {
        **medication_request(None, status="draft", id="untold"),
        "medicationReference": {"reference": "Medication/nowhere"},
    }
    request = hook_request(
        "order-sign", prefetch(observation("b12", 600, "ng/L")), drafts=[folic_acid(), untold]
    )
    response = post("folic-acid-b12-deficient", parameters(request))
    assert response.status_code == 422
    assert "MedicationRequest/untold" in response.get_json()["issue"][0]["details"]["text"]


@pytest.mark.parametrize("card_id", EVERY_CARD)
def test_for_every_card_the_hook_and_apply_agree(card_id):
    request = EVERY_CARD[card_id]
    plan = applied(card_id, request)
    assert as_card(plan) == comparable(card_of(cards(request), card_id))
    assert plan["instantiatesCanonical"] == [
        f"https://b12-folate-cds.example.org/fhir/PlanDefinition/{card_id}|{engine().cards[card_id].version}"
    ]


@pytest.mark.parametrize(
    "card_id", ["folate-after-b12", "ileal-prophylaxis", "cyanocobalamin-renal"]
)
def test_they_agree_in_another_parameter_set(card_id):
    request = EVERY_CARD[card_id]
    plan = applied(card_id, request, parameters="uk")
    assert as_card(plan) == comparable(card_of(cards(request, parameters="uk"), card_id))
    assert plan["instantiatesCanonical"][0].endswith(
        f"|{engine(parameters='uk').cards[card_id].version}+uk"
    )


def test_where_the_hook_is_silent_so_is_apply_and_says_why():
    request = hook_request(
        "order-sign", prefetch(observation("b12", 480, "pg/mL")), drafts=[folic_acid()]
    )
    assert ids(cards(request)) == []
    plan = applied("folic-acid-b12-deficient", request)
    assert "activity" not in plan
    assert "contained" not in plan
    assert plan["note"] == [
        {
            "text": "No card. The criterion b12-deficiency-likely (known or likely B12 deficiency) does not hold."
        }
    ]


def test_what_is_not_known_is_told_apart_from_what_is_not_so():
    silent = applied(
        "folic-acid-b12-deficient",
        hook_request("order-sign", {"patient": patient()}, drafts=[folic_acid()]),
    )
    assert silent["note"][0]["text"].endswith(
        "(known or likely B12 deficiency) is not known to hold."
    )


def test_an_exclusion_is_named_as_what_silences():
    request = hook_request("patient-view", prefetch(LOW_B12, condition(PARAESTHESIA)))
    assert applied("b12-deficiency-untreated", request)["note"][0]["text"].endswith(
        "holds, which silences the card."
    )


def test_the_care_plan_holds_the_card_and_its_orders():
    plan = applied("folic-acid-b12-deficient", EVERY_CARD["folic-acid-b12-deficient"])
    assert (plan["status"], plan["intent"], plan["title"]) == (
        "draft",
        "proposal",
        "Folic acid in B12 deficiency",
    )
    assert plan["subject"] == group(plan)["subject"] == {"reference": "Patient/pat-1"}
    assert (group(plan)["priority"], group(plan)["intent"]) == ("stat", "proposal")
    orders = [
        item
        for item in plan["contained"]
        if item["resourceType"] in ("MedicationRequest", "ServiceRequest")
    ]
    # The regimen to add, three tests that both suggestions share, and the regimen in place of the draft, which keeps its requester.
    assert Counter(item["resourceType"] for item in orders) == {
        "MedicationRequest": 2,
        "ServiceRequest": 3,
    }
    assert [
        item.get("requester") for item in orders if item["resourceType"] == "MedicationRequest"
    ] == [
        None,
        {"reference": "Practitioner/doc"},
    ]
    assert {item["intent"] for item in orders} == {"option"}
    assert {item["status"] for item in orders} == {"draft"}


def test_a_card_that_only_warns_is_something_to_be_told():
    plan = applied("b12-paediatric", EVERY_CARD["b12-paediatric"])
    (action,) = group(plan)["action"]
    message = contained(plan)[action["resource"]["reference"]]
    assert message["resourceType"] == "CommunicationRequest"
    assert message["payload"][0]["contentString"] == action["title"]


def test_a_card_beyond_the_three_of_a_hook_is_answered_when_it_is_asked_for():
    results = [LOW_B12, condition(PARAESTHESIA), observation("potassium", 2.7, "mmol/L"), allergy()]
    request = hook_request(
        "order-sign",
        prefetch(*results, medication_request({"text": "Warfarin 3 mg tablets"})),
        drafts=[MAINTENANCE],
    )
    assert ids(cards(request)) == [
        "hypokalaemia-before-b12",
        "b12-neuro-regimen",
        "cobalamin-allergy",
    ]
    assert "activity" in applied("b12-bleeding-risk", request)


def test_cards_applied_one_by_one_start_one_course():
    """As in a hook's answer, only the most urgent of the cards that would start a cobalamin suggests it."""
    drafts = [CYANOCOBALAMIN, folic_acid()]
    request = hook_request(
        "order-sign", prefetch(LOW_B12, condition(PARAESTHESIA), condition(LEBER)), drafts=drafts
    )
    answer = cards(request)
    assert ids(answer) == ["folic-acid-b12-deficient", "cyanocobalamin-leber", "b12-neuro-regimen"]
    plans = [applied(card_id, request) for card_id in ids(answer)]
    assert [as_card(plan) for plan in plans] == list(map(comparable, answer))
    # To add, or in place of the draft: one of the two can be chosen.
    courses = [
        [item for item in plan["contained"] if item["resourceType"] == "MedicationRequest"]
        for plan in plans
    ]
    assert list(map(len, courses)) == [
        1,
        0,
        0,
    ]  # in place of the cobalamin, with or without the folate
    assert len({item["instantiatesCanonical"][0] for item in courses[0]}) == 1


# Data


def bundle_of(*resources: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "data",
        "resource": {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": item} for item in resources],
        },
    }


def test_data_in_one_bundle_counts_and_what_is_not_in_it_is_not_known():
    body = {"resourceType": "Parameters", "parameter": [SUBJECT, bundle_of(patient(), LOW_B12)]}
    plan = post("b12-deficiency-untreated", body).get_json()
    CarePlan.model_validate(plan)
    assert as_card(plan)["summary"] == "B12 deficiency, and no B12 treatment known to be under way"
    assert "It is not known whether B12 treatment is already under way" in as_card(plan)["detail"]


def test_the_medication_that_a_draft_names_may_stand_in_the_bundle():
    medication = {
        "resourceType": "Medication",
        "id": "m",
        "code": {"text": "Folic acid 1 mg oral tablet"},
    }
    draft = {**folic_acid(), "medicationReference": {"reference": "Medication/m"}}
    del draft["medicationCodeableConcept"]
    drafts = {
        "name": "draftOrders",
        "resource": {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": draft}],
        },
    }
    body = {
        "resourceType": "Parameters",
        "parameter": [SUBJECT, bundle_of(patient(), LOW_B12, medication), drafts],
    }
    assert "activity" in post("folic-acid-b12-deficient", body).get_json()
    body["parameter"][1] = bundle_of(patient(), LOW_B12)
    assert "activity" not in post("folic-acid-b12-deficient", body).get_json()


def test_absence_is_not_concluded_from_a_bundle():
    body = {
        "resourceType": "Parameters",
        "parameter": [SUBJECT, bundle_of(patient(), observation("mcv", 112, "fL"))],
    }
    assert "not known" in post("bariatric-maintenance", body).get_json()["note"][0]["text"]


def test_required_data_that_lacks_is_named():
    status, element, text = refused("b12-deficiency-untreated", SUBJECT)
    assert (status, element) == (422, "Parameters.parameter")
    assert text == (
        "Required data is missing. Give it as prefetchData with these keys, or in data: "
        "patient, b12-results, blood-count, renal-and-potassium."
    )


def test_other_patients_data_does_not_count():
    theirs = {**LOW_B12, "subject": {"reference": "Patient/other"}}
    body = {"resourceType": "Parameters", "parameter": [SUBJECT, bundle_of(patient(), theirs)]}
    assert "activity" not in post("b12-deficiency-untreated", body).get_json()


# What cannot be read


PREFETCH = {"name": "prefetchData", "part": [{"name": "key", "valueString": "conditions"}]}


@pytest.mark.parametrize(
    ("given", "element", "said"),
    [
        ([PREFETCH], "Parameters.parameter", "The parameter subject is required"),
        (
            [{"name": "subject", "valueString": "p1"}],
            "Parameters.parameter[0]",
            "a reference such as Patient/example",
        ),
        (
            [{"name": "subject", "valueString": "Group/1"}],
            "Parameters.parameter[0]",
            "a reference such as Patient/example",
        ),
        ([SUBJECT, SUBJECT], "Parameters.parameter[1]", "subject may be given once"),
        (
            [SUBJECT, {"name": "encounter", "valueString": "Patient/1"}],
            "Parameters.parameter[1]",
            "such as Encounter/example",
        ),
        (
            [SUBJECT, {"name": "prefetchdata"}],
            "Parameters.parameter[1].name",
            "Did you mean 'prefetchData'?",
        ),
        (
            [SUBJECT, {"name": "prefetchData", "part": []}],
            "Parameters.parameter[1].part",
            "needs a part key",
        ),
        (
            [
                SUBJECT,
                {"name": "prefetchData", "part": [{"name": "key", "valueString": "condition"}]},
            ],
            "Parameters.parameter[1].part",
            "Did you mean 'conditions'?",
        ),
        ([SUBJECT, PREFETCH, PREFETCH], "Parameters.parameter[2]", "was given before"),
        (
            [SUBJECT, PREFETCH, bundle_of()],
            "Parameters.parameter[2]",
            "either as data or as prefetchData",
        ),
        (
            [SUBJECT, {"name": "data", "resource": patient()}],
            "Parameters.parameter[1].resource",
            "data needs a Bundle",
        ),
        (
            [SUBJECT, {"name": "draftOrders", "resource": bundle_of()["resource"]}],
            "Parameters.parameter",
            "not one of ordering",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_is_refused_with_its_element(given, element, said):
    status, expression, text = refused("b12-deficiency-untreated", *given)
    assert (status, expression) == (400, element)
    assert said in text


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/fhir+json", 400),
        (b"<Parameters/>", "application/fhir+xml", 415),
        (b'{"resourceType": "Bundle", "parameter": []}', "application/fhir+json", 400),
        (b'{"resourceType": "Parameters"}', "application/json", 400),
        (
            b'{"resourceType": "Parameters", "parameter": [{"name": "subject", "valueString": 7}]}',
            "application/json",
            400,
        ),
    ],
)
def test_other_bodies_are_refused(body, content_type, status):
    response = client().post(
        "/fhir/PlanDefinition/b12-duplicate/$apply", data=body, content_type=content_type
    )
    assert response.status_code == status
    assert response.get_json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize(
    "parameter",
    [
        b'{"name": "' + b"x" * 3_000_000 + b'"}',
        b",".join([b'{"name": "selections", "valueString": "a"}'] * 1001),
        b'{"name": "data", "resource": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"name": "data", "resource": "\xff"}',
        b'{"name": "data", "resource": {"resourceType": "Bundle", "total": ' + b"9" * 5000 + b"}}",
    ],
    ids=["endless name", "too many parameters", "endless nesting", "not UTF-8", "endless number"],
)
def test_hostile_bodies_are_refused_at_once(parameter):
    body = (
        b'{"resourceType": "Parameters", "parameter": [{"name": "subject", "valueString": "Patient/pat-1"}, '
        + parameter
        + b"]}"
    )
    before = time.process_time()
    response = client().post(
        "/fhir/PlanDefinition/b12-duplicate/$apply", data=body, content_type="application/fhir+json"
    )
    assert response.status_code == 400
    assert len(response.data) < 1000
    assert time.process_time() - before < 5


def test_drafts_of_another_fhir_version_are_refused():
    draft = {**folic_acid(), "medication": {"concept": {"text": "Folic acid"}}}
    draft.pop("medicationCodeableConcept")
    request = hook_request("order-sign", prefetch(LOW_B12), drafts=[draft])
    response = post("folic-acid-b12-deficient", parameters(request))
    assert response.status_code == 422
    assert response.get_json()["issue"][0]["expression"] == [
        "Parameters.parameter.where(name='draftOrders')"
    ]


def test_there_is_no_such_card():
    assert post("no-such-card", {}).status_code == 404


def test_it_is_posted_not_got():
    response = client().get("/fhir/PlanDefinition/b12-duplicate/$apply?subject=Patient/p1")
    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]


def test_the_operation_definition_names_the_parameters_that_are_read():
    definition = json.loads(
        (PROFILES / "operation-definitions/plan-definition-apply.json").read_text("utf-8")
    )
    assert [item["name"] for item in definition["parameter"] if item["use"] == "in"] == list(NAMES)


# Who may call


def test_apply_needs_a_token_where_clients_are_registered(tmp_path):
    protected = service(tmp_path, discovery="public")
    path = "/fhir/PlanDefinition/b12-deficiency-untreated/$apply"
    body = parameters(EVERY_CARD["b12-deficiency-untreated"])
    assert protected.post(path, json=body).status_code == 401
    allowed = protected.post(
        path, json=body, headers={"Authorization": f"Bearer {token(EHR_BASE + path)}"}
    )
    assert allowed.status_code == 200
    elsewhere = token(f"{EHR_BASE}/fhir/PlanDefinition/b12-duplicate/$apply")
    assert (
        protected.post(
            path, json=body, headers={"Authorization": f"Bearer {elsewhere}"}
        ).status_code
        == 401
    )


def test_nothing_of_it_is_kept_or_logged(caplog, tmp_path):
    url = f"sqlite:///{tmp_path}/apply.sqlite3"
    migrate(open_database(url))
    here = Site(url)
    request = EVERY_CARD["b12-deficiency-untreated"]
    assert len(here.post(request)) == 1  # noted, because it was shown
    assert (
        "activity"
        in here.client.post(
            "/fhir/PlanDefinition/b12-deficiency-untreated/$apply", json=parameters(request)
        ).get_json()
    )
    assert len(here.rows("card_shown")) == 1
    assert "pat-1" not in caplog.text
