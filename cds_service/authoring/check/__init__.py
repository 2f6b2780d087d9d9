"""``check``: every finding about the card files that needs no patient, in one run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from ...authored_yaml.source import AuthoringError, Mistakes
from ...config import Settings
from ...content import CARDS
from ...engine import PARAMETER_SETS, Engine, definitions, note_wrong_orders, vocabulary
from ...facts.catalogue import CATALOGUE
from ...rendering.orders import drugs_of
from ...rules.card_set import overrides, read_cards
from ...rules.condition_file import Vocabulary
from ...rules.evidence_file import read_evidence
from ...rules.parameter_file import read_parameters, words_of
from ...rules.parameter_text import note_wrong_definitions
from ...rules.shared_files import Folder, read_folders
from ...rules.sign_off_file import read_sign_offs
from ...site_codes import read_site_codes
from ..card_tests import CardTestResult, run_card, with_drafts
from .finding import Finding
from .of_cards import card_findings, failing_tests
from .of_definitions import definition_findings
from .of_files import file_findings
from .of_set import set_findings


def check(local: tuple[Path, ...], settings: Settings, today: date | None = None) -> list[Finding]:
    """Return the findings on the built-in cards and the ``local`` folders over them, by file and
    line. ``today``: the day on which sources and reviews are judged, by default the clock's.

    If a file cannot be read, the findings on the set as a whole are left out.
    """
    ours = tuple(folder for folder in local if folder.resolve() != CARDS)
    return sorted(
        set(_findings(ours, settings, today or date.today())),
        key=lambda finding: (finding.place, finding.code, finding.what),
    )


def _findings(local: tuple[Path, ...], settings: Settings, today: date) -> Iterator[Finding]:
    mistakes = Mistakes()
    found = read_folders(CARDS, local, mistakes)
    mistaken: set[str] = set()
    evidence = read_evidence(found, mistakes, mistaken)
    try:
        terminology, templates = definitions(settings.parameters)
        # A card that cites a mistaken entry is not itself mistaken.
        cited = [*evidence, *sorted(mistaken - evidence.keys())]
        names = vocabulary(cited, templates, {})
    except AuthoringError as error:  # nothing else can be judged without value sets and orders
        yield from map(Finding.of, error.all)
        return
    yield from definition_findings()
    read_site_codes(found, terminology, drugs_of(templates, terminology), mistakes)
    read_sign_offs(found, mistakes)
    titles = {order: template.title for order, template in templates.items()}
    for parameter_set in PARAMETER_SETS:
        parameters = read_parameters(found, parameter_set, names.evidence, mistakes, [])
        built_in = read_parameters(found[:1], parameter_set, names.evidence, mistakes, [])
        note_wrong_orders(parameters, built_in, templates, mistakes)
        names = vocabulary(cited, templates, words_of(parameters, titles))
        note_wrong_definitions(CATALOGUE, names.parameters, mistakes)
        read_cards(found, names, parameter_set, mistakes, [])
    in_files = [finding for folder in found for finding in file_findings(folder, names)]
    yield from in_files
    yield from map(Finding.of, mistakes)
    if in_files or mistakes:
        return
    yield from _findings_of_the_whole(local, settings, found, names, today)


def _findings_of_the_whole(
    local: tuple[Path, ...], settings: Settings, found: list[Folder], names: Vocabulary, today: date
) -> Iterator[Finding]:
    """The findings that need every file to be readable."""
    engines = {
        name: settings.model_copy(update={"cards": local, "parameters": name})
        for name in PARAMETER_SETS
    }
    try:
        loaded = {name: Engine(chosen) for name, chosen in engines.items()}
    except AuthoringError as error:
        yield from map(Finding.of, error.all)
        return
    whole = {name: with_drafts(engine) for name, engine in loaded.items()}
    served = [card for engine in whole.values() for card in engine.cards.values()]
    results: list[CardTestResult] = []
    for name, engine in whole.items():
        for card in engine.cards.values():
            beside = loaded[name] if card.id in loaded[name].cards else engine
            yield from card_findings(card, beside, served, today)
            results += run_card(card, beside.cards, name)
    yield from failing_tests(results)
    yield from set_findings(whole, today)
    if local:
        yield from _overriding(found, names)


def _overriding(found: list[Folder], names: Vocabulary) -> Iterator[Finding]:
    for parameter_set in PARAMETER_SETS:
        for override in overrides(found, names, parameter_set):
            yield Finding(
                "overrides", "info", override.place, f"{override.what} (over {override.over}).", ""
            )
