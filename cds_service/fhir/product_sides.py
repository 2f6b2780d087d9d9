"""The sides of a product's name: the parts between joiners and commas, in the name and in each of
its brackets. They show whether the name is that of a combination."""

from __future__ import annotations

from collections.abc import Iterator

from .product_items import Item, Part

COBALAMINS = frozenset({"hydroxocobalamin", "cyanocobalamin", "mecobalamin", "adenosylcobalamin"})
_OF_COBALAMIN = COBALAMINS | {"cobalamin-antidote"}


class Side:
    """The items between two joiners or commas. ``joined``: the mark before them is a joiner, not a
    comma."""

    __slots__ = ("agents", "has_cobalamin", "has_words", "items", "joined")

    def __init__(self, *, joined: bool):
        self.items: list[Item] = []
        self.joined = joined
        self.agents = 0
        self.has_cobalamin = self.has_words = False

    def add(self, item: Item) -> None:
        """Add the next item."""
        self.items.append(item)
        if item.part is Part.AGENT:
            self.agents += 1
            self.has_cobalamin = self.has_cobalamin or item.meaning in _OF_COBALAMIN
        elif item.part is Part.WORD:
            self.has_words = True

    @property
    def names_other(self) -> bool:
        """Whether the side names something other than a cobalamin."""
        return not self.has_cobalamin and (self.has_words or self.agents > 0)


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
    """Whether a joiner stands between a cobalamin and words that name none."""
    cobalamin_before = other_before = cobalamin_since = other_since = False
    for side in sides:
        if side.joined:
            cobalamin_before, other_before = (
                cobalamin_before or cobalamin_since,
                other_before or other_since,
            )
            cobalamin_since = other_since = False
        if (side.has_cobalamin and other_before) or (side.names_other and cobalamin_before):
            return True
        cobalamin_since, other_since = (
            cobalamin_since or side.has_cobalamin,
            other_since or side.names_other,
        )
    return False
