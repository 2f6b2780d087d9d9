"""The routes of the catalogue, the sign-off sheets and the API description. Their content is cached
as long as its cards are served."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, NamedTuple

import orjson
from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import NotFound

from ...authoring.card_words import readable
from ...authoring.example import example_request
from ...hooks.caller import calling_client, calling_party
from ...hooks.report import DEFAULT_WEEKS
from ...hooks.served import Serving
from ...hooks.turn import SMALL_BYTES, Turn
from ...rules.hook_table import any_at_ordering
from ...store.errors import StoreUnavailable
from ...store.report import CardReport
from ..page import page
from .api import api_content
from .content import Catalogue
from .entries import KINDS, LONGEST_QUERY, search
from .links import ROOT, address, authored, document, line
from .sheet import Sheets, reports_of

_TEMPLATES = {
    "facts": "fact",
    "parameters": "parameter",
    "evidence": "source",
    "value-sets": "value_set",
    "orders": "order",
}


def add_catalogue(
    blueprint: Blueprint, serving: Serving, clock: Callable[[], datetime], turn: Turn
) -> None:
    """Add the pages of the catalogue to the workbench. Content is computed once, in the ``turn`` of
    large calls."""
    pages = _Pages(serving, clock, turn)
    rules: dict[str, Callable[..., Response]] = {
        ROOT: pages.found,
        f"{ROOT}/<kind>": pages.listed,
        f"{ROOT}/cards/<name>": pages.card,
        f"{ROOT}/<kind>/<name>": pages.thing,
        f"{ROOT}/cards/<name>/review": pages.review,
        "/api": pages.api,
    }
    for rule, view in rules.items():
        blueprint.add_url_rule(rule, f"catalogue_{view.__name__}", view)


class _Now(NamedTuple):
    """The served catalogue, the day, and the content computed for it so far."""

    catalogue: Catalogue
    today: date
    kept: dict[Any, Any]


class _Pages:
    """The views."""

    def __init__(self, serving: Serving, clock: Callable[[], datetime], turn: Turn):
        self._serving, self._clock, self._turn = serving, clock, turn
        self._last = _Now(Catalogue(serving.current.engine), clock().date(), {})

    def found(self) -> Response:
        """The results of a search in all kinds; without a query, the cards."""
        return self._list("", "" if _query() else "cards")

    def listed(self, kind: str) -> Response:
        """The entries of one kind, or the results of a search among them."""
        if kind not in KINDS:
            raise NotFound("The catalogue has no such list.")
        return self._list(kind, kind)

    def _list(self, kind: str, shown: str) -> Response:
        now = self._now()
        entries = self._once(now, "entries", lambda: now.catalogue.entries)
        counts = {name: sum(entry.kind == name for entry in entries) for name in KINDS}
        found = search(entries, _query(), shown)
        return _page(
            "catalogue", kind=kind, kinds=KINDS, counts=counts, query=_query(), found=found
        )

    def card(self, name: str) -> Response:
        """The page of a card."""
        now = self._now()
        content = _there(self._once(now, ("cards", name), lambda: now.catalogue.card(name)))
        return _page("catalogue_card", sets=list(now.catalogue.engines), **content)

    def thing(self, kind: str, name: str) -> Response:
        """The page of a fact, parameter, source, value set or order template."""
        if kind not in _TEMPLATES:
            raise NotFound("The catalogue has no such list.")
        now = self._now()
        row = _there(self._once(now, (kind, name), lambda: now.catalogue.row_of(kind, name)))
        reading = now.catalogue.reading(name) if kind == "parameters" else []
        titles = {card_id: placed.card.title for card_id, placed in now.catalogue.placed.items()}
        served = now.catalogue.engine.settings.parameters
        return _page(
            f"catalogue_{_TEMPLATES[kind]}", row=row, reading=reading, served=served, titles=titles
        )

    def review(self, name: str) -> Response:
        """The sign-off sheet of a card."""
        now = self._now()
        sheets = self._once(now, "sheets", lambda: Sheets(now.catalogue, now.today))
        sheet = _there(self._once(now, ("sheets", name), lambda: sheets.of(name)))
        whole = sheet._replace(changes=sheets.since_approved(sheet), reports=self._reports(name))
        return _page("review", sheet=whole, today=now.today, weeks=DEFAULT_WEEKS)

    def api(self) -> Response:
        """The page of all endpoints."""
        described = self._serving.current
        content = self._once(
            self._now(), "api", lambda: api_content(orjson.loads(described.openapi))
        )
        # One example keeps the page small: the others would differ only in the hook and the drafts.
        service, hooks = next(
            (service, hooks)
            for service, hooks in described.hooks_by_id.items()
            if any_at_ordering(hooks)
        )
        example = orjson.dumps(
            example_request(hooks[0], self._clock()), option=orjson.OPT_INDENT_2
        ).decode()
        examples = {f"/cds-services/{service}": example}
        return _page("api", examples=examples, **content)

    def _reports(self, name: str) -> list[CardReport] | None:
        """The reports on the card for the calling client: each client sees only its own users, as
        in the report."""
        try:
            report = current_app.extensions["store"].report(
                DEFAULT_WEEKS, self._clock(), calling_client()
            )
        except StoreUnavailable:
            return None
        return reports_of(name, report.cards)

    def _now(self) -> _Now:
        """The present state. A new set of cards or a new day empties the cache."""
        engine, today, last = self._serving.current.engine, self._clock().date(), self._last
        if last.catalogue.engine is not engine:
            last = self._last = _Now(Catalogue(engine), today, {})
        elif last.today != today:
            last = self._last = _Now(last.catalogue, today, {})
        return last

    def _once(self, now: _Now, key: Any, make: Callable[[], Any]) -> Any:
        """The cached result of ``make`` for ``key``. ``None`` is not cached: anyone may ask for any
        number of names that do not exist."""
        if key not in now.kept:
            with self._turn.of(calling_party(), SMALL_BYTES + 1):
                made = make()
            if made is None:
                return None
            now.kept[key] = made
        return now.kept[key]


def _query() -> str:
    return request.args.get("q", "").strip()[:LONGEST_QUERY]


def _there(found: Any) -> Any:
    if found is None:
        raise NotFound("The catalogue has no entry of that name; search it for what there is.")
    return found


def _page(template: str, **content: Any) -> Response:
    return page(
        template,
        address=address,
        line=line,
        document=document,
        authored=authored,
        readable=readable,
        **content,
    )
