"""Loading ``cards/``: parameters, evidence and every card of one parameter set, checked as a whole."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping as AnyMapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from .card import Card
from .card_file import HOOKS, Vocabulary, parse_card
from .conditions import CardHolds
from .yaml_reader import meant
from .yaml_source import AuthoringError, Mapping, Place, load

STRENGTHS = ("guideline", "label", "trial", "cohort", "review", "expert", "local")
BASES = ("guideline", "label", "review", "founding-document", "engineering", "local-policy")
SHARED_FILES = frozenset({"evidence.yaml", "parameters"})


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


class ParameterEntry(NamedTuple):
    """An entry of a parameter file: ``value`` is a number, or a number for each unit."""

    value: Any
    source: str
    basis: str
    note: str


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


def _file(path: Path, root: Path) -> Mapping:
    shown = f"{root.name}/{path.relative_to(root).as_posix()}"
    content = load(path, shown)
    if not isinstance(content, Mapping):
        raise AuthoringError(Place(shown, 1, 1), "a mapping (key: value) is expected here.")
    return content


def load_evidence(root: Path) -> dict[str, EvidenceEntry]:
    """``evidence.yaml`` under ``root`` by key."""
    content = _file(root / "evidence.yaml", root)
    keys = ("title", "url", "date", "strength", "supports", "disagrees", "review")
    found = {}
    for key in content:
        entry = _entry(content, key, keys, ("title", "url", "date", "strength", "supports"))
        if entry["strength"] not in STRENGTHS:
            raise AuthoringError(entry.at("strength"), f"no strength {entry['strength']!r}.", meant(str(entry["strength"]), STRENGTHS))
        try:
            dated = date.fromisoformat(str(entry["date"]))
        except ValueError:
            raise AuthoringError(entry.at("date"), "this is no date.", "Write it as 2026-11-23.") from None
        found[key] = EvidenceEntry(
            key, entry["title"], entry["url"], dated, entry["strength"], entry["supports"],
            entry.get("disagrees") or "", entry.get("review") == "needed",
        )  # fmt: skip
    return found


def load_parameters(root: Path, parameter_set: str, evidence: Collection[str]) -> dict[str, ParameterEntry]:
    """The parameters of a set: ``default.yaml`` with the set's own file over it."""
    parameters = _parameter_file(root / "parameters" / "default.yaml", root, evidence, None)
    if parameter_set != "default":
        changes = _parameter_file(root / "parameters" / f"{parameter_set}.yaml", root, evidence, parameters)
        parameters.update(changes)
    return parameters


def _parameter_file(
    path: Path, root: Path, evidence: Collection[str], known: AnyMapping[str, ParameterEntry] | None
) -> dict[str, ParameterEntry]:
    content = _file(path, root)
    found = {}
    for key in content:
        entry = _entry(content, key, ("value", "source", "basis", "note"), ("value", "source", "basis"))
        if known is not None and key not in known:
            raise AuthoringError(content.at(key), f"there is no parameter {key!r}.", meant(key, known))
        if entry["source"] not in evidence:
            raise AuthoringError(entry.at("source"), f"there is no evidence {entry['source']!r}.", meant(str(entry["source"]), evidence))
        if entry["basis"] not in BASES:
            raise AuthoringError(entry.at("basis"), f"there is no basis {entry['basis']!r}.", meant(str(entry["basis"]), BASES))
        found[key] = ParameterEntry(entry["value"], entry["source"], entry["basis"], entry.get("note") or "")
    return found


def load_cards(root: Path, vocabulary: Vocabulary, parameter_set: str) -> dict[str, Card]:
    """Every active card under ``root`` by id, in the order of rank. Raises :class:`AuthoringError`."""
    cards: dict[str, Card] = {}
    inactive: set[str] = set()
    for path in sorted(root.rglob("*.yaml")):
        if path.relative_to(root).parts[0] in SHARED_FILES:
            continue
        content = _file(path, root)
        card = parse_card(content, content.place, vocabulary, parameter_set)
        if card.id != path.stem:
            raise AuthoringError(content.at("id"), f"the card {card.id!r} stands in {path.name}.", f"Name the file {card.id}.yaml.")
        if card.id in cards:
            raise AuthoringError(content.at("id"), f"another file holds the card {card.id!r}.")
        if card.status == "active":
            cards[card.id] = card
        else:
            inactive.add(card.id)
    _check_references(cards, inactive)
    return dict(sorted(cards.items(), key=lambda item: item[1].rank))


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
