"""The JSON Schema of card files, for editors. It derives from the tables by which card files are
read and from the names that they may use."""

from __future__ import annotations

from typing import Any

from ...fhir.terminology import BASE
from ...rules.card_file import CARD, CHANGES, CHOSEN_ORDERS, PARAGRAPH, SAYS, SUGGESTION
from ...rules.condition_file import ANY_OF, CARD_HOLDS, CRITERION, Vocabulary
from ...rules.conditions import OPERATORS, OPERATORS_OF_A_LIST, STATE_OPERATORS
from ...rules.grammar import TEXT, Schema, array, enum, object_schema, ref
from ..card_tests import TEST


def card_schema(vocabulary: Vocabulary) -> Schema:
    """Return the schema of a card file, with the facts, orders, evidence and reasons of
    ``vocabulary`` as the choices."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{BASE}/card.schema.json",
        "title": "Card",
        **object_schema(CARD, vocabulary),
        "$defs": _definitions(vocabulary),
    }


def _definitions(known: Vocabulary) -> Schema:
    orders = enum(lambda known: known.templates)
    makes = {
        "anyOf": [{"required": ["create"]}, {"required": ["delete"]}],
        "dependentRequired": {"replaces": ["create"]},
    }
    return {
        "criterion": criterion_schema(known),
        "condition": {
            "anyOf": [
                ref("criterion"),
                object_schema(ANY_OF, known),
                object_schema(CARD_HOLDS, known),
            ]
        },
        "paragraph": {"anyOf": [TEXT.schema(known), object_schema(PARAGRAPH, known)]},
        "order": {"anyOf": [orders(known), object_schema(CHOSEN_ORDERS, known)]},
        "suggestion": {**object_schema(SUGGESTION, known), **makes},
        "partial-card": object_schema(SAYS, known, partly=True),
        "changes": object_schema(CHANGES, known),
        "stated": stated_schema(known),
        "test": {
            **object_schema(TEST, known),
            "oneOf": [{"required": ["fires"]}, {"required": ["silent"]}],
        },
    }


def criterion_schema(known: Vocabulary) -> Schema:
    """Return the schema of a criterion: one fact, with one of the operators that can ask it."""
    alike: dict[str, tuple[dict[str, Schema], list[str]]] = {}
    for fact, definition in known.facts.items():
        operands = _operands(definition)
        alike.setdefault(repr(operands), (operands, []))[1].append(fact)
    others = [key.name for key in CRITERION if key.name not in OPERATORS]
    return {
        **object_schema(CRITERION, known),
        "oneOf": [{"required": [operator]} for operator in (*OPERATORS, *STATE_OPERATORS)],
        "not": {"required": ["unknown", "when_unknown"]},
        "allOf": [
            {
                "if": {"properties": {"fact": {"enum": sorted(names)}}, "required": ["fact"]},
                "then": {"properties": operands, "propertyNames": {"enum": [*others, *operands]}},
            }
            for operands, names in alike.values()
        ],
    }


def _operands(definition: Any) -> dict[str, Schema]:
    """The operators that can ask the fact, each with the schema of its operand."""
    operators = [
        operator
        for operator in definition.kind.operators
        if not definition.kind.refusal(operator, definition)
    ]
    one = definition.kind.operand_schema(definition) if operators else {}
    several = {**array(one, some=True), "uniqueItems": True}
    return {operator: several if operator in OPERATORS_OF_A_LIST else one for operator in operators}


def stated_schema(known: Vocabulary) -> Schema:
    """Return the schema of the facts that a test states."""
    return {
        "type": "object",
        "properties": {name: _stated(known.facts[name]) for name in sorted(known.facts)},
        "additionalProperties": False,
    }


def _stated(definition: Any) -> Schema:
    """A value of the fact, or one of the states without a value."""
    value = definition.kind.stated_schema(definition)
    return (
        {"enum": [*value["enum"], *STATE_OPERATORS]}
        if "enum" in value
        else {"anyOf": [value, {"enum": list(STATE_OPERATORS)}]}
    )
