"""The words, numbers and marks of a product's name, and the names of the closed list that occur
in it.

Reading takes time linear in the length of the text, because no pattern backtracks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

from .product_words import PLAIN, VITAMIN
from .strength import MASS

_MARKS = str.maketrans({
    "\u2122": " ", "\u00ae": " ", "\u00a9": " ",  # trade mark signs, which NFKD turns into letters
    "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-",
    "\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u00b4": "'", "`": "'",
    "\u00d7": "x", "\u00b7": ",", "\u2022": ",", ";": ",", "\u03bc": "u", "\u00b5": "u",
    "\u00df": "ss", "|": "/",
})  # fmt: skip
_TOKEN = re.compile(
    r"(?P<word>[^\W\d_][^\W_]*+(?:(?<=\d)(?:\.\d++|,\d(?!\d)))*+)"  # B12.5 is not B12
    r"|(?P<number>(?:\d++|(?<![\w.,')\]])\.\d++)(?:[.,']\d++)*+)"
    r"|(?P<mark>[-/+&,()\[\]{}%])"
)
_RUN = re.compile(r"[^\W_]++")
_B_NUMBERS = frozenset({"1", "2", "3", "5", "6", "7", "9", "12"})
_JOINS_B_NUMBERS = {
    "1": frozenset({"2", "6", "12"}),
    "2": frozenset({"6", "12"}),
    "6": frozenset({"12"}),
}


class Token(NamedTuple):
    """A piece of a name: a word (letters, perhaps with digits after them), a number as printed, or
    a mark.

    ``glued``: nothing separates it from the token before.
    """

    text: str
    glued: bool
    is_word: bool = False
    is_number: bool = False

    @property
    def is_mark(self) -> bool:
        """Whether it is a mark: a joiner, a hyphen, a bracket."""
        return not self.is_word and not self.is_number


def tokens_of(text: str) -> tuple[list[Token], bool]:
    """The tokens of a name, and whether a ``B 12`` in it may be a letter and an amount.

    Tokens are in lower case and without accents, and the word vitamin has one form. ``B-12`` and
    ``B 12`` become one word if the number is part of the name, which it is not after another word
    ("Amphotericin B 12 mg").
    """
    found = [*_lexed(text)]
    tokens: list[Token] = []
    doubtful = False
    index = 0
    while index < len(found):
        number = _b_number(found, index)
        belongs = number and _belongs(tokens, found, index, number)
        if number and belongs is not False:
            tokens.append(
                Token(
                    f"b{found[number].text}" if belongs else "b", found[index].glued, is_word=True
                )
            )
            doubtful = doubtful or belongs is None
            index = number + 1
        else:
            index = _append(tokens, found, index)
    return tokens, doubtful


def _lexed(text: str) -> list[Token]:
    found, end = [], -1
    for match in _TOKEN.finditer(plain_text(text)):
        word, kind, start = match[0], match.lastgroup, match.start()
        found.append(
            Token(
                "vitamin" if word in VITAMIN else word,
                start == end,
                kind == "word",
                kind == "number",
            )
        )
        end = match.end()
    return found


def plain_text(text: str) -> str:
    """The text in lower case, without accents, and with one form of each sign and mark."""
    if text.isascii():
        return text.lower().translate(_MARKS)
    plain = unicodedata.normalize("NFKD", text.translate(_MARKS)).lower().translate(_MARKS)
    return (
        plain
        if plain.isascii()
        else "".join(letter for letter in plain if not unicodedata.combining(letter))
    )


def _b_number(found: list[Token], index: int) -> int:
    """The index of the number of a vitamin B whose letter is at ``index``; 0 if there is no
    number."""
    if found[index].text != "b" or (found[index].glued and index and found[index - 1].is_number):
        return 0
    number = index + 1
    if number < len(found) and found[number].text == "-":
        number += 1
    if number >= len(found) or not found[number].is_number or found[number].text not in _B_NUMBERS:
        return 0
    following = found[number + 1] if number + 1 < len(found) else None
    return (
        0
        if following and following.glued and following.is_word and following.text not in MASS
        else number
    )


def _belongs(before: list[Token], found: list[Token], index: int, number: int) -> bool | None:
    """Whether the number after a letter B is part of the name; ``None`` if it may also be an
    amount."""
    preceding = before[-1] if before else None
    following = found[number + 1] if number + 1 < len(found) else None
    measured = following is not None and (following.text in MASS or following.text == "%")
    if preceding is not None and preceding.text == "vitamin":
        return True
    if found[number - 1].text == "-":
        return not (measured and preceding is not None and _is_unknown(preceding))
    if preceding is None or not _is_unknown(preceding):
        return None if measured else True
    if measured:
        return False
    if following is not None and following.is_number:
        return True
    return None


def _is_unknown(token: Token) -> bool:
    return (
        token.is_word
        and len(token.text) > 1
        and token.text not in PLAIN
        and not re.fullmatch(r"b\d+", token.text)
    )


def _append(tokens: list[Token], found: list[Token], index: int) -> int:
    """Append the token at ``index``, or the two tokens that name another vitamin B in ``B1-6-12``
    and ``B1/6``. Return the index after them."""
    token = found[index]
    if (
        token.text in ("-", "/")
        and token.glued
        and index + 1 < len(found)
        and tokens
        and tokens[-1].text[:1] == "b"
    ):
        following = found[index + 1]
        if (
            following.glued
            and following.text in _JOINS_B_NUMBERS.get(tokens[-1].text[1:], ())
            and not _measured(found, index + 2)
        ):
            tokens += [token, Token(f"b{following.text}", True, is_word=True)]
            return index + 2
    tokens.append(token)
    return index + 1


def _measured(found: list[Token], index: int) -> bool:
    return index < len(found) and found[index].text in MASS


class Vocabulary:
    """The closed list of names. ``names``: the meaning of each name."""

    def __init__(self, names: Mapping[str, str]):
        self._meanings = {_words(name): meaning for name, meaning in names.items()}
        self._longest = max(map(len, self._meanings), default=0)
        self._telling = frozenset(max(words, key=len) for words in self._meanings) | VITAMIN | {"b"}

    def may_stand_in(self, text: str) -> bool:
        """Whether a name of the list may occur in ``text``. This is faster than to find out whether
        one does."""
        return not self._telling.isdisjoint(_RUN.findall(plain_text(text)))

    def match(self, tokens: list[Token], index: int) -> tuple[str, int] | None:
        """The meaning of the longest name that begins at ``index``, and the index after it;
        ``None`` if no name does.

        Hyphens may separate its words. With a letter or a digit beside it, it is another name.
        """
        if tokens[index].glued and index and tokens[index - 1].is_number:
            return None
        words: list[str] = []
        found = None
        for position in range(index, min(index + 2 * self._longest, len(tokens))):
            token = tokens[position]
            if token.is_mark:
                if token.text != "-" or not words:
                    break
                continue
            if (
                token.is_word
                and token.glued
                and position > index
                and tokens[position - 1].is_number
            ):
                break
            words.append(token.text)
            if len(words) > self._longest:
                break
            if (meaning := self._meanings.get(tuple(words))) and not self._goes_on(
                tokens, position
            ):
                found = meaning, position + 1
        return found

    def meanings_in(self, text: str) -> frozenset[str]:
        """The meanings of all names of the list that occur in ``text``."""
        if not self.may_stand_in(text):
            return frozenset()
        tokens, _ = tokens_of(text)
        found, index = set(), 0
        while index < len(tokens):
            if match := self.match(tokens, index):
                found.add(match[0])
                index = match[1]
            else:
                index += 1
        return frozenset(found)

    @staticmethod
    def _goes_on(tokens: list[Token], position: int) -> bool:
        """Whether a letter comes directly after the number at the end of a name."""
        following = tokens[position + 1] if position + 1 < len(tokens) else None
        return (
            tokens[position].is_number
            and following is not None
            and following.glued
            and following.is_word
        )


def _words(name: str) -> tuple[str, ...]:
    return tuple(token.text for token in tokens_of(name)[0] if not token.is_mark)
