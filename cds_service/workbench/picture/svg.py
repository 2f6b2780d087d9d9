"""The picture of a patient as a self-contained SVG document without scripts, light or dark."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from ...facts.catalogue import Facts
from ...rendering.card_text import day_text
from .lane_drawing import LaneDrawing, drawn_points
from .measure import width_of
from .patient_picture import TITLE, PatientPicture, patient_picture
from .scales import Frame, Room, TimeScale
from .sheet import BEYOND, CROSS, EARLIER, EDGE, LEGEND_GAP, MARKS, RING, Sheet, number
from .style import STYLE
from .treatment_drawing import draw_treatment

WIDE, NARROW = 880.0, 390.0
YEARS = 10
_LABELS = 116.0
_WIDE_LANE, _NARROW_LANE = 100.0, 88.0


def picture_svg(facts: Facts, *, width: float = WIDE, years: int = YEARS) -> str:
    """The picture of a call's patient as SVG.

    ``facts``: see :func:`~cds_service.workbench.picture.patient_picture.patient_picture`.
    ``width``: ``WIDE`` for screens and paper, ``NARROW`` for phones; pages may scale the picture.
    ``years``: the length of the time axis at most; older data are drawn at the left edge.
    """
    return svg_of(patient_picture(facts), width=width, years=years)


def svg_of(picture: PatientPicture, *, width: float = WIDE, years: int = YEARS) -> str:
    """A picture as SVG. ``width`` and ``years``: see :func:`picture_svg`."""
    name = f"patient-picture-{width:.0f}"
    sheet = Sheet(name, width, _LABELS)
    time = TimeScale(picture, years, sheet.left, sheet.right)
    today = time.x(picture.today)
    _head(sheet, time, picture)
    if picture.lanes or picture.courses or picture.doses:
        _axis(sheet, time, today, picture)
    draw_treatment(sheet, time, picture, today)
    for lane in picture.lanes:
        LaneDrawing(sheet, time, lane, _WIDE_LANE if width >= WIDE else _NARROW_LANE, today).draw()
    if picture.lanes:
        _ticks(sheet, time)
        sheet.y += 12
    _legend(sheet, picture, time)
    for note in picture.notes:
        sheet.paragraph(note)
    root = _root(name, (width, sheet.y + EDGE), picture)
    root.append(sheet.body)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _root(name: str, size: tuple[float, float], picture: PatientPicture) -> ElementTree.Element:
    """The root element, with title, description and style. ``name``: the prefix of ids."""
    width, height = map(number, size)
    root = ElementTree.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {width} {height}",
            "width": width,
            "height": height,
            "class": "patient-picture",
            "aria-labelledby": f"{name}-title {name}-desc",
            "role": "img",
        },
    )
    ElementTree.SubElement(root, "title", id=f"{name}-title").text = TITLE
    ElementTree.SubElement(root, "desc", id=f"{name}-desc").text = picture.described()
    ElementTree.SubElement(root, "style").text = STYLE
    return root


def _head(sheet: Sheet, time: TimeScale, picture: PatientPicture) -> None:
    sheet.paragraph(TITLE, "words")
    sheet.paragraph(
        f"{day_text(time.first)} to {day_text(picture.today)}. Limits of the parameter set "
        f"{picture.limits}."
    )
    if not picture.lanes:
        sheet.paragraph("No result of these tests was found in the data received.")
    sheet.y += 8


def _axis(sheet: Sheet, time: TimeScale, today: float, picture: PatientPicture) -> None:
    label = f"today, {day_text(picture.today)}"
    half = width_of(label, "label") / 2
    sheet.text(min(today, sheet.width - EDGE - half), sheet.y + 12, label, "label", "middle")
    sheet.line((today, sheet.y + 16), (today, sheet.y + 20), "today")
    sheet.y += 18
    _ticks(sheet, time)
    sheet.y += 6


def _ticks(sheet: Sheet, time: TimeScale) -> None:
    """Write the labels of the time axis, and ``earlier`` at the strip of earlier days."""
    room = Room(Frame(0, 0, sheet.width, sheet.y + 20))
    marks = [(time.edge, "earlier", "start")] if time.has_earlier else []
    marks += [(tick.place, tick.label, "middle") for tick in time.ticks()]
    for x, label, anchor in marks:
        wide = width_of(label, "small")
        left = x if anchor == "start" else x - wide / 2
        if room.takes(Frame(left - 4, sheet.y, left + wide + 4, sheet.y + 14)):
            sheet.text(x, sheet.y + 12, label, "small", anchor)
    sheet.y += 16


def _legend(sheet: Sheet, picture: PatientPicture, time: TimeScale) -> None:
    """Draw a legend of only those marks that the picture contains."""
    x, line = EDGE, 20.0
    for kind, paths, told in _marks(picture, time):
        wide = 24 + width_of(told, "small")
        if x > EDGE and x + wide > sheet.width - EDGE:
            x, sheet.y = EDGE, sheet.y + line
        group = sheet.group(kind, at=(x + 8, sheet.y + 8))
        for path, part in paths:
            sheet.path(path, part, group)
        sheet.text(x + 22, sheet.y + 12, told)
        x += wide + LEGEND_GAP
    sheet.y += line + 4 if x > EDGE else 0


def _marks(
    picture: PatientPicture, time: TimeScale
) -> Iterator[tuple[str, list[tuple[str, str]], str]]:
    points = [point for lane in picture.lanes for point in drawn_points(lane)]
    sides = {point.side for point in points if not point.problem}
    told = {
        "low": "low or deficient",
        "middle": "indeterminate",
        "normal": "normal or sufficient",
        "high": "high",
        "": "no limit applies",
    }
    for side, words in told.items():
        if side in sides:
            yield f"point {side}".strip(), [(MARKS[side], "mark")], words
    if any(point.problem for point in points):
        yield "unusable", [(MARKS["normal"], "mark"), (CROSS, "cross")], "cannot be used"
    if any(point.used for point in points):
        yield "point normal", [(MARKS["normal"], "mark"), (RING, "ring")], "used by cards"
    if any(point.beyond for point in points):
        yield (
            "point",
            [("M-4-1l4-6l4 6z", "mark"), (BEYOND["down"].replace("M0 6", "M0-1"), "beyond")],
            "reported as above or below the value",
        )
    if any(point.day and point.day < time.first for point in points):
        yield "point", [(MARKS["normal"], "mark"), (EARLIER, "beyond")], "earlier"
    if picture.courses:
        yield (
            "course",
            [("M-8-4.5h10v9h-10z", "bar"), ("M2-4.5h7v9h-7z", "bar ahead")],
            "ordered, and still to come",
        )
    if any(course.remark for course in picture.courses):
        yield "course apart", [("M-8-4.5h16v9h-16z", "bar")], "does not count as B12 treatment"
    if picture.doses:
        yield "tick", [("M-3-6v12M3-6v12", "dose")], "dose given or supply handed over"
