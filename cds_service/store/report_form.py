"""The report as JSON and as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .report import CardReport, Rate, Report


def report_json(report: Report) -> dict[str, Any]:
    """The report as the API returns it. Shares and their limits are rounded to four places, and
    ``null`` if the total is 0."""
    return {
        "since": report.since.isoformat(),
        "confidence": "95 % Wilson score interval",
        "cards": [_card(card) for card in report.cards],
        "unmatchedFeedback": report.unmatched,
    }


def _card(card: CardReport) -> dict[str, Any]:
    return {
        "id": card.id,
        "version": card.version,
        "shown": card.shown,
        "accepted": _rate(card.accepted),
        "overridden": _rate(card.overridden),
        "noResponse": _rate(card.no_response),
        "suggestions": [
            {"index": item.position, "label": item.label, "accepted": _rate(item.accepted)}
            for item in card.suggestions
        ],
        "reasons": [
            {"system": item.system, "code": item.code, "overridden": _rate(item.overridden)}
            for item in card.reasons
        ],
        "weeks": [
            {
                "week": week.week.isoformat(),
                "shown": week.shown,
                "accepted": _rate(week.accepted),
                "overridden": _rate(week.overridden),
            }
            for week in card.weeks
        ],
    }


def _rate(rate: Rate) -> dict[str, Any]:
    shares = {
        name: None if value is None else round(value, 4)
        for name, value in zip(("share", "low", "high"), rate[2:], strict=True)
    }
    return {"count": rate.counted, "of": rate.total, **shares}


def report_text(report: Report) -> str:
    """The report for a reader at a terminal."""
    lines = [f"Cards shown since Monday {report.since.isoformat()}, with 95 % Wilson intervals."]
    for card in report.cards:
        lines += ["", *_card_lines(card)]
    if not report.cards:
        lines.append("None.")
    if report.unmatched:
        lines += [
            "",
            f"{report.unmatched} interactions were reported with cards that are not on record.",
        ]
    return "\n".join(line.rstrip() for line in lines)


def _card_lines(card: CardReport) -> Iterator[str]:
    yield f"{card.id} {card.version}: shown {card.shown}"
    yield f"  accepted     {_counted(card.accepted)}"
    for suggestion in card.suggestions:
        yield f"    {_counted(suggestion.accepted)}  {suggestion.position + 1}. {suggestion.label}"
    yield f"  overridden   {_counted(card.overridden)}"
    for reason in card.reasons:
        yield f"    {_counted(reason.overridden)}  {reason.code or 'no reason given'}"
    yield f"  no response  {_counted(card.no_response)}"
    yield "  week of       shown  accepted             overridden"
    for week in card.weeks:
        yield (
            f"  {week.week.isoformat()}  {week.shown:>7}  {_share(week.accepted):<20} "
            f"{_share(week.overridden)}"
        )


def _counted(rate: Rate) -> str:
    return f"{rate.counted:>6} of {rate.total:<6} {_share(rate):<16}"


def _share(rate: Rate) -> str:
    if rate.share is None or rate.low is None or rate.high is None:
        return "-"
    return f"{100 * rate.share:.0f} % ({100 * rate.low:.0f}-{100 * rate.high:.0f})"
