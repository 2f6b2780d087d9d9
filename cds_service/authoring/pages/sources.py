"""The content of the pages of evidence and of parameter sets."""

from __future__ import annotations

from typing import Any

from ...engine import PARAMETER_SETS
from ...rules.card_set import ParameterEntry
from ...rules.parameter_file import value_words
from .engines import Engines, documented_engines


def evidence_rows(engines: Engines | None = None) -> list[dict[str, Any]]:
    """Return each source with the cards and parameters of ``engines`` (by default those of the
    documentation) that cite it."""
    engines = engines or documented_engines()
    rows = []
    for key, entry in engines["default"].evidence.items():
        cards = {
            card.id
            for engine in engines.values()
            for card in engine.cards.values()
            if key in (card.source, *card.evidence)
        }
        parameters = {
            name
            for engine in engines.values()
            for name, parameter in engine.parameters.items()
            if parameter.source == key
        }
        rows.append({**entry._asdict(), "cards": sorted(cards), "parameters": sorted(parameters)})
    return rows


def parameter_rows(engines: Engines | None = None) -> list[dict[str, Any]]:
    """Return each parameter with its value, sources and notes in every set; ``None`` if a set has
    the default's value. ``engines``: by default those of the documentation."""
    sets: dict[str, dict[str, ParameterEntry]] = {
        name: of.parameters for name, of in (engines or documented_engines()).items()
    }
    evidence = (engines or documented_engines())["default"].evidence
    rows = []
    for name, usual in sets["default"].items():
        others = {other: sets[other][name] for other in PARAMETER_SETS[1:]}
        rows.append(
            {
                "name": name,
                "default": _value(usual),
                "note": usual.note,
                "sources": dict.fromkeys(
                    [_source(entry, evidence) for entry in (usual, *others.values())]
                ),
                "others": {
                    other: None if entry == usual else _value(entry)
                    for other, entry in others.items()
                },
                "notes": [
                    f"{other}: {entry.note}"
                    for other, entry in others.items()
                    if entry != usual and entry.note
                ],
            }
        )
    return rows


def _source(entry: ParameterEntry, evidence: Any) -> str:
    return f"[{evidence[entry.source].label}](evidence.md#{entry.source}) ({entry.basis})"


def _value(entry: ParameterEntry) -> str:
    return value_words(entry.value, entry.unit)
