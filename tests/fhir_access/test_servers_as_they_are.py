"""Servers that refuse a query, answer from a cache, limit, expire pages, know themselves by another name, or have no list."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.fhir_access.calls import authorization, ids_of, post, treatment_is_unknown
from tests.support.clinic import client
from tests.support.ehr_rules import EPIC, GENERIC, HAPI, OPENEMR, ORACLE, Ehr
from tests.support.ehr_server import EhrServer, filed, playing
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_INJECTION,
    PATIENT,
    bundle,
    condition,
    days_ago,
    folic_acid,
    hook_request,
    hydroxocobalamin,
    medication_request,
    observation,
    patient,
    prefetch,
)
from tests.support.fhir_server import FhirServer, outcome

LOW = observation("b12", 110, "pg/mL")
RECORD = (patient(), LOW, observation("hb", 101, "g/L"))
INJECTIONS = medication_request(CYANOCOBALAMIN_INJECTION, id="course", authoredOn=days_ago(400))
NO_MEDICATIONS = prefetch(LOW, without=("medication-requests",))


@pytest.fixture
def oracle() -> Iterator[EhrServer]:
    with playing(ORACLE.holding(*RECORD)) as server:
        yield server


# Queries that are refused


def test_a_query_that_is_refused_is_asked_once_more_in_a_plainer_form_which_is_remembered(
    oracle: EhrServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Oracle's server takes no _sort, and _count for some lists alone. The service was told nothing of it."""
    caplog.set_level(logging.INFO)
    settings = {"fhir_budget": 21}  # a service of its own, which has learned nothing
    assert ids_of(post(oracle, settings=settings)) == ["b12-deficiency-untreated"]
    for kind in ("Observation", "Condition"):
        first, *_, last = oracle.asked(kind)
        assert {"_sort", "_count"} & (set(first) - set(last))
    assert "_sort" in caplog.text and "Condition" in caplog.text and PATIENT not in caplog.text
    oracle.seen.clear()
    assert ids_of(post(oracle, settings=settings)) == ["b12-deficiency-untreated"]
    assert len(oracle.asked("Condition")) == 1 and len(oracle.asked("Observation")) == 5


def test_a_refusal_without_a_reason_is_met_by_the_plainest_form() -> None:
    with playing(OPENEMR.holding(*RECORD)) as server:
        assert ids_of(post(server, settings={"fhir_budget": 22})) == ["b12-deficiency-untreated"]
        assert [
            query.get("code", [""])[0].count("|") for query in server.asked("Observation")[-1:]
        ] == [0]


def test_a_form_that_is_refused_too_is_not_tried_further(oracle: EhrServer) -> None:
    oracle.behaviours["Condition"] = lambda handler: handler.send(outcome("invalid"), 400)
    post(oracle, settings={"fhir_budget": 23})
    assert len(oracle.asked("Condition")) == 2


def test_without_its_sort_a_list_that_goes_on_proves_nothing_by_its_order() -> None:
    """A server that ignores what it was not asked sends the oldest first; what it sent is not all."""
    potassium = [observation("potassium", 4.2, "mmol/L", ago=ago) for ago in range(300, 0, -1)]
    server_of = Ehr(tuple([*RECORD, *potassium]), unsorted=True, page=5, most=5)
    with playing(server_of) as server:
        response = post(
            server, "order-sign", drafts=[hydroxocobalamin()], settings={"fhir_budget": 24}
        )
        assert "potassium" in str(response.get_json()["cards"])


@pytest.mark.parametrize(
    "said",
    ["No patient Jane Roe, born 1957", f"Patient/{PATIENT} is unknown", "jane", {"x": 1}, None],
)
def test_a_reason_is_told_without_what_may_be_a_patients(
    oracle: EhrServer, caplog: pytest.LogCaptureFixture, said: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    issue = {"severity": "error", "code": "invalid", "diagnostics": said, "details": {"text": said}}
    oracle.behaviours["Condition"] = lambda handler: handler.send(
        {"resourceType": "OperationOutcome", "issue": [issue]}, 400
    )
    response = post(oracle, settings={"fhir_budget": 25})
    for secret in ("Jane", "jane", "Roe", "1957", PATIENT):
        assert secret not in caplog.text + response.get_data(as_text=True).replace(
            f"Patient/{PATIENT}", ""
        )
    assert "refuses the query (status 400): invalid" in caplog.text


# The present


def test_a_result_that_was_filed_between_two_calls_is_seen() -> None:
    """HAPI answers a search that was just made from a cache, unless it is asked not to."""
    with playing(GENERIC.holding(patient()), caches=True) as server:
        assert ids_of(post(server, "order-select", drafts=[folic_acid()])) == [
            "folic-acid-b12-unknown"
        ]
        filed(server, LOW)
        assert ids_of(post(server, "order-select", drafts=[folic_acid()])) == [
            "folic-acid-b12-deficient"
        ]


def test_no_request_asks_a_server_to_store_nothing() -> None:
    """For no-store HAPI gives up paging, and sends the first 100 entries as if they were all."""
    with playing(GENERIC.holding(*RECORD)) as server:
        post(server)
        assert {seen.headers["Cache-Control"] for seen in server.seen} == {"no-cache"}


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_asks_to_come_back_soon_is_asked_once_more(
    ehr: FhirServer, status: int
) -> None:
    busy = lambda handler: handler.send(outcome("throttled"), status, **{"Retry-After": "0"})  # noqa: E731
    ehr.behaviours["MedicationRequest"] = lambda handler: (
        busy(handler) if len(ehr.seen) == 1 else handler.answer()
    )
    assert not treatment_is_unknown(post(ehr, "patient-view", NO_MEDICATIONS))
    assert len(ehr.seen) == 2
    ehr.seen.clear()
    ehr.behaviours["MedicationRequest"] = busy
    assert treatment_is_unknown(post(ehr, "patient-view", NO_MEDICATIONS))
    assert len(ehr.seen) == 2


@pytest.mark.parametrize(
    "later", ["60", "Wed, 21 Oct 2099 07:28:00 GMT", "soon", "-1", "9" * 30, "\u0663"]
)
def test_one_that_asks_to_come_back_later_is_not_waited_for(ehr: FhirServer, later: str) -> None:
    if not later.isascii():
        later = "%"
    ehr.behaviours["MedicationRequest"] = lambda handler: handler.send(
        outcome("throttled"), 429, **{"Retry-After": later}
    )
    started = time.monotonic()
    assert treatment_is_unknown(post(ehr, "patient-view", NO_MEDICATIONS))
    assert len(ehr.seen) == 1 and time.monotonic() - started < 10


# Pages that cannot be had


@pytest.mark.parametrize(
    "link",
    [
        "https://internal.example.org/fhir/MedicationRequest?_getpages=1",
        "{server}?_getpages=1",
        "{server}/x?p=1",
    ],
)
def test_a_prefetched_page_whose_next_cannot_be_followed_is_searched_for_anew(link: str) -> None:
    with playing(GENERIC.holding(*RECORD, INJECTIONS)) as server:
        server.behaviours[""] = server.behaviours["x"] = lambda handler: handler.send(
            outcome("expired"), 410
        )
        page = bundle([], link=[{"relation": "next", "url": link.format(server=server.url)}])
        response = post(server, "patient-view", {**prefetch(LOW), "medication-requests": page})
        assert ids_of(response) == ["b12-low-on-therapy"]
        assert [query["patient"] for query in server.asked("MedicationRequest")] == [[PATIENT]]


def test_pages_of_a_server_behind_a_gateway_are_read_at_fhir_server() -> None:
    """HAPI names its pages by the host that it knows itself by."""
    orders = [
        medication_request({"text": "Amlodipine 5 mg tablet"}, id=f"m-{number}")
        for number in range(30)
    ]
    with playing(
        GENERIC.holding(*RECORD, *orders, INJECTIONS), public_name="http://hapi.internal:8080/fhir"
    ) as server:
        server.ehr = Ehr(server.ehr.resources, page=10, most=10)
        assert ids_of(post(server)) == ["b12-low-on-therapy"]
        assert len(server.asked("MedicationRequest")) == 4


def test_without_a_total_pages_that_are_named_elsewhere_prove_no_absence() -> None:
    orders = [
        medication_request({"text": "Amlodipine 5 mg tablet"}, id=f"m-{number}")
        for number in range(30)
    ]
    ehr = Ehr((*RECORD, *orders), page=10, most=10, states_total=False)
    with playing(ehr, public_name="http://hapi.internal:8080/fhir") as server:
        assert treatment_is_unknown(post(server))


# Lists newest first


def _creatinines(number: int) -> list[dict[str, Any]]:
    return [observation("creatinine", 80, "umol/L", ago=ago) for ago in range(1, number + 1)]


def test_a_list_that_came_newest_first_is_complete_since_its_oldest_entry() -> None:
    """A page of creatinines for the last 200 days: that there is no potassium in the last 3 days is known."""
    page = bundle(
        _creatinines(200),
        link=[{"relation": "next", "url": "https://ehr.example.org/fhir?_getpages=1"}],
    )
    values = {**prefetch(LOW), "renal-and-potassium": page}
    sorted_in_order = _not_known(values)
    page["entry"].reverse()
    assert "potassium" in _not_known(values) and "potassium" not in sorted_in_order


def _not_known(values: dict[str, Any]) -> str:
    from tests.support.clinic import facts_of

    fact = facts_of(prefetched=values)["potassium"]
    return "potassium" if fact.is_unknown else ""


def test_a_low_potassium_behind_many_creatinines_is_found() -> None:
    record = [*_creatinines(205), observation("potassium", 2.4, "mmol/L", ago=1)]
    for ehr, profile in ((HAPI, ""), (HAPI, "hapi"), (ORACLE, "oracle"), (EPIC, "epic")):
        with playing(ehr.holding(patient(), LOW, *record)) as server:
            response = post(
                server, "order-sign", drafts=[hydroxocobalamin()], settings={"ehr": profile}
            )
            assert ids_of(response)[0] == "hypokalaemia-before-b12"


# Medications


def test_medications_come_along_where_the_profile_says_so() -> None:
    order = medication_request(
        {},
        medicationCodeableConcept=None,
        medicationReference={"reference": "Medication/m-1"},
        authoredOn=days_ago(400),
    )
    medication = {"resourceType": "Medication", "id": "m-1", "code": CYANOCOBALAMIN_INJECTION}
    with playing(HAPI.holding(*RECORD, order, medication)) as server:
        assert ids_of(post(server, settings={"ehr": "hapi"})) == ["b12-low-on-therapy"]
        assert server.asked("Medication") == []


# What a server says of itself


def _until(answers: Callable[[], bool]) -> None:
    ends = time.monotonic() + 30
    while not answers():
        assert time.monotonic() < ends
        time.sleep(0.02)


@pytest.mark.parametrize("ehr", [EPIC, ORACLE], ids=["Epic", "Oracle Health"])
def test_a_server_is_read_as_its_capability_statement_says(ehr: Ehr) -> None:
    """Nothing is configured: the statement is read once, beside the first call, and the calls after it know what is not kept."""
    with playing(ehr.holding(*RECORD)) as server:
        assert treatment_is_unknown(post(server, settings={"ehr": ""}))
        _until(lambda: not treatment_is_unknown(post(server, settings={"ehr": ""})))
        server.seen.clear()
        assert not treatment_is_unknown(post(server, settings={"ehr": ""}))
        assert server.asked("metadata") == server.asked("MedicationStatement") == []
        assert not any("_sort" in query for query in server.asked("Observation"))


def test_a_statement_that_cannot_be_had_is_not_asked_for_by_each_call(ehr: FhirServer) -> None:
    ehr.behaviours["metadata"] = lambda handler: handler.send(outcome("exception"), 500)
    for _ in range(3):
        assert ids_of(post(ehr, settings={"ehr": ""})) == ["b12-deficiency-neuro"]
    _until(lambda: "metadata" in ehr.kinds())
    assert ehr.kinds().count("metadata") == 1


def test_no_statement_is_read_where_the_site_says_what_its_ehr_is(ehr: FhirServer) -> None:
    post(ehr, settings={"ehr": "generic"})
    assert "metadata" not in ehr.kinds()


# Open servers


def test_an_open_server_is_read_without_a_token(ehr: FhirServer) -> None:
    ehr.token = None
    for granted in ({}, {"fhirAuthorization": authorization(access_token="")}):
        request = hook_request("patient-view", fhirServer=ehr.url, **granted)
        for servers, status in (
            ("loopback", 412),
            (f"open+{ehr.url}", 200),
            ("open+loopback", 200),
        ):
            ehr.seen.clear()
            service = client(fhir_budget=20, ehr="generic", fhir_servers=servers)
            assert (
                service.post("/cds-services/b12-folate-patient-view", json=request).status_code
                == status
            )
            assert bool(ehr.seen) is (status == 200)
            assert not any(seen.token for seen in ehr.seen)


def test_an_empty_token_needs_no_server() -> None:
    request = hook_request(
        "patient-view", prefetch(LOW), fhirAuthorization=authorization(access_token="")
    )
    assert client().post("/cds-services/b12-folate-patient-view", json=request).status_code == 200


# Why data is missing


def _why(response: Any) -> str:
    assert response.status_code == 412
    [issue] = response.get_json()["issue"]
    assert PATIENT not in str(issue)
    return str(issue["diagnostics"])


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (401, "refuses the access token"),
        (403, "a scope or a permission"),
        (404, "no such list"),
        (429, "too many requests"),
        (500, "status 500"),
    ],
)
def test_a_missing_patient_is_told_with_what_the_server_answered(
    ehr: FhirServer, status: int, told: str
) -> None:
    ehr.behaviours["Patient"] = lambda handler: handler.send(outcome("exception"), status)
    assert told in _why(post(ehr))


def test_a_missing_patient_is_told_with_why_no_server_was_read(ehr: FhirServer) -> None:
    assert "not listed (CDS_FHIR_SERVERS)" in _why(post(ehr, settings={"fhir_servers": ""}))
    assert "has expired" in _why(post(ehr, granted={"expires_in": 0}))
    assert "do not cover Patient" in _why(post(ehr, granted={"scope": "user/Observation.rs"}))
    service = client(fhir_budget=20, ehr="generic")
    for more, told in (
        ({"fhirServer": ehr.url}, "without fhirAuthorization"),
        ({}, "no fhirServer"),
    ):
        response = service.post(
            "/cds-services/b12-folate-patient-view", json=hook_request("patient-view", **more)
        )
        assert told in _why(response)
    ehr.behaviours["*"] = lambda handler: time.sleep(2)
    assert "within CDS_FHIR_BUDGET" in _why(post(ehr, settings={"fhir_budget": 0.3}))


def test_conditions_that_a_server_names_as_not_registered_are_not_all_there_are() -> None:
    ehr = Ehr((*RECORD, condition("309087008")), page=200, notices=("59204",))
    with playing(ehr) as server:
        assert "Not known" in str(post(server).get_json())


def test_dates_of_a_list_do_not_mislead(ehr: FhirServer) -> None:
    """Fewer entries than ``total`` and no ``next``: whatever the order, something is missing."""
    values = {**prefetch(LOW), "renal-and-potassium": bundle(_creatinines(5), total=9)}
    assert _not_known(values) == "potassium"
    assert days_ago(0) > days_ago(5)
