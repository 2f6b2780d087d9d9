"""JSON Schemas of what the service answers: discovery and cards as CDS Hooks 3.0.0 has them,
errors, the report."""

from __future__ import annotations

from typing import Any

from ..rules.card import INDICATORS
from ..rules.card_texts import SUMMARY_LIMIT
from ..rules.hook_table import HOOKS

_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_URL: dict[str, Any] = {"type": "string", "format": "uri"}
_UUID: dict[str, Any] = {"type": "string", "format": "uuid"}
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


_CARD = _object(
    {
        "uuid": _UUID,
        "summary": {**_TEXT, "maxLength": SUMMARY_LIMIT - 1},
        "indicator": {"enum": list(INDICATORS)},
        "detail": {"type": "string", "description": "GitHub Flavored Markdown without HTML."},
        "source": _object({"label": _TEXT, "topic": _ref("DisplayedCoding")}, url=_URL),
    },
    suggestions=_list(_ref("Suggestion"), minItems=1),
    selectionBehavior={"const": "at-most-one"},
    overrideReasons=_list(_ref("DisplayedCoding"), minItems=1),
    links=_list(
        _object({"label": _TEXT, "url": _URL, "type": {"enum": ["absolute", "smart"]}}), minItems=1
    ),
)
_ACTION: dict[str, Any] = {
    "oneOf": [
        _object(
            {
                "type": {"const": "create"},
                "description": _TEXT,
                "resource": {"type": "object", "required": ["resourceType"]},
            }
        ),
        _object(
            {
                "type": {"const": "delete"},
                "description": _TEXT,
                "resourceId": {"type": "string", "pattern": "^[A-Za-z]+/[^/]+$"},
            }
        ),
    ]
}
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
CARD_SCHEMAS: dict[str, Any] = {
    "Services": _object({"services": _list(_ref("Service"))}),
    "Service": _SERVICE,
    "CdsResponse": _object({"cards": _list(_ref("Card"), maxItems=3)}),
    "Card": {**_CARD, "dependentRequired": {"suggestions": ["selectionBehavior"]}},
    "Suggestion": _object(
        {"label": _TEXT, "uuid": _UUID, "actions": _list(_ref("Action"), minItems=1)},
        isRecommended={"const": True},
    ),
    "Action": _ACTION,
    "DisplayedCoding": _object({"code": _TEXT, "system": _URL, "display": _TEXT}),
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
