"""The name of a product, read as a whole: its ingredients, the strength of each, and the parts that
are not understood.

The grammar (clinical specification, section 2, "Codes" and "Dose, route, timing")::

    name       = side (joiner side)*          joiner = "/" "+" "&" "with" "and" "plus"
    side       = (agent | word | strength | plain | bracket)*
    strength   = amount (("-" | "/") amount)* [per]          as 1 mg/mL, 2.5-25-1 mg, 4 mg/50 mg
    agent      = a name of the closed list    plain = a form, route, salt, pack, time or little word

A cobalamin is combined if the name has another agent of the list, or words on the other side of a
joiner, known or not. Words on the cobalamin's own side are a brand or a maker, and so are words in
brackets that name no cobalamin. A hyphen joins only after a strength ("4 mg-mecobalamin 2 mg"), as
in lists of US pharmacies.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .product_ingredients import Ingredient, read_ingredients
from .product_items import read_items
from .product_sides import is_combined, read_groups, read_sides
from .product_tokens import Vocabulary, tokens_of
from .strength import Strength


class ProductName(NamedTuple):
    """A product's name as understood.

    ``combined``: words on both sides of a joiner show that a cobalamin is not alone.
    ``not_understood``: words and numbers read as a brand, a maker or a pack, and amounts that can
    be read in two ways. ``doubtful``: a "B 12" may be the vitamin, or a letter of another name and
    an amount. ``has_letters``: whether the text has any letter.
    """

    ingredients: tuple[Ingredient, ...]
    combined: bool
    not_understood: tuple[str, ...]
    doubtful: bool
    has_letters: bool

    @property
    def meanings(self) -> frozenset[str]:
        """The value sets of all ingredients."""
        return frozenset().union(*(ingredient.meanings for ingredient in self.ingredients))

    def strengths_of(self, meanings: Iterable[str]) -> list[Strength]:
        """The strengths of the ingredients that mean one of ``meanings``."""
        wanted = frozenset(meanings)
        return [
            strength
            for item in self.ingredients
            if item.meanings & wanted
            for strength in item.strengths
        ]

    @property
    def strengths(self) -> list[Strength]:
        """The strengths of all ingredients."""
        return [strength for item in self.ingredients for strength in item.strengths]


def parse_product_name(text: str, vocabulary: Vocabulary) -> ProductName:
    """Read the whole ``text`` of a product's name, in time linear in its length. Never raises."""
    tokens, doubtful = tokens_of(text)
    ingredients: list[Ingredient] = []
    unread: list[str] = []
    combined = False
    for bracket, group in enumerate(read_groups(read_items(tokens, vocabulary))):
        sides = read_sides(group)
        combined = combined or is_combined(sides)
        found, not_read = read_ingredients(sides)
        ingredients += [ingredient._replace(bracket=bracket) for ingredient in found]
        unread += not_read
    return ProductName(
        tuple(ingredients),
        combined,
        tuple(dict.fromkeys(unread)),
        doubtful,
        any(map(str.isalpha, text)),
    )
