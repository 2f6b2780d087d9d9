"""The headings of a page: each links to itself, and those of a long page form its contents."""

from __future__ import annotations

import re
from typing import NamedTuple

from markupsafe import Markup

# A page with fewer headings needs no contents; with more than the second number, only the larger
# headings are listed.
_LONG, _TOO_MANY = 4, 24
_HEADING = re.compile(r'<h([23]) id="([^"]+)">(?:<a id="([^"]+)"></a>)?(.*?)</h\1>', re.DOTALL)


class Heading(NamedTuple):
    """A heading and its id."""

    level: int
    id: str
    text: str


class Outlined(NamedTuple):
    """The HTML of a page whose headings link to themselves, and the headings that its contents
    list."""

    html: Markup
    contents: list[Heading]


def outlined(html: Markup) -> Outlined:
    """Return ``html`` with headings that link to themselves. The contents of a short page are
    empty."""
    found: list[Heading] = []

    def with_link(match: re.Match[str]) -> str:
        level, slug, own, inner = match.groups()
        target = own or slug
        found.append(Heading(int(level), target, Markup(inner).striptags()))
        if "<a " in inner:
            return match[0]  # HTML allows no link within a link
        anchor = f' id="{own}"' if own else ""
        return (
            f'<h{level} id="{slug}"><a{anchor} class="self" href="#{target}">{inner}</a></h{level}>'
        )

    linked = Markup(_HEADING.sub(with_link, html))
    chosen = (
        found if len(found) <= _TOO_MANY else [heading for heading in found if heading.level == 2]
    )
    return Outlined(linked, chosen if len(chosen) >= _LONG else [])
