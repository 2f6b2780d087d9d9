"""The part of the JSON Schema that depends on a fact: which operators ask it, with which operands, and how a test states it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...facts.catalogue import Definition
from ...facts.kinds import Schema
from ...rules.condition_file import NAME_OF_A_CRITERION
from ...rules.conditions import OPERATORS_OF_A_LIST, STATE_OPERATORS

_TRUTH: Schema = {"type": "boolean"}


def _operands(definition: Definition) -> Mapping[str, Schema]:
    """The operators that can ask the fact, each with its operand."""
    operators = [operator for operator in definition.kind.operators if not definition.kind.refusal(operator, definition)]
    return {operator: _operand(operator, definition.kind.operand_schema(definition)) for operator in operators}


def _operand(operator: str, one: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "uniqueItems": True, "items": one} if operator in OPERATORS_OF_A_LIST else one


def criterion_schema(facts: Mapping[str, Definition]) -> Schema:
    """A criterion: one fact of ``facts``, with one of the operators that can ask it."""
    alike: dict[str, tuple[Mapping[str, Schema], list[str]]] = {}
    for fact, definition in facts.items():
        operands = _operands(definition)
        alike.setdefault(repr(operands), (operands, []))[1].append(fact)
    operators = dict.fromkeys((*_every(facts), *STATE_OPERATORS))
    return {
        "type": "object",
        "properties": {
            "id": NAME_OF_A_CRITERION.schema(None),
            "fact": {"enum": sorted(facts)},
            "when_unknown": {"enum": ["fire", True, False]},
            **{operator: _TRUTH if operator in STATE_OPERATORS else {} for operator in operators},
        },
        "required": ["fact"],
        "additionalProperties": False,
        "oneOf": [{"required": [operator]} for operator in operators],
        "not": {"required": ["unknown", "when_unknown"]},
        "allOf": [
            {"if": {"properties": {"fact": {"enum": sorted(names)}}, "required": ["fact"]}, "then": _asked(operands)}
            for operands, names in alike.values()
        ],
    }  # fmt: skip


def _every(facts: Mapping[str, Definition]) -> Iterable[str]:
    return dict.fromkeys(operator for definition in facts.values() for operator in _operands(definition))


def _asked(operands: Mapping[str, Schema]) -> Schema:
    return {"properties": dict(operands), "propertyNames": {"enum": ["id", "fact", "when_unknown", *operands, *STATE_OPERATORS]}}


def facts_schema(facts: Mapping[str, Definition]) -> Schema:
    """The facts that a test states: a value, or which of the states without one."""
    return {"type": "object", "properties": {name: _stated(facts[name]) for name in sorted(facts)}, "additionalProperties": False}


def _stated(definition: Definition) -> Schema:
    value = definition.kind.stated_schema(definition)
    return {"enum": [*value["enum"], *STATE_OPERATORS]} if "enum" in value else {"anyOf": [value, {"enum": list(STATE_OPERATORS)}]}
