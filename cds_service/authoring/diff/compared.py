"""Which parts of two versions of a card must be evaluated in each state to see whether they
differ."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from ...facts.catalogue import closure
from ...rules.card import Card, Paragraph, Suggestion
from . import pairs


class Compared(NamedTuple):
    """The paragraphs that may be shown in different states, and the suggestions that may make
    different orders."""

    paragraphs: tuple[tuple[Paragraph | None, Paragraph | None], ...]
    old_suggestions: tuple[Suggestion, ...]
    new_suggestions: tuple[Suggestion, ...]

    def facts(self) -> list[str]:
        """Return the facts that these paragraphs and suggestions ask."""
        suggestions = (*self.old_suggestions, *self.new_suggestions)
        paragraphs = [item for pair in self.paragraphs for item in pair if item is not None]
        asked = [name for item in paragraphs for condition in item.when for name in condition.facts]
        return [
            *asked,
            *(name for item in suggestions for name in suggested(item)),
            *(["patient.paediatric"] if suggestions else []),
        ]


def compared(old: Card | None, new: Card | None, touched: Collection[str]) -> Compared:
    """Return the parts of two versions of a card that can differ when both fire. ``touched``: facts
    that can differ for the same patient.

    A paragraph that is always shown can differ only in its words, so it is left out.
    """
    if old is None or new is None:
        return Compared((), (), ())
    paragraphs = tuple(
        (before, after)
        for before, after in pairs.paragraphs(old, new)
        if _when(before) != _when(after)
        or any(rests_on_any(condition.facts, touched) for condition in _when(before))
    )
    same = _orders(old) == _orders(new)
    suggestions = [
        tuple(
            item for item in card.suggestions if not same or rests_on_any(suggested(item), touched)
        )
        for card in (old, new)
    ]
    return Compared(paragraphs, *suggestions)


def decides_otherwise(old: Card | None, new: Card | None) -> bool:
    """Whether two versions of a card can differ for some patient in more than their words."""
    if old is None or new is None:
        return old is not new
    asked = [(card.include, card.exclude, set(card.hooks), _orders(card)) for card in (old, new)]
    return asked[0] != asked[1] or bool(compared(old, new, ()).paragraphs)


def rests_on(card: Card, touched: Collection[str]) -> bool:
    """Whether the card names a fact that is, or rests on, one of ``touched``."""
    return rests_on_any(card.facts, touched)


def looked_at(card_id: str, *sets: Mapping[str, Card]) -> set[str]:
    """Return the cards that a card asks about in any of ``sets``, directly or through other
    cards."""
    found: set[str] = set()
    waiting = [card_id]
    while waiting:
        name = waiting.pop()
        for cards in sets:
            others = set(cards[name].looks_at if name in cards else ()) - found
            found |= others
            waiting += others
    return found


def _when(paragraph: Paragraph | None) -> tuple[Any, ...]:
    return paragraph.when if paragraph else ()


def _orders(card: Card) -> list[Suggestion]:
    return [replace(suggestion, label="") for suggestion in card.suggestions]


def suggested(suggestion: Suggestion) -> list[str]:
    """Return the facts that decide whether a suggestion is made and which orders it makes."""
    named = [source.fact for source in suggestion.create] + [suggestion.delete, suggestion.replaces]
    return [
        *filter(None, named),
        *(name for condition in suggestion.when for name in condition.facts),
    ]


def rests_on_any(names: Collection[str], touched: Collection[str]) -> bool:
    """Whether one of the facts ``names`` is, or rests on, one of ``touched``."""
    return not set(closure(names)).isdisjoint(touched)
