"""The headings of a page: each leads to itself, and those of a long page make up its contents."""

from __future__ import annotations

import re
from typing import NamedTuple

from markupsafe import Markup

# Below this number a page is seen at a glance; above the other its smaller headings would
# hide the larger ones.
_LONG, _TOO_MANY = 4, 24
_HEADING = re.compile(r'<h([23]) id="([^"]+)">(?:<a id="([^"]+)"></a>)?(.*?)</h\1>', re.DOTALL)


class Heading(NamedTuple):
    """A heading with the id that leads to it."""

    level: int
    id: str
    text: str


class Outlined(NamedTuple):
    """The HTML of a page whose headings are links to themselves, and what its contents list."""

    html: Markup
    contents: list[Heading]


def outlined(html: Markup) -> Outlined:
    """``html`` with its headings as links to themselves. Its contents are empty
    where it is short."""
    found: list[Heading] = []

    def with_link(match: re.Match[str]) -> str:
        level, slug, own, inner = match.groups()
        target = own or slug
        found.append(Heading(int(level), target, Markup(inner).striptags()))
        if "<a " in inner:
            return match[0]  # a link within a link is no HTML
        anchor = f' id="{own}"' if own else ""
        return (
            f'<h{level} id="{slug}"><a{anchor} class="self" href="#{target}">{inner}</a></h{level}>'
        )

    linked = Markup(_HEADING.sub(with_link, html))
    chosen = (
        found if len(found) <= _TOO_MANY else [heading for heading in found if heading.level == 2]
    )
    return Outlined(linked, chosen if len(chosen) >= _LONG else [])
