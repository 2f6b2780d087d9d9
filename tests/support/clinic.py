"""Firing hooks as an EHR would, and reading the cards as a clinician would."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from fhir.resources.R4B.medicationrequest import MedicationRequest
from fhir.resources.R4B.servicerequest import ServiceRequest

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.engine import Call, Engine
from cds_service.facts.catalogue import Facts
from cds_service.fhir.reading import Value, read_value
from tests.support.fhir_builders import NOW, PATIENT, bundle, hook_request, prefetch

_MODELS = {"MedicationRequest": MedicationRequest, "ServiceRequest": ServiceRequest}


@cache
def client(**settings: Any) -> Any:
    return create_app(Settings(**settings), clock=lambda: NOW).test_client()


def fire(
    hook: str,
    prefetched: dict[str, Any] | None = None,
    *,
    settings: dict[str, Any] | None = None,
    **more: Any,
) -> list[dict[str, Any]]:
    """The cards of a hook call; every order that they would create is checked against the FHIR R4 models."""
    response = client(**(settings or {})).post(
        f"/cds-services/b12-folate-{hook}", json=hook_request(hook, prefetched, **more)
    )
    assert response.status_code == 200, response.get_json()
    cards = response.get_json()["cards"]
    for action in (action for card in cards for action in actions(card)):
        if action["type"] == "create":
            _MODELS[action["resource"]["resourceType"]].model_validate(action["resource"])
    return cards


def cards_for(
    *record: dict[str, Any],
    drafts: list[dict[str, Any]] | None = None,
    who: dict[str, Any] | None = None,
    **settings: Any,
) -> list[dict[str, Any]]:
    """The cards for a record on opening the chart, or where there are ``drafts``, at their signing."""
    hook = "order-sign" if drafts else "patient-view"
    return fire(hook, prefetch(*record, who=who), drafts=drafts, settings=settings)


def ids(cards: list[dict[str, Any]]) -> list[str]:
    return [card["source"]["topic"]["code"] for card in cards]


def actions(card: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        action for suggestion in card.get("suggestions", []) for action in suggestion["actions"]
    ]


def orders(suggestion: dict[str, Any]) -> list[str]:
    """What a suggestion does: the templates that it creates, then ``-Type/id`` for what it removes."""
    return [
        action["resource"]["instantiatesCanonical"][0].rsplit("/", 1)[1].split("|")[0]
        if action["type"] == "create"
        else f"-{action['resourceId']}"
        for action in suggestion["actions"]
    ]


def card_of(cards: list[dict[str, Any]], card_id: str) -> dict[str, Any]:
    return next(card for card in cards if card["source"]["topic"]["code"] == card_id)


def suggestions(cards: list[dict[str, Any]], card_id: str) -> list[list[str]]:
    return [orders(suggestion) for suggestion in card_of(cards, card_id).get("suggestions", [])]


@cache
def engine(parameters: str = "default") -> Engine:
    return Engine(Settings(parameters=parameters))


def facts_of(
    *resources: dict[str, Any],
    without: tuple[str, ...] = (),
    who: dict[str, Any] | None = None,
    drafts: list[dict[str, Any]] | None = None,
    selections: list[str] | None = None,
    parameters: str = "default",
    now: Any = NOW,
    hook: str = "order-select",
    prefetched: dict[str, Any] | None = None,
) -> Facts:
    """The facts of an order-sign call (order-select, where there are selections) for a record."""
    values = (
        prefetched if prefetched is not None else prefetch(*resources, without=without, who=who)
    )
    call = Call(
        hook,
        PATIENT,
        None,
        sent(bundle(drafts)) if drafts else None,
        selections,
        prefetching(values),
    )
    return engine(parameters).facts(call, now)


def sent(value: Any) -> Value:
    """A JSON value as the service reads it when a client sends it."""
    return read_value(json.dumps(value).encode())


def prefetching(values: dict[str, Any]) -> Callable[[tuple[str, ...]], dict[str, Value]]:
    """Opens the prefetched ``values`` of the queries that are asked for."""
    return lambda keys: {key: sent(values[key]) for key in keys if key in values}
