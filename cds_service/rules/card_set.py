"""Loading ``cards/`` and a site's own folders of the same form: every card of one parameter set,
checked as a whole.

A later folder may add cards, and may override cards of earlier ones.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from collections.abc import Mapping as AnyMapping
from dataclasses import replace
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from ..authored_yaml.reader import meant, near
from ..authored_yaml.source import AuthoringError, Mapping, Mistakes, Place
from .card import Card
from .card_file import parse_card
from .condition_file import Vocabulary
from .evidence_file import EvidenceEntry, load_evidence
from .hook_table import HOOKS
from .parameter_file import ParameterEntry, load_parameters, read_parameters
from .shared_files import PARAMETERS, SHARED_FILES, Folder, Override, folders, read_file, shown_name

__all__ = [
    "EvidenceEntry", "Folder", "Override", "ParameterEntry", "card_files", "folders", "load_card",
    "load_cards", "load_evidence", "load_parameters", "of_hook", "overrides",
]  # fmt: skip


# A text editor may add '.txt' on its own.
_NAMED_AS_YAML = re.compile(r"\.ya?ml(?:\.txt)?\Z", re.IGNORECASE)


def load_cards(
    folders: Sequence[Folder],
    vocabulary: Vocabulary,
    parameter_set: str,
    activate: Collection[str] = (),
) -> dict[str, Card]:
    """Every active card by id, in order of rank, and the drafts that ``activate`` names. The
    version of a card from a local folder names its owner.

    Raises :class:`AuthoringError` with all mistakes found.
    """
    mistakes = Mistakes()
    found = read_cards(folders, vocabulary, parameter_set, mistakes, [], activate)
    mistakes.tell()
    return found


def draft_ids(
    folders: Sequence[Folder], vocabulary: Vocabulary, parameter_set: str
) -> frozenset[str]:
    """The cards that wait to be activated. Raises :class:`AuthoringError` with all mistakes
    found."""
    mistakes = Mistakes()
    cards = _read_all(folders, vocabulary, parameter_set, mistakes, [])
    mistakes.tell()
    return frozenset(card_id for card_id, card in cards.items() if card.status == "draft")


def read_cards(
    folders: Sequence[Folder],
    vocabulary: Vocabulary,
    parameter_set: str,
    mistakes: Mistakes,
    overrides: list[Override],
    activate: Collection[str] = (),
) -> dict[str, Card]:
    """The active cards, and the drafts that ``activate`` names. Mistaken cards are left out, and
    their mistakes noted; what a local folder overrides is added to ``overrides``."""
    cards = _read_all(folders, vocabulary, parameter_set, mistakes, overrides)
    active = {
        card_id: card
        for card_id, card in cards.items()
        if card.status == "active" or (card.status == "draft" and card_id in activate)
    }
    named = {path.stem for folder in folders for path in card_files(folder)}
    _check_references(active, named, mistakes)
    return dict(sorted(active.items(), key=lambda item: item[1].rank))


def _read_all(
    folders: Sequence[Folder],
    vocabulary: Vocabulary,
    parameter_set: str,
    mistakes: Mistakes,
    overrides: list[Override],
) -> dict[str, Card]:
    """The cards by id, each from the last folder that has it, whatever its status."""
    cards: dict[str, Card] = {}
    for folder in folders:
        _check_names(folder, vocabulary, mistakes)
        for card in _cards_of(folder, vocabulary, parameter_set, mistakes).values():
            before = cards.get(card.id)
            if before:
                told = (
                    f"card {card.id} {card.version} "
                    f"{'replaces' if card.status == 'active' else 'turns off'} {before.version}"
                )
                overrides.append(Override(told, card.place, before.place))
            cards[card.id] = card
    return cards


def card_files(folder: Folder) -> list[Path]:
    """The files of a folder that hold a card each."""
    return [
        path
        for path in _yaml_files(folder)
        if path.suffix == ".yaml" and path.relative_to(folder.root).parts[0] not in SHARED_FILES
    ]


def file_of(card: Card, folders: Sequence[Folder]) -> tuple[Path, Folder]:
    """The file of a loaded card, and its folder among ``folders``."""
    folder = next(
        folder for folder in reversed(folders) if card.place.file.startswith(f"{folder.shown}/")
    )
    return folder.root / card.place.file.removeprefix(f"{folder.shown}/"), folder


def _yaml_files(folder: Folder) -> list[Path]:
    """The files named as YAML, without hidden ones: working files of editors, versions of a mounted
    folder."""
    found = sorted(path for path in folder.root.rglob("*") if _NAMED_AS_YAML.search(path.name))
    return [
        path
        for path in found
        if not any(part.startswith(".") for part in path.relative_to(folder.root).parts)
    ]


def _check_names(folder: Folder, vocabulary: Vocabulary, mistakes: Mistakes) -> None:
    """Note each file that is not read although its author may expect it to be."""
    for path in _yaml_files(folder):
        place = Place(shown_name(path, folder), 1, 1)
        if path.suffix != ".yaml":
            ending = _NAMED_AS_YAML.search(path.name)
            named = path.name[: ending.start()] if ending else path.stem
            mistakes.note(
                AuthoringError(
                    place,
                    f"a file that ends in {path.name[len(named) :]} is not read.",
                    f"Rename it to {named}.yaml.",
                )
            )
        elif (
            path.relative_to(folder.root).parts[0] == PARAMETERS
            and path.stem not in vocabulary.parameter_sets
        ):
            mend = meant(path.stem, vocabulary.parameter_sets)
            mistakes.note(
                AuthoringError(
                    place,
                    f"there is no parameter set {path.stem!r}, so this file is not read.",
                    mend,
                )
            )


def load_card(path: Path, folder: Folder, vocabulary: Vocabulary, parameter_set: str) -> Card:
    """The card in a file of ``folder``. Raises :class:`AuthoringError` with all mistakes found."""
    if path.name in SHARED_FILES or path.parent.name == PARAMETERS:
        place = Place(shown_name(path, folder), 1, 1)
        raise AuthoringError(
            place,
            "this is not a card; a file of this name is read only at the top of a folder.",
            "Move it there, or rename it.",
        )
    content = read_file(path, folder)
    meant_as = _misnamed(path.relative_to(folder.root).parts[0], content)
    if meant_as:
        place = Place(shown_name(path, folder), 1, 1)
        raise AuthoringError(
            place,
            "this file is read as a card but has none of its keys.",
            f"Did you mean {meant_as}?",
        )
    mistakes = Mistakes()
    # A file without ``parameter_sets`` is the same in every set, and so parsed once.
    of_set = parameter_set if "parameter_sets" in content else ""
    if content.get("id") != path.stem and isinstance(content.get("id"), str):
        mend = f"Rename the file to {content['id']}.yaml, or change the id to {path.stem}."
        mistakes.note(
            AuthoringError(content.at("id"), f"the card {content['id']!r} is in {path.name}.", mend)
        )
    with mistakes.noting():
        card = _parsed(content, vocabulary, of_set)
    mistakes.tell()
    # In a version, "+" begins the name of a build (Semantic Versioning 2.0.0, 10).
    return replace(card, version=f"{card.version}+{folder.owner}") if folder.owner else card


@lru_cache(maxsize=512)
def _parsed(content: Mapping, vocabulary: Vocabulary, parameter_set: str) -> Card:
    return parse_card(content, content.place, vocabulary, parameter_set)


def _misnamed(name: str, content: AnyMapping[str, object]) -> str:
    """The shared file or folder that a file without a card's keys was probably meant to be, by the
    first part of its path; ``""`` if there is none."""
    return (
        ""
        if {"id", "card", "include"} & content.keys()
        else next(iter(near(name, SHARED_FILES)), "")
    )


def _cards_of(
    folder: Folder, vocabulary: Vocabulary, parameter_set: str, mistakes: Mistakes
) -> dict[str, Card]:
    cards: dict[str, Card] = {}
    for path in card_files(folder):
        with mistakes.noting():
            card = load_card(path, folder, vocabulary, parameter_set)
            if card.id in cards:
                told = f"another file has the same card {card.id!r}: {cards[card.id].place.file}."
                raise AuthoringError(
                    card.places["id"],
                    told,
                    "Remove one of the two, or give it another id and file name.",
                )
            cards[card.id] = card
    return cards


def overrides(
    folders: Sequence[Folder], vocabulary: Vocabulary, parameter_set: str
) -> Iterator[Override]:
    """What the local folders override: parameters, then cards. Raises :class:`AuthoringError`."""
    mistakes = Mistakes()
    found: list[Override] = []
    read_parameters(folders, parameter_set, vocabulary.evidence, mistakes, found)
    read_cards(folders, vocabulary, parameter_set, mistakes, found)
    mistakes.tell()
    yield from found


def _check_references(
    cards: AnyMapping[str, Card], named: Collection[str], mistakes: Mistakes
) -> None:
    """Note each condition on a card that does not exist (it may be inactive in this set), and each
    circle of cards that look at each other."""
    looks = {
        (card.id, condition.card): condition
        for card in cards.values()
        for condition in card.conditions
        if condition.card
    }
    graph: dict[str, list[str]] = {}
    for (looking, seen), condition in looks.items():
        if seen in cards:
            graph.setdefault(looking, []).append(seen)
        elif seen not in named:
            mistakes.note(
                AuthoringError(condition.place, f"there is no card {seen!r}.", meant(seen, cards))
            )
    while circle := _circle(graph):
        told = " asks about ".join(circle) if len(circle) > 2 else f"{circle[0]} asks about itself"
        place = looks[circle[0], circle[1]].place
        mistakes.note(
            AuthoringError(
                place,
                f"cards cannot ask about each other in a circle: {told}.",
                "Remove one of these conditions.",
            )
        )
        graph[circle[0]].remove(circle[1])


def _circle(graph: AnyMapping[str, Collection[str]]) -> list[str]:
    """One circle in ``graph``, which begins and ends with its alphabetically first name; empty if
    there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1][:0:-1]
        first = found.index(min(found))
        return [*found[first:], *found[: first + 1]]
    return []


def of_hook(cards: AnyMapping[str, Card], hook: str) -> dict[str, Card]:
    """The cards that speak on ``hook``."""
    assert hook in HOOKS
    return {card_id: card for card_id, card in cards.items() if hook in card.hooks}
