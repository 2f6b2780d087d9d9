"""The answer of ``PlanDefinition/$apply`` in R4: a CarePlan that contains the card as a
RequestGroup, and the proposed orders.

The RequestGroup has everything that R4's profile cdshooksrequestgroup requires, so that a card can
be rebuilt from it. R4 requires the orders of a RequestGroup to have the intent ``option``: the
group governs which of them are carried out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from ..engine import Call, Engine
from ..rendering.answer import Create, Delete, Suggestion
from ..rendering.cards import RenderedCard
from ..rendering.carried_over import without_contained
from ..rules.card import Card
from ..rules.decision import Decision
from .criteria import words
from .edition import base_of, plan_canonical
from .plan_definition import PRIORITIES, action_type, card_topic, citation

_GROUP, _MESSAGE = "card", "message"


def care_plan(
    engine: Engine, call: Call, now: datetime, decision: Decision, rendered: RenderedCard | None
) -> dict[str, Any]:
    """Return the CarePlan for one card. ``rendered``: the card if it fires; without it a note names
    the criterion that silenced the card."""
    plan = {
        "resourceType": "CarePlan",
        "instantiatesCanonical": [plan_canonical(decision.card, engine)],
        "status": "draft",
        "intent": "proposal",
        "title": decision.card.title,
        **_about(call),
        "created": _moment(now, engine),
    }
    if rendered is None:
        return {**plan, "note": [{"text": why_silent(decision)}]}
    contained = _Contained(engine, call, now, rendered)
    return {
        **plan,
        "contained": contained.resources(),
        "activity": [{"reference": {"reference": f"#{_GROUP}"}}],
    }


def why_silent(decision: Decision) -> str:
    """Say in words which criterion silences a card."""
    step = next(step for step in decision.steps if step.condition.id == decision.stopped_by)
    if step.excludes:
        state = "holds, which silences the card"
    else:
        state = "is not known to hold" if step.truth is None else "does not hold"
    return f"No card. The criterion {decision.stopped_by} ({words(step.condition)}) {state}."


class _Contained:
    """The resources contained in the CarePlan of a card that fires."""

    def __init__(self, engine: Engine, call: Call, now: datetime, rendered: RenderedCard):
        self._engine = engine
        self._call = call
        self._now = _moment(now, engine)
        self._card: Card = rendered.source
        self._shown = rendered.shown
        self._orders: list[dict[str, Any]] = []

    def resources(self) -> list[dict[str, Any]]:
        """Return the RequestGroup, followed by the resources that its actions refer to."""
        group = self._group()
        return [group, *self._orders]

    def _group(self) -> dict[str, Any]:
        return {
            "resourceType": "RequestGroup",
            "id": _GROUP,
            "identifier": [
                {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{self._shown.uuid}"}
            ],
            "instantiatesCanonical": [plan_canonical(self._card, self._engine)],
            "instantiatesUri": [f"{base_of(self._engine)}/PlanDefinition/{self._card.id}"],
            "status": "draft",
            "intent": self._engine.publication.intent,
            "priority": PRIORITIES[self._card.indicator],
            **_about(self._call),
            "authoredOn": self._now,
            "action": [self._action()],
        }

    def _action(self) -> dict[str, Any]:
        action: dict[str, Any] = {
            "title": self._shown.summary,
            "description": self._shown.detail,
            "priority": PRIORITIES[self._card.indicator],
            "code": [card_topic(self._card)],
            "documentation": [
                citation(self._engine.evidence[key])
                for key in dict.fromkeys((self._card.source, *self._card.evidence))
            ],
        }
        suggestions = self._shown.suggestions
        if not suggestions:
            # An action is a group or has a resource (invariant rqg-1), so a card that only warns
            # refers to a message.
            self._orders.append(self._message())
            return {**action, "resource": {"reference": f"#{_MESSAGE}"}}
        return {
            **action,
            "selectionBehavior": self._shown.selectionBehavior,
            "action": [self._suggestion(item) for item in suggestions],
        }

    def _message(self) -> dict[str, Any]:
        return {
            "resourceType": "CommunicationRequest",
            "id": _MESSAGE,
            "status": "draft",
            "priority": PRIORITIES[self._card.indicator],
            **_about(self._call),
            "authoredOn": self._now,
            "payload": [
                {"contentString": self._shown.summary},
                {"contentString": self._shown.detail},
            ],
        }

    def _suggestion(self, suggestion: Suggestion) -> dict[str, Any]:
        return {
            "title": suggestion.label,
            "selectionBehavior": "all",
            "precheckBehavior": "yes" if suggestion.isRecommended else "no",
            "action": list(self._changes(suggestion.actions)),
        }

    def _changes(self, actions: Iterable[Create | Delete]) -> Iterator[dict[str, Any]]:
        for action in actions:
            if isinstance(action, Create):
                kind, reference = "create", f"#{self._order(action.resource)}"
            else:
                kind, reference = "remove", action.resourceId
            yield {
                "title": action.description,
                "type": action_type(kind),
                "resource": {"reference": reference},
            }

    def _order(self, order: dict[str, Any]) -> str:
        """The id of a contained order. An order that several suggestions share is contained
        once."""
        made = {**without_contained(order), "intent": "option"}
        for found in self._orders:
            if {**made, "id": found["id"]} == found:
                return str(found["id"])
        made["id"] = f"order-{len(self._orders) + 1}"
        self._orders.append(made)
        return str(made["id"])


def _about(call: Call) -> dict[str, Any]:
    about: dict[str, Any] = {"subject": {"reference": f"Patient/{call.patient_id}"}}
    if call.encounter_id:
        about["encounter"] = {"reference": f"Encounter/{call.encounter_id}"}
    return about


def _moment(now: datetime, engine: Engine) -> str:
    return now.astimezone(engine.zone).isoformat(timespec="seconds")
