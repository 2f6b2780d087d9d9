"""CDS Hooks 3.0.0, "Providing FHIR Resources to a CDS Service": retrieving what was not prefetched, and the token for it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from cds_service.fhir_server.client import FhirClient
from tests.fhir_access.calls import QUERY_TYPES, authorization, ids_of, post
from tests.spec.scenarios import LOW_B12
from tests.support.clinic import client
from tests.support.fhir_builders import (
    PATIENT,
    bundle,
    condition,
    folic_acid,
    hook_request,
    prefetch,
)
from tests.support.fhir_server import TOKEN, FhirServer, example_record, outcome, running


@pytest.fixture
def ehr() -> Iterator[FhirServer]:
    with running(FhirServer(example_record())) as server:
        yield server


def test_resources_may_come_by_prefetch_or_from_the_clients_fhir_server(ehr: FhirServer) -> None:
    """Providing FHIR Resources: "CDS Services should be capable of accessing FHIR resources via either"."""
    who, *record = example_record()
    by_prefetch = post(ehr, "patient-view", prefetch(*record, who=who))
    assert ehr.seen == []
    by_access = post(ehr)
    assert ehr.kinds() == QUERY_TYPES
    assert ids_of(by_access) == ids_of(by_prefetch) == ["b12-deficiency-neuro"]


def test_the_service_retrieves_what_else_it_needs(ehr: FhirServer) -> None:
    """Prefetch Template: "to check prefetched data against its template … and to programmatically retrieve" the rest."""
    assert ids_of(post(ehr, "patient-view", prefetch(LOW_B12, without=("conditions",)))) == [
        "b12-deficiency-neuro"
    ]
    assert ehr.kinds() == ["Condition"]


def test_pages_of_prefetched_data_are_retrieved_with_the_token(ehr: FhirServer) -> None:
    """Prefetch Template: a client MAY paginate; the next page "can be enabled with a provided token"."""
    page = bundle(
        [condition("38341003")],
        link=[{"relation": "next", "url": f"{ehr.url}/Condition?patient={PATIENT}&_offset=0"}],
    )
    assert ids_of(post(ehr, "patient-view", {**prefetch(LOW_B12), "conditions": page})) == [
        "b12-deficiency-neuro"
    ]
    assert [seen.token for seen in ehr.seen] == [f"Bearer {TOKEN}"]


def test_an_operation_outcome_spares_the_follow_up_query(ehr: FhirServer) -> None:
    """Prefetch Template: OperationOutcomes "prevent the CDS Service from incurring an unneeded follow-up query"."""
    post(ehr, "patient-view", {**prefetch(LOW_B12), "conditions": outcome("exception")})
    assert ehr.seen == []


def test_null_spares_it_too(ehr: FhirServer) -> None:
    """Prefetch Template: null says that the client has no data."""
    assert ids_of(post(ehr, "patient-view", {**prefetch(LOW_B12), "conditions": None})) == [
        "b12-deficiency-untreated"
    ]
    assert ehr.seen == []


def test_412_shall_be_answered_where_the_server_cannot_be_accessed_and_the_keys_are_missing(
    ehr: FhirServer,
) -> None:
    """Prefetch Template: "the service SHALL respond with an HTTP 412 Precondition Failed status code"."""
    ehr.behaviours["*"] = lambda handler: handler.send(outcome("exception"), 503)
    response = post(ehr)
    assert response.status_code == 412
    assert response.get_json()["issue"][0]["expression"][0] == "prefetch.patient"


def test_each_call_of_the_fhir_api_has_the_token(ehr: FhirServer) -> None:
    """FHIR Resource Access: services must "present a valid access token to the FHIR server with each API call"."""
    post(ehr)
    assert {seen.token for seen in ehr.seen} == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize("missing", ["fhirServer and fhirAuthorization", "fhirAuthorization"])
def test_both_parameters_are_needed_for_access(ehr: FhirServer, missing: str) -> None:
    """FHIR Resource Access: access "if the CDS Client provides both fhirServer and fhirAuthorization"."""
    more = {} if missing.startswith("fhirServer") else {"fhirServer": ehr.url}
    assert (
        client()
        .post("/cds-services/b12-folate-patient-view", json=hook_request("patient-view", **more))
        .status_code
        == 412
    )
    assert ehr.seen == []


def test_fhir_server_is_required_with_an_authorization() -> None:
    """HTTP Request: "If fhirAuthorization is provided, this field is REQUIRED"."""
    request = hook_request("patient-view", prefetch(), fhirAuthorization=authorization())
    response = client().post("/cds-services/b12-folate-patient-view", json=request)
    assert (response.status_code, response.get_json()["issue"][0]["expression"]) == (
        400,
        ["fhirServer"],
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("access_token", 1),
        ("token_type", "MAC"),
        ("expires_in", "soon"),
        ("scope", []),
        ("subject", 1),
        ("patient", 1),
    ],
)
def test_the_fields_of_the_authorization_have_their_types(
    ehr: FhirServer, field: str, value: Any
) -> None:
    """Passing the Access Token: access_token, scope, subject, patient are strings, expires_in an integer, token_type ``Bearer``."""
    response = post(ehr, granted={field: value})
    assert (response.status_code, response.get_json()["issue"][0]["expression"]) == (
        400,
        [f"fhirAuthorization.{field}"],
    )


def test_an_authorization_may_have_fields_of_its_own(ehr: FhirServer) -> None:
    """Passing the Access Token, with Extensions: what is not known is passed over."""
    assert ids_of(
        post(ehr, granted={"extension": {"org.example.site": 1}, "need_patient_banner": True})
    ) == ["b12-deficiency-neuro"]


@pytest.mark.parametrize(
    ("scope", "asked"),
    [
        ("user/Patient.read user/Observation.read", {"Patient", "Observation"}),
        ("patient/*.rs", set(QUERY_TYPES)),
    ],
)
def test_access_stays_within_the_granted_scopes(
    ehr: FhirServer, scope: str, asked: set[str]
) -> None:
    """Passing the Access Token: the scopes are those of SMART App Launch; resources "for which it's authorized"."""
    post(ehr, granted={"scope": scope, "patient": PATIENT})
    assert set(ehr.kinds()) == asked


def test_the_token_lives_no_longer_than_it_says(ehr: FhirServer) -> None:
    """Passing the Access Token: expires_in is the lifetime in seconds."""
    assert post(ehr, granted={"expires_in": 0}).status_code == 412
    assert ehr.seen == []


def test_the_token_shall_be_treated_as_a_transient_value(
    ehr: FhirServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Passing the Access Token: "the access token SHALL be treated as a transient value by the CDS Service"."""
    held = []
    reading = FhirClient.reading

    def watched(*arguments: Any) -> Any:
        fetch = reading(*arguments)
        held.append(weakref.ref(fetch.args[0]))
        return fetch

    monkeypatch.setattr(FhirClient, "reading", watched)
    assert ids_of(post(ehr)) == ["b12-deficiency-neuro"]
    gc.collect()
    assert [reference() for reference in held] == [None]


def test_orders_that_need_no_data_cause_no_access(ehr: FhirServer) -> None:
    """Providing FHIR Resources: what is accessed is the "minimum necessary"."""
    order = folic_acid(medicationCodeableConcept={"text": "Paracetamol 500 mg tablets"})
    assert ids_of(post(ehr, "order-sign", drafts=[order])) == []
    assert ehr.seen == []
