"""The sheet on which a card is approved: all that a committee needs on one or two pages, for what
is served and for what is proposed."""

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
    "It is being worked out for which patients that makes a difference, which can take minutes: "
    "load this page again."
)


class Changes(NamedTuple):
    """What differs, or in words why that cannot be said. ``since``: what it is compared with."""

    since: str
    changes: Sequence[Change]
    why_not: str = ""


class Sheet(NamedTuple):
    """A card's sheet. ``content``: all that its page shows; ``reports``: what users did with each
    of its versions, ``None`` where that cannot be said."""

    content: dict[str, Any]
    approval: Approval
    findings: Sequence[Any]
    changes: Changes = Changes("", ())
    reports: Sequence[CardReport] | None = None


class Sheets:
    """The sheets of a catalogue. ``today``: the day by which sources grow old."""

    def __init__(self, catalogue: Catalogue, today: date):
        self._catalogue, self._today = catalogue, today
        self._compared: Later[Sequence[Change]] = Later()

    def of(self, card_id: str) -> Sheet | None:
        """The sheet of a card, without what changed; ``None`` where there is no such card."""
        content = self._catalogue.card(card_id)
        if content is None:
            return None
        card = content["card"]
        approval = approval_of(card, self._engine_of(card_id))
        return Sheet(content, approval, self._findings_of(card))

    def _engine_of(self, card_id: str) -> Engine:
        return self._catalogue.engines[self._catalogue.placed[card_id].parameter_set]

    def since_approved(self, sheet: Sheet) -> Changes:
        """What changed since the card was last approved, as far as that is worked out: it takes
        seconds, of some cards minutes."""
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
                f"No copy of the file as approved is kept ({last.folder.shown}/{last.copy}).",
            )
        try:
            changes = self._compared.result(card.id, lambda: self._changes(card, copy, last))
        except AuthoringError as error:
            return Changes(
                since,
                (),
                (
                    "The copy of the file as approved cannot be read with today's facts and "
                    f"limits: {error}"
                ),
            )
        return Changes(since, (), IN_WORK) if changes is None else Changes(since, changes)

    def _changes(self, card: Card, copy: Path, last: SignOff) -> Sequence[Change]:
        if checksum_of(read_file(copy, last.folder)) != last.checksum:
            raise AuthoringError(
                last.place, "the copy is not what was approved: its checksum is another."
            )
        with tempfile.TemporaryDirectory() as work:
            old = with_card_as(copy, card, self._catalogue.engines, Path(work))
            return tuple(changes_of(compare(old, Version("now", self._catalogue.engines)), card.id))

    @cached_property
    def _findings(self) -> Sequence[Any]:
        """What ``check`` says of all cards together."""
        # the checks load what validates FHIR definitions
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
        # The record of approvals says it already.
        return sorted(
            (each for each in found if each.code != "not-signed"),
            key=lambda each: (each.place, each.code),
        )


def reports_of(card_id: str, reports: Iterable[CardReport]) -> list[CardReport]:
    """What became of the versions of a card, the newest that was shown last."""
    return [report for report in reports if report.id == card_id]
