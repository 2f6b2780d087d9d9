"""What was not prefetched is read from the client's FHIR server, and nothing else is."""

from __future__ import annotations

from threading import Barrier
from typing import Any

import pytest

from tests.fhir_access.calls import QUERY_TYPES, cards_of, ids_of, post, treatment_is_unknown
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_INJECTION,
    FOLIC_ACID_1MG,
    PATIENT,
    SUBJECT,
    bundle,
    condition,
    days_ago,
    draft,
    folic_acid,
    hydroxocobalamin,
    medication_request,
    observation,
    patient,
    prefetch,
    service_request,
)
from tests.support.fhir_server import FhirServer, outcome
from tests.support.waiting import PATIENCE

LOW = observation("b12", 110, "pg/mL")
LEBER = condition("58610003")
REFERENCE = {"medicationCodeableConcept": None}


def _without_uuids(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_uuids(item) for key, item in value.items() if key not in ("uuid", "id")
        }
    return [_without_uuids(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "hook", ["patient-view", "encounter-discharge", "order-select", "order-sign"]
)
def test_fetched_data_gives_the_cards_that_prefetched_data_gives(
    ehr: FhirServer, hook: str
) -> None:
    drafts = [folic_acid()] if hook.startswith("order") else None
    fetched = post(ehr, hook, drafts=drafts)
    assert ehr.kinds() == QUERY_TYPES
    who, *record = ehr.resources
    prefetched = post(ehr, hook, prefetch(*record, who=who), drafts=drafts)
    assert ehr.kinds() == QUERY_TYPES
    assert cards_of(fetched)
    assert _without_uuids(cards_of(fetched)) == _without_uuids(cards_of(prefetched))


def test_queries_are_the_prefetch_templates_of_discovery(ehr: FhirServer) -> None:
    from tests.support.clinic import client

    services = client().get("/cds-services").get_json()["services"]
    templates = next(
        service["prefetch"] for service in services if service["hook"] == "patient-view"
    )
    post(ehr)
    asked = {
        f"{seen.path.removeprefix('/fhir/')}"
        + "".join(f"?patient={item}" for item in seen.query.get("patient", ()))
        for seen in ehr.seen
    }
    assert asked == {
        template.replace("{{context.patientId}}", PATIENT).split("&")[0]
        for template in templates.values()
    }
    codes = {seen.query["code"][0] for seen in ehr.seen if seen.kind == "Observation"}
    assert codes == {
        template.split("code=")[1].split("&")[0]
        for template in templates.values()
        if "code=" in template
    }


def test_only_what_is_missing_is_fetched(ehr: FhirServer) -> None:
    response = post(ehr, "patient-view", prefetch(LOW, without=("conditions", "procedures")))
    assert ehr.kinds() == ["Condition", "Procedure"]
    assert ids_of(response) == ["b12-deficiency-neuro"]


def test_null_says_that_there_is_no_data_and_is_not_fetched(ehr: FhirServer) -> None:
    response = post(ehr, "patient-view", {**prefetch(LOW), "conditions": None})
    assert ehr.seen == []
    assert ids_of(response) == ["b12-deficiency-untreated"]


def test_what_a_client_could_not_prefetch_is_not_asked_again(ehr: FhirServer) -> None:
    """CDS Hooks 3.0.0: an OperationOutcome is sent "to prevent the CDS Service from incurring an unneeded follow-up query"."""
    response = post(
        ehr, "patient-view", {**prefetch(LOW), "medication-requests": outcome("forbidden")}
    )
    assert ehr.seen == []
    assert treatment_is_unknown(response)


@pytest.mark.parametrize("unreadable", [{}, [], "x", 1])
def test_a_prefetched_value_that_is_no_resource_is_fetched(
    ehr: FhirServer, unreadable: Any
) -> None:
    response = post(ehr, "patient-view", {**prefetch(LOW), "conditions": unreadable})
    assert ehr.kinds() == ["Condition"]
    assert ids_of(response) == ["b12-deficiency-neuro"]


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
@pytest.mark.parametrize(
    "drafts", [[], [draft({"text": "Paracetamol 500 mg"})], [service_request("hb", status="draft")]]
)
def test_nothing_is_fetched_for_orders_that_concern_neither_b12_nor_folate(
    ehr: FhirServer, hook: str, drafts: list[Any]
) -> None:
    assert cards_of(post(ehr, hook, drafts=drafts)) == []
    assert ehr.seen == []


def test_queries_run_at_once(ehr: FhirServer) -> None:
    """None is answered before all of them are there."""
    all_there = Barrier(len(QUERY_TYPES))
    ehr.behaviours["*"] = lambda handler: (all_there.wait(PATIENCE), handler.answer())
    assert ids_of(post(ehr)) == ["b12-deficiency-neuro"]
    assert len(ehr.seen) == len(QUERY_TYPES)


def test_connections_are_kept_and_compressed_answers_read(ehr: FhirServer) -> None:
    ehr.compress = True
    for _ in range(4):
        assert ids_of(post(ehr)) == ["b12-deficiency-neuro"]
    assert len(ehr.seen) == 4 * len(QUERY_TYPES)
    assert ehr.connections <= len(QUERY_TYPES) + 3


# Pages


def test_pages_are_followed(ehr: FhirServer) -> None:
    ehr.page_size = 1
    ehr.resources += [condition("38341003") for _ in range(4)] + [LEBER]
    assert (
        ids_of(post(ehr, "order-sign", drafts=[draft(CYANOCOBALAMIN_INJECTION)]))[0]
        == "cyanocobalamin-leber"
    )
    assert ehr.kinds().count("Condition") == 6


def test_a_prefetched_page_is_continued_where_it_ends(ehr: FhirServer) -> None:
    page = bundle(
        [condition("38341003")],
        total=2,
        link=[{"relation": "next", "url": f"{ehr.url}/Condition?patient={PATIENT}&_offset=0"}],
    )
    response = post(ehr, "patient-view", {**prefetch(LOW), "conditions": page})
    assert [(seen.kind, seen.query) for seen in ehr.seen] == [
        ("Condition", {"patient": [PATIENT], "_offset": ["0"]})
    ]
    assert ids_of(response) == ["b12-deficiency-neuro"]
    assert cards_of(response)[0]["detail"].endswith("Not known: anaemia.")


def test_a_prefetched_bundle_that_lacks_entries_is_asked_for_anew(ehr: FhirServer) -> None:
    conditions = [resource for resource in ehr.resources if resource["resourceType"] == "Condition"]
    response = post(
        ehr, "patient-view", {**prefetch(LOW), "conditions": bundle(conditions, total=2)}
    )
    assert ehr.kinds() == ["Condition"]
    assert ids_of(response) == ["b12-deficiency-neuro"]


@pytest.mark.parametrize(
    "more",
    [{"total": "2"}, {"link": ["next"]}, {"link": [{"relation": "next", "url": ""}]}],
    ids=str,
)
def test_a_prefetched_bundle_whose_length_cannot_be_told_is_asked_for_anew(
    ehr: FhirServer, more: dict[str, Any]
) -> None:
    response = post(ehr, "patient-view", {**prefetch(LOW), "conditions": bundle([], **more)})
    assert ehr.kinds() == ["Condition"]
    assert ids_of(response) == ["b12-deficiency-neuro"]
    assert not treatment_is_unknown(response)


@pytest.mark.parametrize(
    "more",
    [{"total": "0"}, {"link": ["next"]}, {"link": [{"relation": "Next", "url": " "}]}],
    ids=str,
)
def test_an_answer_whose_length_cannot_be_told_proves_nothing_absent(
    ehr: FhirServer, more: dict[str, Any]
) -> None:
    assert not treatment_is_unknown(post(ehr))
    ehr.behaviours["MedicationRequest"] = lambda handler: handler.send(bundle([], **more))
    assert treatment_is_unknown(post(ehr))


def test_each_resource_counts_once_however_often_it_arrives(ehr: FhirServer) -> None:
    """A search that was begun by the client and asked for anew does not double the doses or the orders."""
    given = {"resourceType": "MedicationAdministration", "id": "ad-9", "status": "completed", "effectiveDateTime": days_ago(3),
             "subject": SUBJECT, "medicationCodeableConcept": CYANOCOBALAMIN_INJECTION}  # fmt: skip
    from cds_service.fhir.retrieval import merged

    both = merged(bundle([given], total=2), bundle([given, {**given, "id": "ad-10"}], total=2))
    assert [entry["resource"]["id"] for entry in both["entry"]] == ["ad-9", "ad-10"]
    assert both["total"] == 2


def test_pages_without_end_leave_absence_unknown(ehr: FhirServer) -> None:
    def another(handler: Any) -> None:
        number = int(handler.request_seen.query.get("_offset", ["0"])[0]) + 1
        url = f"{ehr.url}/MedicationRequest?patient={PATIENT}&_offset={number}"
        handler.send(bundle([], link=[{"relation": "next", "url": url}]))

    ehr.behaviours["MedicationRequest"] = another
    response = post(ehr)
    assert treatment_is_unknown(response)
    assert ehr.kinds().count("MedicationRequest") == 20


@pytest.mark.parametrize(
    "link",
    [
        "{url}?_getpages=7&_offset=1",
        "{url}/_page/7",
        "{url}/MedicationRequest/_page?token=7",
        "?_page=7",
        "_page/7",
    ],
)
@pytest.mark.parametrize(
    "scope", ["user/*.rs", " ".join(f"user/{kind}.rs" for kind in set(QUERY_TYPES))]
)
def test_a_server_pages_as_it_likes(ehr: FhirServer, link: str, scope: str) -> None:
    """A page that follows is taken as it is named: nothing is added to its URL, and no scope is read into it."""
    first = bundle([], link=[{"relation": "next", "url": link.format(url=ehr.url)}])
    injections = medication_request(CYANOCOBALAMIN_INJECTION)

    def pages(handler: Any) -> None:
        handler.send(bundle([injections]) if "7" in handler.path else first)

    ehr.behaviours = dict.fromkeys(("MedicationRequest", "_page", ""), pages)
    response = post(
        ehr,
        "patient-view",
        prefetch(LOW, without=("medication-requests",)),
        granted={"scope": scope},
    )
    assert ids_of(response) == []  # treatment is under way
    assert "_count" not in ehr.seen[-1].query


def test_a_page_that_names_itself_as_the_next_is_read_once(ehr: FhirServer) -> None:
    url = f"{ehr.url}/MedicationRequest?patient={PATIENT}&_offset=1"
    ehr.behaviours["MedicationRequest"] = lambda handler: handler.send(
        bundle([], link=[{"relation": "next", "url": url}])
    )
    assert treatment_is_unknown(post(ehr))
    assert ehr.kinds().count("MedicationRequest") == 2


def test_what_the_pages_before_a_failure_hold_counts(ehr: FhirServer) -> None:
    ehr.resources += [LEBER]

    def second_fails(handler: Any) -> None:
        return (
            handler.send(outcome("exception"), 500)
            if "_offset" in handler.request_seen.query
            else handler.answer()
        )

    ehr.page_size = 2
    ehr.behaviours["Condition"] = second_fails
    ehr.resources += [condition("38341003")]
    response = post(ehr, "order-sign", drafts=[draft(CYANOCOBALAMIN_INJECTION)])
    assert ids_of(response)[0] == "cyanocobalamin-leber"


# Medications by reference


def _by_reference(reference: str, **more: Any) -> dict[str, Any]:
    display = {"display": more.pop("display")} if "display" in more else {}
    return medication_request(
        {},
        medicationCodeableConcept=None,
        medicationReference={"reference": reference, **display},
        **more,
    )


def _medication(identity: str, concept: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Medication", "id": identity, "code": concept}


def test_medications_by_reference_are_resolved_in_one_search(ehr: FhirServer) -> None:
    ehr.resources += [
        _medication("m-1", CYANOCOBALAMIN_INJECTION),
        _medication("m-2", FOLIC_ACID_1MG),
    ]
    ehr.resources += [
        _by_reference("Medication/m-1"),
        _by_reference("Medication/m-2/_history/3"),
        _by_reference("Medication/m-1"),
    ]
    assert ids_of(post(ehr)) == [
        "b12-low-on-therapy"
    ]  # for cyanocobalamin injections are under way
    searches = [seen for seen in ehr.seen if seen.kind == "Medication"]
    assert [seen.query["_id"] for seen in searches] == [["m-1,m-2"]]


def test_medications_of_a_prefetched_list_are_resolved_too(ehr: FhirServer) -> None:
    ehr.resources += [_medication("m-1", CYANOCOBALAMIN_INJECTION)]
    assert ids_of(post(ehr, "patient-view", prefetch(LOW, _by_reference("Medication/m-1")))) == []
    assert ehr.kinds() == ["Medication"]


def test_a_medication_of_the_same_server_may_be_named_by_its_url(ehr: FhirServer) -> None:
    ehr.resources += [_medication("m-1", CYANOCOBALAMIN_INJECTION)]
    assert (
        ids_of(post(ehr, "patient-view", prefetch(LOW, _by_reference(f"{ehr.url}/Medication/m-1"))))
        == []
    )


@pytest.mark.parametrize(
    "reference",
    [
        "Medication/m-1",
        "https://other.example.org/fhir/Medication/m-1",
        "Medication/..",
        "Group/m-1",
    ],
)
def test_a_medication_that_cannot_be_resolved_leaves_treatment_unknown(
    ehr: FhirServer, reference: str
) -> None:
    if "other" in reference:
        ehr.resources += [_medication("m-1", FOLIC_ACID_1MG)]
    assert treatment_is_unknown(post(ehr, "patient-view", prefetch(LOW, _by_reference(reference))))


def test_a_draft_that_says_no_more_than_a_reference_is_resolved(ehr: FhirServer) -> None:
    ehr.resources += [
        _medication("m-1", FOLIC_ACID_1MG),
        _medication("m-2", {"text": "Paracetamol 500 mg"}),
    ]
    response = post(ehr, "order-sign", drafts=[_by_reference("Medication/m-1", status="draft")])
    assert ids_of(response) == ["folic-acid-b12-deficient"]
    ehr.seen.clear()
    assert (
        ids_of(post(ehr, "order-sign", drafts=[_by_reference("Medication/m-2", status="draft")]))
        == []
    )
    assert ehr.kinds() == ["Medication"]


@pytest.mark.parametrize("display", ["Folvite 1 mg", "FOLIC AC 5MG", "Paracetamol 500 mg"])
def test_a_draft_whose_display_names_no_agent_of_ours_is_looked_up(
    ehr: FhirServer, display: str
) -> None:
    """A display may be a brand or an abbreviation. Without the Medication it stands."""
    order = _by_reference("Medication/m-1", status="draft", display=display)
    assert ids_of(post(ehr, "order-sign", drafts=[order])) == []
    assert ehr.kinds() == ["Medication"]
    ehr.resources += [_medication("m-1", FOLIC_ACID_1MG)]
    assert ids_of(post(ehr, "order-sign", drafts=[order])) == ["folic-acid-b12-deficient"]


def test_many_drafts_that_name_no_agent_of_ours_are_looked_up_at_once(ehr: FhirServer) -> None:
    drafts = [
        _by_reference(
            f"Medication/m-{number}", status="draft", display="Paracetamol", id=f"d{number}"
        )
        for number in range(30)
    ]
    assert ids_of(post(ehr, "order-sign", drafts=drafts)) == []
    assert ehr.kinds() == ["Medication"]


def test_a_draft_whose_display_names_an_agent_of_ours_is_not_looked_up(ehr: FhirServer) -> None:
    order = _by_reference("Medication/m-1", status="draft", display="Folic acid 1 mg tablet")
    assert ids_of(post(ehr, "order-sign", drafts=[order])) == ["folic-acid-b12-deficient"]
    assert "Medication" not in ehr.kinds()


# Required data


def test_412_when_the_patient_can_neither_be_prefetched_nor_fetched(ehr: FhirServer) -> None:
    ehr.resources.remove(patient())
    response = post(ehr)
    assert response.status_code == 412
    assert response.get_json()["issue"][0]["expression"] == ["prefetch.patient"]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(outcome("forbidden"), id="an OperationOutcome"),
        pytest.param(bundle([]), id="an empty Bundle"),
        pytest.param(None, id="null, and the server has none"),
    ],
)
@pytest.mark.parametrize("hook", ["patient-view", "order-sign"])
def test_412_when_something_came_in_place_of_the_patient(
    ehr: FhirServer, hook: str, value: Any
) -> None:
    """Age, sex and death would all be unknown, and an adult who lives be taken for granted."""
    ehr.resources.remove(patient())
    drafts = [hydroxocobalamin()] if hook == "order-sign" else None
    response = post(ehr, hook, {**prefetch(LOW), "patient": value}, drafts=drafts)
    assert response.status_code == 412
    assert response.get_json()["issue"][0]["expression"] == ["prefetch.patient"]


def test_a_patient_that_came_as_null_is_fetched(ehr: FhirServer) -> None:
    response = post(ehr, "patient-view", {**prefetch(LOW), "patient": None})
    assert ehr.kinds() == ["Patient"]
    assert ids_of(response) == ["b12-deficiency-untreated"]


@pytest.mark.parametrize(
    ("hook", "status"), [("patient-view", 412), ("encounter-discharge", 412), ("order-sign", 200)]
)
def test_412_when_no_laboratory_query_is_answered_and_the_hook_needs_one(
    ehr: FhirServer, hook: str, status: int
) -> None:
    ehr.behaviours["Observation"] = lambda handler: handler.send(outcome("exception"), 500)
    assert (
        post(ehr, hook, drafts=[hydroxocobalamin()] if hook == "order-sign" else None).status_code
        == status
    )


def test_one_laboratory_query_is_enough(ehr: FhirServer) -> None:
    def only_b12(handler: Any) -> None:
        return (
            handler.answer()
            if "2132-9" in handler.request_seen.query["code"][0]
            else handler.send(outcome("exception"), 500)
        )

    ehr.behaviours["Observation"] = only_b12
    response = post(ehr)
    assert ids_of(response) == ["b12-deficiency-neuro"]
    assert "Not known" in cards_of(response)[0]["detail"]
