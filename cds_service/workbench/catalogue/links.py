"""Where on the pages of the catalogue a link of the authored texts leads, and texts with
such links as HTML."""

from __future__ import annotations

import re
from functools import lru_cache

from markupsafe import Markup

from ...authoring.website.cards import linked
from ...authoring.website.markdown import as_html, inline_html

ROOT = "/catalogue"
# The documents that the texts link to, by the kind of what they list.
_DOCUMENTS = {
    "facts.md": "facts",
    "parameters.md": "parameters",
    "evidence.md": "evidence",
    "": "cards",
    "cards.md": "cards",
}
_WEB = ("https://", "http://")
_DEFINITION = re.compile(
    r"\A\.\./fhir_profiles/(value-sets|activity-definitions)/([a-z0-9-]+)\.json\Z"
)
_FOLDERS = {"value-sets": "value-sets", "activity-definitions": "orders"}


def address(kind: str, name: str) -> str:
    """The page of something in the catalogue."""
    return f"{ROOT}/{kind}/{name}"


def resolve(href: str) -> str | None:
    """The address of a link as the documents have it; ``None`` where it leads to no page."""
    if href.startswith(_WEB):
        return href
    if found := _DEFINITION.match(href):
        return address(_FOLDERS[found[1]], found[2])
    document, _, name = href.partition("#")
    return address(_DOCUMENTS[document], name) if document in _DOCUMENTS and name else None


@lru_cache(maxsize=4096)
def line(text: str) -> Markup:
    """A line of Markdown."""
    return inline_html(text, resolve)


def line_outside(text: str) -> Markup:
    """A line of Markdown for a page outside the workbench: links into the catalogue are
    left as their text."""
    return inline_html(text, lambda href: href if href.startswith(_WEB) else None)


@lru_cache(maxsize=4096)
def document(text: str) -> Markup:
    """A whole text in Markdown."""
    return as_html(text, resolve)


@lru_cache(maxsize=4096)
def authored(text: str) -> Markup:
    """A text of a card as authored, each placeholder a link to its fact."""
    return inline_html(linked(text), resolve)
