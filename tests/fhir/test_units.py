"""Units of results: UCUM codes, the aliases that laboratories print, exact conversion, and what is refused."""

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.fhir.code_systems import UNITS_OF_MEASURE
from cds_service.fhir.units import (
    AMOUNTS,
    COUNT_WORDS,
    EQUIVALENTS,
    LITRES,
    MASS,
    MOLAR,
    PREFIXES,
    Unit,
    normalised,
    unit_of,
    unit_of_alias,
    unit_of_code,
)
from cds_service.fhir.units import UCUM as CODES
from tests.support.clinic import facts_of
from tests.support.fhir_builders import LOINC, UCUM, observation

MODEST = settings(max_examples=40, deadline=None)
FACT = {
    "b12": "b12.total",
    "b12_molar": "b12.total",
    "active_b12": "b12.active",
    "folate": "folate.serum",
    "folate_molar": "folate.serum",
}


def result(analyte, value, *, unit=None, code=None, loinc=None, **more):
    """The fact about one result whose unit is printed (``unit``), coded in UCUM (``code``), or both."""
    quantity = {"value": value, "unit": unit, "code": code, "system": UCUM if code else None}
    quantity = {key: part for key, part in quantity.items() if part is not None}
    if loinc:
        more["code"] = {"coding": [{"system": LOINC, "code": loinc}]}
    return facts_of(observation(analyte, valueQuantity=quantity, **more))[
        FACT.get(analyte, analyte)
    ]


def amount(*args, **kwargs):
    return result(*args, **kwargs).value.interval.point


# (analyte, value, unit as UCUM code, the same in the unit of comparison); factors of fact base 1.2, worked out by hand
CONVERSIONS = [
    ("b12", 180, "ng/L", 180), ("b12", 180, "pg/mL", 180), ("b12", 18, "ng/dL", 180), ("b12", 0.18, "ng/mL", 180), ("b12", 0.18, "ug/L", 180),
    ("b12_molar", 133, "pmol/L", 133), ("b12_molar", 0.133, "nmol/L", 133),
    ("active_b12", 25, "pmol/L", 25),
    ("mma", 280, "nmol/L", 280), ("mma", 0.28, "umol/L", 280), ("mma", 0.28, "nmol/mL", 280),
    ("homocysteine", 15, "umol/L", 15), ("homocysteine", 15, "nmol/mL", 15),
    ("folate", 3, "ug/L", 3), ("folate", 3, "ng/mL", 3), ("folate_molar", 7, "nmol/L", 7),
    ("hb", 119, "g/L", 119), ("hb", 11.9, "g/dL", 119),
    ("potassium", 3.5, "mmol/L", "3.5"), ("potassium", 3.5, "meq/L", "3.5"),
    ("mcv", 101, "fL", 101), ("mcv", 101, "um3", 101),
    ("platelets", 49, "10*9/L", 49), ("platelets", 49, "10*3/uL", 49), ("platelets", 49000, "/uL", 49), ("platelets", 0.049, "10*12/L", 49),
    ("egfr", 59, "mL/min/{1.73_m2}", 59),
]  # fmt: skip


@pytest.mark.parametrize(
    ("analyte", "value", "code", "expected"), CONVERSIONS, ids=lambda part: str(part)
)
def test_ucum_codes_convert_exactly(analyte, value, code, expected):
    assert amount(analyte, value, code=code) == Decimal(expected)


@pytest.mark.parametrize(
    ("analyte", "value", "unit", "loinc", "expected"),
    [
        pytest.param(
            "homocysteine", 2, "mg/L", "2428-1", Decimal("14.79508"), id="homocysteine mg/L"
        ),
        pytest.param(
            "homocysteine", 0.2, "mg/dL", "2428-1", Decimal("14.79508"), id="homocysteine mg/dL"
        ),
        pytest.param(
            "hb", 7, "mmol/L", "59260-0", Decimal("112.8015"), id="haemoglobin mmol/L, monomer"
        ),
    ],
)
def test_mass_and_moles_convert_by_the_molar_mass(analyte, value, unit, loinc, expected):
    assert amount(analyte, value, code=unit, loinc=loinc) == expected


def test_creatinine_in_either_unit_gives_one_rate():
    in_mg = amount_of_egfr(1.0, "mg/dL", "2160-0")
    assert (
        in_mg
        == amount_of_egfr(88.4017, "umol/L", "14682-9")
        == amount_of_egfr(0.0884017, "mmol/L", "14682-9")
    )


def amount_of_egfr(value, unit, loinc):
    code = {"coding": [{"system": LOINC, "code": loinc}]}
    return facts_of(observation("creatinine", value, unit, code=code))["egfr"].value.interval.point


@given(st.integers(1, 5000).map(lambda thousandths: Decimal(thousandths) / 1000))
@MODEST
def test_the_same_mma_in_every_unit_is_of_the_same_level(micromolar):
    written = [
        (float(micromolar * 1000), "nmol/L"),
        (float(micromolar), "umol/L"),
        (float(micromolar), "nmol/mL"),
    ]
    found = [
        facts_of(observation("mma", value, unit), parameters="uk")["mma.level"]
        for value, unit in written
    ]
    assert len({(fact.value, fact.is_unknown) for fact in found}) == 1


@given(st.integers(250, 3000).map(lambda tenths: Decimal(tenths) / 10))
@MODEST
def test_the_same_haemoglobin_in_both_units_is_as_anaemic(grams_per_litre):
    first = facts_of(observation("hb", float(grams_per_litre), "g/L"))["anaemia"]
    second = facts_of(observation("hb", float(grams_per_litre / 10), "g/dL"))["anaemia"]
    assert (first.holds, first.state) == (second.holds, second.state)


@given(st.integers(1, 20000))
@MODEST
def test_the_same_b12_in_every_mass_unit_is_of_the_same_level(tenths):
    value = Decimal(tenths) / 10
    written = [
        (value, "ng/L"),
        (value, "pg/mL"),
        (value / 10, "ng/dL"),
        (value / 1000, "ng/mL"),
        (value / 1000, "ug/L"),
    ]
    assert (
        len(
            {
                facts_of(observation("b12", float(number), unit))["b12.total.level"].value
                for number, unit in written
            }
        )
        == 1
    )


@pytest.mark.parametrize(
    ("analyte", "value", "printed", "expected"),
    [
        ("b12", 0.11, "µg/L", 110), ("b12", 0.11, "μg/L", 110), ("b12", 0.11, "mcg/L", 110), ("b12", 110, "PG/ML", 110),
        ("b12", 110, "picogram/mL", 110), ("b12", 110, "pg / mL", 110), ("b12", 110, "ng/l", 110), ("b12_molar", 81, "pmol/l", 81),
        ("mma", 0.5, "µmol/L", 500), ("mma", 0.5, "μmol/L", 500), ("mma", 0.5, "micromol/L", 500), ("mma", 0.5, "nmol/ml", 500),
        ("hb", 11.9, "gm/dL", 119), ("hb", 11.9, "G/DL", 119), ("hb", 11.9, "g/dl", 119), ("hb", 119, "g/l", 119),
        ("potassium", 3, "mEq/L", 3), ("potassium", 3, "MEQ/L", 3), ("potassium", 3, "mmol/l", 3),
        ("platelets", 49, "K/uL", 49), ("platelets", 49, "x10^9/L", 49), ("platelets", 49, "10E9/L", 49), ("platelets", 49, "10*3/mm3", 49),
        ("platelets", 49, "thou/uL", 49), ("platelets", 49, "Giga/l", 49), ("platelets", 49, "GPT/L", 49), ("platelets", 49, "G/l", 49),
        ("platelets", 49, "K/µL", 49), ("platelets", 0.049, "Tera/L", 49), ("platelets", 49, "10^9/L", 49),
        ("egfr", 59, "mL/min/1.73m2", 59), ("egfr", 59, "ml/min/1.73 m²", 59),
    ],
)  # fmt: skip
def test_the_printed_units_of_the_vetted_list_are_read(analyte, value, printed, expected):
    assert amount(analyte, value, unit=printed) == expected


def test_thousands_per_microlitre_are_a_count_in_the_blood_count_and_kelvin_elsewhere():
    assert amount("platelets", 49, code="K/uL") == 49
    assert (
        unit_of_code("K/uL", counts=False) is None and unit_of_alias("K/uL", counts=False) is None
    )


def test_g_per_litre_is_giga_in_a_count_and_gram_in_haemoglobin():
    assert amount("platelets", 49, unit="G/L") == 49
    assert amount("hb", 119, unit="G/L") == 119


@pytest.mark.parametrize(
    ("analyte", "quantity"),
    [
        pytest.param("b12", {}, id="no unit"),
        pytest.param("b12", {"unit": " "}, id="blank unit"),
        pytest.param("b12", {"unit": "IU/mL"}, id="unit outside the list"),
        pytest.param("b12", {"code": "K"}, id="kelvin"),
        pytest.param("b12", {"unit": "pg"}, id="a mass, no concentration"),
        pytest.param("b12", {"code": "pmol/L"}, id="2132-9 (mass) in moles"),
        pytest.param("b12_molar", {"code": "pg/mL"}, id="14685-2 (moles) in mass"),
        pytest.param("active_b12", {"code": "ng/L"}, id="holotranscobalamin in mass"),
        pytest.param("mma", {"code": "ng/mL"}, id="13964-2 (moles) in mass"),
        pytest.param("homocysteine", {"code": "mg/L"}, id="13965-9 (moles) in mass"),
        pytest.param("folate", {"code": "nmol/L"}, id="2284-8 (mass) in moles"),
        pytest.param("folate_molar", {"code": "ng/mL"}, id="14732-2 (moles) in mass"),
        pytest.param("hb", {"code": "mmol/L"}, id="718-7 (mass) in moles"),
        pytest.param("hb", {"code": "%"}, id="haemoglobin in percent"),
        pytest.param("mcv", {"code": "pg"}, id="MCH for MCV"),
        pytest.param("egfr", {"code": "mL/min"}, id="clearance not indexed"),
        pytest.param(
            "b12", {"unit": "pmol/L", "code": "pg/mL"}, id="code and print of two families"
        ),
        pytest.param(
            "b12", {"unit": "ng/mL", "code": "pg/mL"}, id="code and print a thousandfold apart"
        ),
        pytest.param(
            "mma",
            {"unit": "umol/L", "code": "nmol/L"},
            id="MMA code and print a thousandfold apart",
        ),
        pytest.param(
            "hb", {"unit": "g/dL", "code": "g/L"}, id="haemoglobin code and print tenfold apart"
        ),
    ],
)
def test_a_unit_that_is_missing_unknown_or_contradicted_is_unusable(analyte, quantity):
    assert result(analyte, 150, **quantity).is_unknown


@pytest.mark.parametrize(
    ("analyte", "value", "unit", "code"),
    [
        pytest.param("b12", 110, "ng/L", "pg/mL", id="pg/mL is ng/L"),
        pytest.param("platelets", 49, "K/uL", "10*3/uL", id="thousands per microlitre"),
        pytest.param("mma", 900, "nmol/L", "pmol/mL", id="nmol/L is pmol/mL"),
        pytest.param(
            "potassium", 2.8, "mEq/L", "mmol/L", id="potassium: meq/L is mmol/L (fact base 1.2)"
        ),
    ],
)
def test_code_and_print_that_name_the_same_quantity_agree(analyte, value, unit, code):
    assert result(analyte, value, unit=unit, code=code).value is not None


def test_a_code_that_states_mass_or_moles_takes_either():
    assert amount("b12", 110, code="pg/mL", loinc="35201-3") == 110
    assert amount("b12", 81, code="pmol/L", loinc="35201-3") == 81


def test_the_cut_off_of_the_reported_family_decides_without_conversion():
    # 133 pmol/L would be 180.26 ng/L, and 258 pmol/L 349.69 ng/L: the published pairs do not round-trip.
    levels = [
        facts_of(observation(analyte, value, unit))["b12.total.level"].value
        for analyte, value, unit in (
            ("b12_molar", 132.9, "pmol/L"),
            ("b12_molar", 133, "pmol/L"),
            ("b12_molar", 258, "pmol/L"),
            ("b12_molar", 258.1, "pmol/L"),
        )
    ]
    assert levels == ["deficient", "indeterminate", "indeterminate", "sufficient"]


@pytest.mark.parametrize(
    ("analyte", "value", "code", "usable"),
    [
        ("b12", 0, "ng/L", False), ("b12", -5, "ng/L", False), ("b12", 200000, "ng/L", True), ("b12", 200001, "ng/L", False),
        ("active_b12", 5000, "pmol/L", True), ("active_b12", 5001, "pmol/L", False), ("mma", 29, "nmol/L", False), ("mma", 30, "nmol/L", True),
        ("mma", 10000001, "nmol/L", False), ("homocysteine", 0, "umol/L", False), ("homocysteine", 1001, "umol/L", False),
        ("hb", 24, "g/L", False), ("hb", 25, "g/L", True), ("hb", 300, "g/L", True), ("hb", 301, "g/L", False), ("hb", 130, "g/dL", False),
        ("mcv", 29, "fL", False), ("mcv", 30, "fL", True), ("mcv", 201, "fL", False), ("potassium", 0.9, "mmol/L", False),
        ("potassium", 1.0, "mmol/L", True), ("potassium", 15, "mmol/L", True), ("potassium", 15.1, "mmol/L", False),
        ("egfr", 0, "mL/min/{1.73_m2}", True), ("egfr", 251, "mL/min/{1.73_m2}", False), ("folate_molar", 0, "nmol/L", False),
        ("folate_molar", 5001, "nmol/L", False),
    ],
)  # fmt: skip
def test_values_outside_of_what_is_possible_are_unusable(analyte, value, code, usable):
    fact = result(analyte, value, code=code)
    assert (fact.value is not None) is usable
    assert fact.is_unknown is not usable


@pytest.mark.parametrize(
    ("analyte", "value", "code", "loinc"),
    [("b12", 29, "ng/L", None), ("b12", 5001, "ng/L", None), ("active_b12", 501, "pmol/L", None), ("mma", 50001, "nmol/L", None),
     ("homocysteine", 201, "umol/L", None), ("homocysteine", 1.9, "umol/L", None), ("mcv", 151, "fL", None), ("potassium", 6.0, "mmol/L", None),
     ("folate_molar", 101, "nmol/L", None)],
)  # fmt: skip
def test_suspicious_values_count_and_ask_for_a_check(analyte, value, code, loinc):
    fact = result(analyte, value, code=code)
    assert fact.value is not None and fact.value.suspicious and fact.note == "check the value"


POWERS = {3: "³", 6: "⁶", 9: "⁹", 12: "¹²"}
VOLUMES = {
    "L": ("L", "l", "litre", "liter", "Liter"), "mL": ("mL", "ml", "millilitre"), "dL": ("dL", "dl", "100 mL"),
    "uL": ("uL", "ul", "µL", "μL", "mcL", "MCL", "microL", "microliter", "mm3", "mm³", "mm^3", "cumm", "cu mm", "cu.mm", "cmm", "cubic mm"),
    "nL": ("nL", "nl"), "pL": ("pL", "pl"),
}  # fmt: skip
PLACES = {"L": 0, "dL": 1, "mL": 3, "uL": 6, "nL": 9, "pL": 12}


@st.composite
def printed_counts(draw):
    """A printed unit of a count, and its size in 10*9/L."""
    power, volume = draw(st.sampled_from(sorted(POWERS))), draw(st.sampled_from(sorted(VOLUMES)))
    form = draw(
        st.sampled_from(
            ["10*{}", "10^{}", "10**{}", "10E{}", "10e{}", "10e+{}", "10({})", "10{}", "10 {}"]
        )
    )
    number = form.format(power) if draw(st.booleans()) else f"10{POWERS[power]}"
    times = draw(st.sampled_from(["", "x", "X", "x ", "× ", "*"]))
    cells = draw(st.sampled_from(["", " cells", "{cells}", " cells "]))
    slash = draw(st.sampled_from(["/", " / ", " per "]))
    return f"{times}{number}{cells}{slash}{draw(st.sampled_from(VOLUMES[volume]))}", Decimal(
        f"1e{power + PLACES[volume] - 9}"
    )


@given(printed_counts())
@settings(max_examples=300, deadline=None)
def test_any_print_of_a_count_is_its_exact_size(case):
    printed, size = case
    if len(printed) <= 40:
        assert unit_of_alias(printed, counts=True) == Unit("number concentration", size), printed


PRINTED = {
    "pg": ("pg", "PG", "picogram", "picograms"), "ng": ("ng", "nanogram"), "ug": ("ug", "µg", "μg", "mcg", "MCG", "microgram"),
    "mg": ("mg", "milligram"), "g": ("g", "gm", "gr", "gram", "grams"), "pmol": ("pmol", "picomol", "picomoles"),
    "nmol": ("nmol", "nanomol"), "umol": ("umol", "µmol", "mcmol", "micromol", "micromoles"), "mmol": ("mmol", "millimol"),
    "meq": ("meq", "mEq", "MEQ", "mequiv"),
}  # fmt: skip


@given(st.sampled_from(sorted(PRINTED)), st.sampled_from(["L", "dL", "mL"]), st.data())
@settings(max_examples=200, deadline=None)
def test_any_print_of_a_concentration_is_its_ucum_code(amount, volume, data):
    code = f"{amount}/{volume}"
    if code not in CODES:
        return
    printed = data.draw(st.sampled_from(PRINTED[amount])) + data.draw(
        st.sampled_from(["/", " / ", " per "])
    )
    printed += data.draw(st.sampled_from(VOLUMES[volume]))
    assert unit_of_alias(printed, counts=False) == CODES[code], printed


LETTERS = {0: "", 1: "d", 3: "m", 6: "u", 9: "n", 12: "p"}
CODED = {MASS: "g", MOLAR: "mol", EQUIVALENTS: "eq"}


@pytest.mark.parametrize("litre", LITRES)
@pytest.mark.parametrize("amount", AMOUNTS)
def test_every_name_of_an_amount_is_read_with_every_prefix_per_every_volume(amount, litre):
    tried = 0
    for prefix, part in product(PREFIXES, PREFIXES):
        code = f"{LETTERS[PREFIXES[prefix]]}{CODED[AMOUNTS[amount]]}/{LETTERS[PREFIXES[part]]}L"
        if code in CODES:
            tried += 1
            assert unit_of_alias(f"{prefix}{amount}/{part}{litre}", counts=False) == CODES[code], (
                code
            )
    assert tried


@pytest.mark.parametrize(
    ("word", "code"),
    [
        (word, {3: "10*3/uL", 6: "10*6/uL", 9: "10*9/L", 12: "10*12/L"}[power])
        for word, (power, _) in COUNT_WORDS.items()
    ],
)
def test_every_word_for_a_count_is_read_before_its_volume(word, code):
    volume = code.partition("/")[2]
    assert unit_of_alias(f"{word}/{volume}", counts=True) == CODES[code]


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_printed_ucum_code_is_read_as_the_code(code):
    counts = CODES[code].dimension in ("number concentration", "fraction")
    assert unit_of_alias(code, counts=counts) == CODES[code]


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("10³/µL", 30), ("10³/mcL", 30), ("10(3)/mcL", 30), ("x 10E9/L", 30), ("K/uL", 30), ("thou/mm3", 30), ("G/l", 30), ("Mrd./l", 30),
        ("Tsd./µl", 30), ("/nl", 30), ("×10⁹/L", 30), ("10⁹·L⁻¹", 30), ("103/uL", 30), ("10 9/L", 30), ("Gpt/l", 30), ("k/cumm", 30),
        ("thousand/uL", 30), ("10^3 cells/uL", 30), ("billion/L", 30), ("1000/uL", 30), ("10*3/mm³", 30),
    ],
)  # fmt: skip
def test_platelets_are_read_as_laboratories_print_their_unit(printed, expected):
    assert amount("platelets", 30, unit=printed) == expected


@pytest.mark.parametrize(
    "printed", ["10³/µL", "10(3)/mcL", "10E3/uL", "10^3/uL", "x 10E9/L", "×10⁹/L", "K/uL", "G/l"]
)
def test_a_result_that_is_text_has_its_unit_in_the_same_forms(printed):
    assert (
        facts_of(observation("platelets", valueString=f"<30 {printed}"))["platelets"].value.level
        == "low"
    )


@pytest.mark.parametrize(
    "printed",
    [
        "G/dL",
        "g/mL",
        "K/L",
        "M/L",
        "T/uL",
        "mg/dL",
        "10^99/L",
        "10^/L",
        "x/uL",
        "10/L",
        "cells",
        "/",
        "L",
        "1e3",
        "10^9",
        "10*9/L/h",
        "10*9/mol",
        "k",
        "%/L",
    ],
)
def test_what_is_no_unit_of_a_count_is_not_guessed(printed):
    assert unit_of_alias(printed, counts=True) is None


@pytest.mark.parametrize(
    ("analyte", "unit", "code"),
    [
        pytest.param("b12", "pmol/L (SI)", "pg/mL", id="pmol/L (SI)"),
        pytest.param("b12", "pmol/L SI", "pg/mL", id="pmol/L SI"),
        pytest.param("b12", "(SI) pmol/L", "pg/mL", id="addition before"),
        pytest.param(
            "b12",
            "pmol/L [total B12, serum, chemiluminescence, method 7]",
            "pg/mL",
            id="a long addition",
        ),
        pytest.param("b12", "10*9/L", "pg/mL", id="a count"),
        pytest.param("hb", "K/uL", "g/dL", id="haemoglobin in thousands"),
        pytest.param("platelets", "mmol/L", "10*9/L", id="platelets in mmol/L"),
        pytest.param("platelets", "fL", "10*3/uL", id="platelets in fL"),
        pytest.param("platelets", "10*12/L (auto)", "10*9/L", id="platelets a thousandfold"),
        pytest.param("reticulocytes", "% of RBC", "10*9/L", id="reticulocytes in percent"),
        pytest.param("mcv", "pg (MCH) g/dL", "fL", id="MCV with the unit of MCHC"),
        pytest.param("potassium", "mg/dL (serum)", "mmol/L", id="potassium in mg/dL"),
        pytest.param("egfr", "umol/L", "mL/min/{1.73_m2}", id="creatinine for eGFR"),
    ],
)
def test_a_printed_unit_of_another_quantity_makes_a_result_unusable_also_with_an_addition(
    analyte, unit, code
):
    more = (
        {"code": {"coding": [{"system": LOINC, "code": "60474-4"}]}}
        if analyte == "reticulocytes"
        else {}
    )
    facts = facts_of(
        observation(
            "platelets" if more else analyte,
            valueQuantity={"value": 150, "unit": unit, "code": code, "system": UCUM},
            **more,
        )
    )
    assert facts[FACT.get(analyte, analyte)].is_unknown


@pytest.mark.parametrize(
    ("analyte", "value", "unit", "code"),
    [
        ("b12", 110, "pg/mL (total)", "pg/mL"), ("b12", 110, "pg/mL, serum", "ng/L"), ("b12", 110, "as reported", "pg/mL"), ("b12", 110, "Einheiten", "pg/mL"),
        ("platelets", 49, "G/l (EDTA)", "10*9/L"), ("hb", 11.9, "g/dL (calc)", "g/dL"), ("potassium", 2.8, "mEq/L (plasma)", "mmol/L"),
        ("platelets", 49, "SI", "10*9/L"),
    ],
)  # fmt: skip
def test_an_addition_or_a_print_that_nobody_knows_is_no_disagreement(analyte, value, unit, code):
    assert amount(analyte, value, unit=unit, code=code) is not None


@pytest.mark.parametrize("unit", ["pmol/L (SI)", "mmol/L (4Fe)", "g/dL calc"])
def test_a_print_with_an_addition_alone_is_not_read(unit):
    assert isinstance(unit_of("", "", unit, counts=False, same=Unit.__eq__), str)


@pytest.mark.parametrize("code", ["{cells}/uL", "10*3{cells}/uL", "10*9/L{plt}"])
def test_annotations_of_ucum_mean_nothing_for_the_value(code):
    assert unit_of_code(code, counts=True) is not None
    assert amount("platelets", 49, code="10*9/L{plt}") == 49


@pytest.mark.parametrize(
    "text",
    [
        "10" * 5_000_000,
        "µ" * 10_000_000,
        "(" * 10_000_000,
        "pmol/L (" + "x" * 10_000_000,
        "x" * 39 + "/",
    ],
)
def test_a_hostile_unit_is_no_unit_and_takes_no_time(text):
    assert unit_of_alias(text, counts=True) is None
    assert isinstance(unit_of(text, UNITS_OF_MEASURE, text, counts=False, same=Unit.__eq__), str)


@given(st.text(max_size=40))
@MODEST
def test_a_normalised_unit_stays_what_it_is(printed):
    once = normalised(printed)
    assert unit_of_alias(printed, counts=True) == unit_of_alias(once, counts=True) or len(once) > 40
