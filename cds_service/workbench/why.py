"""Explains in words why each card fired or stayed silent: its criteria, and the facts that they
read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from ..authoring.card_words import condition_words, unlinked
from ..authoring.explanation import TRUTHS
from ..authoring.why_not import MOST_CHANGES, Cards, Change, why_not
from ..facts.catalogue import CATALOGUE, Definition, Facts
from ..facts.fact import Fact, Source, State
from ..facts.kinds import CATEGORY, DATE, NUMBER, RESULT, YES_NO
from ..rendering.card_text import day_text, value_text
from ..rules.conditions import Condition
from ..rules.decision import Decision, Decisions, Step

MOST_WAYS = 6
# The kinds of facts whose values a person may type.
_TYPED = frozenset({RESULT, NUMBER, YES_NO, CATEGORY, DATE})


class Reason(NamedTuple):
    """A condition of a card. ``truth``: ``true``, ``false`` or ``unknown``; ``stops``: whether it
    silenced the card; ``went_by``: the facts that it read with their values, or the other card
    with its outcome."""

    words: str
    truth: str
    excludes: bool
    stops: bool
    went_by: tuple[tuple[str, str], ...]

    @property
    def verdict(self) -> str:
        """``for`` the card, ``against`` it, or ``open`` if unknown. An unknown condition silences
        the card under ``include`` and does not under ``exclude`` (clinical specification,
        section 1)."""
        if self.truth == "unknown":
            return "open"
        return "for" if (self.truth == "true") is not self.excludes else "against"


class CardReason(NamedTuple):
    """A card's outcome (``shown``, ``fires`` or ``silent``), the outcome in words, and the card's
    conditions."""

    id: str
    title: str
    indicator: str
    outcome: str
    words: str
    reasons: list[Reason]


class Turning(NamedTuple):
    """The changes of facts that would reverse a card's outcome. ``ways``: minimal sets of changes,
    each with the fact's name, title, present and required value. ``more``: the number of further
    ways. ``up_to``: the most facts changed together in the search, 0 for any number."""

    card: str
    would_be: str
    ways: list[list[tuple[str, str, str, str]]]
    more: int
    up_to: int


class FactRow(NamedTuple):
    """A fact that was evaluated. ``typed``: the text in its field, ``None`` if it has no field."""

    name: str
    title: str
    state: str
    value: str
    note: str
    sources: list[str]
    typed: str | None
    options: tuple[str, ...]
    is_supposed: bool

    @property
    def tells(self) -> bool:
        """Whether to show the fact at once: it is supposed or unknown, or has a value other than
        "no"."""
        return (
            self.is_supposed
            or self.state == "unknown"
            or (self.state == "value" and self.value not in ("no", "none"))
        )


def card_reasons(
    decided: Iterable[Decision],
    decisions: Decisions,
    facts: Facts,
    shown_ids: list[str],
    left_out: set[str],
) -> list[CardReason]:
    """The reasons of every card of a call, in the order of ``decided``. ``left_out``: the cards
    that were selected to be shown but are missing from the answer."""
    return [_card_reason(decision, decisions, facts, shown_ids, left_out) for decision in decided]


def _card_reason(
    decision: Decision, decisions: Decisions, facts: Facts, shown_ids: list[str], left_out: set[str]
) -> CardReason:
    card = decision.card
    reasons = [_reason(step, decision, decisions, facts) for step in decision.steps]
    if card.id in shown_ids:
        outcome, words = "shown", "Shown."
    elif decision.fires:
        why = (
            "the patient is deceased, or the card could not be rendered"
            if card.id in left_out
            else "three more urgent cards come first"
        )
        outcome, words = "fires", f"Fires, and is not shown: {why}."
    else:
        stopped = next(reason for reason in reasons if reason.stops)
        how = (
            "of this"
            if stopped.excludes
            else "this is not known"
            if stopped.truth == "unknown"
            else "this does not hold"
        )
        outcome, words = "silent", f"Silent, because {how}: {stopped.words}."
    return CardReason(card.id, card.title, card.indicator, outcome, words, reasons)


def _reason(step: Step, decision: Decision, decisions: Decisions, facts: Facts) -> Reason:
    condition = step.condition
    words, went_by = (
        unlinked(condition_words(condition)),
        tuple(_went_by(condition, decisions, facts)),
    )
    return Reason(
        words, TRUTHS[step.truth], step.excludes, condition.id == decision.stopped_by, went_by
    )


def _went_by(condition: Condition, decisions: Decisions, facts: Facts) -> Iterable[tuple[str, str]]:
    """Each fact that a condition reads with its value, or the other card with its outcome."""
    if condition.card:
        return [(condition.card, "fires" if decisions.holds(condition.card) else "is silent")]
    return [(name, fact_text(name, facts[name])) for name in dict.fromkeys(condition.facts)]


def turning(card_id: str, cards: Cards, facts: Facts) -> Turning:
    """Find the changes of ``facts`` that would reverse the outcome of one of ``cards``."""
    found = why_not(cards[card_id], cards, facts)
    ways = [[_changed(change) for change in changes] for changes in found.changes]
    would_be = "be silent" if found.decision.fires else "fire"
    return Turning(
        card_id,
        would_be,
        ways[:MOST_WAYS],
        max(0, len(ways) - MOST_WAYS),
        0 if found.exhausted else MOST_CHANGES,
    )


def _changed(change: Change) -> tuple[str, str, str, str]:
    return (
        change.fact,
        CATALOGUE[change.fact].title,
        fact_text(change.fact, change.now),
        change.then.words,
    )


def fact_text(name: str, fact: Fact) -> str:
    """A fact's value, with the day of a result; ``none`` or ``not known`` for one without."""
    if fact.state is not State.VALUE:
        told = "not known" if fact.is_unknown else "none"
        return f"{told} ({fact.note})" if fact.note else told
    text = value_text(CATALOGUE[name], fact, markdown=False)
    return f"{text}, {day_text(fact.value.moment.day)}" if hasattr(fact.value, "moment") else text


def fact_rows(
    decided: Iterable[Decision], facts: Facts, supposed: Mapping[str, str]
) -> list[FactRow]:
    """All facts that the decisions evaluated, directly or through other facts: the unknown ones
    first, then those with a value, then the absent ones."""
    asked = facts.met(name for decision in decided for name in decision.card.deciding_facts)
    rows = [_fact_row(name, facts[name], supposed) for name in CATALOGUE if name in asked]
    return sorted(rows, key=lambda row: ("unknown", "value", "absent").index(row.state))


def _fact_row(name: str, fact: Fact, supposed: Mapping[str, str]) -> FactRow:
    definition = CATALOGUE[name]
    value = value_text(definition, fact, markdown=False) if fact.state is State.VALUE else ""
    typed = (
        (supposed.get(name) or _typed(definition, fact, value))
        if definition.kind in _TYPED
        else None
    )
    options = {
        YES_NO: ("yes", "no", "unknown"),
        CATEGORY: (*definition.values, "absent", "unknown"),
    }.get(definition.kind, ())
    sources = [_source_text(source) for source in fact.sources]
    return FactRow(
        name,
        definition.title,
        fact.state.value,
        value,
        fact.note,
        sources,
        typed,
        options,
        name in supposed,
    )


def _typed(definition: Definition, fact: Fact, value: str) -> str:
    """The text to type for a fact that is shown as ``value``."""
    if fact.state is not State.VALUE:
        return str(fact.state.value)
    if definition.kind is DATE:
        return str(fact.value)
    if definition.kind is NUMBER:
        return f"{fact.value:f}" if isinstance(fact.value, Decimal) else str(fact.value)
    return value


def _source_text(source: Source) -> str:
    return ", ".join(
        filter(None, (source.reference, day_text(source.day) if source.day else "", source.text))
    )
