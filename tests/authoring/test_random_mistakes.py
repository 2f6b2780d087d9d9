"""Card, parameter and evidence files changed at random: whatever comes out is read, or told as a mistake at a place in the file."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.authored_yaml.source import AuthoringError
from cds_service.authoring.check import check
from cds_service.authoring.check.finding import CODES
from cds_service.authoring.check.of_cards import card_findings
from cds_service.authoring.check.of_files import file_findings
from cds_service.authoring.check.of_set import set_findings
from cds_service.config import Settings
from cds_service.content import CARDS
from cds_service.rules.card_set import Folder, card_files, load_card
from cds_service.rules.evidence_file import load_evidence
from cds_service.rules.parameter_file import load_parameters
from tests.authoring.test_mistakes import folder
from tests.support.clinic import engine

TODAY = date(2026, 11, 28)
FILES = card_files(Folder(CARDS, "cards"))
METACHARACTERS = [*":-[]{},#&*!|>'\"%@`?~=<.\t\\", ": ", " #", "- ", "--- ", "...", "<<", "\u00e9", "\u200b", "\x00", "\U0001f534", "\u0663", "\r", "\u2028", "\ufeff"]  # fmt: skip
SCALARS = ["true", "no", "null", "~", "[]", "{}", "0", "-1", "1.0e400", ".inf", "2026-02-30", "'x'", "[[]]", "{a: b}", "- x", "absent", "unknown", "9" * 400, "90 d", "99999999999 d"]  # fmt: skip
Change = Callable[[random.Random, list[str]], None]


def _somewhere(chance: random.Random, lines: list[str]) -> tuple[int, int]:
    line = chance.randrange(len(lines))
    return line, chance.randint(0, len(lines[line]))


def delete_line(chance: random.Random, lines: list[str]) -> None:
    del lines[chance.randrange(len(lines))]


def double_line(chance: random.Random, lines: list[str]) -> None:
    line = chance.randrange(len(lines))
    lines.insert(chance.choice([line, chance.randrange(len(lines))]), lines[line])


def indent(chance: random.Random, lines: list[str]) -> None:
    line = chance.randrange(len(lines))
    lines[line] = (
        chance.choice([" ", "  ", "    ", "\t"]) + lines[line]
        if chance.random() < 0.5
        else lines[line].removeprefix(" " * chance.randint(1, 4))
    )


def swap_characters(chance: random.Random, lines: list[str]) -> None:
    line, at = _somewhere(chance, lines)
    text = lines[line]
    lines[line] = text[:at] + text[at : at + 2][::-1] + text[at + 2 :]


def delete_characters(chance: random.Random, lines: list[str]) -> None:
    line, at = _somewhere(chance, lines)
    lines[line] = lines[line][:at] + lines[line][at + chance.randint(1, 8) :]


def insert_metacharacter(chance: random.Random, lines: list[str]) -> None:
    line, at = _somewhere(chance, lines)
    lines[line] = lines[line][:at] + chance.choice(METACHARACTERS) + lines[line][at:]


def change_scalar(chance: random.Random, lines: list[str]) -> None:
    line = chance.randrange(len(lines))
    key, colon, _ = lines[line].partition(":")
    lines[line] = f"{key}{colon} {chance.choice(SCALARS)}"


def change_scalar_within(chance: random.Random, lines: list[str]) -> None:
    line = chance.randrange(len(lines))
    parts = lines[line].split(",")
    part = chance.randrange(len(parts))
    key, colon, rest = parts[part].partition(":")
    closing = rest[len(rest.rstrip("]} ")) :]
    parts[part] = f"{key}{colon} {chance.choice(SCALARS)}{closing}"
    lines[line] = ",".join(parts)


CHANGES: list[Change] = [
    delete_line, double_line, indent, swap_characters, delete_characters, insert_metacharacter, change_scalar, change_scalar_within,
]  # fmt: skip


def changed(text: str, seed: int, times: int) -> str:
    """``text`` after some changes."""
    chance = random.Random(seed)
    lines = text.split("\n")
    for _ in range(times):
        chance.choice(CHANGES)(chance, lines)
        lines = "\n".join(lines).split("\n") or [""]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def somewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("random")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(FILES), st.integers(0, 2**32), st.integers(1, 3))
def test_a_card_changed_at_random_is_read_or_told_as_a_mistake(somewhere, file, seed, times):
    text = changed(file.read_text("utf-8"), seed, times)
    place = Folder(somewhere, "local", "us")
    path = somewhere / file.name
    path.write_bytes(text.encode())
    loaded = engine()
    try:
        found = list(file_findings(place, loaded.vocabulary))
        try:
            card = load_card(path, place, loaded.vocabulary, "default")
        except AuthoringError as error:
            assert error.place.file == f"local/{file.name}"
            assert found
        else:
            if not found:
                beside = {**loaded.cards, card.id: card}
                among = SimpleNamespace(
                    settings=loaded.settings,
                    site=loaded.site,
                    cards=beside,
                    vocabulary=loaded.vocabulary,
                    sign_offs=loaded.sign_offs,
                )
                found = list(card_findings(card, among, beside.values(), TODAY))
    finally:
        path.unlink()
    for finding in found:
        assert finding.code in CODES and finding.what
        assert finding.place.file == f"local/{file.name}"
        assert 1 <= finding.place.line <= len(text.split("\n")) + 1


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["default", "uk"]), st.booleans(), st.integers(0, 2**32), st.integers(1, 3))
def test_parameters_and_evidence_changed_at_random_are_read_or_told_as_a_mistake(
    somewhere, name, of_evidence, seed, times
):
    file = "evidence.yaml" if of_evidence else f"parameters/{name}.yaml"
    text = changed((CARDS / file).read_text("utf-8"), seed, times)
    root = somewhere / "shared"
    (root / "parameters").mkdir(parents=True, exist_ok=True)
    for other in ("evidence.yaml", "parameters/default.yaml", "parameters/uk.yaml"):
        (root / other).write_bytes(
            (text if other == file else (CARDS / other).read_text("utf-8")).encode()
        )
    places = [Folder(root, "shared")]
    try:
        loaded = load_parameters(places, "uk", load_evidence(places))
    except AuthoringError as error:
        assert all(mistake.place.file.startswith("shared/") for mistake in error.all)
    else:
        for entry in loaded.values():
            assert entry.source and entry.basis


def test_check_of_a_folder_of_cards_changed_at_random_ends_with_findings(tmp_path):
    cards = {
        f"ours/{file.name}": changed(file.read_text("utf-8"), seed, 1)
        for seed, file in enumerate(FILES)
    }
    root = folder(tmp_path, cards)
    found = check((root,), Settings())
    told = {finding.place.file for finding in found if finding.code == "unreadable"}
    assert len(told) > 10 and all(name.startswith(root.as_posix()) for name in told)


def test_what_is_said_of_the_whole_set_holds_for_cards_changed_at_random(tmp_path):
    """Only those that can be read reach it: criteria that contradict, tests that fail, titles and ranks that are alike."""
    place = Folder(tmp_path, "local", "us")
    loaded = engine()
    beside = dict(loaded.cards)
    for seed in range(120):
        file = FILES[seed % len(FILES)]
        path = folder(tmp_path, {file.name: changed(file.read_text("utf-8"), seed, 1)}) / file.name
        try:
            card = load_card(path, place, loaded.vocabulary, "default")
            if not list(file_findings(place, loaded.vocabulary)):
                beside[card.id] = card
        except AuthoringError:
            pass
        path.unlink()
    assert len([card for card in beside.values() if card.place.file.startswith("local/")]) > 10
    among = SimpleNamespace(
        settings=loaded.settings,
        site=loaded.site,
        cards=beside,
        vocabulary=loaded.vocabulary,
        evidence=loaded.evidence,
        parameters=loaded.parameters,
        folders=loaded.folders,
        sign_offs=loaded.sign_offs,
        cards_by_hook={
            hook: {card.id: card for card in beside.values() if hook in card.hooks}
            for hook in loaded.cards_by_hook
        },
    )
    for finding in set_findings({"default": among}, TODAY):
        assert finding.code in CODES and finding.place.line >= 1
