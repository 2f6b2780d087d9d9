"""The text styles of the picture, the width of texts, and their line breaks.

Fonts differ between machines, so widths are upper bounds: for each character the wider of DejaVu
Sans and Liberation Sans (which has the widths of Arial and Helvetica), taken from the fonts'
``hmtx`` tables, in thousandths of the font size.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# Only fonts that the widths below hold for.
FONTS = '"Helvetica Neue",Helvetica,Arial,"Liberation Sans",sans-serif'
_WIDTHS = {
    width: characters
    for width, characters in (
        (300, "'ijlI"),
        (320, " ,."),
        (340, "/:;\\|"),
        (361, "f-"),
        (392, "()[]t"),
        (411, "!r"),
        (460, '"'),
        (502, "J*`"),
        (525, "sz"),
        (557, "?cL_"),
        (592, "kFvxy"),
        (615, "Taeo"),
        (636, "$0123456789{}hnuSbdgpq"),
        (668, "EKPY"),
        (698, "AVXZB"),
        (723, "CRU"),
        (752, "NH"),
        (787, "DGOQ&"),
        (838, "w#+<=>^~"),
        (863, "M"),
        (975, "%m"),
        (989, "W"),
    )
}
_OF = {character: width for width, characters in _WIDTHS.items() for character in characters}
_OTHER = 1015
# An upper bound of the ratio of bold to regular widths in DejaVu Sans. J exceeds it, but the table
# gives J enough room.
_BOLD = 1.2
_ROOM = re.compile(r"\s+")


class Style(NamedTuple):
    """The font size and line height (in px) and weight of a kind of text."""

    size: float
    line: float
    bold: bool = False


STYLES = {
    "words": Style(14, 19, True),
    "small": Style(12, 16),
    "value": Style(12, 17, True),
    "label": Style(12, 16, True),
}


def width_of(text: str, style: str) -> float:
    """An upper bound of the width of ``text`` in a style, a key of :data:`STYLES`."""
    size, _, bold = STYLES[style]
    widths = sum(_OF.get(character, _OTHER) for character in text)
    return widths / 1000 * size * (_BOLD if bold else 1)


def wrapped(text: str, style: str, width: float) -> list[str]:
    """Break ``text`` into lines of at most ``width``; a word that is wider is broken, too."""
    lines: list[str] = []
    line = ""
    for word in filter(None, _ROOM.split(text)):
        longer = f"{line} {word}" if line else word
        if width_of(longer, style) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        *whole, line = _broken(word, style, width)
        lines += whole
    return [*lines, line] if line else lines


def _broken(word: str, style: str, width: float) -> list[str]:
    parts = [""]
    for character in word:
        if parts[-1] and width_of(parts[-1] + character, style) > width:
            parts.append("")
        parts[-1] += character
    return parts
