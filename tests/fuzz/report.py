"""What the fuzzer found, each kind once, with the bytes that show it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import NamedTuple


class Finding(NamedTuple):
    """A fault. ``signature``: what makes it the same as another one. ``body``: the bytes that show it."""

    family: str
    signature: str
    body: bytes = b""


class Report:
    """Counts bodies by family and keeps the smallest body of each kind of fault."""

    def __init__(self) -> None:
        self.bodies: Counter[str] = Counter()
        self.found: dict[tuple[str, str], Finding] = {}
        self.times: Counter[tuple[str, str]] = Counter()
        self.statuses: Counter[str] = Counter()
        self.notes: dict[str, str] = {}

    def count(self, family: str, status: int = 0, bodies: int = 1) -> None:
        """Note that a body was tried, and with which status it was answered."""
        self.bodies[family] += bodies
        if status:
            self.statuses[f"{family} {status}"] += 1

    def add(self, finding: Finding) -> None:
        """Note a fault."""
        key = finding.family, finding.signature
        self.times[key] += 1
        if key not in self.found or len(finding.body) < len(self.found[key].body):
            self.found[key] = finding

    def measured(self, what: str, figure: str) -> None:
        """Note a figure."""
        self.notes[what] = figure

    def text(self) -> str:
        """The report."""
        lines = [
            f"{sum(self.bodies.values())} bodies: {', '.join(f'{family} {count}' for family, count in self.bodies.items())}"
        ]
        lines += [
            f"  answers: {', '.join(f'{what}: {count}' for what, count in sorted(self.statuses.items()))}"
        ]
        lines += [f"  {what}: {figure}" for what, figure in self.notes.items()]
        lines += [f"{len(self.found)} kinds of fault" + (":" if self.found else ".")]
        lines += [
            f"  {family}: {signature} ({self.times[family, signature]} times)"
            for family, signature in self.found
        ]
        return "\n".join(lines)

    def save(self, folder: Path) -> None:
        """Write the report, and the body of each fault into a file of its own."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.txt").write_text(self.text() + "\n")
        index = {}
        for number, finding in enumerate(self.found.values(), 1):
            name = f"fault-{number:03}.body"
            (folder / name).write_bytes(finding.body[:20_000_000])
            index[name] = f"{finding.family}: {finding.signature}"
        (folder / "faults.json").write_text(json.dumps(index, indent=1))
