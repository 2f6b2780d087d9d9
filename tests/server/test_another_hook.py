"""A hook is added by one entry of the table and the model of its context: everything else knows it then."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from openapi_spec_validator import OpenAPIV31SpecValidator

from cds_service.hooks.contexts import CONTEXTS
from cds_service.rules.hook_table import HOOKS
from tests.support.another_hook import APPOINTMENTS, BOOKING
from tests.support.serving import Server, serving
from tests.support.waiting import PATIENCE

HOOK, CARD, PROGRAM = "appointment-book", "b12-before-appointment", "tests.support.another_hook"
SOURCE = """\
id: b12-before-appointment
version: 1.0.0
title: Deficiency when an appointment is booked
rank: 9000
hooks: [appointment-book]
include:
  - {id: deficient, fact: b12.status, in: [deficient]}
card:
  indicator: info
  summary: Vitamin B12 is low; treat before the appointment
  source: nice-ng239
tests:
  - {name: deficient, facts: {b12.status: deficient}, fires: true}
  - {name: sufficient, facts: {b12.status: sufficient}, silent: deficient}
"""


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site's folder with one card, which speaks on the new hook alone."""
    folder = tmp_path_factory.mktemp("cards")
    (folder / "own").mkdir()
    (folder / "site.yaml").write_text("owner: st-elsewhere\n", "utf-8")
    (folder / f"own/{CARD}.yaml").write_text(SOURCE, "utf-8")
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, cards: Path) -> Iterator[Server]:
    with serving(
        tmp_path_factory.mktemp("server"), program=PROGRAM, CDS_CARDS=str(cards)
    ) as started:
        yield started


@pytest.fixture(scope="module")
def run(cards: Path) -> Iterator[Callable[..., str]]:
    """Run a command, in one process with the others; it must succeed. Gives what it prints."""
    with subprocess.Popen(
        [sys.executable, "-m", PROGRAM, "commands"],
        env={**os.environ, "CDS_CARDS": str(cards)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def run_command(*arguments: str) -> str:
            print(json.dumps(arguments), file=process.stdin, flush=True)
            exit_code, printed = json.loads(process.stdout.readline())
            assert exit_code == 0, printed
            return str(printed)

        yield run_command


@pytest.fixture(scope="module")
def example(run: Callable[..., str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("example", HOOK))
    return found


def call(server: Server, body: dict[str, Any]) -> requests.Response:
    return requests.post(
        f"{server.base}/cds-services/b12-folate-{HOOK}", json=body, timeout=PATIENCE
    )


def test_discovery_lists_its_service_with_the_data_that_its_cards_read(server):
    services = requests.get(f"{server.base}/cds-services", timeout=PATIENCE).json()["services"]
    (found,) = (service for service in services if service["hook"] == HOOK)
    assert (found["id"], found["title"], found["hookVersion"]) == (
        f"b12-folate-{HOOK}",
        BOOKING.title,
        "1.0",
    )
    assert {"patient", "b12-results"} <= set(found["prefetch"])
    assert "at least one laboratory query" in found["usageRequirements"]


def test_a_call_is_answered_with_its_card(server, example):
    assert example["context"]["appointments"] == APPOINTMENTS
    answer = call(server, example)
    assert (answer.status_code, [card["summary"] for card in answer.json()["cards"]]) == (
        200,
        ["Vitamin B12 is low; treat before the appointment"],
    )


@pytest.mark.parametrize(
    ("changed", "element"),
    [
        ({"appointments": None}, "context.appointments"),
        ({"patientId": "Patient/1"}, "context.patientId"),
        ({"userId": ""}, "context.userId"),
    ],
)
def test_a_wrong_context_is_refused_by_the_name_of_the_element(server, example, changed, element):
    answer = call(server, {**example, "context": {**example["context"], **changed}})
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["expression"] == [element]


def test_a_context_without_a_required_element_is_refused_by_its_name(server, example):
    context = {name: value for name, value in example["context"].items() if name != "appointments"}
    answer = call(server, {**example, "context": context})
    assert (answer.status_code, answer.json()["issue"][0]["expression"]) == (
        400,
        ["context.appointments"],
    )


def test_a_call_without_any_results_is_not_answered(server, example):
    assert (
        call(
            server, {**example, "prefetch": {"patient": example["prefetch"]["patient"]}}
        ).status_code
        == 412
    )


def test_feedback_on_it_is_taken(server, example):
    (card,) = call(server, example).json()["cards"]
    feedback = {
        "feedback": [
            {
                "card": card["uuid"],
                "outcome": "overridden",
                "outcomeTimestamp": "2026-11-25T09:00:00Z",
            }
        ]
    }
    address = f"{server.base}/cds-services/b12-folate-{HOOK}/feedback"
    assert requests.post(address, json=feedback, timeout=PATIENCE).status_code == 200


def test_openapi_describes_its_call(server):
    document = requests.get(f"{server.base}/openapi.json", timeout=PATIENCE).json()
    assert not list(OpenAPIV31SpecValidator(document).iter_errors())
    body = document["paths"][f"/cds-services/b12-folate-{HOOK}"]["post"]["requestBody"]["content"][
        "application/json"
    ]["schema"]
    assert body == {"$ref": "#/components/schemas/AppointmentBookRequest"}
    context = document["components"]["schemas"]["AppointmentBookContext"]
    assert set(context["required"]) == {"userId", "patientId", "appointments"}


def test_its_card_as_a_plan_definition_names_it_and_is_applied(server, run):
    plan = requests.get(f"{server.base}/fhir/PlanDefinition/{CARD}", timeout=PATIENCE).json()
    assert f"Hooks: {HOOK}." in plan["description"]
    parameters = json.loads(run("example", HOOK, "--apply"))
    applied = requests.post(
        f"{server.base}/fhir/PlanDefinition/{CARD}/$apply", json=parameters, timeout=PATIENCE
    )
    assert applied.status_code == 200
    assert "treat before the appointment" in applied.text


def test_explain_tells_how_its_card_was_decided(run, example, tmp_path):
    (tmp_path / "request.json").write_text(json.dumps(example), "utf-8")
    told = run("explain", str(tmp_path / "request.json"))
    assert told.startswith(f"{HOOK} on ")
    assert f"{CARD}: fires" in told


def test_check_finds_no_mistake_and_the_cards_tests_pass(run, cards):
    assert "0 errors" in run("check", "--local", str(cards))
    assert run("test", CARD) == "6 passed, 0 failed\n"  # two tests in three parameter sets


def test_editors_complete_its_name(run):
    assert HOOK in json.loads(run("schema"))["properties"]["hooks"]["items"]["enum"]


def test_a_card_on_it_can_be_begun(run, tmp_path):
    run("new", "another-card", "--in", str(tmp_path / "own"), "--owner", "us", "--hook", HOOK)
    assert f"hooks: [{HOOK}]" in (tmp_path / "own/own/another-card.yaml").read_text("utf-8")


def test_what_the_table_says_of_a_context_its_model_has():
    assert set(CONTEXTS) == set(HOOKS)
    for name, hook in HOOKS.items():
        elements = set(CONTEXTS[name].__struct_fields__)
        assert ("draftOrders" in elements, "selections" in elements) == (
            hook.has_drafts,
            hook.has_selections,
        ), name
