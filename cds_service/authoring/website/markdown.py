"""Markdown as HTML for the site: CommonMark with tables, links rewritten to their targets' pages,
and no raw HTML except what the pages need."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import count

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

# Returns the address of a link on the page, or None if its target is not on the site; then only the
# text of the link remains.
Resolve = Callable[[str], str | None]

_ALLOWED = re.compile(r'<br>|<a id="[\w.-]+">|</a>')
_COMMENT = re.compile(r"\s*<!--.*?-->\s*", re.DOTALL)
_TABLE = '<div class="scroll" role="group" aria-label="Table" tabindex="0">'


def as_html(text: str, resolve: Resolve) -> Markup:
    """Convert a document in Markdown. Headings get the ids that GitHub would give them; a table row
    that begins with a name in code gets that name as id."""
    parser = _parser()
    tokens = list(
        _blocks(parser.parse(text), resolve, set(re.findall(r'<a id="([\w.-]+)">', text)))
    )
    return Markup(parser.renderer.render(tokens, parser.options, {}))


def inline_html(text: str, resolve: Resolve) -> Markup:
    """Convert a line of Markdown without a paragraph around it."""
    parser = _parser()
    tokens = parser.parseInline(text)
    for token in tokens:
        token.children = list(_inline(token.children or [], resolve))
    return Markup(parser.renderer.render(tokens, parser.options, {}))


@cache
def _parser() -> MarkdownIt:
    """One parser for all texts: making it takes longer than parsing most texts, and it keeps no
    state."""
    return MarkdownIt("commonmark", {"html": True}).enable("table")


def _blocks(tokens: list[Token], resolve: Resolve, taken: set[str]) -> Iterator[Token]:
    heads: list[str] = []
    column = 0
    headed = {
        _slug(tokens[position + 1].content)
        for position, token in enumerate(tokens)
        if token.type == "heading_open"
    }
    for position, token in enumerate(tokens):
        if token.type == "thead_open":
            heads = []
        elif token.type == "tr_open":
            column = 0
            name = _named(tokens[position + 2]) if tokens[position + 1].type == "td_open" else ""
            if name and name not in headed | taken:
                taken.add(name)
                token.attrSet("id", name)
        elif token.type == "fence":
            token.attrSet("tabindex", "0")
        elif token.type == "th_open":
            heads.append(tokens[position + 1].content.replace("`", ""))
        elif token.type == "td_open":
            # On a narrow screen cells are stacked, and this label tells them apart.
            token.attrSet("data-label", heads[column])
            column += 1
        if token.type == "inline":
            token.children = list(_inline(token.children or [], resolve))
        elif token.type == "heading_open" and token.tag != "h1":
            token.attrSet("id", _free(_slug(tokens[position + 1].content), taken))
        elif token.type == "html_block":
            token.content = _COMMENT.sub("", token.content)
            token.type = "text"
        if token.type == "table_open":
            yield Token("html_block", "", 0, content=_TABLE)
        yield token
        if token.type == "table_close":
            yield Token("html_block", "", 0, content="</div>\n")


def _inline(tokens: Iterable[Token], resolve: Resolve) -> Iterator[Token]:
    kept: list[bool] = []
    for token in tokens:
        if token.type == "html_inline" and not _ALLOWED.fullmatch(token.content):
            token.type = "text"
        elif token.type == "link_open":
            address = resolve(str(token.attrGet("href")))
            kept.append(address is not None)
            if address is not None:
                token.attrSet("href", address)
        elif token.type == "image":
            token.type = "text"
        if token.type not in ("link_open", "link_close") or kept[-1]:
            yield token
        if token.type == "link_close":
            kept.pop()


def _named(cell: Token) -> str:
    """The name that a table row is about: its first cell, if that is a single word in code."""
    parts = cell.children or []
    name = parts[0].content if [part.type for part in parts] == ["code_inline"] else ""
    return name if re.fullmatch(r"[A-Za-z][\w.-]*", name) else ""


def _slug(heading: str) -> str:
    return (
        re.sub(r"[^\w\- ]", "", re.sub(r"<[^>]*>", "", heading).lower()).strip().replace(" ", "-")
        or "section"
    )


def _free(slug: str, taken: set[str]) -> str:
    for number in count():
        name = f"{slug}-{number}" if number else slug
        if name not in taken:
            taken.add(name)
            return name
    raise AssertionError
