"""What holds of every name: combinations, whole words, numbers, structured strengths, and the time that reading takes."""

import string
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cds_service.fhir.product_identification import IngredientPart, _identify, identify
from cds_service.fhir.product_name import parse_product_name
from cds_service.fhir.product_sides import COBALAMINS
from cds_service.fhir.product_words import JOINING, PLAIN, VITAMIN
from cds_service.fhir.strength import StatedQuantity, Strength, read_number, strength_of_ratio
from tests.support.clinic import engine

TERMINOLOGY = engine().site.terminology
VOCABULARY = TERMINOLOGY.vocabulary
COBALAMIN_NAMES = [
    "cyanocobalamin", "vitamin B12", "Vitamin B-12", "vit b 12", "B12", "hydroxocobalamin", "Hydroxocobalamin acetate", "methylcobalamin",
    "mecobalamin", "adenosylcobalamin", "Vitamine B12",
]  # fmt: skip
PARTNERS = [
    "pregabalin",
    "folic acid",
    "vitamin B6",
    "Xyzzyine",
    "thiamine hydrochloride",
    "Qwertyzole sodium",
    "metformin",
    "ácido fólico",
]
JOINERS = [" / ", "/", " + ", "+", " & ", " with ", " and ", " plus ", " w/ "]
FORMS = [
    "",
    "",
    " tablets",
    " film-coated tablet",
    " IM injection",
    " capsules (30)",
    " oral solution",
    " Inj. Amp.",
]
SALTS = ["", "", " HCl", " acetate"]
AMOUNTS = [
    "",
    " 1 mg",
    " 750 mcg",
    " .05 mg",
    " 1,000 mcg",
    " 75mg",
    " 0,4 mg",
    " 1 mg/mL",
    " 100 micrograms/ml",
]
BRACKETS = ["", "", " (Smith & Sons Ltd)", " [Brand]", " (A A H / Alliance)"]
CASES = [str, str.upper, str.lower, str.title]


def read(name):
    return identify((), (name,), (), TERMINOLOGY)


side = st.builds(
    lambda salt, amount, form: salt + amount + form,
    st.sampled_from(SALTS),
    st.sampled_from(AMOUNTS),
    st.sampled_from(FORMS),
)


@given(
    st.sampled_from(COBALAMIN_NAMES),
    side,
    st.sampled_from(JOINERS),
    st.sampled_from(PARTNERS),
    side,
    st.booleans(),
    st.sampled_from(BRACKETS),
    st.sampled_from(CASES),
)
@settings(max_examples=300, deadline=None)
def test_a_cobalamin_joined_with_anything_else_is_a_combination(
    cobalamin, stated, joiner, partner, of_partner, swapped, bracket, case
):
    sides = [cobalamin + stated, partner + of_partner]
    found = read(case(joiner.join(reversed(sides) if swapped else sides) + bracket))
    assert "cobalamin-combination" in found.agents and found.cobalamin == "" and found.cobalamins


@given(
    st.sampled_from(COBALAMIN_NAMES),
    side,
    st.sampled_from(["", " Ankermann", " Xyzzy Qwert", " Accord"]),
    st.sampled_from(BRACKETS),
    st.sampled_from(CASES),
)
@settings(max_examples=300, deadline=None)
def test_a_cobalamin_with_words_on_its_own_side_alone_is_none(
    cobalamin, stated, brand, bracket, case
):
    found = read(case(cobalamin + brand + stated + bracket))
    assert found.cobalamin and "cobalamin-combination" not in found.agents


NAMES = sorted(" ".join(words) for words in VOCABULARY._meanings)


@given(
    st.sampled_from(NAMES),
    st.sampled_from(string.ascii_letters + string.digits + "äéß"),
    st.booleans(),
)
@settings(max_examples=400, deadline=None)
def test_a_letter_or_digit_beside_a_name_makes_another_name(name, beside, before):
    glued = beside + name if before else name + beside
    plain = glued.lower().replace("ä", "a").replace("é", "e").replace("ß", "ss")
    assume(" ".join("vitamin" if word in VITAMIN else word for word in plain.split()) not in NAMES)
    whole = parse_product_name(name, VOCABULARY)
    assert [item.words for item in whole.ingredients] == [name]
    assert not any(
        item.meanings and item.words == name
        for item in parse_product_name(glued, VOCABULARY).ingredients
    )


GROUPING = [",", ".", "'", "’", " ", "\u00a0", "\u202f"]


@given(
    st.integers(1, 999_999),
    st.sampled_from(GROUPING),
    st.sampled_from(["mcg", "µg", "ug", "μg", "micrograms"]),
)
def test_grouped_micrograms_are_read_whole(number, mark, unit):
    printed = f"{number:,}".replace(",", mark)
    (strength,) = parse_product_name(f"Folic acid {printed} {unit} tablet", VOCABULARY).strengths
    assert strength == Strength(Decimal(number), False)


@given(
    st.integers(1000, 999_999),
    st.sampled_from(GROUPING),
    st.sampled_from(["mg", "g", "milligrams"]),
)
def test_grouped_milligrams_are_not_read(number, mark, unit):
    assert not parse_product_name(
        f"Folic acid {f'{number:,}'.replace(',', mark)} {unit} tablet", VOCABULARY
    ).strengths


@given(st.decimals("0.0001", "999", places=4), st.sampled_from([".", ","]), st.booleans())
def test_decimals_are_read_to_the_last_digit(number, mark, naked):
    printed = f"{number:f}".rstrip("0").rstrip(".")
    assume("." in printed and (len(printed.split(".")[1]) != 3 or number < 1))
    if naked and number < 1 and mark == ".":
        printed = printed[1:]
    (strength,) = parse_product_name(
        f"Folic acid {printed.replace('.', mark)} mg tablet", VOCABULARY
    ).strengths
    assert strength.micrograms == number * 1000


@given(st.text("0123456789.,' ", max_size=24), st.booleans())
def test_no_number_is_beyond_reading(printed, small):
    value = read_number(printed, small_unit=small)
    assert value is None or value >= 0


@given(
    st.decimals("0.001", "10000", places=3),
    st.sampled_from([("mg", 1000), ("ug", 1), ("g", 1_000_000), ("mcg", 1)]),
    st.decimals("0.1", "100", places=1),
    st.sampled_from(
        [
            ("mL", 1),
            ("L", 1000),
            ("ml", 1),
            ("{tbl}", 0),
            ("1", 0),
            ("tablet", 0),
            ("capsule(s)", 0),
        ]
    ),
)
def test_a_ratio_is_its_numerator_in_one_of_its_denominator(amount, unit, size, basis):
    found = strength_of_ratio(
        StatedQuantity(amount, unit[0], unit[0]), StatedQuantity(size, basis[0], basis[0])
    )
    volume = basis[1]
    assert found == Strength(amount * unit[1] / (size * (volume or 1)), bool(volume))


@given(
    st.sampled_from(["mg", "ug", "furlong", "", "[iU]"]),
    st.sampled_from(["mg", "ug", "furlong", "", "[iU]"]),
)
def test_a_ratio_whose_code_and_unit_disagree_is_not_read(code, unit):
    found = strength_of_ratio(StatedQuantity(Decimal(1), unit, code), None)
    assert (found is not None) == (
        len({name for name in (code, unit) if name in ("mg", "ug")}) == 1
    )


@given(
    st.lists(
        st.sampled_from(
            [
                *NAMES[:40],
                "Xyzzyine",
                "1 mg",
                "2.5-25-1 mg",
                "/",
                "+",
                "and",
                ",",
                "(",
                ")",
                "-",
                "b",
                "12",
                "vit",
                "µg",
            ]
        ),
        max_size=12,
    )
)
@settings(max_examples=300, deadline=None)
def test_every_name_can_be_read(words):
    for name in ("".join(words), " ".join(words)):
        found = read(name)
        assert found.strength is None or found.strength.micrograms > 0
        assert found.cobalamins <= COBALAMINS


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_every_text_can_be_read(text):
    assert isinstance(read(text).identified, bool)


def test_words_that_name_no_ingredient_are_no_names_of_the_list():
    assert not (PLAIN | JOINING) & {name for name in NAMES if " " not in name}


HOSTILE = [
    "0",
    "1 000 ",
    "b 12 ",
    "b-",
    "/",
    "(",
    ") (b12 ",
    "1 mg-",
    "1-",
    "l-5-",
    "w/",
    "folic ",
    "b1-6-12-",
    "1'000'",
    "and b12 ",
    "(b12 1 mg)",
    "\ufdfa",
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_a_long_name_is_read_in_the_time_of_its_length(unit):
    """What took the square of it would not come to an end here."""
    name = (unit * (40_000 // len(unit) + 1))[: 8_000 if unit == "\ufdfa" else 40_000]
    assert parse_product_name(name, VOCABULARY) is not None


def test_long_names_are_not_remembered():
    before = _identify.cache_info().currsize
    for number in range(20):
        identify((), (f"Xyzzyine {number} {'coated ' * 60}",), (), TERMINOLOGY)
        identify(
            (), (), (IngredientPart((), (f"Xyzzyine {number} {'coated ' * 60}",)),), TERMINOLOGY
        )
    assert _identify.cache_info().currsize == before
