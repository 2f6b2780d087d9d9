"""Whole Synthea records, through every service, on the day after the last Observation.

``EXPECTED`` says for each record which urgent cards it justifies, and why; anything else that is urgent is a false alarm. No record
holds a B12, folate, MMA or homocysteine result, a problem or drug that makes folate necessary, a neurological problem, a cobalamin
allergy, or Leber's disease.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from fhir.resources.R4B import get_fhir_model_class
from flask.testing import FlaskClient

from cds_service.app import create_app
from tests.hooks.synthea import NAMES, Record, load, prefetched
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_TABLET,
    DAILY,
    ORAL,
    dosage,
    draft,
    folic_acid,
    hydroxocobalamin,
)

DRAFTS: dict[str, dict[str, Any]] = {
    "folic acid": folic_acid(),
    "hydroxocobalamin": hydroxocobalamin(),
    "cyanocobalamin": draft(CYANOCOBALAMIN_TABLET, dosage(1, route=ORAL, every=DAILY)),
    "another drug": draft({"text": "Amoxicillin 500 MG Oral Capsule"}),
}
B12_UNKNOWN, POTASSIUM, RENAL = (
    "folic-acid-b12-unknown",
    "potassium-monitoring",
    "cyanocobalamin-renal",
)


class Expected(NamedTuple):
    """The urgent cards of a record by what is drafted. On opening the chart and at discharge none is urgent."""

    why: str
    cards: dict[str, str]


_TREATED = "an active order of injectable vitamin B12 (RxNorm 2001499)"
EXPECTED = {
    "2dd6fdd7": Expected(
        "no B12 known or treated; no Hb; eGFR > 60",
        {"folic acid": B12_UNKNOWN, "hydroxocobalamin": POTASSIUM},
    ),
    "31052ccc": Expected(
        "no B12 known or treated; no Hb; eGFR > 60",
        {"folic acid": B12_UNKNOWN, "hydroxocobalamin": POTASSIUM},
    ),
    "5654564d": Expected(f"{_TREATED}; eGFR reported 154", {}),
    "6f8ccac9": Expected(
        "no B12 known or treated; Hb 151 g/L, no potassium risk; eGFR > 60",
        {"folic acid": B12_UNKNOWN},
    ),
    "73fbc942": Expected(
        "no B12 known or treated; Hb 157 g/L, no potassium risk; no creatinine",
        {"folic acid": B12_UNKNOWN},
    ),
    "963dabe4": Expected(
        f"{_TREATED}; creatinine 1.75 mg/dL at 28, a man: eGFR 54", {"cyanocobalamin": RENAL}
    ),
    "9afe28dc": Expected(f"{_TREATED}; creatinine 0.70", {}),
    "a4c45fe9": Expected(f"{_TREATED}; creatinine 0.58", {}),
    "b85d7e00": Expected(
        f"{_TREATED}; creatinine 1.53 mg/dL at 48, a woman: eGFR 42", {"cyanocobalamin": RENAL}
    ),
    "bb7fb8e1": Expected(
        "no B12 known or treated; no Hb; no creatinine",
        {"folic acid": B12_UNKNOWN, "hydroxocobalamin": POTASSIUM},
    ),
    "beaf00da": Expected(
        "no B12 known or treated; no Hb; eGFR > 60",
        {"folic acid": B12_UNKNOWN, "hydroxocobalamin": POTASSIUM},
    ),
    "ca95b2c5": Expected(
        "no B12 known or treated; no Hb, a thiazide",
        {"folic acid": B12_UNKNOWN, "hydroxocobalamin": POTASSIUM},
    ),
    "d78af07c": Expected(
        "no B12 known or treated; Hb 155 g/L, no potassium risk", {"folic acid": B12_UNKNOWN}
    ),
    "e4531916": Expected(
        "no B12 known or treated; no Hb", {"folic acid": B12_UNKNOWN, "hydroxocobalamin": POTASSIUM}
    ),
    "f341c771": Expected(f"{_TREATED}; Hb 153 g/L", {}),
}
POTASSIUM_OF_YESTERDAY = {"2dd6fdd7", "31052ccc", "beaf00da"}

Ask = Callable[[Record, str, str | None], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def ask() -> Ask:
    """Fire a hook for a record, at its time; the answer is 200 and its cards are returned."""
    today: list[datetime] = [datetime.now(UTC)]
    client: FlaskClient = create_app(clock=lambda: today[-1]).test_client()
    templates = {
        service["hook"]: service["prefetch"]
        for service in client.get("/cds-services").get_json()["services"]
    }

    def cards(record: Record, hook: str, drafted: str | None) -> list[dict[str, Any]]:
        today.append(record.now)
        context: dict[str, Any] = {
            "userId": "Practitioner/doc",
            "patientId": record.patient["id"],
            "encounterId": "enc-1",
        }
        if drafted:
            order = {**DRAFTS[drafted], "subject": {"reference": f"Patient/{record.patient['id']}"}}
            context["draftOrders"] = {
                "resourceType": "Bundle",
                "type": "collection",
                "entry": [{"resource": order}],
            }
            context["selections"] = [f"MedicationRequest/{order['id']}"]
        request = {
            "hook": hook,
            "hookInstance": "h",
            "context": context,
            "prefetch": prefetched(record, templates[hook]),
        }
        response = client.post(f"/cds-services/b12-folate-{hook}", json=request)
        assert response.status_code == 200
        found: list[dict[str, Any]] = response.get_json()["cards"]
        return found

    return cards


@pytest.fixture(scope="module", params=NAMES, ids=[name[:8] for name in NAMES])
def record(request: pytest.FixtureRequest) -> Record:
    return load(request.param)


def _urgent(cards: list[dict[str, Any]]) -> list[str]:
    return [card["source"]["topic"]["code"] for card in cards if card["indicator"] != "info"]


def _creates(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    suggestions = [suggestion for card in cards for suggestion in card.get("suggestions", [])]
    return [
        action["resource"]
        for suggestion in suggestions
        for action in suggestion["actions"]
        if action["type"] == "create"
    ]


def test_every_reference_of_a_loaded_record_resolves(record: Record) -> None:
    """The records are loaded as a server would: nothing below rests on references that lead nowhere."""
    held = {f"{resource['resourceType']}/{resource['id']}" for resource in record.resources}
    subjects = {
        resource["subject"]["reference"] for resource in record.resources if "subject" in resource
    }
    assert subjects == {f"Patient/{record.patient['id']}"} <= held


@pytest.mark.parametrize("drafted", DRAFTS)
@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_ordering_raises_only_the_alarms_that_the_record_justifies(
    ask: Ask, record: Record, hook: str, drafted: str
) -> None:
    expected = EXPECTED[record.patient["id"][:8]]
    wanted = expected.cards.get(drafted)
    assert _urgent(ask(record, hook, drafted)) == ([wanted] if wanted else []), expected.why


@pytest.mark.parametrize("hook", ["patient-view", "encounter-discharge"])
def test_no_alarm_on_opening_the_chart_or_at_discharge(ask: Ask, record: Record, hook: str) -> None:
    """No record shows a deficiency: anaemia on the problem list, without a B12 result, is none."""
    assert _urgent(ask(record, hook, None)) == []


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_another_drug_raises_no_card_at_all(ask: Ask, record: Record, hook: str) -> None:
    assert ask(record, hook, "another drug") == []


def test_every_order_that_is_suggested_is_valid_fhir(ask: Ask, record: Record) -> None:
    for drafted in DRAFTS:
        for order in _creates(ask(record, "order-sign", drafted)):
            get_fhir_model_class(order["resourceType"]).model_validate(order)
            assert order["subject"] == {"reference": f"Patient/{record.patient['id']}"}
            assert order["encounter"] == {"reference": "Encounter/enc-1"}


def test_potassium_measured_yesterday_is_not_asked_for_now(ask: Ask, record: Record) -> None:
    """The checks are now, at 24 and at 48 hours; "now" is left out where potassium is not older than three days."""
    name = record.patient["id"][:8]
    if EXPECTED[name].cards.get("hydroxocobalamin") == POTASSIUM:
        ordered = _creates(ask(record, "order-sign", "hydroxocobalamin"))
        checks = [order for order in ordered if "/potassium-" in order["instantiatesCanonical"][0]]
        assert len(checks) == (2 if name in POTASSIUM_OF_YESTERDAY else 3)


def test_a_card_never_calls_the_unknown_normal(ask: Ask, record: Record) -> None:
    """Where no B12 is known the card on folic acid says so, and never that deficiency is excluded."""
    for card in ask(record, "order-sign", "folic acid"):
        assert "vitamin B12 status" in card["detail"].split("Not known:")[1]
        assert "excluded" not in card["detail"]
