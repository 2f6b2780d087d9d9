"""The ingredients that the sides of a product's name state, each with its strengths."""

from __future__ import annotations

from typing import NamedTuple

from .product_items import Item, Part
from .product_sides import COBALAMINS, Side
from .product_strengths import Amounts
from .strength import Strength, agreed_strength

_UNSPECIFIC = frozenset({"partner-ingredient", "cobalamin-combination"})


class Ingredient(NamedTuple):
    """An ingredient that a part of a name states. ``meanings``: its value sets, empty for words
    that are not on the closed list. ``strengths``: those that could be read.

    ``bracket``: the number of the bracket that holds it, 0 outside brackets.
    """

    meanings: frozenset[str]
    words: str
    strengths: tuple[Strength, ...] = ()
    bracket: int = 0


def read_ingredients(sides: list[Side]) -> tuple[list[Ingredient], list[str]]:
    """The ingredients of the sides, each with its strengths, and the texts not understood."""
    drafts: list[_Draft] = []
    unread: list[str] = []
    strays: list[Amounts] = []
    for side in sides:
        named = _named(side)
        unread += [
            item.text for item in side.items if _is_unread(item, beside_agent=bool(side.meanings))
        ]
        if not named:
            strays += [item.amounts for item in side.items if item.amounts]
        drafts += named
    merged = _merged(drafts)
    lists = any(amounts.listed for draft in merged for amounts in draft.amounts)
    if strays or lists:
        _share_out(merged, [*(each for draft in merged for each in draft.amounts), *strays])
    return [draft.ingredient for draft in merged], unread


def _is_unread(item: Item, *, beside_agent: bool) -> bool:
    if item.part is Part.STRENGTH:
        return item.amounts is not None and None in item.amounts.strengths
    return (item.part is Part.WORD and beside_agent) or (
        item.part is Part.PLAIN and item.text.isdigit() and len(item.text) > 2
    )


class _Draft:
    """An ingredient while its strengths are gathered."""

    def __init__(self, meanings: frozenset[str], words: str):
        self.meanings = meanings
        self.words = [words]
        self.amounts: list[Amounts] = []

    @property
    def ingredient(self) -> Ingredient:
        """The ingredient with those of its strengths that could be read."""
        read = tuple(
            strength
            for amounts in self.amounts
            for strength in amounts.strengths
            if strength is not None
        )
        return Ingredient(self.meanings, " ".join(self.words), read)


def _named(side: Side) -> list[_Draft]:
    """The ingredients of a side: its agents or, without agents, its words as one ingredient. A
    strength belongs to the ingredient before it, or to the first if none comes before."""
    part = Part.AGENT if side.meanings else Part.WORD
    drafts: list[_Draft] = []
    waiting: list[Amounts] = []
    for item in side.items:
        if item.part is part:
            if part is Part.WORD and drafts:
                drafts[0].words.append(item.text)
                continue
            drafts.append(_Draft(frozenset({item.meaning} if item.meaning else ()), item.text))
            drafts[-1].amounts += waiting
            waiting = []
        elif item.amounts:
            (drafts[-1].amounts if drafts else waiting).append(item.amounts)
    return drafts


def _merged(drafts: list[_Draft]) -> list[_Draft]:
    """The ingredients, with consecutive names of one agent merged into one: "cyanocobalamin,
    vitamin B-12"."""
    merged: list[_Draft] = []
    for draft in drafts:
        last = merged[-1] if merged else None
        if last is not None and _is_one_agent(last, draft):
            last.meanings |= draft.meanings
            last.words += draft.words
            last.amounts += draft.amounts
        else:
            merged.append(draft)
    return merged


def _is_one_agent(first: _Draft, second: _Draft) -> bool:
    if not first.meanings or not second.meanings or second.meanings & _UNSPECIFIC:
        return False
    if first.meanings == second.meanings:
        return True
    return (first.meanings | second.meanings) <= COBALAMINS and not (
        first.amounts and second.amounts
    )


def _share_out(drafts: list[_Draft], amounts: list[Amounts]) -> None:
    """Assign strengths that are printed apart from the names to the ingredients, in order; none if
    their numbers differ. A single ingredient gets all strengths if they agree."""
    strengths = [strength for each in amounts for strength in each.strengths]
    sharing = drafts
    if len(sharing) != len(strengths):  # a multivitamin has no strength of its own
        sharing = [draft for draft in drafts if draft.meanings != {"cobalamin-combination"}]
    alone = (
        len(drafts) == 1
        and agreed_strength(strength for strength in strengths if strength) is not None
    )
    for draft in drafts:
        draft.amounts = [Amounts(tuple(strengths), False)] if alone else []
    if not alone and len(sharing) == len(strengths):
        for draft, strength in zip(sharing, strengths, strict=True):
            draft.amounts = [Amounts((strength,), False)]
