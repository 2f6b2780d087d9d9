"""The content of the page of facts."""

from __future__ import annotations

from typing import Any

from ...engine import Engine
from ...facts.catalogue import CATALOGUE, Definition, closure
from ...rules.parameter_text import with_parameters
from ..card_words import plain
from .engines import Engines, documented_engines


def fact_rows(engines: Engines | None = None) -> list[dict[str, Any]]:
    """Return the facts grouped by the first part of their name, in catalogue order, with the limits
    and cards of the first of ``engines`` (by default those of the documentation)."""
    engine = next(iter((engines or documented_engines()).values()))
    groups: dict[str, list[dict[str, Any]]] = {}
    for definition in CATALOGUE.values():
        groups.setdefault(definition.name.partition(".")[0], []).append(_row(definition, engine))
    return [{"name": name, "facts": rows} for name, rows in groups.items()]


def _row(definition: Definition, engine: Engine) -> dict[str, Any]:
    return {
        "name": definition.name,
        "title": definition.title,
        "type": _type(definition),
        "definition": plain(with_parameters(definition.doc, engine.words)),
        "codes": sorted(definition.needs.value_sets),
        "uses": definition.uses,
        "prefetch": sorted(
            {key for name in closure([definition.name]) for key in CATALOGUE[name].queries}
        ),
        "session": any(CATALOGUE[name].session for name in closure([definition.name])),
        "cards": [card.id for card in engine.cards.values() if definition.name in card.facts],
    }


def _type(definition: Definition) -> str:
    kind = definition.kind.words
    if definition.values:
        return f"{kind} {', '.join(f'`{value}`' for value in definition.values)}"
    units = ", ".join(filter(None, (definition.unit, *definition.other_units)))
    return f"{kind} ({units})" if units else kind
