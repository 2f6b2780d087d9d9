"""The content of a drawing of a decision, whatever its form: the criteria in order, the truth of
each and its effect on the card, and the card at the end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ...facts.catalogue import CATALOGUE, Facts
from ...rendering.card_text import dated_text
from ...rules.card import Card
from ...rules.conditions import Condition, unnamed
from ...rules.decision import Decision, Decisions
from ..card_words import condition_words, readable, unlinked
from ..explanation import TRUTHS, condition_text

TRUE, FALSE, UNKNOWN, NOT_ASKED = "true", "false", "unknown", ""
_WORDS = {TRUE: "holds", FALSE: "does not hold", UNKNOWN: "not known", NOT_ASKED: ""}


@dataclass(frozen=True, slots=True)
class Rung:
    """One criterion: its question in a clinician's ``words``, and as the card file ``asks`` it.

    ``truth``: ``NOT_ASKED`` if no request was decided; ``values``: the values of its facts in the
    request; ``card``: the other card that it asks about; ``alternatives``: the parts of an
    ``any_of``; ``stops``: whether it silenced the card; ``reached``: whether no earlier criterion
    did.
    """

    id: str
    words: str
    asks: str
    excludes: bool
    truth: str = NOT_ASKED
    values: tuple[str, ...] = ()
    card: str = ""
    alternatives: tuple[Rung, ...] = ()
    stops: bool = False
    reached: bool = True

    @property
    def lets_through(self) -> bool:
        """Whether this truth lets the card through: an include holds, or an exclude does not hold
        or is not known."""
        return (self.truth == TRUE) is not self.excludes

    @property
    def truth_words(self) -> str:
        """The truth in a clinician's words."""
        return _WORDS[self.truth]

    @property
    def effect(self) -> str:
        """The effect of the truth on the card, for a criterion after the stop the effect that it
        would have had."""
        if self.stops:
            return "stopped here: the card is silent"
        if not self.lets_through:
            return "would also have stopped it"
        return "lets the card through" if self.reached else ""


@dataclass(frozen=True, slots=True)
class Ladder:
    """A card's decision. ``outcome``: empty for a card as authored, else the card's outcome."""

    card: str
    title: str
    indicator: str
    summary: str
    parameter_set: str
    rungs: tuple[Rung, ...]
    outcome: str = ""

    @property
    def fires(self) -> bool:
        """Whether no criterion stopped the card; always true for a card as authored."""
        return not any(rung.stops for rung in self.rungs)

    @property
    def groups(self) -> list[tuple[str, list[Rung]]]:
        """The criteria that must hold and those that silence the card, each list with its label."""
        include = [rung for rung in self.rungs if not rung.excludes]
        exclude = [rung for rung in self.rungs if rung.excludes]
        labelled = [
            ("Fires when all of these hold", include),
            ("Silent when any of these holds", exclude),
        ]
        return [(label, rungs) for label, rungs in labelled if rungs]

    @property
    def heading(self) -> str:
        """The title of the drawing."""
        return f"{self.title} ({self.card}, parameter set {self.parameter_set})"

    def described(self) -> str:
        """Return the whole decision in one line of text."""
        parts = [f"{label}: {'; '.join(map(_told, rungs))}." for label, rungs in self.groups]
        parts += [f"For this request: {self.outcome}."] if self.outcome else []
        return " ".join(parts)


def _told(rung: Rung) -> str:
    truth = (
        f" ({rung.truth}{': ' + ', '.join(rung.values) if rung.values else ''})"
        if rung.truth
        else ""
    )
    return f"{rung.words}{truth}{', which stopped it' if rung.stops else ''}"


def ladder_as_authored(card: Card, parameter_set: str) -> Ladder:
    """Return the ladder of a card by itself. ``parameter_set``: the name of the set that the card
    is of."""
    return _ladder(
        card, parameter_set, [_rung(condition, excludes) for condition, excludes in card.criteria]
    )


def ladder_of_decision(
    decision: Decision, decisions: Decisions, facts: Facts, parameter_set: str, outcome: str
) -> Ladder:
    """Return the ladder of ``decision``, which must have its whole trace; ``outcome``: as
    :func:`~cds_service.authoring.explanation.outcome` words it."""
    rungs, reached = [], True
    for step in decision.steps:
        stops = reached and step.condition.id == decision.stopped_by and not decision.fires
        rungs.append(_decided(step.condition, step.excludes, decisions, facts, stops, reached))
        reached = reached and not stops
    told = f"{outcome}, stopped by {decision.stopped_by}" if decision.stopped_by else outcome
    return _ladder(decision.card, parameter_set, rungs, told)


def _ladder(card: Card, parameter_set: str, rungs: Iterable[Rung], outcome: str = "") -> Ladder:
    summary = readable(card.summary)
    return Ladder(
        card.id, card.title, card.indicator, summary, parameter_set, tuple(rungs), outcome
    )


def _rung(condition: Condition, excludes: bool) -> Rung:
    words, asks = unlinked(condition_words(condition)), condition_text(condition)
    parts = tuple(_rung(part, excludes) for part in condition.alternatives)
    if parts:
        asks = condition.id  # its parts say what it asks
    elif condition.id not in [
        unnamed(criterion.fact, criterion.operator) for criterion in condition.criteria
    ]:
        asks = f"{condition.id}: {asks}"  # its author gave it an id
    return Rung(condition.id, words, asks, excludes, card=condition.card, alternatives=parts)


def _decided(
    condition: Condition,
    excludes: bool,
    decisions: Decisions,
    facts: Facts,
    stops: bool,
    reached: bool,
) -> Rung:
    truth = TRUTHS[condition.truth(facts, decisions.holds)]
    parts = tuple(
        _decided(part, excludes, decisions, facts, False, reached)
        for part in condition.alternatives
    )
    values = [] if parts else [_value(name, facts) for name in condition.facts]
    if condition.card:
        values = [
            f"{condition.card} {'fires' if decisions.holds(condition.card) else 'does not fire'}"
        ]
    plain = _rung(condition, excludes)
    return replace(
        plain, truth=truth, values=tuple(values), alternatives=parts, stops=stops, reached=reached
    )


def _value(name: str, facts: Facts) -> str:
    fact = facts[name]
    note = f" ({fact.note})" if fact.note else ""
    return f"{name} = {dated_text(CATALOGUE[name], fact, markdown=False) or fact.state.value}{note}"
