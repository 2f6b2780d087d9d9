"""The route that a product is made for, and whether it is a solid form, from the words for its form
in :mod:`~.form_words`."""

from __future__ import annotations

import re

from .form_words import (
    APPLIED,
    CONTAINERS,
    INJECTION_ROUTES,
    INJECTIONS,
    NASALS,
    ORAL_ROUTES,
    ORALS,
    SOLIDS,
)
from .product_tokens import plain_text
from .routes import Route

_WORD = re.compile(r"[^\W\d_]++")
# A route with a mark between its letters: "i.m.", "I/M", "s. c.", "p.o."
_DOTTED = re.compile(r"(?<![^\W_])(?:(i)[./] ?([mv])|(s)[./] ?([cq])|(p)[./] ?(o))(?![^\W_])")
_INJECTED = Route("parenteral", True)
_SWALLOWED = Route("oral", False)


def route_of_form(described: str) -> Route | None:
    """The route that a product is made for, from the form or the route that its names state; in
    time linear in their length.

    An injectable form counts as intramuscular, as usual for cobalamins (clinical specification,
    section 2, "Dose, route, timing"). ``None`` if the names state neither.
    """
    text = plain_text(described)
    words = _words(text)
    if INJECTIONS.stand_in(text, words):
        return _INJECTED
    solid = SOLIDS.stand_in(text, words)
    if not solid and INJECTION_ROUTES.stand_in(text, words):
        return _INJECTED
    if NASALS.stand_in(text, words):
        return Route("nasal", False)
    if ORALS.stand_in(text, words) or SOLIDS.is_part_of(text):
        return _SWALLOWED
    if APPLIED.stand_in(text, words):
        return Route("other", False)
    if CONTAINERS.stand_in(text, words):
        return _INJECTED
    return _SWALLOWED if solid or ORAL_ROUTES.stand_in(text, words) else None


def is_solid_form(described: str) -> bool:
    """Whether the names of a product state a solid form to swallow or suck, such as a tablet."""
    text = plain_text(described)
    return SOLIDS.stand_in(text, _words(text))


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(_DOTTED.sub(_without_mark, text)))


def _without_mark(match: re.Match[str]) -> str:
    return "".join(filter(None, match.groups()))
