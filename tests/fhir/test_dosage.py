"""The regimen that a dosage states: dose, route, interval, phases; and what is left unstated."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.clinic import facts_of
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_TABLET,
    DAILY,
    FOLIC_ACID_1MG,
    HYDROXOCOBALAMIN,
    IM,
    ORAL,
    RXNORM,
    SNOMED,
    dosage,
    draft,
)

MONTH = 365.25 / 12
GTS = "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation"
TABLET_NO_STRENGTH = {"text": "Cyanocobalamin tablet"}


def phase(*dosages, of=CYANOCOBALAMIN_TABLET):
    (found,) = facts_of(drafts=[draft(of, *dosages)]).session.drafts
    return found.phase


def timed(**timing):
    return {**dosage(1), "timing": timing}


@pytest.mark.parametrize(
    ("frequency", "period", "unit", "days"),
    [
        (1, 1, "d", 1), (2, 1, "d", 0.5), (1, 2, "d", 2), (3, 1, "wk", 7 / 3), (1, 1, "wk", 7), (1, 2, "wk", 14), (1, 1, "mo", MONTH), (1, 2, "mo", 2 * MONTH),
        (1, 3, "mo", 3 * MONTH), (1, 12, "wk", 84), (1, 1, "a", 365.25), (1, 24, "h", 1), (1, 48, "h", 2), (1, 1440, "min", 1), (0.5, 1, "d", 2),
    ],
)  # fmt: skip
def test_frequency_and_period(frequency, period, unit, days):
    assert phase(dosage(1, every=(frequency, period, unit))).interval == pytest.approx(days)


@pytest.mark.parametrize(
    ("code", "days"),
    [
        ("QD", 1),
        ("BID", 1 / 2),
        ("TID", 1 / 3),
        ("QID", 1 / 4),
        ("QOD", 2),
        ("WK", 7),
        ("MO", MONTH),
        ("AM", 1),
        ("BED", 1),
        ("NONSENSE", None),
    ],
)
def test_timing_codes(code, days):
    found = phase(timed(code={"coding": [{"system": GTS, "code": code}]})).interval
    assert found == (pytest.approx(days) if days else None)


def test_a_timing_code_beside_a_local_one_is_read():
    codings = [{"system": "urn:local", "code": "EVERY OTHER DAY"}, {"system": GTS, "code": "QOD"}]
    assert phase(timed(code={"coding": codings})).interval == 2


@pytest.mark.parametrize(
    "timing",
    [
        pytest.param({"repeat": {"count": 1}}, id="count 1"),
        pytest.param(
            {"repeat": {"count": 1, "frequency": 1, "period": 1, "periodUnit": "d"}},
            id="count 1 with a frequency",
        ),
        pytest.param({"event": ["2026-12-01"]}, id="one event"),
    ],
)
def test_a_single_dose_has_an_infinite_interval_and_no_daily_dose(timing):
    found = phase(timed(**timing))
    assert found.interval == float("inf") and found.daily == 0


@pytest.mark.parametrize(
    "stated",
    [
        pytest.param({**dosage(1, every=DAILY), "asNeededBoolean": True}, id="PRN"),
        pytest.param(
            {**dosage(1, every=DAILY), "asNeededCodeableConcept": {"text": "tiredness"}},
            id="PRN for a reason",
        ),
        pytest.param({**dosage(1), "text": "one when needed"}, id="as needed in text"),
        pytest.param(timed(repeat={"frequency": 2}), id="frequency without period"),
        pytest.param(timed(repeat={"frequency": 1, "period": 1}), id="period without unit"),
        pytest.param(timed(repeat={"frequency": 1, "period": 0, "periodUnit": "d"}), id="period 0"),
        pytest.param(
            timed(repeat={"frequency": 0, "period": 1, "periodUnit": "d"}), id="frequency 0"
        ),
        pytest.param(
            timed(repeat={"frequency": "2", "period": 1, "periodUnit": "d"}),
            id="a frequency that is no number",
        ),
        pytest.param(
            timed(repeat={"frequency": 10**400, "period": 1, "periodUnit": "d"}),
            id="a frequency of 401 digits",
        ),
        pytest.param(
            timed(repeat={"frequency": 1, "period": 1e308, "periodUnit": "d"}), id="period 1e308"
        ),
    ],
)
def test_an_unstated_frequency_is_not_judged(stated):
    found = phase(stated)
    assert found.interval is None and found.daily is None


@pytest.mark.parametrize(
    "stated",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"text": "one daily"}, id="text alone"),
        pytest.param(dosage(None, every=DAILY), id="no number"),
        pytest.param(dosage(1), id="no frequency"),
        pytest.param(timed(code={"text": "once a day"}), id="timing in text"),
        pytest.param(timed(repeat={}), id="empty repeat"),
        pytest.param(
            timed(repeat={"boundsDuration": {"value": 2, "code": "wk"}}), id="bounds alone"
        ),
    ],
)
def test_of_a_solid_form_by_mouth_one_a_day_is_taken(stated):
    found = phase(stated)
    assert found.interval == 1 and found.daily == 1000


@pytest.mark.parametrize(
    "name", ["Cyanocobalamin 1 mg/mL oral solution", "Hydroxocobalamin 1 mg/mL injection"]
)
def test_of_another_form_none_is_taken(name):
    found = facts_of(drafts=[draft({"text": name}, {})]).session.drafts[0].phase
    assert found.interval is None and found.dose is None


def test_prn_false_is_a_stated_frequency():
    assert phase({**dosage(1, every=DAILY), "asNeededBoolean": False}).interval == 1


@pytest.mark.parametrize(
    ("dose", "unit", "micrograms"),
    [(1, "mg", 1000), (0.4, "mg", 400), (1000, "ug", 1000), (1000, "mcg", 1000), (1000, "µg", 1000), (1000, "μg", 1000), (1000, "micrograms", 1000),
     (1000, "microgram", 1000), (1000, "mcgs", 1000), (1000, "Mikrogramm", 1000), (1, "mg.", 1000), (0.001, "g", 1000), (1, "MG", 1000), (1, "furlong", None), (1000, "[iU]", None)],
)  # fmt: skip
def test_a_dose_by_mass(dose, unit, micrograms):
    assert phase(dosage(dose, unit), of=TABLET_NO_STRENGTH).dose == micrograms


@pytest.mark.parametrize(
    ("product", "dose", "unit", "micrograms"),
    [
        pytest.param(HYDROXOCOBALAMIN, 1, "mL", 1000, id="1 mL of 1 mg/mL"),
        pytest.param(HYDROXOCOBALAMIN, 2, "ml", 2000, id="ml in small letters"),
        pytest.param(
            {"coding": [{"system": RXNORM, "code": "103010"}]},
            1,
            "mL",
            250,
            id="strength from the code",
        ),
        pytest.param(
            {"text": "Cyanocobalamin 1000 mcg/mL injection"},
            0.1,
            "mL",
            100,
            id="strength in micrograms",
        ),
        pytest.param(
            {"text": "Hydroxocobalamin 1mg/1ml solution for injection ampoules"},
            1,
            "mL",
            1000,
            id="1mg/1ml",
        ),
        pytest.param(
            {"text": "Cyanocobalamin 500 mcg/0.5 mL injection"},
            0.5,
            "mL",
            500,
            id="strength in another volume",
        ),
        pytest.param(
            {"text": "Cyanocobalamin 1,000 mcg tablet"}, 1, "tablet", 1000, id="thousands comma"
        ),
        pytest.param(
            {"text": "Cyanocobalamin 50 microgram tablets"}, 2, "{tbl}", 100, id="two tablets"
        ),
        pytest.param(
            {"coding": [{"system": RXNORM, "code": "309593"}]},
            1,
            "1",
            1000,
            id="unit 1, strength from the code",
        ),
        pytest.param(
            {"coding": [{"system": RXNORM, "code": "105686"}]},
            1,
            "tablet",
            50,
            id="50 ug tablet by code",
        ),
        pytest.param(FOLIC_ACID_1MG, 5, "tablets", 5000, id="five tablets"),
        pytest.param(
            {"text": "Folic acid 2.5mg/5ml oral solution sugar free"},
            0.8,
            "mL",
            400,
            id="folic acid solution",
        ),
        pytest.param(
            {"text": "Folic acid 400 micrograms/ml oral solution"},
            1,
            "ml",
            400,
            id="folic acid in 1 mL",
        ),
        pytest.param(TABLET_NO_STRENGTH, 1, "tablet", None, id="no strength"),
        pytest.param(HYDROXOCOBALAMIN, 1, "tablet", None, id="tablets of a solution"),
        pytest.param(CYANOCOBALAMIN_TABLET, 1, "mL", None, id="millilitres of a tablet"),
    ],
)
def test_a_dose_in_units_of_a_product(product, dose, unit, micrograms):
    assert phase(dosage(dose, unit), of=product).dose == micrograms


@pytest.mark.parametrize(
    "unit", ["{tablet}", "tab(s)", "TAB", "Tab.", "Tablette(n)", "comprimé(s)", "Stk", "EA", "each", "unit(s)", "{dose}", "doses", "softgel"],
)  # fmt: skip
def test_a_piece_of_a_product_is_counted_by_whatever_name_it_is_printed(unit):
    assert phase(dosage(2, unit), of={"text": "Cyanocobalamin 50 microgram tablets"}).dose == 100


def test_of_a_dose_stated_in_tablets_and_as_a_mass_the_one_that_can_be_worked_out_is_taken():
    tablets, mass = (
        {"doseQuantity": {"value": 1, "unit": "tablet"}},
        {"doseQuantity": {"value": 50, "unit": "mcg"}},
    )
    for amounts in ([tablets, mass], [mass, tablets]):
        assert phase({"doseAndRate": amounts}, of=TABLET_NO_STRENGTH).dose == 50


@pytest.mark.parametrize(
    ("unit", "code", "micrograms"),
    [
        pytest.param("tablet", "428673006", 50, id="a tablet"),
        pytest.param("microgram", "258685003", 1, id="a microgram"),
        pytest.param("mg", "258684004", 1000, id="a milligram"),
        pytest.param("drop", "404218003", None, id="a drop"),
    ],
)
def test_a_dose_whose_unit_is_coded_in_snomed_ct_is_read_by_its_printed_unit(
    unit, code, micrograms
):
    stated = {
        "doseAndRate": [
            {"doseQuantity": {"value": 1, "unit": unit, "system": SNOMED, "code": code}}
        ]
    }
    assert phase(stated, of={"text": "Cyanocobalamin 50microgram tablets"}).dose == micrograms


@pytest.mark.parametrize(
    ("repeat", "days"),
    [
        pytest.param(
            {"frequency": 1, "period": 1, "periodUnit": "d", "dayOfWeek": ["mon", "wed", "fri"]},
            7 / 3,
            id="daily on three days",
        ),
        pytest.param(
            {"frequency": 2, "period": 1, "periodUnit": "d", "dayOfWeek": ["mon"]},
            7 / 2,
            id="twice on one day",
        ),
        pytest.param(
            {"frequency": 1, "period": 24, "periodUnit": "h", "dayOfWeek": ["tue", "sat"]},
            7 / 2,
            id="every 24 hours on two days",
        ),
        pytest.param(
            {"frequency": 3, "period": 1, "periodUnit": "wk", "dayOfWeek": ["mon", "wed", "fri"]},
            7 / 3,
            id="three times a week",
        ),
        pytest.param({"dayOfWeek": ["mon", "thu"]}, 7 / 2, id="days alone"),
    ],
)
def test_a_dose_on_certain_days_of_the_week_is_not_given_on_the_others(repeat, days):
    assert phase(timed(repeat=repeat)).interval == pytest.approx(days)


@pytest.mark.parametrize(
    ("repeat", "days"),
    [
        pytest.param({"count": 6}, 14, id="6 doses, 3 a week"),
        pytest.param({"count": 6, "countMax": 9}, 21, id="6 to 9 doses"),
        pytest.param(
            {"count": 6, "boundsDuration": {"value": 3, "unit": "wk", "code": "wk"}},
            21,
            id="bounds come first",
        ),
        pytest.param({"count": 0}, None, id="0"),
        pytest.param({}, None, id="no count"),
    ],
)
def test_a_number_of_doses_bounds_a_phase(repeat, days):
    assert phase(
        dosage(1, route=IM, every=(3, 1, "wk"), **repeat), of=HYDROXOCOBALAMIN
    ).duration == (pytest.approx(days) if days else None)


@pytest.mark.parametrize(
    "dose",
    [{"doseRange": {"low": {"value": 1, "unit": "mg"}}}, {"doseQuantity": {"value": "1", "unit": "mg"}}, {"doseQuantity": {"unit": "mg"}},
     {"doseQuantity": {"value": True, "unit": "mg"}}, {"doseQuantity": {"value": 1, "unit": "mg", "comparator": "<"}}],
    ids=["range", "text", "no number", "true", "comparator"],
)  # fmt: skip
def test_a_dose_that_cannot_be_read_is_unstated(dose):
    assert phase({"doseAndRate": [dose]}).dose is None


@pytest.mark.parametrize(
    ("route", "expected", "intramuscular"),
    [
        ({"coding": [{"system": SNOMED, "code": IM}]}, "parenteral", True),
        ({"coding": [{"system": SNOMED, "code": "34206005"}]}, "parenteral", False),
        ({"coding": [{"system": SNOMED, "code": ORAL}]}, "oral", False),
        ({"coding": [{"system": SNOMED, "code": "37839007"}]}, "oral", False),
        ({"coding": [{"system": SNOMED, "code": "54471007"}]}, "oral", False),
        ({"coding": [{"system": SNOMED, "code": "47625008"}]}, "parenteral", False),
        ({"coding": [{"system": SNOMED, "code": "46713006"}]}, "nasal", False),
        ({"text": "Intramuscular"}, "parenteral", True),
        ({"text": "IM"}, "parenteral", True),
        ({"text": "I.M."}, "parenteral", True),
        ({"text": "deep subcutaneous"}, "parenteral", False),
        ({"text": "SC"}, "parenteral", False),
        ({"text": "PO"}, "oral", False),
        ({"text": "by mouth"}, "oral", False),
        ({"text": "Sublingual"}, "oral", False),
        ({"text": "buccal"}, "oral", False),
        ({"text": "nasal"}, "nasal", False),
        (
            {"coding": [{"system": "urn:local", "code": "7", "display": "Oral route"}]},
            "oral",
            False,
        ),
        ({"text": "as directed"}, None, False),
    ],
)
def test_routes_by_code_and_by_text(route, expected, intramuscular):
    found = phase({"route": route}, of={"text": "Cyanocobalamin"})
    assert (found.route, found.intramuscular) == (expected, intramuscular)


@pytest.mark.parametrize(
    ("product", "route"),
    [
        ({"text": "Hydroxocobalamin 1 mg/mL injection"}, "parenteral"),
        ({"text": "Cyanocobalamin 1mg/1ml ampoule"}, "parenteral"),
        ({"text": "Cyanocobalamin 1000 mcg/mL vial"}, "parenteral"),
        ({"coding": [{"system": RXNORM, "code": "309594"}]}, "parenteral"),
        ({"text": "Cyanocobalamin 1 mg tablet"}, "oral"),
        ({"text": "Cyanocobalamin 1 mg sublingual tablet"}, "oral"),
        ({"text": "Cyanocobalamin 500 mcg/actuat nasal spray"}, "nasal"),
        ({"text": "Cyanocobalamin"}, None),
    ],
)
def test_a_product_without_route_takes_that_of_its_form(product, route):
    found = phase({}, of=product)
    assert found.route == route
    assert found.intramuscular is (route == "parenteral")


def test_the_stated_route_comes_before_the_form():
    assert phase(dosage(1, route=ORAL), of=HYDROXOCOBALAMIN).route == "oral"


LOADING = dosage(
    1, route=IM, every=(3, 1, "wk"), boundsDuration={"value": 2, "unit": "wk", "code": "wk"}
)
MAINTENANCE = dosage(1, route=IM, every=(1, 3, "mo"))


@pytest.mark.parametrize(
    "dosages",
    [
        pytest.param([{**LOADING, "sequence": 1}, {**MAINTENANCE, "sequence": 2}], id="in order"),
        pytest.param(
            [{**MAINTENANCE, "sequence": 2}, {**LOADING, "sequence": 1}], id="out of order"
        ),
        pytest.param([LOADING, MAINTENANCE], id="without sequence"),
        pytest.param([MAINTENANCE, {**LOADING, "sequence": 1}], id="one with sequence"),
    ],
)
def test_a_draft_is_judged_by_its_first_phase(dosages):
    assert phase(*dosages, of=HYDROXOCOBALAMIN).interval == pytest.approx(7 / 3)
    assert facts_of(drafts=[draft(HYDROXOCOBALAMIN, *dosages)])["session.b12_loading"].holds is True


@pytest.mark.parametrize(
    ("dose", "every", "per_day"),
    [
        (5, (1, 1, "wk"), Decimal(5000) / 7),
        (1, (2, 1, "d"), 2000),
        (0.8, (1, 2, "d"), 400),
        (1, DAILY, 1000),
    ],
)
def test_folate_a_day_is_the_mean_over_the_period(dose, every, per_day):
    order = draft(FOLIC_ACID_1MG, dosage(dose, route=ORAL, every=every))
    assert facts_of(drafts=[order])["draft.folate_daily"].value == pytest.approx(per_day)


junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "timing",
                    "repeat",
                    "frequency",
                    "period",
                    "periodUnit",
                    "route",
                    "coding",
                    "code",
                    "doseAndRate",
                    "doseQuantity",
                    "value",
                    "unit",
                    "count",
                    "event",
                    "dayOfWeek",
                    "sequence",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(junk)
@settings(max_examples=80, deadline=None)
def test_no_dosage_makes_a_call_fail(stated):
    order = draft(HYDROXOCOBALAMIN)
    order["dosageInstruction"] = stated
    assert facts_of(drafts=[order])["draft.b12"].holds is True
