"""Renders the Markdown of a card as HTML: one library renders CommonMark, another sanitises the
result."""

from __future__ import annotations

from functools import cache

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

_TAGS = {
    "p",
    "strong",
    "em",
    "ul",
    "ol",
    "li",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "a",
    "code",
    "br",
    "h1",
    "h2",
    "h3",
    "h4",
}


def markdown_html(text: str) -> Markup:
    """Render the GitHub Flavored Markdown of a card's ``detail`` as HTML, without embedded HTML and
    images, and with links to the web only."""
    rendered = _parser().render(text)
    clean = nh3.clean(
        rendered,
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer",
    )
    return Markup(clean)


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")
