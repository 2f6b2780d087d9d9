"""The entries of the catalogue, and the search in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple

from ...authoring.card_words import in_words, plain, readable, title, unlinked
from ...authoring.pages.cards import Placed, topic_title
from ...facts.catalogue import CATALOGUE
from ...rules.parameter_text import with_parameters

KINDS = {
    "cards": "Cards",
    "facts": "Facts",
    "parameters": "Parameters",
    "evidence": "Evidence",
    "value-sets": "Value sets",
    "orders": "Order templates",
}
LONGEST_QUERY = 100


class Entry(NamedTuple):
    """An entry of the catalogue. ``told``: a line about it; ``mark``: a card's indicator;
    ``group``: the heading that it is listed under; ``words``: the case-folded text that the search
    looks in."""

    kind: str
    name: str
    title: str
    told: str
    mark: str
    group: str
    words: str


class Found(NamedTuple):
    """The entries of one kind that a search found."""

    kind: str
    label: str
    entries: list[Entry]

    @property
    def groups(self) -> dict[str, list[Entry]]:
        """The entries by heading."""
        groups: dict[str, list[Entry]] = {}
        for entry in self.entries:
            groups.setdefault(entry.group, []).append(entry)
        return groups


def search(entries: Iterable[Entry], query: str, kind: str = "") -> list[Found]:
    """Find the entries of one ``kind`` (``""`` for all) that contain every word of ``query``.
    Entries with all words in their name or title come first."""
    asked = query[:LONGEST_QUERY].casefold().split()
    found: dict[str, list[Entry]] = {name: [] for name in KINDS}
    for entry in entries:
        if kind in ("", entry.kind) and all(word in entry.words for word in asked):
            found[entry.kind].append(entry)
    if asked:
        for of_kind in found.values():
            of_kind.sort(
                key=lambda entry: (
                    not all(word in f"{entry.name} {entry.title}".casefold() for word in asked)
                )
            )
    return [Found(name, KINDS[name], of_kind) for name, of_kind in found.items() if of_kind]


def card_entries(placed: Iterable[Placed]) -> Iterator[Entry]:
    """An entry for each card, found by its texts, its criteria and the facts that it reads."""
    for card, _ in placed:
        summary = readable(card.summary)
        texts = [readable(paragraph.text) for paragraph in card.detail] + [
            suggestion.label for suggestion in card.suggestions
        ]
        criteria = [unlinked(text) for text in in_words((*card.include, *card.exclude))]
        facts = chain.from_iterable((name, title(name)) for name in card.facts)
        topic = topic_title(card.topic)
        words = _words(card.id, card.title, summary, topic, *texts, *criteria, *facts, *card.hooks)
        yield Entry("cards", card.id, card.title, summary, card.indicator, topic, words)


def fact_entries(limits: Any) -> Iterator[Entry]:
    """An entry for each fact. ``limits``: the parameters' values as shown in texts."""
    for definition in CATALOGUE.values():
        told = unlinked(plain(with_parameters(definition.doc, limits)))
        group = definition.name.partition(".")[0]
        yield Entry(
            "facts",
            definition.name,
            plain(definition.title),
            told,
            "",
            group,
            _words(definition.name, definition.title, told),
        )


def parameter_entries(rows: Iterable[dict[str, Any]]) -> Iterator[Entry]:
    """An entry for each parameter, with its value in every set."""
    for row in rows:
        values = [
            row["default"],
            *(f"{name}: {value}" for name, value in row["others"].items() if value),
        ]
        told = "; ".join(filter(None, (*values, row["note"])))
        words = _words(row["name"], told, *row["notes"])
        yield Entry(
            "parameters", row["name"], row["name"], told, "", row["name"].partition(".")[0], words
        )


def source_entries(rows: Iterable[dict[str, Any]]) -> Iterator[Entry]:
    """An entry for each source."""
    for row in rows:
        told = f"{row['strength']}, {row['date']}"
        words = _words(row["key"], row["title"], told, row["supports"], row["disagrees"])
        yield Entry("evidence", row["key"], row["title"], told, "", "", words)


def value_set_entries(rows: Iterable[dict[str, Any]]) -> Iterator[Entry]:
    """An entry for each value set, found by its codes and their displays."""
    for row in rows:
        count = len(row["codes"])
        told = (
            f"{count} {'code' if count == 1 else 'codes'}"
            if count
            else f"all of {', '.join(row['holds'])}"
        )
        codes = chain.from_iterable(
            (code["code"], code["display"], code["system"]) for code in row["codes"]
        )
        yield Entry(
            "value-sets",
            row["id"],
            row["title"],
            told,
            "",
            "",
            _words(row["id"], row["title"], row["description"], *codes),
        )


def order_entries(rows: Iterable[dict[str, Any]]) -> Iterator[Entry]:
    """An entry for each order template."""
    for row in rows:
        codes = chain.from_iterable(
            (code["code"], code.get("display", "")) for code in row["codes"]
        )
        words = _words(row["id"], row["title"], row["description"], *row["dosage"], *codes)
        yield Entry("orders", row["id"], row["title"], row["description"], "", "", words)


def _words(*texts: str) -> str:
    return " ".join(texts).casefold()
