"""The items of a product's name (agents, words, strengths, joiners, brackets), each made of one
token or several."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from .product_strengths import Amounts, read_amounts
from .product_tokens import Token, Vocabulary
from .product_words import JOINING, PLAIN


class Part(Enum):
    """The role of an item in the grammar of names."""

    AGENT = "agent"
    WORD = "word"
    STRENGTH = "strength"
    PLAIN = "plain"
    JOINER = "joiner"
    COMMA = "comma"
    HYPHEN = "hyphen"  # between two agents
    OPEN = "("
    CLOSE = ")"


class Item(NamedTuple):
    """One item. ``meaning``: the value set of an agent. ``amounts``: those of a strength."""

    part: Part
    text: str
    meaning: str = ""
    amounts: Amounts | None = None


_MARKS = {
    **{mark: Item(Part.OPEN, mark) for mark in "([{"},
    **{mark: Item(Part.CLOSE, mark) for mark in ")]}"},
    **{mark: Item(Part.JOINER, mark) for mark in "/+&"},
    ",": Item(Part.COMMA, ","),
}
_PERCENT = Item(Part.PLAIN, "%")
_CATIONS = frozenset({"calcium", "magnesium"})
_SALTS = frozenset({"levomefolate", "leucovorin"})


def read_items(tokens: list[Token], vocabulary: Vocabulary) -> list[Item]:
    """The items of ``tokens``, in order."""
    items: list[Item] = []
    index = 0
    while index < len(tokens):
        item, index = _item(tokens, index, items, vocabulary)
        items.append(item)
    return [
        Item(Part.PLAIN, item.text)
        if _joins_nothing(items, place) or _is_cation(items, place)
        else item
        for place, item in enumerate(items)
    ]


def _joins_nothing(items: list[Item], place: int) -> bool:
    """Whether a joiner stands in "tablet/capsule", "IM and SC", "3 & 5"."""
    return (
        items[place].part is Part.JOINER
        and 0 < place < len(items) - 1
        and items[place - 1].part is items[place + 1].part is Part.PLAIN
    )


def _is_cation(items: list[Item], place: int) -> bool:
    """Whether an agent is only the cation of the salt of a folate: "L-methylfolate calcium",
    "calcium leucovorin"."""
    if items[place].text not in _CATIONS:
        return False
    return any(
        items[beside].meaning in _SALTS
        for step in (-1, 1)
        for beside in [place + (2 * step if _part(items, place + step) is Part.HYPHEN else step)]
        if 0 <= beside < len(items)
    )


def _part(items: list[Item], place: int) -> Part | None:
    return items[place].part if 0 <= place < len(items) else None


def _item(
    tokens: list[Token], index: int, before: list[Item], vocabulary: Vocabulary
) -> tuple[Item, int]:
    """The item that begins at ``index``, and the index after it."""
    token = tokens[index]
    if token.is_mark:
        return _mark(tokens, index, before, vocabulary), index + 1
    if match := vocabulary.match(tokens, index):
        words = " ".join(part.text for part in tokens[index : match[1]] if part.text != "-")
        return Item(Part.AGENT, words, match[0]), match[1]
    if token.is_number:
        amounts, following = read_amounts(tokens, index)
        text = "".join(
            f"{'' if part.glued else ' '}{part.text}" for part in tokens[index:following]
        ).strip()
        return Item(Part.STRENGTH if amounts else Part.PLAIN, text, "", amounts), following
    return _word(tokens, index)


def _mark(tokens: list[Token], index: int, before: list[Item], vocabulary: Vocabulary) -> Item:
    mark = tokens[index].text
    if mark == "-":
        return Item(_hyphen(tokens, index, before, vocabulary), mark)
    return _MARKS.get(mark, _PERCENT)


def _word(tokens: list[Token], index: int) -> tuple[Item, int]:
    word = tokens[index].text
    if word == "w" and index + 1 < len(tokens) and tokens[index + 1].text == "/":
        return Item(Part.JOINER, "w/"), index + 2
    if word in JOINING:
        return Item(Part.JOINER, word), index + 1
    if word == "sodium" and index + 1 < len(tokens) and tokens[index + 1].text == "chloride":
        return Item(Part.PLAIN, "sodium chloride"), index + 2
    return Item(Part.PLAIN if word in PLAIN or len(word) == 1 else Part.WORD, word), index + 1


def _hyphen(tokens: list[Token], index: int, before: list[Item], vocabulary: Vocabulary) -> Part:
    following = tokens[index + 1] if index + 1 < len(tokens) else None
    if not before or following is None or not following.is_word or not following.glued:
        return Part.PLAIN
    if (
        before[-1].part is Part.STRENGTH
        and tokens[index].glued
        and following.text not in PLAIN
        and len(following.text) > 1
    ):
        return Part.JOINER
    return (
        Part.HYPHEN
        if before[-1].part is Part.AGENT and vocabulary.match(tokens, index + 1)
        else Part.PLAIN
    )
