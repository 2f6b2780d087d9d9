"""How a drawing becomes elements of SVG: its root with title, description and style; its
texts and numbers."""

from __future__ import annotations

from xml.etree import ElementTree

from .layout import Text

# The fonts whose widths :mod:`~cds_service.authoring.drawing.measure` knows.
FONTS = '"Helvetica Neue",Helvetica,Arial,"Liberation Sans",sans-serif'


def root_of(
    name: str, kind: str, size: tuple[float, float], told: tuple[str, str], style: str
) -> ElementTree.Element:
    """The root of a drawing of ``size``. ``name``: what its ids begin with; ``kind``: its
    class; ``told``: its title and description; ``style``: ``""`` where it stands on a
    page that has one."""
    width, height = map(number, size)
    root = ElementTree.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {width} {height}",
            "width": width,
            "height": height,
            "class": kind,
            "aria-labelledby": f"{name}-title {name}-desc",
        },
    )
    ElementTree.SubElement(root, "title", id=f"{name}-title").text = told[0]
    ElementTree.SubElement(root, "desc", id=f"{name}-desc").text = told[1]
    if style:
        ElementTree.SubElement(root, "style").text = style
    return root


def add_text(parent: ElementTree.Element, text: Text, more: str = "") -> None:
    """Add a line of text; ``more``: further classes."""
    attributes = {"x": number(text.x), "y": number(text.y), "class": f"{text.style} {more}".strip()}
    if text.anchor != "start":
        attributes["text-anchor"] = text.anchor
    ElementTree.SubElement(parent, "text", attributes).text = text.text


def number(value: float) -> str:
    """A coordinate, to a tenth."""
    return f"{value:.1f}".removesuffix(".0")
