"""The sources that cards and parameters rest on: ``evidence.yaml`` of each folder."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from collections.abc import Mapping as AnyMapping
from contextlib import suppress
from datetime import date
from typing import NamedTuple

from .shared_files import EVIDENCE_FILE, Folder, read_file
from .yaml_reader import Reader, meant
from .yaml_source import AuthoringError, Mapping, Mistakes, Place

STRENGTHS = ("guideline", "label", "trial", "cohort", "review", "expert", "local")
_KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_KEY_LINE = re.compile(r"^([a-z0-9]+(?:-[a-z0-9]+)*):", re.MULTILINE)
_URL = re.compile(r"https?://[!-~]+\Z")
CURRENT, SUPERSEDED = STATUSES = ("current", "superseded")
_EVIDENCE_KEYS = ("title", "url", "date", "strength", "supports", "disagrees", "status", "superseded_by", "checked_on", "review")


class EvidenceEntry(NamedTuple):
    """An entry of the evidence file. ``url`` is ``""`` where no page can be opened.

    ``superseded_by``: the key of what took its place, ``""`` while it is current; ``checked_on``: when somebody last looked
    whether it is. Clinical specification, section 9.
    """

    key: str
    title: str
    url: str
    checked_on: date | None
    date: date
    strength: str
    supports: str
    disagrees: str
    status: str
    superseded_by: str
    review_needed: bool
    place: Place

    @property
    def label(self) -> str:
        """Its title; of what is superseded, with that."""
        return f"{self.title} (superseded)" if self.status == SUPERSEDED else self.title


def load_evidence(folders: Sequence[Folder]) -> dict[str, EvidenceEntry]:
    """The ``evidence.yaml`` of each folder by key; a local one adds entries and changes none. Raises :class:`AuthoringError`."""
    mistakes = Mistakes()
    found = read_evidence(folders, mistakes)
    mistakes.tell()
    return found


def read_evidence(folders: Sequence[Folder], mistakes: Mistakes, mistaken: set[str] | None = None) -> dict[str, EvidenceEntry]:
    """The evidence without the entries that are mistaken, whose keys are added to ``mistaken``; of a file that cannot be read, what
    look like keys."""
    found: dict[str, EvidenceEntry] = {}
    for folder in folders:
        path = folder.root / EVIDENCE_FILE
        if folder.owner and not path.exists():
            continue
        with mistakes.noting():
            try:
                content = read_file(path, folder)
            except AuthoringError:
                if mistaken is not None and path.is_file():
                    with suppress(OSError):
                        mistaken |= set(_KEY_LINE.findall(path.read_text("utf-8", errors="replace")))
                raise
            for key in content:
                try:
                    if key in found:
                        raise AuthoringError(content.at(key), f"the evidence {key!r} stands in another folder.", "Give yours another key.")
                    found[key] = _evidence_entry(content, key)
                except AuthoringError as error:
                    mistakes.note(error)
                    if mistaken is not None:
                        mistaken.add(key)
    _check_successors(found, mistaken or (), mistakes)
    return found


def _check_successors(found: AnyMapping[str, EvidenceEntry], mistaken: Collection[str], mistakes: Mistakes) -> None:
    """Note what is superseded by no source that there is, or at the end by itself."""
    for entry in found.values():
        seen, at = [entry.key], entry
        while at.superseded_by in found and at.superseded_by not in seen:
            at = found[at.superseded_by]
            seen.append(at.key)
        if at.superseded_by in seen:
            told = f"the evidence {entry.key!r} is superseded by itself: {', '.join([*seen, at.superseded_by])}."
            mistakes.note(AuthoringError(entry.place, told, "One of them is current."))
        elif at is entry and entry.superseded_by and entry.superseded_by not in mistaken:
            told = f"there is no evidence {entry.superseded_by!r}."
            mistakes.note(AuthoringError(entry.place, told, meant(entry.superseded_by, found)))


def _evidence_entry(content: Mapping, key: str) -> EvidenceEntry:
    if not _KEY.match(key):
        raise AuthoringError(content.at(key), f"{key!r} is not a key of evidence.", "Use lower-case words joined by '-'.")
    mistakes = Mistakes()
    reader = Reader(mistakes)
    entry = reader.mapping(content[key], content.at(key), _EVIDENCE_KEYS, ("title", "date", "strength", "supports"))
    parts = reader.parts(
        title=lambda: reader.text(entry, "title"),
        url=lambda: _url(reader, entry) if "url" in entry else "",
        date=lambda: reader.day(entry, "date"),
        strength=lambda: reader.one_of(entry, "strength", STRENGTHS),
        supports=lambda: reader.text(entry, "supports"),
        disagrees=lambda: reader.text(entry, "disagrees") if "disagrees" in entry else "",
        status=lambda: reader.one_of(entry, "status", STATUSES) if "status" in entry else CURRENT,
        superseded_by=lambda: _successor(reader, entry),
        checked_on=lambda: reader.day(entry, "checked_on") if "checked_on" in entry else None,
        review_needed=lambda: "review" in entry and reader.one_of(entry, "review", ("needed",)) == "needed",
    )
    mistakes.tell()
    return EvidenceEntry(key, place=content.at(key), **parts)


def _successor(reader: Reader, entry: Mapping) -> str:
    if entry.get("status") == SUPERSEDED and "superseded_by" not in entry:
        raise AuthoringError(entry.at("status"), "what took its place is missing.", "Write superseded_by: the key of another source.")
    if "superseded_by" not in entry:
        return ""
    if entry.get("status") != SUPERSEDED:
        raise AuthoringError(entry.at("superseded_by"), "only a superseded source has 'superseded_by'.", "Write status: superseded.")
    return reader.text(entry, "superseded_by")


def _url(reader: Reader, entry: Mapping) -> str:
    url = reader.text(entry, "url")
    if not _URL.match(url):
        raise AuthoringError(entry.at("url"), f"{url!r} is not the address of a page.", "Write it as https://www.example.org/page.")
    return url
