"""Reading the parts of a YAML file, with file:line and "did you mean" for whatever is not as it should be."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from .yaml_source import AuthoringError, Mapping, Place, Sequence


def meant(name: str, names: Iterable[str]) -> str:
    """The "did you mean" part of an error, or what there is to choose from."""
    choices = list(names)
    near = difflib.get_close_matches(name, choices, n=1, cutoff=0.6)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"Choose from: {', '.join(sorted(choices))}." if len(choices) <= 20 else ""


class Reader:
    """Reads values of the expected shape. Every method raises :class:`AuthoringError` at the place of what is wrong."""

    def mapping(self, value: Any, place: Place, keys: tuple[str, ...], required: tuple[str, ...] = ()) -> Mapping:
        """``value`` as a mapping that has no keys but ``keys`` and has all of ``required``."""
        if not isinstance(value, Mapping):
            raise AuthoringError(place, "a mapping (key: value) is expected here.")
        for key in value:
            if key not in keys:
                raise AuthoringError(value.at(key), f"there is no key {key!r} here.", meant(key, keys))
        for key in required:
            if key not in value:
                raise AuthoringError(value.place, f"the key {key!r} is missing.")
        return value

    def text(self, mapping: Mapping, key: str) -> str:
        """The text under ``key``, not blank."""
        value = mapping[key]
        if not isinstance(value, str) or not value.strip():
            raise AuthoringError(mapping.at(key), f"{key!r} must be a text.", "Quote it.")
        return value

    def number(self, mapping: Mapping, key: str) -> Decimal:
        """The number under ``key``."""
        value = mapping[key]
        if not isinstance(value, Decimal):
            raise AuthoringError(mapping.at(key), f"{key!r} must be a number.")
        return value

    def day(self, mapping: Mapping, key: str) -> str:
        """The day under ``key``, as ISO 8601 writes it."""
        try:
            return date.fromisoformat(str(mapping[key])).isoformat()
        except ValueError:
            raise AuthoringError(mapping.at(key), f"{key!r} is no day.", "Write it as 2026-11-23.") from None

    def truth(self, mapping: Mapping, key: str) -> bool:
        """The yes or no under ``key``; no where it is missing."""
        value = mapping.get(key, False)
        if not isinstance(value, bool):
            raise AuthoringError(mapping.at(key), f"{key!r} must be true or false.")
        return value

    def one_of(self, mapping: Mapping, key: str, names: Collection[str]) -> str:
        """The text under ``key``, one of ``names``."""
        value = self.text(mapping, key)
        if value not in names:
            raise AuthoringError(mapping.at(key), f"there is no {key} {value!r}.", meant(value, names))
        return value

    def names(self, mapping: Mapping, key: str, known: Collection[str], what: str) -> tuple[str, ...]:
        """The list of names under ``key``, each of ``known`` and none twice; ``what`` they name."""
        found = []
        for value, place in self.items(mapping, key):
            if not isinstance(value, str):
                raise AuthoringError(place, f"the name of a {what} is expected here ({key!r} is a list of names).")
            if value not in known:
                raise AuthoringError(place, f"there is no {what} {value!r}.", meant(value, known))
            if value in found:
                raise AuthoringError(place, f"{value!r} stands twice.")
            found.append(value)
        return tuple(found)

    def items(self, mapping: Mapping, key: str) -> list[tuple[Any, Place]]:
        """The items of the list under ``key`` with their places; none where it is missing."""
        value = mapping.get(key)
        if value is None:
            return []
        if not isinstance(value, Sequence):
            raise AuthoringError(mapping.at(key), f"{key!r} must be a list.")
        return list(zip(value, value.item_places, strict=True))
