"""``check``: each kind of finding on a card that has it, the built-in set without errors, and the forms of its report."""

from __future__ import annotations

import json
import re
import time
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from junitparser import JUnitXml

from cds_service.authored_yaml.source import load
from cds_service.authoring.check import check
from cds_service.authoring.check.contradictions import contradictions
from cds_service.authoring.check.finding import CODES, Finding
from cds_service.authoring.check.report import FORMATS
from cds_service.cli import main
from cds_service.config import Settings
from cds_service.content import CARDS
from cds_service.engine import Engine
from tests.authoring.mistakes import CARD, IN_CARDS, TEXTS, YAML
from tests.authoring.test_mistakes import folder, told

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 29)


def findings(root: Path, files: dict[str, str]) -> list[Finding]:
    """What check says of a local folder of ``files``."""
    folder(root, files)
    return [
        finding
        for finding in check((root,), Settings(), TODAY)
        if finding.place.file.startswith(root.as_posix())
    ]


@pytest.fixture(autouse=True)
def day_of_the_clock(monkeypatch):
    """Sources grow old by the clock, and these tests do not."""

    class Day(date):
        today = classmethod(lambda cls: TODAY)

    monkeypatch.setattr("cds_service.authoring.check.date", Day)
    monkeypatch.setattr("cds_service.cli.new.date", Day)


@pytest.fixture(scope="module")
def built_in() -> list[Finding]:
    return check((), Settings(), TODAY)


def test_the_built_in_cards_have_no_errors_and_the_codes_to_be_reviewed_are_listed(built_in):
    found = built_in
    assert [finding for finding in found if finding.severity == "error"] == []
    assert {finding.code for finding in found} <= {
        "evidence-unverified",
        "code-unverified",
        "fire-together",
    }
    together = "bariatric-pregnancy and bariatric-maintenance both fire for the test 'no result, untreated'."
    assert [finding.what for finding in found if finding.code == "fire-together"] == [together]
    unverified = [finding for finding in found if finding.code == "code-unverified"]
    for kind in ("value-sets", "activity-definitions"):
        texts = [path.read_text("utf-8") for path in (ROOT / "fhir_profiles" / kind).glob("*.json")]
        marked = sum(text.count('"valueCode": "needed"') for text in texts)
        assert (
            len([finding for finding in unverified if f"/{kind}/" in finding.place.file])
            == marked
            > 0
        )
    for finding in unverified:
        line = (ROOT / finding.place.file).read_text("utf-8").splitlines()[finding.place.line - 1]
        # A code that an order lacks stands nowhere: the place is that of its mark.
        lacking = "No SNOMED CT code" in finding.what
        assert ("/code-review" if lacking else f'"{finding.what.split()[0].rstrip(":")}"') in line


class Doubt(NamedTuple):
    """What is written for what in a sound card, and the finding that it brings: its kind, where it begins, what it says."""

    before: str
    after: str
    code: str
    severity: str
    at: str
    said: str


CHILD = "  - {id: below-16-years, fact: patient.paediatric, is: true}\n"
LONG = "  - {id: long-treated, fact: b12_therapy.days, at_least: 90 d}\n"
DOUBTS = [
    Doubt(LONG, "  - {id: long-treated, fact: b12_therapy.days, below: 0 d}\n", "never-fires", "error", "{id: long-treated", "'long-treated' can never hold on patient-view."),
    Doubt(LONG, f"{LONG}  - {{id: drafted, fact: draft.folate, is: true}}\n", "never-fires", "error", "{id: drafted", "'drafted' can never hold on patient-view."),
    Doubt(CHILD, f"{CHILD}  - {{id: drafted, fact: draft.folate, is: true}}\n", "never-decides", "warning", "{id: drafted", "'drafted' never holds."),
    Doubt(LONG, f"{LONG}  - {{id: any, any_of: [{{fact: leber, is: true}}, {{fact: leber, is: false}}, {{fact: leber, unknown: true}}]}}\n", "never-decides", "warning", "{id: any", "'any' always holds."),
    Doubt("b12_therapy.days: 90 d}\n    fires", "b12_therapy.days: 80 d}\n    fires", "failing-test", "error", "name: long treated", "long treated: expected fires, got silent (stopped by long-treated)."),
    Doubt(LONG, f"{LONG}  - {{id: short, fact: b12_therapy.days, below: 60 d}}\n", "never-fires", "error", "{id: short", "'short' can never hold where 'long-treated' holds."),
    Doubt(LONG, f"{LONG}  - {{id: short, any_of: [{{fact: b12_therapy.days, below: 60 d}}, {{fact: b12.status, in: [treated]}}]}}\n", "never-fires", "error", "{id: short", "'short' can never hold where the criteria before it let the card through."),
    Doubt(LONG, "  - {id: short, fact: b12_therapy.days, below: 90 d}\n  - {id: long-treated, fact: b12_therapy.days, more_than: 89.9 d}\n  - {id: exact, fact: b12_therapy.days, at_most: 89.9 d}\n", "never-fires", "error", "{id: exact", "'exact' can never hold where 'long-treated' holds."),
    Doubt(CHILD, "  - {id: below-16-years, fact: b12_therapy.days, more_than: 30 d}\n", "never-fires", "error", "{id: below-16-years", "'below-16-years' always excludes where 'long-treated' holds."),
    Doubt(CHILD, "  - {id: below-16-years, any_of: [{fact: b12.status, in: [treated]}, {fact: b12.status, is: deficient}]}\n", "never-fires", "error", "{id: below-16-years", "'below-16-years' always excludes where 'b12-deficient' holds."),
    Doubt(CHILD, "  - {id: under-180, fact: b12_therapy.days, below: 180 d}\n  - {id: below-16-years, fact: b12_therapy.days, at_least: 180 d}\n", "never-fires", "error", "{id: below-16-years", "'below-16-years' always excludes where the criteria before it let the card through."),
    Doubt(LONG, f"{LONG}  - {{id: intake, card: folic-acid-b12-deficient, holds: true}}\n", "never-fires", "error", "{id: intake", "'intake' can never hold on patient-view."),
    Doubt(CHILD, f"{CHILD}  - {{id: sufficient, fact: b12.status, in: [sufficient]}}\n", "never-decides", "warning", "{id: sufficient", "where 'b12-deficient' holds, 'sufficient' never holds."),
    Doubt(LONG, f"{LONG}  - {{id: month, fact: b12_therapy.days, more_than: 30 d}}\n", "never-decides", "warning", "{id: month", "where 'long-treated' holds, 'month' always holds."),
    Doubt(CHILD, f"{CHILD}  - {{id: either, any_of: [{{fact: leber, is: true}}, {{fact: b12.status, in: [treated]}}]}}\n", "never-decides", "warning", "{fact: b12.status, in: [treated]}", "where 'b12-deficient' holds, 'b12.status-in' never holds."),
    Doubt("when: [{fact: neuro.involvement, is: true}]", "when: [{fact: b12.status, in: [sufficient]}]", "never-shown", "warning", "when: [{fact: b12.status", "this text is never shown"),
    Doubt("      create:", "      when: [{fact: patient.paediatric, is: true}]\n      create:", "never-shown", "warning", "label", "this suggestion is never shown"),
    Doubt(CARD[CARD.index("  - name: a child") :], "", "one-sided-criterion", "warning", "{id: below-16-years", "'below-16-years' holds in no test."),
    Doubt(CARD[CARD.index("tests:") :], "", "no-test", "error", "id: ", "has no test that expects it to fire."),
    Doubt(CARD[CARD.index("  - name: not deficient") :], "", "no-test", "error", "tests:", "has no test that expects it to be silent."),
    Doubt("Something to say", "Something to say of {b12.total} " + "and more " * 12, "long-summary", "warning", "summary", "the summary may have 156 characters; it is cut off at 140."),
    Doubt("Something to say", "Something to say " * 8 + "{mcv}", "long-summary", "warning", "summary", "the summary may have 164 characters"),
    Doubt("rank: 9", "review_by: 2199-01-31\nrank: 9", "doubtful-day", "warning", "review_by", "is to be reviewed by 2199-01-31, more than ten years ahead. Is the year right?"),
    Doubt("source: nice-ng239", "source: bsh-2014", "source-superseded", "error", "source: bsh-2014", "'bsh-2014', is superseded. Name 'nice-ng239' or another"),
    Doubt("rank: 900", "rank: 900\nreview_by: 2020-01-31", "review-overdue", "warning", "review_by", "was to be reviewed by 2020-01-31."),
    Doubt("b12_therapy.days: 89 d", "b12_therapy.days: 89 d, order.b12: [serum-b21]", "no-such-order", "warning", "order.b12: [", "a test states the order 'serum-b21', which does not exist. Did you mean 'serum-b12'?"),
]  # fmt: skip


@pytest.fixture(scope="module")
def doubtful(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Finding]]:
    """A folder with a card for each doubt, and one run over it."""
    root = tmp_path_factory.mktemp("doubtful")
    cards = {f"{number}/card-{number}.yaml": _doubtful(number) for number in range(len(DOUBTS))}
    return root, findings(root, cards)


def _doubtful(number: int) -> str:
    doubt = DOUBTS[number]
    assert doubt.before in CARD
    return (
        CARD.replace(doubt.before, doubt.after, 1)
        .replace("id: our-card", f"id: card-{number}")
        .replace("rank: 900", f"rank: {900 + number}")
    )


@pytest.mark.parametrize(
    "number", range(len(DOUBTS)), ids=[f"{doubt.code} {doubt.said[:40]}" for doubt in DOUBTS]
)
def test_what_is_doubtful_in_a_card_is_told_with_its_place(doubtful, number):
    root, found = doubtful
    doubt, file = DOUBTS[number], root / f"{number}/card-{number}.yaml"
    of_kind = [
        finding
        for finding in found
        if (finding.code, finding.severity) == (doubt.code, doubt.severity)
    ]
    assert told(of_kind, file, _doubtful(number), doubt.at, doubt.said), "\n".join(
        str(each) for each in found if each.place.file == file.as_posix()
    )


HANDBOOK = "our-handbook:\n  title: Ours\n  date: 2026-01-01\n  strength: local\n  supports: it\n"


@pytest.mark.parametrize(
    ("checked", "said"),
    [
        (None, "has no date of a check"),
        (TODAY - timedelta(days=367), f"was last checked on {TODAY - timedelta(days=367)}"),
        (TODAY - timedelta(days=366), ""),
        (TODAY, ""),
    ],
)
def test_a_card_rests_on_what_somebody_checked_within_a_year(tmp_path, checked, said):
    handbook = HANDBOOK + (f"  checked_on: {checked}\n" if checked else "")
    card = CARD.replace("source: nice-ng239", "source: our-handbook")
    found = [
        each
        for each in findings(tmp_path, {"evidence.yaml": handbook, "ours/our-card.yaml": card})
        if each.severity == "error"
    ]
    assert [(each.code, each.place.file.rpartition("/")[2]) for each in found] == [
        ("source-unchecked", "our-card.yaml")
    ] * bool(said)
    assert not said or said in found[0].what


def test_what_is_superseded_may_stand_as_a_further_source_and_says_so_on_the_card():
    """Nobody who opens the link takes it for what holds today."""
    engine = Engine(Settings())
    assert {engine.evidence[card.source].status for card in engine.cards.values()} == {"current"}
    links = engine.publication.fixed_parts["folate-deficiency"].links
    assert [link.label for link in links if link.url == "https://doi.org/10.1111/bjh.12959"] == [
        "British Society for Haematology: guidelines for the diagnosis and treatment of cobalamin and folate disorders (2014) (superseded)"
    ]


@pytest.mark.parametrize(
    "criteria",
    [
        "{id: a, fact: potassium, more_than: 3.5 mmol/L}, {id: b, fact: potassium, below: 3.6 mmol/L}",
        "{id: a, fact: b12_therapy.start, older_than: 27 d}, {id: b, fact: b12_therapy.start, within: 28 d}",
        "{id: a, fact: leber, is: true, when_unknown: fire}, {id: b, fact: leber, unknown: true}",
        "{id: a, fact: leber, is: false}, {id: b, fact: leber, absent: true}",
        "{id: a, any_of: [{fact: leber, is: true}, {fact: anaemia, is: true}]}, {id: b, fact: leber, is: false}",
        "{id: a, card: b12-deficiency-neuro, holds: false}, {id: b, card: pregnancy-intake, holds: false}",
    ],
)
def test_criteria_that_can_hold_together_are_not_called_contradictory(tmp_path, criteria):
    text = CARD.replace(
        CARD[CARD.index("include:") : CARD.index("exclude:")], f"include: [{criteria}]\n"
    )
    loaded = Engine(Settings(cards=(folder(tmp_path, {"ours/our-card.yaml": text}),)))
    assert list(contradictions(loaded.cards["our-card"], loaded.cards.values(), loaded.site)) == []


def test_alternatives_without_number_do_not_hold_up_the_check(tmp_path):
    """Ten choices of nine each before two criteria that contradict each other, which is found all the same."""
    facts = [
        "leber",
        "anaemia",
        "macrocytosis",
        "neuro.involvement",
        "metformin.long",
        "acid_suppression.long",
        "nitrous_oxide",
        "renal.dysfunction",
        "b12.diagnosed",
    ]
    either = ", ".join(f"{{fact: {fact}, is: true}}" for fact in facts)
    choices = ", ".join(f"{{id: any-{number}, any_of: [{either}]}}" for number in range(10))
    never = "{id: z, any_of: [{fact: potassium.level, in: [low]}]}, {id: y, any_of: [{fact: potassium.level, in: [normal]}]}"
    text = CARD.replace(
        CARD[CARD.index("include:") : CARD.index("exclude:")], f"include: [{choices}, {never}]\n"
    )
    loaded = Engine(Settings(cards=(folder(tmp_path, {"ours/our-card.yaml": text}),)))
    began = time.process_time()
    found = list(contradictions(loaded.cards["our-card"], loaded.cards.values(), loaded.site))
    assert time.process_time() - began < 2
    assert {finding.code for finding in found} == {"never-fires"}


def test_cards_that_are_alike_are_told_at_what_is_alike(tmp_path):
    found = findings(
        tmp_path,
        {
            "ours/our-card.yaml": CARD,
            "ours/our-other.yaml": CARD.replace("our-card", "our-other").replace(
                "Our card", "our  Card"
            ),
        },
    )
    places = {
        finding.code: (finding.place.file.rsplit("/", 1)[1], finding.place.line)
        for finding in found
    }
    assert places == {
        "same-criteria": ("our-other.yaml", 1),
        "same-title": ("our-other.yaml", 3),
        "same-rank": ("our-other.yaml", 4),
        "fire-together": ("our-card.yaml", 26),
    }


def test_so_are_cards_that_meet_in_one_parameter_set_alone(tmp_path):
    in_us = "status: retired\nparameter_sets: {us: {status: active}}\ncard:\n"
    card = CARD.replace("card:\n", in_us)
    files = {
        "ours/our-card.yaml": card,
        "ours/our-other.yaml": card.replace("our-card", "our-other"),
    }
    told = [finding.code for finding in findings(tmp_path, files)]
    assert sorted(told) == ["fire-together", "same-criteria", "same-rank", "same-title"]


def test_cards_that_meet_on_the_second_hook_of_one_fire_together(tmp_path):
    files = {
        "ours/our-card.yaml": CARD.replace("view]", "view, encounter-discharge]"),
        "ours/our-other.yaml": CARD.replace("our-card", "our-other")
        .replace("patient-view", "encounter-discharge")
        .replace("Our card", "Another")
        .replace("rank: 900", "rank: 901"),
    }
    [told] = [f for f in findings(tmp_path, files) if f.code == "fire-together"]
    assert told.what == "our-card and our-other both fire for the test 'long treated'."


def test_what_a_local_folder_overrides_and_leaves_unused_is_told(tmp_path):
    entry = "spare:\n  title: Spare\n  url: https://example.org\n  date: 2026-01-01\n  strength: local\n  supports: nothing\n"
    card = (CARDS / "pregnancy/pregnancy-intake.yaml").read_text("utf-8")
    limit = "window.b12: {value: 90, source: local-policy, basis: local-policy}\n"
    found = findings(
        tmp_path,
        {
            "evidence.yaml": entry,
            "pregnancy/pregnancy-intake.yaml": card,
            "parameters/us.yaml": limit,
        },
    )
    assert [(finding.code, finding.severity) for finding in found] == [
        ("unused-evidence", "warning"),
        ("overrides", "info"),
        ("overrides", "info"),
    ]
    assert found[1].what.startswith(
        "window.b12 is 90 days, not 180 days (over cards/parameters/default.yaml:"
    )


def test_a_limit_far_from_the_built_in_one_is_doubted(tmp_path):
    limits = (
        "potassium.low_below: {value: {mmol/L: 35}, source: local-policy, basis: local-policy}\n"
        "window.b12: {value: 18, source: local-policy, basis: local-policy}\n"
        "window.folate: {value: 30, source: local-policy, basis: local-policy}\n"
    )
    found = findings(tmp_path, {"parameters/default.yaml": limits})
    doubted = [
        (finding.severity, finding.place.line, finding.what)
        for finding in found
        if finding.code == "far-from-built-in"
    ]
    assert doubted == [
        ("warning", 1, "potassium.low_below is 35; in the built-in set it is 3.5."),
        ("warning", 2, "window.b12 is 18; in the built-in set it is 180."),
    ]


def test_every_mistake_of_every_file_is_told_in_one_run(tmp_path):
    text = CARD
    for right, wrong in {
        "rank: 900": "rank: high",
        "[patient-view]": "[patient-veiw]",
        "b12.status, in": "b12.stauts, in",
        "90 d}\nexclude": "90}\nexclude",
        "indicator: info": "indicator: urgent",
        "Something to say": "Something to say of {potasium}",
        "[b12.total]": "[b12.totl, mmma]",
        "source: nice-ng239": "source: nice-ng293",
        "{fact: order.b12}]": "{fact: b12.status}, serum-b21]",
    }.items():
        assert right in text
        text = text.replace(right, wrong, 1)
    found = findings(
        tmp_path,
        {
            "ours/our-card.yaml": text,
            "ours/our-other.yaml": CARD.replace("our-card", "our-other").replace("89 d", "89"),
            "evidence.yaml": "ours: {}\n",
            "parameters/uk.yaml": "window.b12: {value: long, source: nowhere, basis: local-policy}\n",
        },
    )
    lines = [
        (finding.place.file.removeprefix(f"{tmp_path.as_posix()}/"), finding.place.line)
        for finding in found
    ]
    assert lines == [
        *[("evidence.yaml", 1)] * 4,
        *[("ours/our-card.yaml", line) for line in (4, 5, 7, 8, 12, 13, 18, 18, 19, 22, 23, 23)],
        ("ours/our-other.yaml", 33),
        *[("parameters/uk.yaml", 1)] * 2,
    ]


def test_tests_are_told_although_the_card_cannot_be_read(tmp_path):
    text = CARD.replace("indicator: info", "indicator: inof").replace(
        "b12.status: sufficient", "b12.status: normal"
    )
    text = text.replace("89 d", "89 weeks").replace(
        "patient.paediatric: true", "patient.pediatric: true"
    )
    text = text.replace("fires: true", "fires: yes")
    found = findings(tmp_path, {"ours/our-card.yaml": text})
    assert [
        (finding.place.line, finding.place.column, finding.what, finding.mend) for finding in found
    ] == [
        (12, 3, "there is no indicator 'inof'.", "Did you mean 'info'?"),
        (
            28,
            5,
            "'fires' can only be true.",
            "If the card is silent, write 'silent: <criterion>'.",
        ),
        (
            30,
            13,
            "'normal' is not a value of 'b12.status', a fact of the kind category.",
            "Choose from: absent, deficient, indeterminate, paediatric, sufficient, treated, unknown, unlikely.",
        ),
        (
            33,
            36,
            "'89 weeks' is not a value of 'b12_therapy.days', a fact of the kind number.",
            "Write it as '1 d', or as absent or unknown.",
        ),
        (36, 60, "there is no fact 'patient.pediatric'.", "Did you mean 'patient.paediatric'?"),
    ]


def test_a_card_that_cites_a_mistaken_source_is_not_mistaken_itself(tmp_path):
    text = CARD.replace("source: nice-ng239", "source: ours")
    entry = "ours: {title: Ours, url: https://example.org, date: 2026-01-01, strength: strong, supports: it}\n"
    [found] = findings(tmp_path, {"ours/our-card.yaml": text, "evidence.yaml": entry})
    assert found.what == "there is no strength 'strong'."


def test_the_folder_of_built_in_cards_may_be_named_too(built_in):
    assert check((CARDS,), Settings()) == built_in


@pytest.fixture(scope="module")
def awkward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose name and whose mistakes hold what the forms of the report give a meaning to."""
    root = tmp_path_factory.mktemp("awkward") / "50%, ours: <é>"
    mistaken = CARD.replace("at_least: 90 d", "at_least: '<90 %'").replace(
        "title: Our card", "title: '<b>\"&\"'"
    )
    return folder(root, {"ours/our-card.yaml": mistaken})


def report(root: Path, form: str) -> str:
    ran = CliRunner().invoke(main, ["check", str(root), "--format", form])
    assert ran.exit_code == 1
    return ran.output


def test_the_text_is_what_editors_and_readers_take(awkward):
    lines = report(awkward, "text").splitlines()
    where = f"{awkward.as_posix()}/ours/our-card.yaml"
    assert lines == [
        f"{where}:3:1: error [unreadable] texts cannot have HTML ('<b'). Use Markdown in the detail, and plain text elsewhere.",
        f"{where}:8:48: error [unreadable] '<90 %' is not a limit for 'b12_therapy.days'. Write it as '1 d' (d: days).",
        "2 errors, 0 warnings, 0 info",
    ]


def test_json_is_a_list_of_plain_objects(awkward):
    [first, second] = json.loads(report(awkward, "json"))
    assert second == {
        "code": "unreadable",
        "severity": "error",
        "file": f"{awkward.as_posix()}/ours/our-card.yaml",
        "line": 8,
        "column": 48,
        "what": "'<90 %' is not a limit for 'b12_therapy.days'.",
        "mend": "Write it as '1 d' (d: days).",
    }
    assert first["line"] == 3


def test_junit_counts_errors_and_lets_the_others_pass(awkward, built_in):
    [suite] = JUnitXml.fromstring(report(awkward, "junit"))
    assert (suite.tests, suite.errors, suite.failures) == (2, 2, 0)
    assert [case.name for case in suite] == [
        f"[unreadable] {awkward.as_posix()}/ours/our-card.yaml:{place}" for place in ("3:1", "8:48")
    ]
    assert all(case.is_error and case.result[0].type == "unreadable" for case in suite)
    assert "'<90 %' is not a limit" in list(suite)[1].result[0].message
    [suite] = JUnitXml.fromstring(FORMATS["junit"](built_in))
    assert (suite.tests, suite.errors) == (len(built_in), 0) and all(
        case.is_passed for case in suite
    )
    [suite] = JUnitXml.fromstring(FORMATS["junit"]([]))
    assert [case.name for case in suite] == ["no findings"]


def test_github_reads_the_annotations(awkward, built_in):
    """As the runner does: properties are split at commas, then each escape is undone once."""

    def read(line: str) -> tuple[str, dict[str, str], str]:
        command, properties, message = re.fullmatch(r"::(\w+) (.*?)::(.*)", line).groups()
        pairs = dict(part.split("=", 1) for part in properties.split(","))
        return command, {key: unquote(value) for key, value in pairs.items()}, unquote(message)

    commands = [read(line) for line in report(awkward, "github").splitlines()]
    where = f"{awkward.as_posix()}/ours/our-card.yaml"
    assert commands[1] == (
        "error",
        {"file": where, "line": "8", "col": "48", "title": "unreadable"},
        "'<90 %' is not a limit for 'b12_therapy.days'. Write it as '1 d' (d: days).",
    )
    assert {read(line)[0] for line in FORMATS["github"](built_in).splitlines()} == {
        "warning",
        "notice",
    }
    assert FORMATS["github"](
        [Finding("overrides", "info", built_in[0].place, "a\nb", "")]
    ).startswith("::notice ")


def test_the_built_in_cards_are_checked_in_less_than_three_seconds():
    began = time.process_time()
    check((), Settings())
    assert time.process_time() - began < 3


def test_warnings_fail_only_when_strict():
    assert CliRunner().invoke(main, ["check"]).exit_code == 0
    assert CliRunner().invoke(main, ["check", "--strict"]).exit_code == 1


def test_a_site_can_ask_for_its_own_files_alone(tmp_path):
    def told(*arguments):
        return CliRunner().invoke(main, ["check", "--local", *arguments]).output

    assert told() == "0 errors, 0 warnings, 0 info\n"
    assert (
        CliRunner()
        .invoke(main, ["new", "our-card", "--in", str(tmp_path), "--owner", "st-elsewhere"])
        .exit_code
        == 0
    )
    *lines, counts = told(str(tmp_path)).splitlines()
    assert counts == "0 errors, 9 warnings, 0 info"
    assert len(lines) == 9 and all(line.startswith(f"{tmp_path}/") for line in lines)


def test_a_built_in_card_that_another_looks_at_may_be_turned_off(tmp_path):
    """A built-in card has a test that it is silent beside the one that the site turns off: it does not apply there."""
    card = (CARDS / "testing/b12-past-deficiency.yaml").read_text("utf-8")
    folder(
        tmp_path, {"b12-past-deficiency.yaml": card.replace("title:", "status: retired\ntitle:", 1)}
    )
    answer = CliRunner().invoke(main, ["check", "--local", str(tmp_path)])
    assert answer.exit_code == 0, answer.output
    assert "turns off" in answer.output


def test_the_page_tells_how_grave_each_finding_is(doubtful, built_in):
    page = (ROOT / "docs/check.md").read_text("utf-8")
    told = dict(re.findall(r"^- \*\*(error|info)\*\*(.*?)(?=^- |^$)", page, re.M | re.S))
    grave = {
        code: severity
        for severity, text in told.items()
        for code in re.findall(r"`([a-z-]+)`", text)
    }
    assert grave == {
        "unreadable": "error",
        "failing-test": "error",
        "never-fires": "error",
        "no-test": "error",
        "source-superseded": "error",
        "source-unchecked": "error",
        "overrides": "info",
        "fire-together": "info",
    }
    for finding in (*doubtful[1], *built_in):
        assert finding.severity == grave.get(finding.code, "warning"), finding


def test_the_page_lists_every_code():
    page = (ROOT / "docs/check.md").read_text("utf-8")
    assert dict(re.findall(r"^\| `([a-z0-9-]+)` \| (.*) \|$", page, re.M)) == CODES


def test_the_published_schema_is_fresh_and_the_built_in_cards_are_as_it_says():
    printed = CliRunner().invoke(main, ["schema"]).output
    assert (CARDS / "card.schema.json").read_text("utf-8") == printed


# What a schema cannot say: it looks at one value at a time, and knows no calendar and no other file.
NOT_IN_EDITORS = {
    "a slip in a fact of a text", "an id that is not the file's name", "two criteria of one name", "a day that is not",
    "a test with a day that is not", "a test that waits for no criterion", "two tests of one name",
    "an exclusion that would fire where nothing is known",
    *(mistake.what for mistake in TEXTS if mistake.at in ("summary", "title", "label") or '"' in mistake.at),
}  # fmt: skip
SCHEMA = Draft202012Validator(json.loads((CARDS / "card.schema.json").read_text("utf-8")))


@pytest.mark.parametrize(
    "mistake",
    [mistake for mistake in IN_CARDS if mistake not in YAML],
    ids=lambda mistake: mistake.what,
)
def test_an_editor_sees_the_mistake_by_the_published_schema(mistake, tmp_path):
    (tmp_path / "our-card.yaml").write_text(mistake.text(), "utf-8")
    content = json.loads(json.dumps(load(tmp_path / "our-card.yaml"), default=float))
    assert SCHEMA.is_valid(content) is (mistake.what in NOT_IN_EDITORS)
