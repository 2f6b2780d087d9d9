"""Mistakes in card files stop the start, with the file, the line, and what was probably meant."""

from pathlib import Path

import pytest

from cds_service.authored_yaml.source import AuthoringError, load
from cds_service.engine import PARAMETER_SETS
from cds_service.facts.catalogue import CATALOGUE
from cds_service.rules.card_file import Vocabulary, parse_card
from cds_service.rules.card_set import folders, load_cards, load_evidence, load_parameters
from tests.support.clinic import engine

VOCABULARY = Vocabulary(
    CATALOGUE,
    {"nice-ng239": 1, "bsh-2014": 1},
    {"serum-b12": 1, "mma": 1},
    {"patient-refuses": 1},
    PARAMETER_SETS,
    ("draft.folate",),
)  # mappings, as the engine passes them
LINES = """\
id: some-card
version: 1.0.0
title: Some card
rank: 7
hooks: [order-select, order-sign]
include:
  - {id: drafted, fact: draft.folate, is: true}
  - {id: low, fact: potassium, below: 3.5 mmol/L}
  - {id: long-ago, fact: b12_therapy.start, older_than: 28 d}
  - id: either
    any_of:
      - {fact: anaemia, is: true, when_unknown: fire}
      - {fact: b12.status, in: [deficient, indeterminate]}
exclude:
  - {id: other, card: other-card, holds: true}
card:
  indicator: warning
  summary: "Potassium {potassium}"
  detail:
    - Always shown.
    - {when: [{id: w, fact: leber, is: true}], text: "With {b12.total}"}
  values: [b12.total, mma]
  source: nice-ng239
  evidence: [bsh-2014]
  override_reasons: [patient-refuses]
  suggestions:
    - label: Add tests
      create: [serum-b12, {fact: regimen.start}]
      recommended: true
tests: []
parameter_sets:
  uk: {card: {indicator: info}}
"""


def parse(tmp_path, text, parameter_set="default"):
    path = tmp_path / "some-card.yaml"
    path.write_text(text, "utf-8")
    content = load(path, "cards/some-card.yaml")
    return parse_card(content, content.place, VOCABULARY, parameter_set)


def test_the_card_is_read(tmp_path):
    card = parse(tmp_path, LINES)
    assert (card.id, card.rank, card.indicator, len(card.include)) == ("some-card", 7, "warning", 4)
    assert parse(tmp_path, LINES, "uk").indicator == "info"


MISTAKES = [
    ("unknown fact", "fact: draft.folate,", "fact: draft.folat,", "Did you mean 'draft.folate'?"),
    ("unknown fact in any_of", "fact: anaemia", "fact: anemia", "Did you mean 'anaemia'?"),
    ("unknown fact in when", "fact: leber", "fact: lebre", "Did you mean 'leber'?"),
    ("unknown fact in values", "values: [b12.total, mma]", "values: [b12.totl, mma]", "Did you mean 'b12.total'?"),
    ("unknown fact in summary", "{potassium}", "{potasium}", "Did you mean 'potassium'?"),
    ("unknown fact in detail", "{b12.total}", "{b12.totall}", "Did you mean 'b12.total'?"),
    ("placeholder with a capital", "{potassium}", "{Potassium}", "potassium"),
    ("unknown operator", "below: 3.5 mmol/L", "beneath: 3.5 mmol/L", "there is no key 'beneath'"),
    ("misspelt operator", "below: 3.5 mmol/L", "belw: 3.5 mmol/L", "Did you mean 'below'?"),
    ("two operators", "below: 3.5 mmol/L", "below: 3.5 mmol/L, at_least: 3.0 mmol/L", "exactly one operator"),
    ("wrong unit", "3.5 mmol/L", "3.5 mg/dL", "1 mmol/L"),
    ("no unit", "3.5 mmol/L", "3.5", "3.5 mmol/L"),
    ("limit on a yes/no fact", "fact: potassium, below", "fact: anaemia, below", "'below' does not apply to 'anaemia', a fact of the kind yes-no. Write 'is: true', for example."),
    ("days without unit", "older_than: 28 d", "older_than: 28", "90 d"),
    ("days on a category", "fact: b12_therapy.start, older_than", "fact: b12.status, older_than", "'older_than' does not apply to 'b12.status', a fact of the kind category."),
    ("unknown category", "[deficient, indeterminate]", "[deficiend, indeterminate]", "Did you mean 'deficient'?"),
    ("no is a text", "fact: draft.folate, is: true", "fact: draft.folate, is: no", "Write true or false"),
    ("yes is a text", "fact: draft.folate, is: true", "fact: draft.folate, is: yes", "Write true or false"),
    ("yes for recommended", "recommended: true", "recommended: yes", "true or false"),
    ("yes for holds", "holds: true", "holds: yes", "true or false"),
    ("when_unknown", "when_unknown: fire", "when_unknown: fires", "'fire'"),
    ("a list within any_of", "- {fact: anaemia, is: true, when_unknown: fire}", "- {id: x, any_of: []}", "any_of"),
    ("duplicate key", "rank: 7", "rank: 7\nrank: 8", "appears twice"),
    ("duplicate criterion", "id: low", "id: drafted", "two criteria"),
    ("unknown key", "title: Some card", "title: Some card\ntitel: x", "Did you mean 'title'?"),
    ("unknown hook", "order-sign]", "order-sing]", "Did you mean 'order-sign'?"),
    ("hook twice", "[order-select, order-sign]", "[order-sign, order-sign]", "appears twice"),
    ("unknown indicator", "indicator: warning", "indicator: waring", "Did you mean 'warning'?"),
    ("unknown template", "create: [serum-b12", "create: [serum-b13", "Did you mean 'serum-b12'?"),
    ("a fact that names no orders", "{fact: regimen.start}", "{fact: anaemia}", "does not name orders"),
    ("unknown source", "source: nice-ng239", "source: nice-ng293", "Did you mean 'nice-ng239'?"),
    ("unknown evidence", "evidence: [bsh-2014]", "evidence: [bhs-2014]", "Did you mean 'bsh-2014'?"),
    ("evidence as a mapping", "evidence: [bsh-2014]", "evidence: [{key: bsh-2014}]", "evidence"),
    ("values as a mapping", "values: [b12.total, mma]", "values: [{fact: b12.total}]", "fact"),
    ("evidence no list", "evidence: [bsh-2014]", "evidence: bsh-2014", "must be a list"),
    ("tests no list", "tests: []", "tests: 1", "list"),
    ("version a number", "version: 1.0.0", "version: 1.0", "1.0 is not a version"),
    ("rank a text", "rank: 7", "rank: first", "must be a number"),
    ("typo in a parameter set", "uk: {card: {indicator: info}}", "uk: {card: {indicatr: info}}", "Did you mean 'indicator'?"),
    ("typo on top of a parameter set", "uk: {card: {indicator: info}}", "uk: {exclud: []}", "Did you mean 'exclude'?"),
    ("unknown parameter set", "uk: {card", "ukk: {card", "Did you mean 'uk'?"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("right", "wrong", "said"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES]
)
def test_a_mistake_is_told_with_its_line_and_how_to_mend_it(tmp_path, right, wrong, said):
    assert LINES.count(right) == 1
    line = LINES[: LINES.index(right)].count("\n") + wrong.count("\n") + 1
    with pytest.raises(AuthoringError) as told:
        for parameter_set in PARAMETER_SETS:
            parse(tmp_path, LINES.replace(right, wrong), parameter_set)
    assert said in str(told.value)
    assert told.value.place[:2] == ("cards/some-card.yaml", line)
    assert str(told.value).startswith(f"cards/some-card.yaml:{line}:")


@pytest.mark.parametrize(
    "key",
    [
        "id",
        "version",
        "title",
        "rank",
        "hooks",
        "include",
        "card",
        "indicator",
        "summary",
        "source",
        "label",
    ],
)
def test_a_missing_key_is_named(tmp_path, key):
    lines = LINES.splitlines(keepends=True)
    (at,) = [
        number
        for number, line in enumerate(lines)
        if line.lstrip(" -").startswith(f"{key}:")
        and (line[0] != " " or key in ("indicator", "summary", "source", "label"))
    ]
    end = at + 1
    depth = len(lines[at]) - len(lines[at].lstrip())
    while (
        key != "label" and end < len(lines) and len(lines[end]) - len(lines[end].lstrip()) > depth
    ):
        end += 1
    if key == "label":
        lines[at : at + 2] = ["    - " + lines[at + 1].lstrip()]
    else:
        del lines[at:end]
    with pytest.raises(
        AuthoringError, match=rf"cards/some-card\.yaml:\d+:\d+: the key '{key}' is missing"
    ):
        parse(tmp_path, "".join(lines))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("id: a\n\tversion: 1\n", 2, id="tab"),
        pytest.param("id: a\nsummary: Potassium: low\n", 2, id="colon in a text"),
        pytest.param("id: [a\nversion: 1\n", 1, id="bracket not closed"),
        pytest.param("id: 'a\n", 1, id="quote not closed"),
        pytest.param("id: a\n---\nid: b\n", 2, id="two documents"),
        pytest.param("? [a]\n: b\n", 1, id="a list as a key"),
        pytest.param("id: *nowhere\n", 1, id="an alias of nothing"),
        pytest.param("id: &a [*a]\n", 1, id="an alias of itself"),
        pytest.param("id: \x00\n", 1, id="a control character"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line(tmp_path, text, line):
    path = tmp_path / "x.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(AuthoringError) as told:
        load(path, "cards/x.yaml")
    assert told.value.place.file == "cards/x.yaml" and told.value.place.line == line


@pytest.mark.parametrize("content", [b"\xff\xfe", b"id: caf\xe9\n"])
def test_a_file_that_is_not_utf_8(tmp_path, content):
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    with pytest.raises(AuthoringError, match="UTF-8"):
        load(path, "cards/x.yaml")


@pytest.mark.parametrize("text", ["", "- a\n", "just a text\n"])
def test_a_file_that_is_no_mapping(tmp_path, text):
    (tmp_path / "x.yaml").write_text(text, "utf-8")
    with pytest.raises(AuthoringError, match=r"x\.yaml:1:1: a mapping"):
        load_cards(folders(tmp_path, ()), VOCABULARY, "default")


@pytest.mark.parametrize(
    "word", ["no", "yes", "on", "off", "No", "TRUE", "2026-11-23", "1_000", "0x10", "12:30"]
)
def test_only_true_and_false_are_truths_and_dates_stay_texts(tmp_path, word):
    path = tmp_path / "x.yaml"
    path.write_text(f"a: {word}\n", "utf-8")
    assert load(path)["a"] == word


def folder(tmp_path, **looks_at):
    for name, other in looks_at.items():
        text = LINES.replace("id: some-card", f"id: {name}")
        text = (
            text.replace("card: other-card", f"card: {other}")
            if other
            else text.replace("  - {id: other, card: other-card, holds: true}\n", "  []\n")
        )
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "circle",
    [{"a": "a"}, {"a": "b", "b": "a"}, {"a": "b", "b": "c", "c": "a"}],
    ids=["itself", "two", "three"],
)
def test_cards_must_not_look_at_each_other_in_a_circle(tmp_path, circle):
    with pytest.raises(AuthoringError, match=r"\w\.yaml:15:\d+: .*ask about each other"):
        load_cards(folders(folder(tmp_path, **circle), ()), VOCABULARY, "default")


def test_cards_may_look_at_one_another_in_a_chain(tmp_path):
    assert set(
        load_cards(folders(folder(tmp_path, a="b", b="c", c=""), ()), VOCABULARY, "default")
    ) == {"a", "b", "c"}


def test_a_card_that_is_looked_at_must_exist(tmp_path):
    with pytest.raises(
        AuthoringError,
        match=r"a\.yaml:15:\d+: there is no card 'bb'. Did you mean 'b'\?|there is no card 'bb'",
    ):
        load_cards(folders(folder(tmp_path, a="bb", b=""), ()), VOCABULARY, "default")


@pytest.mark.parametrize("place", ["detail", "suggestion"])
def test_a_card_that_a_text_or_suggestion_looks_at_must_exist_too(tmp_path, place):
    folder(tmp_path, a="")
    wrong = "{id: w, card: nowhere, holds: true}"
    old = "{id: w, fact: leber, is: true}" if place == "detail" else "recommended: true"
    text = (
        (tmp_path / "a.yaml")
        .read_text("utf-8")
        .replace(old, wrong if place == "detail" else f"when: [{wrong}]")
    )
    (tmp_path / "a.yaml").write_text(text, "utf-8")
    with pytest.raises(AuthoringError, match="there is no card 'nowhere'"):
        load_cards(folders(tmp_path, ()), VOCABULARY, "default")


def test_a_limit_on_a_result_of_two_unit_families_is_refused_or_says_both(tmp_path):
    # b12.total comes in ng/L or pmol/L: a limit in one of them would judge results of the other wrongly.
    with pytest.raises(AuthoringError, match=r"some-card\.yaml:8:"):
        parse(
            tmp_path,
            LINES.replace("fact: potassium, below: 3.5 mmol/L", "fact: b12.total, below: 180 ng/L"),
        )


EVIDENCE = "guide: {title: A guide, url: 'https://example.org', date: 2026-11-23, strength: guideline, supports: it}\n"


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("strength: guideline", "strength: guidelin", "Did you mean 'guideline'?"),
        ("date: 2026-11-23", "date: 23.11.2026", "is not a date"),
        ("title: A guide, ", "", "'title' is missing"),
        ("supports: it", "supprts: it", "Did you mean 'supports'?"),
    ],
)
def test_mistakes_in_the_evidence_file(tmp_path, right, wrong, said):
    (tmp_path / "evidence.yaml").write_text(EVIDENCE.replace(right, wrong), "utf-8")
    with pytest.raises(AuthoringError) as told:
        load_evidence(folders(tmp_path, ()))
    assert said in str(told.value) and told.value.place.line == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "mma.high_abov: {value: 1, source: guide, basis: guideline}",
            "Did you mean 'mma.high_above'?",
        ),
        ("mma.high_above: {value: 1, source: gide, basis: guideline}", "Did you mean 'guide'?"),
        (
            "mma.high_above: {value: 1, source: guide, basis: guidelines}",
            "Did you mean 'guideline'?",
        ),
        ("mma.high_above: {value: 1, source: guide}", "'basis' is missing"),
        ("mma.high_above: 1", "a mapping (key: value) is expected"),
    ],
)
def test_mistakes_in_a_parameter_file(tmp_path, line, said):
    (tmp_path / "parameters").mkdir()
    (tmp_path / "parameters" / "default.yaml").write_text(
        "mma.high_above: {value: 400, source: guide, basis: review}\n", "utf-8"
    )
    (tmp_path / "parameters" / "uk.yaml").write_text(f"# changes\n{line}\n", "utf-8")
    with pytest.raises(AuthoringError) as told:
        load_parameters(folders(tmp_path, ()), "uk", {"guide": 1})
    assert said in str(told.value) and (
        Path(told.value.place.file).name,
        told.value.place.line,
    ) == ("uk.yaml", 2)


@pytest.mark.parametrize("parameters", PARAMETER_SETS)
def test_the_cards_that_ship_load_in_every_parameter_set(parameters):
    only_by_default = {"homocysteine-above-target"}  # clinical specification, section 8
    assert set(engine(parameters).cards) == set(engine().cards) - (
        only_by_default if parameters != "default" else set()
    )
