"""``check``: each kind of finding on a card that has it, the built-in set without errors, and the forms of its report."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from cds_service.authoring.check import check
from cds_service.authoring.check.finding import CODES
from cds_service.cli import main
from cds_service.config import Settings
from cds_service.content import CARDS

ROOT = Path(__file__).parents[2]
CARD = """\
id: our-card
version: 1.0.0
title: Our card
rank: 900
hooks: [patient-view]
include:
  - {id: b12-deficient, fact: b12.status, in: [deficient]}
  - {id: long-treated, fact: b12_therapy.days, at_least: 90 d}
exclude:
  - {id: below-16-years, fact: patient.paediatric, is: true}
card:
  indicator: info
  summary: "Something to say"
  detail:
    - "More of it."
  source: nice-ng239
tests:
  - name: long treated
    facts: {b12.status: deficient, b12_therapy.days: 90 d}
    fires: true
  - name: not deficient
    facts: {b12.status: sufficient, b12_therapy.days: 90 d}
    silent: b12-deficient
  - name: not long treated
    facts: {b12.status: deficient, b12_therapy.days: 89 d}
    silent: long-treated
  - name: a child
    facts: {b12.status: deficient, b12_therapy.days: 90 d, patient.paediatric: true}
    silent: below-16-years
"""


def findings(tmp_path: Path, text: str = CARD, name: str = "ours/our-card.yaml", **more: str):
    for file, content in {"site.yaml": "owner: us\n", name: text, **more}.items():
        path = tmp_path / "local" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    return [
        finding for finding in check((tmp_path / "local",), Settings()) if finding.place.file.startswith((tmp_path / "local").as_posix())
    ]


def test_the_built_in_cards_have_no_errors_and_the_codes_to_be_reviewed_are_listed():
    found = check((), Settings())
    assert [finding for finding in found if finding.severity == "error"] == []
    assert {finding.code for finding in found} <= {"evidence-unverified", "code-unverified", "fire-together"}
    together = "bariatric-pregnancy and bariatric-maintenance both fire for the test 'no result, untreated'."
    assert [finding.what for finding in found if finding.code == "fire-together"] == [together]
    unverified = [finding for finding in found if finding.code == "code-unverified"]
    marked = sum(path.read_text("utf-8").count('"valueCode": "needed"') for path in (ROOT / "fhir_profiles/value-sets").glob("*.json"))
    assert len(unverified) == marked > 0
    for finding in unverified:
        line = (ROOT / finding.place.file).read_text("utf-8").splitlines()[finding.place.line - 1]
        assert f'"{finding.what.split()[0].rstrip(":")}"' in line


def test_a_sound_card_has_no_findings(tmp_path):
    assert findings(tmp_path) == []


def twice(text: str) -> dict[str, str]:
    return {"ours/our-other.yaml": text.replace("our-card", "our-other")}


@pytest.mark.parametrize(
    ("code", "severity", "line", "change"),
    [
        ("failing-test", "error", 18, lambda text: text.replace("facts: {b12.status: deficient, b12_therapy.days: 90 d}\n    fires", "facts: {b12.status: deficient, b12_therapy.days: 80 d}\n    fires")),
        ("never-fires", "error", 9, lambda text: text.replace("exclude:", "  - {id: short, fact: b12_therapy.days, below: 60 d}\nexclude:")),
        ("never-fires", "error", 10, lambda text: text.replace("{id: below-16-years, fact: patient.paediatric, is: true}", "{id: below-16-years, fact: b12_therapy.days, more_than: 30 d}")),
        ("never-decides", "warning", 11, lambda text: text.replace("card:\n", "  - {id: sufficient, fact: b12.status, in: [sufficient]}\ncard:\n")),
        ("one-sided-criterion", "warning", 10, lambda text: text[: text.index("  - name: a child")]),
        ("no-test", "error", 1, lambda text: text[: text.index("tests:")]),
        ("long-summary", "warning", 1, lambda text: text.replace("Something to say", "Something to say of {b12.total} " + "and more " * 12)),
        ("review-overdue", "warning", 1, lambda text: text.replace("rank: 900", "rank: 900\nreview_by: 2020-01-31")),
    ],
)  # fmt: skip
def test_what_is_doubtful_in_a_card_is_told_with_its_place(tmp_path, code, severity, line, change):
    found = [(finding.severity, finding.place.line) for finding in findings(tmp_path, change(CARD)) if finding.code == code]
    assert (severity, line) in found


def test_cards_that_are_alike_are_told(tmp_path):
    found = {finding.code for finding in findings(tmp_path, **twice(CARD))}
    assert {"same-criteria", "same-title", "same-rank", "fire-together"} <= found


def test_a_source_that_nothing_cites_is_told(tmp_path):
    entry = "spare:\n  title: Spare\n  url: https://example.org\n  date: 2026-01-01\n  strength: local\n  supports: nothing\n"
    assert [finding.code for finding in findings(tmp_path, **{"evidence.yaml": entry})] == ["unused-evidence"]


def test_what_a_local_folder_overrides_is_told(tmp_path):
    text = (CARDS / "pregnancy/pregnancy-intake.yaml").read_text("utf-8")
    assert [finding.code for finding in findings(tmp_path, text, "pregnancy/pregnancy-intake.yaml")] == ["overrides"]


def test_every_mistake_of_a_file_is_told_in_one_run(tmp_path):
    """The schema sees those that reading, which stops at the first, does not reach."""
    text = (
        CARD.replace("b12.status, in", "b12.stauts, in")
        .replace("indicator: info", "indicator: urgent")
        .replace("source: nice-ng239", "source: nice-ng293")
    )
    text = text.replace("rank: 900", "rank: high").replace("hooks: [patient-view]", "hooks: [patient-veiw]")
    found = {finding.place.line: finding for finding in findings(tmp_path, text)}
    assert {4, 5, 7, 12, 16} <= set(found)
    assert "Did you mean 'b12.status'?" in found[7].mend
    assert "Did you mean 'nice-ng239'?" in found[16].mend


# What is changed, and a text of the line where it must be told.
MISTAKES = [
    ("id: our-card", "id: Our Card", "id: Our Card"),
    ("id: our-card", "id: other-card", "id: other-card"),
    ("id: our-card", "id:", "id:"),
    ("id: our-card\n", "", "version: 1.0.0"),
    ("id: our-card", "idd: our-card", "idd"),
    ("id: our-card", "id: our-card\nid: our-card", "id: our-card"),
    ("id: our-card", "\tid: our-card", "\tid"),
    ("version: 1.0.0", "version: 1.0", "version: 1.0"),
    ("version: 1.0.0", "version: v1.0.0", "version: v1"),
    ("version: 1.0.0", "version: 01.0.0", "version: 01"),
    ("version: 1.0.0", "version: true", "version: true"),
    ("title: Our card", "title: [Our card]", "title"),
    ("title: Our card", "title: ''", "title"),
    ("title: Our card", "title: Our card: the best", "title"),
    ("title: Our card", "title: no\ntilte: x", "tilte"),
    ("rank: 900", "rank: nine", "rank"),
    ("rank: 900", "rank: 0x384", "rank"),
    ("rank: 900", "rank: 9_00", "rank"),
    ("rank: 900", "rank: 15:00", "rank"),
    ("rank: 900", "rank: .inf", "rank"),
    ("rank: 900", "rank: 900\nstatus: activ", "activ"),
    ("rank: 900", "rank: 900\nstatus: on", "status: on"),
    ("rank: 900", "rank: 900\nreview_by: 31.01.2027", "review_by"),
    ("rank: 900", "rank: 900\nreview_by: 2027-02-30", "review_by"),
    ("[patient-view]", "patient-view", "hooks"),
    ("[patient-view]", "[patient-view, patient-view]", "hooks"),
    ("[patient-view]", "[order-selct]", "hooks"),
    ("[patient-view]", "[patient-view", "include"),
    ("hooks: [patient-view]\n", "", "id: our-card"),
    ("in: [deficient]", "in: [deficent]", "b12-deficient"),
    ("in: [deficient]", "in: deficient", "b12-deficient"),
    ("in: [deficient]", "is: deficiency", "b12-deficient"),
    ("in: [deficient]", "is: no", "b12-deficient"),
    ("in: [deficient]", "below: 180 ng/L", "b12-deficient"),
    ("in: [deficient]", "equals: deficient", "b12-deficient"),
    ("in: [deficient]", "in: [deficient], absent: false", "b12-deficient"),
    ("in: [deficient]}", "}", "b12-deficient"),
    ("fact: b12.status, in", "fact: b12_status, in", "b12-deficient"),
    ("fact: b12.status, in", "fakt: b12.status, in", "b12-deficient"),
    ("fact: b12.status, in: [deficient]", "card: b12-deficiency-nuero, holds: true", "b12-deficient"),
    ("fact: b12.status, in: [deficient]", "card: our-card, holds: true", "b12-deficient"),
    ("fact: b12.status, in: [deficient]", "fact: b12.total, below: 180 ng/L", "b12-deficient"),
    ("{id: long-treated", "{id: b12-deficient", "at_least"),
    ("at_least: 90 d", "at_least: 90", "long-treated"),
    ("at_least: 90 d", "at_least: 90 days", "long-treated"),
    ("at_least: 90 d", "at_least: 90d", "long-treated"),
    ("at_least: 90 d", "at_least: ninety d", "long-treated"),
    ("at_least: 90 d", "within: 90 d", "long-treated"),
    ("at_least: 90 d", "at_least: 90 d, when_unknown: maybe", "long-treated"),
    ("is: true", "is: yes", "below-16-years"),
    ("is: true", "is: 'true'", "below-16-years"),
    ("is: true", "is: on", "below-16-years"),
    ("is: true", "is: True", "below-16-years"),
    ("exclude:\n", "exclude: &all\n", None),
    ("indicator: info", "indicator: hard-stop", "indicator"),
    ("indicator: info", "indicator: Info", "indicator"),
    ("  indicator: info\n", "", "indicator is missing"),
    ("summary: \"Something to say\"", "summary: {b12.total}", "summary"),
    ("Something to say", "B12 is {b12.totl}", "summary"),
    ("Something to say", "B12 is {total}", "summary"),
    ("- \"More of it.\"", "- {when: [], txt: x}", "txt"),
    ("- \"More of it.\"", "- {when: [{fact: anaemi, is: true}], text: x}", "anaemi,"),
    ("source: nice-ng239", "source: NICE", "source"),
    ("source: nice-ng239", "source: nice-ng239\n  evidence: nice-ng239", "evidence:"),
    ("source: nice-ng239", "source: nice-ng239\n  values: [b12]", "values"),
    ("source: nice-ng239", "source: nice-ng239\n  override_reasons: [patient-refused]", "override_reasons"),
    ("source: nice-ng239", "source: nice-ng239\n  suggestions:\n    - {label: Order, create: [hydroxycobalamin-neuro]}", "hydroxycobalamin"),
    ("source: nice-ng239", "source: nice-ng239\n  suggestions:\n    - {create: [serum-b12]}", "serum-b12"),
    ("source: nice-ng239", "source: nice-ng239\n  suggestions:\n    - {label: Order, create: [{fact: b12.status}]}", "{fact: b12.status}"),
    ("source: nice-ng239", "source: nice-ng239\n  suggestions:\n    - {label: Order, recommended: maybe, create: [serum-b12]}", "maybe"),
    ("card:\n", "parameter_sets: {usa: {}}\ncard:\n", "usa"),
    ("card:\n", "parameter_sets: {uk: {rank: 3}}\ncard:\n", "rank: 3"),
    ("silent: long-treated", "silent: long-treatd", "long-treatd"),
    ("silent: long-treated", "fires: yes", "fires: yes"),
    ("b12_therapy.days: 89 d", "b12_therapy.day: 89 d", "therapy.day:"),
    ("b12_therapy.days: 89 d", "b12_therapy.days: 89 weeks", "89 weeks"),
    ("b12.status: sufficient", "b12.status: normal", "status: normal"),
    ("b12.status: sufficient", "b12.status: sufficient, b12.status: deficient", "sufficient, b12"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "line"), MISTAKES)
def test_a_mistake_is_told_at_its_line_and_never_served(tmp_path, before, after, line):
    text = CARD.replace(before, after, 1)
    assert text != CARD
    found = [finding for finding in findings(tmp_path, text) if finding.severity == "error"]
    if line is None:
        assert found == []
        return
    assert found, "the mistake was not noticed"
    wanted = 11 if line == "indicator is missing" else next(number for number, told in enumerate(text.splitlines(), 1) if line in told)
    lines = {finding.place.line for finding in found}
    # A mapping that lacks a key, or YAML that cannot be read, is told where the mapping, or what could not follow, begins.
    assert any(abs(told - wanted) <= 1 for told in lines), (wanted, [str(finding) for finding in found])
    with pytest.raises(Exception, match=r"our-card\.yaml"):
        _start(tmp_path / "local")


def _start(folder: Path) -> None:
    """What ``serve`` and a reload do before a card is served."""
    from cds_service.reload import problems

    told = list(problems(Settings(cards=(folder,))))
    if told:
        raise RuntimeError(told[0])


@pytest.mark.parametrize("form", ["text", "json", "junit", "github"])
def test_the_forms_of_the_report(form, tmp_path):
    (tmp_path / "site.yaml").write_text("owner: us\n", "utf-8")
    (tmp_path / "our-card.yaml").write_text(CARD.replace("b12.status, in", "b12.stauts, in"), "utf-8")
    told = CliRunner().invoke(main, ["check", str(tmp_path), "--format", form])
    assert told.exit_code == 1
    where = f"{tmp_path.as_posix()}/our-card.yaml"
    if form == "text":
        assert re.search(
            rf"^{where}:7:\d+: error \[unreadable\] there is no fact 'b12.stauts'. Did you mean 'b12.status'\?$", told.output, re.M
        )
    elif form == "json":
        [first, *_] = json.loads(told.output)
        assert (first["code"], first["file"], first["line"]) == ("unreadable", where, 7)
    elif form == "junit":
        errors = ElementTree.fromstring(told.output).findall(".//error")
        assert len(errors) == 1 and where in str(errors[0].get("message"))
    else:
        assert told.output.startswith(f"::error file={where},line=7,col=")


def test_warnings_fail_only_when_strict():
    assert CliRunner().invoke(main, ["check"]).exit_code == 0
    assert CliRunner().invoke(main, ["check", "--strict"]).exit_code == 1


def test_the_page_lists_every_code():
    page = (ROOT / "docs/check.md").read_text("utf-8")
    assert dict(re.findall(r"^\| `([a-z0-9-]+)` \| (.*) \|$", page, re.M)) == CODES


def test_the_published_schema_is_fresh_and_the_built_in_cards_are_as_it_says():
    printed = CliRunner().invoke(main, ["schema"]).output
    assert (CARDS / "card.schema.json").read_text("utf-8") == printed
