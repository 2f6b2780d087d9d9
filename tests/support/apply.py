"""A hook request made into a call of ``PlanDefinition/$apply``, and the CarePlan read as a card."""

from __future__ import annotations

from typing import Any

INDICATORS = {"stat": "critical", "urgent": "warning", "routine": "info"}


def parameters(request: dict[str, Any]) -> dict[str, Any]:
    """The Parameters resource that says what a hook request says."""
    context = request["context"]
    found: list[dict[str, Any]] = [
        {"name": "subject", "valueString": f"Patient/{context['patientId']}"}
    ]
    found.append({"name": "practitioner", "valueString": context["userId"]})
    if context.get("encounterId"):
        found.append({"name": "encounter", "valueString": f"Encounter/{context['encounterId']}"})
    for key, value in request.get("prefetch", {}).items():
        parts = [
            {"name": "key", "valueString": key},
            *([{"name": "data", "resource": value}] if value is not None else []),
        ]
        found.append({"name": "prefetchData", "part": parts})
    if context.get("draftOrders"):
        found.append({"name": "draftOrders", "resource": context["draftOrders"]})
    found += [{"name": "selections", "valueString": item} for item in context.get("selections", [])]
    return {"resourceType": "Parameters", "parameter": found}


def group(plan: dict[str, Any]) -> dict[str, Any]:
    """The RequestGroup of a CarePlan that has a card."""
    (activity,) = plan["activity"]
    found: dict[str, Any] = contained(plan)[activity["reference"]["reference"]]
    return found


def contained(plan: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The contained resources by the reference to them."""
    return {f"#{resource['id']}": resource for resource in plan.get("contained", [])}


def as_card(plan: dict[str, Any]) -> dict[str, Any]:
    """The card that a client would make of a CarePlan (FHIR R4, "CDS on FHIR")."""
    (action,) = group(plan)["action"]
    orders = contained(plan)
    source, *further = action["documentation"]
    address = {"url": source["url"]} if "url" in source else {}
    card = {
        "summary": action["title"],
        "detail": action["description"],
        "indicator": INDICATORS[action["priority"]],
        "source": {"label": source["display"], **address, "topic": action["code"][0]["coding"][0]},
        "links": [
            {"label": item["display"], "url": item["url"], "type": "absolute"}
            for item in further
            if "url" in item
        ],
        "suggestions": [
            {
                "label": suggestion["title"],
                "isRecommended": suggestion["precheckBehavior"] == "yes",
                "actions": [_change(change, orders) for change in suggestion["action"]],
            }
            for suggestion in action.get("action", [])
        ],
    }
    return card


def _change(change: dict[str, Any], orders: dict[str, dict[str, Any]]) -> dict[str, Any]:
    reference = change["resource"]["reference"]
    kind = change["type"]["coding"][0]["code"]
    if kind == "remove":
        return {"type": "delete", "description": change["title"], "resourceId": reference}
    order = {
        name: value for name, value in orders[reference].items() if name not in ("id", "intent")
    }
    return {"type": kind, "description": change["title"], "resource": order}


def comparable(card: dict[str, Any]) -> dict[str, Any]:
    """A card of a hook without what a CarePlan has no place for: uuids, override reasons, the intents of orders."""
    suggestions = [
        {
            "label": suggestion["label"],
            "isRecommended": suggestion.get("isRecommended", False),
            "actions": [
                {
                    **action,
                    "resource": {
                        name: value
                        for name, value in action["resource"].items()
                        if name != "intent"
                    },
                }
                if "resource" in action
                else action
                for action in suggestion["actions"]
            ],
        }
        for suggestion in card.get("suggestions", [])
    ]
    kept = {name: card[name] for name in ("summary", "detail", "indicator", "source")}
    return {**kept, "links": card.get("links", []), "suggestions": suggestions}
