"""``check``: everything that can be said of the card files without a patient, all of it in one run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...config import Settings
from ...content import CARDS
from ...engine import PARAMETER_SETS, Engine
from ...rules.card_file import Vocabulary
from ...rules.card_set import Folder, folders, load_evidence, overrides
from ...rules.yaml_source import AuthoringError
from ..card_tests import with_drafts
from .finding import Finding
from .of_cards import card_findings
from .of_files import file_findings
from .of_set import set_findings


def check(local: tuple[Path, ...], settings: Settings) -> list[Finding]:
    """What is to be said of the built-in cards and of the ``local`` folders over them, by file and line.

    Where a file cannot be read, what concerns the set as a whole is left for when all can.
    """
    return sorted(set(_findings(local, settings)), key=lambda finding: (finding.place, finding.code))


def _findings(local: tuple[Path, ...], settings: Settings) -> Iterator[Finding]:
    try:
        found = folders(CARDS, local)
        evidence = load_evidence(found)
        built_in = Engine(settings.model_copy(update={"cards": ()}))
    except AuthoringError as error:
        yield Finding.of(error)
        return
    vocabulary = Vocabulary(
        built_in.vocabulary.facts, evidence, built_in.vocabulary.templates, built_in.vocabulary.override_reasons, PARAMETER_SETS
    )
    unreadable = [finding for folder in found for finding in file_findings(folder, vocabulary)]
    yield from unreadable
    if unreadable:
        return
    engines = {name: settings.model_copy(update={"cards": local, "parameters": name}) for name in PARAMETER_SETS}
    try:
        loaded = {name: Engine(chosen) for name, chosen in engines.items()}
    except AuthoringError as error:
        yield Finding.of(error)
        return
    whole = {name: with_drafts(engine) for name, engine in loaded.items()}
    for name, engine in whole.items():
        for card in engine.cards.values():
            yield from card_findings(card, loaded[name] if card.id in loaded[name].cards else engine)
    yield from set_findings(whole)
    yield from _overriding(found, vocabulary)


def _overriding(found: list[Folder], vocabulary: Vocabulary) -> Iterator[Finding]:
    for override in overrides(found, vocabulary, "default"):
        yield Finding("overrides", "info", override.place, f"{override.what} (over {override.over}).", "")
