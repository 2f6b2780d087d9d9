"""Loading ``cards/`` and a site's own folders of the same form: parameters, evidence and every card of one parameter set.

Checked as a whole. A later folder may add cards and sources and may override cards and parameters of the ones before it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from collections.abc import Mapping as AnyMapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from .card import Card
from .card_file import HOOKS, Vocabulary, parse_card
from .conditions import CardHolds
from .yaml_reader import meant
from .yaml_source import AuthoringError, Mapping, Place, load

STRENGTHS = ("guideline", "label", "trial", "cohort", "review", "expert", "local")
BASES = ("guideline", "label", "review", "founding-document", "engineering", "local-policy")
SITE_FILE = "site.yaml"
SHARED_FILES = frozenset({"evidence.yaml", "parameters", SITE_FILE})
# Limits of which the second may never be below the first; the classes between them would be empty or turned about.
ASCENDING = (
    ("b12.total.deficient_below", "b12.total.sufficient_above"),
    ("b12.active.deficient_below", "b12.active.sufficient_above"),
    ("folate.serum.deficient_below", "folate.serum.sufficient_from"),
    ("potassium.severe_below", "potassium.low_below"),
    ("anaemia.severe", "anaemia.women"),
    ("anaemia.severe_pregnant_or_under_5", "anaemia.pregnant_below"),
    ("anaemia.pregnant_below", "anaemia.pregnant_none_from"),
    ("anaemia.women", "anaemia.men"),
    ("therapy.oral_from_dietary", "therapy.oral_from"),
    ("window.potassium", "window.potassium_recent"),
    ("monitoring.every", "monitoring.every_when_stable"),
)  # fmt: skip
OWNER = re.compile(r"[0-9A-Za-z]+(?:-[0-9A-Za-z]+)*\Z")


class Folder(NamedTuple):
    """A folder of cards, how it is told in messages, and whose it is: ``""`` for the built-in one."""

    root: Path
    shown: str
    owner: str = ""


class Override(NamedTuple):
    """What a later folder says in place of an earlier one."""

    what: str
    place: Place
    over: Place

    def __str__(self) -> str:
        return f"{self.place}: {self.what} (over {self.over})"


class EvidenceEntry(NamedTuple):
    """An entry of the evidence file."""

    key: str
    title: str
    url: str
    date: date
    strength: str
    supports: str
    disagrees: str
    review_needed: bool
    place: Place


class ParameterEntry(NamedTuple):
    """An entry of a parameter file: ``value`` is a number, or a number for each unit."""

    value: Any
    source: str
    basis: str
    note: str
    place: Place


def folders(built_in: Path, local: Sequence[Path]) -> list[Folder]:
    """The built-in folder and then the ``local`` ones, each of which names its owner. Raises :class:`AuthoringError`."""
    return [Folder(built_in, built_in.name), *map(_local_folder, local)]


def _local_folder(root: Path) -> Folder:
    folder = Folder(root, root.as_posix())
    place = Place(f"{folder.shown}/{SITE_FILE}", 1, 1)
    mend = "Write in it: owner: the-name-of-your-site."
    if not root.is_dir():
        raise AuthoringError(Place(folder.shown, 1, 1), "there is no such folder of cards.", "CDS_CARDS names it.")
    if not (root / SITE_FILE).exists():
        raise AuthoringError(place, "a folder of local cards says whose they are.", mend)
    content = _file(root / SITE_FILE, folder)
    owner = content.get("owner")
    if set(content) != {"owner"} or not isinstance(owner, str) or not OWNER.match(owner):
        raise AuthoringError(content.at("owner"), "the owner is a name of letters, digits and single hyphens.", mend)
    return folder._replace(owner=owner)


def _entry(parent: Mapping, key: str, allowed: tuple[str, ...], required: tuple[str, ...]) -> Mapping:
    value = parent[key]
    if not isinstance(value, Mapping):
        raise AuthoringError(parent.at(key), f"{key!r} must be a mapping.")
    for name in value:
        if name not in allowed:
            raise AuthoringError(value.at(name), f"there is no key {name!r} here.", meant(name, allowed))
    for name in required:
        if name not in value:
            raise AuthoringError(value.place, f"the key {name!r} is missing.")
    return value


def _file(path: Path, folder: Folder) -> Mapping:
    shown = f"{folder.shown}/{path.relative_to(folder.root).as_posix()}"
    content = load(path, shown)
    if not isinstance(content, Mapping):
        raise AuthoringError(Place(shown, 1, 1), "a mapping (key: value) is expected here.")
    return content


def load_evidence(folders: Sequence[Folder]) -> dict[str, EvidenceEntry]:
    """The ``evidence.yaml`` of each folder by key; a local one adds entries and changes none."""
    found: dict[str, EvidenceEntry] = {}
    for folder in folders:
        path = folder.root / "evidence.yaml"
        if folder.owner and not path.exists():
            continue
        content = _file(path, folder)
        for key in content:
            if key in found:
                raise AuthoringError(content.at(key), f"the evidence {key!r} stands in another folder.", "Give yours another key.")
            found[key] = _evidence_entry(content, key)
    return found


def _evidence_entry(content: Mapping, key: str) -> EvidenceEntry:
    keys = ("title", "url", "date", "strength", "supports", "disagrees", "review")
    entry = _entry(content, key, keys, ("title", "url", "date", "strength", "supports"))
    if entry["strength"] not in STRENGTHS:
        raise AuthoringError(entry.at("strength"), f"no strength {entry['strength']!r}.", meant(str(entry["strength"]), STRENGTHS))
    try:
        dated = date.fromisoformat(str(entry["date"]))
    except ValueError:
        raise AuthoringError(entry.at("date"), "this is no date.", "Write it as 2026-11-23.") from None
    return EvidenceEntry(
        key, entry["title"], entry["url"], dated, entry["strength"], entry["supports"],
        entry.get("disagrees") or "", entry.get("review") == "needed", content.at(key),
    )  # fmt: skip


def load_parameters(folders: Sequence[Folder], parameter_set: str, evidence: Collection[str]) -> dict[str, ParameterEntry]:
    """The parameters of a set: of each folder ``default.yaml``, with the set's own file over it."""
    return _parameters(folders, parameter_set, evidence, [])


def _parameters(
    folders: Sequence[Folder], parameter_set: str, evidence: Collection[str], overrides: list[Override]
) -> dict[str, ParameterEntry]:
    found: dict[str, ParameterEntry] = {}
    for folder in folders:
        for name in dict.fromkeys(("default", parameter_set)):
            path = folder.root / "parameters" / f"{name}.yaml"
            if folder.owner and not path.exists():
                continue
            changes = _parameter_file(path, folder, evidence, found)
            if folder.owner:
                overrides += [
                    Override(f"{key} is {value_words(entry.value)}, not {value_words(found[key].value)}", entry.place, found[key].place)
                    for key, entry in changes.items()
                ]
            found.update(changes)
            _check_order(found, changes)
    return found


def value_words(value: Any) -> str:
    """A parameter's value for a reader."""
    return ", ".join(f"{number} {unit}" for unit, number in value.items()) if isinstance(value, dict) else str(value)


def _parameter_file(
    path: Path, folder: Folder, evidence: Collection[str], known: AnyMapping[str, ParameterEntry]
) -> dict[str, ParameterEntry]:
    content = _file(path, folder)
    found = {}
    for key in content:
        entry = _entry(content, key, ("value", "source", "basis", "note"), ("value", "source", "basis"))
        if known and key not in known:
            raise AuthoringError(content.at(key), f"there is no parameter {key!r}.", meant(key, known))
        if entry["source"] not in evidence:
            raise AuthoringError(entry.at("source"), f"there is no evidence {entry['source']!r}.", meant(str(entry["source"]), evidence))
        if entry["basis"] not in BASES:
            raise AuthoringError(entry.at("basis"), f"there is no basis {entry['basis']!r}.", meant(str(entry["basis"]), BASES))
        if key in known:
            _check_form(entry, known[key].value)
        found[key] = ParameterEntry(entry["value"], entry["source"], entry["basis"], entry.get("note") or "", content.at(key))
    return found


def _check_form(entry: Mapping, before: Any) -> None:
    """A value in place of another has its form: the same units, a number for a number, a name for a name."""
    value, place = entry["value"], entry.at("value")
    if isinstance(before, dict):
        if not isinstance(value, Mapping) or set(value) != set(before):
            raise AuthoringError(place, f"this parameter has a value in each of: {', '.join(before)}.")
        for unit in value:
            _check_number(value[unit], value.at(unit))
    elif isinstance(before, Decimal):
        _check_number(value, place)
    elif not isinstance(value, str):
        raise AuthoringError(place, f"this parameter is a name, such as {before}.")


def _check_number(value: Any, place: Place) -> None:
    if not isinstance(value, Decimal) or value < 0:
        raise AuthoringError(place, f"{value!r} is no number from 0 on.", "A parameter's unit stands as its key or in its note.")


def _check_order(parameters: AnyMapping[str, ParameterEntry], changes: AnyMapping[str, ParameterEntry]) -> None:
    for low, high in ASCENDING:
        changed = changes.get(low) or changes.get(high)
        if changed is None or low not in parameters or high not in parameters:
            continue
        below, above = parameters[low].value, parameters[high].value
        for unit in below if isinstance(below, dict) else ("",):
            first, second = (value[unit] if unit else value for value in (below, above))
            if first > second:
                told = f"{low} ({first} {unit}".rstrip() + f") is above {high} ({second} {unit}".rstrip() + ")."
                raise AuthoringError(changed.place, told, "Patients between the two would be in no class, or in two.")


def load_cards(
    folders: Sequence[Folder], vocabulary: Vocabulary, parameter_set: str, activate: Collection[str] = ()
) -> dict[str, Card]:
    """Every active card by id, in the order of rank; of a local folder its version names the owner. Drafts that ``activate``
    names are among them.

    Raises :class:`AuthoringError`.
    """
    cards = _cards(folders, vocabulary, parameter_set, [])
    active = {card_id: card for card_id, card in cards.items() if card.status == "active" or (_is_draft(card) and card_id in activate)}
    _check_references(active, cards.keys() - active.keys())
    return dict(sorted(active.items(), key=lambda item: item[1].rank))


def draft_ids(folders: Sequence[Folder], vocabulary: Vocabulary, parameter_set: str) -> frozenset[str]:
    """The cards that wait to be activated. Raises :class:`AuthoringError`."""
    return frozenset(card_id for card_id, card in _cards(folders, vocabulary, parameter_set, []).items() if _is_draft(card))


def _is_draft(card: Card) -> bool:
    return card.status == "draft"


def _cards(folders: Sequence[Folder], vocabulary: Vocabulary, parameter_set: str, overrides: list[Override]) -> dict[str, Card]:
    """The card of each id that the last folder has of it, whatever its status."""
    cards: dict[str, Card] = {}
    for folder in folders:
        for card in _cards_of(folder, vocabulary, parameter_set).values():
            before = cards.get(card.id)
            if before:
                told = f"card {card.id} {card.version} {'replaces' if card.status == 'active' else 'turns off'} {before.version}"
                overrides.append(Override(told, card.place, before.place))
            cards[card.id] = card
    return cards


def card_files(folder: Folder) -> list[Path]:
    """The files of a folder that hold a card each."""
    return [path for path in sorted(folder.root.rglob("*.yaml")) if path.relative_to(folder.root).parts[0] not in SHARED_FILES]


def load_card(path: Path, folder: Folder, vocabulary: Vocabulary, parameter_set: str) -> Card:
    """The card in a file of ``folder``. Raises :class:`AuthoringError`."""
    content = _file(path, folder)
    card = parse_card(content, content.place, vocabulary, parameter_set)
    if card.id != path.stem:
        raise AuthoringError(content.at("id"), f"the card {card.id!r} stands in {path.name}.", f"Name the file {card.id}.yaml.")
    # What follows "+" in a version tells builds apart (Semantic Versioning 2.0.0, 10).
    return replace(card, version=f"{card.version}+{folder.owner}") if folder.owner else card


def _cards_of(folder: Folder, vocabulary: Vocabulary, parameter_set: str) -> dict[str, Card]:
    cards: dict[str, Card] = {}
    for path in card_files(folder):
        card = load_card(path, folder, vocabulary, parameter_set)
        if card.id in cards:
            raise AuthoringError(card.place, f"another file holds the card {card.id!r}: {cards[card.id].place.file}.")
        cards[card.id] = card
    return cards


def overrides(folders: Sequence[Folder], vocabulary: Vocabulary, parameter_set: str) -> Iterator[Override]:
    """What the local folders say in place of others: parameters, then cards."""
    found: list[Override] = []
    _parameters(folders, parameter_set, vocabulary.evidence, found)
    _cards(folders, vocabulary, parameter_set, found)
    yield from found


def _check_references(cards: AnyMapping[str, Card], inactive: Collection[str]) -> None:
    """Cards that look at other cards must name one (which may be inactive in this set), and never in a circle."""

    def visit(card: Card, path: tuple[str, ...]) -> None:
        for condition in card.conditions:
            if isinstance(condition, CardHolds):
                if condition.card in inactive:
                    continue
                if condition.card not in cards:
                    raise AuthoringError(condition.place, f"there is no card {condition.card!r}.", meant(condition.card, cards))
                if condition.card in (*path, card.id):
                    raise AuthoringError(condition.place, f"{card.id} and {condition.card} look at each other.")
                visit(cards[condition.card], (*path, card.id))

    for card in cards.values():
        visit(card, ())


def of_hook(cards: AnyMapping[str, Card], hook: str) -> dict[str, Card]:
    """The cards that speak on ``hook``."""
    assert hook in HOOKS
    return {card_id: card for card_id, card in cards.items() if hook in card.hooks}
