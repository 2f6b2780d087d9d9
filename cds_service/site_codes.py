"""The codes and units that a site adds in its folders, checked against the published value sets and
added to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from .authored_yaml.reader import meant
from .authored_yaml.source import AuthoringError, Mistakes
from .facts.queries import QUERIES
from .fhir.code_systems import CODE_SYSTEMS, UNITS_OF_MEASURE, canonical_system
from .fhir.product import AGENTS
from .fhir.terminology import SiteCode, Terminology
from .fhir.units import UCUM, normalised, unit_of
from .rules.code_file import CodeEntry, UnitEntry, read_code_files
from .rules.shared_files import Folder

_ASKED_FOR = frozenset(value_set for query in QUERIES.values() for value_set in query.value_sets)
_PANELS = frozenset({"blood-count-panel", "basic-metabolic-panel"})
# Kinds of value sets in which a code has only one meaning: one test, one drug, one answer.
_KINDS = (
    _ASKED_FOR | _PANELS,
    AGENTS,
    frozenset(
        {
            "positive-answer",
            "negative-answer",
            "equivocal-answer",
            "pregnant-answer",
            "not-pregnant-answer",
        }
    ),
)


class SiteCodes(NamedTuple):
    """What a site adds: codes of value sets, and UCUM codes by printed unit (in the form of
    :func:`~.fhir.units.normalised`)."""

    codes: tuple[SiteCode, ...]
    units: Mapping[str, str]


# For each order of a medication, by the id of its template, the ids of the value sets that contain
# its product.
Drugs = Mapping[str, frozenset[str]]


def load_site_codes(folders: Sequence[Folder], terminology: Terminology, drugs: Drugs) -> SiteCodes:
    """What the ``codes.yaml`` of each folder adds to ``terminology`` and to the orders of
    ``drugs``.

    Raises :class:`AuthoringError` with all mistakes.
    """
    mistakes = Mistakes()
    found = read_site_codes(folders, terminology, drugs, mistakes)
    mistakes.tell()
    return found


def read_site_codes(
    folders: Sequence[Folder], terminology: Terminology, drugs: Drugs, mistakes: Mistakes
) -> SiteCodes:
    """As :func:`load_site_codes`, but mistaken entries are noted and left out."""
    entries, units = read_code_files(folders, mistakes)
    return SiteCodes(_codes(entries, terminology, drugs, mistakes), _units(units, mistakes))


def with_site_codes(terminology: Terminology, codes: tuple[SiteCode, ...]) -> Terminology:
    """``terminology`` with ``codes`` added. The same codes return the same object, so that what is
    cached in it is cached once."""
    return _extended(terminology, codes) if codes else terminology


@lru_cache(maxsize=2)
def _extended(terminology: Terminology, codes: tuple[SiteCode, ...]) -> Terminology:
    return terminology.with_codes(codes)


def _codes(
    entries: Sequence[CodeEntry], terminology: Terminology, drugs: Drugs, mistakes: Mistakes
) -> tuple[SiteCode, ...]:
    found: list[SiteCode] = []
    products: dict[tuple[str, str], str] = {}
    sets: dict[tuple[str, str], set[str]] = {}
    for entry in entries:
        with mistakes.noting():
            if entry.value_set not in terminology.own_codes:
                told = f"there is no value set {entry.value_set!r} to which codes can be added."
                raise AuthoringError(
                    entry.set_place, told, meant(entry.value_set, terminology.own_codes)
                )
            key = canonical_system(entry.system), entry.code
            ours = sets.setdefault(key, set())
            _check_code(entry, terminology.sets_of(*key), ours, terminology)
            _check_orders(entry, key[0], products, drugs)
            ours.add(entry.value_set)
            system = key[0] if key[0] in CODE_SYSTEMS else entry.system
            marks = entry.in_queries, entry.in_orders, entry.orders
            found.append(
                SiteCode(entry.value_set, system, entry.code, entry.display, *marks, entry.owner)
            )
    return tuple(found)


def _check_code(
    entry: CodeEntry, published: frozenset[str], ours: set[str], terminology: Terminology
) -> None:
    named = f"{entry.code!r} of {entry.system}"
    if entry.value_set in ours:
        raise AuthoringError(
            entry.place, f"{named} appears twice under {entry.value_set}.", "Remove one of the two."
        )
    if entry.value_set in published and not (entry.in_queries or entry.in_orders or entry.orders):
        mend = (
            "Remove it, or mark it 'in_queries: true' or 'in_orders: true'; for a drug, list the "
            "orders under 'in_orders'."
        )
        raise AuthoringError(entry.place, f"{entry.value_set} already has {named}.", mend)
    for other in sorted((published | ours) - {entry.value_set}):
        if _exclude(other, entry.value_set, terminology):
            told = f"{named} is also in {other}, and cannot mean both."
            raise AuthoringError(entry.place, told, f"Choose either {other} or {entry.value_set}.")
    if entry.in_queries and entry.value_set not in _ASKED_FOR:
        told = (
            f"FHIR servers are not searched for codes of {entry.value_set}: lists of that kind "
            "are read completely."
        )
        raise AuthoringError(entry.place, told, "Leave 'in_queries' out.")
    if entry.in_orders and entry.value_set not in _ASKED_FOR | _PANELS:
        mend = (
            "Leave 'in_orders' out; for a drug, list the names of the orders there: "
            "[cyanocobalamin-oral-1000]."
        )
        raise AuthoringError(
            entry.place, f"no order of a test has a code of {entry.value_set}.", mend
        )


def _check_orders(
    entry: CodeEntry, system: str, products: dict[tuple[str, str], str], drugs: Drugs
) -> None:
    """Check that the orders of ``entry`` are orders of its drug, and that each order has one
    product in a system. ``products``: the products of the entries so far."""
    fitting = [order for order, sets in drugs.items() if entry.value_set in sets & AGENTS]
    for order in entry.orders:
        if order not in fitting:
            told = f"{order!r} is not an order for {entry.value_set}."
            raise AuthoringError(
                entry.place, told, meant(order, fitting) if fitting else "Leave 'in_orders' out."
            )
        if (other := products.setdefault((order, system), entry.code)) != entry.code:
            told = f"the order {order} already has the code {other!r} of {entry.system}."
            raise AuthoringError(
                entry.place, told, "Name the order under only one of the two codes."
            )


def _exclude(first: str, second: str, terminology: Terminology) -> bool:
    """Whether no code can be in both value sets: one of them is of a kind with one meaning, and
    they share no published code."""
    if not any(first in kind or second in kind for kind in _KINDS):
        return False
    return terminology.own_codes[first].isdisjoint(terminology.own_codes[second])


def _units(entries: Sequence[UnitEntry], mistakes: Mistakes) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in entries:
        with mistakes.noting():
            if entry.unit not in UCUM:
                told = f"{entry.unit!r} is not the UCUM code of a unit in which results are read."
                raise AuthoringError(entry.unit_place, told, meant(entry.unit, UCUM))
            name = normalised(entry.printed)
            if not name:
                raise AuthoringError(
                    entry.place,
                    f"{entry.printed!r} is not the name of a unit.",
                    "Write the unit as results print it.",
                )
            if name in found:
                raise AuthoringError(
                    entry.place, f"{entry.printed!r} appears twice.", "Remove one of the two."
                )
            _check_unit(entry)
            found[name] = entry.unit
    return found


def _check_unit(entry: UnitEntry) -> None:
    for counts in (False, True):
        read = unit_of("", "", entry.printed, counts=counts, same=_equal)
        if not isinstance(read, str) and read == UCUM[entry.unit]:
            raise AuthoringError(
                entry.place, f"{entry.printed!r} is already read as {entry.unit}.", "Remove it."
            )
        if isinstance(
            unit_of(entry.unit, UNITS_OF_MEASURE, entry.printed, counts=counts, same=_equal), str
        ):
            told = f"{entry.printed!r} means a unit other than {entry.unit}."
            raise AuthoringError(
                entry.place,
                told,
                "Ask the laboratory which unit it is: a result in the wrong unit can do harm.",
            )


def _equal(first: object, second: object) -> bool:
    return first == second
