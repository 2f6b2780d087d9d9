"""A proposed change of cards as one self-contained HTML file with a sheet for each card that
differs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from markupsafe import Markup

from ...authoring.card_words import readable
from ...authoring.diff import Comparison
from ...authoring.diff.report import LIMITS, changed, changes_of, left_open
from ...authoring.diff.versions import Version
from ..page import asset, template
from .content import Catalogue
from .links import line_outside
from .sheet import Changes, Sheet, Sheets


def proposal_html(comparison: Comparison, new: Version, today: date) -> str:
    """The HTML file for those who decide on the proposal. ``new``: the proposed set of cards, with
    which ``comparison`` compares."""
    sheets = Sheets(Catalogue(next(iter(new.engines.values())), new.engines), today)
    return template("proposal").render(
        comparison=comparison,
        # Safe as Markup: our own static files.
        styles=[Markup(_style(name)) for name in ("workbench.css", "catalogue.css")],
        limits=list(changes_of(comparison, "")),
        limits_title=LIMITS,
        sheets=list(_sheets(comparison, sheets)),
        gone=[
            (card_id, list(changes_of(comparison, card_id))) for card_id in _gone(comparison, new)
        ],
        left_open=list(left_open(comparison)),
        today=today,
        line=line_outside,
        readable=readable,
    )


def _sheets(comparison: Comparison, sheets: Sheets) -> Iterator[Sheet]:
    for card_id in filter(None, changed(comparison)):
        sheet = sheets.of(card_id)
        if sheet is not None:
            yield sheet._replace(
                changes=Changes(comparison.old, tuple(changes_of(comparison, card_id)))
            )


def _gone(comparison: Comparison, new: Version) -> list[str]:
    return [
        card_id
        for card_id in filter(None, changed(comparison))
        if not any(card_id in engine.cards for engine in new.engines.values())
    ]


def _style(name: str) -> str:
    found = asset(name)
    assert found is not None
    return found[0].decode()
