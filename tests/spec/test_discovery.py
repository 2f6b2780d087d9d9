"""CDS Hooks 3.0.0, "Discovery"."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from markdown_it import MarkdownIt

from cds_service.app import create_app
from cds_service.config import Settings
from tests.support.fhir_builders import hook_request, prefetch

HOOKS = {"patient-view", "order-select", "order-sign", "encounter-discharge"}
ATTRIBUTES = {
    "hook",
    "title",
    "description",
    "id",
    "prefetch",
    "usageRequirements",
    "version",
    "hookVersion",
    "extension",
}


@pytest.fixture(scope="module")
def services(client: FlaskClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/cds-services").get_json()["services"]
    return found


def test_the_discovery_endpoint_shall_be_available_at_cds_services(client: FlaskClient) -> None:
    """HTTP Request: ``GET {baseUrl}/cds-services`` SHALL always answer, with 200 and JSON."""
    response = client.get("/cds-services")
    assert (response.status_code, response.mimetype) == (200, "application/json")


def test_the_response_shall_be_an_object_with_a_list_of_services(client: FlaskClient) -> None:
    """Response: an object with the array ``services``."""
    body = client.get("/cds-services").get_json()
    assert list(body) == ["services"]
    assert isinstance(body["services"], list)


def test_a_service_shall_have_hook_description_and_id(services: list[dict[str, Any]]) -> None:
    """Response: ``hook``, ``description`` and ``id`` are REQUIRED strings."""
    assert {service["hook"] for service in services} == HOOKS
    for service in services:
        for attribute in ("hook", "description", "id"):
            assert isinstance(service[attribute], str), attribute
            assert service[attribute].strip(), attribute


def test_a_service_has_no_attribute_that_the_specification_does_not_define(
    services: list[dict[str, Any]],
) -> None:
    """Response: only defined attributes; anything of one's own goes into ``extension``."""
    assert all(set(service) <= ATTRIBUTES for service in services)


def test_a_service_should_have_a_human_friendly_title(services: list[dict[str, Any]]) -> None:
    """Response: ``title`` is RECOMMENDED; no two services share one."""
    assert len({service["title"] for service in services}) == len(services)


def test_a_service_should_state_the_version_of_cds_hooks(services: list[dict[str, Any]]) -> None:
    """Response: ``version`` is the semantic version of the CDS Hooks specification that is implemented."""
    assert {service["version"] for service in services} == {"3.0.0"}


def test_a_hook_version_shall_match_the_published_hook_definition(
    services: list[dict[str, Any]],
) -> None:
    """Response: ``hookVersion`` is that of the hook's definition; the four hooks are published as 1.0."""
    assert {service["hookVersion"] for service in services} == {"1.0"}


def test_the_description_is_markdown_without_html(services: list[dict[str, Any]]) -> None:
    """Response: ``description`` is markdown, and names the parameter set that the advice rests on."""
    for service in services:
        tokens = MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(
            service["description"]
        )
        inner = [child.type for token in tokens for child in [token, *(token.children or [])]]
        assert not {"html_block", "html_inline"} & set(inner)
        assert "Parameter set: default" in service["description"]


def test_an_id_is_one_path_segment_of_the_service_url(
    client: FlaskClient, services: list[dict[str, Any]]
) -> None:
    """Response: the service is available at ``{baseUrl}/cds-services/{id}``, and answers its own hook there."""
    for service in services:
        assert re.fullmatch(r"[A-Za-z0-9._~-]+", service["id"])
        drafts = [] if service["hook"].startswith("order") else None
        request = hook_request(service["hook"], prefetch(), drafts=drafts)
        assert client.post(f"/cds-services/{service['id']}", json=request).status_code == 200


def test_prefetch_is_an_object_of_queries_by_key(services: list[dict[str, Any]]) -> None:
    """Response: ``prefetch`` maps a key to one FHIR query, both strings."""
    for service in services:
        assert service["prefetch"]
        assert all(isinstance(query, str) and query for query in service["prefetch"].values())


def test_usage_requirements_are_human_readable(services: list[dict[str, Any]]) -> None:
    """Response: ``usageRequirements`` tells preconditions in words: which data must come."""
    assert all("Patient" in service["usageRequirements"] for service in services)


def test_without_services_discovery_is_an_empty_array() -> None:
    """Response: "If your CDS server hosts no CDS Services … a 200 HTTP response with an empty array of services"."""
    app = create_app(Settings())
    serving = app.extensions["serving"]
    serving.current.engine.cards_by_hook.clear()
    serving.take(serving.current.engine)
    response = app.test_client().get("/cds-services")
    assert (response.status_code, response.get_json()) == (200, {"services": []})


def test_discovery_is_stable(client: FlaskClient) -> None:
    """Discovery: a stable endpoint; two answers are the same, byte for byte."""
    assert client.get("/cds-services").get_data() == client.get("/cds-services").get_data()
