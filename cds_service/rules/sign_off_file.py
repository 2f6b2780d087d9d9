"""Who approved which version of a card: ``sign-offs.yaml`` of each folder, and copies of card files
as approved.

A folder's file may sign any card that is served with it, so that a site's committee can sign
built-in cards in the site's own folder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

from ..authored_yaml.reader import Reader
from ..authored_yaml.source import AuthoringError, Mapping, Mistakes, Place
from .shared_files import SIGN_OFFS_FILE, SIGNED, Folder, read_file

_KEYS = ("version", "checksum", "who", "role", "day")
_CHECKSUM = re.compile(r"sha256:[0-9a-f]{64}\Z")
# A change to a test does not change what the card says.
_NOT_SIGNED = frozenset({"tests"})


class SignOff(NamedTuple):
    """An approval of ``card``. ``version``: as reports name it; ``checksum``: :func:`checksum_of`
    its file on that ``day``."""

    card: str
    version: str
    checksum: str
    who: str
    role: str
    day: date
    place: Place
    folder: Folder

    @property
    def copy(self) -> str:
        """Where in the folder the copy of the card's file as approved should be."""
        return copy_name(self.card, self.version)


class SignOffs(NamedTuple):
    """All approvals of each card, the oldest first. ``folders``: those that keep approvals, which
    may be none."""

    by_card: AnyMapping[str, tuple[SignOff, ...]]
    folders: tuple[Folder, ...]

    def of(self, card_id: str) -> tuple[SignOff, ...]:
        """The approvals of a card."""
        return self.by_card.get(card_id, ())


def copy_name(card_id: str, version: str) -> str:
    """The name, in a folder, of the copy of a card's file as approved."""
    return f"{SIGNED}/{card_id}-{version}.yaml"


def checksum_of(content: AnyMapping[str, Any]) -> str:
    """A checksum of the meaning of a card's file: without its tests, and regardless of comments,
    the order of keys and line breaks."""
    meant = {key: value for key, value in content.items() if key not in _NOT_SIGNED}
    text = json.dumps(meant, sort_keys=True, ensure_ascii=True, default=_number)
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def _number(value: Any) -> str:
    assert isinstance(value, Decimal)
    return f"number {value.normalize():f}"


def load_sign_offs(folders: Sequence[Folder]) -> SignOffs:
    """The approvals of every folder. Raises :class:`AuthoringError` with all mistakes found."""
    mistakes = Mistakes()
    found = read_sign_offs(folders, mistakes)
    mistakes.tell()
    return found


def read_sign_offs(folders: Sequence[Folder], mistakes: Mistakes) -> SignOffs:
    """As :func:`load_sign_offs`, but mistaken entries are left out and noted."""
    keeping = tuple(folder for folder in folders if (folder.root / SIGN_OFFS_FILE).exists())
    found: dict[str, list[SignOff]] = {}
    reader = Reader(mistakes)
    for folder in keeping:
        with mistakes.noting():
            content = read_file(folder.root / SIGN_OFFS_FILE, folder)
            for card_id in content:
                with mistakes.noting():
                    for value, place in reader.items(content, card_id, some=True):
                        with mistakes.noting():
                            found.setdefault(card_id, []).append(
                                _sign_off(card_id, value, place, folder)
                            )
    return SignOffs(
        {card_id: tuple(sorted(each, key=lambda one: one.day)) for card_id, each in found.items()},
        keeping,
    )


def _sign_off(card_id: str, value: Any, place: Place, folder: Folder) -> SignOff:
    mistakes = Mistakes()
    reader = Reader(mistakes)
    entry = reader.mapping(value, place, _KEYS, _KEYS)
    parts = reader.parts(
        version=lambda: reader.text(entry, "version"),
        checksum=lambda: _checksum(reader, entry),
        who=lambda: reader.text(entry, "who"),
        role=lambda: reader.text(entry, "role"),
        day=lambda: reader.day(entry, "day"),
    )
    mistakes.tell()
    return SignOff(card=card_id, place=place, folder=folder, **parts)


def _checksum(reader: Reader, entry: Mapping) -> str:
    text = reader.text(entry, "checksum")
    if not _CHECKSUM.match(text):
        mend = "Copy it from the card's review page, or from the output of check."
        raise AuthoringError(entry.at("checksum"), f"{text!r} is not the checksum of a card.", mend)
    return text
