"""A FHIR server that is a process of its own: it pages, and is slow, fails or redirects for some types of resources."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bench.servers import running
from tests.fhir_access.calls import cards_of, ids_of, post
from tests.support.serving import held_port
from tests.support.waiting import growing


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    with (
        held_port() as port,
        running("tests.support.fhir_server", str(port), "0", *request.param, port=port),
    ):
        yield f"http://127.0.0.1:{port}/fhir"


def served(*options: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "server", [options], ids=[" ".join(options) or "as usual"], indirect=True
    )


@served()
def test_a_whole_record_is_read(server):
    assert ids_of(post(server)) == ["b12-deficiency-neuro"]


@served("--page-size", "1")
def test_a_record_is_read_page_by_page(server):
    [card] = cards_of(post(server))
    assert (
        "110 pg/mL" in card["detail"] and "101 g/L" in card["detail"] and "112 fL" in card["detail"]
    )


@served("--failing", "MedicationRequest")
def test_what_fails_is_not_known(server):
    [card] = cards_of(post(server))
    assert "B12 treatment under way" in card["detail"].partition("Not known:")[2]


@served("--redirecting", "MedicationRequest")
def test_a_redirect_is_not_followed_and_its_data_is_not_known(server):
    [card] = cards_of(post(server))
    assert "B12 treatment under way" in card["detail"].partition("Not known:")[2]


@served("--slow", "MedicationStatement")
def test_what_is_slower_than_the_budget_is_not_known(server):
    for budget in growing(1):
        answer = post(server, settings={"fhir_budget": budget})
        if answer.status_code == 200:  # this machine read the rest in time
            break
    [card] = cards_of(answer)
    assert "B12 treatment under way" in card["detail"].partition("Not known:")[2]


@served()
def test_a_token_that_the_server_refuses_leaves_required_data_missing(server):
    refused = post(server, granted={"access_token": "another-token"})
    assert refused.status_code == 412
    assert refused.get_json()["resourceType"] == "OperationOutcome"
