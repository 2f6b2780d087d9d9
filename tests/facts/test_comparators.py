"""Results with a comparator: the interval that they stand for, and the class that it proves."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.fhir.interval import Cut, Interval
from tests.support.clinic import facts_of
from tests.support.fhir_builders import HYDROXOCOBALAMIN, IM, dosage, draft, observation, patient

B12_CUTS = (Cut(Decimal(180), True), Cut(Decimal(350), False))
D = Decimal


@pytest.mark.parametrize(
    ("comparator", "value", "classes"),
    [
        (None, 179, (0, 0)), (None, 180, (1, 1)), (None, 350, (1, 1)), (None, 351, (2, 2)),
        ("<", 180, (0, 0)), ("<=", 180, (0, 1)), (">", 180, (1, 2)), (">=", 180, (1, 2)), ("<", 181, (0, 1)),
        (">", 179, (0, 2)), ("<", 350, (0, 1)), ("<=", 350, (0, 1)), (">", 350, (2, 2)), (">=", 350, (1, 2)), ("<", 351, (0, 2)),
    ],
)  # fmt: skip
def test_which_classes_an_interval_reaches(comparator, value, classes):
    assert Interval.of(D(value), comparator).classes(B12_CUTS) == classes


@pytest.mark.parametrize("comparator", ["ad", "~", "", "=<", "sa"])
def test_another_comparator_is_refused(comparator):
    with pytest.raises(ValueError, match="comparator"):
        Interval.of(D(1), comparator)


@pytest.mark.parametrize(
    ("interval", "limit", "below", "above"),
    [
        (Interval.of(D(5), None), 5, False, False), (Interval.of(D(4), None), 5, True, False), (Interval.of(D(6), None), 5, False, True),
        (Interval.of(D(5), "<"), 5, True, False), (Interval.of(D(5), "<="), 5, None, False), (Interval.of(D(5), ">"), 5, False, True),
        (Interval.of(D(5), ">="), 5, False, None), (Interval.of(D(6), "<"), 5, None, None), (Interval.of(D(4), ">"), 5, None, None),
    ],
)  # fmt: skip
def test_below_and_above_are_three_valued(interval, limit, below, above):
    assert interval.below(D(limit)) is below
    assert interval.above(D(limit)) is above


def level(analyte, fact, value, unit, comparator, **more):
    found = facts_of(observation(analyte, value, unit, comparator=comparator), **more)[fact]
    return "unusable" if found.is_unknown else found.value


@pytest.mark.parametrize(
    ("analyte", "fact", "unit", "comparator", "value", "expected"),
    [
        ("b12", "b12.total.level", "ng/L", "<", 150, "deficient"),
        ("b12", "b12.total.level", "ng/L", "<", 180, "deficient"),
        ("b12", "b12.total.level", "ng/L", "<", 200, "indeterminate"),
        ("b12", "b12.total.level", "ng/L", "<", 351, "unusable"),
        ("b12", "b12.total.level", "ng/L", ">", 200, "unusable"),
        ("b12", "b12.total.level", "ng/L", ">", 2000, "sufficient"),
        ("b12", "b12.total.level", "ng/L", ">=", 350, "unusable"),
        ("b12_molar", "b12.total.level", "pmol/L", "<", 133, "deficient"),
        ("b12_molar", "b12.total.level", "pmol/L", ">", 258, "sufficient"),
        ("active_b12", "b12.active.level", "pmol/L", "<", 25, "deficient"),
        ("active_b12", "b12.active.level", "pmol/L", "<", 50, "indeterminate"),
        ("active_b12", "b12.active.level", "pmol/L", ">", 128, "sufficient"),
        ("mma", "mma.level", "nmol/L", "<", 400, "normal"),
        ("mma", "mma.level", "nmol/L", "<", 500, "unusable"),
        ("mma", "mma.level", "nmol/L", ">", 400, "high"),
        ("mma", "mma.level", "nmol/L", ">", 300, "unusable"),
        ("folate", "folate.status", "ug/L", "<", 3, "deficient"),
        ("folate", "folate.status", "ug/L", "<", 4.5, "indeterminate"),
        ("folate", "folate.status", "ug/L", "<", 4.6, "unusable"),
        ("folate", "folate.status", "ug/L", ">", 20, "sufficient"),
        ("potassium", "potassium.level", "mmol/L", "<", 3.0, "severely-low"),
        ("potassium", "potassium.level", "mmol/L", "<", 3.5, "low"),
        ("potassium", "potassium.level", "mmol/L", "<=", 3.5, "unusable"),
        ("potassium", "potassium.level", "mmol/L", ">=", 3.5, "normal"),
        ("potassium", "potassium.level", "mmol/L", ">", 3.2, "unusable"),
    ],
)
def test_a_comparator_result_is_the_class_that_all_its_values_have(
    analyte, fact, unit, comparator, value, expected
):
    assert level(analyte, fact, value, unit, comparator) == expected


@pytest.mark.parametrize(
    ("value", "comparator", "anaemic"),
    [(120, "<", True), (121, "<", None), (130, ">=", False), (115, ">", None), (80, "<", True)],
)
def test_haemoglobin_with_a_comparator(value, comparator, anaemic):
    assert (
        facts_of(
            observation("hb", value, "g/L", comparator=comparator), who=patient(gender="female")
        )["anaemia"].holds
        is anaemic
    )


@pytest.mark.parametrize(
    ("value", "comparator", "reduced"),
    [(60, ">", False), (90, ">=", False), (60, "<", True), (90, "<", None), (15, "<", True)],
)
def test_egfr_above_60_as_laboratories_report_it(value, comparator, reduced):
    fact = facts_of(observation("egfr", value, "mL/min/{1.73_m2}", comparator=comparator))[
        "renal.dysfunction"
    ]
    assert fact.holds is reduced


def test_an_open_comparator_does_not_erase_an_older_result_that_says_more():
    older, newer = (
        observation("b12", 110, "ng/L", ago=9),
        observation("b12", 500, "ng/L", ago=2, comparator="<"),
    )
    assert facts_of(older, newer)["b12.total.level"].value == "deficient"


def test_a_potassium_below_3_5_is_not_said_to_be_severely_low():
    facts = facts_of(
        observation("potassium", 3.5, "mmol/L", comparator="<"),
        drafts=[draft(HYDROXOCOBALAMIN, dosage(1, route=IM))],
    )
    assert facts["potassium.level"].value == "low"


values = st.integers(0, 500).map(lambda tenths: Decimal(tenths) / 10)
intervals = st.builds(Interval.of, values, st.sampled_from([None, "<", "<=", ">", ">="]))
cut_lists = st.lists(
    st.builds(Cut, values, st.booleans()), min_size=1, max_size=3, unique_by=lambda cut: cut.value
).map(sorted)


def contains(interval, point):
    above = (
        interval.low is None
        or point > interval.low
        or (point == interval.low and not interval.low_open)
    )
    below = (
        interval.high is None
        or point < interval.high
        or (point == interval.high and not interval.high_open)
    )
    return above and below


@given(intervals, cut_lists, st.lists(values, max_size=20))
@settings(max_examples=80, deadline=None)
def test_the_class_set_of_an_interval_holds_the_class_of_each_of_its_points(interval, cuts, points):
    lowest, highest = interval.classes(cuts)
    own = {Interval(point, point).classes(cuts) for point in points if contains(interval, point)}
    assert all(lowest <= low == high <= highest for low, high in own)


@given(intervals, cut_lists)
@settings(max_examples=60, deadline=None)
def test_the_class_set_is_no_wider_than_its_points_need(interval, cuts):
    # Points on, between and just beside every boundary reach each class that the interval can reach.
    edges = {cut.value for cut in cuts} | {
        end for end in (interval.low, interval.high) if end is not None
    }
    points = {edge + step for edge in edges for step in (D("-0.01"), D(0), D("0.01"))} | {
        D(-1000),
        D(1000),
    }
    own = {Interval(point, point).classes(cuts)[0] for point in points if contains(interval, point)}
    assert interval.classes(cuts) == (min(own), max(own))


@given(intervals, st.integers(1, 50).map(Decimal), values)
@settings(max_examples=40, deadline=None)
def test_another_unit_does_not_change_what_is_in_the_interval(interval, factor, point):
    assert contains(interval, point) is contains(interval.scaled(factor), point * factor)
