"""Whether the current version of a card is approved, by whom, and where a new approval is
recorded."""

from __future__ import annotations

from typing import NamedTuple

from ..engine import Engine
from ..rules.card import Card
from ..rules.card_set import file_of
from ..rules.shared_files import SIGN_OFFS_FILE, read_file
from ..rules.sign_off_file import SignOff, checksum_of, copy_name


class Approval(NamedTuple):
    """The sign-offs of a card and the state of its file.

    ``sign_offs``: those of the card, oldest first; ``checksum``: of the card's file as it is now;
    ``file``: the file in which an approval is recorded; ``copy``: the path
    for a copy of the card's file, kept so that later changes can be shown.
    """

    version: str
    checksum: str
    sign_offs: tuple[SignOff, ...]
    file: str
    copy: str

    @property
    def last(self) -> SignOff | None:
        """The latest sign-off, whichever version it approved."""
        return self.sign_offs[-1] if self.sign_offs else None

    @property
    def is_signed(self) -> bool:
        """Whether somebody approved this version and the file has not changed since."""
        return any(self.covers(one) for one in self.sign_offs)

    def covers(self, one: SignOff) -> bool:
        """Whether ``one`` approved the current version and the current content of the file."""
        return (one.version, one.checksum) == (self.version, self.checksum)

    @property
    def words(self) -> str:
        """The state of approval, worded to follow the card's name."""
        if self.is_signed:
            return "is approved"
        if any(one.version == self.version for one in self.sign_offs):
            return "was approved, but its file has changed since, without a new version"
        return (
            f"is not approved; the last approved version is {self.last.version}"
            if self.last
            else "was never approved"
        )


def approval_of(card: Card, engine: Engine) -> Approval:
    """Return the state of approval of ``card`` as ``engine`` loaded it."""
    path, folder = file_of(card, engine.folders)
    keeping = engine.sign_offs.folders[-1] if engine.sign_offs.folders else engine.folders[-1]
    return Approval(
        card.version,
        checksum_of(read_file(path, folder)),
        engine.sign_offs.of(card.id),
        f"{keeping.shown}/{SIGN_OFFS_FILE}",
        f"{keeping.shown}/{copy_name(card.id, card.version)}",
    )
