"""Findings on one card: contradictory criteria, tests, summary, placeholders, review, approval."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from ...authored_yaml.reader import meant
from ...engine import Engine
from ...facts.catalogue import CATALOGUE, Definition
from ...facts.fact import Fact
from ...facts.kinds import DATE, NUMBER, ORDERS, RESULT
from ...rules.card import Card
from ...rules.card_texts import PLACEHOLDER, SUMMARY_LIMIT
from ..approval import approval_of
from ..card_tests import CardTestResult, applicable_tests, failed_alike, missing_tests, read_test
from ..coverage import seen
from .contradictions import contradictions
from .finding import Finding, is_placeholder, still_to_do

# The greatest width of a value of each kind, such as ">15000 pmol/L" or "29 September 2026".
_WIDEST = {NUMBER: 12, RESULT: 28, DATE: 12}
_LATEST_REVIEW = 3653  # days


def card_findings(
    card: Card, engine: Engine, served: Collection[Card], today: date
) -> Iterator[Finding]:
    """Yield the findings on ``card`` in the parameter set of ``engine``. ``served``: the cards of
    every parameter set."""
    yield from contradictions(card, served, engine.site)
    yield from _tests(card, engine)
    yield from _summary(card)
    yield from _placeholders(card)
    yield from _review(card, today)
    yield from _approval(card, engine)


def _review(card: Card, today: date) -> Iterator[Finding]:
    if not card.review_by:
        return
    place, days = card.places["review_by"], (date.fromisoformat(card.review_by) - today).days
    if days < 0:
        yield Finding(
            "review-overdue",
            "warning",
            place,
            f"{card.id} was to be reviewed by {card.review_by}.",
            "Review it, then set the day of the next review.",
        )
    elif days > _LATEST_REVIEW:
        what = f"{card.id} is to be reviewed by {card.review_by}, more than ten years ahead."
        yield Finding("doubtful-day", "warning", place, what, "Is the year right?")


def _approval(card: Card, engine: Engine) -> Iterator[Finding]:
    """Without a file of sign-offs there is no finding, since most sites approve cards elsewhere."""
    if not engine.sign_offs.folders:
        return
    approval = approval_of(card, engine)
    if not approval.is_signed:
        mend = (
            f"Once it is approved, add its version ({card.version}) to {approval.file}, with the "
            f"checksum {approval.checksum}."
        )
        yield Finding(
            "not-signed",
            "warning",
            card.places["version"],
            f"{card.id} {card.version} {approval.words}.",
            mend,
        )


def failing_tests(results: Iterable[CardTestResult]) -> Iterator[Finding]:
    """Yield a finding for each failing test, one for all parameter sets in which it fails alike."""
    for result, sets in failed_alike(results):
        what = f"{result.card} [{', '.join(sets)}] {result.name}: {result.problem}."
        yield Finding(
            "failing-test",
            "error",
            result.place,
            what,
            "To see how it was decided, run: python -m cds_service test.",
        )


def _tests(card: Card, engine: Engine) -> Iterator[Finding]:
    for test in applicable_tests(card, engine.settings.parameters):
        yield from _orders(card, test, read_test(card, test)[1], engine)
    for missing in missing_tests(card, engine.settings.parameters):
        yield Finding("no-test", "error", missing.place, missing.what, missing.mend)
    for shown in seen(card, engine.cards, engine.settings.parameters):
        if shown.part in ("include", "exclude") and shown.decidable and not shown.both:
            way = "holds" if not shown.held else "fails to hold"
            what = f"{card.id}: {shown.criterion!r} {way} in no test."
            yield Finding(
                "one-sided-criterion",
                "warning",
                shown.place,
                what,
                "Add a test in which it does.",
            )


def _orders(card: Card, test: Any, facts: Mapping[str, Fact], engine: Engine) -> Iterator[Finding]:
    known = engine.vocabulary.templates
    for name, fact in facts.items():
        for order in fact.value if CATALOGUE[name].kind is ORDERS and fact.value else ():
            if order not in known:
                what = f"{card.id}: a test states the order {order!r}, which does not exist."
                yield Finding(
                    "no-such-order", "warning", test["facts"].at(name), what, meant(order, known)
                )


def _summary(card: Card) -> Iterator[Finding]:
    widest = PLACEHOLDER.sub(lambda found: "x" * _width(CATALOGUE[found[1]]), card.summary)
    if len(widest) >= SUMMARY_LIMIT:
        what = (
            f"{card.id}: the summary may have {len(widest)} characters; it is cut off at "
            f"{SUMMARY_LIMIT}."
        )
        yield Finding(
            "long-summary",
            "warning",
            card.places["summary"],
            what,
            "Shorten it; the detail has room for more.",
        )


def _placeholders(card: Card) -> Iterator[Finding]:
    """The texts that ``new`` left for the author to write."""
    texts = [(card.title, card.places["title"]), (card.summary, card.places["summary"])]
    texts += [(item.text, item.place) for item in card.detail] + [
        (item.label, item.place) for item in card.suggestions
    ]
    texts += [(condition.id, condition.place) for condition in card.conditions]
    yield from (still_to_do(card.id, text, place) for text, place in texts if is_placeholder(text))


def _width(definition: Definition) -> int:
    return (
        _WIDEST[definition.kind] if definition.kind in _WIDEST else max(map(len, definition.values))
    )
