"""The condition language and card files: three-valued logic, and mistakes told with their place."""

from pathlib import Path

import pytest

from cds_service.authored_yaml.source import AuthoringError, load
from cds_service.engine import PARAMETER_SETS
from cds_service.facts.catalogue import CATALOGUE, closure
from cds_service.facts.fact import absent, known, unknown
from cds_service.rules.card_file import Vocabulary, parse_card
from cds_service.rules.card_set import folders, load_cards, load_evidence, load_parameters
from cds_service.rules.decision import Decisions
from cds_service.states.values import StatedFacts
from tests.support.clinic import engine, facts_of
from tests.support.fhir_builders import condition, folic_acid, hydroxocobalamin, observation

ROOT = Path(__file__).parents[2]
VOCABULARY = Vocabulary(
    CATALOGUE, {"some-source"}, {"serum-b12"}, {"patient-refuses"}, PARAMETER_SETS, ()
)
CARD = """\
id: a-card
version: 1.0.0
title: A card
rank: 1
hooks: [patient-view]
include:
  - {id: anaemic, fact: anaemia, is: true}
  - {id: potassium-low, fact: potassium, below: 3.0 mmol/L}
exclude:
  - {id: treated, fact: b12.status, in: [treated]}
card:
  indicator: info
  summary: "Potassium {potassium}"
  source: some-source
  suggestions:
    - {label: Test, create: [serum-b12]}
tests: []
"""


def card_from(tmp_path, text):
    path = tmp_path / "a-card.yaml"
    path.write_text(text, "utf-8")
    content = load(path, "a-card.yaml")
    return parse_card(content, content.place, VOCABULARY, "default")


def decision(card, **facts):
    return Decisions({card.id: card}, StatedFacts(facts))[card.id]


# --- three-valued logic


def criteria(tmp_path, include, exclude="[]"):
    text = (
        CARD[: CARD.index("include:")]
        + f"include: {include}\nexclude: {exclude}\n"
        + CARD[CARD.index("card:") :]
    )
    return card_from(tmp_path, text)


@pytest.mark.parametrize(
    ("fact", "fires"),
    [(known(True), True), (known(False), False), (unknown("x"), False), (absent(), False)],
)
def test_an_unknown_condition_for_firing_does_not_fire(tmp_path, fact, fires):
    assert (
        decision(criteria(tmp_path, "[{id: c, fact: anaemia, is: true}]"), anaemia=fact).fires
        is fires
    )


@pytest.mark.parametrize(
    ("fact", "fires"), [(known(True), False), (known(False), True), (unknown("x"), True)]
)
def test_an_unknown_exclusion_does_not_exclude(tmp_path, fact, fires):
    card = criteria(
        tmp_path, "[{id: always, fact: leber, unknown: true}]", "[{id: c, fact: anaemia, is: true}]"
    )
    assert decision(card, anaemia=fact).fires is fires


def test_a_criterion_may_fire_when_unknown(tmp_path):
    card = criteria(tmp_path, "[{id: c, fact: anaemia, is: true, when_unknown: fire}]")
    assert decision(card, anaemia=unknown("x")).fires
    assert not decision(card, anaemia=known(False)).fires


@pytest.mark.parametrize(
    ("first", "second", "fires"),
    [
        (True, False, True),
        (False, False, False),
        (None, True, True),
        (None, False, False),
        (None, None, False),
    ],
)
def test_any_of_is_true_when_one_is(tmp_path, first, second, fires):
    def stated(truth):
        return unknown("x") if truth is None else known(truth)

    card = criteria(
        tmp_path, "[{id: c, any_of: [{fact: anaemia, is: true}, {fact: leber, is: true}]}]"
    )
    assert decision(card, anaemia=stated(first), leber=stated(second)).fires is fires


@pytest.mark.parametrize(
    ("operator", "facts"),
    [
        ("absent: true", {"absent": True, "value": False, "unknown": False}),
        ("absent: false", {"absent": False, "value": True, "unknown": False}),
        ("unknown: true", {"absent": False, "value": False, "unknown": True}),
        ("unknown: false", {"absent": True, "value": True, "unknown": False}),
    ],
)
def test_absent_and_unknown_never_merge(tmp_path, operator, facts):
    card = criteria(tmp_path, f"[{{id: c, fact: folate.reason, {operator}}}]")
    states = {"absent": absent(), "value": known("dialysis"), "unknown": unknown("x")}
    assert {
        name: decision(card, **{"folate.reason": state}).fires for name, state in states.items()
    } == facts


def test_a_limit_that_a_comparator_leaves_open_is_unknown(tmp_path):
    card = criteria(tmp_path, "[{id: c, fact: egfr, below: '45 mL/min/{1.73_m2}'}]")
    reduced = facts_of(observation("egfr", 60, "mL/min/{1.73_m2}", comparator="<"))["egfr"]
    assert reduced.value.level == "reduced"
    assert decision(card, egfr=reduced).steps[0].truth is None


def test_the_trace_says_what_stopped_a_card(tmp_path):
    card = card_from(tmp_path, CARD)
    made = decision(card, anaemia=known(False))
    assert not made.fires and made.stopped_by == "anaemic"


# --- mistakes in card files


@pytest.mark.parametrize(
    ("wrong", "right", "line", "said"),
    [
        pytest.param(
            "fact: anaemia,", "fact: anemia,", 7, "Did you mean 'anaemia'?", id="unknown fact"
        ),
        pytest.param("is: true", "iss: true", 7, "no key 'iss'", id="unknown operator"),
        pytest.param(
            "below: 3.0 mmol/L", "below: 3.0 mg/L", 8, "Write it as '1 mmol/L'", id="wrong unit"
        ),
        pytest.param(
            "below: 3.0 mmol/L", "below: 3.0", 8, "Write it as '3.0 mmol/L'", id="no unit"
        ),
        pytest.param(
            "in: [treated]", "in: [treat]", 10, "Did you mean 'treated'?", id="unknown category"
        ),
        pytest.param("is: true", "is: no", 7, "Write true or false", id="no is a text"),
        pytest.param("is: true", "is: 'true'", 7, "Write true or false", id="quoted true"),
        pytest.param("rank: 1", "rank: 1\nrank: 2", 5, "appears twice", id="duplicate key"),
        pytest.param("  indicator: info", "\tindicator: info", 12, "not YAML", id="tab"),
        pytest.param(
            "indicator: info",
            "indicator: urgent",
            12,
            "no indicator 'urgent'",
            id="unknown indicator",
        ),
        pytest.param(
            "{potassium}", "{potasium}", 13, "Did you mean 'potassium'?", id="unknown placeholder"
        ),
        pytest.param(
            "source: some-source",
            "source: some-sauce",
            14,
            "Did you mean 'some-source'?",
            id="unknown evidence",
        ),
        pytest.param(
            "create: [serum-b12]",
            "create: [serum-b21]",
            16,
            "Did you mean 'serum-b12'?",
            id="unknown order",
        ),
        pytest.param(
            "create: [serum-b12]",
            "create: [{fact: anaemia}]",
            16,
            "does not name orders",
            id="a fact that is no order",
        ),
        pytest.param(
            "hooks: [patient-view]",
            "hooks: [patient-veiw]",
            5,
            "Did you mean 'patient-view'?",
            id="unknown hook",
        ),
        pytest.param("title: A card\n", "", 1, "'title' is missing", id="missing key"),
        pytest.param(
            "id: treated",
            "id: anaemic",
            None,
            None,
            id="an exclusion may share a name with a condition",
        ),
        pytest.param(
            "id: potassium-low",
            "id: anaemic",
            8,
            "two criteria are called 'anaemic'",
            id="two criteria of one name",
        ),
        pytest.param("id: a-card", "id: A Card", 1, "is not a card id", id="card id"),
        pytest.param(
            "id: a-card", f"id: {'a' * 65}", 1, "is not a card id", id="card id too long for FHIR"
        ),
        pytest.param(
            "is: true", "within: 90 d", 7, "'within' does not apply to", id="a window on no date"
        ),
        pytest.param(
            "fact: anaemia, is: true", "fact: anaemia", 7, "exactly one operator", id="no operator"
        ),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path, wrong, right, line, said):
    assert wrong in CARD
    text = CARD.replace(wrong, right, 1)
    if line is None:
        assert card_from(tmp_path, text)
        return
    with pytest.raises(AuthoringError) as told:
        card_from(tmp_path, text)
    assert said in str(told.value)
    assert told.value.place.line == line
    assert str(told.value).startswith(f"a-card.yaml:{line}:")


def _cards_folder(tmp_path, **cards):
    for name, text in cards.items():
        (tmp_path / f"{name.replace('_', '-')}.yaml").write_text(text, "utf-8")
    return tmp_path


def _looking_at(name, other):
    looked = f"  - {{id: other, card: {other}, holds: true}}\n"
    return CARD.replace("id: a-card", f"id: {name}").replace("exclude:\n", f"exclude:\n{looked}")


def test_cards_must_not_look_at_each_other_in_a_circle(tmp_path):
    folder = _cards_folder(tmp_path, one=_looking_at("one", "two"), two=_looking_at("two", "one"))
    with pytest.raises(AuthoringError, match="ask about each other"):
        load_cards(folders(folder, ()), VOCABULARY, "default")


def test_a_card_that_is_looked_at_must_exist(tmp_path):
    with pytest.raises(AuthoringError, match="there is no card 'twoo'"):
        load_cards(
            folders(_cards_folder(tmp_path, one=_looking_at("one", "twoo")), ()),
            VOCABULARY,
            "default",
        )


def test_a_file_bears_the_name_of_its_card(tmp_path):
    with pytest.raises(AuthoringError, match=r"Rename the file to a-card\.yaml"):
        load_cards(folders(_cards_folder(tmp_path, other=CARD), ()), VOCABULARY, "default")


# --- the content that ships


@pytest.mark.parametrize("parameter_set", PARAMETER_SETS)
def test_every_parameter_has_a_source_and_a_basis(parameter_set):
    evidence = load_evidence(folders(ROOT / "cards", ()))
    for name, entry in load_parameters(
        folders(ROOT / "cards", ()), parameter_set, evidence
    ).items():
        assert entry.source in evidence, name
        assert entry.value is not None, name


@pytest.mark.parametrize("card", engine().cards.values(), ids=lambda card: card.id)
def test_every_card_names_its_evidence_and_reasons(card):
    assert card.evidence or card.source
    assert card.override_reasons
    assert all(name in CATALOGUE for name in card.facts)


def test_facts_read_only_what_they_declare():
    records = [
        [
            observation("b12", 250, "pg/mL"),
            observation("mma", 900, "nmol/L"),
            observation("hb", 101, "g/L"),
            condition("386033004"),
        ],
        [
            observation("b12", 480, "pg/mL"),
            observation("b12", 110, "pg/mL", ago=50),
            observation("creatinine", 2, "mg/dL"),
            condition("84027009"),
        ],
        [],
    ]
    for record in records:
        facts = facts_of(*record, drafts=[folic_acid(), hydroxocobalamin()])
        for name in CATALOGUE:
            facts[name]
        for name, definition in CATALOGUE.items():
            assert set(facts.reads(name)) <= set(closure([name])), (
                f"{name} reads {set(facts.reads(name)) - set(definition.uses)}"
            )
