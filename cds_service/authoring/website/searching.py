"""The index of the site's search: the words of each page, in parts that have an address.

The index is a script that assigns a constant, because a page opened as a file may load scripts, and
nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser

# search.js depends on the order of the fields.
Entry = tuple[str, str, str, str]
_VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "wbr"})
# Elements whose text begins a new word even without a space before it.
_APART = frozenset(
    {
        "p",
        "div",
        "li",
        "td",
        "th",
        "dt",
        "dd",
        "br",
        "h1",
        "h2",
        "h3",
        "h4",
        "pre",
        "summary",
        "section",
        "article",
        "span",
    }
)


def index_script(entries: Iterable[Entry]) -> str:
    """Return the index as a script with an entry a line: the part's title, its address, the title
    of its page, and its words."""
    lines = ",\n".join(
        json.dumps(entry, ensure_ascii=False, separators=(",", ":")) for entry in entries
    )
    return f'"use strict";\nconst SEARCHED = [\n{lines}\n];\n'


def entries_of(path: str, page: str, html: str, *, whole: bool = False) -> list[Entry]:
    """Return the parts of a page of the site. ``page``: the title of the page; ``html``: its
    content; ``whole``: make it one part."""
    reader = _Reader(page, whole)
    reader.feed(html)
    reader.close()
    found = []
    for part in reader.parts:
        title, words = (" ".join("".join(text).split()) for text in (part.title, part.words))
        if words or not part.id:
            found.append((title or part.id, f"{path}#{part.id}" if part.id else path, page, words))
    return found


@dataclass
class _Part:
    id: str
    title: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    """Collects parts. Each begins at a heading, an article or a table row with an id."""

    def __init__(self, page: str, whole: bool):
        super().__init__()
        self.whole = whole
        self.part = _Part("", [page])
        self.parts = [self.part]
        self.open: list[str] = []
        self.skipped = 0  # depth of the element whose text is not indexed, or 0
        self.titled = 0  # depth of the element whose text is the title of the part, or 0
        # within a table row: the part that has the table
        self.around: _Part | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag in _APART and not self.skipped:
            self._tell(" ")
        if tag in _VOID:
            return
        self.open.append(tag)
        if self.skipped:
            return
        if "data-unsearched" in attributes:
            self.skipped = len(self.open)
        elif not self.whole:
            self._begin(tag, attributes.get("id") or "")

    def _begin(self, tag: str, name: str) -> None:
        if tag == "tr":
            self.around = self.part
        if name and (tag in ("h2", "h3", "article", "tr") or (tag == "a" and self.around)):
            self.part = _Part(name)
            self.parts.append(self.part)
        elif name and tag == "a":
            self.part.id = name  # a heading's id that its author gave it
        if self.part.title or self.titled:
            return
        if tag in ("h2", "h3", "td"):
            self.titled = len(self.open)
        elif tag == "a" and self.around:
            self.titled = self.open.index("td") + 1

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        depth = len(self.open)
        self.open.pop()
        self.skipped = 0 if depth == self.skipped else self.skipped
        self.titled = 0 if depth == self.titled else self.titled
        if tag == "tr" and self.around:
            self.part, self.around = self.around, None

    def handle_data(self, data: str) -> None:
        if not self.skipped and "h1" not in self.open:
            self._tell(data)

    def _tell(self, text: str) -> None:
        (self.part.title if self.titled else self.part.words).append(text)
