"""What the pages of evidence and of parameter sets say."""

from __future__ import annotations

from typing import Any

from ...engine import PARAMETER_SETS
from ...rules.card_set import ParameterEntry
from ...rules.parameter_file import value_words
from .engines import Engines, documented_engines


def evidence_rows(engines: Engines | None = None) -> list[dict[str, Any]]:
    """Each source with the cards and parameters of ``engines`` that rest on it; if none are named,
    of the documentation."""
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
    """Each parameter with its value, source and basis in every set; ``None`` where a set takes the
    default's. ``engines``: those of the documentation, if none are named."""
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
