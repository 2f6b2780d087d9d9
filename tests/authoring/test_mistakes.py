"""Every mistake that an author can make is told by ``check`` where it stands, with what to do, and reaches no patient."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from cds_service.authored_yaml.source import AuthoringError
from cds_service.authoring.card_tests import run_tests
from cds_service.authoring.check import check
from cds_service.authoring.check.finding import Finding
from cds_service.cli import main
from cds_service.config import Settings
from cds_service.engine import Engine
from cds_service.reload import problems
from tests.authoring.mistakes import CARD, EVIDENCE, IN_CARDS, IN_FOLDERS


def folder(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in {"site.yaml": "owner: us\n", **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def refused(root: Path, cards: Sequence[str] = ("our-card",)) -> set[str]:
    """The files for which the service would not start: they do not load, or their tests cannot be run or fail."""
    settings = Settings(cards=(root,))
    try:
        Engine(settings)
        return {result.place.file for result in run_tests(cards, settings) if result.problem}
    except AuthoringError as error:
        return {mistake.place.file for mistake in error.all}


def told(found: list[Finding], file: Path, text: str, at: str, said: str) -> bool:
    """Whether a finding stands where ``at`` begins in ``text``, the content of ``file``, and says ``said``."""
    lines = text.split("\n")

    def here(finding: Finding) -> bool:
        line, column = finding.place.line, finding.place.column
        return (
            "\n".join([lines[line - 1][column - 1 :], *lines[line:]]).startswith(at)
            if line <= len(lines)
            else not at
        )

    return any(
        finding.place.file == file.as_posix()
        and here(finding)
        and said in f"{finding.what} {finding.mend}"
        for finding in found
    )


class Batch(NamedTuple):
    """A folder that holds every mistaken card, what one run of check says of it, and what the service refuses."""

    root: Path
    found: list[Finding]
    refused: set[str]


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Batch:
    root = tmp_path_factory.mktemp("local")
    folder(
        root, {f"{number}/our-card.yaml": mistake.text() for number, mistake in enumerate(IN_CARDS)}
    )
    return Batch(root, check((root,), Settings()), refused(root))


@pytest.mark.parametrize("number", range(len(IN_CARDS)), ids=[mistake.what for mistake in IN_CARDS])
def test_a_mistake_in_a_card_is_told_where_it_stands_and_never_served(batch, tmp_path, number):
    mistake = IN_CARDS[number]
    file = batch.root / f"{number}/our-card.yaml"
    of_file = [finding for finding in batch.found if finding.place.file == file.as_posix()]
    assert told(of_file, file, mistake.text(), mistake.at, mistake.said), "\n".join(
        map(str, of_file)
    )
    assert {(finding.code, finding.severity) for finding in of_file} == {("unreadable", "error")}
    # What loads but is wrong in its tests is refused alone.
    assert file.as_posix() in batch.refused or refused(
        folder(tmp_path, {"ours/our-card.yaml": mistake.text()})
    )


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Finding]]:
    """A local folder for each mistake, one over the other, and what one run says of them."""
    root = tmp_path_factory.mktemp("folders")
    roots = [
        folder(root / str(number), mistake.files)
        for number, mistake in enumerate(IN_FOLDERS)
        if not mistake.alone
    ]
    return root, check(tuple(roots), Settings())


@pytest.mark.parametrize(
    "number", range(len(IN_FOLDERS)), ids=[mistake.what for mistake in IN_FOLDERS]
)
def test_a_mistake_in_a_folder_is_told_where_it_stands_and_never_served(folders, tmp_path, number):
    mistake = IN_FOLDERS[number]
    root = folder(tmp_path, mistake.files) if mistake.alone else folders[0] / str(number)
    found = check((root,), Settings()) if mistake.alone else folders[1]
    of_folder = [
        finding for finding in found if finding.place.file.startswith(f"{root.as_posix()}/")
    ]
    content = mistake.files[mistake.file]
    text = content if isinstance(content, str) else ""
    assert told(of_folder, root / mistake.file, text, mistake.at, mistake.said), "\n".join(
        map(str, of_folder)
    )
    assert {(finding.code, finding.severity) for finding in of_folder} == {("unreadable", "error")}
    with pytest.raises(AuthoringError) as refusal:
        Engine(Settings(cards=(root,)))
    assert refusal.value.place.file.startswith(root.as_posix())


ODD = {
    "byte-order-mark": "\ufeff" + CARD,
    "windows-line-ends": CARD.replace("\n", "\r\n"),
    "no-as-a-text": CARD.replace("title: Our card", "title: no # in Norway"),
    "comment": CARD.replace(
        "id: our-card", "# yaml-language-server: $schema=../card.schema.json\nid: our-card"
    ),
    "anchor-without-alias": CARD.replace("exclude:\n", "exclude: &unused\n"),
    "signs": CARD.replace('"More of it."', "'Haemoglobin < 80 g/L, 10*9/L & \u00b5g: *more*'"),
    "quoted-day": CARD.replace("rank: 900", 'rank: 900\nreview_by: "2030-12-31"'),
}


def test_what_only_looks_odd_is_served_without_findings(tmp_path):
    cards = {
        f"ours/{name}.yaml": text.replace("our-card", name).replace("rank: 900", f"rank: {900 + n}")
        for n, (name, text) in enumerate(ODD.items())
    }
    root = folder(
        tmp_path, {**cards, "ours/.#signs.yaml": "{", ".git/x.yaml": "{", "ours/signs.yaml~": "{"}
    )
    assert not refused(root, list(ODD))
    found = {
        finding.code
        for finding in check((root,), Settings())
        if finding.place.file.startswith(root.as_posix())
    }
    assert found <= {"same-criteria", "same-title", "fire-together"}


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    root = folder(tmp_path, {})
    (root / "gone.yaml").symlink_to(root / "nowhere")
    [found] = [finding for finding in check((root,), Settings()) if finding.severity == "error"]
    assert (
        str(found)
        == f"{root.as_posix()}/gone.yaml:1:1: error [unreadable] the file cannot be read: No such file or directory. Check that it exists and that the service may read it."
    )
    with pytest.raises(AuthoringError, match=r"gone\.yaml:1:1: the file cannot be read"):
        Engine(Settings(cards=(root,)))


def test_what_is_named_as_a_card_and_is_no_file_is_told_and_waited_for_by_nobody(tmp_path):
    root = folder(tmp_path, {})
    os.mkfifo(root / "pipe.yaml")
    (root / "folder.yaml").mkdir()
    found = [
        f"{Path(finding.place.file).name}: {finding.what}"
        for finding in check((root,), Settings())
        if finding.severity == "error"
    ]
    assert found == ["folder.yaml: this is not a file.", "pipe.yaml: this is not a file."]


def test_who_cites_a_source_of_a_file_that_cannot_be_read_is_not_blamed(tmp_path):
    text = "our-handbook:\n  title: Ours: the handbook\n"
    root = folder(
        tmp_path,
        {
            "evidence.yaml": text,
            "ours/our-card.yaml": CARD.replace("source: nice-ng239", "source: our-handbook"),
        },
    )
    [found] = [finding for finding in check((root,), Settings()) if finding.severity == "error"]
    assert (Path(found.place.file).name, found.place.line, found.place.column) == (
        "evidence.yaml",
        2,
        14,
    )


def test_a_source_of_the_future_is_doubted(tmp_path):
    evidence = EVIDENCE.replace("2026-06-01", "2206-06-01") + f"  checked_on: {date.today()}\n"
    root = folder(
        tmp_path,
        {
            "evidence.yaml": evidence,
            "ours/our-card.yaml": CARD.replace("source: nice-ng239", "source: our-handbook"),
        },
    )
    [found] = [
        finding
        for finding in check((root,), Settings())
        if finding.place.file.startswith(root.as_posix())
    ]
    assert (found.code, found.what) == (
        "doubtful-day",
        "'our-handbook' is dated 2206-06-01, after today.",
    )


def test_a_card_without_tests_is_not_served(tmp_path):
    root = folder(tmp_path, {"ours/our-card.yaml": CARD[: CARD.index("tests:")]})
    found = [problem for problem in problems(Settings(cards=(root,)))]
    assert (
        len(found) == 2
        and "our-card [default, uk, us] all tests: our-card has no test that expects it to fire."
        in found[0]
    )


def test_who_starts_the_service_is_told_every_mistake_too(tmp_path, monkeypatch):
    mistaken = CARD.replace("rank: 900", "rank: high").replace(
        "indicator: info", "indicator: urgent"
    )
    root = folder(tmp_path, {"ours/our-card.yaml": mistaken, "ours/other.yaml": ""})
    monkeypatch.setenv("CDS_CARDS", str(root))
    told = CliRunner().invoke(main, ["serve"])
    assert told.exit_code == 1
    assert told.output.splitlines() == [
        f"Error: {root.as_posix()}/ours/other.yaml:1:1: a mapping (key: value) is expected here. The file is empty.",
        f"{root.as_posix()}/ours/our-card.yaml:4:1: 'rank' must be a number. Write it in digits, without quotes.",
        f"{root.as_posix()}/ours/our-card.yaml:12:3: there is no indicator 'urgent'. Choose from: critical, info, warning.",
    ]


def test_the_card_without_mistakes_is_served_and_has_no_findings(tmp_path):
    root = folder(tmp_path, {"ours/our-card.yaml": CARD})
    assert not refused(root)
    assert [
        str(finding)
        for finding in check((root,), Settings())
        if finding.place.file.startswith(root.as_posix())
    ] == []
