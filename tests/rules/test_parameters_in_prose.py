"""A number that a parameter decides stands in no text: cards, definitions, pages and exports show the value in force.

A site that moves a limit would otherwise get cards that name another one than decides.
"""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.authored_yaml.source import AuthoringError, Mistakes
from cds_service.config import Settings
from cds_service.engine import PARAMETER_SETS, Engine
from cds_service.export.resources import generated
from cds_service.facts.catalogue import CATALOGUE, Definition, closure
from cds_service.facts.kinds import KINDS
from cds_service.facts.reads import of
from cds_service.rules.parameter_text import (
    amount_words,
    note_wrong_definitions,
    parameter_words,
    with_parameters,
)
from tests.support.numbers_in_prose import repeated, stated

# What guidance says, which no limit of ours changes, though the number is the same.
NOT_A_LIMIT = {("monitoring-due", "3 months"), ("response-reticulocytes", "7 days")} | {
    (card, told)  # of a regimen
    for card in (
        "b12-cause-untreated",
        "b12-deficiency-untreated",
        "b12-folate-deficiency",
        "b12-loading-missing",
    )
    for told in ("a week", "7 days", "50 micrograms")
}
SITE = {
    "mcv.high_above": "{fL: 97}",
    "b12.total.deficient_below": "{ng/L: 200, pmol/L: 148}",
    "window.potassium": "7",
    "window.potassium_recent": "14",
    "age.adult_from": "18",
    "metformin.long_after": "365",
}


@cache
def _engine(parameters: str) -> Engine:
    return Engine(Settings(parameters=parameters))


def _read(engine: Engine, facts) -> list[str]:
    return sorted(
        {text for name in closure(facts) for text in CATALOGUE[name].needs.parameters}
        & engine.parameters.keys()
    )


@pytest.fixture(scope="module")
def of_a_site(tmp_path_factory) -> Engine:
    """The engine of a site that has limits of its own."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "site.yaml").write_text("owner: st-elsewhere\n", "utf-8")
    (folder / "parameters").mkdir()
    lines = [
        f"{name}: {{value: {value}, source: local-policy, basis: local-policy}}\n"
        for name, value in SITE.items()
    ]
    (folder / "parameters" / "default.yaml").write_text("".join(lines), "utf-8")
    return Engine(Settings(cards=(folder,)))


@pytest.mark.parametrize("parameters", PARAMETER_SETS)
@pytest.mark.parametrize("name", CATALOGUE)
def test_no_definition_of_a_fact_repeats_a_number_of_a_parameter(name, parameters):
    engine, definition = _engine(parameters), CATALOGUE[name]
    found = repeated(
        f"{definition.title}. {definition.doc}", _read(engine, [name]), engine.parameters
    )
    assert [told for told in found if (name, told[0]) not in NOT_A_LIMIT] == [], (
        "write {the.parameter} in its place"
    )


def _texts(path: Path):
    """The texts of a card's file as authored, with the keys under which they stand."""
    from cds_service.authored_yaml.source import load

    def texts(value, key=""):
        if isinstance(value, dict):
            for inner, item in value.items():
                if inner not in ("tests", "when", "include", "exclude"):
                    yield from texts(item, inner)
        elif isinstance(value, list):
            for item in value:
                yield from texts(item, key)
        elif isinstance(value, str) and key in ("title", "summary", "detail", "text", "label"):
            yield value

    return list(texts(load(path, path.name)))


def _card_files():
    from cds_service.rules.card_set import card_files

    return {path.stem: path for path in card_files(_engine("default").folders[0])}


@pytest.mark.parametrize("card_id", sorted(_card_files()))
def test_no_text_of_a_card_repeats_a_number_of_a_parameter(card_id):
    for parameters in PARAMETER_SETS:
        engine = _engine(parameters)
        if card_id not in engine.cards:
            continue
        read = _read(engine, engine.cards[card_id].facts)
        for text in _texts(_card_files()[card_id]):
            found = repeated(text, read, engine.parameters)
            assert [told for told in found if (card_id, told[0]) not in NOT_A_LIMIT] == [], text


def test_what_a_reader_of_numbers_sees():
    """The check above would pass if it saw nothing."""
    shown = {
        told.shown
        for told in stated(
            "B12 below 180 ng/L (133), 24 months, a year or 0.4 mg; 82810-3, H47.22, E53.8, B12."
        )
    }
    assert shown == {"180 ng/L", "133", "24 months", "a year", "0.4 mg"}


def test_a_site_s_limit_is_in_its_cards(of_a_site):
    said = {
        card.id: " ".join([card.summary, *(paragraph.text for paragraph in card.detail)])
        for card in of_a_site.cards.values()
    }
    assert "MCV above 97 fL" in said["b12-test-indicated"]
    assert "Metformin for 1 year or longer" in said["b12-test-indicated"]
    assert (
        "in the last 2 weeks" in said["potassium-monitoring"]
        or "in the last 14 days" in said["potassium-monitoring"]
    )
    assert said["b12-paediatric"].startswith("Below 18 years:")


def test_a_site_s_export_says_its_own_limits_and_no_others(of_a_site):
    """Each definition in the Library beside the parameter that decides it; and what a PlanDefinition says of the card."""
    made = {resource["id"]: resource for resource in generated(of_a_site)}
    said = {
        item["name"]: item["documentation"]
        for item in made["b12-folate-facts"]["parameter"]
        if "documentation" in item
    }
    assert said["b12.total.level"].startswith(
        "total B12 level: Deficient below 200 ng/L (148 pmol/L), indeterminate up to 350 ng/L"
    )
    assert "the last 7 days" in said["potassium"]
    assert "MCV above 97 fL" in said["macrocytosis"]
    texts = json.dumps(made, ensure_ascii=False)
    assert "MCV above 97 fL" in texts
    assert "MCV above 100 fL" not in texts and "{" not in "".join(said.values()).replace(
        "{1.73_m2}", ""
    )


def test_no_placeholder_is_left_in_a_generated_page():
    """docs/facts.md shows the definitions with the limits of ``default``."""
    from cds_service.authoring.pages.facts import fact_rows

    rows = {row["name"]: row["definition"] for group in fact_rows() for row in group["facts"]}
    assert rows["macrocytosis"] == "MCV above 100 fL at age 15 or over."
    assert not [name for name, text in rows.items() if "{" in text]


def test_a_text_that_names_no_parameter_is_told_with_what_was_meant(tmp_path):
    source = next(
        path for name, path in _card_files().items() if name == "b12-test-indicated"
    ).read_text("utf-8")
    (tmp_path / "site.yaml").write_text("owner: st-elsewhere\n", "utf-8")
    (tmp_path / "b12-test-indicated.yaml").write_text(
        source.replace("{mcv.high_above}", "{mcv.high_abov}"), "utf-8"
    )
    with pytest.raises(
        AuthoringError,
        match=r"there is no fact and no parameter 'mcv\.high_abov'\. Did you mean 'mcv\.high_above'\?",
    ):
        Engine(Settings(cards=(tmp_path,)))


def test_a_definition_that_names_no_parameter_is_told_where_it_is_written():
    mistakes = Mistakes()
    hb = of("hb")
    definition = Definition(
        "wrong",
        "wrong",
        KINDS["yes-no"],
        hb.evaluate,
        "Haemoglobin below {anaemia.men_}.",
        hb.needs,
        place=(__file__, 7),
    )
    note_wrong_definitions({"wrong": definition}, _engine("default").words, mistakes)
    [told] = mistakes
    assert (told.place.file, told.place.line) == (__file__, 7) and "'anaemia.men'" in told.mend


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_fact_knows_where_it_is_defined(name):
    file, line = CATALOGUE[name].place
    written = "".join(Path(file).read_text("utf-8").splitlines(keepends=True)[line - 1 : line + 2])
    assert f'"{name}"' in written or name.startswith("test.")


def test_no_parameter_has_the_name_of_a_fact():
    """A placeholder means one of the two."""
    assert not _engine("default").parameters.keys() & CATALOGUE.keys()


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [
        ("1", "days", "1 day"),
        ("30", "days", "30 days"),
        ("56", "days", "8 weeks"),
        ("365", "days", "1 year"),
        ("730", "days", "2 years"),
        ("14", "days", "14 days"),
        ("16", "years", "16 years"),
        ("1.5", "intervals", "1.5 intervals"),
        ("3.0", "mmol/L", "3.0 mmol/L"),
        ("50", "10*9/L", "50 × 10⁹/L"),
        ("0", "days", "0 days"),
    ],
)
def test_how_an_amount_reads(value, unit, told):
    assert amount_words(Decimal(value), unit) == told


@given(st.integers(0, 100_000))
def test_days_lose_nothing_when_they_are_told_as_weeks_or_years(days):
    number, unit = amount_words(Decimal(days), "days").split()
    assert int(number) * {"day": 1, "week": 7, "year": 365}[unit.removesuffix("s")] == days


def test_a_limit_reads_in_each_of_its_units_and_an_order_by_its_title():
    assert (
        parameter_words({"ng/L": Decimal(180), "pmol/L": Decimal(133)}, "", {})
        == "180 ng/L (133 pmol/L)"
    )
    assert parameter_words("order-id", "", {"order-id": "Its title"}) == "Its title"


@given(
    st.text(alphabet="{}ab. 1"),
    st.dictionaries(st.sampled_from(["a", "b", "a.b"]), st.text(alphabet="xyz", max_size=3)),
)
def test_filling_changes_only_what_it_knows(text, words):
    filled = with_parameters(text, words)
    assert filled == text or any(f"{{{name}}}" in text for name in words)


def test_every_single_number_says_its_unit():
    numbers = [
        entry for entry in _engine("uk").parameters.values() if isinstance(entry.value, Decimal)
    ]
    assert numbers and [entry.place for entry in numbers if not entry.unit] == []


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (
            "window.b12: {value: 90, unit: years, source: local-policy, basis: local-policy}",
            "this parameter is measured in days",
        ),
        (
            "window.b12: {value: 90, unit: day, source: local-policy, basis: local-policy}",
            "Did you mean 'days'",
        ),
        (
            "mcv.high_above: {value: {fL: 97}, unit: days, source: local-policy, basis: local-policy}",
            "has no unit besides its value",
        ),
    ],
)
def test_a_site_cannot_change_the_unit_of_a_limit(tmp_path, entry, told):
    (tmp_path / "site.yaml").write_text("owner: st-elsewhere\n", "utf-8")
    (tmp_path / "parameters").mkdir()
    (tmp_path / "parameters" / "default.yaml").write_text(entry + "\n", "utf-8")
    with pytest.raises(AuthoringError, match=told):
        Engine(Settings(cards=(tmp_path,)))
