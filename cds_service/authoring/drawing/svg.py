"""A layout as SVG: no scripts, no fonts or images from elsewhere; light or dark as
the reader's screen is.

Truth is told by a word, a sign and a colour (of the palette of Okabe and Ito, which colour-blind
readers can tell apart).
"""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

from .elements import FONTS, add_text, number, root_of
from .ladder import Ladder
from .layout import Box, Layout, Line, Text, laid_out

STYLE = (
    """
.ladder{--ink:#1b1f24;--quiet:#57606a;--line:#57606a;--paper:#fff;--true:#00568a;--true-bg:#e3f1fa;
--false:#96400b;--false-bg:#fdeee3;
--unknown:#5b5263;--unknown-bg:#f0edf3;--plain-bg:#f6f8fa;--critical:#a40e26;--warning:#8a6100;
--info:#0550ae;
font-family:"""
    + FONTS
    + """;background:var(--paper)}
@media (prefers-color-scheme:dark){.ladder{--ink:#e6edf3;--quiet:#a9b4c0;--line:#8b949e;
--paper:#0d1117;--true:#7cc4f2;--true-bg:#0c2a40;
--false:#f5ab78;--false-bg:#3a1e0c;--unknown:#c8b9d6;--unknown-bg:#2a2433;--plain-bg:#161b22;
--critical:#ff8f98;--warning:#e3b341;
--info:#79b8ff}}
@media print{.ladder{--ink:#000;--quiet:#333;--line:#333;--paper:#fff;--plain-bg:#fff;
--true:#00568a;--true-bg:#fff;--false:#96400b;
--false-bg:#fff;--unknown:#5b5263;--unknown-bg:#fff;--critical:#a40e26;--warning:#8a6100;
--info:#0550ae}}
.ladder text{fill:var(--ink);font-size:12px}.ladder .words{font-size:14px;font-weight:700}
.ladder .small{fill:var(--quiet)}
.ladder .value,.ladder .label,.ladder .mark{font-weight:700}
.ladder .frame{fill:var(--plain-bg);stroke:var(--line);stroke-width:1.2}
.ladder .exclude .frame{stroke-dasharray:6 3}
.ladder .stops .frame{stroke-width:3.5;stroke-dasharray:none}
.ladder .line{fill:none;stroke:var(--line);stroke-width:1.6}.ladder .beyond{stroke-dasharray:2 4}
.ladder .arrow{fill:var(--line)}
.ladder .sign{fill:none;stroke-width:2.2;stroke-linecap:round}
.ladder a text.words{text-decoration:underline}
.ladder a:focus .frame{stroke-width:3}.ladder .silent .frame{stroke-dasharray:6 3}
"""
    + "".join(
        f".ladder .{name} .frame{{fill:var(--{name}-bg);stroke:var(--{name})}}.ladder .{name} "
        f".badge,.ladder .{name} .mark{{fill:var(--{name})}}.ladder .{name} "
        f".sign{{stroke:var(--{name})}}"
        for name in ("true", "false", "unknown")
    )
    + "".join(
        f".ladder .{name} .bar{{fill:var(--{name})}}" for name in ("critical", "warning", "info")
    )
)
# Signs in a square of 12: a tick, a cross, and a question mark.
_SIGNS = {
    "true": "M1 7 L4.5 10.5 L11 2",
    "false": "M2 2 L10 10 M10 2 L2 10",
    "unknown": "M2.5 4 A3.5 3 0 1 1 6 7 L6 8.2 M6 11 L6 11.1",
}


def svg(
    ladder: Ladder, link: Callable[[str], str] = "{}.svg".format, *, styled: bool = True
) -> str:
    """The drawing as an SVG document. ``link``: the address of another card's drawing, by the
    card's id; ``""`` where there is none; ``styled``: whether it carries its style (:data:`STYLE`),
    or stands on a page that has that already."""
    layout = laid_out(ladder)
    name = f"{ladder.card}-{ladder.parameter_set}"
    style = STYLE if styled else ""
    root = root_of(
        name, "ladder", (layout.width, layout.height), (ladder.heading, ladder.described()), style
    )
    for line in layout.lines:
        _line(root, line)
    for text in layout.texts:
        add_text(root, text)
    for box in layout.boxes:
        _box(root, box, layout, link)
    ElementTree.indent(root, " ")
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _box(root: ElementTree.Element, box: Box, layout: Layout, link: Callable[[str], str]) -> None:
    names = [box.kind, box.truth, "stops" if box.stops else ""]
    if box.kind == "outcome":
        names += [layout.indicator, "" if layout.fires else "silent"]
    address = link(box.link) if box.link else ""
    parent = ElementTree.SubElement(root, "a", href=address) if address else root
    group = ElementTree.SubElement(parent, "g", {"class": " ".join(filter(None, names))})
    place = {"x": number(box.x), "y": number(box.y), "height": number(box.height)}
    ElementTree.SubElement(
        group, "rect", {**place, "width": number(box.width), "rx": "6", "class": "frame"}
    )
    if box.kind == "outcome":
        ElementTree.SubElement(group, "rect", {**place, "width": "8", "class": "bar"})
    for text in box.texts:
        add_text(group, text)
    if box.truth:
        right, top = box.x + box.width, box.y
        badge = Text(right - 10, top + 24, box.truth, "label", "end")
        add_text(group, badge, "badge")
        moved = f"translate({number(badge.x - badge.width - 18)} {number(top + 13)})"
        ElementTree.SubElement(
            group, "path", {"class": "sign", "d": _SIGNS[box.truth], "transform": moved}
        )


def _line(root: ElementTree.Element, line: Line) -> None:
    path = " ".join(
        f"{'L' if position else 'M'}{number(x)} {number(y)}"
        for position, (x, y) in enumerate(line.points)
    )
    ElementTree.SubElement(
        root, "path", {"class": "line" if line.reached else "line beyond", "d": path}
    )
    if line.arrow:
        (x, y), (before, _) = line.points[-1], line.points[-2]
        head = (
            f"M{number(x)} {number(y)} l-4 -7 h8 z"
            if before == x
            else f"M{number(x)} {number(y)} l-7 -4 v8 z"
        )
        ElementTree.SubElement(root, "path", {"class": "arrow", "d": head})
