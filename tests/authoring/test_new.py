"""``new``: what an author gets to begin with, and what is refused."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from cds_service.authoring.card_tests import run_tests
from cds_service.authoring.check import check
from cds_service.authoring.mutation import run_mutants
from cds_service.cli import main
from cds_service.config import Settings
from cds_service.content import CARDS
from cds_service.engine import PARAMETER_SETS, Engine


def new(*arguments: str):
    return CliRunner().invoke(main, ["new", *arguments])


def begun(folder: Path, *arguments: str) -> Path:
    told = new("our-card", "--in", str(folder), "--owner", "st-elsewhere", *arguments)
    assert told.exit_code == 0, told.output
    return folder / "own" / "our-card.yaml"


@pytest.mark.parametrize(
    "hooks",
    [("patient-view", "encounter-discharge"), ("order-sign",), ("order-select", "patient-view")],
)
def test_the_tests_of_a_new_card_pass_and_notice_every_mistake(tmp_path, monkeypatch, hooks):
    folder = tmp_path / "site"
    path = begun(folder, *(part for hook in hooks for part in ("--hook", hook)))
    assert yaml.safe_load(path.read_text("utf-8"))["hooks"] == list(hooks)
    monkeypatch.setenv("CDS_CARDS", str(folder))
    results = list(run_tests(["our-card"], drafts=True))
    assert len(results) == 6 * len(PARAMETER_SETS) and not [
        result for result in results if result.problem
    ]
    mutants = list(run_mutants(["our-card"], parameter_sets=["default"]))
    assert len(mutants) == 15 and {result.verdict for result in mutants} == {"killed"}


def test_check_finds_no_error_and_tells_every_todo_of_the_card_and_of_its_source(tmp_path):
    path = begun(tmp_path)
    written = [
        line
        for line in path.read_text("utf-8").splitlines()
        if re.search(r"\btodo\b", line.partition("#")[0], re.IGNORECASE)
    ]
    assert len([line for line in written if "silent:" not in line]) == 6
    found = [
        finding
        for finding in check((tmp_path,), Settings())
        if finding.place.file.startswith(tmp_path.as_posix())
    ]
    assert {(finding.code, finding.severity) for finding in found} == {
        ("placeholder", "warning"),
        ("evidence-unverified", "warning"),
    }
    told = [finding.what for finding in found if finding.code == "placeholder"]
    assert len(told) == 6 + 2
    assert "our-card: 'todo-what-is-missing' still has to be written." in told
    assert "source-of-our-card: 'TODO: the source of our-card' still has to be written." in told


def test_a_new_card_says_nothing_until_it_is_activated(tmp_path):
    path = begun(tmp_path)
    settings = Settings(cards=(tmp_path,))
    assert "our-card" not in Engine(settings).cards
    path.write_text(path.read_text("utf-8").replace("status: draft", "status: active"), "utf-8")
    assert Engine(settings).cards["our-card"].version == "1.0.0+st-elsewhere"


def test_a_draft_that_fails_its_tests_is_told_to_its_author_and_keeps_no_service_from_starting(
    tmp_path, monkeypatch
):
    from cds_service.reload import problems

    path = begun(tmp_path)
    path.write_text(
        path.read_text("utf-8").replace("fires: true", "silent: below-16-years"), "utf-8"
    )
    assert list(problems(Settings(cards=(tmp_path,)))) == []
    monkeypatch.setenv("CDS_CARDS", str(tmp_path))
    told = CliRunner().invoke(main, ["test", "our-card"])
    assert told.exit_code == 1
    assert (
        f"{path.as_posix()}:" in told.output
        and "expected silent (stopped by below-16-years), got fires" in told.output
    )


def test_a_draft_can_be_explained(tmp_path, monkeypatch):
    begun(tmp_path, "--hook", "order-select")
    monkeypatch.setenv("CDS_CARDS", str(tmp_path))
    (tmp_path / "request.json").write_text(CliRunner().invoke(main, ["example"]).output, "utf-8")
    told = CliRunner().invoke(
        main, ["explain", str(tmp_path / "request.json"), "--card", "our-card"]
    )
    assert "our-card: silent, stopped by todo-whom-it-is-about" in told.output


def test_it_is_told_what_was_written_and_what_comes_next(tmp_path):
    told = new(
        "our-card", "--in", str(tmp_path), "--owner", "st-elsewhere", "--topic", "surgery"
    ).output
    assert re.findall(r"^(\S+) written$", told, re.M) == [
        str(tmp_path / name)
        for name in ("site.yaml", "evidence.yaml", "card.schema.json", "surgery/our-card.yaml")
    ]
    for step in (
        "Replace every TODO in",
        "check",
        "test --mutate our-card",
        "explain REQUEST.json --card our-card",
        "status: active",
    ):
        assert step in told


def test_the_schema_line_leads_to_a_schema_that_knows_the_new_source(tmp_path):
    path = begun(tmp_path)
    line = path.read_text("utf-8").splitlines()[0]
    schema = path.parent / line.removeprefix("# yaml-language-server: $schema=")
    assert '"source-of-our-card"' in schema.read_text("utf-8")


def test_a_second_card_takes_another_rank_and_leaves_what_is_there(tmp_path):
    first = begun(tmp_path)
    before = first.read_text("utf-8")
    assert new("our-other", "--in", str(tmp_path)).exit_code == 0
    assert first.read_text("utf-8") == before
    ranks = [
        yaml.safe_load((tmp_path / "own" / f"{name}.yaml").read_text("utf-8"))["rank"]
        for name in ("our-card", "our-other")
    ]
    built_in = max(card.rank for card in Engine(Settings()).cards.values())
    assert ranks == [built_in + 1, built_in + 2]
    assert list(yaml.safe_load((tmp_path / "evidence.yaml").read_text("utf-8"))) == [
        "source-of-our-card",
        "source-of-our-other",
    ]


def test_a_card_for_the_built_in_set(tmp_path):
    """In a copy of it, as a working copy of the repository has one."""
    cards = tmp_path / "cards"
    shutil.copytree(CARDS, cards)
    told = new("our-card", "--in", str(cards), "--topic", "testing")
    assert told.exit_code == 0, told.output
    assert not (cards / "site.yaml").exists()
    assert (cards / "card.schema.json").read_text("utf-8") == (
        CARDS / "card.schema.json"
    ).read_text("utf-8")
    content = (cards / "evidence.yaml").read_text("utf-8")
    assert (
        content.startswith((CARDS / "evidence.yaml").read_text("utf-8"))
        and "source-of-our-card:" in content
    )
    assert "our-card" in Engine(Settings(), cards, ["our-card"]).cards


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (
            ("Our Card", "--owner", "us"),
            "'Our Card' is not usable as the name of a card. Use lower-case words joined by '-'",
        ),
        (("our_card", "--owner", "us"), "Use lower-case words joined by '-'"),
        (("../our-card", "--owner", "us"), "Use lower-case words joined by '-'"),
        (
            ("our-card", "--owner", "us", "--topic", "parameters"),
            "the folder 'parameters' is not for cards. Give another --topic.",
        ),
        (
            ("our-card", "--owner", "us", "--topic", "a/b"),
            "'a/b' is not usable as the name of a topic",
        ),
        (("our-card",), "a folder of local cards needs an owner. Give --owner"),
        (
            ("our-card", "--owner", "St Elsewhere"),
            "'St Elsewhere' is not usable as the name of an owner",
        ),
        (("b12-deficiency-neuro", "--owner", "us"), "the card 'b12-deficiency-neuro' exists"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(tmp_path, arguments, why):
    told = new(arguments[0], "--in", str(tmp_path / "site"), *arguments[1:])
    assert told.exit_code == 1 and why in " ".join(told.output.split())
    assert not (tmp_path / "site").exists()


def test_an_id_that_is_taken_is_refused_also_by_a_draft(tmp_path):
    path = begun(tmp_path)
    before = path.read_text("utf-8")
    told = new("our-card", "--in", str(tmp_path), "--topic", "another")
    assert (
        told.exit_code == 1
        and f"the card 'our-card' exists: {path}. Give yours another id." in told.output
    )
    assert path.read_text("utf-8") == before and not (tmp_path / "another").exists()


def test_a_folder_that_cannot_be_read_is_left_as_it_is(tmp_path):
    (tmp_path / "site.yaml").write_text("owner: us\n", "utf-8")
    (tmp_path / "broken.yaml").write_text("id: [\n", "utf-8")
    told = new("our-card", "--in", str(tmp_path))
    assert (
        told.exit_code == 1
        and "No card was written:" in told.output
        and "broken.yaml" in told.output
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.yaml", "site.yaml"]


def test_where_is_asked_for():
    told = new("our-card")
    assert told.exit_code == 2 and "Name the folder with --in DIR, or set CDS_CARDS." in told.output


def test_coverage_counts_a_draft_and_leaves_the_other_cards_as_they_were(tmp_path):
    begun(tmp_path)
    answer = CliRunner().invoke(main, ["coverage", "--cards", str(tmp_path), "our-card"])
    assert (answer.exit_code, answer.output) == (
        0,
        "our-card: 4 of 4\n4 of 4 criteria seen to decide both ways (100.0 %)\n",
    )


def test_a_test_that_fails_is_told_once_for_all_parameter_sets_before_the_cards_are_served(
    tmp_path,
):
    from cds_service.reload import problems

    path = begun(tmp_path)
    text = (
        path.read_text("utf-8")
        .replace("status: draft", "status: active")
        .replace("    fires: true\n", "    silent: below-16-years\n", 1)
    )
    path.write_text(text, "utf-8")
    (told,) = problems(Settings(cards=(tmp_path,)))
    assert told.endswith(
        ": our-card [default, uk, us] all of it known: expected silent (stopped by below-16-years), got fires"
    )
