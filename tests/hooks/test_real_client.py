"""Bodies that the public CDS Hooks Sandbox posted, each to the service of its hook.

Its prefetch keys are those of another service: ours are only ``patient`` and ``conditions`` (here: macrocytic anaemia), so no
laboratory result and no medication is known, although the bodies hold a low vitamin B12 under a key that is not ours.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.app import create_app
from tests.conftest import Call
from tests.support.fhir_builders import prefetch

BODIES = Path(__file__).parents[1] / "fixtures" / "cds-hooks-sandbox"


def _body(name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((BODIES / f"{name}.json").read_text("utf-8"))
    return body


def _ids(cards: list[dict[str, Any]]) -> list[str]:
    return [card["source"]["topic"]["code"] for card in cards]


def test_folic_acid_chosen_with_nothing_known_of_b12(call: Call) -> None:
    """One 1 mg tablet a day of folic acid, unit ``{pill}``; ``category`` as an object: test B12 first, and say what is unknown."""
    [card] = call(_body("order-select"))
    assert card["source"]["topic"]["code"] == "folic-acid-b12-unknown"
    assert card["indicator"] == "warning"
    assert [
        action["resource"]["code"]["coding"][0]["code"]
        for action in card["suggestions"][0]["actions"]
    ] == ["2132-9"]
    assert "Not known:" in card["detail"]


def _with_our_keys(body: dict[str, Any]) -> dict[str, Any]:
    """The same body as a client would send it that answers the keys of this service from the same record."""
    values = body["prefetch"]
    laboratory = dict.fromkeys(
        ("b12-results", "blood-count", "renal-and-potassium"), values["labs"]
    )
    ours = {
        "patient": values["patient"],
        "conditions": values["conditions"],
        "medication-requests": values["meds"],
        **laboratory,
    }
    return {**body, "prefetch": ours}


def test_the_same_order_with_the_results_under_our_keys(call: Call) -> None:
    """The B12 of 110 pg/mL is from 2 March: on 23 November it is older than 180 days and no longer tells the status."""
    assert _ids(call(_with_our_keys(_body("order-select")))) == ["folic-acid-b12-unknown"]


def test_the_same_order_when_the_results_are_fresh() -> None:
    """On 5 March, three days after it was drawn, a B12 of 110 pg/mL makes folic acid alone dangerous: critical."""
    spring = create_app(clock=lambda: datetime(2026, 3, 5, 12, tzinfo=UTC)).test_client()
    response = spring.post(
        "/cds-services/b12-folate-order-select", json=_with_our_keys(_body("order-select"))
    )
    [card] = response.get_json()["cards"]
    assert (card["source"]["topic"]["code"], card["indicator"]) == (
        "folic-acid-b12-deficient",
        "critical",
    )
    assert "110 pg/mL" in card["detail"]


def test_a_draft_on_opening_the_tab_has_no_medication(call: Call) -> None:
    """The form is still empty: a draft with neither medication nor intent says nothing."""
    assert call(_body("order-select-on-tab-open")) == []


def test_the_tab_again_without_selections_and_draft_orders(call: Call) -> None:
    """``selections`` and ``draftOrders`` are missing though the hook requires them: no cards, not an error."""
    assert call(_body("order-select-tab-reclicked")) == []


def test_signing_vitamin_b12_tablets(call: Call) -> None:
    """Cyanocobalamin by mouth with only the Patient known: no allergy, Leber's disease or kidney disease is known, so no warning."""
    assert call(_body("order-sign")) == []


def test_opening_the_chart_without_any_laboratory_key(client: FlaskClient) -> None:
    """Conditions and Patient alone do not tell whether there is a deficiency: 412, and the keys that would."""
    response = client.post("/cds-services/b12-folate-patient-view", json=_body("patient-view"))
    assert response.status_code == 412
    [issue] = response.get_json()["issue"]
    assert issue["expression"] == [
        "prefetch.b12-results",
        "prefetch.blood-count",
        "prefetch.renal-and-potassium",
    ]


@pytest.mark.parametrize(
    "name", ["order-select", "order-select-on-tab-open", "order-select-tab-reclicked", "order-sign"]
)
def test_keys_of_another_service_change_nothing(call: Call, name: str) -> None:
    """Literal ``{{…}}`` tokens that the client could not resolve, other services' data: ignored."""
    body = _body(name)
    ours = {key: value for key, value in body["prefetch"].items() if key in prefetch()}
    assert set(ours) <= {"patient", "conditions"}
    assert [card["detail"] for card in call(body)] == [
        card["detail"] for card in call({**body, "prefetch": ours})
    ]


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
@pytest.mark.parametrize("without_prefetch", [True, False])
def test_an_irrelevant_order_needs_no_data(call: Call, hook: str, without_prefetch: bool) -> None:
    """Another drug in the same form: no cards, even where the client sends no prefetch at all."""
    body = _body(hook)
    order = body["context"]["draftOrders"]["entry"][0]["resource"]
    order["medicationCodeableConcept"] = {"text": "Amoxicillin 500 MG Oral Capsule"}
    if without_prefetch:
        del body["prefetch"]
    assert call(body) == []


def test_no_draft_orders_need_no_data_while_orders_are_chosen(call: Call) -> None:
    body = _body("order-select")
    del body["prefetch"], body["context"]["draftOrders"]
    assert call(body) == []


def test_what_is_signed_is_named(client: FlaskClient) -> None:
    """An empty answer would say that nothing is wrong with orders that never came."""
    body = _body("order-sign")
    del body["context"]["draftOrders"]
    answer = client.post("/cds-services/b12-folate-order-sign", json=body)
    assert answer.status_code == 400
    assert answer.get_json()["issue"][0]["expression"] == ["context.draftOrders"]
