"""The part of the JSON Schema that depends on a fact: which operators ask it, with which operands, and how a test states it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ...rules.conditions import STATE_OPERATORS

Schema = dict[str, Any]
_TRUTH: Schema = {"type": "boolean"}
_COMPARED = ("below", "at_least", "more_than", "at_most")
_DAYS: Schema = {"type": "string", "pattern": "^[0-9]{1,5} ?d$", "examples": ["90 d"]}
_DAY: Schema = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_STATES = ["absent", "unknown"]


def _quantity(unit: str, before: str = "") -> Schema:
    # ECMA-262, which JSON Schema's patterns follow, knows no needless escapes such as "\\ ".
    written = re.sub(r"[.*+?^${}()|\[\]/]", r"\\\g<0>", unit)
    return {"type": "string", "pattern": f"^{before}[0-9]+([.][0-9]+)? {written}$", "examples": [f"60 {unit}"]}


def _operands(definition: Any) -> Mapping[str, Schema]:
    """The operators that can ask the fact, each with its operand."""
    if definition.kind == "yes-no":
        return {"is": _TRUTH}
    if definition.kind == "category":
        values = list(definition.values)
        return {"is": {"enum": values}, "in": {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"enum": values}}}
    if definition.kind in ("number", "result") and not definition.other_units:
        return dict.fromkeys(_COMPARED, _quantity(definition.unit))
    if definition.kind == "date":
        return dict.fromkeys(("within", "older_than"), _DAYS)
    return {}


def _stated(definition: Any) -> Schema:
    """How a test states the fact."""
    if definition.kind == "yes-no":
        return {"enum": [True, False, *_STATES]}
    if definition.kind == "category":
        return {"enum": [*definition.values, *_STATES]}
    forms = {
        "number": _quantity(definition.unit),
        "result": _quantity(definition.unit, "(<=|>=|<|>)?"),
        "date": _DAY,
        "orders": {"type": "array", "items": {"type": "string"}},
    }
    known = [forms[definition.kind]] if definition.kind in forms else []
    return {"anyOf": [*known, {"enum": _STATES}]}


def criterion_schema(facts: Mapping[str, Any], name: Schema) -> Schema:
    """A criterion: one fact of ``facts``, with one of the operators that can ask it. ``name``: the schema of its id."""
    alike: dict[str, tuple[Mapping[str, Schema], list[str]]] = {}
    for fact, definition in facts.items():
        operands = _operands(definition)
        alike.setdefault(repr(operands), (operands, []))[1].append(fact)
    operators = dict.fromkeys((*_every(facts), *STATE_OPERATORS))
    return {
        "type": "object",
        "properties": {
            "id": name,
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


def _every(facts: Mapping[str, Any]) -> Iterable[str]:
    return dict.fromkeys(operator for definition in facts.values() for operator in _operands(definition))


def _asked(operands: Mapping[str, Schema]) -> Schema:
    return {"properties": dict(operands), "propertyNames": {"enum": ["id", "fact", "when_unknown", *operands, *STATE_OPERATORS]}}


def facts_schema(facts: Mapping[str, Any]) -> Schema:
    """The facts that a test states."""
    return {"type": "object", "properties": {name: _stated(facts[name]) for name in sorted(facts)}, "additionalProperties": False}
