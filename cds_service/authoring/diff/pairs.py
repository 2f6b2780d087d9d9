"""The parts of two versions of a card that correspond: criteria, paragraphs and suggestions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from ...rules.card import Card, Paragraph, Suggestion
from ...rules.conditions import Condition

Item = TypeVar("Item")
Pairs = list[tuple[Item | None, Item | None]]


def _paired(
    old: Sequence[Item], new: Sequence[Item], *keys: Callable[[Item], Hashable]
) -> Pairs[Item]:
    """Each of ``old`` with its counterpart in ``new``, found by the first key for which one is
    equal; ``None`` in place of a missing counterpart."""
    partner: dict[int, int] = {}
    for key in keys:
        for position, item in enumerate(old):
            if position in partner:
                continue
            found = (
                other
                for other, each in enumerate(new)
                if other not in partner.values() and key(each) == key(item)
            )
            if (other := next(found, None)) is not None:
                partner[position] = other
    left = [
        (item, new[partner[position]] if position in partner else None)
        for position, item in enumerate(old)
    ]
    return [
        *left,
        *((None, item) for position, item in enumerate(new) if position not in partner.values()),
    ]


def criteria(old: Sequence[Condition], new: Sequence[Condition]) -> list[tuple[Any, Any]]:
    """Pair criteria by id, then by the rest of their content."""
    return _paired(old, new, lambda item: item.id, lambda item: replace(item, id=""))


def paragraphs(old: Card, new: Card) -> Pairs[Paragraph]:
    """Pair paragraphs by text and condition, then by text, then by condition."""
    return _paired(
        old.detail, new.detail, lambda item: item, lambda item: item.text, lambda item: item.when
    )


def suggestions(old: Card, new: Card) -> Pairs[Suggestion]:
    """Pair suggestions by all but the label, then by the label, then by the orders they make."""
    return _paired(
        old.suggestions,
        new.suggestions,
        lambda item: replace(item, label=""),
        lambda item: item.label,
        lambda item: (item.create, item.delete),
    )
