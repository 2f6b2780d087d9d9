"""Medications, dosages and the therapy that they make up."""

from decimal import Decimal

import pytest

from tests.support.clinic import facts_of
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_TABLET,
    DAILY,
    FOLIC_ACID_1MG,
    HYDROXOCOBALAMIN,
    IM,
    ORAL,
    RXNORM,
    SUBJECT,
    condition,
    days_ago,
    dosage,
    draft,
    folic_acid,
    hydroxocobalamin,
    medication_administration,
    medication_request,
    observation,
    prefetch,
)

# --- what a medication is


def named(text):
    return draft({"text": text})


@pytest.mark.parametrize(
    ("concept", "agent"),
    [
        ({"text": "Hydroxocobalamin 1mg/1ml solution for injection ampoules"}, "hydroxocobalamin"),
        ({"text": "HYDROXYCOBALAMIN 1 mg"}, "hydroxocobalamin"),
        ({"text": "Vitamin B-12 1000 mcg tablet"}, "cyanocobalamin"),
        ({"text": "Vitamin B 12 1 MG Oral Tablet", "coding": [{"system": RXNORM, "code": "309593"}]}, "cyanocobalamin"),
        ({"coding": [{"system": RXNORM, "code": "309594"}]}, "cyanocobalamin"),
        ({"coding": [{"system": "http://www.whocc.no/atc", "code": "B03BA03"}]}, "hydroxocobalamin"),
        ({"text": "Methylcobalamin 1000 mcg lozenge"}, "mecobalamin"),
        ({"coding": [{"system": "urn:local", "code": "X", "display": "Cyanocobalamin injection"}]}, "cyanocobalamin"),
        ({"text": "Multivitamin tablets"}, ""),
        ({"text": "Folic acid 2.5 mg / pyridoxine 25 mg / vitamin B12 2 mg oral tablet"}, ""),
        ({"text": "Iron and vitamin B12 capsules"}, ""),
        ({"text": "Vitamin B complex"}, ""),
        ({"text": "Cyanokit 5 g (hydroxocobalamin)"}, ""),
        ({"coding": [{"system": RXNORM, "code": "700499"}]}, ""),
        ({"text": "Amoxicillin 500 mg capsules"}, ""),
        ({"text": "Cobalt chloride"}, ""),
    ],
)  # fmt: skip
def test_single_agent_cobalamins(concept, agent):
    (found,) = facts_of(drafts=[draft(concept)]).session.drafts
    assert found.product.cobalamin == agent


def test_a_medication_by_reference():
    contained = draft(
        None,
        medicationReference={"reference": "#m"},
        contained=[{"resourceType": "Medication", "id": "m", "code": HYDROXOCOBALAMIN}],
    )
    shown = draft(
        None,
        medicationReference={
            "reference": "Medication/7",
            "display": "Hydroxocobalamin 1 mg injection",
        },
    )
    assert facts_of(drafts=[contained])["draft.b12"].holds is True
    assert facts_of(drafts=[shown])["draft.b12"].holds is True


@pytest.mark.parametrize(
    ("text", "micrograms"),
    [
        ("Folic Acid 1 MG Oral Tablet", 1000),
        ("Folic acid 400 microgram tablets", 400),
        ("Folic acid 400mcg tablets", 400),
        ("Ferrous fumarate 305 mg / Folic acid 350 micrograms capsules", 350),
        ("Prenatal multivitamin with folic acid 0.8 mg", 800),
    ],
)
def test_folate_of_a_product_by_its_stated_dose(text, micrograms):
    order = draft({"text": text}, dosage(1, "{tbl}", every=DAILY))
    assert facts_of(drafts=[order])["draft.folate_daily"].value == micrograms


def test_a_combination_without_a_stated_folate_is_no_folate_draft():
    assert facts_of(drafts=[named("Multivitamin tablets")])["draft.folate"].holds is False


@pytest.mark.parametrize(("route", "counts"), [(ORAL, True), ("47625008", False), (None, False)])
def test_leucovorin_counts_as_folate_only_by_mouth(route, counts):
    assert (
        facts_of(
            drafts=[draft({"text": "Leucovorin 15 mg"}, dosage(15, route=route, every=DAILY))]
        )["draft.folate"].holds
        is counts
    )


# --- the regimen


def phase_of(*dosages, concept=CYANOCOBALAMIN_TABLET):
    return facts_of(drafts=[draft(concept, *dosages)]).session.drafts[0].phase


@pytest.mark.parametrize(
    ("timing", "interval"),
    [
        pytest.param({"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}, 1, id="daily"),
        pytest.param(
            {"repeat": {"frequency": 3, "period": 1, "periodUnit": "wk"}},
            7 / 3,
            id="three times a week",
        ),
        pytest.param(
            {"repeat": {"frequency": 1, "period": 2, "periodUnit": "d"}}, 2, id="alternate days"
        ),
        pytest.param(
            {"repeat": {"period": 3, "periodUnit": "mo"}},
            91.3125,
            id="every 3 months, frequency unstated",
        ),
        pytest.param(
            {"repeat": {"frequency": 1, "period": 2, "periodMax": 3, "periodUnit": "mo"}},
            76.09375,
            id="every 2 to 3 months",
        ),
        pytest.param({"code": {"coding": [{"code": "BID"}]}}, 0.5, id="BID"),
        pytest.param({"code": {"coding": [{"code": "QOD"}]}}, 2, id="QOD"),
        pytest.param({"code": {"coding": [{"code": "QD"}]}}, 1, id="QD"),
        pytest.param({"repeat": {"count": 1}}, float("inf"), id="a single dose"),
        pytest.param({"repeat": {"dayOfWeek": ["mon", "wed", "fri"]}}, 7 / 3, id="three weekdays"),
        pytest.param(
            {"repeat": {"timeOfDay": ["08:00:00", "20:00:00"]}}, 0.5, id="two times of day"
        ),
        pytest.param({"event": ["2026-11-23", "2026-11-25", "2026-11-27"]}, 2, id="events"),
        pytest.param({"event": ["2026-11-23"]}, float("inf"), id="one event"),
        pytest.param(
            {"repeat": {"frequency": 0, "period": 0, "periodUnit": "d"}}, None, id="nonsense"
        ),
        pytest.param(
            {"repeat": {"frequency": 1, "period": 1, "periodUnit": "fortnight"}},
            None,
            id="unknown unit",
        ),
        pytest.param({}, 1, id="unstated: of a tablet one a day"),
    ],
)
def test_intervals(timing, interval):
    found = phase_of({"timing": timing, **dosage(1)}).interval
    assert found == (pytest.approx(interval) if interval is not None else None)


def test_as_needed_is_unstated():
    assert phase_of({**dosage(1, every=DAILY), "asNeededBoolean": True}).interval is None


@pytest.mark.parametrize(
    ("concept", "dose", "unit", "micrograms"),
    [
        (CYANOCOBALAMIN_TABLET, 1, "mg", 1000),
        (CYANOCOBALAMIN_TABLET, 50, "ug", 50),
        (CYANOCOBALAMIN_TABLET, 50, "mcg", 50),
        (HYDROXOCOBALAMIN, 1, "mL", 1000),
        (HYDROXOCOBALAMIN, 0.5, "mL", 500),
        (FOLIC_ACID_1MG, 2, "{tbl}", 2000),
        ({"text": "Cyanocobalamin 50 microgram tablets"}, 2, "tablet", 100),
        (HYDROXOCOBALAMIN, 1, "{ampoule}", None),
        ({"text": "Cyanocobalamin"}, 1, "{tbl}", None),
        (CYANOCOBALAMIN_TABLET, 1, "furlong", None),
    ],
)
def test_doses(concept, dose, unit, micrograms):
    assert phase_of(dosage(dose, unit), concept=concept).dose == micrograms


@pytest.mark.parametrize(
    ("concept", "route", "expected"),
    [
        (
            HYDROXOCOBALAMIN,
            {"coding": [{"system": "http://snomed.info/sct", "code": IM}]},
            "parenteral",
        ),
        (HYDROXOCOBALAMIN, {"text": "IM"}, "parenteral"),
        (HYDROXOCOBALAMIN, {"text": "deep subcutaneous injection"}, "parenteral"),
        (CYANOCOBALAMIN_TABLET, {"text": "by mouth"}, "oral"),
        (CYANOCOBALAMIN_TABLET, {"text": "sublingual"}, "oral"),
        (CYANOCOBALAMIN_TABLET, {"text": "intranasal"}, "nasal"),
        (HYDROXOCOBALAMIN, None, "parenteral"),
        ({"coding": [{"system": RXNORM, "code": "309594"}]}, None, "parenteral"),
        (CYANOCOBALAMIN_TABLET, None, "oral"),
        ({"text": "Cyanocobalamin"}, None, None),
        ({"text": "Cyanocobalamin"}, {"text": "as directed"}, None),
    ],
)
def test_routes(concept, route, expected):
    assert phase_of({"route": route} if route else {}, concept=concept).route == expected


def test_real_clients_send_objects_for_lists():
    order = draft(FOLIC_ACID_1MG, category={"coding": []})
    order["dosageInstruction"] = {
        "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
        "doseAndRate": {"doseQuantity": {"value": 1, "code": "mg"}},
    }
    assert facts_of(drafts=[order])["draft.folate_daily"].value == 1000


# --- the session


def test_folate_doses_of_several_drafts_add_up():
    assert (
        facts_of(drafts=[folic_acid(0.3), folic_acid(0.3)])["draft.folate_above_400_ug"].holds
        is True
    )
    assert facts_of(drafts=[folic_acid(0.4)])["draft.folate_above_400_ug"].holds is False
    assert facts_of(drafts=[draft(FOLIC_ACID_1MG)])["draft.folate_above_400_ug"].holds is True


def test_weekly_folic_acid_counts_by_its_mean():
    weekly = draft(FOLIC_ACID_1MG, dosage(5, every=(1, 1, "wk")))
    assert facts_of(drafts=[weekly])["draft.folate_daily"].value == pytest.approx(Decimal(5000) / 7)


@pytest.mark.parametrize(
    ("order", "neuro", "counts"),
    [
        pytest.param(hydroxocobalamin(), False, True, id="injection"),
        pytest.param(
            draft(CYANOCOBALAMIN_TABLET, dosage(1, route=ORAL, every=DAILY)),
            False,
            True,
            id="1 mg by mouth",
        ),
        pytest.param(
            draft(CYANOCOBALAMIN_TABLET, dosage(0.5, route=ORAL, every=DAILY)),
            False,
            True,
            id="500 ug by mouth",
        ),
        pytest.param(
            draft(CYANOCOBALAMIN_TABLET, dosage(0.4, route=ORAL, every=DAILY)),
            False,
            False,
            id="400 ug by mouth",
        ),
        pytest.param(draft(CYANOCOBALAMIN_TABLET), False, True, id="dose unstated"),
        pytest.param(
            draft(CYANOCOBALAMIN_TABLET, dosage(1, route=ORAL, every=DAILY)),
            True,
            False,
            id="by mouth with neurological features",
        ),
        pytest.param(hydroxocobalamin(), True, True, id="injection with neurological features"),
        pytest.param({**hydroxocobalamin(), "status": "stopped"}, False, False, id="a stop"),
    ],
)
def test_therapeutic_cobalamin_in_the_session(order, neuro, counts):
    record = [condition("386033004")] if neuro else []
    assert facts_of(*record, drafts=[order])["session.b12"].holds is counts


# --- therapy in the record

EVERY_3_MONTHS = (1, 3, "mo")


def injections(start=20, every=EVERY_3_MONTHS, **more):
    return medication_request(
        HYDROXOCOBALAMIN, dosage(1, route=IM, every=every), authoredOn=days_ago(start), **more
    )


def administration(ago, **more):
    dose = {"route": {"text": "IM"}, "dose": {"value": 1, "code": "mg"}}
    return medication_administration(HYDROXOCOBALAMIN, ago, **{"dosage": dose, **more})


def statement(status="active", **more):
    return {
        "resourceType": "MedicationStatement",
        "id": "ms",
        "status": status,
        "subject": SUBJECT,
        "medicationCodeableConcept": CYANOCOBALAMIN_TABLET,
        "dosage": [dosage(1, route=ORAL, every=DAILY)],
        "effectivePeriod": {"start": days_ago(100)},
        **more,
    }


@pytest.mark.parametrize(
    ("record", "active"),
    [
        pytest.param([injections()], True, id="active"),
        *(pytest.param([injections(status=status)], False, id=status) for status in ("stopped", "cancelled", "on-hold", "draft", "entered-in-error")),
        pytest.param([injections(status="unknown")], None, id="unknown"),
        *(pytest.param([injections(intent=intent)], active, id=f"intent {intent}") for intent, active in (("order", True), ("instance-order", True), (None, True), ("proposal", False), ("plan", False), ("option", False))),
        pytest.param([injections(doNotPerform=True)], False, id="do not perform"),
        pytest.param([medication_request(HYDROXOCOBALAMIN, dosage(1, route=IM, every=(3, 1, "wk"), boundsDuration={"value": 2, "code": "wk"}), authoredOn=days_ago(13))], True, id="bounds not ended"),
        pytest.param([medication_request(HYDROXOCOBALAMIN, dosage(1, route=IM, every=(3, 1, "wk"), boundsDuration={"value": 2, "code": "wk"}), authoredOn=days_ago(75))], False, id="bounds ended"),
        pytest.param([medication_request(CYANOCOBALAMIN_TABLET, dosage(1, route=ORAL, every=DAILY, boundsPeriod={"start": days_ago(400), "end": days_ago(1)}))], False, id="period ended"),
        pytest.param([administration(120)], True, id="a dose 120 days ago"),
        pytest.param([administration(121)], False, id="a dose 121 days ago"),
        pytest.param([administration(5, status="not-done")], False, id="not done"),
        pytest.param([statement()], True, id="statement"),
        pytest.param([statement("not-taken")], False, id="not taken"),
        pytest.param([statement("completed")], False, id="statement completed"),
        pytest.param([medication_request(CYANOCOBALAMIN_TABLET, dosage(0.4, route=ORAL, every=DAILY))], False, id="400 ug by mouth"),
        pytest.param([medication_request(CYANOCOBALAMIN_TABLET)], True, id="dose unstated"),
        pytest.param([medication_request({"text": "Cyanocobalamin"}, dosage(100, "ug", every=DAILY))], None, id="small dose, route unknown"),
        pytest.param([medication_request({"text": "Multivitamin tablets"})], False, id="multivitamin"),
        pytest.param([medication_request(None, medicationReference={"reference": "Medication/x"})], None, id="medication not identified"),
        pytest.param([], False, id="none"),
    ],
)  # fmt: skip
def test_active_therapy(record, active):
    assert facts_of(*record)["b12_therapy.active"].holds is active


@pytest.mark.parametrize(
    "query",
    [
        "medication-requests",
        "medication-statements",
        "medication-administrations",
        "medication-dispenses",
    ],
)
def test_therapy_is_unknown_without_any_of_the_lists(query):
    assert facts_of(without=(query,))["b12_therapy.active"].is_unknown
    if query != "medication-requests":
        assert facts_of(injections(), without=(query,))["b12_therapy.active"].holds is True


@pytest.mark.parametrize(
    ("record", "start"),
    [
        pytest.param([injections(200)], 200, id="one order"),
        pytest.param(
            [injections(20), injections(400, status="completed")],
            400,
            id="an order runs until the next begins",
        ),
        pytest.param(
            [administration(30), administration(100), administration(200)],
            200,
            id="doses within 135 days",
        ),
        pytest.param([administration(30), administration(166)], 30, id="doses 136 days apart"),
        pytest.param([administration(30), administration(165)], 165, id="doses 135 days apart"),
        pytest.param([injections(10), administration(400)], 10, id="an old dose is another course"),
    ],
)
def test_start_of_the_unbroken_course(record, start):
    assert facts_of(*record)["b12_therapy.start"].value.isoformat() == days_ago(start)


def test_two_phases_run_one_after_the_other():
    loading = dosage(1, route=IM, every=(3, 1, "wk"), boundsDuration={"value": 2, "code": "wk"})
    order = medication_request(
        HYDROXOCOBALAMIN,
        {**loading, "sequence": 1},
        {**dosage(1, route=IM, every=EVERY_3_MONTHS), "sequence": 2},
        authoredOn=days_ago(10),
    )
    assert facts_of(order)["b12_therapy.interval"].value == pytest.approx(7 / 3)
    later = {**order, "authoredOn": days_ago(40)}
    assert facts_of(later)["b12_therapy.interval"].value == pytest.approx(91.3125)


@pytest.mark.parametrize(
    ("started", "drawn", "low"),
    [(28, 0, True), (27, 0, False), (100, 72, True), (100, 73, False)],
)
def test_low_on_therapy_after_28_days(started, drawn, low):
    record = [injections(started), observation("b12", 110, "pg/mL", ago=drawn)]
    assert facts_of(*record)["b12.low_on_therapy"].holds is low


def test_medication_resources_in_the_prefetch_resolve_references():
    values = prefetch(
        medication_request(
            None,
            dosage(1, route=IM, every=EVERY_3_MONTHS),
            medicationReference={"reference": "Medication/m"},
        )
    )
    values["medication-requests"]["entry"].append(
        {"resource": {"resourceType": "Medication", "id": "m", "code": HYDROXOCOBALAMIN}}
    )
    assert facts_of(prefetched=values)["b12_therapy.active"].holds is True
