"""Which criteria the tests inside the card files saw decide, and which way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..rules.card import Card
from ..rules.conditions import AnyOf, Condition, Truth
from ..rules.decision import Decisions
from ..rules.yaml_source import Place
from .card_tests import StatedFacts, applicable_tests, read_test


class Seen(NamedTuple):
    """A criterion and how often the tests saw it hold, not hold, and not be known."""

    card: str
    part: str
    criterion: str
    place: Place
    held: int
    did_not_hold: int
    unknown: int

    @property
    def both(self) -> bool:
        """Whether it was seen to hold, and seen otherwise."""
        return bool(self.held and (self.did_not_hold or self.unknown))


def seen(card: Card, cards: dict[str, Card], parameter_set: str) -> Iterator[Seen]:
    """How the tests of ``card`` saw each criterion, each part of an ``any_of``, and each ``when`` of what it says."""
    states = [StatedFacts(read_test(card, test)[1]) for test in applicable_tests(card, parameter_set)]
    for part, condition in _conditions(card):
        truths: list[Truth] = [condition.truth(facts, Decisions(cards, facts).holds) for facts in states]
        yield Seen(card.id, part, condition.id, condition.place, truths.count(True), truths.count(False), truths.count(None))


def _conditions(card: Card) -> Iterator[tuple[str, Condition]]:
    shown = [paragraph.when for paragraph in card.detail] + [suggestion.when for suggestion in card.suggestions]
    for part, conditions in (("include", card.include), ("exclude", card.exclude), *(("when", when) for when in shown)):
        for condition in conditions:
            yield part, condition
            if isinstance(condition, AnyOf):
                yield from ((f"{part}: part", inner) for inner in condition.criteria)
