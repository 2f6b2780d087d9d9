"""The rules of the structure (cds_service/ARCHITECTURE.md), checked on the code itself."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "cds_service"
MODULES = sorted(PACKAGE.rglob("*.py"))
TREES = {path: ast.parse(path.read_text("utf-8")) for path in MODULES}
NO_IO = {"flask", "werkzeug", "requests", "socket", "urllib", "http", "sqlite3", "sqlalchemy", "subprocess", "os", "granian", "io"}
MAY_USE = {
    "fhir": {"fhir"},
    "facts": {"facts", "fhir"},
    "rules": {"rules"},
    "rendering": {"rendering", "facts", "fhir", "rules"},
}


def of(part):
    return [path for path in MODULES if path.parent.name == part]


def imported(path):
    """The top-level names of absolute imports, and the parts of the package that relative ones reach."""
    outside, inside = set(), set()
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Import):
            outside |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.level == 0:
                outside.add((node.module or "").split(".")[0])
            elif node.level == 1:
                inside.add(path.parent.name)
            else:
                inside |= {(node.module or alias.name).split(".")[0] for alias in node.names}
    return outside, inside


def calls(path):
    return {ast.unparse(node.func) for node in ast.walk(TREES[path]) if isinstance(node, ast.Call)}


@pytest.mark.parametrize("part", MAY_USE)
def test_parts_use_only_what_lies_below_them(part):
    for path in of(part):
        assert imported(path)[1] <= MAY_USE[part], path


@pytest.mark.parametrize("part", ["facts", "fhir", "rules", "rendering"])
def test_the_core_does_no_input_or_output(part):
    for path in of(part):
        assert not imported(path)[0] & NO_IO, path
        assert not calls(path) & {"open", "print", "input"}, path


@pytest.mark.parametrize("part", ["facts", "fhir", "rules", "rendering"])
def test_the_core_takes_the_clock_as_an_argument(part):
    for path in of(part):
        found = calls(path)
        assert not {call for call in found if call.endswith((".now", ".today", ".utcnow")) or call.startswith("time.")}, path


def test_only_hooks_know_http():
    for path in MODULES:
        if path.parent.name != "hooks" and path.name != "app.py":
            assert not imported(path)[0] & {"flask", "werkzeug"}, path


def test_there_is_one_decide():
    found = [path for path in MODULES for node in ast.walk(TREES[path]) if isinstance(node, ast.FunctionDef) and node.name == "decide"]
    assert [path.name for path in found] == ["decision.py"]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_and_functions_stay_small_and_documented(path):
    tree = TREES[path]
    assert len(path.read_text("utf-8").splitlines()) <= 400
    if tree.body:
        assert ast.get_docstring(tree) or path.name == "__init__.py"
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno - node.lineno < 45, f"{path.name}:{node.lineno} {node.name}"
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{path.name}:{node.lineno} {node.name}"
