"""Why each card fired or stayed silent, as a person reads it: criteria in words, and the facts
that they went by."""

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
# What a person may suppose of a fact by typing it.
_TYPED = frozenset({RESULT, NUMBER, YES_NO, CATEGORY, DATE})


class Reason(NamedTuple):
    """A criterion: its words, what it came to (``true``, ``false``, ``unknown``), whether it speaks
    for the card or keeps it silent, and what it went by."""

    words: str
    truth: str
    excludes: bool
    stops: bool
    went_by: tuple[tuple[str, str], ...]

    @property
    def verdict(self) -> str:
        """Whether it speaks ``for`` the card or ``against`` it, or is ``open``: what is not known
        keeps a card silent where it must hold, and does not where it would silence it (clinical
        specification, section 1)."""
        if self.truth == "unknown":
            return "open"
        return "for" if (self.truth == "true") is not self.excludes else "against"


class CardReason(NamedTuple):
    """A card's outcome (``shown``, ``fires``, ``silent``), in words what became of it,
    and its criteria."""

    id: str
    title: str
    indicator: str
    outcome: str
    words: str
    reasons: list[Reason]


class Turning(NamedTuple):
    """What would turn a card's outcome: ``ways``, each of as few facts as possible, every fact with
    its title, its value and what it would have to be. ``more``: so many further ways are not told;
    ``up_to``: where there is none, of so many facts, 0 for any number."""

    card: str
    would_be: str
    ways: list[list[tuple[str, str, str, str]]]
    more: int
    up_to: int


class FactRow(NamedTuple):
    """A fact that was met. ``typed``: what stands in its field, ``None`` where it has none."""

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
        """Whether it is worth a look at once: not known, or something other than "no"."""
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
    """Every card of a call, in the order of ``decided``. ``left_out``: those that fire, and were
    not shown all the same."""
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
            "the patient is deceased, or it could not be rendered"
            if card.id in left_out
            else "three more urgent ones come first"
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
    """Each fact that a condition asks with its value, or the other card with its outcome."""
    if condition.card:
        return [(condition.card, "fires" if decisions.holds(condition.card) else "is silent")]
    return [(name, fact_text(name, facts[name])) for name in dict.fromkeys(condition.facts)]


def turning(card_id: str, cards: Cards, facts: Facts) -> Turning:
    """What would turn the outcome of a card of the call that ``facts`` and ``cards`` are of."""
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
    """A fact's value, or that it is absent or not known, with the day of a result."""
    if fact.state is not State.VALUE:
        told = "not known" if fact.is_unknown else "none"
        return f"{told} ({fact.note})" if fact.note else told
    text = value_text(CATALOGUE[name], fact, markdown=False)
    return f"{text}, {day_text(fact.value.moment.day)}" if hasattr(fact.value, "moment") else text


def fact_rows(
    decided: Iterable[Decision], facts: Facts, supposed: Mapping[str, str]
) -> list[FactRow]:
    """Every fact that the decisions met, and those behind them: what is not known first, then
    what has a value."""
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
    """How a fact that reads as ``value`` is typed."""
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
