"""CDS Hooks 3.0.0, "Extensions"."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import Call
from tests.spec.conftest import Answers
from tests.spec.scenarios import LOW_B12, nodes
from tests.support.fhir_builders import folic_acid, hook_request, prefetch

EXTENSION = {
    "com.example.timestamp": "2026-11-22T22:13:25Z",
    "com.example.nested": {"list": [1, None, {}]},
}


def _texts(cards: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(card["summary"], card["detail"]) for card in cards]


@pytest.mark.parametrize(
    "where", [(), ("context",), ("prefetch",), ("prefetch", "patient"), ("context", "draftOrders")]
)
@pytest.mark.parametrize("name", ["extension", "com.example.unknown"])
def test_extensions_and_unknown_fields_in_the_request_are_accepted(
    call: Call, where: tuple[str, ...], name: str
) -> None:
    """Extensions: ``extension`` may be anywhere; it, and fields of later versions, change no advice."""
    plain = hook_request("order-sign", prefetch(LOW_B12), drafts=[folic_acid(id="f1")])
    extended = hook_request("order-sign", prefetch(LOW_B12), drafts=[folic_acid(id="f1")])
    target = extended
    for step in where:
        target = target[step]
    target[name] = EXTENSION
    assert _texts(call(extended)) == _texts(call(plain)) != []


def test_an_extension_of_the_service_is_a_json_object_with_unique_names(
    client: FlaskClient, answers: Answers
) -> None:
    """Extensions: the value SHALL be an object, its names globally unique; outside FHIR resources the service has none."""
    discovery = client.get("/cds-services").get_json()
    found = [
        (path, value)
        for path, value in nodes({"answers": answers, "discovery": discovery})
        if path.endswith(".extension") and ".resource." not in path
    ]
    assert all(isinstance(value, dict) and all("." in name for name in value) for _, value in found)
