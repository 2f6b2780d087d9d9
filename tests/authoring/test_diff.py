"""``diff``: what it says of small sets of cards that differ in one thing each."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from cds_service.cli import main
from cds_service.config import Settings
from cds_service.content import CARDS
from cds_service.engine import Engine
from cds_service.facts.catalogue import readers

VERSION = "  its version is still 1.0.0: raise it, so that reports distinguish them"
POTASSIUM = """\
id: low-potassium
version: 1.0.0
title: Low potassium
rank: 1
hooks: [order-select, order-sign]
include:
  - {id: injection-drafted, fact: draft.b12_parenteral, is: true}
  - {id: potassium-severely-low, fact: potassium.level, in: [severely-low]}
exclude:
  - {id: b12-treatment-active, fact: b12_therapy.active, is: true}
card:
  indicator: critical
  summary: "Potassium {potassium} before B12"
  detail:
    - "Correct it first."
    - when: [{fact: patient.paediatric, is: true}]
      text: "Ask a paediatric specialist."
  source: fda-hydroxocobalamin-label
  suggestions:
    - label: "Repeat potassium"
      create: [potassium-now]
tests: []
"""
OTHER = """\
id: other-card
version: 1.0.0
title: Another
rank: 2
hooks: [order-select, order-sign]
include:
  - {id: injection-drafted, fact: draft.b12_parenteral, is: true}
exclude:
  - {id: shown-low-potassium, card: low-potassium, holds: true}
card: {indicator: info, summary: "Something", source: nice-ng239}
"""
ORAL = """\
id: oral-dose
version: 1.0.0
title: Oral dose
rank: 3
hooks: [order-sign]
include:
  - {id: low-dose, fact: draft.b12_oral_daily, below: 1000 ug/d}
card: {indicator: info, summary: "A low dose", source: nice-ng239}
"""
OPENING = """\
id: long-treated
version: 1.0.0
title: Long treated
rank: 4
hooks: [patient-view]
include:
  - {id: long, fact: b12_therapy.days, at_least: 90 d}
card: {indicator: info, summary: "Treated for long", source: nice-ng239}
"""
PREGNANT = """\
id: pregnant
version: 1.0.0
title: Pregnant
rank: 5
hooks: [patient-view]
include:
  - {id: pregnant, fact: patient.pregnant, is: true}
card: {indicator: info, summary: "Pregnant", source: nice-ng239}
"""


def cards(root: Path, *texts: str, parameters: tuple[str, str] = ("", "")) -> Path:
    """A whole set with the built-in limits and sources, and the cards of ``texts``."""
    shutil.copytree(CARDS / "parameters", root / "parameters")
    shutil.copy(CARDS / "evidence.yaml", root)
    default = root / "parameters" / "default.yaml"
    before = default.read_text("utf-8")
    assert parameters[0] in before
    default.write_text(before.replace(*parameters), "utf-8")
    for text in texts:
        name = text.partition("\n")[0].removeprefix("id: ")
        (root / f"{name}.yaml").write_text(text, "utf-8")
    return root


def run(old: Path | str, new: Path | str, *options: str):
    return CliRunner().invoke(main, ["diff", str(old), str(new), *options])


def told(
    tmp_path: Path,
    old: tuple[str, ...],
    new: tuple[str, ...],
    parameters: tuple[str, str] = ("", ""),
) -> list[str]:
    """The lines for two sets with these cards, of which the second has a limit changed."""
    answer = run(
        cards(tmp_path / "old", *old), cards(tmp_path / "new", *new, parameters=parameters)
    )
    assert answer.exit_code == 0, answer.output
    return answer.output.splitlines()


def changed(text: str, before: str, after: str) -> str:
    assert before in text
    return text.replace(before, after, 1)


def test_an_unchanged_set(tmp_path):
    assert told(tmp_path, (POTASSIUM, OTHER), (POTASSIUM, OTHER)) == ["No difference."]


def test_a_change_of_layout_is_no_difference(tmp_path):
    moved = changed(POTASSIUM, "rank: 1\n", "# a comment\nrank:   1\n\n")
    assert told(tmp_path, (POTASSIUM,), (moved,)) == ["No difference."]


def test_a_change_of_words_alone_changes_for_no_patient(tmp_path):
    worded = changed(
        changed(POTASSIUM, "Correct it first.", "Correct potassium first."),
        "before B12",
        "before an injection",
    )
    worded = changed(
        changed(worded, "Repeat potassium", "Potassium again"), "version: 1.0.0", "version: 1.0.1"
    )
    assert told(tmp_path, (POTASSIUM, OTHER), (worded, OTHER)) == [
        "low-potassium",
        "  version: 1.0.0 → 1.0.1",
        "  summary: “Potassium {potassium} before B12” → “Potassium {potassium} before an injection”",
        "  paragraph: “Correct it first.” → “Correct potassium first.”",
        "  suggestion: “Repeat potassium” → “Potassium again”",
        "",
        "1 card written differently; 0 cards with a difference for some patient.",
    ]


def test_a_flipped_operand_and_the_card_that_looks_at_the_changed_one(tmp_path):
    flipped = changed(
        POTASSIUM, "fact: b12_therapy.active, is: true", "fact: b12_therapy.active, is: false"
    )
    ordering = "when an order is chosen or signed"
    treated = "patient; ordered: hydroxocobalamin on alternate days; potassium 2.7 mmol/L; B12 treatment under way"
    untreated = "patient; ordered: hydroxocobalamin on alternate days; potassium 2.7 mmol/L; no B12 treatment under way"
    lines = told(tmp_path, (POTASSIUM, OTHER), (flipped, OTHER))
    assert lines == [
        "low-potassium",
        VERSION,
        "  silent when: B12 treatment under way → no B12 treatment under way [b12-treatment-active]",
        f"  in 2 states it fires where it was silent, {ordering}",
        f"      example: {treated}",
        f"  in 2 states it is silent where it fired, {ordering}",
        f"      example: {untreated}",
        "",
        "other-card",
        f"  in 2 states it fires where it was silent, {ordering}",
        f"      example: {untreated}",
        f"  in 2 states it is silent where it fired, {ordering}",
        f"      example: {treated}",
        "",
        "1 card written differently; 2 cards with a difference for some patient.",
    ]


def test_a_limit_that_moved_is_shown_by_a_patient_between_the_limits(tmp_path):
    lines = told(tmp_path, (POTASSIUM, ORAL), (POTASSIUM, ORAL), ("{mmol/L: 3.0}", "{mmol/L: 2.5}"))
    assert lines[:6] == [
        "Limits and sources",
        "  potassium.severe_below: 3.0 mmol/L → 2.5 mmol/L",
        "",
        "low-potassium",
        "  in 4 states it is silent where it fired, when an order is chosen or signed",
        "      example: patient; ordered: hydroxocobalamin on alternate days; potassium 2.75 mmol/L, 3 days ago; "
        "no B12 treatment under way",
    ]
    assert lines[6:] == [
        "      potassium level: severely low → low",
        "",
        "0 cards written differently; 1 card with a difference for some patient.",
    ]


def test_a_b12_limit_that_moved_changes_the_status_of_the_patient_between(tmp_path):
    card = (CARDS / "deficiency/b12-folate-deficiency.yaml").read_text("utf-8")
    lines = told(
        tmp_path, (card,), (card,), ("{ng/L: 180, pmol/L: 133}", "{ng/L: 200, pmol/L: 148}")
    )
    assert lines[1] == "  b12.total.deficient_below: 180 ng/L, 133 pmol/L → 200 ng/L, 148 pmol/L"
    assert (
        lines[3] == "b12-folate-deficiency"
        and "it fires where it was silent, when the chart is opened or at discharge" in lines[4]
    )
    assert lines[5].startswith(
        "      example: patient of 30 years; total vitamin B12 190 ng/L, 3 days ago; red-cell folate 272 nmol/L;"
    )
    assert lines[6] == "      vitamin B12 status from the results: indeterminate → deficient"


@pytest.mark.parametrize(
    ("text", "before", "after", "example"),
    [
        (
            ORAL,
            "below: 1000 ug/d",
            "below: 800 ug/d",
            "patient; ordered: cyanocobalamin 900 micrograms a day by mouth",
        ),
        (
            OPENING,
            "at_least: 90 d",
            "at_least: 95 d",
            "patient; B12 treatment under way; start of B12 treatment 90 days ago",
        ),
    ],
)
def test_another_number_in_a_criterion_is_shown_by_a_patient_between_the_two(
    tmp_path, text, before, after, example
):
    lines = told(tmp_path, (text,), (changed(text, before, after),))
    assert [line for line in lines if "fires where it was silent" in line] == []
    assert f"      example: {example}" in lines


def test_so_is_one_of_a_fact_that_takes_its_number_from_another(tmp_path):
    homocysteine = changed(
        OPENING,
        "fact: b12_therapy.days, at_least: 90 d",
        "fact: homocysteine.on_treatment, at_least: 16 umol/L",
    )
    answer = told(tmp_path, (homocysteine,), (changed(homocysteine, "16 umol/L", "18 umol/L"),))
    (example,) = (line for line in answer if "example:" in line)
    assert "homocysteine on treatment 16 umol/L" in example


def test_when_unknown_is_told_with_a_patient_of_whom_it_is_not_known(tmp_path):
    asking = changed(POTASSIUM, "in: [severely-low]", "in: [severely-low], when_unknown: fire")
    lines = told(tmp_path, (POTASSIUM,), (asking,))
    assert (
        "  fires when: potassium level: severely low → potassium level: severely low or not known [potassium-severely-low]"
        in lines
    )
    assert (
        "      example: patient; ordered: hydroxocobalamin on alternate days; no B12 treatment under way; not known: potassium"
        in lines
    )
    assert not [line for line in lines if "silent where it fired" in line]


def test_what_is_said_and_suggested_to_some_patients_only(tmp_path):
    adults = changed(
        POTASSIUM,
        "when: [{fact: patient.paediatric, is: true}]",
        "when: [{fact: patient.paediatric, is: false}]",
    )
    lines = told(tmp_path, (POTASSIUM,), (adults,))
    assert (
        "  paragraph “Ask a paediatric specialist.” shown when paediatric age → when no paediatric age"
        in lines
    )
    assert [line.partition(" it ")[2] for line in lines if " states it " in line] == [
        "says otherwise, when an order is chosen or signed"
    ]
    again = run(
        tmp_path / "old",
        cards(
            tmp_path / "third",
            changed(POTASSIUM, "[potassium-now]", "[potassium-now, potassium-24h]"),
        ),
    )
    assert (
        "suggestion “Repeat potassium”: orders potassium-now → orders potassium-now and potassium-24h"
        in again.output
    )
    assert "it suggests otherwise" in again.output and "it fires" not in again.output
    # Below the age of 16 nothing is ordered, so that nothing changes for a child.
    assert "example: patient of 30 years; ordered:" in again.output


def test_cards_added_removed_and_turned_off_in_one_set(tmp_path):
    off = changed(POTASSIUM, "card:\n", "parameter_sets:\n  uk: {status: retired}\ncard:\n")
    lines = told(tmp_path, (POTASSIUM, ORAL), (off, OPENING))
    assert "  removed or turned off: Oral dose" in lines
    assert "  removed or turned off: Low potassium (uk only)" in lines
    assert "  added or turned on: Long treated" in lines
    assert "  fires when all of: days since the start of B12 treatment: 90 or more" in lines
    assert [line for line in lines if "silent where it fired" in line and "(uk only)" in line]


def test_hooks_evidence_and_criteria_are_told_in_words(tmp_path):
    new = changed(OPENING, "[patient-view]", "[patient-view, encounter-discharge]")
    new = changed(new, "source: nice-ng239", "source: bsh-2014, evidence: [nice-ng239]")
    new = changed(
        new, "card:", "exclude:\n  - {id: child, fact: patient.paediatric, is: true}\ncard:"
    )
    lines = told(tmp_path, (OPENING,), (new,))
    assert lines[2:6] == [
        "  also fires on encounter-discharge",
        "  silent also when: paediatric age [child]",
        "  cites too: bsh-2014",
        "  source shown on the card: nice-ng239 → bsh-2014",
    ]


def test_a_window_of_results_that_moved_is_shown_by_a_patient_with_a_result_between(tmp_path):
    lines = told(
        tmp_path,
        (POTASSIUM, ORAL),
        (POTASSIUM, ORAL),
        ("window.potassium: {value: 3,", "window.potassium: {value: 5,"),
    )
    assert "  window.potassium: 3 days → 5 days" in lines
    assert "  in 4 states it fires where it was silent, when an order is chosen or signed" in lines
    example = next(line for line in lines if "example:" in line)
    assert "; potassium 2.7 mmol/L, 4 days ago; no B12 treatment under way" in example
    assert "      potassium level: none → severely low" in lines


def test_a_window_that_was_shortened_by_a_day(tmp_path):
    lines = told(
        tmp_path,
        (POTASSIUM, ORAL),
        (POTASSIUM, ORAL),
        ("window.potassium: {value: 3,", "window.potassium: {value: 2,"),
    )
    assert "  in 4 states it is silent where it fired, when an order is chosen or signed" in lines
    assert "potassium 2.7 mmol/L, 3 days ago" in next(line for line in lines if "example:" in line)


def test_a_window_of_another_kind_is_told_to_be_shown_by_no_patient(tmp_path):
    lines = told(
        tmp_path,
        (PREGNANT, ORAL),
        (PREGNANT, ORAL),
        ("window.pregnancy: {value: 300,", "window.pregnancy: {value: 280,"),
    )
    assert "Cards that rest on it: pregnant." in lines
    assert [line for line in lines if line.startswith("window.pregnancy: no patient is shown")]


def test_so_is_one_that_changed_in_one_parameter_set_only(tmp_path):
    old, new = (cards(tmp_path / name, PREGNANT) for name in ("old", "new"))
    limit = "patient.childbearing_from: {value: 14, unit: years, source: nice-ng239, basis: review}"
    for parameter_set in ("uk", "us"):
        (new / f"parameters/{parameter_set}.yaml").write_text(f"{limit}\n", "utf-8")
        (old / f"parameters/{parameter_set}.yaml").write_text("{}\n", "utf-8")
    lines = run(old, new).output.splitlines()
    told = [line for line in lines if line.startswith("patient.childbearing_from: no patient is")]
    assert len(told) == 1 and told[0].endswith("(uk, us only).")
    assert "Cards that rest on it: pregnant." in lines


def test_a_parameter_that_one_set_lacks_leaves_its_cards_unwalked(tmp_path):
    """As an older revision may lack it."""
    lines = told(
        tmp_path,
        (POTASSIUM, ORAL),
        (POTASSIUM, changed(ORAL, "1000", "800")),
        ("age.adult_from: ", "# age.adult_from: "),
    )
    assert "  age.adult_from: removed" in lines
    assert [line for line in lines if line.startswith("age.adult_from: no patient is shown")]
    assert "Cards that rest on it: low-potassium." in lines
    assert "      example: patient; ordered: cyanocobalamin 900 micrograms a day by mouth" in lines


def test_every_parameter_is_known_to_be_read_by_a_fact():
    assert [name for name in Engine(Settings()).parameters if not readers(name)] == []


def test_a_local_folder_is_compared_over_the_built_in_cards(tmp_path):
    local = tmp_path / "site"
    local.mkdir()
    (local / "site.yaml").write_text("owner: us\n", "utf-8")
    (local / "long-treated.yaml").write_text(OPENING, "utf-8")
    answer = run("built-in", local, "--exit-code")
    assert answer.exit_code == 1
    assert answer.output.splitlines()[:2] == ["long-treated", "  added or turned on: Long treated"]
    assert "1 card written differently; 1 card with a difference" in answer.output


def test_a_revision_of_git_is_compared(tmp_path, monkeypatch):
    cards(tmp_path / "cards", ORAL)
    monkeypatch.chdir(tmp_path)
    for command in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "cards"],
    ):
        subprocess.run(["git", *command], check=True)
    (tmp_path / "cards" / "oral-dose.yaml").write_text(
        changed(ORAL, "A low dose", "A dose that is low"), "utf-8"
    )
    assert "summary: “A low dose” → “A dose that is low”" in run("HEAD:cards", "cards").output
    unknown = run("HEAD~9:cards", "cards")
    assert unknown.exit_code == 1 and "HEAD~9:cards: git says" in unknown.output


def test_the_forms_for_a_pull_request_and_for_programs(tmp_path):
    old, new = cards(tmp_path / "old", ORAL), cards(tmp_path / "new", changed(ORAL, "1000", "800"))
    lines = run(old, new, "--format", "markdown").output.splitlines()
    assert lines[:4] == [f"## Cards: {old} → {new}", "", "### oral-dose", ""]
    assert "  - example: patient; ordered: cyanocobalamin 900 micrograms a day by mouth" in lines
    made = json.loads(run(old, new, "--json").output)
    assert made["said"][1] == {
        "card": "oral-dose",
        "part": "criteria",
        "text": "fires when: daily dose of the drafted oral cobalamin: below 1000 micrograms a day → "
        "daily dose of the drafted oral cobalamin: below 800 micrograms a day [low-dose]",
        "parameter_sets": ["default", "uk", "us"],
    }
    [states] = made["states"]
    assert (states["card"], states["hooks"], states["every_state"]) == (
        "oral-dose",
        ["order-sign"],
        True,
    )
    assert states["differs"] == [
        {
            "how": "is silent where it fired",
            "states": 2,
            "example": "patient; ordered: cyanocobalamin 900 micrograms a day by mouth",
            "because": [],
        }
    ]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (
            "nowhere",
            "there is no folder nowhere. Name a folder of cards, built-in, or a revision such as HEAD~1:cards.",
        ),
        (
            "{empty}",
            "is not a folder of cards: it has neither site.yaml (local cards) nor parameters/default.yaml.",
        ),
        (
            "{broken}",
            "broken/oral-dose.yaml:7:20: there is no fact 'draft.b12_oral_dialy'. Did you mean 'draft.b12_oral_daily'?",
        ),
    ],
)
def test_what_cannot_be_compared_is_told(tmp_path, name, why):
    (tmp_path / "empty").mkdir()
    cards(tmp_path / "broken", changed(ORAL, "oral_daily", "oral_dialy"))
    answer = run(name.format(empty=tmp_path / "empty", broken=tmp_path / "broken"), "built-in")
    assert answer.exit_code == 1 and why in answer.output


def test_a_limit_that_moved_changes_the_words_of_a_card_and_not_its_version(tmp_path):
    shown = changed(POTASSIUM, '"Correct it first."', '"Measured in {window.potassium}."')
    lines = told(
        tmp_path,
        (shown, ORAL),
        (shown, ORAL),
        ("window.potassium: {value: 3,", "window.potassium: {value: 5,"),
    )
    assert "  paragraph: “Measured in 3 days.” → “Measured in 5 days.”" in lines
    assert not [line for line in lines if "its version is still" in line]
