"""The faults that attacks found, each by the smallest body that shows it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from cds_service.facts.session import MOST_DRAFTS
from cds_service.fhir.medication import MOST_CONTAINED
from cds_service.rendering.reasons import MOST_REASONS
from tests.fuzz.shapes import SURROGATE, as_bytes, deep
from tests.fuzz.target import Answer, Target, faults
from tests.spec.scenarios import EVERY_CARD
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_INJECTION,
    HYDROXOCOBALAMIN,
    IM,
    condition,
    dosage,
    draft,
    folic_acid,
    hook_request,
    hydroxocobalamin,
    medication_request,
    observation,
    prefetch,
)

FETCHED = {
    "fhirServer": "http://127.0.0.1:9/fhir",
    "fhirAuthorization": {"access_token": "t", "token_type": "Bearer"},
}
LOW = observation("b12", 110, "pg/mL")


@pytest.fixture(scope="module")
def target() -> Target:
    return Target()


def _answer(target: Target, request: dict[str, Any]) -> Answer:
    body = as_bytes(request)
    answer = target.send("POST", f"/cds-services/b12-folate-{request['hook']}", body)
    assert not faults(answer, len(body))
    return answer


def _cards(target: Target, request: dict[str, Any]) -> list[str]:
    answer = _answer(target, request)
    assert answer.status == 200
    return [card["source"]["topic"]["code"] for card in orjson.loads(answer.content)["cards"]]


@pytest.mark.parametrize("code", [["QOD"], {}, [[]], 1, None])
def test_a_timing_whose_code_is_none_leaves_the_interval_of_a_draft_open(
    target: Target, code: Any
) -> None:
    timed = {**dosage(1, route=IM), "timing": {"code": {"coding": [{"code": code}]}}}
    order = draft(HYDROXOCOBALAMIN, timed)
    plain = draft(HYDROXOCOBALAMIN, dosage(1, route=IM))
    assert _cards(target, hook_request("order-sign", prefetch(LOW), drafts=[order])) == _cards(
        target, hook_request("order-sign", prefetch(LOW), drafts=[plain])
    )


def test_one_draft_that_cannot_be_read_hides_no_other(target: Target) -> None:
    broken = {
        **folic_acid(),
        "dosageInstruction": [{"timing": {"code": {"coding": [{"code": ["QOD"]}]}}}],
    }
    alone = _cards(target, hook_request("order-sign", prefetch(LOW), drafts=[folic_acid()]))
    assert alone == ["folic-acid-b12-deficient"]
    assert (
        _cards(target, hook_request("order-sign", prefetch(LOW), drafts=[broken, folic_acid()]))
        == alone
    )


@pytest.mark.parametrize(("period", "frequency"), [(1e15, 1), (1e15, 1e-15), (1e-15, 1e15)])
@pytest.mark.parametrize("unit", ["a", "s"])
def test_an_interval_beyond_all_measure_is_written(
    target: Target, period: float, frequency: float, unit: str
) -> None:
    request = EVERY_CARD["maintenance-interval"]
    text = as_bytes(request).decode()
    values = orjson.loads(text)["prefetch"]
    for entry in values["medication-requests"]["entry"]:
        entry["resource"]["dosageInstruction"] = [
            dosage(1, route=IM, every=(frequency, period, unit))
        ]
    _cards(target, {**request, "prefetch": values})
    order = draft(CYANOCOBALAMIN_INJECTION, dosage(1, route=IM, every=(frequency, period, unit)))
    _cards(target, hook_request("order-sign", prefetch(LOW), drafts=[order]))


@pytest.mark.parametrize("depth", [200, 850, 900, 930, 962, 990])
def test_what_is_nested_in_a_result_without_an_id_does_no_harm(target: Target, depth: int) -> None:
    one = {key: value for key, value in observation("b12", 110, "pg/mL").items() if key != "id"}
    quantity = {"value": 110, "unit": "pg/mL", "more": deep(depth, objects=False)}
    request = hook_request("patient-view", prefetch(one, {**one, "valueQuantity": quantity}))
    answer = _answer(target, request)
    # How deep a body may be depends on how deep the server's own calls are.
    assert answer.status == (200 if depth == 200 else answer.status) in (200, 400)
    assert answer.status == 400 or b"b12-deficiency-untreated" in answer.content


def test_half_a_character_in_an_id_of_a_fhir_server_makes_the_query_unanswered(
    target: Target,
) -> None:
    values = EVERY_CARD["maintenance-interval"]["prefetch"]
    text = [as_bytes(value) for value in values.values()]
    orders = list(values).index("medication-requests")
    broken = orjson.loads(text[orders])
    for entry in broken["entry"]:
        entry["resource"]["id"] = SURROGATE
    request = {**EVERY_CARD["maintenance-interval"], "prefetch": dict(values), **FETCHED}
    # The orders are asked of the server, the rest came along.
    del request["prefetch"]["medication-requests"]
    target.servers.answers = [as_bytes(broken)]
    assert "maintenance-interval" not in _cards(target, request)
    target.servers.answers = [text[orders]]
    assert "maintenance-interval" in _cards(target, request)


@pytest.mark.parametrize("name", ["patientId", "encounterId"])
def test_an_id_of_any_length_does_not_come_back_in_every_order(target: Target, name: str) -> None:
    request = hook_request("order-sign", prefetch(LOW), drafts=[folic_acid()])
    request["context"][name] = "a" * 257
    answer = _answer(target, request)
    assert answer.status == 400
    assert orjson.loads(answer.content)["issue"][0]["expression"] == [f"context.{name}"]


def test_an_order_whose_id_is_too_long_is_not_named_and_the_card_stays(target: Target) -> None:
    usual = hook_request("order-sign", prefetch(LOW), drafts=[folic_acid()])
    long = hook_request("order-sign", prefetch(LOW), drafts=[folic_acid(id="a" * 1000)])
    assert _cards(target, long) == _cards(target, usual) == ["folic-acid-b12-deficient"]
    assert b"aaaa" not in _answer(target, long).content


def test_a_server_of_any_length_is_refused(target: Target) -> None:
    request = hook_request(
        "patient-view", {}, **{**FETCHED, "fhirServer": "http://" + "a." * 100_000}
    )
    assert _answer(target, request).status == 400


@pytest.mark.parametrize("number", [201, 100_000])
def test_more_dosages_than_any_regimen_has_leave_it_open(target: Target, number: int) -> None:
    order = medication_request(HYDROXOCOBALAMIN, *([{}] * number), status="draft")
    assert (
        _answer(
            target, hook_request("order-sign", prefetch(LOW), drafts=[order, hydroxocobalamin()])
        ).seconds
        < 5
    )


def test_more_drafts_than_anybody_writes_are_refused(target: Target) -> None:
    """Each costs some work, and a megabyte holds twenty thousand of the smallest."""
    drafts = [folic_acid() for _ in range(MOST_DRAFTS + 1)]
    answer = _answer(target, hook_request("order-sign", prefetch(LOW), drafts=drafts))
    assert answer.status == 422
    (issue,) = orjson.loads(answer.content)["issue"]
    assert issue["code"] == "too-costly"
    assert str(MOST_DRAFTS) in issue["details"]["text"]
    most = _answer(target, hook_request("order-sign", prefetch(LOW), drafts=drafts[1:]))
    assert b"folic-acid-b12-deficient" in most.content


@pytest.mark.parametrize("beside", [MOST_CONTAINED - 1, MOST_CONTAINED])
def test_a_medication_beyond_what_an_order_contains_cannot_be_told(
    target: Target, beside: int
) -> None:
    medication = {"resourceType": "Medication", "id": "m", "code": {"text": "Folic acid 5 mg"}}
    others = [{"resourceType": "Medication", "id": f"other-{n}"} for n in range(beside)]
    order = medication_request(
        None,
        dosage(1, every=(1, 1, "d")),
        status="draft",
        medicationReference={"reference": "#m"},
        contained=[*others, medication],
    )
    order.pop("medicationCodeableConcept", None)
    answer = _answer(target, hook_request("order-sign", prefetch(LOW), drafts=[order]))
    assert answer.status == (200 if beside < MOST_CONTAINED else 412)
    assert (b"folic-acid-b12-deficient" in answer.content) == (beside < MOST_CONTAINED)


def test_thousands_of_problems_do_not_come_back_in_every_order(target: Target) -> None:
    """An order names the resources that decided, as many as somebody may read."""
    answer = _answer(target, _many_causes(1_000))
    orders = [
        action["resource"]
        for card in orjson.loads(answer.content)["cards"]
        for suggestion in card.get("suggestions", [])
        for action in suggestion["actions"]
        if action["type"] == "create"
    ]
    assert orders
    assert max(len(order.get("reasonReference", [])) for order in orders) == MOST_REASONS


def _many_causes(number: int) -> dict[str, Any]:
    """A patient with a cause of B12 deficiency so many times on the problem list."""
    return hook_request(
        "patient-view",
        prefetch(*(condition("84027009", id=f"c{n}") for n in range(number))),
    )
