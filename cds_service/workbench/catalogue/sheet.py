"""The sign-off sheet of a card: all that a committee needs on one or two pages, for a served or a
proposed card."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from ...authored_yaml.source import AuthoringError
from ...authoring.approval import Approval, approval_of
from ...authoring.card_tests import run_card
from ...authoring.diff import compare
from ...authoring.diff.report import Change, changes_of
from ...authoring.diff.versions import Version, with_card_as
from ...engine import Engine
from ...rules.card import Card
from ...rules.shared_files import read_file
from ...rules.sign_off_file import SignOff, checksum_of
from ...store.report import CardReport
from .content import Catalogue
from .later import Later

IN_WORK = (
    "The service is still comparing the two versions for every patient, which can take minutes. "
    "Load this page again later."
)


class Changes(NamedTuple):
    """The changes of a card. ``since``: the version that it is compared with; ``why_not``: in
    words, why there is no comparison."""

    since: str
    changes: Sequence[Change]
    why_not: str = ""


class Sheet(NamedTuple):
    """A card's sheet. ``content``: the content of its page; ``reports``: the reports on its
    versions, ``None`` if unavailable."""

    content: dict[str, Any]
    approval: Approval
    findings: Sequence[Any]
    changes: Changes = Changes("", ())
    reports: Sequence[CardReport] | None = None


class Sheets:
    """The sheets of a catalogue. ``today``: the day on which the age of sources is judged."""

    def __init__(self, catalogue: Catalogue, today: date):
        self._catalogue, self._today = catalogue, today
        self._compared: Later[Sequence[Change]] = Later()

    def of(self, card_id: str) -> Sheet | None:
        """The sheet of a card without changes and reports, or ``None`` if there is no such card."""
        content = self._catalogue.card(card_id)
        if content is None:
            return None
        card = content["card"]
        approval = approval_of(card, self._engine_of(card_id))
        return Sheet(content, approval, self._findings_of(card))

    def _engine_of(self, card_id: str) -> Engine:
        return self._catalogue.engines[self._catalogue.placed[card_id].parameter_set]

    def since_approved(self, sheet: Sheet) -> Changes:
        """The changes since the card was last approved. Comparing takes seconds, for some cards
        minutes; until then, the answer says so."""
        card, approval, last = sheet.content["card"], sheet.approval, sheet.approval.last
        if last is None:
            return Changes(
                "", (), "This card was never approved here, so there is nothing to compare it with."
            )
        since = f"{last.version}, approved on {last.day.isoformat()}"
        if approval.covers(last):
            return Changes(since, ())
        copy = last.folder.root / last.copy
        if not copy.is_file():
            return Changes(
                since,
                (),
                f"There is no copy of the approved file ({last.folder.shown}/{last.copy}).",
            )
        try:
            changes = self._compared.result(card.id, lambda: self._changes(card, copy, last))
        except AuthoringError as error:
            return Changes(
                since,
                (),
                (
                    "The copy of the approved file cannot be read with the present facts and "
                    f"limits: {error}"
                ),
            )
        return Changes(since, (), IN_WORK) if changes is None else Changes(since, changes)

    def _changes(self, card: Card, copy: Path, last: SignOff) -> Sequence[Change]:
        if checksum_of(read_file(copy, last.folder)) != last.checksum:
            raise AuthoringError(
                last.place, "the copy is not the approved file: its checksum differs."
            )
        with tempfile.TemporaryDirectory() as work:
            old = with_card_as(copy, card, self._catalogue.engines, Path(work))
            return tuple(changes_of(compare(old, Version("now", self._catalogue.engines)), card.id))

    @cached_property
    def _findings(self) -> Sequence[Any]:
        """The findings of ``check`` on the set of cards as a whole."""
        # Imported here, because the checks load the validation of FHIR definitions.
        from ...authoring.check.of_set import set_findings

        return tuple(set_findings(dict(self._catalogue.engines), self._today))

    def _findings_of(self, card: Card) -> Sequence[Any]:
        from ...authoring.check.of_cards import card_findings, failing_tests

        engines = self._catalogue.engines
        served = [other for engine in engines.values() for other in engine.cards.values()]
        found = {finding for finding in self._findings if finding.place.file == card.place.file}
        having = {name: engine for name, engine in engines.items() if card.id in engine.cards}
        for engine in having.values():
            found |= set(card_findings(engine.cards[card.id], engine, served, self._today))
        results = (
            run_card(engine.cards[card.id], engine.cards, name) for name, engine in having.items()
        )
        found |= set(failing_tests(chain.from_iterable(results)))
        # "not-signed" is left out, because the sheet's record of approvals already says so.
        return sorted(
            (each for each in found if each.code != "not-signed"),
            key=lambda each: (each.place, each.code),
        )


def reports_of(card_id: str, reports: Iterable[CardReport]) -> list[CardReport]:
    """The reports on the versions of a card, in the order of ``reports``."""
    return [report for report in reports if report.id == card_id]
