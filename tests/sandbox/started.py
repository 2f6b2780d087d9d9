"""``python -m cds_service sandbox`` as a process of its own, and what it prints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.support.serving import held_port, serving

_BLOCK = re.compile(
    r"^  (?P<name>[^,\n]+), \d+ \((?P<id>[\w-]+)\)\. (?P<story>.+)\n(?P<rest>(?:    .+\n)+)",
    re.MULTILINE,
)


class Printed(NamedTuple):
    """What is printed of a patient; empty where it is not."""

    link: str
    choose: str
    expect: str


class Started(NamedTuple):
    """A running sandbox: base URLs of its two servers, and what it printed."""

    service: str
    demo: str
    text: str

    @property
    def fhir(self) -> str:
        """The base URL for FHIR."""
        return f"{self.demo}/fhir"

    @property
    def patients(self) -> dict[str, Printed]:
        """What is printed of each patient, by id."""
        return {block["id"]: _printed(block["rest"]) for block in _BLOCK.finditer(self.text)}


def _printed(rest: str) -> Printed:
    lines = [line.strip() for line in rest.splitlines()]

    def after(mark: str) -> str:
        return next(
            (line.removeprefix(mark).strip() for line in lines if line.startswith(mark)), ""
        )

    return Printed(
        next((line for line in lines if line.startswith("https://")), ""),
        after("Choose:"),
        after("Expect:"),
    )


@contextmanager
def sandbox(folder: Path, *arguments: str, **environment: str) -> Iterator[Started]:
    """A sandbox until the block ends."""
    with (
        held_port() as port,
        serving(
            folder, "--fhir-port", str(port), *arguments, command="sandbox", **environment
        ) as server,
    ):
        yield Started(server.base, f"http://127.0.0.1:{port}", server.log.read_text("utf-8"))
