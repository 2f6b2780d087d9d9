"""A finding of ``check``, and the list of all kinds of findings."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from ...authored_yaml.source import AuthoringError, Place

# Every code and its meaning; docs/check.md lists them.
CODES = {
    "unreadable": "The file has a mistake in its form, so the service would not start.",
    "failing-test": "A test inside the card file fails.",
    "never-fires": "The criteria of a card contradict each other, so it never fires.",
    "never-decides": (
        "A criterion always holds, or never does, where those before it do, so it changes nothing."
    ),
    "never-shown": "A text or suggestion has a `when` that never holds where the card fires.",
    "no-such-order": (
        "A test states an order that does not exist, so it tests a case that never happens."
    ),
    "one-sided-criterion": (
        "The tests inside the card file do not show this criterion decide both ways."
    ),
    "no-test": "The card has no test in which it fires, or none in which it stays silent.",
    "long-summary": "The summary may reach 140 characters, at which it is cut off.",
    "far-from-built-in": (
        "A local limit is at least ten times the built-in one, or at most a tenth of it."
    ),
    "same-criteria": "Two cards have the same criteria.",
    "same-title": "Two cards have the same title, which clients show as their topic.",
    "same-rank": (
        "Two cards on one hook have the same rank, so chance decides which of them comes first."
    ),
    "fire-together": "Two cards of one topic folder fire for the same patient.",
    "unused-evidence": "No card and no parameter cites this source.",
    "source-superseded": (
        "The first source of a card is superseded, so the card rests on outdated evidence."
    ),
    "source-unchecked": (
        "Nobody has checked within a year whether the first source of a card is still current."
    ),
    "evidence-unverified": "Nobody has yet compared this entry with the full text of the source.",
    "review-overdue": "The day by which the card was to be reviewed has passed.",
    "not-signed": "The site keeps sign-offs, and nobody has approved the card as it now is.",
    "doubtful-day": (
        "A source is dated or was checked after today, or a card's review lies more than ten years "
        "ahead."
    ),
    "code-unverified": (
        "No source confirms that a code means what its value set or order says; or an order lacks "
        "a code."
    ),
    "placeholder": "A text still says TODO, as in a new card that its author has not finished.",
    "overrides": "A local folder overrides something of another folder.",
}
_PLACEHOLDER = re.compile(r"\btodo\b", re.IGNORECASE)
SEVERITIES = ("error", "warning", "info")


class Finding(NamedTuple):
    """A finding. ``code``: one of :data:`CODES`; ``severity``: error (the service would not start,
    or would answer wrongly), warning, or info."""

    code: str
    severity: str
    place: Place
    what: str
    mend: str

    @classmethod
    def of(cls, error: AuthoringError) -> Finding:
        """Return the finding for a mistake in a file."""
        return cls("unreadable", "error", error.place, error.what, error.mend)

    def lies_in(self, folders: Collection[Path]) -> bool:
        """Whether its file is in one of ``folders``."""
        file = Path(self.place.file).resolve()
        return any(file.is_relative_to(folder.resolve()) for folder in folders)

    def __str__(self) -> str:
        return (
            f"{self.place}: {self.severity} [{self.code}] "
            f"{self.what}{' ' + self.mend if self.mend else ''}"
        )


def is_placeholder(text: str) -> bool:
    """Whether the author has yet to replace ``text``."""
    return bool(_PLACEHOLDER.search(text))


def still_to_do(what: str, text: str, place: Place) -> Finding:
    """Return the finding for a placeholder. ``what``: the card or source that has it."""
    shown = text if len(text) <= 60 else f"{text[:59].rstrip()}…"
    return Finding(
        "placeholder",
        "warning",
        place,
        f"{what}: {shown!r} still has to be written.",
        "Write it, without the word TODO.",
    )
