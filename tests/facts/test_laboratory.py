"""Reading laboratory results: units, comparators, dates, statuses, whose they are, and what absence means."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.fhir.interval import Cut, Interval
from tests.support.clinic import facts_of, prefetching
from tests.support.fhir_builders import bundle, days_ago, observation, prefetch

# --- units


@pytest.mark.parametrize(
    ("analyte", "fact", "spellings"),
    [
        (
            "b12",
            "b12.total",
            [(110, "pg/mL"), (110, "ng/L"), (11, "ng/dL"), (0.11, "ng/mL"), (0.11, "ug/L")],
        ),
        ("b12_molar", "b12.total", [(81, "pmol/L"), (0.081, "nmol/L")]),
        ("mma", "mma", [(900, "nmol/L"), (0.9, "umol/L"), (0.9, "nmol/mL")]),
        ("homocysteine", "homocysteine", [(22, "umol/L"), (22, "nmol/mL")]),
        ("hb", "hb", [(10.1, "g/dL"), (101, "g/L")]),
        ("potassium", "potassium", [(3.2, "mmol/L"), (3.2, "meq/L")]),
    ],
)
def test_the_same_result_in_other_units_is_the_same(analyte, fact, spellings):
    found = {
        facts_of(observation(analyte, value, unit, ago=1))[fact].value.interval
        for value, unit in spellings
    }
    assert len(found) == 1


def test_a_value_at_a_threshold_stays_exactly_there():
    assert (
        facts_of(observation("mma", 0.28, "umol/L"), parameters="uk")["mma.level"].value == "normal"
    )
    assert (
        facts_of(observation("mma", 0.281, "umol/L"), parameters="uk")["mma.level"].value == "high"
    )
    assert facts_of(observation("b12", 0.18, "ng/mL"))["b12.total.level"].value == "indeterminate"


@given(st.decimals("0.001", "190", places=3))
@settings(max_examples=60, deadline=None)
def test_level_does_not_depend_on_the_unit(value):
    in_ng = facts_of(observation("b12", float(value * 10), "ng/L"))["b12.total.level"].value
    in_ng_per_dl = facts_of(observation("b12", float(value), "ng/dL"))["b12.total.level"].value
    assert in_ng == in_ng_per_dl


@pytest.mark.parametrize(
    "quantity",
    [
        pytest.param({"value": 110, "unit": "pg/mL"}, id="printed unit alone"),
        pytest.param({"value": 110, "unit": "PG/ML"}, id="capitals"),
        pytest.param({"value": 110, "unit": "picogram/mL"}, id="spelt out"),
        pytest.param({"value": 0.11, "unit": "mcg/L"}, id="mcg"),
        pytest.param({"value": 0.11, "unit": "\u00b5g/L"}, id="micro sign"),
        pytest.param({"value": 0.11, "unit": "\u03bcg/L"}, id="Greek mu"),
        pytest.param(
            {
                "value": 110,
                "unit": "something",
                "system": "http://unitsofmeasure.org",
                "code": "pg/mL",
            },
            id="code decides",
        ),
        pytest.param(
            {
                "value": 110,
                "unit": "pg/mL",
                "system": "http://unitsofmeasure.org",
                "code": "nonsense",
            },
            id="code not known",
        ),
    ],
)
def test_vetted_units_are_read(quantity):
    assert (
        facts_of(observation("b12", valueQuantity=quantity))["b12.total.level"].value == "deficient"
    )


@pytest.mark.parametrize(
    ("analyte", "quantity"),
    [
        pytest.param("b12", {"value": 110}, id="no unit"),
        pytest.param("b12", {"value": 110, "unit": "widgets"}, id="unknown unit"),
        pytest.param(
            "b12",
            {
                "value": 110,
                "unit": "pmol/L",
                "system": "http://unitsofmeasure.org",
                "code": "pg/mL",
            },
            id="code and print disagree",
        ),
        pytest.param(
            "b12",
            {
                "value": 81,
                "unit": "pmol/L",
                "system": "http://unitsofmeasure.org",
                "code": "pmol/L",
            },
            id="molar unit on a mass code",
        ),
        pytest.param(
            "active_b12",
            {"value": 20, "unit": "pg/mL", "system": "http://unitsofmeasure.org", "code": "pg/mL"},
            id="active B12 in mass",
        ),
        pytest.param("b12", {"value": "110", "unit": "pg/mL"}, id="a text for a number"),
        pytest.param("b12", {"value": 0, "unit": "pg/mL"}, id="zero"),
        pytest.param("b12", {"value": 300000, "unit": "pg/mL"}, id="beyond what is possible"),
        pytest.param("hb", {"value": 13, "unit": "g/L"}, id="haemoglobin slip"),
        pytest.param("mma", {"value": 0.9, "unit": "nmol/L"}, id="MMA slip"),
        pytest.param(
            "b12", {"value": 110, "unit": "pg/mL", "comparator": "~"}, id="no such comparator"
        ),
    ],
)
def test_what_cannot_be_used_is_unknown_not_absent(analyte, quantity):
    fact = {"b12": "b12.total", "active_b12": "b12.active", "hb": "hb", "mma": "mma"}[analyte]
    assert facts_of(observation(analyte, valueQuantity=quantity))[fact].is_unknown


def test_thousands_per_microlitre_are_no_kelvin():
    from cds_service.fhir.units import unit_of_alias, unit_of_code

    assert unit_of_code("K/uL", counts=True) == unit_of_alias("10^9/L", counts=True)
    assert unit_of_code("K/uL", counts=False) is None
    assert unit_of_alias("G/l", counts=True) != unit_of_alias("g/l", counts=False)


# --- comparators


@pytest.mark.parametrize(
    ("comparator", "value", "level"),
    [
        ("<", 150, "deficient"),
        ("<", 180, "deficient"),
        ("<=", 180, "indeterminate"),
        ("<", 200, "indeterminate"),
        ("<", 350, "indeterminate"),
        ("<=", 350, "indeterminate"),
        ("<", 351, None),
        (">", 350, "sufficient"),
        (">=", 350, None),
        (">", 2000, "sufficient"),
        (">", 150, None),
    ],
)
def test_comparators_of_total_b12(comparator, value, level):
    fact = facts_of(observation("b12", value, "pg/mL", comparator=comparator))["b12.total.level"]
    assert fact.value == level
    assert fact.is_unknown is (level is None)


@pytest.mark.parametrize(("value", "level"), [(3.0, "severely-low"), (3.5, "low"), (3.6, None)])
def test_potassium_below_a_limit_is_at_least_low(value, level):
    assert (
        facts_of(observation("potassium", value, "mmol/L", comparator="<"))["potassium.level"].value
        == level
    )


numbers = st.decimals("0", "500", places=1)
intervals = st.builds(Interval.of, numbers, st.sampled_from([None, "<", "<=", ">", ">="]))


@given(
    intervals,
    st.lists(
        st.builds(Cut, numbers, st.booleans()),
        min_size=1,
        max_size=3,
        unique_by=lambda cut: cut.value,
    ),
    numbers,
)
def test_the_classes_of_an_interval_hold_the_class_of_each_of_its_points(interval, cuts, point):
    cuts.sort()
    inside = (
        interval.low is None
        or point > interval.low
        or (point == interval.low and not interval.low_open)
    ) and (
        interval.high is None
        or point < interval.high
        or (point == interval.high and not interval.high_open)
    )
    if inside:
        lowest, highest = interval.classes(cuts)
        own = Interval(point, point).classes(cuts)
        assert lowest <= own[0] == own[1] <= highest


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("<150 pg/mL", "deficient"),
        ("110 pg/mL", "deficient"),
        ("> 1500 pg/mL", "sufficient"),
        ("see comment", None),
        ("110", None),
        ("haemolysed", None),
        ("about 110 pg/mL", None),
        ("110-120 pg/mL", None),
    ],
)
def test_results_sent_as_text(text, level):
    assert facts_of(observation("b12", valueString=text))["b12.total.level"].value == level


# --- dates


@pytest.mark.parametrize(
    ("analyte", "value", "unit", "fact", "window"),
    [
        ("b12", 110, "pg/mL", "b12.total", 180),
        ("hb", 101, "g/L", "hb", 90),
        ("potassium", 3.2, "mmol/L", "potassium", 3),
        ("potassium", 3.2, "mmol/L", "potassium.recent", 30),
        ("egfr", 50, "mL/min/{1.73_m2}", "egfr", 365),
    ],
)
def test_windows_include_their_last_day(analyte, value, unit, fact, window):
    assert facts_of(observation(analyte, value, unit, ago=window))[fact].value is not None
    past = facts_of(observation(analyte, value, unit, ago=window + 1))[fact]
    assert past.value is None and not past.is_unknown


@pytest.mark.parametrize(
    ("when", "usable"),
    [
        ("2026-11", True),
        ("2026", False),  # its earliest day is 1 January: outside of the window, so absent
        ("2026-11-23T23:59:59Z", True),
        ("2026-11-24T10:00:00+00:00", True),
        ("2026-11-25", None),
        ("2026-02-30", None),
        ("yesterday", None),
        (20261101, None),
    ],
)
def test_dates_of_results(when, usable):
    fact = facts_of(observation("b12", 110, "pg/mL", effectiveDateTime=when))["b12.total"]
    assert (fact.value is not None) is bool(usable)
    assert fact.is_unknown is (usable is None)


def test_days_are_counted_in_the_time_zone_of_the_site():
    from cds_service.config import Settings
    from cds_service.engine import Call, Engine
    from tests.support.fhir_builders import NOW, PATIENT

    values = prefetch(
        observation("b12", 110, "pg/mL", effectiveDateTime="2026-05-26T22:00:00-05:00")
    )
    for zone, inside in (("UTC", True), ("America/Chicago", False)):
        engine = Engine(Settings(timezone=zone))
        facts = engine.facts(
            Call("order-sign", PATIENT, None, None, None, prefetching(values)), NOW
        )
        assert (facts["b12.total"].value is not None) is inside


def test_period_ends_and_instants_date_a_result():
    ended = observation(
        "b12",
        110,
        "pg/mL",
        effectiveDateTime=None,
        effectivePeriod={"start": "2020-01-01", "end": days_ago(5)},
    )
    instant = observation(
        "b12", 110, "pg/mL", effectiveDateTime=None, effectiveInstant=f"{days_ago(5)}T10:00:00Z"
    )
    for resource in (ended, instant):
        assert facts_of(resource)["b12.total"].value.moment.day.isoformat() == days_ago(5)


@given(
    st.text(max_size=30)
    | st.from_regex(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})?", fullmatch=True)
)
def test_no_text_breaks_the_reading_of_dates(text):
    from datetime import UTC

    from cds_service.fhir.dates import parse_birth_date, parse_moment

    parse_moment(text, UTC)
    parse_birth_date(text)


# --- which result decides


def level_of(*resources, **more):
    return facts_of(*resources, **more)["b12.total.level"].value


def test_the_newest_usable_result_decides():
    low, high = observation("b12", 110, "pg/mL", ago=5), observation("b12", 480, "pg/mL", ago=9)
    assert level_of(low, high) == level_of(high, low) == "deficient"


def test_a_newer_unusable_result_does_not_erase_an_older_one_and_is_mentioned():
    facts = facts_of(
        observation("b12", 110, "pg/mL", ago=9), observation("b12", 480, "furlongs", ago=2)
    )
    assert facts["b12.total.level"].value == "deficient"
    assert facts["b12.total"].note == "a newer result could not be used"


def test_a_correction_supersedes_the_result_of_the_same_time():
    final = observation("b12", 110, "pg/mL", ago=5)
    corrected = observation("b12", 480, "pg/mL", ago=5, status="corrected")
    assert level_of(final, corrected) == level_of(corrected, final) == "sufficient"


def test_an_identifier_alone_never_makes_two_samples_one():
    """Laboratories number requests and panels, too: a corrected result of July is no correction of that of November."""
    identifier = [{"system": "urn:lab", "value": "77"}]
    november = observation("b12", 110, "pg/mL", ago=5, identifier=identifier)
    july = observation("b12", 480, "pg/mL", ago=120, status="corrected", identifier=identifier)
    assert level_of(november, july) == level_of(july, november) == "deficient"


def test_entered_in_error_is_ignored():
    assert (
        level_of(
            observation("b12", 480, "pg/mL", ago=9),
            observation("b12", 110, "pg/mL", ago=1, status="entered-in-error"),
        )
        == "sufficient"
    )
    alone = facts_of(observation("b12", 110, "pg/mL", status="entered-in-error"))["b12.total"]
    assert alone.value is None and not alone.is_unknown


def test_a_preliminary_result_makes_unknown_only_what_nothing_else_tells():
    preliminary = observation("b12", 110, "pg/mL", ago=1, status="preliminary")
    assert facts_of(preliminary)["b12.total"].is_unknown
    assert level_of(preliminary, observation("b12", 480, "pg/mL", ago=9)) == "sufficient"


@pytest.mark.parametrize(
    "subject", [{"reference": "Patient/other"}, {"reference": "Group/pat-1"}, {}, None]
)
def test_results_of_others_never_count(subject):
    """Nor is an answer about another the answer that was asked for: that the patient has none is not known."""
    resource = observation("b12", 110, "pg/mL", subject=subject)
    assert facts_of(resource)["b12.total"].is_unknown


@pytest.mark.parametrize(
    "reference",
    [
        "Patient/pat-1",
        "https://ehr.example.org/fhir/Patient/pat-1",
        "Patient/pat-1/_history/3",
        "http://x/Patient/pat-1/_history/1",
    ],
)
def test_the_patient_is_recognised_by_any_form_of_reference(reference):
    assert (
        level_of(observation("b12", 110, "pg/mL", subject={"reference": reference})) == "deficient"
    )


@pytest.mark.parametrize(
    ("value", "unknown"),
    [
        pytest.param(bundle([]), False, id="an empty Bundle"),
        pytest.param(None, False, id="null"),
        pytest.param({"resourceType": "OperationOutcome"}, True, id="an OperationOutcome"),
        pytest.param(
            bundle([{"resourceType": "OperationOutcome"}]),
            True,
            id="an OperationOutcome as an entry",
        ),
        pytest.param(bundle([], total=2), True, id="fewer entries than its total"),
        pytest.param(
            bundle([], link=[{"relation": "next", "url": "https://ehr/next"}]),
            True,
            id="a next page",
        ),
        pytest.param(
            bundle([], link=[{"relation": "self", "url": "https://ehr/self"}]),
            False,
            id="its own link",
        ),
        pytest.param("nothing", True, id="a text"),
        pytest.param({}, True, id="an empty object"),
    ],
)
def test_absent_or_unknown_by_what_was_received(value, unknown):
    fact = facts_of(prefetched={**prefetch(), "b12-results": value})["b12.total"]
    assert fact.value is None and fact.is_unknown is unknown


def test_a_missing_query_is_unknown_and_what_was_received_elsewhere_counts():
    assert facts_of(without=("b12-results",))["b12.total"].is_unknown
    values = prefetch(without=("b12-results",)) | {
        "blood-count": bundle([observation("b12", 110, "pg/mL")])
    }
    assert facts_of(prefetched=values)["b12.total.level"].value == "deficient"


@pytest.mark.parametrize(
    "mark",
    [
        {"note": [{"text": "Sample haemolysed"}]},
        {"interpretation": [{"text": "HEMOLYZED"}]},
        {"dataAbsentReason": {"coding": [{"display": "hemolysis"}]}},
    ],
)
def test_a_haemolysed_sample_never_proves_normal_potassium(mark):
    assert facts_of(observation("potassium", 4.2, "mmol/L", **mark))["potassium"].is_unknown
    assert (
        facts_of(observation("potassium", 3.1, "mmol/L", **mark))["potassium.level"].value == "low"
    )


def test_laboratory_potassium_comes_before_point_of_care_of_the_same_day():
    laboratory = observation(
        "potassium", 3.2, "mmol/L", effectiveDateTime=f"{days_ago(1)}T08:00:00Z"
    )
    bedside = observation(
        "potassium_poc", 4.1, "mmol/L", effectiveDateTime=f"{days_ago(1)}T18:00:00Z"
    )
    assert facts_of(laboratory, bedside)["potassium.level"].value == "low"
    next_day = observation("potassium_poc", 4.1, "mmol/L", ago=0)
    assert facts_of(laboratory, next_day)["potassium.level"].value == "normal"


def test_suspicious_values_count_and_say_so():
    fact = facts_of(observation("b12", 9000, "pg/mL"))["b12.total"]
    assert fact.value.level == "sufficient" and fact.note == "check the value"


def test_values_read_as_the_laboratory_sent_them():
    assert (
        facts_of(observation("b12", 110, "pg/mL", comparator="<"))["b12.total"].value.as_sent
        == "<110 pg/mL"
    )
    assert facts_of(observation("hb", 10.10, "g/dL"))["hb"].value.interval.point == Decimal("101.0")


@pytest.mark.parametrize(
    ("results", "fact", "expected"),
    [
        pytest.param([observation("b12", 350, "ng/L"), observation("b12_molar", 258.2, "pmol/L")], "b12.status", "indeterminate", id="middle by mass, above it by amount"),
        pytest.param([observation("b12", 170, "ng/L"), observation("b12_molar", 140, "pmol/L")], "b12.status", "deficient", id="deficient by mass, middle by amount"),
        pytest.param([observation("folate", 3, "ug/L"), observation("folate_molar", 6.8, "nmol/L")], "folate.status", "deficient", id="middle by mass, deficient by amount"),
        pytest.param([observation("b12", 100, "ng/L"), observation("b12_molar", 300, "pmol/L", status="corrected")], "b12.status", "deficient", id="a correction is of one test"),
    ],
)  # fmt: skip
def test_of_one_sample_reported_in_two_units_the_more_abnormal_class_decides(
    results, fact, expected
):
    """Their numbers do not compare: 258.2 pmol/L is no less than 350 ng/L."""
    for order in (results, results[::-1]):
        assert facts_of(*order)[fact].value == expected
