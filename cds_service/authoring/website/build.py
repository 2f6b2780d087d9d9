"""The whole site: its pages, their content, and writing them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ...engine import PARAMETER_SETS
from ...rules.card import Card
from ...rules.card_set import file_of
from ..drawing.html import STYLE_FILE
from ..pages import CLAUSES, PAGES, STATEMENTS, page
from ..pages.cards import card_rows, placed_cards
from ..pages.facts import fact_rows
from ..pages.sources import evidence_rows
from ..safety.job import engine
from .addresses import CARDS_PAGE, Addresses, page_of_file, way
from .audiences import Audience, Reading, audiences, introduction
from .cards import card_content, linked_plain
from .examples import example_of
from .markdown import as_html, inline_html
from .outline import outlined
from .profiles import order_rows, value_set_rows
from .searching import Entry, entries_of, index_script

_ASSETS = ("style.css", "filter.js", "reading.js", "search.js", "icon.svg")
_README = "README.md"
_NEEDS = {"cards": STATEMENTS, "conformance": CLAUSES}
# Pages with a template of their own; the page of facts replaces the document of that name.
_OWN_FORM = frozenset({"index", "card-list", "facts", "value-sets", "orders", "search"})
_MAIN = (
    (CARDS_PAGE, "Cards"),
    ("facts.html", "Facts"),
    ("parameters.html", "Parameters"),
    ("evidence.html", "Evidence"),
    ("value-sets.html", "Value sets"),
    ("orders.html", "Orders"),
    ("index.html#documents", "Documents"),
)
_NAVIGATED = frozenset(path for path, _ in _MAIN)
# How a page is indexed for the search: each part that has an address by itself, the page as one
# part, or the title alone.
_IN_PARTS, _WHOLE, _BY_TITLE = range(3)
# The page of cards in Markdown, beside the pages of single cards.
_LABELS = {"cards": "All cards in tables, and the founding guidance statement by statement"}


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("cds_service.authoring.website"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )


def build(folder: Path) -> dict[str, str]:
    """Return every file of the site by its path. ``folder``: the documents; if it does not exist,
    the site has only the cards.

    Raises :class:`~cds_service.authored_yaml.source.AuthoringError` if a card has a mistake.
    """
    return _Site(folder).built()


def write(built: Mapping[str, str], target: Path) -> int:
    """Write the files of a site into the folder ``target`` and return their number. Raises
    :class:`OSError`."""
    for path, text in built.items():
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8", newline="\n")
    return len(built)


class _Site:
    """One build."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.placed = placed_cards()
        self.documents = self._documents()
        self.addresses = Addresses(
            {f"../{placed.card.place.file}": placed.card.id for placed in self.placed},
            {"facts": "facts.html", **{name: _page_of(name) for name in self.documents}},
            folder.parent if folder.is_dir() else None,
        )
        readme = folder.parent / _README
        self.readme = readme.read_text("utf-8") if folder.is_dir() and readme.is_file() else ""
        self.audiences = [
            _placed_readings(audience, self.addresses) for audience in audiences(self.readme)
        ]
        self.made: dict[str, str] = {}
        self.searched: list[Entry] = []

    def _documents(self) -> dict[str, str]:
        """The Markdown of each document by name: first those generated from the cards, then the
        written ones."""
        generated = [
            name for name in PAGES if name not in _NEEDS or (self.folder / _NEEDS[name]).exists()
        ]
        found = {name: page(name, self.folder) for name in generated if name != "facts"}
        written = (
            sorted(path for path in self.folder.glob("*.md") if path.stem not in PAGES)
            if self.folder.is_dir()
            else []
        )
        return {**found, **{path.stem: path.read_text("utf-8") for path in written}}

    def built(self) -> dict[str, str]:
        """Return the files of the site."""
        topics = card_rows()
        self._cards({row["id"]: row for topic in topics for row in topic["cards"]})
        self._add("facts.html", "facts.html", "Facts", "docs/facts.md", {"groups": fact_rows()})
        self._add(
            "value-sets.html",
            "value_sets.html",
            "Value sets",
            "docs/facts.md",
            {"rows": value_set_rows()},
        )
        self._add(
            "orders.html", "orders.html", "Order templates", "docs/cards.md", {"rows": order_rows()}
        )
        for name, text in self.documents.items():
            self._document(
                _page_of(name), f"docs/{name}.md", text, _BY_TITLE if name == "cards" else _IN_PARTS
            )
        self._start_page()
        self._files()
        self._add(
            CARDS_PAGE, "card_list.html", "Cards", "docs/cards.md", {"topics": topics}, _BY_TITLE
        )
        self._add(
            "search.html",
            "search.html",
            "Search",
            "docs/cards.md",
            {"entries": list(self._entries())},
            _BY_TITLE,
        )
        self._assets()
        return dict(sorted(self.made.items()))

    def _assets(self) -> None:
        for name in _ASSETS:
            self.made[name] = (
                files("cds_service.authoring.website")
                .joinpath("templates", name)
                .read_text("utf-8")
            )
        self.made[STYLE_FILE.name] = STYLE_FILE.read_text("utf-8")
        self.made["search-index.js"] = index_script(self.searched)

    def _cards(self, rows: Mapping[str, Any]) -> None:
        for placed in self.placed:
            path = f"cards/{placed.card.id}.html"
            source = _source(*placed)
            content = card_content(
                placed,
                rows[placed.card.id],
                source,
                lambda card_id: f"{card_id}.html" if card_id in rows else "",
            )
            self._add(path, "card.html", placed.card.title, "docs/cards.md", content, _WHOLE)

    def _start_page(self) -> None:
        """The introduction, and what each audience should read; without a README, all documents."""
        listed = {
            reading.href for audience in self.audiences for reading in audience.readings
        } | _NAVIGATED
        first = self.placed[0] if self.placed else None
        content = {
            "introduction": introduction(self.readme),
            "audiences": self.audiences,
            "others": [
                (_page_of(name), self._label(name))
                for name in sorted(self.documents)
                if _page_of(name) not in listed
            ],
            "first": first and first.card,
            "example": first and example_of(*first),
        }
        self._add("index.html", "index.html", "Documentation", _README, content, _BY_TITLE)

    def _add(
        self,
        path: str,
        template: str,
        title: str,
        source: str,
        content: dict[str, Any],
        searched: int = _IN_PARTS,
    ) -> None:
        def resolve(href: str) -> str | None:
            return self.addresses.resolve(source, path, href)

        def to(target: str) -> str:
            return way(path, target)

        templates = _templates()
        common = {"title": title, "here": path, "to": to, "sets": PARAMETER_SETS}
        html = templates.get_template(template).render(
            md=lambda text: inline_html(text, resolve),
            document=lambda text: as_html(text, resolve),
            plain=lambda text: linked_plain(text, to),
            **common,
            **content,
        )
        self.searched += entries_of(
            path, title, "" if searched == _BY_TITLE else html, whole=searched == _WHOLE
        )
        page = outlined(Markup(html))
        self.made[path] = templates.get_template("base.html").render(
            content=page.html,
            contents=page.contents,
            navigation=_MAIN,
            read=self._read_with(path),
            **common,
        )

    def _read_with(self, path: str) -> dict[str, Any] | None:
        """The first audience whose list has the page, with the documents before and after it."""
        for audience in self.audiences:
            places = [reading.href for reading in audience.readings]
            if path in places:
                position = places.index(path)
                before, after = (
                    audience.readings[:position][-1:],
                    audience.readings[position + 1 :][:1],
                )
                return {"audience": audience, "before": before, "after": after}
        return None

    def _label(self, name: str) -> str:
        return _LABELS.get(name) or _heading(self.documents[name])

    def _document(self, path: str, source: str, text: str, searched: int = _IN_PARTS) -> None:
        self._add(path, "document.html", _heading(text), source, {"text": text}, searched)

    def _files(self) -> None:
        """Add the files to which documents link, and those to which these link in turn."""
        done: set[str] = set()
        while waiting := [name for name in self.addresses.asked if name not in done]:
            for name in waiting:
                done.add(name)
                text = (self.folder.parent / name).read_text("utf-8")
                if name.endswith(".md"):
                    # The start page and the documents already show README's content.
                    self._document(
                        page_of_file(name), name, text, _BY_TITLE if name == _README else _IN_PARTS
                    )
                else:
                    self._add(
                        page_of_file(name), "source.html", name, name, {"text": text}, _BY_TITLE
                    )

    def _entries(self) -> Iterator[dict[str, Any]]:
        """Everything with a name, by kind, for the page of the search."""
        found = [
            ("Card", f"cards/{placed.card.id}.html", placed.card.title, placed.card.id)
            for placed in self.placed
        ]
        found += [
            ("Fact", f"facts.html#{row['name']}", row["title"], row["name"])
            for group in fact_rows()
            for row in group["facts"]
        ]
        found += [
            ("Source", f"evidence.html#{row['key']}", row["title"], row["key"])
            for row in evidence_rows()
        ]
        found += [
            ("Value set", f"value-sets.html#{row['id']}", row["title"], row["id"])
            for row in value_set_rows()
        ]
        found += [
            ("Order", f"orders.html#{row['id']}", row["title"], row["id"]) for row in order_rows()
        ]
        found += [
            ("Parameter", f"parameters.html#{name}", name, name)
            for name in engine(PARAMETER_SETS[0], "all").parameters
        ]
        found += [
            ("Document", _page_of(name), self._label(name), f"{name}.md") for name in self.documents
        ]
        for kind, entries in groupby(found, key=lambda entry: entry[0]):
            yield {"kind": kind, "entries": [entry[1:] for entry in entries]}


def _placed_readings(audience: Audience, addresses: Addresses) -> Audience:
    """An audience whose links lead to pages of the site; links that leave the site are dropped."""
    pages = [(reading, addresses.page_of(_README, reading.href)) for reading in audience.readings]
    return audience._replace(
        readings=tuple(
            Reading(reading.label, page, reading.about) for reading, page in pages if page
        )
    )


def _page_of(document: str) -> str:
    """The page of a document, renamed if another page has its name."""
    return f"{document}-document.html" if document in _OWN_FORM else f"{document}.html"


def _heading(text: str) -> str:
    """The title of a document in Markdown."""
    first = next((line for line in text.splitlines() if line.startswith("# ")), "# Document")
    return first.removeprefix("# ").replace("`", "")


def _source(card: Card, parameter_set: str) -> str:
    """The text of a card's file."""
    return file_of(card, engine(parameter_set, "all").folders)[0].read_text("utf-8")
