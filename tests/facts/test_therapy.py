"""Cobalamin therapy in the record: what counts, since when, by which route, how often; and low B12 on it."""

import pytest

from tests.support.clinic import facts_of
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_TABLET,
    DAILY,
    HYDROXOCOBALAMIN,
    IM,
    ORAL,
    SNOMED,
    SUBJECT,
    condition,
    days_ago,
    dosage,
    medication_request,
    observation,
    patient,
)

QUARTERLY = (1, 3, "mo")
VEGAN = condition("24930006")
UNRESOLVED = {
    "medicationCodeableConcept": None,
    "medicationReference": {"reference": "Medication/nowhere"},
}


def order(
    ago=20,
    concept=HYDROXOCOBALAMIN,
    every=QUARTERLY,
    dose=1,
    unit="mg",
    route=IM,
    repeat=None,
    **more,
):
    return medication_request(
        concept,
        dosage(dose, unit, route=route, every=every, **(repeat or {})),
        authoredOn=days_ago(ago),
        **more,
    )


def tablets(micrograms, ago=20, **more):
    return order(ago, {"text": "Cyanocobalamin tablets"}, DAILY, micrograms, "ug", ORAL, **more)


def statement(status="active", start=100, end=None, **more):
    period = {"start": days_ago(start), **({"end": days_ago(end)} if end is not None else {})}
    return {
        "resourceType": "MedicationStatement",
        "id": f"ms-{start}-{end}",
        "status": status,
        "subject": SUBJECT,
        "effectivePeriod": period,
        "medicationCodeableConcept": CYANOCOBALAMIN_TABLET,
        "dosage": [dosage(1, route=ORAL, every=DAILY)],
        **more,
    }


def given(
    ago,
    status="completed",
    kind="MedicationAdministration",
    concept=HYDROXOCOBALAMIN,
    route=IM,
    **more,
):
    resource = {
        "resourceType": kind,
        "id": f"{kind}-{ago}",
        "status": status,
        "subject": SUBJECT,
        "medicationCodeableConcept": concept,
    }
    stated = dosage(1, route=route)
    if kind == "MedicationAdministration":
        resource |= {
            "effectiveDateTime": days_ago(ago),
            "dosage": {"dose": {"value": 1, "code": "mg"}, "route": stated["route"]},
        }
    else:
        resource |= {
            "whenHandedOver": days_ago(ago),
            "dosageInstruction": [dosage(1, route=route, every=DAILY)],
        }
    resource |= more
    return {key: value for key, value in resource.items() if value is not None}


def active(*record, **more):
    return facts_of(*record, **more)["b12_therapy.active"].holds


REQUEST_STATUSES = {"active": True, "completed": True, "stopped": False, "cancelled": False, "on-hold": False, "draft": False,
                    "entered-in-error": False, "unknown": None}  # fmt: skip
STATEMENT_STATUSES = {"active": True, "intended": True, "completed": False, "stopped": False, "on-hold": False, "not-taken": False,
                      "entered-in-error": False, "unknown": None}  # fmt: skip
ADMINISTRATION_STATUSES = {"completed": True, "in-progress": True, "not-done": False, "on-hold": False, "stopped": False,
                           "entered-in-error": False, "unknown": None}  # fmt: skip
DISPENSE_STATUSES = {"completed": True, "in-progress": False, "preparation": False, "cancelled": False, "on-hold": False, "stopped": False,
                     "declined": False, "entered-in-error": False, "unknown": None}  # fmt: skip
INTENTS = {"order": True, "original-order": True, "reflex-order": True, "filler-order": True, "instance-order": True, None: True,
           "proposal": False, "plan": False, "option": False}  # fmt: skip


@pytest.mark.parametrize(("status", "counts"), REQUEST_STATUSES.items())
def test_statuses_of_orders(status, counts):
    assert active(order(status=status)) is counts


@pytest.mark.parametrize(("intent", "counts"), INTENTS.items())
def test_intents_of_orders(intent, counts):
    assert active(order(intent=intent)) is counts


@pytest.mark.parametrize(("status", "counts"), STATEMENT_STATUSES.items())
def test_statuses_of_statements(status, counts):
    assert active(statement(status)) is counts


@pytest.mark.parametrize(("status", "counts"), ADMINISTRATION_STATUSES.items())
def test_statuses_of_administrations(status, counts):
    assert active(given(10, status)) is counts


@pytest.mark.parametrize(("status", "counts"), DISPENSE_STATUSES.items())
def test_statuses_of_dispenses(status, counts):
    assert active(given(10, status, "MedicationDispense", CYANOCOBALAMIN_TABLET, ORAL)) is counts


@pytest.mark.parametrize(
    ("record", "counts"),
    [
        pytest.param([order(doNotPerform=True)], False, id="do not perform"),
        pytest.param(
            [order(14, every=(3, 1, "wk"), repeat={"boundsDuration": {"value": 2, "code": "wk"}})],
            True,
            id="the last day of its bounds",
        ),
        pytest.param(
            [tablets(1000, 15, repeat={"boundsDuration": {"value": 2, "code": "wk"}})],
            False,
            id="tablets a day after their bounds",
        ),
        pytest.param(
            [order(900, repeat={"boundsPeriod": {"end": days_ago(0)}})],
            True,
            id="period ends today",
        ),
        pytest.param(
            [tablets(1000, 900, repeat={"boundsPeriod": {"end": days_ago(1)}})],
            False,
            id="period of tablets ended yesterday",
        ),
        pytest.param(
            [order(900, dispenseRequest={"validityPeriod": {"end": days_ago(800)}})],
            True,
            id="validity of dispensing is ignored",
        ),
        pytest.param([statement(end=1)], False, id="statement ended"),
        pytest.param([given(120)], True, id="dose 120 days ago"),
        pytest.param([given(121)], False, id="dose 121 days ago"),
        pytest.param([given(-2)], False, id="a dose to come"),
        pytest.param(
            [given(90, kind="MedicationDispense", concept=CYANOCOBALAMIN_TABLET, route=ORAL)],
            True,
            id="dispensed 90 days ago",
        ),
    ],
)
def test_what_is_a_current_course(record, counts):
    assert active(*record) is counts


@pytest.mark.parametrize(
    ("micrograms", "default", "uk", "uk_vegan"),
    [
        (49, False, False, False),
        (50, False, False, True),
        (150, False, False, True),
        (499, False, False, True),
        (500, True, True, True),
        (1000, True, True, True),
    ],
)
def test_how_much_by_mouth_is_therapy(micrograms, default, uk, uk_vegan):
    assert active(tablets(micrograms)) is default
    assert active(tablets(micrograms), VEGAN) is default
    assert active(tablets(micrograms), parameters="uk") is uk
    assert active(tablets(micrograms), VEGAN, parameters="uk") is uk_vegan


@pytest.mark.parametrize(
    ("record", "counts"),
    [
        pytest.param([order(dose=None)], True, id="injection without dose"),
        pytest.param([order(dose=0.1)], True, id="100 ug by injection"),
        pytest.param([order(concept={"text": "Cyanocobalamin nasal spray"}, dose=100, unit="ug", route="46713006", every=DAILY)], True, id="nasal"),
        pytest.param([medication_request({"text": "Cyanocobalamin tablets"})], True, id="by mouth, dose unstated"),
        pytest.param([order(concept=CYANOCOBALAMIN_TABLET, route="37839007", every=DAILY, dose=400, unit="ug")], False, id="sublingual 400 ug is oral"),
        pytest.param([order(concept=CYANOCOBALAMIN_TABLET, route=ORAL, every=(1, 1, "wk"), dose=2)], False, id="2 mg a week by mouth is 286 ug a day"),
        pytest.param([given(10, concept={"text": "Cyanocobalamin"}, route=ORAL, dosage={"dose": {"value": 400, "code": "ug"}, "route": {"text": "oral"}})], False, id="a dose of 400 ug by mouth"),
        pytest.param([medication_request({"text": "Multivitamin tablets"})], False, id="multivitamin"),
    ],
)  # fmt: skip
def test_kinds_and_sizes_of_therapy(record, counts):
    assert active(*record) is counts


@pytest.mark.parametrize(
    "query",
    [
        "medication-requests",
        "medication-statements",
        "medication-administrations",
        "medication-dispenses",
    ],
)
def test_without_one_of_the_medication_lists_therapy_is_unknown_unless_found(query):
    assert active(without=(query,)) is None
    found = order() if query != "medication-requests" else statement()
    assert active(found, without=(query,)) is True


@pytest.mark.parametrize(
    "resource",
    [
        pytest.param(
            medication_request(None, medicationReference={"reference": "Medication/nowhere"}),
            id="order",
        ),
        pytest.param(statement(**UNRESOLVED), id="statement"),
        pytest.param(given(10, **UNRESOLVED), id="administration"),
        pytest.param(given(10, kind="MedicationDispense", **UNRESOLVED), id="dispense"),
    ],
)
def test_a_medication_that_cannot_be_identified_leaves_therapy_unknown(resource):
    if resource["resourceType"] != "MedicationRequest":
        resource = {key: value for key, value in resource.items() if value is not None}
    assert active(resource) is None
    assert active(resource, order()) is True


def test_an_ended_order_that_cannot_be_identified_does_not_matter():
    assert (
        active(
            medication_request(
                None, status="stopped", **{"medicationReference": {"reference": "Medication/x"}}
            )
        )
        is False
    )


def test_a_dose_that_cannot_be_identified_and_is_older_than_120_days_does_not_matter():
    assert active(given(121, **UNRESOLVED)) is False


def start(*record, **more):
    value = facts_of(*record, **more)["b12_therapy.start"].value
    return value and value.isoformat()


WEEKS_2 = {"boundsDuration": {"value": 14, "code": "d"}}


def bounded(begin, end, **more):
    """An order whose bounds run from ``begin`` to ``end`` days ago."""
    return order(
        begin, repeat={"boundsPeriod": {"start": days_ago(begin), "end": days_ago(end)}}, **more
    )


@pytest.mark.parametrize(
    ("record", "ago"),
    [
        pytest.param([order(200)], 200, id="one order"),
        pytest.param(
            [order(20), bounded(400, 80, status="completed", every=DAILY)],
            400,
            id="a gap of 60 days",
        ),
        pytest.param(
            [order(20), bounded(400, 81, status="completed", every=DAILY)],
            20,
            id="a gap of 61 days",
        ),
        pytest.param(
            [order(20), bounded(400, 20 + 136, status="completed")],
            400,
            id="a gap below 1.5 intervals of 3 months",
        ),
        pytest.param(
            [order(20), bounded(400, 20 + 138, status="completed")],
            20,
            id="a gap above 1.5 intervals of 3 months",
        ),
        pytest.param(
            [order(20), order(500, status="completed")],
            500,
            id="an order without bounds runs until the next of its drug",
        ),
        pytest.param(
            [order(20), order(500, CYANOCOBALAMIN_TABLET, DAILY, route=ORAL, status="stopped")],
            20,
            id="but not until one of another drug",
        ),
        pytest.param([given(10), given(145), given(280)], 280, id="doses 135 days apart"),
        pytest.param([given(10), given(146), given(280)], 10, id="doses 136 days apart"),
        pytest.param([order(5), given(60), given(150)], 150, id="doses before the order"),
        pytest.param(
            [statement(start=100), statement("completed", 300, 110)], 300, id="statements"
        ),
        pytest.param(
            [
                order(5, every=(3, 1, "wk"), repeat=WEEKS_2),
                bounded(100, 40, status="stopped", every=DAILY),
            ],
            100,
            id="resumed after 35 days",
        ),
    ],
)
def test_start_of_the_unbroken_course(record, ago):
    assert start(*record) == days_ago(ago)


def test_order_of_arrival_does_not_change_the_start():
    record = [order(20), bounded(400, 80, status="completed", every=DAILY), given(410)]
    assert start(*record) == start(*record[::-1]) == days_ago(410)


def test_an_order_without_date_has_no_known_start():
    facts = facts_of(medication_request(HYDROXOCOBALAMIN, dosage(1, route=IM), authoredOn=None))
    assert facts["b12_therapy.active"].holds is True and facts["b12_therapy.start"].is_unknown


@pytest.mark.parametrize("name", ["b12_therapy.start", "b12_therapy.route", "b12_therapy.interval"])
def test_details_are_absent_without_therapy_and_unknown_with_it(name):
    nothing, unreceived = facts_of()[name], facts_of(without=("medication-requests",))[name]
    assert nothing.value is None and not nothing.is_unknown
    assert unreceived.is_unknown


@pytest.mark.parametrize(
    ("record", "route", "interval"),
    [
        pytest.param([order(20)], "parenteral", 91.3125, id="injections"),
        pytest.param([statement()], "oral", 1, id="tablets"),
        pytest.param(
            [order(400), order(20, CYANOCOBALAMIN_TABLET, DAILY, route=ORAL)],
            "oral",
            1,
            id="the newest order decides",
        ),
        pytest.param([given(20)], "parenteral", None, id="a dose alone"),
        pytest.param([order(20, every=None)], "parenteral", None, id="frequency unstated"),
    ],
)
def test_route_and_interval(record, route, interval):
    facts = facts_of(*record)
    assert facts["b12_therapy.route"].value == route
    assert facts["b12_therapy.interval"].value == (pytest.approx(interval) if interval else None)
    assert facts["b12_therapy.interval"].is_unknown is (interval is None)


@pytest.mark.parametrize(
    ("ago", "interval"), [(0, 7 / 3), (13, 7 / 3), (14, 91.3125), (300, 91.3125)]
)
def test_therapy_is_judged_by_the_phase_that_runs_now(ago, interval):
    loading, upkeep = (
        dosage(1, route=IM, every=(3, 1, "wk"), boundsDuration={"value": 2, "code": "wk"}),
        dosage(1, route=IM, every=QUARTERLY),
    )
    phased = medication_request(
        HYDROXOCOBALAMIN,
        {**loading, "sequence": 1},
        {**upkeep, "sequence": 2},
        authoredOn=days_ago(ago),
    )
    assert facts_of(phased)["b12_therapy.interval"].value == pytest.approx(interval)


def low(*record, **more):
    return facts_of(*record, **more)["b12.low_on_therapy"].holds


def total(value, ago=0):
    return observation("b12", value, "ng/L", ago=ago)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        pytest.param([order(28), total(179)], True, id="28 days after start"),
        pytest.param([order(27), total(179)], False, id="27 days after start"),
        pytest.param([order(100), total(179, 72)], True, id="drawn 28 days after start"),
        pytest.param([order(100), total(179, 73)], False, id="drawn 27 days after start"),
        pytest.param([order(100), total(180)], False, id="180 ng/L"),
        pytest.param([order(100), observation("b12_molar", 132, "pmol/L")], True, id="132 pmol/L"),
        pytest.param([order(100), observation("b12_molar", 133, "pmol/L")], False, id="133 pmol/L"),
        pytest.param([order(100), observation("active_b12", 24, "pmol/L")], True, id="active 24"),
        pytest.param([order(100), observation("active_b12", 25, "pmol/L")], False, id="active 25"),
        pytest.param(
            [order(100), total(179, 30), total(480, 2)], False, id="the newest total decides"
        ),
        pytest.param([total(110)], False, id="no therapy"),
        pytest.param([order(100)], False, id="no result"),
    ],
)
def test_low_on_therapy(record, expected):
    assert low(*record) is expected


def test_low_on_therapy_in_pregnancy_is_by_active_b12_only():
    who, pregnant = patient(birth="1996-05-01"), condition("77386006", onsetDateTime=days_ago(100))
    assert low(order(200), total(110), pregnant, who=who) is False
    assert low(order(200), observation("active_b12", 20, "pmol/L"), pregnant, who=who) is True


def test_low_on_therapy_is_unknown_without_what_it_needs():
    assert low(total(110), without=("medication-requests",)) is None
    assert low(order(100), without=("b12-results",)) is None


@pytest.mark.parametrize("code", [SNOMED])
def test_therapy_rests_on_the_resources_that_it_names(code):
    running = order(20)
    assert [source.reference for source in facts_of(running)["b12_therapy.active"].sources] == [
        f"MedicationRequest/{running['id']}"
    ]


def test_an_order_for_a_number_of_doses_ends_with_the_last_of_them():
    def course(ago):
        return facts_of(order(every=(3, 1, "wk"), repeat={"count": 6}, ago=ago))[
            "b12_therapy.standing"
        ].value

    assert (
        course(12) == "running"
    )  # six doses, 7/3 days apart: the last comes 12 days after the first
    assert course(13) == "scheduled"


def test_tablets_of_50_ug_whose_unit_is_coded_in_snomed_ct_are_no_treatment():
    tablet = {
        "doseAndRate": [
            {"doseQuantity": {"value": 1, "unit": "tablet", "system": SNOMED, "code": "428673006"}}
        ]
    }
    small = statement(
        medicationCodeableConcept={"text": "Cyanocobalamin 50microgram tablets"},
        dosage=[{**dosage(every=DAILY), **tablet}],
    )
    assert facts_of(small, observation("b12", 90, "ng/L"))["b12.status"].value == "deficient"
