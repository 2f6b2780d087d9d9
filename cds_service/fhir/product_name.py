"""The name of a product, read whole: its ingredients, the strength of each, and what of it is not understood.

The grammar (clinical specification, section 2, "Codes" and "Dose, route, timing")::

    name       = side (joiner side)*          joiner = "/" "+" "&" "with" "and" "plus"
    side       = (agent | word | strength | plain | bracket)*
    strength   = amount (("-" | "/") amount)* [per]          as 1 mg/mL, 2.5-25-1 mg, 4 mg/50 mg
    agent      = a name of the closed list    plain = a form, route, salt, pack, time or little word

A cobalamin is combined where another agent of the list stands in the name, or where words stand on the other side of a joiner,
whether or not they are known. Words beside it on its own side are a brand or a maker; so are those in brackets that name no
cobalamin. A hyphen joins only after a strength ("4 mg-mecobalamin 2 mg"), as lists of US pharmacies have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple

from .product_strengths import Amounts, read_amounts
from .product_tokens import Token, Vocabulary, tokens_of
from .product_words import JOINING, PLAIN
from .strength import Strength, agreed_strength

COBALAMINS = frozenset({"hydroxocobalamin", "cyanocobalamin", "mecobalamin", "adenosylcobalamin"})
_OF_COBALAMIN = COBALAMINS | {"cobalamin-antidote"}
_UNSPECIFIC = frozenset({"partner-ingredient", "cobalamin-combination"})


class Ingredient(NamedTuple):
    """What one part of a name names. ``meanings``: value sets, empty for words of none of ours; ``strengths`` as far as read.

    ``bracket``: in which bracket of the name it stands, 0 for outside.
    """

    meanings: frozenset[str]
    words: str
    strengths: tuple[Strength, ...] = ()
    bracket: int = 0


class ProductName(NamedTuple):
    """A product's name as understood.

    ``combined``: words on both sides of a joiner tell that a cobalamin is not alone. ``not_understood``: words and numbers that were
    taken for a brand, a maker or a pack, or an amount that may be read in two ways. ``doubtful``: it may name a vitamin B12, or
    the letter of another name. ``has_letters``: it says anything at all.
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
        """The strengths stated of ingredients that mean one of ``meanings``."""
        wanted = frozenset(meanings)
        return [strength for item in self.ingredients if item.meanings & wanted for strength in item.strengths]

    @property
    def strengths(self) -> list[Strength]:
        """All strengths stated."""
        return [strength for item in self.ingredients for strength in item.strengths]


class _Part(Enum):
    AGENT = "agent"
    WORD = "word"
    STRENGTH = "strength"
    PLAIN = "plain"
    JOINER = "joiner"
    COMMA = "comma"
    HYPHEN = "hyphen"  # between two agents
    OPEN = "("
    CLOSE = ")"


class _Item(NamedTuple):
    part: _Part
    text: str
    meaning: str = ""
    amounts: Amounts | None = None


_MARKS = {
    **{mark: _Item(_Part.OPEN, mark) for mark in "([{"},
    **{mark: _Item(_Part.CLOSE, mark) for mark in ")]}"},
    **{mark: _Item(_Part.JOINER, mark) for mark in "/+&"},
    ",": _Item(_Part.COMMA, ","),
}
_PERCENT = _Item(_Part.PLAIN, "%")


class _Side:
    """What stands between two joiners or commas; ``joined``: a joiner, not a comma, stands before it."""

    __slots__ = ("agents", "has_cobalamin", "has_words", "items", "joined")

    def __init__(self, *, joined: bool):
        self.items: list[_Item] = []
        self.joined = joined
        self.agents = 0
        self.has_cobalamin = self.has_words = False

    def add(self, item: _Item) -> None:
        """Take the next item."""
        self.items.append(item)
        if item.part is _Part.AGENT:
            self.agents += 1
            self.has_cobalamin = self.has_cobalamin or item.meaning in _OF_COBALAMIN
        elif item.part is _Part.WORD:
            self.has_words = True

    @property
    def names_other(self) -> bool:
        """Whether something else than a cobalamin is named in it."""
        return not self.has_cobalamin and (self.has_words or self.agents > 0)


def parse_product_name(text: str, vocabulary: Vocabulary) -> ProductName:
    """Read a product's ``text`` whole. Never raises; takes the time of the text's length."""
    tokens, doubtful = tokens_of(text)
    ingredients: list[Ingredient] = []
    unread: list[str] = []
    combined = False
    for bracket, group in enumerate(_groups(_items(tokens, vocabulary))):
        sides = _sides(group)
        combined = combined or _is_combined(sides)
        found, not_read = _ingredients(sides)
        ingredients += [ingredient._replace(bracket=bracket) for ingredient in found]
        unread += not_read
    return ProductName(tuple(ingredients), combined, tuple(dict.fromkeys(unread)), doubtful, any(map(str.isalpha, text)))


def _items(tokens: list[Token], vocabulary: Vocabulary) -> list[_Item]:
    items: list[_Item] = []
    index = 0
    while index < len(tokens):
        item, index = _item(tokens, index, items, vocabulary)
        items.append(item)
    return [
        _Item(_Part.PLAIN, item.text)
        if item.part is _Part.JOINER and 0 < place < len(items) - 1 and items[place - 1].part is items[place + 1].part is _Part.PLAIN
        else item
        for place, item in enumerate(items)
    ]  # "tablet/capsule", "IM and SC", "3 & 5"


def _item(tokens: list[Token], index: int, before: list[_Item], vocabulary: Vocabulary) -> tuple[_Item, int]:
    """The item that begins at ``index``, and the index after it."""
    token = tokens[index]
    if token.is_mark:
        return _mark(tokens, index, before, vocabulary), index + 1
    if match := vocabulary.match(tokens, index):
        words = " ".join(part.text for part in tokens[index : match[1]] if part.text != "-")
        return _Item(_Part.AGENT, words, match[0]), match[1]
    if token.is_number:
        amounts, following = read_amounts(tokens, index)
        text = "".join(f"{'' if part.glued else ' '}{part.text}" for part in tokens[index:following]).strip()
        return _Item(_Part.STRENGTH if amounts else _Part.PLAIN, text, "", amounts), following
    return _word(tokens, index)


def _mark(tokens: list[Token], index: int, before: list[_Item], vocabulary: Vocabulary) -> _Item:
    mark = tokens[index].text
    if mark == "-":
        return _Item(_hyphen(tokens, index, before, vocabulary), mark)
    return _MARKS.get(mark, _PERCENT)


def _word(tokens: list[Token], index: int) -> tuple[_Item, int]:
    word = tokens[index].text
    if word == "w" and index + 1 < len(tokens) and tokens[index + 1].text == "/":
        return _Item(_Part.JOINER, "w/"), index + 2
    if word in JOINING:
        return _Item(_Part.JOINER, word), index + 1
    return _Item(_Part.PLAIN if word in PLAIN or len(word) == 1 else _Part.WORD, word), index + 1


def _hyphen(tokens: list[Token], index: int, before: list[_Item], vocabulary: Vocabulary) -> _Part:
    following = tokens[index + 1] if index + 1 < len(tokens) else None
    if not before or following is None or not following.is_word or not following.glued:
        return _Part.PLAIN
    if before[-1].part is _Part.STRENGTH and tokens[index].glued and following.text not in PLAIN and len(following.text) > 1:
        return _Part.JOINER
    return _Part.HYPHEN if before[-1].part is _Part.AGENT and vocabulary.match(tokens, index + 1) else _Part.PLAIN


def _groups(items: list[_Item]) -> list[list[_Item]]:
    """The name without its brackets, then each bracket; one that completes a side, or holds no words, stays where it stands."""
    outer: list[_Item] = []
    brackets: list[list[_Item]] = []
    for item_or_bracket in _with_brackets(items):
        if isinstance(item_or_bracket, _Item):
            outer.append(item_or_bracket)
        elif _belongs_in_place(item_or_bracket, outer):
            outer += item_or_bracket
        else:
            brackets.append(item_or_bracket)
    return [outer, *brackets]


def _with_brackets(items: list[_Item]) -> Iterator[_Item | list[_Item]]:
    """The items outside brackets, and the content of each outermost bracket as a list; one that is never closed goes to the end."""
    depth = 0
    content: list[_Item] = []
    for item in items:
        if item.part is _Part.OPEN:
            depth += 1
        elif item.part is _Part.CLOSE:
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


def _belongs_in_place(bracket: list[_Item], outer: list[_Item]) -> bool:
    if bracket[0].part is _Part.JOINER or not any(item.part in (_Part.AGENT, _Part.WORD) for item in bracket):
        return True
    for item in reversed(outer):
        if item.part in (_Part.AGENT, _Part.WORD):
            return False
        if item.part is _Part.JOINER:
            return True
    return False


def _sides(items: list[_Item]) -> list[_Side]:
    sides = [_Side(joined=False)]
    for item in items:
        if item.part not in (_Part.JOINER, _Part.COMMA, _Part.HYPHEN):
            sides[-1].add(item)
        elif sides[-1].items:
            sides.append(_Side(joined=item.part is _Part.JOINER))
        else:
            sides[-1].joined = sides[-1].joined or item.part is _Part.JOINER
    return sides


def _is_combined(sides: list[_Side]) -> bool:
    """Whether a joiner stands between a cobalamin and words that name none."""
    cobalamin_before = other_before = cobalamin_since = other_since = False
    for side in sides:
        if side.joined:
            cobalamin_before, other_before = cobalamin_before or cobalamin_since, other_before or other_since
            cobalamin_since = other_since = False
        if (side.has_cobalamin and other_before) or (side.names_other and cobalamin_before):
            return True
        cobalamin_since, other_since = cobalamin_since or side.has_cobalamin, other_since or side.names_other
    return False


def _ingredients(sides: list[_Side]) -> tuple[list[Ingredient], list[str]]:
    """The ingredients that the sides name, each with its strengths, and what was not understood."""
    drafts: list[_Draft] = []
    unread: list[str] = []
    strays: list[Amounts] = []
    for side in sides:
        named = _named(side)
        unread += [item.text for item in side.items if _is_unread(item, beside_agent=side.agents > 0)]
        if not named:
            strays += [item.amounts for item in side.items if item.amounts]
        drafts += named
    merged = _merged(drafts)
    lists = any(amounts.listed for draft in merged for amounts in draft.amounts)
    if strays or lists:
        _share_out(merged, [*(each for draft in merged for each in draft.amounts), *strays])
    return [draft.ingredient for draft in merged], unread


def _is_unread(item: _Item, *, beside_agent: bool) -> bool:
    if item.part is _Part.STRENGTH:
        return item.amounts is not None and None in item.amounts.strengths
    return (item.part is _Part.WORD and beside_agent) or (item.part is _Part.PLAIN and item.text.isdigit() and len(item.text) > 2)


class _Draft:
    """An ingredient while its strengths are gathered."""

    def __init__(self, meanings: frozenset[str], words: str):
        self.meanings = meanings
        self.words = [words]
        self.amounts: list[Amounts] = []

    @property
    def ingredient(self) -> Ingredient:
        """The ingredient with those of its strengths that could be read."""
        read = tuple(strength for amounts in self.amounts for strength in amounts.strengths if strength is not None)
        return Ingredient(self.meanings, " ".join(self.words), read)


def _named(side: _Side) -> list[_Draft]:
    """The ingredients of a side: its agents, else its words as one; each strength is that of the one before it, else after it."""
    part = _Part.AGENT if side.agents else _Part.WORD
    drafts: list[_Draft] = []
    waiting: list[Amounts] = []
    for item in side.items:
        if item.part is part:
            if part is _Part.WORD and drafts:
                drafts[0].words.append(item.text)
                continue
            drafts.append(_Draft(frozenset({item.meaning} if item.meaning else ()), item.text))
            drafts[-1].amounts += waiting
            waiting = []
        elif item.amounts:
            (drafts[-1].amounts if drafts else waiting).append(item.amounts)
    return drafts


def _merged(drafts: list[_Draft]) -> list[_Draft]:
    """The ingredients with names of one agent that follow each other as one: "cyanocobalamin, vitamin B-12"."""
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
    return (first.meanings | second.meanings) <= COBALAMINS and not (first.amounts and second.amounts)


def _share_out(drafts: list[_Draft], amounts: list[Amounts]) -> None:
    """Give each ingredient its own of strengths that stand apart from the names, in their order; none where numbers differ."""
    strengths = [strength for each in amounts for strength in each.strengths]
    sharing = drafts
    if len(sharing) != len(strengths):  # a multivitamin has none of its own
        sharing = [draft for draft in drafts if draft.meanings != {"cobalamin-combination"}]
    alone = len(drafts) == 1 and agreed_strength(strength for strength in strengths if strength) is not None
    for draft in drafts:
        draft.amounts = [Amounts(tuple(strengths), False)] if alone else []
    if not alone and len(sharing) == len(strengths):
        for draft, strength in zip(sharing, strengths, strict=True):
            draft.amounts = [Amounts((strength,), False)]
