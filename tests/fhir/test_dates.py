"""Dates: partial ones, leap days, time zones around midnight, the future, and the edges of windows."""

from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.config import Settings
from cds_service.engine import Call, Engine
from cds_service.fhir.dates import (
    add_days,
    completed_months,
    duration_days,
    parse_birth_date,
    parse_day,
    parse_moment,
)
from tests.support.clinic import facts_of, prefetching
from tests.support.fhir_builders import (
    NOW,
    PATIENT,
    TODAY,
    condition,
    days_ago,
    observation,
    patient,
    prefetch,
)

ZONES = {
    name: ZoneInfo(name)
    for name in ("UTC", "America/New_York", "Asia/Tokyo", "Pacific/Kiritimati", "Pacific/Pago_Pago")
}


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026", date(2026, 1, 1)), ("2026-03", date(2026, 3, 1)), ("2026-03-09", date(2026, 3, 9)), ("2024-02-29", date(2024, 2, 29)),
        ("2026-03-09T23:59:59Z", date(2026, 3, 9)), ("2026-03-09T23:59:59.999+00:00", date(2026, 3, 9)), ("2016-12-31T23:59:60Z", date(2016, 12, 31)),
        ("2026-02-29", None), ("2026-13", None), ("2026-00", None), ("2026-3", None), ("26-03-09", None), ("20260309", None), ("2026-03-9", None),
        ("2026-03-09T25:00:00Z", None), ("0000", None), ("", None), (" 2026", None), ("2026-W10-1", None),
    ],
)  # fmt: skip
def test_fhir_dates_as_days(text, day):
    assert parse_day(text, UTC) == day


@pytest.mark.parametrize(
    ("text", "zone", "day"),
    [
        ("2026-03-09T23:30:00Z", "UTC", date(2026, 3, 9)),
        ("2026-03-09T23:30:00Z", "Asia/Tokyo", date(2026, 3, 10)),
        ("2026-03-09T03:30:00Z", "America/New_York", date(2026, 3, 8)),
        ("2026-03-09T00:30:00+14:00", "UTC", date(2026, 3, 8)),
        ("2026-03-09T12:00:00Z", "Pacific/Kiritimati", date(2026, 3, 10)),
        ("2026-03-09T10:00:00Z", "Pacific/Pago_Pago", date(2026, 3, 8)),
        ("2026-03-09", "Pacific/Pago_Pago", date(2026, 3, 9)),
        ("2026-03-09T00:00:00", "Asia/Tokyo", date(2026, 3, 9)),
        ("2026-03-08T02:30:00", "America/New_York", date(2026, 3, 8)),
    ],
)
def test_a_time_is_of_the_calendar_day_of_the_deployment(text, zone, day):
    assert parse_day(text, ZONES[zone]) == day


@given(
    st.text(max_size=40)
    | st.from_regex(
        r"[0-9]{4}(-[0-9]{2}(-[0-9]{2}(T[0-9:.]{0,12}(Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?",
        fullmatch=True,
    )
)
@settings(max_examples=150, deadline=None)
def test_no_string_makes_reading_a_date_fail(text):
    for zone in ZONES.values():
        moment = parse_moment(text, zone)
        assert moment is None or moment.instant.tzinfo is not None
    birth = parse_birth_date(text)
    assert birth is None or 1 <= birth.year <= 9999


@given(st.text(max_size=30))
@settings(max_examples=25, deadline=None)
def test_no_string_for_a_date_makes_a_call_fail_or_hides_another_result(text):
    result, disease = (
        observation("b12", 110, "ng/L", effectiveDateTime=text),
        condition("386033004", onsetDateTime=text),
    )
    facts = facts_of(
        result, observation("b12", 480, "ng/L", ago=9), disease, who=patient(birth=text)
    )
    assert facts["b12.total"].value is not None and facts["neuro.involvement"].holds is True
    assert not facts["patient.age"].value or facts["patient.age"].value < 2100


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.sampled_from(list(ZONES.values())))
@settings(max_examples=50, deadline=None)
def test_a_full_date_is_its_own_day_in_every_zone(day, zone):
    assert parse_day(day.isoformat(), zone) == day


@pytest.mark.parametrize(
    ("text", "birth"),
    [
        ("1990", date(1990, 7, 1)), ("1990-02", date(1990, 2, 15)), ("1990-02-03", date(1990, 2, 3)), ("1992-02-29", date(1992, 2, 29)),
        ("1990-02-30", None), ("unknown", None), ("", None),
    ],
)  # fmt: skip
def test_a_partial_birth_date_is_mid_period(text, birth):
    assert parse_birth_date(text) == birth


@pytest.mark.parametrize(
    ("birth", "years"),
    [
        ("2010-11-23", 16), ("2010-11-24", 15), ("2010", 16), ("2010-11", 16), ("2010-12", 15), ("2011", 15), ("1957-03-02", 69), ("2026-11-23", 0),
        ("2026-11-24", None), ("2027", None), (None, None), ("sometime", None),
    ],
)  # fmt: skip
def test_age_in_completed_years(birth, years):
    fact = facts_of(who=patient(birth=birth))["patient.age"]
    assert fact.value == years and fact.is_unknown is (years is None)


@pytest.mark.parametrize(
    ("birth", "today", "months"),
    [
        (date(2024, 2, 29), date(2025, 2, 28), 11),
        (date(2024, 2, 29), date(2025, 3, 1), 12),
        (date(2024, 2, 29), date(2028, 2, 29), 48),
        (date(2026, 1, 31), date(2026, 2, 28), 0),
        (date(2026, 1, 31), date(2026, 3, 31), 2),
        (date(2026, 5, 23), date(2026, 11, 23), 6),
        (date(2026, 5, 24), date(2026, 11, 23), 5),
    ],
)
def test_completed_months_around_leap_days_and_month_ends(birth, today, months):
    assert completed_months(birth, today) == months


def test_a_leap_day_child_is_16_on_the_first_of_march():
    who = patient(birth="2012-02-29")
    assert (
        facts_of(who=who, now=NOW.replace(year=2028, month=2, day=28))["patient.paediatric"].holds
        is True
    )
    assert (
        facts_of(who=who, now=NOW.replace(year=2028, month=2, day=29))["patient.paediatric"].holds
        is False
    )
    assert (
        facts_of(who=patient(birth="2011-02-28"), now=NOW.replace(year=2027, month=2, day=28))[
            "patient.paediatric"
        ].holds
        is False
    )


WINDOWS = [
    ("b12", 110, "ng/L", "b12.total", 180), ("active_b12", 20, "pmol/L", "b12.active", 180), ("mma", 900, "nmol/L", "mma", 180),
    ("homocysteine", 20, "umol/L", "homocysteine", 180), ("folate", 2, "ug/L", "folate.serum", 180), ("hb", 101, "g/L", "hb", 90),
    ("mcv", 110, "fL", "mcv", 90), ("platelets", 40, "10*9/L", "platelets", 90), ("egfr", 50, "mL/min/{1.73_m2}", "egfr", 365),
    ("creatinine", 2, "mg/dL", "egfr", 365), ("potassium", 3.1, "mmol/L", "potassium", 3),
]  # fmt: skip


@pytest.mark.parametrize(
    ("analyte", "value", "unit", "fact", "days"),
    WINDOWS,
    ids=[f"{row[0]} {row[4]} days" for row in WINDOWS],
)
@pytest.mark.parametrize(
    ("early", "late"), [("T00:00:00Z", "T23:59:59Z"), ("", "")], ids=["with time", "date alone"]
)
def test_a_window_ends_with_its_last_day(analyte, value, unit, fact, days, early, late):
    inside = facts_of(observation(analyte, value, unit, effectiveDateTime=days_ago(days) + early))[
        fact
    ]
    outside = facts_of(
        observation(analyte, value, unit, effectiveDateTime=days_ago(days + 1) + late)
    )[fact]
    assert inside.value is not None
    assert outside.value is None and not outside.is_unknown


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        pytest.param("2026-05", "absent", id="a month whose first day is outside the window"),
        pytest.param("2026-06", "known", id="a month whose first day is inside"),
        pytest.param("2026", "absent", id="a year whose first day is outside"),
        pytest.param((TODAY + timedelta(days=1)).isoformat(), "known", id="tomorrow"),
        pytest.param(
            (TODAY + timedelta(days=2)).isoformat(), "unknown", id="the day after tomorrow"
        ),
        pytest.param("2027", "unknown", id="next year"),
        pytest.param("9999-12-31T23:59:59Z", "unknown", id="the end of time"),
        pytest.param("0001-01-01", "absent", id="the beginning of time"),
    ],
)
def test_partial_and_future_dates_of_results(when, expected):
    fact = facts_of(observation("b12", 110, "ng/L", effectiveDateTime=when))["b12.total"]
    assert (
        "known" if fact.value is not None else "unknown" if fact.is_unknown else "absent"
    ) == expected


@pytest.mark.parametrize(
    ("more", "dated"),
    [
        pytest.param({"effectiveInstant": f"{days_ago(5)}T10:00:00Z"}, True, id="instant"),
        pytest.param(
            {"effectivePeriod": {"start": "2020-01-01", "end": days_ago(5)}},
            True,
            id="end of the period",
        ),
        pytest.param({"effectivePeriod": {"start": days_ago(5)}}, False, id="a period without end"),
        pytest.param({"issued": f"{days_ago(5)}T10:00:00Z"}, False, id="issued alone"),
        pytest.param({}, False, id="no date"),
    ],
)
def test_what_dates_a_result(more, dated):
    fact = facts_of(observation("b12", 110, "ng/L", effectiveDateTime=None, **more))["b12.total"]
    assert (fact.value is not None) is dated and fact.is_unknown is not dated


def test_issued_breaks_a_tie_of_one_time_and_nothing_else():
    when = f"{days_ago(5)}T08:00:00Z"
    first = observation(
        "b12", 110, "ng/L", effectiveDateTime=when, issued=f"{days_ago(5)}T09:00:00Z"
    )
    second = observation(
        "b12", 480, "ng/L", effectiveDateTime=when, issued=f"{days_ago(4)}T09:00:00Z"
    )
    for order in ([first, second], [second, first]):
        assert facts_of(*order)["b12.total.level"].value == "sufficient"
    later = observation(
        "b12",
        250,
        "ng/L",
        effectiveDateTime=f"{days_ago(5)}T08:00:01Z",
        issued="2020-01-01T00:00:00Z",
    )
    assert facts_of(first, second, later)["b12.total.level"].value == "indeterminate"


@pytest.mark.parametrize(
    ("zone", "sent", "inside"),
    [
        # Noon UTC on 23 November is 24 November in Kiritimati: the window of 3 days then begins on the 21st.
        ("UTC", "2026-11-20T00:00:00Z", True),
        ("Pacific/Kiritimati", "2026-11-20T09:59:00Z", False),
        ("Pacific/Kiritimati", "2026-11-20T10:00:00Z", True),
        ("America/New_York", "2026-11-20T04:59:59Z", False),
        ("America/New_York", "2026-11-20T05:00:00Z", True),
    ],
)
def test_windows_follow_the_calendar_of_the_deployment(zone, sent, inside):
    values = prefetch(observation("potassium", 3.1, "mmol/L", effectiveDateTime=sent))
    call = Call("order-sign", PATIENT, None, None, None, prefetching(values))
    assert (
        Engine(Settings(timezone=zone)).facts(call, NOW)["potassium"].value is not None
    ) is inside


@pytest.mark.parametrize(
    ("value", "unit", "days"),
    [(2, "wk", 14), (36, "h", 1.5), (1, "a", 365.25), (3, "mo", 91.3125), (0, "d", None), (-1, "d", None), (1, "fortnight", None), (1, "", None), (None, "d", None)],
)  # fmt: skip
def test_durations_in_days(value, unit, days):
    assert duration_days(value, unit) == days


@given(st.dates(), st.floats(-1e9, 1e9))
@settings(max_examples=50, deadline=None)
def test_moving_a_day_stays_within_the_calendar(day, days):
    assert date.min <= add_days(day, days) <= date.max
