"""The JSON Schema of card files, for editors and for ``check``: worked out from the names that cards may use."""

from __future__ import annotations

from typing import Any

from ...fhir.terminology import BASE
from ...rules.card import INDICATORS
from ...rules.card_file import HOOKS, LONGEST_ID, Vocabulary

_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _names(names: Any) -> dict[str, Any]:
    return {"enum": sorted(names)}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def card_schema(vocabulary: Vocabulary) -> dict[str, Any]:
    """The schema of a card file, with the facts, orders, evidence and reasons of ``vocabulary`` as what can be chosen."""
    criteria = {"include": _list(_ref("condition")), "exclude": _list(_ref("condition"))}
    changes = _object({"status": _ref("status"), "hooks": _list(_names(HOOKS)), **criteria, "card": _ref("partial-card")})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{BASE}/card.schema.json",
        "title": "Card",
        **_object(
            {
                "id": {
                    "type": "string",
                    "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$",
                    "maxLength": LONGEST_ID,
                    "description": "The file's name without .yaml.",
                },
                "version": {"type": "string", "pattern": "^\\d+\\.\\d+\\.\\d+$"},
                "status": _ref("status"),
                "title": _TEXT,
                "rank": {"type": "number", "description": "Orders cards of equal urgency; lower comes first."},
                "review_by": {"type": "string", "format": "date"},
                "hooks": _list(_names(HOOKS)),
                **criteria,
                "card": {**_ref("partial-card"), "required": ["indicator", "summary", "source"]},
                "parameter_sets": _object(dict.fromkeys(vocabulary.parameter_sets, changes)),
                "tests": _list(_ref("test")),
            },
            "id", "version", "title", "rank", "hooks", "include", "card",
        ),
        "$defs": _definitions(vocabulary),
    }  # fmt: skip


def _definitions(vocabulary: Vocabulary) -> dict[str, Any]:
    condition = {
        "anyOf": [
            _ref("criterion"),
            _object({"id": _TEXT, "any_of": _list(_ref("criterion"))}, "id", "any_of"),
            _object({"id": _TEXT, "card": _TEXT, "holds": {"type": "boolean"}}, "id", "card", "holds"),
        ]
    }
    test = {
        "name": _TEXT,
        "facts": {"type": "object", "propertyNames": _ref("fact")},
        "fires": {"const": True},
        "silent": {**_TEXT, "description": "The id of the criterion that stops the card."},
        "parameter_sets": _list(_names(vocabulary.parameter_sets)),
    }
    return {
        "status": {"enum": ["active", "draft", "retired"]},
        "fact": _names(vocabulary.facts),
        "criterion": _criterion(),
        "condition": condition,
        "order": {"anyOf": [_names(vocabulary.templates), _object({"fact": _ref("fact")}, "fact")]},
        "suggestion": _suggestion(),
        "partial-card": _says(vocabulary),
        "test": _object(test, "name", "facts"),
    }


def _suggestion() -> dict[str, Any]:
    parts = {
        "label": _TEXT,
        "create": _list(_ref("order")),
        "delete": _ref("fact"),
        "replaces": _ref("fact"),
        "recommended": {"type": "boolean"},
        "when": _list(_ref("condition")),
    }
    return _object(parts, "label")


def _says(vocabulary: Vocabulary) -> dict[str, Any]:
    paragraph = _object({"when": _list(_ref("condition")), "text": _TEXT}, "when", "text")
    parts = {
        "indicator": {"enum": list(INDICATORS)},
        "summary": {**_TEXT, "maxLength": 139},
        "detail": _list({"anyOf": [_TEXT, paragraph]}),
        "values": _list(_ref("fact")),
        "source": _names(vocabulary.evidence),
        "evidence": _list(_names(vocabulary.evidence)),
        "suggestions": _list(_ref("suggestion")),
        "override_reasons": _list(_names(vocabulary.override_reasons)),
    }
    return _object(parts)


def _criterion() -> dict[str, Any]:
    quantity = {"type": "string", "pattern": "^[-+]?\\d+(\\.\\d+)? \\S+$", "examples": ["60 d"]}
    days = {"type": "string", "pattern": "^\\d+ ?d$", "examples": ["90 d"]}
    operators: dict[str, Any] = {
        "is": {"type": ["boolean", "string"]}, "in": _list(_TEXT),
        "below": quantity, "at_least": quantity, "more_than": quantity, "at_most": quantity,
        "within": days, "older_than": days, "absent": {"type": "boolean"}, "unknown": {"type": "boolean"},
    }  # fmt: skip
    return {
        **_object({"id": _TEXT, "fact": _ref("fact"), "when_unknown": {"enum": ["fire", True, False]}, **operators}, "fact"),
        "oneOf": [{"required": [operator]} for operator in operators],
    }
