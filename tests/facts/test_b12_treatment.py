"""How vitamin B12 treatment stands, and by which evidence (clinical specification, section 3.2)."""

import pytest

from tests.support.clinic import facts_of
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_INJECTION,
    CYANOCOBALAMIN_TABLET,
    DAILY,
    HYDROXOCOBALAMIN,
    IM,
    ORAL,
    condition,
    days_ago,
    dosage,
    medication_administration,
    medication_request,
    observation,
    patient,
    procedure,
    resected_length,
)

MONTHLY, QUARTERLY, THRICE_WEEKLY, ALTERNATE_DAYS = (
    (1, 1, "mo"),
    (1, 3, "mo"),
    (3, 1, "wk"),
    (1, 2, "d"),
)
NEURO, PREGNANT = condition("386033004"), condition("77386006", onsetDateTime=days_ago(100))
WOMAN = patient(birth="1996-05-01")


def injections(start, every=QUARTERLY, concept=HYDROXOCOBALAMIN, **more):
    bounds = {
        key: more.pop(key) for key in ("count", "boundsPeriod", "boundsDuration") if key in more
    }
    stated = dosage(1, route=IM, every=every, **bounds)
    return medication_request(concept, stated, authoredOn=days_ago(start), **more)


def tablets(start, **bounds):
    stated = dosage(1, route=ORAL, every=DAILY, **bounds)
    return medication_request(CYANOCOBALAMIN_TABLET, stated, authoredOn=days_ago(start))


def until(days):
    """Bounds that ended so many days ago."""
    return {"end": days_ago(days)}


def given(ago):
    dose = {"dose": {"value": 1, "code": "mg"}, "route": {"text": "IM"}}
    return medication_administration(HYDROXOCOBALAMIN, ago, dosage=dose)


def total(value, ago=0):
    return observation("b12", value, "ng/L", ago=ago)


def standing(*record, **more):
    return facts_of(*record, **more)["b12_therapy.standing"].value


@pytest.mark.parametrize(
    ("record", "stands"),
    [
        pytest.param([], "none", id="nothing"),
        pytest.param([injections(7)], "running", id="begun a week ago"),
        pytest.param([injections(6)], "ordered", id="begun six days ago, no dose recorded"),
        pytest.param(
            [injections(6), given(3)], "running", id="begun six days ago, a dose recorded"
        ),
        pytest.param(
            [injections(6), injections(300), given(80)], "running", id="renewed six days ago"
        ),
        pytest.param([given(120)], "dose", id="a dose 120 days ago"),
        pytest.param(
            [injections(400, status="stopped"), given(100)],
            "dose",
            id="stopped, a dose 100 days ago",
        ),
        pytest.param([injections(400, status="stopped")], "past", id="stopped"),
        pytest.param([given(121)], "past", id="a dose 121 days ago"),
        pytest.param([injections(-14)], "scheduled", id="begins in 14 days"),
        pytest.param([injections(-15)], "none", id="begins in 15 days"),
        pytest.param(
            [injections(-10), given(200)],
            "scheduled",
            id="begins in 10 days, a dose of an earlier course",
        ),
    ],
)
def test_how_treatment_stands(record, stands):
    assert standing(*record) == stands


@pytest.mark.parametrize(
    ("record", "covers"),
    [
        pytest.param(
            [injections(100, THRICE_WEEKLY, count=6)],
            False,
            id="loading, its last dose 88 days ago",
        ),
        pytest.param(
            [injections(72, THRICE_WEEKLY, count=6)], True, id="loading, its last dose 60 days ago"
        ),
        pytest.param(
            [injections(73, THRICE_WEEKLY, count=6)], False, id="loading, its last dose 61 days ago"
        ),
        pytest.param([injections(137, QUARTERLY, count=1)], False, id="a single dose 137 days ago"),
        pytest.param([injections(120, QUARTERLY, count=1)], True, id="a single dose 120 days ago"),
        pytest.param([injections(121, QUARTERLY, count=1)], False, id="a single dose 121 days ago"),
        pytest.param(
            [injections(228, QUARTERLY, count=2)],
            True,
            id="the second of two 3-monthly doses 137 days ago",
        ),
        pytest.param(
            [injections(229, QUARTERLY, count=2)],
            False,
            id="the second of two 3-monthly doses 138 days ago",
        ),
        pytest.param(
            [injections(400, None, boundsPeriod=until(120))],
            True,
            id="interval unstated, ended 120 days ago",
        ),
        pytest.param(
            [injections(400, None, boundsPeriod=until(121))],
            False,
            id="interval unstated, ended 121 days ago",
        ),
        pytest.param(
            [injections(60, MONTHLY, status="completed")],
            True,
            id="completed without bounds, written 60 days ago",
        ),
        pytest.param(
            [injections(61, MONTHLY, status="completed")],
            False,
            id="completed without bounds, written 61 days ago",
        ),
        pytest.param(
            [injections(100, MONTHLY, boundsPeriod=until(39))],
            True,
            id="monthly, dose of day 61 was 39 days ago",
        ),
        pytest.param([injections(20, MONTHLY, status="stopped")], False, id="stopped"),
        pytest.param([injections(20, MONTHLY, status="cancelled")], False, id="cancelled"),
        pytest.param([tablets(100, boundsPeriod=until(1))], False, id="tablets ended yesterday"),
    ],
)
def test_an_order_that_has_ended_covers_by_its_own_interval(record, covers):
    assert facts_of(*record)["b12_therapy.active"].holds is covers
    assert standing(*record) == ("scheduled" if covers else "past")


@pytest.mark.parametrize(
    ("every", "days", "last", "cover"),
    [
        pytest.param((1, 12, "wk"), 83, 0, 126, id="12 weeks less a day"),
        pytest.param((1, 12, "wk"), 84, 0, 126, id="12 weeks, the next dose due behind them"),
        pytest.param((1, 12, "wk"), 85, 84, 126, id="12 weeks and the day of the next dose"),
        pytest.param((1, 1, "wk"), 14, 7, 60, id="two weekly doses"),
        pytest.param((1, 1, "wk"), 15, 14, 60, id="three weekly doses"),
        pytest.param((1, 2, "d"), 4, 2, 60, id="two doses on alternate days"),
        pytest.param((1, 2, "d"), 5, 4, 60, id="three doses on alternate days"),
        pytest.param((1, 1, "d"), 1, 0, 60, id="one day"),
    ],
)
@pytest.mark.parametrize("stated", ["period", "duration"])
@pytest.mark.parametrize("status", ["active", "completed"])
def test_the_last_dose_of_an_order_is_due_within_its_bounds(
    every, days, last, cover, stated, status
):
    def active(ago):
        bounds = {"boundsPeriod": {"start": days_ago(ago), "end": days_ago(ago - days + 1)}}
        if stated == "duration":
            bounds = {"boundsDuration": {"value": days, "code": "d"}}
        ordered = injections(ago, every, status=status, **bounds)
        return facts_of(ordered)["b12_therapy.active"].holds

    assert active(last + cover)
    assert not active(last + cover + 1)


@pytest.mark.parametrize(
    ("sign", "stands"),
    [
        pytest.param([], "scheduled", id="nothing"),
        pytest.param([given(130)], "ended-order", id="a dose within the course"),
        pytest.param([given(500)], "scheduled", id="a dose of an earlier course"),
        pytest.param([total(480, 20)], "ended-order", id="B12 above the middle range since"),
        pytest.param([total(350, 20)], "scheduled", id="B12 in the middle range since"),
        pytest.param(
            [total(480, 200)], "scheduled", id="B12 above the middle range on the first day"
        ),
    ],
)
def test_an_ended_order_without_a_sign_of_doses_is_only_scheduled(sign, stands):
    assert standing(injections(200, MONTHLY, boundsPeriod=until(40)), *sign) == stands


ENDED = injections(72, THRICE_WEEKLY, count=6)  # its doses were due 72 to 60 days ago
HIGH_MMA = observation("mma", 900, "nmol/L", ago=10)
SOUND_KIDNEYS = observation("egfr", 90, "mL/min/{1.73_m2}")


@pytest.mark.parametrize(
    ("results", "covers"),
    [
        pytest.param([total(100, 10)], False, id="deficient"),
        pytest.param([total(100, 72)], True, id="deficient on the day of the first dose"),
        pytest.param([total(100, 71)], False, id="deficient the day after, no dose recorded"),
        pytest.param([total(100, 65), given(70)], True, id="deficient before the last dose, a dose recorded"),
        pytest.param([total(100, 20), total(300, 10)], True, id="the newest is in the middle range"),
        pytest.param([total(300, 10)], True, id="in the middle range"),
        pytest.param([total(300, 10), NEURO], False, id="in the middle range, neurological features"),
        pytest.param([total(300, 10), HIGH_MMA, SOUND_KIDNEYS], False, id="in the middle range, MMA high, kidneys sound"),
        pytest.param([total(300, 10), HIGH_MMA], True, id="in the middle range, MMA high, kidneys not known"),
        pytest.param([total(300, 10), {**HIGH_MMA, "effectiveDateTime": days_ago(100)}, SOUND_KIDNEYS], True, id="MMA from before"),
        pytest.param([total(480, 10), NEURO], True, id="above the middle range, neurological features"),
        pytest.param([observation("active_b12", 20, "pmol/L", ago=10), total(100, 30)], False, id="active B12 deficient"),
    ],
)  # fmt: skip
def test_a_later_deficient_result_ends_the_cover_of_an_order(results, covers):
    record = [ENDED, *results]
    recorded_dose = any(item["resourceType"] == "MedicationAdministration" for item in results)
    assert facts_of(*record)["b12_therapy.active"].holds is (covers or recorded_dose)
    if not covers:
        assert facts_of(*record)["b12_therapy.past"].holds is True


def test_a_low_total_of_pregnancy_ends_no_cover_unless_with_neurological_features():
    assert facts_of(ENDED, total(100, 10), PREGNANT, who=WOMAN)["b12_therapy.active"].holds is True
    assert (
        facts_of(ENDED, total(100, 10), PREGNANT, NEURO, who=WOMAN)["b12_therapy.active"].holds
        is False
    )


def test_the_cover_of_a_recorded_dose_does_not_end_by_a_result():
    facts = facts_of(given(100), total(100, 10))
    assert (
        facts["b12_therapy.standing"].value == "dose" and facts["b12.low_on_therapy"].holds is True
    )


@pytest.mark.parametrize(
    ("record", "counts"),
    [
        pytest.param(
            [injections(-3, ALTERNATE_DAYS), NEURO],
            True,
            id="alternate days, neurological features",
        ),
        pytest.param(
            [injections(-3, THRICE_WEEKLY), NEURO],
            False,
            id="three times a week, neurological features",
        ),
        pytest.param(
            [injections(-3, QUARTERLY), NEURO], False, id="maintenance, neurological features"
        ),
        pytest.param([injections(-15, ALTERNATE_DAYS), NEURO], False, id="too far ahead"),
        pytest.param(
            [
                injections(-3, ALTERNATE_DAYS, CYANOCOBALAMIN_INJECTION),
                NEURO,
                condition("58610003"),
            ],
            False,
            id="Leber's",
        ),
        pytest.param([injections(-3, QUARTERLY)], True, id="maintenance"),
        pytest.param(
            [ENDED, total(100, 10), injections(-3, QUARTERLY)],
            False,
            id="maintenance after a cover that a result ended",
        ),
        pytest.param(
            [ENDED, total(100, 10), injections(-3, THRICE_WEEKLY)],
            True,
            id="loading after a cover that a result ended",
        ),
    ],
)
def test_an_order_that_is_yet_to_begin_counts_only_with_the_regimen_that_is_due(record, counts):
    facts = facts_of(*record)
    assert facts["b12_therapy.active"].holds is counts
    assert (facts["b12_therapy.planned_order"].value is None) is counts
    assert (facts["b12_therapy.planned_start"].value is None) is counts


def test_two_planned_orders_cannot_be_named_as_the_one_that_is_replaced():
    facts = facts_of(injections(-20), injections(-40))
    assert facts["b12_therapy.planned_start"].value.isoformat() == days_ago(-20)
    assert facts["b12_therapy.planned_order"].value is None


def test_of_several_courses_the_last_begun_gives_route_and_interval_and_without_one_the_last_ended():
    facts = facts_of(injections(300, MONTHLY), tablets(100))
    assert (facts["b12_therapy.route"].value, facts["b12_therapy.interval"].value) == ("oral", 1)
    ended = facts_of(
        injections(200, MONTHLY, boundsPeriod=until(40)), tablets(300, boundsPeriod=until(250))
    )
    assert ended["b12_therapy.route"].value == "parenteral"
    assert ended["b12_therapy.interval"].value == pytest.approx(30.4375)


@pytest.mark.parametrize(
    ("record", "ago"),
    [
        pytest.param(
            [injections(5, count=1), injections(140, count=1)],
            140,
            id="single doses 135 days apart",
        ),
        pytest.param(
            [injections(5, count=1), injections(141, count=1)], 5, id="single doses 136 days apart"
        ),
        pytest.param([injections(-10)], -10, id="yet to begin"),
        pytest.param(
            [injections(20, None), injections(300, None, boundsPeriod=until(155))],
            300,
            id="interval unstated, 135 days",
        ),
        pytest.param(
            [injections(20, None), injections(300, None, boundsPeriod=until(156))],
            20,
            id="interval unstated, 136 days",
        ),
    ],
)
def test_the_unbroken_course(record, ago):
    assert facts_of(*record)["b12_therapy.start"].value.isoformat() == days_ago(ago)


@pytest.mark.parametrize(
    ("record", "ago"),
    [
        pytest.param([injections(500, boundsPeriod=until(200))], 200, id="its bounds"),
        pytest.param(
            [injections(500, boundsPeriod=until(400)), given(200)],
            200,
            id="a dose after its bounds",
        ),
        pytest.param(
            [injections(500, boundsPeriod={"end": days_ago(-90)}, status="stopped"), given(300)],
            300,
            id="bounds to come",
        ),
        pytest.param(
            [injections(500, boundsPeriod={"end": days_ago(-90)}, status="stopped")],
            None,
            id="nothing tells",
        ),
        pytest.param(
            [injections(600, boundsPeriod=until(500)), injections(90, status="stopped")],
            None,
            id="the last order does not tell",
        ),
    ],
)
def test_when_an_earlier_course_ended(record, ago):
    ended = facts_of(*record)["b12_therapy.ended"]
    assert ended.is_unknown if ago is None else ended.value.isoformat() == days_ago(ago)


def stop(order):
    return {**order, "status": "stopped"}


RUNNING = injections(100)


@pytest.mark.parametrize(
    ("record", "stopped", "counts"),
    [
        pytest.param([RUNNING], [stop(RUNNING)], False, id="the only order"),
        pytest.param([RUNNING, tablets(90)], [stop(RUNNING)], True, id="another one runs"),
        pytest.param(
            [RUNNING, given(20)], [stop(RUNNING)], False, id="a dose recorded, and the only order"
        ),
        pytest.param(
            [given(20)], [stop(RUNNING)], False, id="an order that the record does not have"
        ),
        pytest.param([RUNNING], [], True, id="nothing stopped"),
        pytest.param([], [stop(RUNNING)], False, id="nothing under way"),
    ],
)
def test_a_stop_leaves_treatment_active_for_this_call_but_not_beside_folate(
    record, stopped, counts
):
    facts = facts_of(*record, drafts=stopped)
    assert facts["b12_therapy.active"].holds is bool(record)
    assert facts["b12_therapy.counts_for_folate"].holds is counts


@pytest.mark.parametrize(("record", "stops"), [([], True), ([condition("84027009")], False)])
def test_a_small_oral_dose_with_a_dietary_cause_is_a_stop_unless_a_cause_is_for_life(record, stops):
    small = medication_request(
        {"text": "Cyanocobalamin tablets"}, dosage(50, "ug", route=ORAL, every=DAILY)
    )
    facts = facts_of(
        condition("24930006"),
        *record,
        drafts=[stop(small)],
        parameters="uk",
        without=("procedures",),
    )
    assert facts["b12_therapy.stopped"].holds is stops


@pytest.mark.parametrize(
    ("cause", "counts"),
    [
        pytest.param([], True, id="none"),
        pytest.param([condition("84027009")], False, id="one for life"),
        pytest.param([procedure("307193005")], False, id="perhaps one: a resection of unknown length"),
        pytest.param([procedure("307193005", extension=[resected_length(15)])], True, id="a short resection"),
    ],
)  # fmt: skip
def test_a_small_oral_dose_counts_with_a_dietary_cause_only_where_none_for_life_is_known_to_be(
    cause, counts
):
    small = medication_request(
        {"text": "Cyanocobalamin tablets"},
        dosage(50, "ug", route=ORAL, every=DAILY),
        authoredOn=days_ago(50),
    )
    vegan = condition("24930006")
    assert facts_of(vegan, small, *cause, parameters="uk")["b12_therapy.active"].holds is counts
    assert (
        facts_of(vegan, small, *cause, parameters="uk", without=("procedures",))[
            "b12_therapy.active"
        ].holds
        is False
    )


@pytest.mark.parametrize(
    ("record", "low"),
    [
        pytest.param(
            [injections(10, ALTERNATE_DAYS), total(100, 9), NEURO],
            True,
            id="the day after it began",
        ),
        pytest.param(
            [injections(10, ALTERNATE_DAYS), total(100, 10), NEURO],
            False,
            id="the day on which it began",
        ),
        pytest.param(
            [injections(10, ALTERNATE_DAYS), total(100, 9), given(10), NEURO],
            False,
            id="a dose recorded",
        ),
        pytest.param(
            [injections(10, ALTERNATE_DAYS), tablets(9), total(100, 8), NEURO],
            False,
            id="tablets beside it",
        ),
        pytest.param(
            [injections(10, ALTERNATE_DAYS), total(100, 9)], False, id="no neurological features"
        ),
    ],
)
def test_with_neurological_features_a_low_result_tells_that_injections_are_not_given(record, low):
    assert facts_of(*record)["b12.low_on_therapy"].holds is low


@pytest.mark.parametrize(
    ("record", "intake"),
    [
        pytest.param([given(120)], True, id="an injection 120 days ago"),
        pytest.param([given(121)], False, id="an injection 121 days ago"),
        pytest.param(
            [medication_request({"text": "Multivitamin tablets"})], True, id="a multivitamin"
        ),
        pytest.param([tablets(-5)], False, id="tablets that begin in 5 days"),
    ],
)
def test_any_intake(record, intake):
    assert facts_of(*record)["b12.any_intake"].holds is intake


@pytest.mark.parametrize("query", ["medication-administrations", "medication-dispenses"])
def test_intake_is_not_known_absent_without_the_doses(query):
    assert facts_of(without=(query,))["b12.any_intake"].is_unknown


def test_a_recorded_dose_between_two_results_counts_where_another_list_is_missing():
    record = [total(100, 100), given(150), given(130), total(480, 5)]
    assert facts_of(*record)["b12.earlier_deficient"].holds is True
    between = [total(100, 150), given(130), total(480, 5)]
    assert (
        facts_of(*between, without=("medication-requests",))["b12.earlier_deficient"].holds is False
    )


@pytest.mark.parametrize(
    ("others", "drafted", "remains"),
    [
        pytest.param([tablets(90)], [], False, id="tablets that run"),
        pytest.param([], [tablets(0) | {"status": "draft"}], False, id="drafted tablets"),
        pytest.param([injections(90)], [], True, id="injections that run"),
        pytest.param([], [injections(0) | {"status": "draft"}], True, id="drafted injections"),
    ],
)
def test_beside_a_stop_what_else_treats_is_by_injection_with_neurological_features(
    others, drafted, remains
):
    session = [stop(RUNNING), *drafted]
    with_features = facts_of(RUNNING, *others, NEURO, drafts=session)
    assert with_features["b12.other_treatment"].holds is remains
    assert facts_of(RUNNING, *others, drafts=session)["b12.other_treatment"].holds


@pytest.mark.parametrize(
    ("begun", "interval", "lapsed"),
    [(None, None, None), (days_ago(5), 7 / 3, "overdue"), (days_ago(60), 365.25 / 4, None)],
    ids=["not stated", "in the loading", "after it"],
)
def test_which_phase_runs_is_known_only_with_the_day_on_which_the_order_begins(
    begun, interval, lapsed
):
    """Nobody is late by the rhythm of a loading phase that may be long over."""
    loading = dosage(
        1, route=IM, every=THRICE_WEEKLY, boundsDuration={"value": 2, "unit": "wk", "code": "wk"}
    )
    later = dosage(1, route=IM, every=QUARTERLY)
    phased = medication_request(
        HYDROXOCOBALAMIN, {"sequence": 1, **loading}, {"sequence": 2, **later}, authoredOn=begun
    )
    facts = facts_of(phased, given(60), given(20))
    assert facts["b12_therapy.active"].holds is True
    assert facts["b12_therapy.route"].value == "parenteral"
    found = facts["b12_therapy.interval"]
    assert (
        found.is_unknown if interval is None else found.value == pytest.approx(interval, rel=0.01)
    )
    assert facts["b12_therapy.lapsed"].value == lapsed
