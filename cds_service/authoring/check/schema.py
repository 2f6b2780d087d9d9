"""The JSON Schema of card files, for editors: worked out from the tables by which they are read, and the names that they may use."""

from __future__ import annotations

from typing import Any

from ...fhir.terminology import BASE
from ...rules.card_file import CARD, CHANGES, CHOSEN_ORDERS, PARAGRAPH, SAYS, SUGGESTION
from ...rules.condition_file import ANY_OF, CARD_HOLDS, Vocabulary
from ...rules.grammar import TEXT, enum, object_schema, ref
from ..card_tests import TEST
from .fact_schema import criterion_schema, facts_schema


def card_schema(vocabulary: Vocabulary) -> dict[str, Any]:
    """The schema of a card file, with the facts, orders, evidence and reasons of ``vocabulary`` as what can be chosen."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{BASE}/card.schema.json",
        "title": "Card",
        **object_schema(CARD, vocabulary),
        "$defs": _definitions(vocabulary),
    }


def _definitions(known: Vocabulary) -> dict[str, Any]:
    orders = enum(lambda known: known.templates)
    makes = {"anyOf": [{"required": ["create"]}, {"required": ["delete"]}], "dependentRequired": {"replaces": ["create"]}}
    return {
        "criterion": criterion_schema(known.facts),
        "condition": {"anyOf": [ref("criterion"), object_schema(ANY_OF, known), object_schema(CARD_HOLDS, known)]},
        "paragraph": {"anyOf": [TEXT.schema(known), object_schema(PARAGRAPH, known)]},
        "order": {"anyOf": [orders(known), object_schema(CHOSEN_ORDERS, known)]},
        "suggestion": {**object_schema(SUGGESTION, known), **makes},
        "partial-card": object_schema(SAYS, known, partly=True),
        "changes": object_schema(CHANGES, known),
        "stated": facts_schema(known.facts),
        "test": {**object_schema(TEST, known), "oneOf": [{"required": ["fires"]}, {"required": ["silent"]}]},
    }
