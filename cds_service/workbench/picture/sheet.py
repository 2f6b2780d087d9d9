"""A drawing that grows downwards, and the shapes of its marks."""

from __future__ import annotations

from xml.etree import ElementTree

from .measure import STYLES, width_of, wrapped

EDGE = 12.0
TICKS = 40.0  # room on the left for the numbers of a scale
LEGEND_GAP = 16.0
# Marks around (0, 0). A triangle points in the direction in which the value is abnormal.
MARKS = {
    "low": "M-5.5-4.5h11L0 5.5z",
    "high": "M-5.5 4.5h11L0-5.5z",
    "middle": "M-4.5-4.5h9v9h-9z",
    "normal": "M-4.8 0a4.8 4.8 0 1 0 9.6 0a4.8 4.8 0 1 0-9.6 0z",
    "": "M0-5.5L5.5 0L0 5.5L-5.5 0z",
}
RING = "M-9 0a9 9 0 1 0 18 0a9 9 0 1 0-18 0z"
CROSS = "M-2.2-2.2l4.4 4.4M-2.2 2.2l4.4-4.4"
BEYOND = {"up": "M0-6v-9m-3.5 3.5l3.5-3.5l3.5 3.5", "down": "M0 6v9m-3.5-3.5l3.5 3.5l3.5-3.5"}
EARLIER = "M-8-3.5l-3.5 3.5l3.5 3.5"


class Sheet:
    """The drawing so far. ``y``: where the next element begins; ``name``: the prefix of ids."""

    def __init__(self, name: str, width: float, labels: float):
        self.name = name
        self.width = width
        self.left = EDGE + TICKS
        self.right = width - EDGE - labels
        self.y = EDGE
        self.body = ElementTree.Element("g")

    def text(
        self, x: float, y: float, words: str, style: str = "small", anchor: str = "start"
    ) -> None:
        """Write one line with its baseline at ``y``."""
        attributes = {"x": number(x), "y": number(y), "class": style}
        if anchor != "start":
            attributes["text-anchor"] = anchor
        ElementTree.SubElement(self.body, "text", attributes).text = words

    def paragraph(self, words: str, style: str = "small", x: float = EDGE) -> None:
        """Write a text in lines over the whole width, and move ``y`` below them."""
        set_in = STYLES[style]
        for line in wrapped(words, style, self.width - EDGE - x):
            self.text(x, self.y + set_in.size, line, style)
            self.y += set_in.line

    def heading(self, title: str, behind: str) -> None:
        """Write a title with the text ``behind`` at its right, or below if there is no room."""
        room = self.width - 2 * EDGE - 12
        if behind and width_of(title, "label") + width_of(behind, "small") <= room:
            self.text(self.width - EDGE, self.y + 12, behind, "small", "end")
            behind = ""
        self.paragraph(title, "label")
        if behind:
            self.paragraph(behind)
        self.y += 3

    def path(
        self, d: str, kind: str, parent: ElementTree.Element | None = None
    ) -> ElementTree.Element:
        """Draw a path of a class."""
        return ElementTree.SubElement(
            self.body if parent is None else parent, "path", {"class": kind, "d": d}
        )

    def line(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        kind: str,
        parent: ElementTree.Element | None = None,
    ) -> None:
        """Draw a straight line."""
        self.path(
            f"M{number(start[0])} {number(start[1])}L{number(end[0])} {number(end[1])}",
            kind,
            parent,
        )

    def box(
        self,
        corner: tuple[float, float],
        size: tuple[float, float],
        kind: str,
        parent: ElementTree.Element | None = None,
    ) -> None:
        """Draw a rectangle."""
        place = {
            "x": number(corner[0]),
            "y": number(corner[1]),
            "width": number(max(0, size[0])),
            "height": number(max(0, size[1])),
        }
        ElementTree.SubElement(
            self.body if parent is None else parent, "rect", {"class": kind, **place}
        )

    def group(
        self, kind: str, told: str = "", at: tuple[float, float] | None = None
    ) -> ElementTree.Element:
        """Add a group of a class, moved to ``at``. ``told``: its tooltip."""
        attributes = {"class": kind}
        if at is not None:
            attributes["transform"] = f"translate({number(at[0])} {number(at[1])})"
        group = ElementTree.SubElement(self.body, "g", attributes)
        if told:
            ElementTree.SubElement(group, "title").text = told
        return group


def number(value: float) -> str:
    """A coordinate as text, rounded to a tenth."""
    return f"{value:.1f}".removesuffix(".0")


def fitted(words: str, style: str, room: float) -> str:
    """``words``, cut off with an ellipsis if they are wider than ``room``."""
    if width_of(words, style) <= room:
        return words
    while words and width_of(f"{words}…", style) > room:
        words = words[:-1]
    return f"{words.rstrip()}…"
