"""What the dictionary of facts says of each fact."""

from __future__ import annotations

from collections.abc import Iterator
from types import CodeType
from typing import Any

from ...facts.analytes import ANALYTES
from ...facts.catalogue import CATALOGUE, Definition, closure
from ..card_words import plain
from ..safety.job import engine

_KINDS = {
    "yes-no": "yes or no",
    "number": "number",
    "category": "one of",
    "result": "laboratory result",
    "date": "day",
    "orders": "orders",
    "reference": "reference",
}  # fmt: skip


def fact_rows() -> list[dict[str, Any]]:
    """The facts by the first part of their name, in the order of the catalogue."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for definition in CATALOGUE.values():
        groups.setdefault(definition.name.partition(".")[0], []).append(_row(definition))
    return [{"name": name, "facts": rows} for name, rows in groups.items()]


def _row(definition: Definition) -> dict[str, Any]:
    cards = engine("default", "all").cards.values()
    return {
        "name": definition.name,
        "title": definition.title,
        "type": _type(definition),
        "definition": plain(definition.doc),
        "codes": sorted(value_sets(definition)),
        "prefetch": sorted({key for name in closure([definition.name]) for key in CATALOGUE[name].queries}),
        "session": any(CATALOGUE[name].session for name in closure([definition.name])),
        "cards": [card.id for card in cards if definition.name in card.facts],
    }


def _type(definition: Definition) -> str:
    kind = _KINDS[definition.kind]
    if definition.kind == "category":
        return f"{kind} {', '.join(f'`{value}`' for value in definition.values)}"
    units = ", ".join(filter(None, (definition.unit, *definition.other_units)))
    return f"{kind} ({units})" if units else kind


def value_sets(definition: Definition) -> set[str]:
    """The value sets that a fact names itself: in its own code, and for a result those of its analyte."""
    known = engine("default", "all").terminology.concepts
    analyte = ANALYTES.get(definition.name)
    named = set(analyte.value_sets) if analyte and definition.kind == "result" else set()
    return (named | set(_words(definition.compute.__code__))) & set(known)


def _words(code: CodeType) -> Iterator[str]:
    for constant in code.co_consts:
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, CodeType):
            yield from _words(constant)
        elif isinstance(constant, (tuple, frozenset)):
            yield from (item for item in constant if isinstance(item, str))
