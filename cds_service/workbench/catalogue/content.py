"""The content of the catalogue's pages, computed once for each served set of cards."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from ...authoring.pages.cards import Placed, card_row, placed_cards
from ...authoring.pages.engines import Engines, engines_beside
from ...authoring.pages.facts import fact_rows
from ...authoring.pages.sources import evidence_rows, parameter_rows
from ...authoring.website.cards import card_content
from ...authoring.website.profiles import order_rows, value_set_rows
from ...engine import Engine
from ...facts.catalogue import CATALOGUE, readers
from ...rules.card_set import file_of
from . import entries
from .links import address


class Catalogue:
    """The content for one engine: its cards, limits and formulary, and for comparison the same in
    the other parameter sets.

    Value sets and order templates are the published ones, without the codes that a site adds.
    """

    def __init__(self, engine: Engine, engines: Engines | None = None):
        self.engine = engine
        self._engines = engines
        self._cards: dict[str, dict[str, Any]] = {}

    @cached_property
    def engines(self) -> Engines:
        """The engines by parameter set, the served one first."""
        return self._engines or engines_beside(self.engine)

    @cached_property
    def placed(self) -> Mapping[str, Placed]:
        """The cards by id: those of the served parameter set, then those that are on only in other
        sets, each with the set in which it is shown."""
        return {placed.card.id: placed for placed in placed_cards(self.engines)}

    @cached_property
    def facts(self) -> Mapping[str, dict[str, Any]]:
        """The rows of facts by name, each with the facts that are computed from it."""
        rows = {row["name"]: row for group in fact_rows(self.engines) for row in group["facts"]}
        return {
            name: {
                **row,
                "used_by": [other for other, each in rows.items() if name in each["uses"]],
            }
            for name, row in rows.items()
        }

    @cached_property
    def parameters(self) -> Mapping[str, dict[str, Any]]:
        """The rows of parameters by name."""
        return {row["name"]: row for row in parameter_rows(self.engines)}

    @cached_property
    def evidence(self) -> Mapping[str, dict[str, Any]]:
        """The rows of sources by key."""
        return {row["key"]: row for row in evidence_rows(self.engines)}

    @cached_property
    def value_sets(self) -> Mapping[str, dict[str, Any]]:
        """The rows of value sets by id."""
        return {row["id"]: row for row in value_set_rows()}

    @cached_property
    def orders(self) -> Mapping[str, dict[str, Any]]:
        """The rows of order templates by id."""
        return {row["id"]: row for row in order_rows()}

    @cached_property
    def entries(self) -> list[entries.Entry]:
        """All entries of the catalogue, for the search."""
        return [
            *entries.card_entries(self.placed.values()),
            *entries.fact_entries(self.engine.words),
            *entries.parameter_entries(self.parameters.values()),
            *entries.source_entries(self.evidence.values()),
            *entries.value_set_entries(self.value_sets.values()),
            *entries.order_entries(self.orders.values()),
        ]

    def row_of(self, kind: str, name: str) -> dict[str, Any] | None:
        """The row of an entry that is not a card, or ``None`` if there is none of that name."""
        rows = {
            "facts": self.facts,
            "parameters": self.parameters,
            "evidence": self.evidence,
            "value-sets": self.value_sets,
            "orders": self.orders,
        }
        return rows[kind].get(name)

    def card(self, card_id: str) -> dict[str, Any] | None:
        """The content of a card's page, or ``None`` if there is no such card."""
        placed = self.placed.get(card_id)
        if placed is None:
            return None
        if card_id not in self._cards:
            row = card_row(*placed, self.engines)
            source = file_of(placed.card, self.engines[placed.parameter_set].folders)[0].read_text(
                "utf-8"
            )
            self._cards[card_id] = card_content(
                placed, row, source, self._card_address, self.engines
            )
        return self._cards[card_id]

    def _card_address(self, card_id: str) -> str:
        return address("cards", card_id) if card_id in self.placed else ""

    def reading(self, parameter: str) -> list[str]:
        """The facts that read a parameter, in the order of the catalogue of facts."""
        found = readers(parameter)
        return [name for name in CATALOGUE if name in found]
