"""The page on the sandbox says what the program does."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent

from click.testing import CliRunner

from cds_service.cli import main
from cds_service.hooks.services import service_id
from cds_service.sandbox.links import CRD_REQUEST_GENERATOR, Addresses, sandbox_text
from cds_service.sandbox.patients import HEALTHY, PEOPLE
from cds_service.trust.client_file import load_clients
from tests.sandbox.cds_hooks_sandbox import ORIGIN
from tests.support.clinic import engine

PAGE = (Path(__file__).parents[2] / "docs/sandbox.md").read_text("utf-8")
BLOCKS = [block.partition("\n")[2] for block in PAGE.split("```")[1::2]]
PRINTED = sandbox_text(
    engine(),
    Addresses("http://127.0.0.1:8080", "http://127.0.0.1:8081"),
    datetime(2026, 11, 23, 12, tzinfo=UTC),
)


def test_the_page_shows_a_patient_as_the_start_prints_it() -> None:
    (shown,) = (block for block in BLOCKS if "Margaret Hill" in block)
    assert shown.rstrip("…\n") in PRINTED


def test_the_page_shows_the_command_that_the_start_prints() -> None:
    (shown,) = (block for block in BLOCKS if block.startswith("curl"))
    assert " ".join(shown.replace("harold-finch", "PATIENT").split()) in PRINTED


def test_every_patient_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"/requests/([a-z-]+)", PAGE))
    assert named <= {person.id for person in PEOPLE}
    assert f"{HEALTHY.given} {HEALTHY.family} is healthy" in PAGE
    (stopped,) = (person for person in PEOPLE if person.stops is not None)
    assert f"{stopped.given} {stopped.family}, whose injections are stopped" in PAGE


def test_the_client_that_the_page_registers_is_the_sandbox(tmp_path: Path) -> None:
    (shown,) = (block for block in BLOCKS if block.startswith("clients:"))
    (tmp_path / "clients.yaml").write_text(dedent(shown), "utf-8")
    [client] = load_clients(tmp_path / "clients.yaml")
    assert (client.iss, client.jku) == (ORIGIN, f"{ORIGIN}/.well-known/jwks.json")
    assert "ES384" in client.algorithms


def test_the_page_names_the_services_and_the_options_that_there_are() -> None:
    settings = engine().settings
    for hook in ("order-sign", "order-select"):
        assert f"`{service_id(hook, settings)}`" in PAGE
    assert f"`{CRD_REQUEST_GENERATOR}`" in PAGE
    helped = CliRunner().invoke(main, ["sandbox", "--help"]).output
    assert [option for option in re.findall(r"`(--[a-z-]+)`", PAGE) if option not in helped] == []
