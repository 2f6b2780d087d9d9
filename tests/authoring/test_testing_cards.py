"""What an author of cards is told by ``test`` and ``coverage``: what failed and how it was decided, and what no test saw."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from cds_service.authored_yaml.source import AuthoringError, Place, load
from cds_service.authoring.card_tests import run_card
from cds_service.authoring.coverage import Covered, CoveredCard, Seen, covered_cards, percent, seen
from cds_service.authoring.coverage_report import as_html, as_text
from cds_service.cli import main
from cds_service.config import Settings
from cds_service.engine import PARAMETER_SETS
from cds_service.facts.catalogue import CATALOGUE
from cds_service.rules.card_file import Vocabulary, parse_card

CARD = """\
id: our-card
version: 1.0.0
title: Our card
rank: 900
hooks: [patient-view]
include:
  - {id: deficient, fact: b12.status, in: [deficient]}
  - id: either
    any_of:
      - {fact: anaemia, is: true, when_unknown: fire}
      - {fact: potassium, below: 3.5 mmol/L}
exclude:
  - {id: theirs, card: their-card, holds: true}
  - {id: below-16-years, fact: patient.paediatric, is: true}
card:
  indicator: info
  summary: "Something to say"
  detail:
    - when: [{fact: leber, is: true}]
      text: "Leber's."
  source: nice-ng239
tests:
TESTS
"""
THEIRS = """\
id: their-card
version: 1.0.0
title: Their card
rank: 901
hooks: [patient-view]
include:
  - {id: mma-high, fact: mma.level, in: [high]}
card: {indicator: info, summary: "Theirs", source: nice-ng239}
"""
VOCABULARY = Vocabulary(CATALOGUE, {"nice-ng239": 1}, {}, {}, PARAMETER_SETS, ())


@pytest.fixture
def cards(tmp_path):
    """Makes the two cards with the given tests (lines of YAML) in ours."""

    def made(*tests: str):
        found = {}
        for name, text in (
            ("our-card", CARD.replace("TESTS", "\n".join(f"  - {test}" for test in tests))),
            ("their-card", THEIRS),
        ):
            (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
            content = load(tmp_path / f"{name}.yaml", f"{name}.yaml")
            found[name] = parse_card(content, content.place, VOCABULARY, "default")
        return found

    return made


def result(cards, *tests):
    made = cards(*tests)
    (found,) = run_card(made["our-card"], made, "default")
    return found


# --- the trace of a failing test


def test_a_test_that_passes_has_no_trace(cards):
    found = result(cards, "{name: fires, facts: {b12.status: deficient}, fires: true}")
    assert (found.problem, found.trace, found.unreadable) == ("", (), False)


def test_a_failing_test_shows_each_criterion_its_truth_what_it_had_to_go_by_and_what_stopped_it(
    cards,
):
    found = result(
        cards,
        "{name: fires, facts: {b12.status: sufficient, potassium: 4.0 mmol/L, mma.level: high}, fires: true}",
    )
    assert found.problem == "expected fires, got silent (stopped by deficient)"
    assert found.place == ("our-card.yaml", 23, 5)
    assert found.trace == (
        "> false   when   deficient: b12.status in deficient [b12.status: sufficient]   <-- stops it (line 7)",
        "  true    when   either: anaemia is true, or unknown; or potassium below 3.5 mmol/L [anaemia not stated, potassium: 4.0 mmol/L]",
        "> true    unless theirs: card their-card holds [it fires]",
        "  unknown unless below-16-years: patient.paediatric is true [patient.paediatric not stated]",
    )


def test_the_criterion_that_the_test_wants_to_stop_the_card_is_marked(cards):
    found = result(
        cards,
        "{name: a child, facts: {b12.status: deficient, patient.paediatric: false}, silent: below-16-years}",
    )
    assert found.problem == "expected silent (stopped by below-16-years), got fires"
    assert found.trace[2:] == (
        "  false   unless theirs: card their-card holds [it is silent, stopped by mma-high]",
        "  false   unless below-16-years: patient.paediatric is true [patient.paediatric: false]   <-- should stop it, according to the test (line 14)",
    )


# --- tests that cannot be read

UNREADABLE = [
    ("{name: x, facts: {b12.stauts: deficient}, fires: true}", 23, 23, "there is no fact 'b12.stauts'. Did you mean 'b12.status'?"),
    ("{name: x, facts: {b12.status: deficent}, fires: true}", 23, 23, "'deficent' is not a value of 'b12.status', a fact of the kind category. Did you mean 'deficient'?"),
    ("{name: x, facts: {anaemia: maybe}, fires: true}", 23, 23, "'maybe' is not a value of 'anaemia', a fact of the kind yes-no. Write it as true or false, or as absent or unknown."),
    ("{name: x, facts: {potassium: 3.5}, fires: true}", 23, 23, "3.5 is not a value of 'potassium', a fact of the kind result. Write it as '1 mmol/L' or '<1 mmol/L', or as absent or unknown."),
    ("{name: x, facts: {b12_therapy.days: 12 weeks}, fires: true}", 23, 23, "'12 weeks' is not a value of 'b12_therapy.days', a fact of the kind number. Write it as '1 d', or as absent or unknown."),
    ("{name: x, facts: {b12_therapy.start: yesterday}, fires: true}", 23, 23, "'yesterday' is not a value of 'b12_therapy.start', a fact of the kind date. Write it as 2026-11-23, or as absent or unknown."),
    ("{name: x, facts: {}, silent: either-of}", 23, 26, "the card has no criterion 'either-of'. Did you mean 'either'?"),
    ("{name: x, facts: {}}", 23, 5, "the test does not say what it expects. Write 'fires: true' or 'silent: <criterion>'."),
    ("{name: x, facts: {}, fires: false}", 23, 26, "'fires' can only be true. If the card is silent, write 'silent: <criterion>'."),
    ("{name: x, fakts: {}, fires: true}", 23, 15, "there is no key 'fakts' here. Did you mean 'facts'?"),
    ("{name: x, facts: [], fires: true}", 23, 15, "'facts' must be a mapping. Write {fact: value}, or {} for none."),
    ("{name: x, parameter_sets: uk, facts: {}, fires: true}", 23, 15, "'parameter_sets' must be a list. Write [uk], or a line '- …' for each entry."),
    ("{name: x, parameter_sets: [usa], facts: {}, fires: true}", 23, 32, "there is no parameter set 'usa'. Did you mean 'us'?"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("test", "line", "column", "told"), UNREADABLE, ids=[told for *_, told in UNREADABLE]
)
def test_what_cannot_be_read_is_told_with_its_place_and_how_to_mend_it(
    cards, test, line, column, told
):
    found = result(cards, test)
    assert (found.place, found.problem, found.unreadable) == (
        ("our-card.yaml", line, column),
        told,
        True,
    )


def test_a_test_that_cannot_be_read_does_not_hide_the_others(cards):
    made = cards(
        "{name: one, facts: {b12.stauts: x}, fires: true}",
        "{name: two, facts: {}, fires: true}",
        "{name: three, facts: {b12.status: deficient}, fires: true}",
    )
    found = list(run_card(made["our-card"], made, "default"))
    assert [(one.name, one.unreadable, bool(one.problem)) for one in found] == [
        ("one", True, True),
        ("two", False, True),
        ("three", False, False),
    ]


def test_a_test_that_is_no_mapping_stops_the_card(cards):
    with pytest.raises(
        AuthoringError,
        match=r"our-card\.yaml:23:5: a test must be a mapping\. Give it 'name', 'facts'",
    ):
        cards("just words")


# --- the commands


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site's folder with a card of which one test passes, one fails, and one cannot be read."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "site.yaml").write_text("owner: us\n", "utf-8")
    tests = (
        "{name: deficient, facts: {b12.status: deficient, leber: true}, fires: true}",
        "{name: <b>sufficient</b>, facts: {b12.status: sufficient}, fires: true}",
        "{name: misspelt, facts: {b12.stauts: sufficient}, fires: true}",
    )
    (folder / "our-card.yaml").write_text(
        CARD.replace("TESTS", "\n".join(f"  - {test}" for test in tests)).replace(
            "their-card", "therapy-lapsed"
        ),
        "utf-8",
    )
    return folder


def run(*arguments: object):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_the_tests_of_a_folder_are_told_once_for_the_sets_that_fail_alike_and_written_for_a_build_server(
    site, tmp_path
):
    told = run("test", "our-card", "--cards", site, "--junit", tmp_path / "tests.xml")
    assert told.exit_code == 1
    assert (
        f"{site.as_posix()}/our-card.yaml:24:5: our-card [default, uk, us] <b>sufficient</b>: expected fires, got silent (stopped by deficient)\n    > false   when   deficient"
        in told.output
    )
    assert (
        f"{site.as_posix()}/our-card.yaml:25:30: our-card [default, uk, us] misspelt: there is no fact 'b12.stauts'. Did you mean 'b12.status'?"
        in told.output
    )
    assert told.output.endswith("3 passed, 6 failed, 3 unreadable\n")
    root = ElementTree.parse(tmp_path / "tests.xml").getroot()
    assert [suite.attrib["name"] for suite in root] == ["default", "uk", "us"]
    assert [
        (suite.attrib["tests"], suite.attrib["failures"], suite.attrib["errors"]) for suite in root
    ] == [("4", "2", "1")] * 3
    passed, failed, unreadable, _ = root[0]
    assert (failed.attrib["classname"], failed.attrib["name"]) == ("our-card", "<b>sufficient</b>")
    assert "b12.status in deficient [b12.status: sufficient]   <-- stops it (line 7)" in str(
        failed.findtext("failure")
    )
    assert passed.find("failure") is None and passed.find("error") is None
    assert "there is no fact 'b12.stauts'" in unreadable.find("error").attrib["message"]


@pytest.mark.parametrize("command", ["test", "coverage"])
def test_a_card_that_is_not_there(command):
    told = run(command, "b12-deficiency-nuero")
    assert told.exit_code == 1
    assert (
        told.output
        == "Error: No parameter set has an active card or a draft 'b12-deficiency-nuero'. Did you mean 'b12-deficiency-neuro'?\n"
    )


def test_a_card_without_tests_does_not_pass(tmp_path):
    (tmp_path / "site.yaml").write_text("owner: us\n", "utf-8")
    (tmp_path / "their-card.yaml").write_text(THEIRS, "utf-8")
    told = run("test", "their-card", "--cards", tmp_path)
    assert told.exit_code == 1
    assert (
        "their-card [default, uk, us] all tests: their-card has no test that expects it to fire. Add one under tests."
        in told.output
    )


def test_a_file_that_cannot_be_written_is_an_error_not_a_trace(tmp_path):
    told = run("test", "b12-bleeding-risk", "--junit", tmp_path / "missing" / "tests.xml")
    assert told.exit_code == 1 and told.output.endswith("tests.xml: No such file or directory\n")


# --- coverage


def covered(cards, *tests):
    """Criterion and part, with how often it held, did not hold, and was not known."""
    made = cards(*tests)
    return {
        (one.part, one.criterion): (one.held, one.did_not_hold, one.unknown)
        for one in seen(made["our-card"], made, "default")
    }


def test_every_criterion_and_part_and_when_is_counted(cards):
    assert covered(
        cards,
        "{name: a, facts: {b12.status: deficient, potassium: 3.0 mmol/L, leber: true}, fires: true}",
        "{name: b, facts: {b12.status: deficient, mma.level: high, leber: false, patient.paediatric: false}, silent: theirs}",
        "{name: c, facts: {b12.status: sufficient, anaemia: false, leber: true, patient.paediatric: true}, silent: deficient}",
    ) == {
        ("include", "deficient"): (2, 1, 0),
        ("include", "either"): (2, 0, 1),
        ("include: part", "anaemia-is"): (2, 1, 0),
        ("include: part", "potassium-below"): (1, 0, 2),
        ("exclude", "theirs"): (1, 2, 0),
        ("exclude", "below-16-years"): (1, 1, 1),
        ("when of a paragraph", "leber-is"): (1, 0, 0),  # only the first test makes the card speak
    }


def test_a_criterion_about_a_card_that_is_off_is_not_asked_of_any_test(cards):
    made = cards("{name: a, facts: {}, silent: deficient}")
    alone = {"our-card": made["our-card"]}
    assert {one.criterion: one.decidable for one in seen(made["our-card"], alone, "default")}[
        "theirs"
    ] is False


def test_what_is_one_sided_is_listed_by_place_and_fails_under_the_share_asked_for(site, tmp_path):
    folder = tmp_path / "local"
    folder.mkdir()
    for path in site.iterdir():
        text = "".join(
            line
            for line in path.read_text("utf-8").splitlines(keepends=True)
            if "stauts" not in line
        )
        (folder / path.name).write_text(text, "utf-8")
    told = run(
        "coverage",
        "our-card",
        "--cards",
        folder,
        "--fail-under",
        "50",
        "--html",
        tmp_path / "page.html",
    )
    place = f"{folder.as_posix()}/our-card.yaml"
    assert told.output.splitlines() == [
        "our-card: 1 of 7",
        f"  {place}:8:5: include either (anaemia is true, or unknown; or potassium below 3.5 mmol/L): always seen to hold [default, uk, us]",
        f"  {place}:10:9: include: part anaemia-is (anaemia is true, or unknown): always seen to hold [default, uk, us]",
        f"  {place}:11:9: include: part potassium-below (potassium below 3.5 mmol/L): never seen to hold [default, uk, us]",
        f"  {place}:13:5: exclude theirs (card therapy-lapsed holds): never seen to hold [default, uk, us]",
        f"  {place}:14:5: exclude below-16-years (patient.paediatric is true): never seen to hold [default, uk, us]",
        f"  {place}:19:14: when of a paragraph leber-is (leber is true): always seen to hold [default, uk, us]",
        "1 of 7 criteria seen to decide both ways (14.3 %)",
        "Error: 14.3 % is below 50 %.",
    ]
    assert told.exit_code == 1
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "<strong>1 of 7 criteria (14.3 %)</strong>" in page and f"{place}:14:5" in page
    assert not re.search(r"<script|<link|https?://|url\(", page)


def test_the_share_as_json_and_exactly_what_is_asked_for_is_enough(site):
    told = run("coverage", "b12-bleeding-risk", "--json", "--fail-under", "100")
    assert told.exit_code == 0
    found = json.loads(told.output)
    assert found["percent"] == 100.0
    (card,) = found["cards"]
    assert (card["id"], card["both"]) == ("b12-bleeding-risk", card["of"])
    first = card["criteria"][0]
    assert Path(first["file"]).name == "b12-bleeding-risk.yaml" and first["both"] is True
    assert set(first["parameter_sets"]) == {"default", "uk", "us"}


def test_tests_that_cannot_be_read_are_told_by_coverage_too(site):
    told = run("coverage", "our-card", "--cards", site)
    assert (told.exit_code, told.output) == (
        1,
        f"Error: {site.as_posix()}/our-card.yaml:25:30: there is no fact 'b12.stauts'. Did you mean 'b12.status'?\n",
    )


def test_the_tests_of_the_built_in_cards_see_every_criterion_both_ways():
    assert [
        line
        for line in as_text(covered_cards((), Settings())).splitlines()
        if line.startswith("  ")
    ] == []


def test_no_cards_are_covered_in_full():
    assert percent([]) == 100


def test_the_page_takes_no_markup_from_a_card():
    place = Place("<i>.yaml", 1, 1)
    one = Seen("a", "include", "<script>", "<b>", place, 0, 1, 0, True)
    page = as_html(
        [CoveredCard("a", place, (Covered("include", "<script>", "<b>", place, {"default": one}),))]
    )
    assert (
        "<script>" not in page
        and "<b>" not in page.replace("<b>a</b>", "")
        and "&lt;script&gt;" in page
    )
