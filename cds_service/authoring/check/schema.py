"""The JSON Schema of card files, for editors and for ``check``: worked out from the names that cards may use."""

from __future__ import annotations

from typing import Any

from ...fhir.terminology import BASE
from ...rules.card import INDICATORS
from ...rules.card_file import HIGHEST_RANK, STATUSES
from ...rules.condition_file import LONGEST_ID, Vocabulary
from ...rules.hook_table import HOOKS
from .fact_schema import criterion_schema, facts_schema

_TEXT: dict[str, Any] = {"type": "string", "pattern": "\\S"}
_RANK: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": HIGHEST_RANK}
_NAME: dict[str, Any] = {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": LONGEST_ID}


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _list(items: dict[str, Any], *, some: bool = False) -> dict[str, Any]:
    return {"type": "array", "items": items, **({"minItems": 1} if some else {})}


def _names(names: Any) -> dict[str, Any]:
    return {"enum": sorted(names)}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def card_schema(vocabulary: Vocabulary) -> dict[str, Any]:
    """The schema of a card file, with the facts, orders, evidence and reasons of ``vocabulary`` as what can be chosen."""
    criteria = {"include": _list(_ref("condition"), some=True), "exclude": _list(_ref("condition"))}
    hooks = {**_list(_names(HOOKS), some=True), "uniqueItems": True}
    changes = _object({"status": _ref("status"), "hooks": hooks, **criteria, "card": _ref("partial-card")})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{BASE}/card.schema.json",
        "title": "Card",
        **_object(
            {
                "id": {**_NAME, "description": "The file's name without .yaml."},
                "version": {"type": "string", "pattern": "^(0|[1-9][0-9]*)([.](0|[1-9][0-9]*)){2}$"},
                "status": _ref("status"),
                "title": _TEXT,
                "rank": {**_RANK, "description": "Orders cards of equal urgency; lower comes first."},
                "review_by": {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
                "hooks": hooks,
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
            _object({"id": _NAME, "any_of": _list(_ref("criterion"), some=True)}, "id", "any_of"),
            _object({"id": _NAME, "card": _TEXT, "holds": {"type": "boolean"}}, "id", "card", "holds"),
        ]
    }
    test = {
        "name": _TEXT,
        "facts": _ref("stated"),
        "fires": {"const": True},
        "silent": {**_TEXT, "description": "The id of the criterion that stops the card."},
        "parameter_sets": _list(_names(vocabulary.parameter_sets), some=True),
    }
    return {
        "status": {"enum": list(STATUSES)},
        "criterion": criterion_schema(vocabulary.facts, _NAME),
        "stated": facts_schema(vocabulary.facts),
        "condition": condition,
        "order": {"anyOf": [_names(vocabulary.templates), _object({"fact": _names(vocabulary.facts_for("create"))}, "fact")]},
        "suggestion": _suggestion(vocabulary),
        "partial-card": _says(vocabulary),
        "test": {**_object(test, "name", "facts"), "oneOf": [{"required": ["fires"]}, {"required": ["silent"]}]},
    }


def _suggestion(vocabulary: Vocabulary) -> dict[str, Any]:
    parts = {
        "label": _TEXT,
        "create": _list(_ref("order"), some=True),
        "delete": _names(vocabulary.removable),
        "replaces": _names(vocabulary.facts_for("replaces")),
        "recommended": {"type": "boolean"},
        "when": _list(_ref("condition"), some=True),
        "note": _TEXT,
    }
    made = {"anyOf": [{"required": ["create"]}, {"required": ["delete"]}], "dependentRequired": {"replaces": ["create"]}}
    return {**_object(parts, "label"), **made}


def _says(vocabulary: Vocabulary) -> dict[str, Any]:
    paragraph = _object({"when": _list(_ref("condition"), some=True), "text": _TEXT}, "when", "text")
    parts = {
        "indicator": {"enum": list(INDICATORS)},
        "summary": {**_TEXT, "maxLength": 139},
        "detail": _list({"anyOf": [_TEXT, paragraph]}),
        "values": _list(_names(name for name, definition in vocabulary.facts.items() if definition.kind.in_texts)),
        "source": _names(vocabulary.evidence),
        "evidence": _list(_names(vocabulary.evidence)),
        "suggestions": _list(_ref("suggestion")),
        "override_reasons": _list(_names(vocabulary.override_reasons)),
    }
    return _object(parts)
