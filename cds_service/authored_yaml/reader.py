"""Reads the parts of a YAML file, and reports mistakes with file:line and "did you mean"."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from .source import AuthoringError, Mapping, Mistakes, Noted, Place, Sequence

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_Made = TypeVar("_Made")


def meant(name: str, names: Iterable[str]) -> str:
    """The "did you mean" part of an error, or the list of choices."""
    choices = list(names)
    foreign = next((letter for letter in name if not letter.isascii()), "")
    told = (
        f"It contains the letter U+{ord(foreign):04X} ({unicodedata.name(foreign, 'unnamed')}). "
        if foreign
        else ""
    )
    for close in near(name, choices):
        return f"{told}Did you mean {close!r}?"
    return told + (f"Choose from: {', '.join(sorted(choices))}." if len(choices) <= 20 else "")


def near(name: str, names: Iterable[str]) -> list[str]:
    """The closest match for ``name`` among ``names``, as a list; empty if none is close."""
    choices = {choice.casefold(): choice for choice in names}
    return [
        choices[found]
        for found in difflib.get_close_matches(name.casefold(), choices, n=1, cutoff=0.6)
    ]


class Reader:
    """Reads values of the expected shape. Every method raises :class:`AuthoringError` at the place
    of the mistake.

    With ``mistakes``, a mistake that need not stop the reading is noted there instead, and the
    caller ends with ``mistakes.tell()``.
    """

    vocabulary: Any = None  # the names that the file may use

    def __init__(self, mistakes: Mistakes | None = None):
        self.mistakes = mistakes

    def note(self, error: AuthoringError) -> None:
        """Note ``error`` and go on, or raise it if mistakes are not collected."""
        if self.mistakes is None:
            raise error
        self.mistakes.note(error)

    def each(
        self, mapping: Mapping, key: str, read: Callable[[Any, Place], _Made], *, some: bool = False
    ) -> tuple[_Made, ...]:
        """What ``read`` returns for each item of the list under ``key``; ``some``: the list must
        not be empty."""
        made = []
        for value, place in self.items(mapping, key, some=some):
            try:
                made.append(read(value, place))
            except AuthoringError as error:
                self.note(error)
        return tuple(made)

    def parts(self, /, **read: Callable[[], Any]) -> dict[str, Any]:
        """What each of ``read`` returns, by its name."""
        made = {}
        for name, reading in read.items():
            try:
                made[name] = reading()
            except AuthoringError as error:
                self.note(error)
        return made

    def mapping(
        self, value: Any, place: Place, keys: Collection[str], required: tuple[str, ...] = ()
    ) -> Mapping:
        """``value`` as a mapping with no other keys than ``keys`` and with all of ``required``."""
        if not isinstance(value, Mapping):
            raise AuthoringError(place, "a mapping (key: value) is expected here.")
        misspelt: set[str] = set()
        for key in value:
            if key not in keys:
                self.note(
                    AuthoringError(
                        value.at(key), f"there is no key {key!r} here.", meant(key, keys)
                    )
                )
                misspelt.update(near(key, keys))
        for key in required:
            if key not in value and key not in misspelt:
                self.note(AuthoringError(value.place, f"the key {key!r} is missing.", "Add it."))
        return value

    def value(self, mapping: Mapping, key: str) -> Any:
        """The value under ``key``, which :meth:`mapping` has required."""
        if key not in mapping:
            raise Noted(mapping.place, f"the key {key!r} is missing.")
        return mapping[key]

    def text(self, mapping: Mapping, key: str) -> str:
        """The text under ``key``, which must not be blank."""
        value = self.value(mapping, key)
        if not isinstance(value, str):
            mend = (
                "Write one text; quote it if it begins with a brace or bracket."
                if isinstance(value, dict | list)
                else "Quote it."
            )
            raise AuthoringError(
                mapping.at(key), f"{key!r} must be a text.", "Write it." if value is None else mend
            )
        if not value.strip():
            raise AuthoringError(mapping.at(key), f"{key!r} is empty.", "Write the text.")
        return value

    def whole_number(self, mapping: Mapping, key: str, highest: int) -> int:
        """The whole number from 0 to ``highest`` under ``key``."""
        value = self.value(mapping, key)
        if not isinstance(value, Decimal):
            raise AuthoringError(
                mapping.at(key),
                f"{key!r} must be a number.",
                "Write it in digits, without quotes.",
            )
        if value != value.to_integral_value() or not 0 <= value <= highest:
            raise AuthoringError(
                mapping.at(key), f"{key!r} must be a whole number from 0 to {highest}."
            )
        return int(value)

    def day(self, mapping: Mapping, key: str) -> date:
        """The day under ``key``, as ISO 8601 writes it."""
        text = str(self.value(mapping, key))
        try:
            if _DAY.match(text):
                return date.fromisoformat(text)
        except ValueError:
            pass
        raise AuthoringError(mapping.at(key), f"{key!r} is not a date.", "Write it as 2026-11-23.")

    def truth(self, mapping: Mapping, key: str) -> bool:
        """The yes or no under ``key``; no if the key is missing."""
        value = mapping.get(key, False)
        if not isinstance(value, bool):
            raise AuthoringError(
                mapping.at(key),
                f"{key!r} must be true or false.",
                "Write it in small letters, without quotes.",
            )
        return value

    def one_of(self, mapping: Mapping, key: str, names: Collection[str]) -> str:
        """The text under ``key``, one of ``names``."""
        value = self.text(mapping, key)
        if value not in names:
            raise AuthoringError(
                mapping.at(key), f"there is no {key} {value!r}.", meant(value, names)
            )
        return value

    def names(
        self, mapping: Mapping, key: str, known: Collection[str], what: str, *, some: bool = False
    ) -> tuple[str, ...]:
        """The list of names under ``key``, each of ``known`` and none twice. ``what``: what they
        name, for the message; ``some``: as in :meth:`each`."""
        found: list[str] = []

        def name(value: Any, place: Place) -> str:
            if not isinstance(value, str):
                raise AuthoringError(
                    place, f"the name of a {what} is expected here ({key!r} is a list of names)."
                )
            if value not in known:
                raise AuthoringError(place, f"there is no {what} {value!r}.", meant(value, known))
            if value in found:
                raise AuthoringError(place, f"{value!r} appears twice.", "Remove one of the two.")
            found.append(value)
            return value

        return self.each(mapping, key, name, some=some)

    def items(self, mapping: Mapping, key: str, *, some: bool = False) -> list[tuple[Any, Place]]:
        """The items of the list under ``key`` with their places; none if the key is missing.
        ``some``: the list must not be empty."""
        if key not in mapping:
            return []
        value = mapping[key]
        if not isinstance(value, Sequence):
            mend = (
                f"Write [{value}], or a line '- …' for each entry."
                if isinstance(value, str)
                else "Write a line '- …' for each entry, or remove the key."
            )
            raise AuthoringError(mapping.at(key), f"{key!r} must be a list.", mend)
        if some and not value:
            raise AuthoringError(
                mapping.at(key), f"the list under {key!r} is empty.", "Add at least one entry."
            )
        return list(zip(value, value.item_places, strict=True))
