"""JSON Schemas of the answers without cards: discovery as in CDS Hooks 3.0.0, errors, the
report."""

from __future__ import annotations

from typing import Any

from ..rules.hook_table import HOOKS

_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    """An object of exactly these properties."""
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
        "additionalProperties": False,
    }


def _list(items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


_SERVICE = _object(
    {
        "hook": {"enum": list(HOOKS)},
        "title": _TEXT,
        "description": _TEXT,
        "id": _TEXT,
        "prefetch": {"type": "object", "additionalProperties": _TEXT},
        "usageRequirements": _TEXT,
        "version": _TEXT,
        "hookVersion": _TEXT,
    }
)
ANSWER_SCHEMAS: dict[str, Any] = {
    "Services": _object({"services": _list(_ref("Service"))}),
    "Service": _SERVICE,
    "OperationOutcome": _object(
        {
            "resourceType": {"const": "OperationOutcome"},
            "issue": _list(
                _object(
                    {
                        "severity": {"const": "error"},
                        "code": _TEXT,
                        "details": _object({"text": _TEXT}),
                    },
                    diagnostics=_TEXT,
                    expression=_list(_TEXT, minItems=1),
                ),
                minItems=1,
            ),
        }
    ),
}
_SHARE: dict[str, Any] = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
_RATE = _object({"count": _COUNT, "of": _COUNT, "share": _SHARE, "low": _SHARE, "high": _SHARE})
_WEEK = _object(
    {
        "week": {"type": "string", "format": "date"},
        "shown": _COUNT,
        "accepted": _RATE,
        "overridden": _RATE,
    }
)
_REPORTED_CARD = _object(
    {
        "id": _TEXT,
        "version": _TEXT,
        "shown": _COUNT,
        "accepted": _RATE,
        "overridden": _RATE,
        "noResponse": _RATE,
        "suggestions": _list(_object({"index": _COUNT, "label": _TEXT, "accepted": _RATE})),
        "reasons": _list(
            _object({"system": {"type": "string"}, "code": {"type": "string"}, "overridden": _RATE})
        ),
        "weeks": _list(_WEEK),
    }
)
REPORT = _object(
    {
        "since": {"type": "string", "format": "date"},
        "confidence": _TEXT,
        "cards": _list(_REPORTED_CARD),
        "unmatchedFeedback": _COUNT,
    }
)
