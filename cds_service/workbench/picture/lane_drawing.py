"""Draws a lane of the picture: the bands and limits of an analyte, and its results as points, with
labels that do not overlap."""

from __future__ import annotations

from itertools import groupby, pairwise

from ...rendering.card_text import day_text
from .lanes import Lane, Limit, Point
from .measure import width_of
from .scales import Frame, Room, TimeScale, ValueScale
from .sheet import BEYOND, CROSS, EARLIER, MARKS, RING, Sheet, number

MOST_POINTS = 60
_MOST_PROBLEMS = 3
_LONGEST_VALUE = 16
_LINE = 13.0
_ARROWS = 16.0


class LaneDrawing:
    """Draws one lane onto a sheet."""

    def __init__(self, sheet: Sheet, time: TimeScale, lane: Lane, height: float, today: float):
        self.sheet, self.time, self.lane, self.today = sheet, time, lane, today
        self.height = height
        self.points = drawn_points(lane)

    def draw(self) -> None:
        """Draw the title, then bands, limits, points and labels in the lane, then the notes."""
        sheet, lane = self.sheet, self.lane
        scale = ", log scale" if lane.by_multiples else ""
        sheet.heading(f"{lane.title}, {lane.unit}{scale}", _newest(lane))
        self.top, self.bottom = sheet.y, sheet.y + self.height
        ways = {point.beyond for point in self.points}
        self.values = ValueScale(
            lane,
            self.top + (_ARROWS if "up" in ways else 8),
            self.bottom - (_ARROWS if "down" in ways else 8),
        )
        self._ground()
        self._limits()
        self._trend()
        for point in reversed(self.points):
            self._point(point)
        self._labels()
        sheet.y = self.bottom + 4
        for note in self._notes():
            sheet.paragraph(note)
        sheet.y += 12

    def _ground(self) -> None:
        sheet = self.sheet
        left, right = self.time.edge, self.time.right
        for band in self.lane.bands:
            upper = self.top if band.high is None else self.values.y(band.high)
            lower = self.bottom if band.low is None else self.values.y(band.low)
            sheet.box((left, upper), (right - left, lower - upper), f"band {band.side}")
            if band.side in ("low", "high"):
                _hatch(sheet, Frame(left, upper, right, lower))
        for tick in self.values.ticks():
            sheet.line((left - 3, tick.place), (left, tick.place), "grid")
            sheet.text(left - 5, tick.place + 4, tick.label, "small", "end")
        for tick in self.time.ticks():
            sheet.line((tick.place, self.top), (tick.place, self.bottom), "grid")
        if self.time.has_earlier:
            sheet.line((self.time.left, self.top), (self.time.left, self.bottom), "leader earlier")
        sheet.line((self.today, self.top), (self.today, self.bottom), "today")
        sheet.box((left, self.top), (right - left, self.height), "frame")

    def _limits(self) -> None:
        """Draw each limit as a line with a label on the right. A label that would overlap another
        is moved, and a leader connects it to its line."""
        placed = _spread(
            [(self.values.y(limit.value), limit) for limit in self.lane.limits],
            self.top + 6,
            self.bottom - 4,
        )
        room = Room(Frame(0, self.top - 4, self.sheet.width, self.bottom + 4))
        edge = self.time.right
        for y, label_y, limit in placed:
            self.sheet.line((self.time.edge, y), (edge, y), "limit")
            self.sheet.line((edge, y), (edge + 8, label_y), "leader")
            self.sheet.text(edge + 11, label_y + 4, limit.short, "label")
            room.take(Frame(edge, label_y - 7, self.sheet.width, label_y + 6))
        for band in self.lane.bands:
            if band.side == "middle" and band.low is not None and band.high is not None:
                middle = (self.values.y(band.low) + self.values.y(band.high)) / 2
                if room.takes(Frame(edge, middle - 6, self.sheet.width, middle + 6)):
                    self.sheet.text(edge + 11, middle + 4, band.name, "small")

    def _trend(self) -> None:
        """Draw a line through consecutive exact results. A result with a comparator interrupts
        it."""
        usable = [
            point
            for point in reversed(self.points)
            if not point.problem and point.day and point.day >= self.time.first
        ]
        for exact, run in groupby(usable, key=lambda point: not point.beyond):
            places = [self._place(point) for point in run]
            if exact and len(places) > 1:
                self.sheet.path(
                    "M" + "L".join(f"{number(x)} {number(y)}" for x, y in places), "trend"
                )

    def _place(self, point: Point) -> tuple[float, float]:
        y = self.bottom - 8 if point.value is None else self.values.y(point.value)
        return self.time.x(point.day) if point.day else self.time.edge, y

    def _point(self, point: Point) -> None:
        group = self.sheet.group(
            "unusable" if point.problem else f"point {point.side}".strip(),
            point.told,
            self._place(point),
        )
        self.sheet.path(MARKS["normal" if point.problem else point.side], "mark", group)
        if point.problem:
            self.sheet.path(CROSS, "cross", group)
        if point.beyond:
            self.sheet.path(BEYOND[point.beyond], "cross" if point.problem else "beyond", group)
        if point.day and point.day < self.time.first:
            self.sheet.path(EARLIER, "cross" if point.problem else "beyond", group)
        if point.used:
            self.sheet.path(RING, "ring", group)

    def _labels(self) -> None:
        """Label points with their values, the most important first, where there is room."""
        room = Room(Frame(self.time.edge, self.top - 2, self.time.right, self.bottom + 2))
        for point in self.points:
            (x, y), reach = self._place(point), 9 if point.used else 6
            up, down = (_ARROWS if point.beyond == way else reach for way in ("up", "down"))
            room.take(Frame(x - reach, y - up, x + reach, y + down))
        newest = {id(point) for point in self.lane.usable[:1]}

        def rank(point: Point) -> tuple[bool, bool, bool, bool]:
            return (
                not point.used,
                id(point) not in newest,
                bool(point.problem),
                point.side not in ("low", "high", "middle"),
            )

        for point in sorted(self.points, key=rank):
            if point.shown:
                self._label(point, room)

    def _label(self, point: Point, room: Room) -> None:
        x, y = self._place(point)
        words, style = (f"({point.shown})", "small") if point.problem else (point.shown, "value")
        wide, aside = width_of(words, style), 11.0 if point.used else 8.0
        up = (_ARROWS if point.beyond == "up" else aside) + 1
        down = (_ARROWS if point.beyond == "down" else aside) + 1
        places = (
            (x, y - up, "middle"),
            (x, y + down + 9, "middle"),
            (x + aside, y + 4, "start"),
            (x - aside, y + 4, "end"),
        )
        for at, base, anchor in places:
            left = at - wide * {"middle": 0.5, "start": 0.0, "end": 1.0}[anchor]
            if room.takes(Frame(left, base - 9, left + wide, base + 1)):
                self.sheet.text(at, base, words, style, anchor)
                return

    def _notes(self) -> list[str]:
        lane, notes = self.lane, list(self.lane.notes)
        left_out = sum(point.day is not None for point in lane.points) - len(self.points)
        if left_out:
            notes.append(
                f"{left_out} of {len(lane.points)} results are not drawn: of results close in "
                "time, only the most abnormal is."
            )
        earlier = sum(
            point.day is not None and point.day < self.time.first for point in self.points
        )
        if earlier:
            notes.append(f"At the left edge: {earlier} before {day_text(self.time.first)}.")
        problems = [point for point in lane.points if point.problem]
        for point in problems[:_MOST_PROBLEMS]:
            day = day_text(point.day) if point.day else "Not drawn"
            notes.append(
                f"{day}: {point.problem}{f' ({point.as_sent})' if point.as_sent else ''} cannot be "
                "used."
            )
        if len(problems) > _MOST_PROBLEMS:
            notes.append(f"{len(problems) - _MOST_PROBLEMS} more cannot be used.")
        return notes


def drawn_points(lane: Lane) -> list[Point]:
    """The dated points to draw, newest first. If there are too many, keep the newest, those that
    cards use, and the most important one of each run of neighbours."""
    points = [point for point in lane.points if point.day is not None]
    if len(points) <= MOST_POINTS:
        return points
    newest = lane.usable[0] if lane.usable else None
    always = [point for point in points if point.used or point is newest]
    rest = [point for point in points if not (point.used or point is newest)]
    runs = MOST_POINTS - len(always)
    bounds = [round(number * len(rest) / runs) for number in range(runs + 1)]
    kept = [
        max(rest[start:end], key=lambda point: _weight(point, lane))
        for start, end in pairwise(bounds)
    ]
    chosen = {id(point) for point in always + kept}
    return [point for point in points if id(point) in chosen]


def _weight(point: Point, lane: Lane) -> tuple[bool, float]:
    """Sort key for the importance of a point among its neighbours: usable points first, then the
    more abnormal value."""
    high = any(band.side == "high" for band in lane.bands)
    value = point.value if point.value is not None else 0.0
    return not point.problem, value if high else -value


def _newest(lane: Lane) -> str:
    point = lane.usable[0] if lane.usable else None
    if point is None or point.day is None:
        return ""
    value = point.as_sent if len(point.as_sent) <= _LONGEST_VALUE else f"{point.shown} {lane.unit}"
    return ", ".join(filter(None, (f"newest {value}", day_text(point.day), point.level)))


def _spread(
    places: list[tuple[float, Limit]], top: float, bottom: float
) -> list[tuple[float, float, Limit]]:
    """Each limit with the y of its line and of its label, from top to bottom. Labels are moved
    apart where lines are too close."""
    placed: list[tuple[float, float, Limit]] = []
    lowest = top
    for y, limit in sorted(places, key=lambda item: item[0]):
        label = max(y, lowest)
        placed.append((y, label, limit))
        lowest = label + _LINE
    over = max(0.0, placed[-1][1] - bottom) if placed else 0.0
    return [(y, label - over, limit) for y, label, limit in placed]


def _hatch(sheet: Sheet, frame: Frame) -> None:
    """Hatch a band, so that it can be recognised without colour."""
    step, height = 9.0, frame.bottom - frame.top
    if height < 1:
        return
    parts = []
    x = frame.left - height
    while x < frame.right:
        start, end = max(x, frame.left), min(x + height, frame.right)
        if end > start:
            parts.append(
                f"M{number(start)} {number(frame.bottom - (start - x))}L{number(end)} "
                f"{number(frame.bottom - (end - x))}"
            )
        x += step
    sheet.path("".join(parts), "hatched")
