"""CDS Hooks 3.0.0, "Prefetch Template", "Prefetch tokens", "Prefetch query restrictions"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import parse_qsl

import pytest
from flask.testing import FlaskClient

TOKEN_PARAMETERS = {"code", "intent"}
REFERENCE_PARAMETERS = {"patient"}
RESULT_PARAMETERS = {"_sort", "_count"}


@pytest.fixture(scope="module")
def templates(client: FlaskClient) -> dict[str, str]:
    services = client.get("/cds-services").get_json()["services"]
    return {
        f"{service['id']} {key}": query
        for service in services
        for key, query in service["prefetch"].items()
    }


@pytest.fixture(scope="module")
def searches(templates: dict[str, str]) -> dict[str, list[tuple[str, str]]]:
    return {
        key: parse_qsl(query.partition("?")[2], keep_blank_values=True, strict_parsing=True)
        for key, query in templates.items()
        if "?" in query
    }


def _parameters(searches: dict[str, list[tuple[str, str]]]) -> Iterator[tuple[str, str]]:
    for parameters in searches.values():
        yield from parameters


def test_a_template_is_a_fhir_read_or_search_relative_to_the_server(
    templates: dict[str, str],
) -> None:
    """Prefetch Template: a FHIR read (``Type/id``) or type-level search (``Type?…``)."""
    for key, query in templates.items():
        assert re.fullmatch(r"[A-Z][A-Za-z]+(/\{\{[^{}]+\}\}|\?[^? ]+)", query), key


def test_a_token_shall_be_delimited_by_double_braces_and_hold_only_a_context_path(
    templates: dict[str, str],
) -> None:
    """Prefetch tokens: ``{{context.patientId}}`` is the only token, so every client can resolve the templates."""
    for key, query in templates.items():
        assert re.findall(r"\{\{(.*?)\}\}", query) == ["context.patientId"], key
        assert "{" not in query.replace("{{context.patientId}}", ""), key
        assert "}" not in query.replace("{{context.patientId}}", ""), key


def test_a_search_shall_name_its_patient_by_reference(
    searches: dict[str, list[tuple[str, str]]],
) -> None:
    """Prefetch query restrictions: resource references such as ``patient={{context.patientId}}``."""
    for key, parameters in searches.items():
        assert ("patient", "{{context.patientId}}") in parameters, key


def test_only_reference_and_token_parameters_and_sort_and_count(
    searches: dict[str, list[tuple[str, str]]],
) -> None:
    """Prefetch query restrictions: reference and token search parameters, ``_count`` and ``_sort``; nothing else."""
    used = {name for name, _ in _parameters(searches)}
    assert used <= TOKEN_PARAMETERS | REFERENCE_PARAMETERS | RESULT_PARAMETERS


def test_no_modifiers(searches: dict[str, list[tuple[str, str]]]) -> None:
    """Prefetch query restrictions: no modifier on a parameter, nor chaining."""
    assert not [name for name, _ in _parameters(searches) if ":" in name or "." in name]


def test_no_parameter_twice(searches: dict[str, list[tuple[str, str]]]) -> None:
    """Prefetch query restrictions: widely supported capabilities: some clients keep only one of two like parameters."""
    for key, parameters in searches.items():
        assert max(Counter(name for name, _ in parameters).values()) == 1, key


def test_token_values_are_plain_codes(searches: dict[str, list[tuple[str, str]]]) -> None:
    """Prefetch query restrictions: token search by equality: a comma list of codes, with their system where it has one, none twice."""
    for name, value in _parameters(searches):
        if name in TOKEN_PARAMETERS:
            codes = value.split(",")
            assert all(re.fullmatch(r"(http://[a-z./]+\|)?[0-9a-z-]+", code) for code in codes)
            assert len(set(codes)) == len(codes)


def test_count_and_sort_have_values_that_fhir_allows(
    searches: dict[str, list[tuple[str, str]]],
) -> None:
    """Prefetch query restrictions: ``_count`` is a positive number; ``_sort`` asks for the most recent first."""
    for name, value in _parameters(searches):
        if name == "_count":
            assert int(value) > 0
        if name == "_sort":
            assert value == "-date"


def test_only_observations_are_narrowed_by_code(templates: dict[str, str]) -> None:
    """Prefetch Template: what the service needs: past, status-less and text-only resources must not be filtered out."""
    for key, query in templates.items():
        if not query.startswith("Observation?"):
            assert "code=" not in query, key
            assert "status" not in query, key


def test_a_template_is_below_1000_characters(templates: dict[str, str]) -> None:
    """Prefetch query restrictions: short enough for servers that limit the length of a URL."""
    assert max(map(len, templates.values())) < 1000


def test_a_key_is_a_simple_name(templates: dict[str, str]) -> None:
    """Prefetch Template: the key identifies the data in the request: letters and hyphens, usable as a variable name."""
    assert all(re.fullmatch(r"[a-z][a-z0-9-]*", key.split()[1]) for key in templates)


def test_the_same_key_asks_for_the_same_data_in_every_service(templates: dict[str, str]) -> None:
    """Prefetch Template: a client may answer several services with one query for a key."""
    queries: dict[str, set[str]] = {}
    for key, query in templates.items():
        queries.setdefault(key.split()[1], set()).add(query)
    assert all(len(found) == 1 for found in queries.values())
