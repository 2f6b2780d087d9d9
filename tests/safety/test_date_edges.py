"""Dates: the edge of each window, leap days, time zones, daylight saving, partial, invalid and future dates.

Clinical specification, section 2: "Calendar days in the deployment's time zone. Windows, in days before today, inclusive."
Each edge is shown by a card that the last day inside gives and the first day outside does not (or the other way round).
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest

from cds_service.app import create_app
from cds_service.config import Settings
from tests.support.clinic import card_of, ids, suggestions
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_TABLET,
    DAILY,
    HYDROXOCOBALAMIN,
    IM,
    LOINC,
    NOW,
    ORAL,
    RXNORM,
    SNOMED,
    SUBJECT,
    allergy,
    condition,
    days_ago,
    dosage,
    draft,
    folic_acid,
    hook_request,
    hydroxocobalamin,
    medication_request,
    observation,
    patient,
    prefetch,
    service_request,
)

ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
NEW_YORK, TOKYO, LONDON = "America/New_York", "Asia/Tokyo", "Europe/London"
NEURO, PREGNANT, NITROUS, PERNICIOUS = "386033004", "77386006", "73891003", "84027009"
YOUNG_WOMAN = patient(birth="1996-05-01")
KIDNEYS_FINE = observation("egfr", 90, "mL/min/{1.73_m2}")
NOT_ANAEMIC = observation("hb", 145, "g/L")
CYANOCOBALAMIN = draft(CYANOCOBALAMIN_TABLET, dosage(1, route=ORAL, every=DAILY))


@cache
def _service(**settings: Any) -> tuple[list[datetime], Any]:
    clock = [NOW]
    return clock, create_app(Settings(**settings), clock=lambda: clock[0]).test_client()


def cards(
    hook: str,
    *record: dict[str, Any],
    now: datetime = NOW,
    zone: str = "UTC",
    who: dict[str, Any] | None = None,
    drafts: list[dict[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """The cards of a call at the time ``now`` in a deployment of the time zone ``zone``."""
    clock, client = _service(timezone=zone)
    clock[0] = now
    response = client.post(
        f"/cds-services/b12-folate-{hook}",
        json=hook_request(hook, prefetch(*record, who=who), drafts=drafts),
    )
    assert response.status_code == 200, response.get_json()
    found: list[dict[str, Any]] = response.get_json()["cards"]
    return found


def on_opening(*record: dict[str, Any], **more: Any) -> list[str]:
    """The ids of the cards on opening the chart."""
    return ids(cards("patient-view", *record, **more))


def on_signing(order: dict[str, Any], *record: dict[str, Any], **more: Any) -> list[str]:
    """The ids of the cards on signing an order."""
    return ids(cards("order-sign", *record, drafts=[order], **more))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def b12(value: float, **more: Any) -> dict[str, Any]:
    return observation("b12", value, "ng/L", **more)


def deficient(*record: dict[str, Any], **more: Any) -> bool:
    """Whether the deciding B12 result is the low one."""
    return "b12-deficiency-untreated" in on_opening(*record, **more)


# --- the last day inside a window, and the first day outside --------------------------------------------------------


@pytest.mark.parametrize(("ago", "counts"), [(0, True), (180, True), (181, False)])
@pytest.mark.parametrize(
    ("test", "value", "unit"),
    [("b12", 110, "ng/L"), ("b12_molar", 90, "pmol/L"), ("active_b12", 20, "pmol/L")],
)
def test_b12_counts_for_180_days(test, value, unit, ago, counts):
    assert (
        "b12-deficiency-untreated" in on_opening(observation(test, value, unit, ago=ago))
    ) is counts


@pytest.mark.parametrize(
    ("ago", "card"), [(180, "b12-deficiency-untreated"), (181, "b12-indeterminate")]
)
def test_methylmalonic_acid_counts_for_180_days(ago, card):
    assert on_opening(b12(250), KIDNEYS_FINE, observation("mma", 900, "nmol/L", ago=ago)) == [card]


@pytest.mark.parametrize(
    ("ago", "card"), [(180, "b12-folate-deficiency"), (181, "b12-deficiency-untreated")]
)
def test_folate_counts_for_180_days(ago, card):
    assert on_opening(b12(110), observation("folate", 2, "ug/L", ago=ago)) == [card]


@pytest.mark.parametrize(("ago", "above"), [(180, True), (181, False)])
def test_homocysteine_counts_for_180_days(ago, above):
    monitored = observation("mma", 200, "nmol/L", ago=2)
    record = [
        begun(300),
        KIDNEYS_FINE,
        monitored,
        observation("homocysteine", 12, "umol/L", ago=ago),
    ]
    assert ("homocysteine-above-target" in on_opening(*record)) is above


@pytest.mark.parametrize(("ago", "known_not_anaemic"), [(90, True), (91, False)])
def test_haemoglobin_counts_for_90_days(ago, known_not_anaemic):
    answer = on_signing(hydroxocobalamin(), observation("hb", 145, "g/L", ago=ago))
    assert ("potassium-monitoring" not in answer) is known_not_anaemic


@pytest.mark.parametrize(("ago", "counts"), [(90, True), (91, False)])
def test_mean_cell_volume_counts_for_90_days(ago, counts):
    assert (
        "b12-indeterminate-neuro"
        in on_opening(b12(480), condition(NEURO), observation("mcv", 112, "fL", ago=ago))
    ) is counts


@pytest.mark.parametrize(("ago", "counts"), [(90, True), (91, False)])
def test_platelets_count_for_90_days(ago, counts):
    assert (
        "b12-bleeding-risk"
        in on_signing(hydroxocobalamin(), observation("platelets", 20, "10*9/L", ago=ago))
    ) is counts


@pytest.mark.parametrize(("ago", "counts"), [(365, True), (366, False)])
@pytest.mark.parametrize(
    ("test", "value", "unit"), [("egfr", 38, "mL/min/{1.73_m2}"), ("creatinine", 2.1, "mg/dL")]
)
def test_kidney_function_counts_for_365_days(test, value, unit, ago, counts):
    assert (
        "cyanocobalamin-renal"
        in on_signing(CYANOCOBALAMIN, observation(test, value, unit, ago=ago))
    ) is counts


@pytest.mark.parametrize(("ago", "counts"), [(3, True), (4, False)])
def test_potassium_counts_for_3_days(ago, counts):
    assert (
        "hypokalaemia-before-b12"
        in on_signing(hydroxocobalamin(), observation("potassium", 2.8, "mmol/L", ago=ago))
    ) is counts


@pytest.mark.parametrize(
    ("ago", "orders"),
    [
        (3, ["potassium-24h", "potassium-48h"]),
        (4, ["potassium-now", "potassium-24h", "potassium-48h"]),
    ],
)
def test_a_potassium_of_3_days_spares_the_one_now(ago, orders):
    answer = cards("patient-view", b12(110), observation("potassium", 4.2, "mmol/L", ago=ago))
    assert suggestions(answer, "b12-deficiency-untreated")[0][1:] == orders


@pytest.mark.parametrize(("ago", "checked"), [(30, True), (31, False)])
def test_a_low_potassium_is_a_reason_to_check_for_30_days(ago, checked):
    answer = cards(
        "patient-view", b12(110), NOT_ANAEMIC, observation("potassium", 3.4, "mmol/L", ago=ago)
    )
    assert ("potassium-24h" in suggestions(answer, "b12-deficiency-untreated")[0]) is checked


@pytest.mark.parametrize(("ago", "pregnant"), [(300, True), (301, False)])
@pytest.mark.parametrize("dated", ["onsetDateTime", "recordedDate"])
def test_a_pregnancy_on_the_problem_list_counts_for_300_days(dated, ago, pregnant):
    answer = on_opening(b12(110), condition(PREGNANT, **{dated: days_ago(ago)}), who=YOUNG_WOMAN)
    assert answer == (["b12-indeterminate"] if pregnant else ["b12-deficiency-untreated"])


@pytest.mark.parametrize(("ago", "pregnant"), [(300, True), (301, False)])
def test_an_observed_pregnancy_counts_for_300_days(ago, pregnant):
    status = observation(
        "b12",
        code={"coding": [{"system": LOINC, "code": "82810-3"}]},
        ago=ago,
        valueCodeableConcept={"coding": [{"system": SNOMED, "code": PREGNANT}]},
    )
    assert on_opening(b12(110), status, who=YOUNG_WOMAN) == (
        ["b12-indeterminate"] if pregnant else ["b12-deficiency-untreated"]
    )


@pytest.mark.parametrize(("ago", "reason"), [(300, True), (301, False)])
def test_a_pregnancy_is_a_reason_for_folate_for_300_days(ago, reason):
    answer = on_signing(
        folic_acid(),
        b12(110),
        condition(NEURO),
        condition(PREGNANT, onsetDateTime=days_ago(ago)),
        who=YOUNG_WOMAN,
    )
    assert answer == (["folic-acid-add-b12"] if reason else ["folic-acid-b12-deficient"])


@pytest.mark.parametrize(("ago", "suspicious"), [(180, True), (181, False)])
def test_nitrous_oxide_counts_for_180_days(ago, suspicious):
    assert on_opening(b12(480), condition(NITROUS, recordedDate=days_ago(ago))) == (
        ["b12-indeterminate"] if suspicious else []
    )


@pytest.mark.parametrize(
    ("ago", "card"),
    [(0, "folic-acid-await-b12"), (30, "folic-acid-await-b12"), (31, "folic-acid-b12-unknown")],
)
def test_a_requested_test_is_awaited_for_30_days(ago, card):
    assert on_signing(folic_acid(), service_request("b12", ago=ago)) == [card]


@pytest.mark.parametrize("status", ["registered", "preliminary"])
@pytest.mark.parametrize(
    ("ago", "card"), [(30, "folic-acid-await-b12"), (31, "folic-acid-b12-unknown")]
)
def test_a_test_in_the_laboratory_is_awaited_for_30_days(status, ago, card):
    assert on_signing(folic_acid(), observation("b12", status=status, ago=ago)) == [card]


@pytest.mark.parametrize(("test", "value", "unit"), [("b12", 480, "ng/L"), ("mma", 150, "nmol/L")])
def test_a_result_of_a_future_day_answers_no_request(test, value, unit):
    record = [
        b12(250),
        condition(NEURO),
        service_request(test, ago=0),
        observation(test, value, unit, ago=-2),
    ]
    assert [
        name
        for name in ("serum-b12", "mma")
        if name in str(suggestions(cards("patient-view", *record), "b12-indeterminate-neuro"))
    ] == ([] if test == "mma" else ["mma"])


@pytest.mark.parametrize(("ago", "pending"), [(0, True), (2, False)])
def test_a_requested_potassium_is_awaited_for_a_day(ago, pending):
    answer = cards("order-sign", service_request("potassium", ago=ago), drafts=[hydroxocobalamin()])
    assert suggestions(answer, "potassium-monitoring") == [
        ["potassium-24h", "potassium-48h"]
        if pending
        else ["potassium-now", "potassium-24h", "potassium-48h"]
    ]


@pytest.mark.parametrize(
    ("kind", "when"),
    [("MedicationAdministration", "effectiveDateTime"), ("MedicationDispense", "whenHandedOver")],
)
@pytest.mark.parametrize(("ago", "treated"), [(0, True), (120, True), (121, False)])
def test_a_dose_is_treatment_for_120_days(kind, when, ago, treated):
    dose = {
        "resourceType": kind,
        "id": "dose",
        "status": "completed",
        "subject": SUBJECT,
        "medicationCodeableConcept": HYDROXOCOBALAMIN,
    }
    assert (
        "b12-deficiency-untreated" not in on_opening(b12(110), {**dose, when: days_ago(ago)})
    ) is treated


@pytest.mark.parametrize(("last_day", "treated"), [(days_ago(0), True), (days_ago(1), False)])
def test_an_order_is_treatment_until_its_last_day(last_day, treated):
    regimen = dosage(
        1, route=IM, every=(1, 2, "d"), boundsPeriod={"start": days_ago(200), "end": last_day}
    )
    order = medication_request(HYDROXOCOBALAMIN, regimen, authoredOn=days_ago(200))
    assert ("b12-deficiency-untreated" not in on_opening(b12(110), order)) is treated


@pytest.mark.parametrize(("ended", "lapsed"), [(30, False), (31, True)])
def test_treatment_has_lapsed_30_days_after_its_end(ended, lapsed):
    regimen = dosage(
        1, route=ORAL, every=DAILY, boundsPeriod={"start": days_ago(700), "end": days_ago(ended)}
    )
    order = medication_request(
        CYANOCOBALAMIN_TABLET, regimen, status="completed", authoredOn=days_ago(700)
    )
    assert ("therapy-lapsed" in on_opening(b12(480), condition(PERNICIOUS), order)) is lapsed


@pytest.mark.parametrize(("last_dose", "lapsed"), [(90, False), (91, True)])
def test_injections_that_have_ended_cover_one_and_a_half_intervals_after_the_last(
    last_dose, lapsed
):
    bounds = {"start": days_ago(last_dose + 600), "end": days_ago(last_dose - 20)}
    every_60_days = dosage(1, route=IM, every=(1, 60, "d"), boundsPeriod=bounds)
    order = medication_request(
        HYDROXOCOBALAMIN, every_60_days, status="completed", authoredOn=bounds["start"]
    )
    assert ("therapy-lapsed" in on_opening(b12(480), condition(PERNICIOUS), order)) is lapsed


@pytest.mark.parametrize(
    ("began", "drawn", "low"), [(28, 0, True), (27, 0, False), (60, 32, True), (60, 33, False)]
)
def test_b12_is_low_on_treatment_28_days_after_its_start(began, drawn, low):
    order = medication_request(
        HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 2, "mo")), authoredOn=days_ago(began)
    )
    assert ("b12-low-on-therapy" in on_opening(b12(110, ago=drawn), order)) is low


@pytest.mark.parametrize(
    ("drug", "ago", "risk"),
    [("6809", 120, True), ("6809", 119, False), ("7646", 365, True), ("7646", 364, False)],
)
def test_metformin_and_acid_suppression_are_risks_after_120_and_365_days(drug, ago, risk):
    order = medication_request(
        {"coding": [{"system": RXNORM, "code": drug}]}, authoredOn=days_ago(ago)
    )
    middle_aged = patient(birth="1980-01-01", gender="male")
    assert (
        "b12-test-indicated" in on_opening(NOT_ANAEMIC, condition(NEURO), order, who=middle_aged)
    ) is risk


@pytest.mark.parametrize(("birth", "age_16"), [("2010-11-23", True), ("2010-11-24", False)])
def test_adult_from_the_16th_birthday(birth, age_16):
    assert on_opening(b12(110), who=patient(birth=birth)) == (
        ["b12-deficiency-untreated"] if age_16 else []
    )


@pytest.mark.parametrize(("ago", "past"), [(180, False), (181, True), (3640, True), (3700, False)])
def test_an_old_low_b12_is_remembered_from_its_window_to_10_years(ago, past):
    assert ("b12-past-deficiency" in on_opening(b12(110, ago=ago))) is past


@pytest.mark.parametrize(("day", "past"), [("2016-11-23", True), ("2016-11-22", False)])
def test_10_years_are_10_years_of_the_calendar(day, past):
    assert ("b12-past-deficiency" in on_opening(b12(110, effectiveDateTime=day))) is past


@pytest.mark.parametrize(("day", "lactating"), [("2024-11-23", True), ("2024-11-22", False)])
def test_lactation_counts_for_24_months(day, lactating):
    record = [condition("24930006"), condition("1260078007", onsetDateTime=day)]
    assert ("pregnancy-intake" in on_opening(*record, who=YOUNG_WOMAN)) is lactating


@pytest.mark.parametrize(("ago", "due"), [(90, False), (91, True)])
def test_after_bariatric_surgery_b12_is_measured_every_90_days_of_pregnancy(ago, due):
    record = [
        condition("Z98.84", system=ICD10),
        condition(PREGNANT, onsetDateTime=days_ago(200)),
        observation("active_b12", 90, "pmol/L", ago=ago),
    ]
    assert ("bariatric-pregnancy" in on_opening(*record, who=YOUNG_WOMAN)) is due


# --- days of treatment -----------------------------------------------------------------------------------------------


def begun(ago: int, every: tuple[float, float, str] = (1, 12, "wk")) -> dict[str, Any]:
    """Hydroxocobalamin injections under way since ``ago`` days."""
    return medication_request(
        HYDROXOCOBALAMIN, dosage(1, route=IM, every=every), authoredOn=days_ago(ago), id="course"
    )


def given(ago: int) -> dict[str, Any]:
    """A dose of hydroxocobalamin given ``ago`` days ago."""
    dose = {
        "resourceType": "MedicationAdministration",
        "id": f"dose-{ago}",
        "status": "completed",
        "subject": SUBJECT,
    }
    return {
        **dose,
        "medicationCodeableConcept": HYDROXOCOBALAMIN,
        "effectiveDateTime": days_ago(ago),
    }


@pytest.mark.parametrize(("ago", "due"), [(4, False), (5, True), (10, True), (11, False)])
def test_reticulocytes_are_due_5_to_10_days_after_the_start(ago, due):
    assert (
        "response-reticulocytes" in on_opening(begun(ago), observation("hb", 95, "g/L", ago=ago))
    ) is due


@pytest.mark.parametrize(
    ("began", "drawn", "inadequate"),
    [(55, 0, False), (56, 0, True), (180, 0, True), (181, 0, False), (60, 4, True), (60, 5, False)],
)
def test_the_response_is_judged_56_to_180_days_after_the_start(began, drawn, inadequate):
    counts = [observation("hb", 95, "g/L", ago=began), observation("hb", 96, "g/L", ago=drawn)]
    assert ("response-inadequate" in on_opening(begun(began), *counts)) is inadequate


@pytest.mark.parametrize(
    ("before_start", "known"), [(91, False), (90, True), (0, True), (-3, True), (-4, False)]
)
def test_the_haemoglobin_at_the_start_is_of_90_days_before_to_3_days_after(before_start, known):
    at_start = observation("hb", 95, "g/L", ago=100 + before_start)
    assert (
        "response-inadequate"
        in on_opening(begun(100), at_start, observation("hb", 96, "g/L", ago=0))
    ) is known


@pytest.mark.parametrize(
    ("began", "measured", "due"),
    [
        (89, None, False),
        (90, None, True),
        (400, 90, False),
        (400, 91, True),
        (90, 90, True),
        (90, 89, False),
    ],
)
def test_monitoring_is_due_every_90_days(began, measured, due):
    results = [] if measured is None else [observation("mma", 900, "nmol/L", ago=measured)]
    assert ("monitoring-due" in on_opening(begun(began), *results)) is due


@pytest.mark.parametrize(("newest", "due"), [(365, False), (366, True)])
def test_monitoring_is_due_every_365_days_when_stable(newest, due):
    stable = [observation("homocysteine", 8, "umol/L", ago=ago) for ago in (newest, newest + 100)]
    assert ("monitoring-due" in on_opening(begun(800), *stable)) is due


@pytest.mark.parametrize(
    ("began", "drawn", "above"), [(90, 62, True), (90, 63, False), (89, 0, False)]
)
def test_homocysteine_is_judged_28_days_after_the_start_of_90_days_of_treatment(
    began, drawn, above
):
    record = [begun(began), KIDNEYS_FINE, observation("homocysteine", 12, "umol/L", ago=drawn)]
    assert ("homocysteine-above-target" in on_opening(*record)) is above


@pytest.mark.parametrize(
    ("began", "every", "suggested"), [(180, 60, True), (179, 60, False), (180, 59, False)]
)
def test_an_interval_is_reviewed_after_180_days_and_from_60_days(began, every, suggested):
    record = [
        begun(began, (1, every, "d")),
        condition(NEURO, onsetDateTime=days_ago(began + 1)),
        observation("homocysteine", 8, "umol/L", ago=2),
    ]
    assert ("maintenance-interval" in on_opening(*record)) is suggested


@pytest.mark.parametrize(
    ("last", "first", "lapsed"),
    [(126, 210, False), (127, 211, True), (127, 730, True), (127, 731, False)],
)
def test_maintenance_has_lapsed_after_one_and_a_half_intervals(last, first, lapsed):
    record = [
        condition(PERNICIOUS),
        begun(800),
        given(first),
        given(last),
        observation("homocysteine", 8, "umol/L", ago=2),
    ]
    assert ("therapy-lapsed" in on_opening(*record)) is lapsed


# --- leap days --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "age_16"),
    [("2028-02-28", False), ("2028-02-29", True), ("2028-03-01", True)],
)
def test_born_on_29_february_and_16_in_a_leap_year(now, age_16):
    today = at(f"{now}T12:00:00")
    answer = on_opening(b12(110, effectiveDateTime=now), who=patient(birth="2012-02-29"), now=today)
    assert answer == (["b12-deficiency-untreated"] if age_16 else [])


@pytest.mark.parametrize(("now", "age_65"), [("2025-02-28", False), ("2025-03-01", True)])
def test_born_on_29_february_and_65_in_a_common_year(now, age_65):
    record = [condition(NEURO), observation("hb", 145, "g/L", effectiveDateTime=now)]
    answer = on_opening(
        *record, who=patient(birth="1960-02-29", gender="male"), now=at(f"{now}T12:00:00")
    )
    assert ("b12-test-indicated" in answer) is age_65


def test_a_result_of_29_february():
    drawn = b12(110, effectiveDateTime="2028-02-29")
    assert on_opening(drawn, now=at("2028-08-27T12:00:00")) == [
        "b12-deficiency-untreated"
    ]  # 180 days later
    assert "b12-deficiency-untreated" not in on_opening(drawn, now=at("2028-08-28T12:00:00"))
    assert "b12-deficiency-untreated" not in on_opening(
        b12(110, effectiveDateTime="2027-02-29"), now=at("2027-03-01T12:00:00")
    )


def test_a_year_of_365_days_in_a_leap_year():
    on_new_years_day, the_day_before = (
        observation("egfr", 38, "mL/min/{1.73_m2}", effectiveDateTime=day)
        for day in ("2028-01-01", "2027-12-31")
    )
    today = at("2028-12-31T12:00:00")
    assert "cyanocobalamin-renal" in on_signing(CYANOCOBALAMIN, on_new_years_day, now=today)
    assert "cyanocobalamin-renal" not in on_signing(CYANOCOBALAMIN, the_day_before, now=today)


# --- time zones -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("drawn", "inside"),
    [
        ("2026-05-26T23:30:00Z", {TOKYO}),  # the 27th in Tokyo; 180 days before 23 November
        ("2026-05-27T03:30:00Z", {"UTC", TOKYO}),  # still the 26th in New York
        ("2026-05-27T04:30:00Z", {"UTC", TOKYO, NEW_YORK}),
        ("2026-05-26T14:30:00Z", set()),
        ("2026-05-27", {"UTC", TOKYO, NEW_YORK}),  # a date without a time is that day everywhere
        ("2026-05-26", set()),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", TOKYO, NEW_YORK])
def test_the_day_of_a_result_is_the_day_at_the_site(drawn, inside, zone):
    answer = on_opening(b12(110, effectiveDateTime=drawn), zone=zone)
    assert ("b12-deficiency-untreated" in answer) is (zone in inside)


@pytest.mark.parametrize(
    ("now", "zone", "counts"),
    [
        ("2026-11-23T14:59:59", TOKYO, True),  # 23:59:59 of the 180th day
        ("2026-11-23T15:00:00", TOKYO, False),
        ("2026-11-24T04:59:59", NEW_YORK, True),
        ("2026-11-24T05:00:00", NEW_YORK, False),
        ("2026-11-24T00:00:00", "UTC", False),
    ],
)
def test_today_is_the_day_at_the_site(now, zone, counts):
    assert (
        "b12-deficiency-untreated"
        in on_opening(b12(110, effectiveDateTime="2026-05-27"), now=at(now), zone=zone)
    ) is counts


@pytest.mark.parametrize(("zone", "age_16"), [(TOKYO, True), ("UTC", False), (NEW_YORK, False)])
def test_a_birthday_begins_at_midnight_at_the_site(zone, age_16):
    answer = on_opening(
        b12(110), who=patient(birth="2010-11-24"), now=at("2026-11-23T15:30:00"), zone=zone
    )
    assert answer == (["b12-deficiency-untreated"] if age_16 else [])


@pytest.mark.parametrize("zone", ["UTC", TOKYO, NEW_YORK])
def test_the_newest_of_one_day_is_by_instant_whatever_the_offsets(zone):
    early, late = (
        {"effectiveDateTime": "2026-11-20T18:00:00+09:00"},
        {"effectiveDateTime": "2026-11-20T10:30:00+01:00"},
    )
    assert deficient(b12(480, **early), b12(110, **late), zone=zone)
    assert not deficient(b12(110, **early), b12(480, **late), zone=zone)


@pytest.mark.parametrize(
    ("authored", "zone", "card"),
    [
        ("2026-10-23T23:30:00Z", "UTC", "folic-acid-b12-unknown"),
        ("2026-10-23T23:30:00Z", TOKYO, "folic-acid-await-b12"),
        ("2026-10-24T03:30:00Z", NEW_YORK, "folic-acid-b12-unknown"),
        ("2026-10-24T04:30:00Z", NEW_YORK, "folic-acid-await-b12"),
    ],
)
def test_the_day_of_a_request_is_the_day_at_the_site(authored, zone, card):
    assert on_signing(
        folic_acid(), service_request("b12") | {"authoredOn": authored}, zone=zone
    ) == [card]


# --- daylight saving -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "now", "drawn", "counts"),
    [
        # New York, 1 November 2026 has 25 hours: three calendar days may be up to 97 hours.
        (NEW_YORK, "2026-11-04T04:30:00", "2026-10-31T04:30:00Z", True),
        (NEW_YORK, "2026-11-04T04:30:00", "2026-10-31T03:30:00Z", False),
        # London, 29 March 2026 has 23 hours: less than four times 24 hours may be four calendar days.
        (LONDON, "2026-03-31T22:30:00", "2026-03-28T00:10:00Z", True),
        (LONDON, "2026-03-31T22:30:00", "2026-03-27T23:50:00Z", False),
        # an hour that does not exist (2:30 on 8 March 2026 in New York), without an offset
        (NEW_YORK, "2026-03-11T12:00:00", "2026-03-08T02:30:00", True),
        (NEW_YORK, "2026-03-12T12:00:00", "2026-03-08T02:30:00", False),
    ],
)
def test_windows_are_calendar_days_over_a_change_of_the_clock(zone, now, drawn, counts):
    potassium = observation("potassium", 2.8, "mmol/L", effectiveDateTime=drawn)
    assert (
        "hypokalaemia-before-b12"
        in on_signing(hydroxocobalamin(), potassium, now=at(now), zone=zone)
    ) is counts


def test_the_newest_result_in_the_hour_that_comes_twice():
    summer, winter = (
        b12(480, effectiveDateTime="2026-11-01T01:50:00-04:00"),
        b12(110, effectiveDateTime="2026-11-01T01:10:00-05:00"),
    )
    assert deficient(summer, winter, zone=NEW_YORK)


def test_potassium_is_due_24_hours_from_now_over_a_change_of_the_clock():
    now = at("2026-10-31T16:00:00")
    answer = cards("patient-view", b12(110, effectiveDateTime="2026-10-30"), now=now, zone=NEW_YORK)
    actions = card_of(answer, "b12-deficiency-untreated")["suggestions"][0]["actions"]
    due = [
        action["resource"].get("occurrenceDateTime")
        for action in actions
        if action["resource"]["resourceType"] == "ServiceRequest"
    ]
    assert [
        (datetime.fromisoformat(time) - now).total_seconds() / 3600 for time in due if time
    ] == [24, 48]


# --- partial dates ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("drawn", "now", "counts"),
    [
        ("2026-06", "2026-11-23", True),  # 1 June: 175 days
        ("2026-05", "2026-11-23", False),  # 1 May: 206 days, though 31 May would be 176
        ("2026-11", "2026-11-23", True),
        ("2026", "2026-06-30", True),  # 1 January: 180 days
        ("2026", "2026-07-01", False),
        ("2026-03", "2026-08-28", True),
        ("2026-03", "2026-08-29", False),
    ],
)
def test_a_partial_date_of_a_result_is_its_earliest_day(drawn, now, counts):
    answer = on_opening(b12(110, effectiveDateTime=drawn), now=at(f"{now}T12:00:00"))
    assert ("b12-deficiency-untreated" in answer) is counts


@pytest.mark.parametrize(
    ("drawn", "shown"),
    [("2026-05", "May 2026"), ("2026-05-01", "1 May 2026"), ("2026", "2026")],
)
def test_a_partial_date_is_shown_as_it_was_sent(drawn, shown):
    (card,) = cards(
        "patient-view", b12(110, effectiveDateTime=drawn), now=at("2026-06-30T12:00:00")
    )
    assert f"| Total vitamin B12 | 110 ng/L | {shown} |" in card["detail"]


def test_a_partial_date_is_older_than_a_full_one_of_its_month():
    assert not deficient(
        b12(110, effectiveDateTime="2026-11"), b12(480, effectiveDateTime="2026-11-02")
    )
    assert deficient(
        b12(110, effectiveDateTime="2026-11"), b12(480, effectiveDateTime="2026-10-31")
    )


@pytest.mark.parametrize(
    ("onset", "pregnant"), [("2026-02", True), ("2026-01", False), ("2026", False)]
)
def test_a_partial_onset_is_its_earliest_day(onset, pregnant):
    answer = on_opening(b12(110), condition(PREGNANT, onsetDateTime=onset), who=YOUNG_WOMAN)
    assert answer == (["b12-indeterminate"] if pregnant else ["b12-deficiency-untreated"])


@pytest.mark.parametrize(
    ("birth", "age_16"), [("2010-11", True), ("2010-12", False), ("2010", True), ("2011", False)]
)
def test_a_partial_birth_date_is_mid_period(birth, age_16):
    assert on_opening(b12(110), who=patient(birth=birth)) == (
        ["b12-deficiency-untreated"] if age_16 else []
    )


def test_a_partial_birth_date_is_neither_the_first_nor_the_last_day():
    for day, age_16 in ((10, False), (20, True)):
        low, today = b12(110, effectiveDateTime=f"2026-11-{day}"), at(f"2026-11-{day}T12:00:00")
        assert (
            "b12-deficiency-untreated" in on_opening(low, who=patient(birth="2010-11"), now=today)
        ) is age_16
    today = at("2026-03-15T12:00:00")
    low = b12(110, effectiveDateTime="2026-03-14")
    assert on_opening(low, who=patient(birth="2010"), now=today) == []  # 1 January 2010 would be 16
    assert on_opening(low, who=patient(birth="2010"), now=at("2026-07-20T12:00:00")) == [
        "b12-deficiency-untreated"
    ]  # 31 December would not


# --- invalid dates ---------------------------------------------------------------------------------------------------

INVALID = (
    "",
    " ",
    "yesterday",
    "2026-13",
    "2026-02-30",
    "2026-11-31",
    "20261120",
    "11/20/2026",
    "2026-11-20T25:00:00Z",
    "2026-W47-5",
    20261120,
    [],
    {},
)


@pytest.mark.parametrize("date", INVALID, ids=str)
def test_a_result_without_a_readable_date_is_unusable_and_said_so(date):
    answer = cards("order-sign", b12(480, effectiveDateTime=date), drafts=[folic_acid()])
    assert ids(answer) == ["folic-acid-b12-unknown"]
    assert (
        "total vitamin B12"
        in card_of(answer, "folic-acid-b12-unknown")["detail"].split("Not known:")[1]
    )
    assert on_opening(b12(480, effectiveDateTime=date), b12(110, ago=9)) == [
        "b12-deficiency-untreated"
    ]


@pytest.mark.parametrize("date", [date for date in INVALID if "T" not in str(date)], ids=str)
def test_an_unreadable_birth_date_is_an_unknown_age_and_counts_as_adult(date):
    answer = cards("patient-view", b12(110), who=patient(birth=date))
    assert ids(answer) == ["b12-deficiency-untreated"]
    assert "age" in card_of(answer, "b12-deficiency-untreated")["detail"].split("Not known:")[1]


@pytest.mark.parametrize("date", INVALID, ids=str)
def test_an_undated_pregnancy_does_not_count(date):
    assert on_opening(b12(110), condition(PREGNANT, onsetDateTime=date), who=YOUNG_WOMAN) == [
        "b12-deficiency-untreated"
    ]


@pytest.mark.parametrize("date", INVALID, ids=str)
def test_an_unreadable_date_of_an_order_or_a_request_fails_no_call(date):
    order = medication_request(
        HYDROXOCOBALAMIN,
        dosage(1, route=IM, boundsPeriod={"start": date, "end": date}),
        authoredOn=date,
    )
    opened = cards("patient-view", b12(110), order)
    if isinstance(date, str) and not date.strip():
        assert ids(opened) == []  # no end is stated
    else:  # it may have ended long ago
        assert (
            "B12 treatment under way"
            in card_of(opened, "b12-deficiency-untreated")["detail"].split("Not known:")[1]
        )
    assert on_signing(folic_acid(), service_request("b12") | {"authoredOn": date}) == [
        "folic-acid-b12-unknown"
    ]
    severe = allergy(criticality="high", recordedDate=date, lastOccurrence=date)
    assert "cobalamin-anaphylaxis" in on_signing(hydroxocobalamin(), NOT_ANAEMIC, severe)


@pytest.mark.parametrize(
    ("times", "counts"),
    [
        ({"effectiveInstant": "2026-11-20T08:00:00Z"}, True),
        ({"effectivePeriod": {"start": "2026-01-01", "end": "2026-11-20"}}, True),
        ({"effectivePeriod": {"start": "2026-11-20", "end": "2026-05-01"}}, False),
        ({"effectivePeriod": {"start": "2026-11-20"}}, False),
        ({"issued": "2026-11-20T08:00:00Z"}, False),
    ],
)
def test_which_element_dates_a_result(times, counts):
    assert (
        "b12-deficiency-untreated" in on_opening(b12(110, effectiveDateTime=None, **times))
    ) is counts


def test_issued_only_breaks_ties():
    day = {"effectiveDateTime": "2026-11-20"}
    low, high = (
        b12(110, **day, issued="2026-11-21T09:00:00Z"),
        b12(480, **day, issued="2026-11-21T08:00:00Z"),
    )
    assert deficient(low, high) and deficient(high, low)
    assert not deficient(
        low, b12(480, effectiveDateTime="2026-11-21", issued="2026-11-21T08:00:00Z")
    )


# --- future dates ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ahead", "counts"), [(0, True), (1, True), (2, False), (400, False)])
def test_a_result_may_be_a_day_ahead(ahead, counts):
    assert ("b12-deficiency-untreated" in on_opening(b12(110, ago=-ahead))) is counts


def test_a_result_of_the_future_does_not_erase_an_older_one():
    assert on_opening(b12(480, effectiveDateTime="2062-11-20"), b12(110, ago=9)) == [
        "b12-deficiency-untreated"
    ]


@pytest.mark.parametrize(("drawn", "zone", "counts"), [
    ("2026-11-24T23:30:00Z", "UTC", True), ("2026-11-24T23:30:00Z", TOKYO, False), ("2026-11-25T04:30:00Z", NEW_YORK, True),
])  # fmt: skip
def test_tomorrow_is_the_day_at_the_site(drawn, zone, counts):
    assert (
        "b12-deficiency-untreated" in on_opening(b12(110, effectiveDateTime=drawn), zone=zone)
    ) is counts


def test_a_birth_in_the_future_is_an_unknown_age():
    answer = cards("patient-view", b12(110), who=patient(birth="2027-01-01"))
    assert ids(answer) == ["b12-deficiency-untreated"]
    assert "age" in card_of(answer, "b12-deficiency-untreated")["detail"].split("Not known:")[1]


@pytest.mark.parametrize("ahead", [2, 400])
def test_a_pregnancy_of_the_future_does_not_count(ahead):
    answer = on_opening(
        b12(110), condition(PREGNANT, onsetDateTime=days_ago(-ahead)), who=YOUNG_WOMAN
    )
    assert answer == ["b12-deficiency-untreated"]


def test_a_dose_of_the_future_is_no_treatment():
    dose = {
        "resourceType": "MedicationAdministration",
        "id": "dose",
        "status": "in-progress",
        "subject": SUBJECT,
    }
    dose |= {"medicationCodeableConcept": HYDROXOCOBALAMIN, "effectiveDateTime": days_ago(-5)}
    assert on_opening(b12(110), dose) == ["b12-deficiency-untreated"]


@pytest.mark.parametrize("ahead", [2, 400])
def test_a_request_of_the_future_is_not_awaited(ahead):
    assert on_signing(folic_acid(), service_request("b12", ago=-ahead)) == [
        "folic-acid-b12-unknown"
    ]


@pytest.mark.parametrize("ahead", [2, 400])
def test_a_registered_result_of_the_future_is_not_awaited(ahead):
    assert on_signing(folic_acid(), observation("b12", status="registered", ago=-ahead)) == [
        "folic-acid-b12-unknown"
    ]
