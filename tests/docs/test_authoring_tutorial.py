"""The tutorial leads somebody who follows it literally from nothing to a card that is live."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from cds_service.cli import main
from tests.support.pages import agrees, blocks, changed, shown
from tests.support.serving import Server, serving
from tests.support.waiting import PATIENCE, eventually

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/authoring.md").read_text("utf-8")
SERVICE = "python -m cds_service "
# They keep the cards that they read for as long as the process lives.
APART = (f"{SERVICE}diff", f"{SERVICE}doc")


class Newcomer:
    """Somebody who does what the page says in the present folder; what differs for everybody is put in place of what is shown.

    ``elsewhere``: a folder for what the first terminal says.
    """

    def __init__(self, elsewhere: Path, monkeypatch, stack: ExitStack):
        self.elsewhere, self.monkeypatch, self.stack = elsewhere, monkeypatch, stack
        self.server: Server | None = None

    def follow(self, block) -> None:
        """Do what a block says."""
        if block.language == "console":
            for command, output in shown(block.text):
                self.expect(command, output)
        elif block.language == "text":
            eventually(lambda: block.text in self.server.log.read_text("utf-8"))
        else:
            self.edit(block)

    def expect(self, command: str, output: str) -> None:
        """That a command prints what is shown; the service may take a moment until it serves changed cards."""
        deadline = time.monotonic() + (PATIENCE if command.startswith("curl") else 0)
        while not agrees(output, printed := self.run(command)):
            assert time.monotonic() < deadline, (
                f"$ {command}\n{printed}\n--- but the page has\n{output}"
            )

    def edit(self, block) -> None:
        """Write a file, write on below what it has, or change it."""
        file = Path(block.title)
        before = file.read_text("utf-8") if file.exists() else ""
        if block.language == "diff":
            file.write_text(changed(before, block.text), "utf-8")
        else:
            next_year = (date.today() + timedelta(days=365)).isoformat()
            text = re.sub(r"(?<=review_by: )\S+", next_year, block.text)
            text = re.sub(r"(?<=checked_on: )\S+", date.today().isoformat(), text)
            file.write_text(before + text if block.info.endswith(" below") else text, "utf-8")

    def run(self, command: str) -> str:
        """What a command prints, with the port that the page has."""
        if command == f"{SERVICE}serve":
            self.server = self.stack.enter_context(serving(self.elsewhere, PYTHONPATH=str(ROOT)))
            return self.as_shown(self.server.log.read_text("utf-8"))
        if command.startswith("export "):
            self.monkeypatch.setenv(*command.removeprefix("export ").split("="))
            return ""
        if command.startswith("kill -HUP "):
            os.kill(self.server.process.pid, signal.SIGHUP)
            return ""
        if not command.startswith(SERVICE) or command.startswith(APART):
            return self.in_a_shell(command)
        command, _, file = command.partition(" > ")
        output = CliRunner().invoke(main, command.removeprefix(SERVICE).split()).output
        if not file:
            return output
        Path(file).write_text(output, "utf-8")
        return ""

    def in_a_shell(self, command: str) -> str:
        here = (
            command.replace("http://127.0.0.1:8080", self.server.base) if self.server else command
        )
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        done = subprocess.run(
            here,
            shell=True,
            env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return self.as_shown(done.stdout)

    def as_shown(self, printed: str) -> str:
        return (
            printed.replace(self.server.base, "http://127.0.0.1:8080") if self.server else printed
        )


def test_who_follows_the_page_gets_what_it_shows(tmp_path, tmp_path_factory, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CDS_CARDS", raising=False)
    with ExitStack() as stack:
        newcomer = Newcomer(tmp_path_factory.mktemp("terminal"), monkeypatch, stack)
        for block in blocks(PAGE):
            newcomer.follow(block)
    assert "lets the card through" in Path("decision.html").read_text("utf-8")
    assert "Tests after nitrous oxide" in Path("pages/cards/nitrous-oxide-tests.html").read_text(
        "utf-8"
    )


@pytest.mark.parametrize(
    ("shown_output", "printed", "same"),
    [
        ("on …, default\n", "on 2026-11-23, default\n", True),
        ("on …, default\n", "on 2026-11-23,\nby default\n", False),
        ("first\n…\nlast\n", "first\nsecond\nthird\nlast\n", True),
        ("first\n…\n", "first\n", True),
        ("first\n", "first\nsecond\n", False),
        ("", "first\n", False),
        ("1 of 1 (100.0 %)\n", "1 of 1 (10000 %)\n", False),
    ],
)
def test_only_what_the_page_leaves_open_may_differ(shown_output, printed, same):
    assert agrees(shown_output, printed) is same


def test_the_page_uses_every_command_that_an_author_needs():
    used = {
        command.split()[3]
        for block in blocks(PAGE)
        for command, _ in shown(block.text)
        if command.startswith(SERVICE)
    }
    assert used == {
        "new",
        "check",
        "test",
        "coverage",
        "explain",
        "diff",
        "doc",
        "serve",
        "export",
        "validate",
    }


def test_the_steps_are_numbered_and_their_minutes_add_up():
    steps = re.findall(r"^## (\d+)\. .* \((\d+) minutes?\)$", PAGE, re.MULTILINE)
    assert [int(number) for number, _ in steps] == list(range(1, 13))
    total = sum(int(minutes) for _, minutes in steps)
    assert f"{len(steps)} steps, about {total} minutes" in PAGE
    assert total < 30


def test_links_lead_somewhere():
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", PAGE)
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
