"""The sources of cards and parameters: ``evidence.yaml`` of each folder."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from collections.abc import Mapping as AnyMapping
from contextlib import suppress
from datetime import date
from typing import Any, NamedTuple

from ..authored_yaml.reader import Reader, meant
from ..authored_yaml.source import AuthoringError, Mapping, Mistakes, Place
from .grammar import TEXT, Key, form, in_code, one_of, read_keys
from .shared_files import EVIDENCE_FILE, Folder, read_file

STRENGTHS = ("guideline", "label", "trial", "cohort", "review", "expert", "local")
_KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_KEY_LINE = re.compile(r"^([a-z0-9]+(?:-[a-z0-9]+)*):", re.MULTILINE)
_URL = re.compile(r"https?://[!-~]+\Z")
CURRENT, SUPERSEDED = STATUSES = ("current", "superseded")


class EvidenceEntry(NamedTuple):
    """An entry of the evidence file. ``url`` is ``""`` if no page can be opened.

    ``superseded_by``: the key of its successor, ``""`` while it is current; ``checked_on``: when
    somebody last checked that it is. Clinical specification, section 9.
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
        """Its title, and whether it is superseded."""
        return f"{self.title} (superseded)" if self.status == SUPERSEDED else self.title


def load_evidence(folders: Sequence[Folder]) -> dict[str, EvidenceEntry]:
    """The ``evidence.yaml`` of each folder by key; a local one adds entries and changes none.
    Raises :class:`AuthoringError`."""
    mistakes = Mistakes()
    found = read_evidence(folders, mistakes)
    mistakes.tell()
    return found


def read_evidence(
    folders: Sequence[Folder], mistakes: Mistakes, mistaken: set[str] | None = None
) -> dict[str, EvidenceEntry]:
    """The evidence without mistaken entries, whose keys are added to ``mistaken``; if a file cannot
    be read, everything in it that looks like a key is added."""
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
                        mistaken |= set(
                            _KEY_LINE.findall(path.read_text("utf-8", errors="replace"))
                        )
                raise
            for key in content:
                try:
                    if key in found:
                        raise AuthoringError(
                            content.at(key),
                            f"the evidence key {key!r} is used in another folder.",
                            "Give yours another key.",
                        )
                    found[key] = _evidence_entry(content, key)
                except AuthoringError as error:
                    mistakes.note(error)
                    if mistaken is not None:
                        mistaken.add(key)
    _check_successors(found, mistaken or (), mistakes)
    return found


def _check_successors(
    found: AnyMapping[str, EvidenceEntry], mistaken: Collection[str], mistakes: Mistakes
) -> None:
    """Note each entry whose successor does not exist, or that ends up superseded by itself."""
    for entry in found.values():
        seen, at = [entry.key], entry
        while at.superseded_by in found and at.superseded_by not in seen:
            at = found[at.superseded_by]
            seen.append(at.key)
        if at.superseded_by in seen:
            told = (
                f"the evidence {entry.key!r} is superseded by itself: "
                f"{', '.join([*seen, at.superseded_by])}."
            )
            mistakes.note(AuthoringError(entry.place, told, "Mark one of them as current."))
        elif at is entry and entry.superseded_by and entry.superseded_by not in mistaken:
            told = f"there is no evidence {entry.superseded_by!r}."
            mistakes.note(AuthoringError(entry.place, told, meant(entry.superseded_by, found)))


def _evidence_entry(content: Mapping, key: str) -> EvidenceEntry:
    if not _KEY.match(key):
        raise AuthoringError(
            content.at(key),
            f"{key!r} is not a key of evidence.",
            "Use lower-case words joined by '-'.",
        )
    mistakes = Mistakes()
    entry, parts = content[key], dict[str, Any]()
    if (
        isinstance(entry, Mapping)
        and entry.get("status") == SUPERSEDED
        and "superseded_by" not in entry
    ):
        mend = "Write superseded_by: the key of another source."
        mistakes.note(
            AuthoringError(entry.at("status"), "a superseded source must name its successor.", mend)
        )
    with mistakes.noting():
        parts = read_keys(Reader(mistakes), entry, content.at(key), EVIDENCE)
    mistakes.tell()
    return EvidenceEntry(
        key, place=content.at(key), review_needed=bool(parts.pop("review")), **parts
    )


def _successor(reader: Reader, entry: Mapping, key: str) -> str:
    if entry.get("status") != SUPERSEDED:
        raise AuthoringError(
            entry.at(key), f"only a superseded source has {key!r}.", "Write status: superseded."
        )
    return reader.text(entry, key)


def _url(reader: Reader, entry: Mapping, key: str) -> str:
    url = reader.text(entry, key)
    if not _URL.match(url):
        raise AuthoringError(
            entry.at(key),
            f"{url!r} is not the address of a page.",
            "Write it as https://www.example.org/page.",
        )
    return url


_DAY = form(Reader.day, None)
EVIDENCE = (
    Key("title", TEXT, "what the source is called", required=True),
    Key(
        "url",
        form(_url),
        "the address of its page; a source without one is named on the card but not linked",
    ),
    Key("date", _DAY, "the day of publication, `2026-10-01`", required=True),
    Key("strength", one_of(lambda known: STRENGTHS), in_code(STRENGTHS), required=True),
    Key("supports", TEXT, "the statements on which cards rest", required=True),
    Key("disagrees", TEXT, "where it and others disagree"),
    Key(
        "status",
        one_of(lambda known: STATUSES, CURRENT),
        "`current` (the default) or `superseded`",
    ),
    Key("superseded_by", form(_successor), "the key of the source that replaced it"),
    Key(
        "checked_on",
        _DAY,
        (
            "the day on which somebody last checked that it is current; `check` requires one "
            "within the last year for the first source of a card"
        ),
    ),
    Key(
        "review",
        one_of(lambda known: ("needed",)),
        "`needed`, until somebody has compared the entry with the full text",
    ),
)
