"""Reads ``codes.yaml`` of a site's folders: the codes and the printed units that the site adds.

This module checks the form of the entries; ``cds_service/site_codes.py`` checks them against the
value sets and units that exist.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..authored_yaml.reader import Reader
from ..authored_yaml.source import AuthoringError, Mapping, Mistakes, Place
from .shared_files import CODES_FILE, Folder, read_file

_KEYS = ("system", "code", "display", "in_queries", "in_orders")
_SYSTEM = re.compile(r"(?:https?://|urn:)[^\s|,]+\Z|[0-2](?:\.[0-9]+)+\Z", re.IGNORECASE)
# FHIR's "code": no blanks at its ends and no two together; "|" and "," separate codes in a search.
_CODE = re.compile(r"[^\s|,]+(?: [^\s|,]+)*\Z")
# Characters that need no escape in the query of a URL (RFC 3986, "Query", without those that
# separate its parts).
_SEARCHABLE = re.compile(r"[A-Za-z0-9._~:/-]+\Z")
_LONGEST_SYSTEM, _LONGEST_CODE, _LONGEST_DISPLAY, _LONGEST_UNIT = 180, 64, 180, 40


class CodeEntry(NamedTuple):
    """A code under the name of a value set. ``orders``: the order templates that ``in_orders``
    names.

    ``set_place``: the place of the value set's name; ``place``: that of the code.
    """

    value_set: str
    system: str
    code: str
    display: str
    in_queries: bool
    in_orders: bool
    orders: tuple[str, ...]
    owner: str
    set_place: Place
    place: Place


class UnitEntry(NamedTuple):
    """A printed unit under the UCUM code for it. ``unit_place``: the place of the code; ``place``:
    that of the printed unit."""

    unit: str
    printed: str
    unit_place: Place
    place: Place


def read_code_files(
    folders: Sequence[Folder], mistakes: Mistakes
) -> tuple[list[CodeEntry], list[UnitEntry]]:
    """The entries of ``codes.yaml`` in each folder of a site, in order. Mistaken entries are left
    out and noted."""
    codes: list[CodeEntry] = []
    units: list[UnitEntry] = []
    for folder in folders:
        path = folder.root / CODES_FILE
        if not folder.owner or not path.exists():
            continue
        with mistakes.noting():
            reader = Reader(mistakes)
            content = read_file(path, folder)
            reader.mapping(content, content.place, ("codes", "units"))
            if "codes" in content:
                codes += _codes(reader, content, folder.owner)
            if "units" in content:
                units += _units(reader, content)
    return codes, units


def _codes(reader: Reader, content: Mapping, owner: str) -> list[CodeEntry]:
    found: list[CodeEntry] = []
    by_set = _mapping(
        content,
        "codes",
        "b12-total: [{system: https://lab.example.org/tests, code: B12S, display: Serum B12}]",
    )
    for value_set in by_set:
        place = by_set.at(value_set)

        def entry(
            value: Any, at: Place, value_set: str = value_set, place: Place = place
        ) -> CodeEntry:
            return _code(value, at, value_set, place, owner)

        try:
            found += reader.each(by_set, value_set, entry, some=True)
        except AuthoringError as error:
            reader.note(error)
    return found


def _code(value: Any, at: Place, value_set: str, set_place: Place, owner: str) -> CodeEntry:
    mistakes = Mistakes()
    reader = Reader(mistakes)
    entry = reader.mapping(value, at, _KEYS, ("system", "code", "display"))
    names_orders = isinstance(entry.get("in_orders"), list)
    parts = reader.parts(
        system=lambda: _written(
            reader,
            entry,
            "system",
            _SYSTEM,
            _LONGEST_SYSTEM,
            "Write its URL, or urn:oid: followed by its OID.",
        ),
        code=lambda: _written(
            reader,
            entry,
            "code",
            _CODE,
            _LONGEST_CODE,
            "Write the code alone, as results carry it.",
        ),
        display=lambda: _written(
            reader,
            entry,
            "display",
            re.compile(r"[^\n]*\Z"),
            _LONGEST_DISPLAY,
            "Write its name on one line.",
        ),
        in_queries=lambda: reader.truth(entry, "in_queries"),
        in_orders=lambda: not names_orders and reader.truth(entry, "in_orders"),
        orders=lambda: reader.each(entry, "in_orders", _order, some=True) if names_orders else (),
    )
    if parts.get("in_queries"):
        _check_searchable(entry, parts, mistakes)
    mistakes.tell()
    return CodeEntry(value_set, owner=owner, set_place=set_place, place=at, **parts)


def _check_searchable(entry: Mapping, parts: dict[str, Any], mistakes: Mistakes) -> None:
    for key in ("system", "code"):
        if key in parts and not _SEARCHABLE.match(parts[key]):
            told = (
                f"FHIR servers cannot be searched for the {key} {parts[key]!r}: it has characters "
                "other than letters, digits and -._~:/"
            )
            mistakes.note(AuthoringError(entry.at(key), f"{told}.", "Leave 'in_queries' out."))


def _order(value: Any, at: Place) -> str:
    if not isinstance(value, str):
        raise AuthoringError(
            at,
            (
                "the name of an order template is expected here ('in_orders' is true or a list of "
                "names)."
            ),
        )
    return value


def _written(
    reader: Reader, entry: Mapping, key: str, pattern: re.Pattern[str], longest: int, mend: str
) -> str:
    text = reader.text(entry, key)
    if len(text) > longest:
        raise AuthoringError(entry.at(key), f"{key!r} has more than {longest} characters.", mend)
    if not pattern.match(text):
        raise AuthoringError(entry.at(key), f"{text!r} is not a valid {key} in FHIR.", mend)
    return text


def _units(reader: Reader, content: Mapping) -> list[UnitEntry]:
    found: list[UnitEntry] = []
    by_unit = _mapping(content, "units", 'ng/L: ["nanogramas/L"]')
    for unit in by_unit:
        place = by_unit.at(unit)

        def entry(value: Any, at: Place, unit: str = unit, place: Place = place) -> UnitEntry:
            if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST_UNIT:
                told = f"a printed unit must be a text of at most {_LONGEST_UNIT} characters."
                raise AuthoringError(at, told, "Quote or shorten it.")
            return UnitEntry(unit, value, place, at)

        try:
            found += reader.each(by_unit, unit, entry, some=True)
        except AuthoringError as error:
            reader.note(error)
    return found


def _mapping(content: Mapping, key: str, example: str) -> Mapping:
    value = content[key]
    if not isinstance(value, Mapping):
        raise AuthoringError(
            content.at(key),
            f"a mapping (key: value) is expected under {key!r}.",
            f"For example: {example}.",
        )
    return value
