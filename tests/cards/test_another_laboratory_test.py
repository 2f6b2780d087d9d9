"""A laboratory test with a fact and a card is added by seven files: everything else derives from them.

They are written into a copy of the project, where the tests that want something of every laboratory test and card pass too.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.another_laboratory_test import CODES, EXAMPLE, Copy
from tests.support.once import folder_of_the_run, made_once

# What the service answers to each body on standard input, and what it offers; then what the sandbox prints.
ANSWERS = """
import json, sys
from datetime import UTC, datetime
from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.engine import Engine
from cds_service.sandbox.links import Addresses, sandbox_text

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
client = create_app(clock=lambda: NOW).test_client()
post = lambda body: client.post("/cds-services/b12-folate-patient-view", json=body).get_json()
print(json.dumps({
    "calls": [post(body) for body in json.load(sys.stdin)],
    "discovery": client.get("/cds-services").get_json(),
    "sandbox": sandbox_text(Engine(Settings()), Addresses("http://s", "http://f"), NOW),
}))
"""
# Those of the project's tests that take every laboratory test, card or parameter; they run as they are.
OF_EVERYTHING = (
    "tests/fhir_profiles/test_invariants.py",
    "tests/fhir_profiles/test_profiles_and_reader.py",
    "tests/fhir_profiles/test_topics.py",
    "tests/docs/test_fhir_profiles_page.py",
    "tests/facts/test_parameter_limits.py",
    "tests/spec/test_calling_a_service.py",
    "tests/spec/test_cards.py",
    "tests/sandbox/test_records.py",
    "tests/cards/test_card_file_tests.py",
)


def request(**quantity: Any) -> dict[str, Any]:
    """The chart is opened of a patient with the example, its value changed by ``quantity``."""
    result = {
        **EXAMPLE,
        "subject": {"reference": "Patient/p1"},
        "valueQuantity": {**EXAMPLE["valueQuantity"], **quantity},
    }
    found = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": result}]}
    return {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/doc", "patientId": "p1"},
        "prefetch": {
            "patient": {"resourceType": "Patient", "id": "p1", "birthDate": "1957-03-02"},
            "b12-results": found,
        },
    }


@pytest.fixture(scope="module")
def copy() -> Copy:
    """The copy, after the commands that make anew what the service and the tests read."""

    def make() -> Copy:
        made = Copy(folder_of_the_run("another laboratory test"))
        made.service("export", "--profiles")
        (made.folder / "fhir_profiles/code-systems/card-topic.json").write_text(
            made.service("topics"), "utf-8"
        )
        return made

    found: Copy = made_once("copy with another laboratory test", make)
    return found


@pytest.fixture(scope="module")
def answers(copy: Copy) -> dict[str, Any]:
    """Of a value above the limit, of one at it, and of one in moles under the code for mass."""
    (copy.folder / "answers.py").write_text(ANSWERS, "utf-8")
    bodies = [request(), request(value=40), request(value=90, unit="nmol/L", code="nmol/L")]
    found: dict[str, Any] = json.loads(copy.run("answers", given=json.dumps(bodies)))
    return found


def test_its_card_fires_above_its_limit_and_nowhere_else(answers: dict[str, Any]) -> None:
    shown = [[card["summary"] for card in answer["cards"]] for answer in answers["calls"]]
    assert shown == [["Examplase is 45 ug/L (20 Nov 2026), above 40 ug/L (80 nmol/L)"], [], []]


def test_discovery_asks_for_its_codes(answers: dict[str, Any]) -> None:
    (opening,) = (
        item for item in answers["discovery"]["services"] if item["hook"] == "patient-view"
    )
    asked = opening["prefetch"]["b12-results"].partition("&code=")[2].partition("&")[0].split(",")
    assert {f"http://loinc.org|{code}" for code in CODES} <= set(asked)


def test_the_sandbox_has_a_patient_for_its_card(answers: dict[str, Any]) -> None:
    assert "High examplase." in answers["sandbox"]
    assert (
        "Expect:  Examplase is 45 ug/L (17 Nov 2026), above 40 ug/L (80 nmol/L)"
        in answers["sandbox"]
    )


def test_resources_are_held_against_the_profile_that_is_made_of_it(copy: Copy) -> None:
    (copy.folder / "result.json").write_text(
        json.dumps({key: value for key, value in EXAMPLE.items() if key != "meta"}), "utf-8"
    )
    assert "checked against base FHIR R4 and examplase-result" in copy.service(
        "validate", "--by-code", "result.json"
    )


def test_check_finds_no_mistake_and_its_cards_tests_kill_every_mutant(copy: Copy) -> None:
    assert "0 errors" in copy.service("check")
    told = copy.service("test", "--mutate", "examplase-high")
    assert "9 passed, 0 failed" in told
    assert " 0 survived" in told


def test_the_projects_tests_of_everything_pass(copy: Copy) -> None:
    told = copy.run(
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "examplase or every or test_records",
        *OF_EVERYTHING,
    )
    assert " passed" in told
