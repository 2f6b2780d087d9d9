"""The sides of a product's name: the parts between joiners and commas, in the name and in each of
its brackets. They show whether the name is that of a combination."""

from __future__ import annotations

from collections.abc import Iterator

from .product_items import Item, Part

COBALAMINS = frozenset({"hydroxocobalamin", "cyanocobalamin", "mecobalamin", "adenosylcobalamin"})
FOLATES = frozenset({"folic-acid", "levomefolate", "leucovorin"})
# A product of agents of one family alone is no combination.
_FAMILIES = (COBALAMINS | {"cobalamin-antidote"}, FOLATES)


class Side:
    """The items between two joiners or commas. ``joined``: the mark before them is a joiner, not a
    comma."""

    __slots__ = ("has_words", "items", "joined", "meanings")

    def __init__(self, *, joined: bool):
        self.items: list[Item] = []
        self.joined = joined
        self.meanings: list[str] = []
        self.has_words = False

    def add(self, item: Item) -> None:
        """Add the next item."""
        self.items.append(item)
        if item.part is Part.AGENT:
            self.meanings.append(item.meaning)
        elif item.part is Part.WORD:
            self.has_words = True

    def names(self, family: frozenset[str]) -> bool:
        """Whether the side names an agent of a family."""
        return not family.isdisjoint(self.meanings)

    def names_other(self, family: frozenset[str]) -> bool:
        """Whether the side names something, but no agent of the family."""
        return (self.has_words or bool(self.meanings)) and not self.names(family)


def read_groups(items: list[Item]) -> list[list[Item]]:
    """The name without its brackets, then each bracket. A bracket that completes a side, or has no
    words, stays in its place in the name."""
    outer: list[Item] = []
    brackets: list[list[Item]] = []
    for item_or_bracket in _with_brackets(items):
        if isinstance(item_or_bracket, Item):
            outer.append(item_or_bracket)
        elif _belongs_in_place(item_or_bracket, outer):
            outer += item_or_bracket
        else:
            brackets.append(item_or_bracket)
    return [outer, *brackets]


def _with_brackets(items: list[Item]) -> Iterator[Item | list[Item]]:
    """The items outside brackets, and the content of each outermost bracket as a list. A bracket
    that is never closed extends to the end."""
    depth = 0
    content: list[Item] = []
    for item in items:
        if item.part is Part.OPEN:
            depth += 1
        elif item.part is Part.CLOSE:
            depth = max(depth - 1, 0)
            if not depth and content:
                yield content
                content = []
        elif depth:
            content.append(item)
        else:
            yield item
    if content:
        yield content


def _belongs_in_place(bracket: list[Item], outer: list[Item]) -> bool:
    if bracket[0].part is Part.JOINER or not any(
        item.part in (Part.AGENT, Part.WORD) for item in bracket
    ):
        return True
    for item in reversed(outer):
        if item.part in (Part.AGENT, Part.WORD):
            return False
        if item.part is Part.JOINER:
            return True
    return False


def read_sides(items: list[Item]) -> list[Side]:
    """The sides of a group: the items between its joiners, commas and hyphens."""
    sides = [Side(joined=False)]
    for item in items:
        if item.part not in (Part.JOINER, Part.COMMA, Part.HYPHEN):
            sides[-1].add(item)
        elif sides[-1].items:
            sides.append(Side(joined=item.part is Part.JOINER))
        else:
            sides[-1].joined = sides[-1].joined or item.part is Part.JOINER
    return sides


def is_combined(sides: list[Side]) -> bool:
    """Whether a joiner stands between a cobalamin, or a folate, and words that name none."""
    return len(sides) > 1 and any(_is_joined(sides, family) for family in _FAMILIES)


def _is_joined(sides: list[Side], family: frozenset[str]) -> bool:
    named_before = other_before = named_since = other_since = False
    for side in sides:
        if side.joined:
            named_before, other_before = (named_before or named_since, other_before or other_since)
            named_since = other_since = False
        named, other = side.names(family), side.names_other(family)
        if (named and other_before) or (other and named_before):
            return True
        named_since, other_since = named_since or named, other_since or other
    return False
