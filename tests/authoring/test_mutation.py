"""A card's own tests must notice every small mistake in its criteria; where they do not, the missing test is told."""

import re
import shutil
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from click.testing import CliRunner

from cds_service.authored_yaml.source import load
from cds_service.authoring.card_tests import run_test
from cds_service.authoring.mutation import mutants, mutate, report
from cds_service.cli import main
from cds_service.content import CARDS
from cds_service.engine import PARAMETER_SETS
from cds_service.facts.catalogue import CATALOGUE
from cds_service.facts.kinds import YES_NO
from cds_service.rules.card_file import Vocabulary, parse_card
from tests.support.clinic import engine

VOCABULARY = Vocabulary(CATALOGUE, {"some-source": 1}, {}, {}, PARAMETER_SETS, ())


SOMETHING = "[{id: something, fact: leber, is: true}]"


def card(tmp_path, include="", exclude="[]", tests="[]", name="a-card"):
    number = count(1)
    tests = re.sub(r"\{facts:", lambda _: f"{{name: test {next(number)}, facts:", tests)
    path = tmp_path / f"{name}.yaml"
    path.write_text(
        f"id: {name}\nversion: 1.0.0\ntitle: A card\nrank: 1\nhooks: [order-sign]\ninclude: {include or SOMETHING}\nexclude: {exclude}\n"
        f"card: {{indicator: info, summary: Text, source: some-source}}\ntests: {tests}\n",
        "utf-8",
    )
    content = load(path, f"cards/{name}.yaml")
    parsed = parse_card(content, content.place, VOCABULARY, "default")
    # A file must have a condition; here an exclusion is looked at alone.
    return parsed if include else replace(parsed, include=())


def outcomes(tested, *others):
    """The results for a card beside others, by what was changed in it."""
    cards = {each.id: each for each in (tested, *others)}
    return {result.mutant.change: result for result in mutate(tested, cards, "default")}


def unkilled(tested, *others):
    return {
        change: result.verdict
        for change, result in outcomes(tested, *others).items()
        if result.verdict != "killed"
    }


# --- which mistakes are tried

MISTAKES = [
    ("fact: anaemia, is: true", {"anaemia is true → anaemia is false", "anaemia is true → anaemia is not absent", "anaemia is true → anaemia is true, or unknown"}),
    ("fact: anaemia, is: true, when_unknown: fire",
     {"anaemia is true, or unknown → anaemia is false, or unknown", "anaemia is true, or unknown → anaemia is not absent, or unknown",
      "anaemia is true, or unknown → anaemia is true"}),
    ("fact: potassium.level, in: [low]",
     {"potassium.level in low → potassium.level in nothing", "potassium.level in low → potassium.level in low, normal",
      "potassium.level in low → potassium.level in low, severely-low", "potassium.level in low → potassium.level in low, or unknown"}),
    ("fact: potassium.level, is: low",
     {"potassium.level is low → potassium.level is normal", "potassium.level is low → potassium.level is severely-low",
      "potassium.level is low → potassium.level is not absent", "potassium.level is low → potassium.level is low, or unknown"}),
    ("fact: potassium, below: 3.5 mmol/L",
     {f"potassium below 3.5 mmol/L → potassium {other}"
      for other in ("below 3.4 mmol/L", "below 3.6 mmol/L", "at least 3.5 mmol/L", "more than 3.5 mmol/L", "at most 3.5 mmol/L",
                    "below 3.5 mmol/L, or unknown")}),
    ("fact: b12_therapy.start, within: 28 d",
     {f"b12_therapy.start within 28 days → b12_therapy.start {other}"
      for other in ("within 27 days", "within 29 days", "older than 28 days", "within 28 days, or unknown")}),
    ("fact: folate.reason, absent: true",
     {"folate.reason is absent → folate.reason is not absent", "folate.reason is absent → folate.reason is unknown",
      "folate.reason is absent → folate.reason is absent, or unknown"}),
    ("fact: folate.reason, unknown: true",
     {"folate.reason is unknown → folate.reason is not unknown", "folate.reason is unknown → folate.reason is absent"}),
    ("card: other-card, holds: true", {"card other-card holds → card other-card does not hold"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("criterion", "changes"), MISTAKES, ids=[criterion for criterion, _ in MISTAKES]
)
def test_a_criterion_is_dropped_and_moved_and_changed_in_every_way(tmp_path, criterion, changes):
    including = card(tmp_path, include=f"[{{id: c, {criterion}}}]")
    assert {mutant.change for mutant in mutants(including)} == {
        "dropped",
        "moved to exclude",
        *changes,
    }


# An exclusion that fires where the fact is unknown is refused when it is read.
EXCLUSIONS = [
    (criterion, changes) for criterion, changes in MISTAKES if "when_unknown" not in criterion
]


@pytest.mark.parametrize(
    ("criterion", "changes"), EXCLUSIONS, ids=[criterion for criterion, _ in EXCLUSIONS]
)
def test_an_exclusion_is_dropped_and_moved_and_changed_in_every_way(tmp_path, criterion, changes):
    excluding = card(tmp_path, exclude=f"[{{id: c, {criterion}}}]")
    assert {mutant.change for mutant in mutants(excluding)} == {
        "dropped",
        "moved to include",
        *changes,
    }


def test_each_alternative_is_dropped_and_changed(tmp_path):
    either = "[{id: either, any_of: [{fact: anaemia, is: true}, {fact: leber, is: true}]}]"
    assert {
        (mutant.criterion, mutant.change) for mutant in mutants(card(tmp_path, include=either))
    } == {
        ("either", "dropped"),
        ("either", "moved to exclude"),
        ("either", "alternative dropped: anaemia is true"),
        ("either", "anaemia is true → anaemia is false"),
        ("either", "anaemia is true → anaemia is not absent"),
        ("either", "anaemia is true → anaemia is true, or unknown"),
        ("either", "alternative dropped: leber is true"),
        ("either", "leber is true → leber is false"),
        ("either", "leber is true → leber is not absent"),
        ("either", "leber is true → leber is true, or unknown"),
    }


# --- which tests kill them

BELOW = "[{id: low, fact: potassium, below: 3.5 mmol/L}]"
LOW_AND_HIGH = "{facts: {potassium: 3.0 mmol/L}, fires: true}, {facts: {potassium: 4.0 mmol/L}, silent: low}, {facts: {}, silent: low}"


def test_a_limit_needs_tests_at_the_limit_and_beside_it(tmp_path):
    assert unkilled(card(tmp_path, BELOW, tests=f"[{LOW_AND_HIGH}]")) == {
        "potassium below 3.5 mmol/L → potassium at most 3.5 mmol/L": "survived",
        "potassium below 3.5 mmol/L → potassium below 3.4 mmol/L": "survived",
        "potassium below 3.5 mmol/L → potassium below 3.6 mmol/L": "survived",
    }
    at_the_limit = "{facts: {potassium: 3.4 mmol/L}, fires: true}, {facts: {potassium: 3.5 mmol/L}, silent: low}"
    assert not unkilled(card(tmp_path, BELOW, tests=f"[{LOW_AND_HIGH}, {at_the_limit}]"))


def test_a_number_of_days_needs_tests_on_both_sides(tmp_path):
    criterion = "[{id: recent, fact: b12_therapy.start, within: 28 d}]"
    tests = "{facts: {b12_therapy.start: '2026-10-26'}, fires: true}, {facts: {}, silent: recent}"
    assert unkilled(card(tmp_path, criterion, tests=f"[{tests}]")) == {
        "b12_therapy.start within 28 days → b12_therapy.start within 29 days": "survived"
    }
    day_before = "{facts: {b12_therapy.start: '2026-10-25'}, silent: recent}"
    assert not unkilled(card(tmp_path, criterion, tests=f"[{tests}, {day_before}]"))


def test_a_silence_for_another_reason_does_not_count(tmp_path):
    both = "[{id: anaemic, fact: anaemia, is: true}, {id: leber, fact: leber, is: true}]"
    fires = "{facts: {anaemia: true, leber: true}, fires: true}"
    masked = card(
        tmp_path, both, tests=f"[{fires}, {{facts: {{anaemia: false}}, silent: anaemic}}]"
    )
    assert outcomes(masked)["anaemia is true → anaemia is true, or unknown"].verdict == "survived"
    dropped = [
        result
        for result in mutate(masked, {"a-card": masked}, "default")
        if result.mutant.change == "dropped"
    ]
    assert [(result.mutant.criterion, result.verdict) for result in dropped] == [
        ("anaemic", "survived"),
        ("leber", "survived"),
    ]
    assert (
        dropped[0].remark == "add the test  facts: {anaemia: false, leber: true}, silent: anaemic"
    )


OTHER = (
    "[{id: leber, fact: leber, is: true}, {id: k, fact: potassium.level, in: [low, severely-low]}]"
)
EVERYTHING = """
  - {id: level, fact: b12.status, in: [deficient, indeterminate]}
  - {id: number, fact: draft.b12_interval, at_least: 14 d}
  - {id: result, fact: potassium, at_most: 3.5 mmol/L}
  - {id: quoted, fact: egfr, below: "60 mL/min/{1.73_m2}"}
  - {id: recent, fact: b12_therapy.start, within: 28 d}
  - {id: known, fact: folate.reason, absent: false}
  - {id: order, fact: regimen.start, absent: false}
  - {id: unsaid, fact: draft.b12, is: false, when_unknown: fire}
  - id: either
    any_of:
      - {fact: anaemia, is: true, when_unknown: fire}
      - {fact: macrocytosis, is: true}
"""


def test_the_suggested_tests_pass_and_kill_every_mutant(tmp_path):
    other = card(tmp_path, OTHER, name="other-card")
    exclude = "[{id: other, card: other-card, holds: true}, {id: open, fact: leber, unknown: true}]"
    tests = []
    for _ in range(80):
        tested = card(tmp_path, EVERYTHING, exclude, tests=f"[{', '.join(tests)}]")
        cards = {"other-card": other, "a-card": tested}
        assert not [
            result
            for test in tested.tests
            if (result := run_test(tested, test, cards, "default")).problem
        ]
        survivors = [
            result for result in mutate(tested, cards, "default") if result.verdict == "survived"
        ]
        if not survivors:
            break
        suggested = survivors[0].remark.removeprefix("add the test  ")
        tests.append(f"{{{suggested}}}")
    assert not survivors
    assert tests


# --- mutants that are the same card in other words


def test_an_alternative_that_asks_for_unknown_makes_when_unknown_needless(tmp_path):
    either = "[{id: either, any_of: [{fact: b12.status, in: [deficient]}, {fact: b12.status, unknown: true}]}]"
    found = outcomes(card(tmp_path, either))[
        "b12.status in deficient → b12.status in deficient, or unknown"
    ]
    assert (found.verdict, found.remark) == (
        "equivalent",
        "it decides as the card does in every state of the facts that the card reads",
    )


def test_what_another_criterion_already_decides_is_equivalent_and_says_which(tmp_path):
    tested = card(
        tmp_path,
        "[{id: allergic, fact: allergy.cobalamin, in: [other]}]",
        "[{id: severe, fact: allergy.cobalamin, in: [severe]}, {id: anaemic, fact: anaemia, is: true}]",
    )
    found = outcomes(tested)["allergy.cobalamin in other → allergy.cobalamin in other, severe"]
    assert (found.verdict, found.remark) == (
        "equivalent",
        "wherever it would matter, 'severe' already keeps the card silent",
    )


def test_what_cannot_be_searched_is_never_called_equivalent(tmp_path, monkeypatch):
    monkeypatch.setattr("cds_service.authoring.mutation.MOST_TRIES", 2_000)
    facts = [
        name
        for name, definition in CATALOGUE.items()
        if definition.kind is YES_NO and name != "patient.paediatric"
    ]
    eithers = ", ".join(
        f"{{id: e{n}, any_of: [{{fact: {facts[n]}, is: true}}, {{fact: {facts[n + 1]}, is: true}}]}}"
        for n in range(0, 16, 2)
    )
    first, second = (card(tmp_path, f"[{eithers}]", name=name) for name in ("first", "second"))
    never = "[{id: f, card: first, holds: true}, {id: c, fact: patient.paediatric, is: true}]"
    tested = card(tmp_path, never, "[{id: s, card: second, holds: true}]")
    result = outcomes(tested, first, second)[
        "patient.paediatric is true → patient.paediatric is false"
    ]
    assert result.verdict == "survived"
    assert "too many facts" in result.remark


# --- the cards, and the command


@pytest.mark.parametrize("tested", engine().cards.values(), ids=lambda each: each.id)
def test_every_mistake_in_a_card_fails_one_of_its_tests(tested):
    survivors = [
        result
        for result in mutate(tested, engine().cards, "default")
        if result.verdict == "survived"
    ]
    assert not survivors, "\n".join(report(survivors))


@pytest.fixture
def own_cards(tmp_path, monkeypatch):
    """A copy of the card files that the commands use, to be spoilt."""
    copy = tmp_path / "cards"
    shutil.copytree(CARDS, copy)
    monkeypatch.setattr("cds_service.engine.CARDS", copy)
    return copy


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_the_command_tells_what_was_killed_and_succeeds():
    result = CliRunner().invoke(main, ["test", "--mutate", "b12-paediatric"])
    assert result.exit_code == 0, result.output
    assert "b12-paediatric: default 10/10, uk 10/10, us 10/10" in result.output
    assert "30/30 mutants killed, 0 survived, 0 equivalent" in result.output


def test_the_command_names_each_survivor_with_its_line_and_the_test_to_add_and_fails(own_cards):
    spoil(
        own_cards / "safety" / "b12-paediatric.yaml",
        "  - name: an adult\n    facts: {draft.b12: true, patient.paediatric: false}\n    silent: below-16-years\n",
        "",
    )
    result = CliRunner().invoke(main, ["test", "--mutate", "b12-paediatric"])
    assert result.exit_code == 1
    assert (
        "cards/safety/b12-paediatric.yaml:8:5: b12-paediatric [default, uk, us] below-16-years: "
        "patient.paediatric is true → patient.paediatric is not absent: survived\n"
        "    add the test  facts: {patient.paediatric: false, draft.b12: true}, silent: below-16-years\n"
    ) in result.output
    assert "27/30 mutants killed, 3 survived, 0 equivalent" in result.output


def test_mutants_wait_until_the_tests_pass(own_cards):
    spoil(
        own_cards / "safety" / "b12-paediatric.yaml",
        "{draft.b12: true, patient.paediatric: true}",
        "{draft.b12: true}",
    )
    result = CliRunner().invoke(main, ["test", "--mutate", "b12-paediatric"])
    assert result.exit_code == 1
    assert "expected fires" in result.output
    assert "mutants" not in result.output


def test_a_test_that_cannot_be_read_is_told_with_its_place(own_cards):
    spoil(
        own_cards / "safety" / "b12-paediatric.yaml",
        "silent: below-16-years",
        "silent: below-61-years",
    )
    result = CliRunner().invoke(main, ["test"])
    assert result.exit_code == 1
    assert "b12-paediatric.yaml:" in result.output
    assert "Did you mean 'below-16-years'?" in result.output
