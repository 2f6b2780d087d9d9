"""What a record or a session states but cannot be read is not taken for its absence, nor for a course under way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.clinic import facts_of, fire, ids, suggestions
from tests.support.fhir_builders import (
    HYDROXOCOBALAMIN,
    IM,
    ORAL,
    SUBJECT,
    days_ago,
    dosage,
    folic_acid,
    hydroxocobalamin,
    medication_request,
    observation,
    patient,
    prefetch,
    service_request,
)

LOW_B12 = observation("b12", 110, "ng/L")
LOADING = (3, 1, "wk")
METHOTREXATE = {"text": "Methotrexate 10 mg tablets"}
TWO_WEEKS = {"boundsDuration": {"value": 2, "unit": "wk", "code": "wk"}}
UNTOLD_ENDS: dict[str, dict[str, Any]] = {
    "a period that ends on no date": {"boundsPeriod": {"start": "2019-01-01", "end": "31.10.2020"}},
    "a period that ends at a time of another form": {"boundsPeriod": {"end": "2020-10-31 00:00:00"}},
    "a duration in German": {"boundsDuration": {"value": 14, "unit": "Tage"}},
    "a duration without a unit": {"boundsDuration": {"value": 14}},
    "a duration that is a text": {"boundsDuration": "2 weeks"},
    "a duration of which nothing is said": {"boundsDuration": {}},
    "at least two weeks": {"boundsRange": {"low": {"value": 2, "unit": "wk", "code": "wk"}}},
    "six doses, no frequency": {"count": 6},
}  # fmt: skip
UNDATED = [None, "01/01/2019", "2019-01-01 00:00:00", "0"]


def injections(**more: Any) -> dict[str, Any]:
    return medication_request(HYDROXOCOBALAMIN, **more)


def repeated(**repeat: Any) -> dict[str, Any]:
    return dosage(1, route=IM, every=None if "count" in repeat else LOADING, **repeat)


def statement(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "MedicationStatement",
        "id": "st",
        "status": "active",
        "subject": SUBJECT,
        "medicationCodeableConcept": HYDROXOCOBALAMIN,
        **more,
    }


UNTOLD_COURSES = {
    **{
        how: injections(authoredOn="2019-01-01", dosageInstruction=[repeated(**repeat)])
        for how, repeat in UNTOLD_ENDS.items()
    },
    **{
        f"two weeks from {day}": injections(
            authoredOn=day, dosageInstruction=[repeated(**TWO_WEEKS)]
        )
        for day in UNDATED
    },
    "a single dose on no day": injections(
        authoredOn=None, dosageInstruction=[{"timing": {"repeat": {"count": 1}}}]
    ),
    "given at a time that is none": injections(
        dosageInstruction=[{"timing": {"event": ["last week"]}}]
    ),
    "a statement that ends on no date": statement(
        effectivePeriod={"start": "2019-01-01", "end": "31.10.2020"}
    ),
    "a statement of two weeks from no date": statement(
        effectiveDateTime="01.10.2019",
        dateAsserted=days_ago(1),
        dosage=[repeated(**TWO_WEEKS)],
    ),
}


@pytest.mark.parametrize("how", UNTOLD_COURSES)
def test_a_course_that_may_have_ended_long_ago_silences_no_critical_card(how: str) -> None:
    record = prefetch(LOW_B12, UNTOLD_COURSES[how])
    (card, *_) = fire("order-sign", record, drafts=[folic_acid()])
    assert ids([card]) == ["folic-acid-b12-deficient"] and card["indicator"] == "critical"
    assert "Not known:" in card["detail"] and "B12 treatment" in card["detail"]
    low_potassium = prefetch(LOW_B12, observation("potassium", 2.7, "mmol/L"), UNTOLD_COURSES[how])
    shown = ids(fire("order-sign", low_potassium, drafts=[hydroxocobalamin()]))
    assert "hypokalaemia-before-b12" in shown


@pytest.mark.parametrize(
    "order",
    [
        injections(authoredOn=None, dosageInstruction=[repeated()]),
        injections(authoredOn="01/01/2019", dosageInstruction=[repeated()]),
        injections(
            authoredOn=None,
            dosageInstruction=[
                {"sequence": 1, **repeated(**TWO_WEEKS)},
                {"sequence": 2, **dosage(1, route=IM, every=(1, 3, "mo"))},
            ],
        ),
        injections(authoredOn=days_ago(3), dosageInstruction=[repeated(**TWO_WEEKS)]),
        statement(effectivePeriod={"start": "01.10.2019"}),
    ],
    ids=["no date", "an unreadable date", "loading, then on and on", "two weeks", "no end"],
)
def test_a_course_that_states_no_end_or_has_not_ended_runs(order: dict[str, Any]) -> None:
    assert facts_of(order)["b12_therapy.active"].holds is True


@pytest.mark.parametrize("how", UNTOLD_ENDS)
def test_methotrexate_that_may_have_ended_long_ago_is_no_known_reason_for_folate(how: str) -> None:
    taken = dosage(1, "{tablet}", route=ORAL, **UNTOLD_ENDS[how])
    order = medication_request(METHOTREXATE, taken, authoredOn="2015-01-01")
    man = patient(gender="male")
    assert facts_of(order, who=man)["folate.reason"].is_unknown
    (card, *_) = fire("order-sign", prefetch(LOW_B12, order, who=man), drafts=[folic_acid(5)])
    assert ids([card]) == ["folic-acid-b12-deficient"]
    running = medication_request(METHOTREXATE, authoredOn=None)
    assert facts_of(running, who=man)["folate.reason"].value == "methotrexate"


def test_an_anticoagulant_that_may_have_ended_still_warns() -> None:
    warfarin = medication_request(
        {"text": "Warfarin 3 mg tablets"}, dosage(1, **UNTOLD_ENDS["a duration in German"])
    )
    shown = ids(fire("order-sign", prefetch(LOW_B12, warfarin), drafts=[hydroxocobalamin()]))
    assert "b12-bleeding-risk" in shown


@pytest.mark.parametrize("intent", ["Order", "ORDER", "prescription", "directive", " "])
def test_an_order_whose_intent_has_no_meaning_may_be_taken(intent: str) -> None:
    """To replace the folate of a patient who takes methotrexate would harm him."""
    man = patient(gender="male")
    methotrexate = medication_request(METHOTREXATE, intent=intent)
    record = prefetch(LOW_B12, methotrexate, who=man)
    cards = fire("order-sign", record, drafts=[folic_acid(5, id="fol")])
    offered = suggestions(cards, "folic-acid-b12-deficient")
    assert offered and not any("-MedicationRequest/fol" in orders for orders in offered)
    assert facts_of(injections(intent=intent))["b12_therapy.active"].is_unknown
    assert facts_of(injections(intent="proposal"))["b12_therapy.active"].holds is False
    amoxicillin = medication_request({"text": "Amoxicillin 500 mg capsules"}, intent=intent)
    assert facts_of(amoxicillin)["b12_therapy.active"].holds is False, "of none of our agents"


@pytest.mark.parametrize("status", ["Active", "ordered", "unknown", ""])
def test_a_request_whose_status_does_not_tell_leaves_open_whether_the_test_is_pending(
    status: str,
) -> None:
    pending = facts_of(service_request("b12", status=status))["test.pending.b12"]
    assert pending.is_unknown
    other = {**service_request("b12", status=status), "code": {"text": "Chest X-ray"}}
    assert facts_of(other)["test.pending.b12"].holds is False
    assert facts_of(service_request("b12", status="revoked"))["test.pending.b12"].holds is False
