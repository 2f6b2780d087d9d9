"""Maps the links of authored texts to pages of the catalogue, and renders such texts as HTML."""

from __future__ import annotations

import re
from functools import lru_cache

from markupsafe import Markup

from ...authoring.website.cards import linked
from ...authoring.website.markdown import as_html, inline_html

ROOT = "/catalogue"
# The documents that texts link to, with the kind of the entries that they list.
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
    """The address of an entry's page."""
    return f"{ROOT}/{kind}/{name}"


def resolve(href: str) -> str | None:
    """The address for a link written as in the documents, or ``None`` if it leads to no page."""
    if href.startswith(_WEB):
        return href
    if found := _DEFINITION.match(href):
        return address(_FOLDERS[found[1]], found[2])
    document, _, name = href.partition("#")
    return address(_DOCUMENTS[document], name) if document in _DOCUMENTS and name else None


@lru_cache(maxsize=4096)
def line(text: str) -> Markup:
    """A line of Markdown as HTML."""
    return inline_html(text, resolve)


def line_outside(text: str) -> Markup:
    """A line of Markdown as HTML for a page outside the workbench: links into the catalogue become
    plain text."""
    return inline_html(text, lambda href: href if href.startswith(_WEB) else None)


@lru_cache(maxsize=4096)
def document(text: str) -> Markup:
    """A text in Markdown as HTML."""
    return as_html(text, resolve)


@lru_cache(maxsize=4096)
def authored(text: str) -> Markup:
    """A card's text as HTML, as authored, with each placeholder as a link to its fact."""
    return inline_html(linked(text), resolve)
