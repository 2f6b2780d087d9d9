"""The page on attacks names tests that exist, for every attack, and every test on hostile clients and text is on it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/security.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ")
][2:]
ATTACKS = [row for row in ROWS if not row[0].startswith("**")]
NAMED = set(re.findall(r"`(tests/\w+/\w+\.py)::(test_\w+)`", PAGE))


def _tests(file):
    return {
        node.name
        for node in ast.parse((ROOT / file).read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }


@pytest.mark.parametrize(
    ("attack", "answer", "tests"), ATTACKS, ids=[row[0][:50] for row in ATTACKS]
)
def test_every_attack_has_an_answer_and_tests_that_exist(attack, answer, tests):
    assert answer
    named = re.findall(r"`(tests/\w+/\w+\.py)::(test_\w+)`", tests)
    assert named
    assert tests == ", ".join(f"`{file}::{test}`" for file, test in named)
    assert all(test in _tests(file) for file, test in named)


def test_every_attack_of_hostile_clients_is_on_the_page():
    controls = {
        "test_a_body_in_parts_is_read_whole",
        "test_a_request_after_a_whole_one_is_another_one",
    }
    file = "tests/server/test_hostile_clients.py"
    assert {name for name in _tests(file) if name.startswith("test_")} - controls == {
        test for of, test in NAMED if of == file
    }


def test_limits_are_those_of_the_code():
    from cds_service.hooks import connections, fhir_search, in_flight, limits, rsgi, turn

    assert (rsgi.BODY_SECONDS, connections.MOST_OF_ONE) == (30, 512)
    assert "408 after 30 s" in PAGE
    assert (in_flight.SMALL_BYTES, in_flight.MOST_BYTES, in_flight.MOST_BYTES_OF_ONE) == (
        64_000,
        64_000_000,
        32_000_000,
    )
    assert "64 MB in a worker, 32 MB of one client" in PAGE
    assert (fhir_search.MOST_PARAMETERS, fhir_search.MOST_VALUES, fhir_search.MOST_BYTES) == (
        50,
        100,
        20_000,
    )
    assert "50 parameters, 100 values each, 20 kB" in PAGE
    assert (limits.OPEN_CALLS_PER_SECOND, limits.BURST_SECONDS, turn.SMALL_BYTES) == (
        20,
        10,
        256_000,
    )


def test_of_the_threads_that_answer_some_never_wait():
    from cds_service.fhir_server import client
    from cds_service.hooks import rsgi
    from cds_service.store import writer
    from cds_service.trust import key_sources
    from cds_service.workbench.smart import blueprint

    assert client.MOST_WAITING + writer.MOST_SENDING < rsgi.THREADS
    assert key_sources.MOST_WAITING + blueprint.MOST_LAUNCHES < rsgi.HEAD_THREADS
    assert (
        client.MOST_WAITING_FOR_ONE,
        client.MOST_WAITING,
        key_sources.MOST_WAITING,
        writer.MOST_SENDING,
    ) == (16, 32, 16, 16)
    assert "at most sixteen wait for a server in a worker and 32 for all" in PAGE
