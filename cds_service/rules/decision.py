"""Decides whether a card fires, and which criterion silences it. This is decided nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .card import Card
from .conditions import Condition, FactSource, Truth


class Step(NamedTuple):
    """One criterion and its truth. ``excludes``: it is one of those that silence the card."""

    condition: Condition
    truth: Truth
    excludes: bool


class Decision(NamedTuple):
    """The outcome for one card. ``stopped_by``: the criterion that silenced it, ``""`` if it fires;
    ``truths``: those of the criteria that were evaluated."""

    card: Card
    fires: bool
    stopped_by: str
    truths: tuple[Truth, ...]

    @property
    def evaluated(self) -> tuple[tuple[Condition, bool], ...]:
        """The criteria that were evaluated, in order, each with whether it excludes."""
        criteria = self.card.criteria
        return criteria if len(self.truths) == len(criteria) else criteria[: len(self.truths)]

    @property
    def reasons(self) -> list[Condition]:
        """The criteria because of which the card fires: those that hold and do not exclude."""
        return [
            condition
            for (condition, excludes), truth in zip(self.evaluated, self.truths, strict=True)
            if truth and not excludes
        ]

    @property
    def steps(self) -> tuple[Step, ...]:
        """The trace: each criterion that was evaluated, in order, with its truth."""
        evaluated = zip(self.evaluated, self.truths, strict=True)
        return tuple(Step(condition, truth, excludes) for (condition, excludes), truth in evaluated)


class Decisions:
    """The decisions of one call, each made once and only when asked for."""

    def __init__(self, cards: Mapping[str, Card], facts: FactSource, *, whole_trace: bool = False):
        self._cards = cards
        self._facts = facts
        self._whole_trace = whole_trace
        self._made: dict[str, Decision] = {}

    def __getitem__(self, card_id: str) -> Decision:
        made = self._made.get(card_id)
        if made is None:
            made = decide(self._cards[card_id], self._facts, self, whole_trace=self._whole_trace)
            self._made[card_id] = made
        return made

    def __contains__(self, card_id: str) -> bool:
        """Whether the call has the card; it has none that is inactive in the parameter set."""
        return card_id in self._cards

    def holds(self, card_id: str) -> bool:
        """Whether another card fires; a card that is not in this call does not."""
        return card_id in self._cards and self[card_id].fires

    @property
    def are_silent(self) -> bool:
        """Whether no card of the call fires."""
        return not any(decision.fires for decision in self.all())

    def all(self) -> list[Decision]:
        """The decisions for all cards of the call, in the order of the cards."""
        return [self[card_id] for card_id in self._cards]


def decide(
    card: Card, facts: FactSource, others: Decisions, *, whole_trace: bool = False
) -> Decision:
    """Decide one card: every ``include`` must be true, and any true ``exclude`` silences it.

    An unknown ``include`` does not fire, and an unknown ``exclude`` does not silence (clinical
    specification, section 1). ``whole_trace``: evaluate every criterion, even after one has
    decided.
    """
    truths: list[Truth] = []
    stopped_by, holds = "", others.holds
    for condition, excludes in card.criteria:
        truth = condition.truth(facts, holds)
        truths.append(truth)
        if bool(truth) is excludes and not stopped_by:
            stopped_by = condition.id
            if not whole_trace:
                break
    return Decision(card, not stopped_by, stopped_by, tuple(truths))
