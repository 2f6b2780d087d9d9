"""The audiences of the documents and their reading order, from the table of documents in README.md,
the only place that states them."""

from __future__ import annotations

import re
from typing import NamedTuple

_TABLE = re.compile(r"^## Documents\n+\|.*\n\|[ |-]+\|\n((?:\|.*\n?)+)", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)([^\[]*)")


class Reading(NamedTuple):
    """A document in an audience's list: README's label, the target of the link, and the description
    in Markdown."""

    label: str
    href: str
    about: str


class Audience(NamedTuple):
    """An audience, with its documents in reading order."""

    name: str
    readings: tuple[Reading, ...]

    @property
    def id(self) -> str:
        """The anchor of the audience on the start page."""
        return f"for-{re.sub(r'[^a-z]+', '-', self.name.lower())}"


def audiences(readme: str) -> list[Audience]:
    """Return the audiences of a README, from the table under its heading "Documents"; empty if it
    has no such table."""
    found = _TABLE.search(readme)
    rows = (
        [line.strip().strip("|").split(" | ", 1) for line in found[1].splitlines()] if found else []
    )
    return [Audience(_capital(name.strip()), tuple(_readings(cell))) for name, cell in rows]


def introduction(readme: str) -> str:
    """Return the part of a README above its first section."""
    return re.split(r"^## ", readme, maxsplit=1, flags=re.MULTILINE)[0]


def _readings(cell: str) -> list[Reading]:
    return [
        Reading(_capital(label), href, about.strip(" ,;:."))
        for label, href, about in _LINK.findall(cell)
    ]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
