"""The table of conformance: each test that it names exists, each test of the specification is in it, no SHALL is untested."""

import ast
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SECTIONS = yaml.safe_load((ROOT / "docs/conformance.yaml").read_text("utf-8"))
CLAUSES = [clause for section in SECTIONS for clause in section["clauses"]]
NAMED = {test for clause in CLAUSES for test in clause.get("tests", ())}
TESTS = {
    f"{path.stem}::{node.name}"
    for path in (ROOT / "tests/spec").glob("test_*.py")
    for node in ast.parse(path.read_text("utf-8")).body
    if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
}


def test_every_test_that_is_named_exists():
    assert set() == NAMED - TESTS


def test_every_test_of_the_specification_is_in_the_table():
    assert set() == TESTS - NAMED


@pytest.mark.parametrize("clause", CLAUSES, ids=[clause["clause"] for clause in CLAUSES])
def test_what_binds_the_service_has_a_test(clause):
    assert set(clause) <= {"keyword", "binds", "clause", "tests", "note"}
    assert clause["keyword"] in ("SHALL", "SHOULD", "MAY", "text")
    assert clause["binds"] in ("service", "client", "both", "hook author")
    judged_by_people = clause["keyword"] == "SHOULD" and "judgement of people" in clause.get(
        "note", ""
    )
    assert clause.get("tests") or clause["binds"] in ("client", "hook author") or judged_by_people
