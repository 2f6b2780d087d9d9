"""The report on shown cards: how many were accepted, overridden and not answered, by card and
version, with a trend by week.

A card that was returned several times on one occasion, while an order took shape, counts as shown
once. Its outcome is that of the latest feedback, so that a card that was first dismissed and then
acted upon counts as accepted. Feedback counts only from the client to which the card was shown.
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from math import sqrt
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Subquery, and_, case, func, select

from .records import monday
from .schema import CARD_SHOWN, FEEDBACK, SUGGESTION_ACCEPTED, SUGGESTION_SHOWN

_Z = 1.959963984540054  # the 97.5 % quantile of the standard normal distribution


class Rate(NamedTuple):
    """``counted`` of ``total``, as a share with its 95 % Wilson interval; share and limits are
    ``None`` if the total is 0."""

    counted: int
    total: int
    share: float | None
    low: float | None
    high: float | None


class Week(NamedTuple):
    """One week of a card. ``week``: its Monday (UTC)."""

    week: date
    shown: int
    accepted: Rate
    overridden: Rate


class Suggested(NamedTuple):
    """A suggestion: its index in the card file, its label, and how many of the cards that offered
    it had it accepted."""

    position: int
    label: str
    accepted: Rate


class Reason(NamedTuple):
    """An override reason (``""`` twice if none was given), and its share of the overrides."""

    system: str
    code: str
    overridden: Rate


class CardReport(NamedTuple):
    """One version of one card."""

    id: str
    version: str
    shown: int
    accepted: Rate
    overridden: Rate
    no_response: Rate
    suggestions: tuple[Suggested, ...]
    reasons: tuple[Reason, ...]
    weeks: tuple[Week, ...]


class Report(NamedTuple):
    """The report on all cards shown since the Monday ``since``. ``unmatched``: the number of
    interactions received since then with cards that are not on record."""

    since: date
    cards: tuple[CardReport, ...]
    unmatched: int


def wilson(counted: int, total: int) -> Rate:
    """Return ``counted`` of ``total`` with its 95 % Wilson score interval (E. B. Wilson, J Am Stat
    Assoc 1927;22:209-212)."""
    if not total:
        return Rate(counted, total, None, None, None)
    share = counted / total
    spread = _Z * sqrt(share * (1 - share) / total + _Z**2 / (4 * total**2))
    centre = share + _Z**2 / (2 * total)
    scale = 1 + _Z**2 / total
    low = 0.0 if counted == 0 else (centre - spread) / scale
    high = 1.0 if counted == total else (centre + spread) / scale
    return Rate(counted, total, share, low, high)


def read_report(
    connection: Connection, weeks: int, now: datetime, client: str | None = None
) -> Report:
    """Read the report on the last ``weeks`` weeks, including the present one. ``client``: report on
    this client's cards only; ``None`` for all."""
    since = monday(now) - timedelta(weeks=weeks - 1)
    wanted = CARD_SHOWN.c.week >= since
    if client is not None:
        wanted &= CARD_SHOWN.c.client == client
    shown = _shown(wanted)
    latest = _latest(shown)
    cards = _counts(connection, shown, latest)
    suggestions = _suggestions(connection, shown, latest)
    reasons = _reasons(connection, latest)
    return Report(
        since,
        tuple(
            _card(version, weekly, suggestions[version], reasons[version])
            for version, weekly in sorted(cards.items(), key=lambda item: _ordered(item[0]))
        ),
        _unmatched(connection, since, client),
    )


_Version = tuple[str, str]
_Coding = tuple[str, str]
_Weekly = list[tuple[date, int, int, int]]


def _ordered(version: _Version) -> tuple[Any, ...]:
    """A key that sorts the versions of a card by their numbers, 1.10.0 after 1.9.0."""
    card_id, number = version
    return card_id, [int(part) for part in re.findall("[0-9]+", number.partition("+")[0])], number


def _card(
    version: _Version, weekly: _Weekly, suggested: list[Suggested], reasons: dict[_Coding, int]
) -> CardReport:
    shown = sum(week[1] for week in weekly)
    accepted = sum(week[2] for week in weekly)
    overridden = sum(week[3] for week in weekly)
    by_count = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return CardReport(
        *version,
        shown,
        wilson(accepted, shown),
        wilson(overridden, shown),
        wilson(shown - accepted - overridden, shown),
        tuple(sorted(suggested)),
        tuple(
            Reason(system, code, wilson(count, overridden)) for (system, code), count in by_count
        ),
        tuple(
            Week(week, total, wilson(yes, total), wilson(no, total))
            for week, total, yes, no in sorted(weekly)
        ),
    )


def _shown(wanted: ColumnElement[bool]) -> Subquery:
    """The shown cards that are ``wanted``, each with its occasion. A card without a recorded
    occasion is an occasion of its own."""
    columns = (
        CARD_SHOWN.c[name] for name in ("card_uuid", "card_id", "card_version", "client", "week")
    )
    return (
        select(
            *columns, func.coalesce(CARD_SHOWN.c.occasion, CARD_SHOWN.c.card_uuid).label("occasion")
        )
        .where(wanted)
        .subquery()
    )


# Shown cards that agree in these columns count as one.
_ONE = ("client", "card_id", "card_version", "occasion")


def _one(table: Subquery) -> list[ColumnElement[Any]]:
    return [table.c[name] for name in _ONE]


def _same(one: Subquery, other: Subquery) -> ColumnElement[bool]:
    return and_(*(one.c[name] == other.c[name] for name in _ONE))


def _of_card(feedback: Any, shown: Subquery) -> ColumnElement[bool]:
    return and_(feedback.c.card_uuid == shown.c.card_uuid, feedback.c.client == shown.c.client)


def _latest(shown: Subquery) -> Subquery:
    """The latest feedback on each card from the client that showed it. Of two at the same moment,
    an acceptance counts."""
    order = (
        FEEDBACK.c.outcome_at.desc(),
        FEEDBACK.c.outcome,
        FEEDBACK.c.received_at.desc(),
        FEEDBACK.c.digest,
    )
    place = func.row_number().over(partition_by=_one(shown), order_by=order)
    given = (FEEDBACK.c.outcome, FEEDBACK.c.reason_system, FEEDBACK.c.reason_code)
    ranked = (
        select(*_one(shown), *given, place.label("place"))
        .select_from(FEEDBACK.join(shown, _of_card(FEEDBACK, shown)))
        .subquery()
    )
    return select(ranked).where(ranked.c.place == 1).subquery()


def _counts(connection: Connection, shown: Subquery, latest: Subquery) -> dict[_Version, _Weekly]:
    once = (
        select(*_one(shown), func.min(shown.c.week).label("week")).group_by(*_one(shown)).subquery()
    )
    group = (once.c.card_id, once.c.card_version, once.c.week)
    outcomes = (
        func.sum(case((latest.c.outcome == name, 1), else_=0))
        for name in ("accepted", "overridden")
    )
    query = (
        select(*group, func.count(), *outcomes)
        .select_from(once.outerjoin(latest, _same(once, latest)))
        .group_by(*group)
    )
    cards: dict[_Version, _Weekly] = defaultdict(list)
    for card_id, version, week, total, accepted, overridden in connection.execute(query):
        cards[card_id, version].append((week, total, int(accepted), int(overridden)))
    return cards


def _suggestions(
    connection: Connection, shown: Subquery, latest: Subquery
) -> dict[_Version, list[Suggested]]:
    suggestion = SUGGESTION_SHOWN.c
    offered = (
        select(*_one(shown), suggestion.position, suggestion.label)
        .distinct()
        .select_from(SUGGESTION_SHOWN.join(shown, shown.c.card_uuid == suggestion.card_uuid))
        .subquery()
    )
    taken = (
        select(*_one(shown), suggestion.position)
        .distinct()
        .select_from(
            SUGGESTION_ACCEPTED.join(FEEDBACK, FEEDBACK.c.digest == SUGGESTION_ACCEPTED.c.digest)
            .join(shown, _of_card(FEEDBACK, shown))
            .join(
                SUGGESTION_SHOWN,
                (suggestion.suggestion_uuid == SUGGESTION_ACCEPTED.c.suggestion_uuid)
                & (suggestion.card_uuid == shown.c.card_uuid),
            )
            .join(latest, _same(shown, latest))
        )
        .where(latest.c.outcome == "accepted")
        .subquery()
    )
    group = (offered.c.card_id, offered.c.card_version, offered.c.position, offered.c.label)
    matched = _same(offered, taken) & (offered.c.position == taken.c.position)
    query = (
        select(*group, func.count(), func.count(taken.c.position))
        .select_from(offered.outerjoin(taken, matched))
        .group_by(*group)
    )
    found: dict[_Version, list[Suggested]] = defaultdict(list)
    for card_id, version, position, label, total, count in connection.execute(query):
        found[card_id, version].append(Suggested(position, label, wilson(count, total)))
    return found


def _reasons(connection: Connection, latest: Subquery) -> dict[_Version, dict[_Coding, int]]:
    group = (latest.c.card_id, latest.c.card_version, latest.c.reason_system, latest.c.reason_code)
    query = select(*group, func.count()).where(latest.c.outcome == "overridden").group_by(*group)
    found: dict[_Version, dict[_Coding, int]] = defaultdict(dict)
    for card_id, version, system, code, count in connection.execute(query):
        found[card_id, version][system, code] = count
    return found


def _unmatched(connection: Connection, since: date, client: str | None) -> int:
    known = select(CARD_SHOWN.c.card_uuid).where(
        CARD_SHOWN.c.card_uuid == FEEDBACK.c.card_uuid, CARD_SHOWN.c.client == FEEDBACK.c.client
    )
    began = datetime(since.year, since.month, since.day, tzinfo=UTC)
    query = (
        select(func.count())
        .select_from(FEEDBACK)
        .where(FEEDBACK.c.received_at >= began, ~known.exists())
    )
    if client is not None:
        query = query.where(FEEDBACK.c.client == client)
    return connection.execute(query).scalar_one()
