"""The address on the site of each file of the repository, and links from one page to another."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, unquote

_VALUE_SETS, _ORDERS, _DOCUMENTS = (
    "fhir_profiles/value-sets",
    "fhir_profiles/activity-definitions",
    "docs",
)
# The list of all cards.
CARDS_PAGE = "card-list.html"
_EXTERNAL = ("http://", "https://", "mailto:")
# Files that are shown as a page if a document links to them; others are left out of the site.
_SHOWN = frozenset(
    {".md", ".py", ".yaml", ".yml", ".json", ".toml", ".cfg", ".ini", ".txt", ".sh", ""}
)


def way(page: str, target: str) -> str:
    """Return the relative address from ``page`` to ``target``, a page of the site with or without a
    fragment."""
    path, mark, fragment = target.partition("#")
    if path == page or not path:
        return f"#{fragment}" if mark else posixpath.basename(page)
    return f"{quote(posixpath.relpath(path, posixpath.dirname(page) or '.'))}{mark}{fragment}"


class Addresses:
    """Resolves links in documents. ``cards``: the id of each card by its file, as the documents
    name it; ``documents``: the page of each document by its name; ``root``: the folder into which
    documents may link, if there is one.

    ``asked``: further files to which documents link; each becomes a page.
    """

    def __init__(self, cards: Mapping[str, str], documents: Mapping[str, str], root: Path | None):
        self._cards = {
            posixpath.normpath(f"{_DOCUMENTS}/{file}"): card_id for file, card_id in cards.items()
        }
        self._ids = frozenset(cards.values())
        self._documents = documents
        self._root = root.resolve() if root else None
        self.asked: dict[str, None] = {}

    def resolve(self, source: str, page: str, href: str) -> str | None:
        """Return the address on ``page`` for a link ``href`` in the file ``source``, or
        ``None``."""
        if href.startswith(_EXTERNAL):
            return href
        found = self.page_of(source, href)
        return None if found is None else way(page, found)

    def page_of(self, source: str, href: str) -> str | None:
        """Return the page of the site, with the fragment, to which a link in the file ``source``
        leads."""
        path, _, fragment = href.partition("#")
        target = (
            posixpath.normpath(posixpath.join(posixpath.dirname(source), unquote(path)))
            if path
            else source
        )
        return self._page(target, fragment)

    def _page(self, target: str, fragment: str) -> str | None:
        folder, name = posixpath.split(target)
        stem = posixpath.splitext(name)[0]
        mark = f"#{fragment}" if fragment else ""
        if target in self._cards:
            return f"cards/{self._cards[target]}.html"
        if target == f"{_DOCUMENTS}/cards.md" and fragment in self._ids:
            return f"cards/{fragment}.html"
        if folder == _DOCUMENTS and stem in self._documents:
            return f"{self._documents[stem]}{mark}"
        if folder == _VALUE_SETS:
            return f"value-sets.html#{stem}"
        if folder == _ORDERS:
            return f"orders.html#{stem}"
        if target == "cards":
            return CARDS_PAGE
        return f"{self._file(target)}{mark}" if self._is_shown(target) else None

    def _is_shown(self, target: str) -> bool:
        if (
            self._root is None
            or target.startswith("..")
            or posixpath.splitext(target)[1] not in _SHOWN
        ):
            return False
        path = self._root / target
        return path.is_file() and path.resolve().is_relative_to(self._root)

    def _file(self, target: str) -> str:
        self.asked[target] = None
        return page_of_file(target)


def page_of_file(target: str) -> str:
    """Return the page that shows a file of the repository."""
    return f"files/{target}.html"
