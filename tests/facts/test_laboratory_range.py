"""What the laboratory itself says of a result is shown, and said where it disagrees; the class stays that of the site's limits."""

import pytest

from tests.support.clinic import card_of, fire
from tests.support.fhir_builders import observation, prefetch

FLAGS = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
NORMAL = {
    "coding": [
        {"system": "http://terminology.hl7.org/CodeSystem/referencerange-meaning", "code": "normal"}
    ]
}
TREATED = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/referencerange-meaning",
            "code": "therapeutic",
        }
    ]
}


def amount(value, unit="pg/mL", **more):
    return {"value": value, "unit": unit, **more}


def flag(code):
    return [{"coding": [{"system": FLAGS, "code": code}]}]


def detail(value=250, card="b12-indeterminate", **more):
    """The detail of a card on a total B12 of ``value`` pg/mL, with what the laboratory says of it."""
    return card_of(
        fire("patient-view", prefetch(observation("b12", value, "pg/mL", ago=3, **more))), card
    )["detail"]


@pytest.mark.parametrize(
    ("ranges", "shown"),
    [
        ([{"low": amount(200), "high": amount(911)}], "200 to 911 pg/mL"),
        ([{"low": amount(200)}], "from 200 pg/mL"),
        ([{"high": amount(911)}], "up to 911 pg/mL"),
        ([{"low": amount(200, ""), "high": amount(911, "")}], "200 to 911"),
        ([{"low": amount(0.2, "ng/mL"), "high": amount(911)}], "0.2 ng/mL to 911 pg/mL"),
        ([{"text": "above 200"}], "above 200"),
        ([{"text": "see the report"}, {"low": amount(400), "type": TREATED}], "see the report"),
        ([{"low": amount(200), "type": NORMAL}], "from 200 pg/mL"),
    ],
)
def test_the_range_stands_in_the_table(ranges, shown):
    assert f"| 20 Nov 2026 | {shown} |" in detail(referenceRange=ranges)


@pytest.mark.parametrize(
    "ranges",
    [
        [],
        [
            {"low": amount(200)},
            {"low": amount(150)},
        ],  # each for somebody, and it is not read for whom
        [{"low": amount(200), "type": TREATED}],
        [{"text": "x" * 61}],
        [{"low": {"value": "low"}}],
    ],
)
def test_without_a_range_that_is_told_there_is_no_column(ranges):
    told = detail(referenceRange=ranges)
    assert "| Result | Value | Date |\n" in told and "Laboratory's range" not in told


@pytest.mark.parametrize(
    ("value", "card", "said_of_it", "called"),
    [
        (190, "b12-indeterminate", {"referenceRange": [{"low": amount(200)}]}, "low"),
        (
            250,
            "b12-indeterminate",
            {"referenceRange": [{"low": amount(200), "high": amount(911)}]},
            "normal",
        ),
        (250, "b12-indeterminate", {"interpretation": flag("L")}, "low"),
        (250, "b12-indeterminate", {"interpretation": flag("N")}, "normal"),
        (170, "b12-deficiency-untreated", {"referenceRange": [{"low": amount(160)}]}, "normal"),
        (
            170,
            "b12-deficiency-untreated",
            {"referenceRange": [{"low": amount(190)}], "interpretation": flag("N")},
            "normal",
        ),
        (170, "b12-deficiency-untreated", {"referenceRange": [{"low": amount(190)}]}, None),
        (170, "b12-deficiency-untreated", {"interpretation": flag("LL")}, None),
        (170, "b12-deficiency-untreated", {"interpretation": flag("A")}, None),
        (170, "b12-deficiency-untreated", {"interpretation": [*flag("L"), *flag("N")]}, None),
        (
            170,
            "b12-deficiency-untreated",
            {"referenceRange": [{"low": amount(100, "pmol/L")}]},
            None,
        ),
        (170, "b12-deficiency-untreated", {"referenceRange": [{"text": "above 200"}]}, None),
    ],
)
def test_a_disagreement_is_said_and_the_class_stays(value, card, said_of_it, called):
    told = detail(value, card, **said_of_it)
    line = f"The laboratory's range or flag calls total vitamin B12 {called}. Methods differ; this card goes by its own limits."
    assert (line in told) if called else "The laboratory's range or flag" not in told


@pytest.mark.parametrize("text", ["[x](https://evil.example)", "<script>", "a | b"])
def test_text_of_a_range_is_no_markup(text):
    assert text not in detail(referenceRange=[{"text": text}])
