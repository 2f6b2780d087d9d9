"""The page on the FHIR hand-over: what it asks for is answered as it says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from fhir.resources.R4B.parameters import Parameters

from cds_service.cli import main
from cds_service.export.plan_definition import PRIORITIES
from cds_service.hooks.apply_body import NAMES
from cds_service.hooks.fhir_search import MOST_COUNT, PARAMETERS, USUAL_COUNT
from tests.support.clinic import client

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "fhir-hand-over.md").read_text("utf-8")
BODY, NOTE = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))


def applied(body: dict[str, Any]) -> dict[str, Any]:
    response = client().post("/fhir/PlanDefinition/folic-acid-b12-deficient/$apply", json=body)
    assert response.status_code == 200, response.get_json()
    plan: dict[str, Any] = response.get_json()
    return plan


def test_the_body_on_the_page_gets_the_card():
    Parameters.model_validate(BODY)
    group = applied(BODY)["contained"][0]
    assert group["action"][0]["title"] == "B12 deficiency is known: do not give folic acid alone"


def test_without_the_result_it_gets_the_note_on_the_page():
    without = [item for item in BODY["parameter"] if "b12-results" not in json.dumps(item)]
    plan = applied({**BODY, "parameter": without})
    assert "activity" not in plan
    assert plan["note"] == [NOTE]


def test_the_example_that_the_page_prints_gets_a_card():
    printed = CliRunner().invoke(main, ["example", "--apply"])
    assert printed.exit_code == 0
    body = json.loads(printed.output)
    Parameters.model_validate(body)
    assert {item["name"] for item in body["parameter"]} == {
        "subject",
        "encounter",
        "prefetchData",
        "draftOrders",
        "selections",
    }
    assert applied(body)["title"] == "Folic acid in B12 deficiency"


def test_the_searches_on_the_page_find_something():
    for path in re.findall(r"curl '?http://127\.0\.0\.1:8080(/fhir/[^' \n]+)", PAGE):
        response = client().get(path)
        assert response.status_code == 200, path
        assert response.get_json().get("total", 1) > 0


def test_tables_and_limits_are_those_of_the_code():
    assert re.findall(r"^ +\| (critical|warning|info) \| (\w+) \|", PAGE, re.MULTILINE) == list(
        PRIORITIES.items()
    )
    assert all(f"`{name}`" in PAGE for name in (*NAMES, *PARAMETERS))
    assert f"`_count` ({USUAL_COUNT}, at most {MOST_COUNT})" in PAGE


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", PAGE):
        assert "://" in target or (DOCS / target).exists(), target


def test_the_clauses_name_tests_that_exist():
    named = re.findall(r"`(test_\w+)::(test_\w+)`", PAGE)
    assert len(named) > 10
    for file, test in named:
        assert f"\ndef {test}(" in (DOCS.parent / f"tests/hooks/{file}.py").read_text("utf-8"), test
