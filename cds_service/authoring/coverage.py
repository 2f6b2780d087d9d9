"""Which outcomes of each criterion the tests inside the card files have seen."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ..authored_yaml.source import Place
from ..config import Settings
from ..engine import PARAMETER_SETS, Engine
from ..rules.card import Card
from ..rules.conditions import Condition, Truth
from ..rules.decision import Decisions
from ..states.values import StatedFacts
from .card_tests import applicable_tests, authored, check_known, read_test
from .explanation import condition_text


class Seen(NamedTuple):
    """A criterion, and how often the tests saw it hold, not hold, and be unknown.

    ``decidable``: false if it asks about a card that is off, since no test can turn that card on.
    """

    card: str
    part: str
    criterion: str
    asks: str
    place: Place
    held: int
    did_not_hold: int
    unknown: int
    decidable: bool

    @property
    def both(self) -> bool:
        """Whether the tests saw it hold and also saw it not hold or be unknown."""
        return bool(self.held and (self.did_not_hold or self.unknown))


@dataclass(frozen=True, slots=True)
class Covered:
    """A criterion, with its counts in each parameter set that has it and in which it is
    decidable."""

    part: str
    criterion: str
    asks: str
    place: Place
    sets: dict[str, Seen]

    @property
    def one_sided(self) -> dict[str, Seen]:
        """The parameter sets in which the tests did not see both outcomes."""
        return {name: seen for name, seen in self.sets.items() if not seen.both}


@dataclass(frozen=True, slots=True)
class CoveredCard:
    """A card and its criteria, in file order."""

    id: str
    place: Place
    criteria: tuple[Covered, ...]

    @property
    def both(self) -> int:
        """How many criteria were seen both ways in every parameter set that has them."""
        return sum(not criterion.one_sided for criterion in self.criteria)


def seen(card: Card, cards: dict[str, Card], parameter_set: str) -> Iterator[Seen]:
    """Count the outcomes of each criterion of ``card``, of each part of an ``any_of``, and of each
    ``when`` of a paragraph or suggestion.

    A ``when`` is evaluated only in tests in which the card fires, since a silent card shows
    nothing.
    """
    states = [
        StatedFacts(read_test(card, test)[1]) for test in applicable_tests(card, parameter_set)
    ]
    decisions = [(facts, Decisions(cards, facts)) for facts in states]
    firing = [(facts, made) for facts, made in decisions if made.holds(card.id)]
    for part, condition in _conditions(card):
        looked_at = firing if part.startswith("when") else decisions
        truths: list[Truth] = [condition.truth(facts, made.holds) for facts, made in looked_at]
        decidable = not condition.card or condition.card in cards
        counts = (truths.count(True), truths.count(False), truths.count(None))
        yield Seen(
            card.id,
            part,
            condition.id,
            condition_text(condition),
            condition.place,
            *counts,
            decidable,
        )


def _conditions(card: Card) -> Iterator[tuple[str, Condition]]:
    shown = [("when of a paragraph", paragraph.when) for paragraph in card.detail]
    shown += [("when of a suggestion", suggestion.when) for suggestion in card.suggestions]
    for part, conditions in (("include", card.include), ("exclude", card.exclude), *shown):
        for condition in conditions:
            yield part, condition
            yield from ((f"{part}: part", inner) for inner in condition.alternatives)


def covered_cards(card_ids: Collection[str], settings: Settings) -> list[CoveredCard]:
    """Return the coverage of ``card_ids``, or of all cards of ``settings`` including drafts, over
    all parameter sets, in the order of the cards' places.

    Raises :class:`~cds_service.authored_yaml.source.AuthoringError` for a file that cannot be read,
    and :class:`~cds_service.authoring.card_tests.UnknownCard`.
    """
    judged = {
        name: list(authored(Engine(settings.model_copy(update={"parameters": name}))))
        for name in PARAMETER_SETS
    }
    check_known(card_ids, {card.id for pairs in judged.values() for card, _ in pairs})
    cards: dict[str, Card] = {}
    found: dict[str, dict[tuple[str, Place], Covered]] = {}
    for parameter_set, pairs in judged.items():
        for card, engine in pairs:
            if card_ids and card.id not in card_ids:
                continue
            cards.setdefault(card.id, card)
            criteria = found.setdefault(card.id, {})
            for one in seen(card, engine.cards, parameter_set):
                if one.decidable:
                    new = Covered(one.part, one.criterion, one.asks, one.place, {})
                    criteria.setdefault((one.part, one.place), new).sets[parameter_set] = one
    return [
        CoveredCard(
            card.id,
            card.place,
            tuple(sorted(found[card.id].values(), key=lambda criterion: criterion.place)),
        )
        for card in sorted(cards.values(), key=lambda card: card.place)
    ]


def totals(cards: Collection[CoveredCard]) -> tuple[int, int]:
    """Return how many criteria were seen both ways, and how many there are."""
    return sum(card.both for card in cards), sum(len(card.criteria) for card in cards)


def percent(cards: Collection[CoveredCard]) -> float:
    """Return the percentage of criteria seen both ways; 100 if there are no criteria."""
    both, every = totals(cards)
    return 100 * both / every if every else 100.0
