"""Resources of DSTU2, STU3 and R5 are read where they mean the same as in R4, else told apart: never misread."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cds_service.cli import main
from tests.support.clinic import client as service
from tests.support.clinic import facts_of, fire, ids
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_INJECTION,
    HYDROXOCOBALAMIN,
    IM,
    RXNORM,
    SNOMED,
    SUBJECT,
    allergy,
    bundle,
    condition,
    days_ago,
    dosage,
    draft,
    folic_acid,
    hook_request,
    medication_request,
    observation,
    patient,
    prefetch,
    service_request,
)

LOW = observation("b12", 110, "pg/mL")
MONTHLY = dosage(1, route=IM, every=(1, 1, "mo"))


def _resource(kind: str, **elements: Any) -> dict[str, Any]:
    return {"resourceType": kind, "id": "x", "status": "active", "subject": SUBJECT, **elements}


R5_PRODUCT = {"medication": {"concept": CYANOCOBALAMIN_INJECTION}}
R4_PRODUCT = {"medicationCodeableConcept": CYANOCOBALAMIN_INJECTION}
DOSE = {"status": "completed", "effectiveDateTime": days_ago(10), **R4_PRODUCT}
ORDER = _resource("MedicationRequest", intent="order", authoredOn=days_ago(30), **R5_PRODUCT)

MISREAD_AS_NO_TREATMENT = {
    "R5 order": ("medication-requests", ORDER),
    "R5 statement": (
        "medication-statements",
        _resource("MedicationStatement", **{"status": "recorded", **R5_PRODUCT}),
    ),
    "R5 dose given": (
        "medication-administrations",
        _resource("MedicationAdministration", **{"status": "completed", **R5_PRODUCT}),
    ),
    "R5 dispense": (
        "medication-dispenses",
        _resource("MedicationDispense", **{"status": "completed", **R5_PRODUCT}),
    ),
    "DSTU2 order": (
        "medication-requests",
        _resource("MedicationOrder", patient=SUBJECT, **R4_PRODUCT),
    ),
    "DSTU2 dose given": (
        "medication-administrations",
        _resource(
            "MedicationAdministration",
            **{"status": "completed", "effectiveTimeDateTime": days_ago(10), **R4_PRODUCT},
        ),
    ),
}
MISREAD_AS_TREATMENT = {
    "STU3 statement, not taken": (
        "medication-statements",
        _resource("MedicationStatement", taken="n", **R4_PRODUCT),
    ),
    "STU3 statement, unknown whether taken": (
        "medication-statements",
        _resource("MedicationStatement", taken="unk", **R4_PRODUCT),
    ),
    "DSTU2 statement, not taken": (
        "medication-statements",
        _resource("MedicationStatement", patient=SUBJECT, wasNotTaken=True, **R4_PRODUCT),
    ),
    "STU3 dose, not given": (
        "medication-administrations",
        _resource("MedicationAdministration", **{**DOSE, "notGiven": True}),
    ),
    "DSTU2 dose, not given": (
        "medication-administrations",
        _resource("MedicationAdministration", **{**DOSE, "wasNotGiven": True}),
    ),
    "STU3 dispense, not done": (
        "medication-dispenses",
        _resource(
            "MedicationDispense",
            **{
                **R4_PRODUCT,
                "status": "completed",
                "whenHandedOver": days_ago(5),
                "notDoneCodeableConcept": {},
            },
        ),
    ),
}


@pytest.mark.parametrize("name", MISREAD_AS_NO_TREATMENT | MISREAD_AS_TREATMENT)
def test_therapy_of_another_version_is_neither_present_nor_absent(name: str) -> None:
    query, resource = (MISREAD_AS_NO_TREATMENT | MISREAD_AS_TREATMENT)[name]
    facts = facts_of(prefetched={**prefetch(LOW), query: bundle([resource])})
    assert facts["b12_therapy.active"].is_unknown
    assert (
        "B12 treatment under way"
        in fire("patient-view", {**prefetch(LOW), query: bundle([resource])})[0]["detail"]
    )


def test_what_is_beside_a_resource_of_another_version_counts() -> None:
    injections = medication_request(HYDROXOCOBALAMIN, MONTHLY)
    assert facts_of(
        prefetched={**prefetch(LOW), "medication-requests": bundle([ORDER, injections])}
    )["b12_therapy.active"].holds


@pytest.mark.parametrize("taken", [{}, {"taken": "y"}])
def test_an_stu3_statement_that_says_taken_is_read(taken: dict[str, str]) -> None:
    statement = _resource("MedicationStatement", **R4_PRODUCT, **taken)
    assert facts_of(prefetched={**prefetch(), "medication-statements": bundle([statement])})[
        "b12_therapy.active"
    ].holds


def test_an_stu3_dose_quantity_is_read() -> None:
    old = {
        "doseQuantity": {"value": 400, "unit": "ug"},
        "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
    }
    assert (
        facts_of(drafts=[draft(folic_acid()["medicationCodeableConcept"], old)])[
            "draft.folate_daily"
        ].value
        == 400
    )


@pytest.mark.parametrize("recorded", ["assertedDate", "dateRecorded"])
def test_an_older_condition_is_read(recorded: str) -> None:
    pregnancy = {"resourceType": "Condition", "id": "c", "patient": SUBJECT, "clinicalStatus": "active", "verificationStatus": "confirmed",
                 "code": {"coding": [{"system": SNOMED, "code": "77386006"}]}, recorded: days_ago(60)}  # fmt: skip
    assert facts_of(pregnancy, who=patient(birth="1996-03-02"))["patient.pregnant"].holds
    numbness = condition("309087008", status=None, abatementBoolean=False)
    assert facts_of(numbness)["neuro.involvement"].holds
    assert not facts_of({**numbness, "abatementBoolean": True})["neuro.involvement"].holds


def test_an_r5_reaction_is_read() -> None:
    reaction = [{"manifestation": [{"concept": {"text": "Anaphylaxis"}}]}]
    assert facts_of(allergy(reaction=reaction))["allergy.cobalamin"].value == "severe"


def test_a_dstu2_allergy_is_neither_present_nor_absent() -> None:
    substance = {"resourceType": "AllergyIntolerance", "id": "a", "patient": SUBJECT, "status": "active",
                 "substance": {"coding": [{"system": SNOMED, "code": "419382002"}]}}  # fmt: skip
    assert facts_of(prefetched={**prefetch(), "allergies": bundle([substance])})[
        "allergy.cobalamin"
    ].is_unknown


@pytest.mark.parametrize("element", ["notDone", "notPerformed"])
def test_a_procedure_that_was_not_done_is_none(element: str) -> None:
    gastrectomy = _resource(
        "Procedure",
        **{"status": "completed", "code": {"coding": [{"system": SNOMED, "code": "26452005"}]}},
    )
    done = facts_of(
        prefetched={**prefetch(), "procedures": bundle([{**gastrectomy, element: False}])}
    )
    assert done["cause.total_gastrectomy"].holds
    not_done = facts_of(
        prefetched={**prefetch(), "procedures": bundle([{**gastrectomy, element: True}])}
    )
    assert not_done["cause.total_gastrectomy"].is_unknown


@pytest.mark.parametrize("element", ["comment", "comments"])
def test_an_older_remark_on_a_haemolysed_sample_is_read(element: str) -> None:
    assert facts_of(observation("potassium", 4.2, "mmol/L", **{element: "Haemolysed"}))[
        "potassium"
    ].is_unknown


@pytest.mark.parametrize("kind", ["ProcedureRequest", "DiagnosticOrder"])
def test_an_older_request_leaves_pending_tests_unknown(kind: str) -> None:
    request = {**service_request("b12"), "resourceType": kind}
    assert facts_of(prefetched={**prefetch(), "service-requests": bundle([request])})[
        "test.pending.b12"
    ].is_unknown


def test_an_r5_request_leaves_pending_tests_unknown() -> None:
    request = service_request("b12")
    request["code"] = {"concept": request["code"]}
    assert facts_of(prefetched={**prefetch(), "service-requests": bundle([request])})[
        "test.pending.b12"
    ].is_unknown


R5_DRAFT = {key: value for key, value in folic_acid().items() if key != "medicationCodeableConcept"}
R5_DRAFT["medication"] = {"concept": {"coding": [{"system": RXNORM, "code": "310410"}]}}
OTHER_DRAFTS = {
    "R5": R5_DRAFT,
    "DSTU2": {**folic_acid(), "resourceType": "MedicationOrder", "patient": SUBJECT},
    "STU3 or DSTU2": {**service_request("b12"), "resourceType": "ProcedureRequest"},
}


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
@pytest.mark.parametrize("version", OTHER_DRAFTS)
def test_draft_orders_of_another_version_are_refused_and_told(hook: str, version: str) -> None:
    """An empty answer would say that nothing is wrong with the orders."""
    response = service().post(
        f"/cds-services/b12-folate-{hook}",
        json=hook_request(hook, prefetch(LOW), drafts=[OTHER_DRAFTS[version]]),
    )
    assert response.status_code == 422
    (issue,) = response.get_json()["issue"]
    assert issue["code"] == "not-supported"
    assert version in issue["details"]["text"]
    assert issue["expression"] == ["context.draftOrders"]


@pytest.mark.parametrize(
    "subject",
    [
        "Patient/pat-1",
        {"reference": "urn:uuid:1"},
        {"reference": "pat-1"},
        {"identifier": {"value": "pat-1"}},
    ],
)
@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_a_draft_order_that_does_not_tell_its_patient_is_refused_and_told(
    hook: str, subject: Any
) -> None:
    """It is checked for nobody, so here too an empty answer would say that nothing is wrong with it."""
    drafts = [folic_acid(), folic_acid(subject=subject)]
    response = service().post(
        f"/cds-services/b12-folate-{hook}", json=hook_request(hook, prefetch(LOW), drafts=drafts)
    )
    assert response.status_code == 422
    (issue,) = response.get_json()["issue"]
    assert "subject.reference" in issue["details"]["text"]
    assert issue["expression"] == ["context.draftOrders"]


def test_a_draft_order_without_a_subject_is_the_context_patients() -> None:
    assert ids(fire("order-sign", prefetch(LOW), drafts=[folic_acid(subject=None)])) == [
        "folic-acid-b12-deficient"
    ]


def test_an_order_of_another_patient_is_not_read_and_the_cards_say_so() -> None:
    diet = {"resourceType": "NutritionOrder", "id": "n", "status": "draft"}
    drafts = [folic_acid(), folic_acid(subject={"reference": "Patient/pat-2"}), diet]
    (card,) = fire("order-sign", prefetch(LOW), drafts=drafts)
    assert ids([card]) == ["folic-acid-b12-deficient"]
    assert "Orders of another patient in this session were not read." in card["detail"]


def test_where_every_folate_order_is_of_another_patient_the_call_is_refused() -> None:
    drafts = [
        draft({"text": "Omeprazole 20 mg capsules"}),
        folic_acid(subject={"reference": "Patient/pat-2"}),
    ]
    answer = service().post(
        "/cds-services/b12-folate-order-sign",
        json=hook_request("order-sign", prefetch(LOW), drafts=drafts),
    )
    assert answer.status_code == 422
    assert "a patient other than" in answer.get_json()["issue"][0]["details"]["text"]


def test_an_order_of_another_patient_that_concerns_us_not_is_no_matter() -> None:
    drafts = [draft({"text": "Omeprazole 20 mg capsules"}, subject={"reference": "Patient/pat-2"})]
    assert fire("order-sign", prefetch(LOW), drafts=drafts) == []


def test_explain_tells_the_version_too(tmp_path: Path) -> None:
    path = tmp_path / "request.json"
    path.write_text(json.dumps(hook_request("order-sign", prefetch(LOW), drafts=[R5_DRAFT])))
    result = CliRunner().invoke(main, ["explain", str(path)])
    assert result.exit_code == 1
    assert "FHIR R5 resources; this service reads R4 and R4B" in result.output


def test_a_patients_resources_of_r4b_are_those_of_r4() -> None:
    assert ids(
        fire(
            "order-sign",
            prefetch(LOW),
            drafts=[
                folic_acid(
                    meta={
                        "profile": ["http://hl7.org/fhir/4.3/StructureDefinition/MedicationRequest"]
                    }
                )
            ],
        )
    ) == ["folic-acid-b12-deficient"]
