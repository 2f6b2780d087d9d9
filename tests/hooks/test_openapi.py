"""``/openapi.json`` is valid, complete and true: the routes are those of the application, and fuzzed calls find nothing else."""

from __future__ import annotations

import re
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from cds_service.app import create_app
from cds_service.config import Settings
from tests.spec.scenarios import ANSWERS
from tests.support.clinic import client
from tests.support.ehr import service
from tests.support.fhir_builders import NOW, hook_request, prefetch


def document(**options: Any) -> dict[str, Any]:
    found: dict[str, Any] = client(**options).get("/openapi.json").get_json()
    return found


@pytest.mark.parametrize(
    "options",
    [{}, {"service_ids": "shared"}, {"parameters": "uk"}],
    ids=["usual", "shared ids", "uk"],
)
def test_the_document_is_valid_openapi_3_1(options):
    found = document(**options)
    assert found["openapi"] == "3.1.0"
    assert not list(OpenAPIV31SpecValidator(found).iter_errors())


@pytest.mark.parametrize("options", [{}, {"service_ids": "shared"}], ids=["usual", "shared ids"])
def test_every_route_is_in_the_document_and_no_other(options):
    application = client(**options).application
    ids = {
        service["id"] for service in client(**options).get("/cds-services").get_json()["services"]
    }
    routes = set()
    # The pages of the workbench are for people.
    for rule in (
        rule
        for rule in application.url_map.iter_rules()
        if not rule.endpoint.startswith("workbench.")
    ):
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            paths = {rule.rule.replace("<service_id>", service_id) for service_id in ids}
            routes |= {
                (re.sub(r"<(?:type|resource|card)_(name|id)>", _placeholder, path), method.lower())
                for path in paths
            }
    assert routes == {
        (path, method)
        for path, methods in document(**options)["paths"].items()
        for method in methods
    }


def _placeholder(match: re.Match[str]) -> str:
    return "{type}" if match[1] == "name" else "{id}"


def validator(name: str) -> Draft202012Validator:
    found = document()
    return Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": found["components"]}
    )


@pytest.mark.parametrize("name", ANSWERS)
def test_requests_and_answers_are_as_described(name, call):
    request = ANSWERS[name]
    parts = "".join(part.title() for part in request["hook"].split("-"))
    validator(f"{parts}Request").validate(request)
    validator("CdsResponse").validate({"cards": call(request)})


def test_discovery_and_an_error_are_as_described():
    validator("Services").validate(client().get("/cds-services").get_json())
    refused = client().post(
        "/cds-services/b12-folate-patient-view",
        json=hook_request("patient-view", prefetch(without=("patient",))),
    )
    validator("OperationOutcome").validate(refused.get_json())


def test_what_a_server_and_a_header_add_is_described():
    paths = document()["paths"]
    read, search = paths["/fhir/{type}/{id}"]["get"], paths["/fhir/{type}"]["get"]
    assert "content" not in read["responses"]["304"]
    assert "If-None-Match" in {parameter["name"] for parameter in read["parameters"]}
    assert {"Prefer", "name:exact", "name:contains"} <= {
        parameter["name"] for parameter in search["parameters"]
    }
    assert all(
        "408" in methods["post"]["responses"] for methods in paths.values() if "post" in methods
    )
    assert all(
        "421" in described["responses"]
        for methods in paths.values()
        for described in methods.values()
    )
    assert not any("421" in str(methods) for methods in document(insecure=True)["paths"].values())


def test_where_clients_are_registered_the_document_asks_for_their_tokens(tmp_path):
    found = service(tmp_path, discovery="public").get("/openapi.json").get_json()
    assert not list(OpenAPIV31SpecValidator(found).iter_errors())
    assert found["components"]["securitySchemes"]["clientToken"]["scheme"] == "bearer"
    needed = {
        path: methods[next(iter(methods))]["security"] for path, methods in found["paths"].items()
    }
    reading = {"/fhir/metadata", "/fhir/{type}", "/fhir/{type}/_search", "/fhir/{type}/{id}"}
    assert {path for path, security in needed.items() if not security} == {
        "/cds-services",
        "/openapi.json",
        "/healthz",
        "/readyz",
    } | reading
    assert all(
        "401" in found["paths"][path][method]["responses"]
        for path, security in needed.items()
        if security
        for method in found["paths"][path]
    )


def test_feedback_is_described_alike_for_every_service():
    described = {
        path.split("/")[2]: {**methods["post"], "operationId": None, "summary": None}
        for path, methods in document()["paths"].items()
        if path.endswith("/feedback")
    }
    assert len(described) == 4
    assert all(feedback == described["b12-folate-patient-view"] for feedback in described.values())


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


@pytest.fixture
def fresh_service(request, tmp_path):
    """A service of its own, to which nothing came before: its database is yet to be made when the first call does."""
    # schemathesis asks a test for this, which those of newer versions of pytest do not have
    request.node._nodeid = request.node.nodeid
    url = f"sqlite:///{tmp_path}/cds.sqlite3"
    described = schemathesis.openapi.from_wsgi(
        "/openapi.json", create_app(Settings(database_url=url), clock=lambda: NOW)
    )
    # What is too large is refused as well, as the document says.
    refusal = described.config.checks.negative_data_rejection
    refusal.expected_statuses = [*refusal.expected_statuses, "413"]
    return described


# One route takes the feedback of every service, and the document describes it alike: it is sent to one. The description comes from a
# fixture, since making calls of it takes seconds, which otherwise every process would take that collects tests.
DESCRIBED = schemathesis.pytest.from_fixture("fresh_service").exclude(
    path_regex="b12-folate-(?!patient-view).*/feedback"
)


# Beside some hundred calls that each break one rule of the document. Of forty generated ones, those after the twentieth met no
# status and no kind of refusal that was not met before.
@DESCRIBED.parametrize()
@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_fuzzed_calls_are_answered_as_described(case):
    case.call_and_validate(checks=CHECKS)
