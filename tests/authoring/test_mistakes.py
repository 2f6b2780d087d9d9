"""Every mistake that an author can make is told by ``check`` where it stands, with what to do, and reaches no patient."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from cds_service.authoring.card_tests import run_tests
from cds_service.authoring.check import check
from cds_service.authoring.check.finding import Finding
from cds_service.config import Settings
from cds_service.engine import Engine
from cds_service.rules.yaml_source import AuthoringError

from .mistakes import CARD, IN_CARDS, IN_FOLDERS


def folder(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in {"site.yaml": "owner: us\n", **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def refused(root: Path) -> set[str]:
    """The files for which the service would not start: they do not load, or their tests cannot be run or fail."""
    settings = Settings(cards=(root,))
    try:
        Engine(settings)
        return {result.place.file for result in run_tests(["our-card"], settings) if result.problem}
    except AuthoringError as error:
        return {mistake.place.file for mistake in error.all}


def told(found: list[Finding], file: Path, text: str, at: str, said: str) -> bool:
    """Whether a finding stands where ``at`` begins in ``text``, the content of ``file``, and says ``said``."""
    lines = text.split("\n")

    def here(finding: Finding) -> bool:
        line, column = finding.place.line, finding.place.column
        return "\n".join([lines[line - 1][column - 1 :], *lines[line:]]).startswith(at) if line <= len(lines) else not at

    return any(finding.place.file == file.as_posix() and here(finding) and said in f"{finding.what} {finding.mend}" for finding in found)


class Batch(NamedTuple):
    """A folder that holds every mistaken card, what one run of check says of it, and what the service refuses."""

    root: Path
    found: list[Finding]
    refused: set[str]


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Batch:
    root = tmp_path_factory.mktemp("local")
    folder(root, {f"{number}/our-card.yaml": mistake.text() for number, mistake in enumerate(IN_CARDS)})
    return Batch(root, check((root,), Settings()), refused(root))


@pytest.mark.parametrize("number", range(len(IN_CARDS)), ids=[mistake.what for mistake in IN_CARDS])
def test_a_mistake_in_a_card_is_told_where_it_stands_and_never_served(batch, tmp_path, number):
    mistake = IN_CARDS[number]
    file = batch.root / f"{number}/our-card.yaml"
    of_file = [finding for finding in batch.found if finding.place.file == file.as_posix()]
    assert told(of_file, file, mistake.text(), mistake.at, mistake.said), "\n".join(map(str, of_file))
    assert {(finding.code, finding.severity) for finding in of_file} == {("unreadable", "error")}
    # What loads but is wrong in its tests is refused alone.
    assert file.as_posix() in batch.refused or refused(folder(tmp_path, {"ours/our-card.yaml": mistake.text()}))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Finding]]:
    """A local folder for each mistake, one over the other, and what one run says of them."""
    root = tmp_path_factory.mktemp("folders")
    roots = [folder(root / str(number), mistake.files) for number, mistake in enumerate(IN_FOLDERS) if not mistake.alone]
    return root, check(tuple(roots), Settings())


@pytest.mark.parametrize("number", range(len(IN_FOLDERS)), ids=[mistake.what for mistake in IN_FOLDERS])
def test_a_mistake_in_a_folder_is_told_where_it_stands_and_never_served(folders, tmp_path, number):
    mistake = IN_FOLDERS[number]
    root = folder(tmp_path, mistake.files) if mistake.alone else folders[0] / str(number)
    found = check((root,), Settings()) if mistake.alone else folders[1]
    of_folder = [finding for finding in found if finding.place.file.startswith(f"{root.as_posix()}/")]
    content = mistake.files[mistake.file]
    text = content if isinstance(content, str) else ""
    assert told(of_folder, root / mistake.file, text, mistake.at, mistake.said), "\n".join(map(str, of_folder))
    assert {(finding.code, finding.severity) for finding in of_folder} == {("unreadable", "error")}
    with pytest.raises(AuthoringError) as refusal:
        Engine(Settings(cards=(root,)))
    assert refusal.value.place.file.startswith(root.as_posix())


def test_the_card_without_mistakes_is_served_and_has_no_findings(tmp_path):
    root = folder(tmp_path, {"ours/our-card.yaml": CARD})
    assert not refused(root)
    assert [str(finding) for finding in check((root,), Settings()) if finding.place.file.startswith(root.as_posix())] == []
