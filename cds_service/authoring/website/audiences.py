"""Who reads which documents, and in what order: as the table of documents in README.md has it,
and nowhere else."""

from __future__ import annotations

import re
from typing import NamedTuple

_TABLE = re.compile(r"^## Documents\n+\|.*\n\|[ |-]+\|\n((?:\|.*\n?)+)", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)([^\[]*)")


class Reading(NamedTuple):
    """A document that an audience reads: what README calls it, where its link leads, and what is
    said of it, in Markdown."""

    label: str
    href: str
    about: str


class Audience(NamedTuple):
    """Those for whom documents are, with these in the order in which they need them."""

    name: str
    readings: tuple[Reading, ...]

    @property
    def id(self) -> str:
        """Its anchor on the start page."""
        return f"for-{re.sub(r'[^a-z]+', '-', self.name.lower())}"


def audiences(readme: str) -> list[Audience]:
    """The audiences of a README, from the table under its heading "Documents"; none where it
    has no such table."""
    found = _TABLE.search(readme)
    rows = (
        [line.strip().strip("|").split(" | ", 1) for line in found[1].splitlines()] if found else []
    )
    return [Audience(_capital(name.strip()), tuple(_readings(cell))) for name, cell in rows]


def introduction(readme: str) -> str:
    """What stands above the first section of a README."""
    return re.split(r"^## ", readme, maxsplit=1, flags=re.MULTILINE)[0]


def _readings(cell: str) -> list[Reading]:
    return [
        Reading(_capital(label), href, about.strip(" ,;:."))
        for label, href, about in _LINK.findall(cell)
    ]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
