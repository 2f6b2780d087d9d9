"""Draws the treatment in the picture: courses as labelled bars, doses as ticks."""

from __future__ import annotations

from datetime import date

from ...rendering.card_text import day_text
from .courses import Course, Doses, Given
from .measure import width_of, wrapped
from .patient_picture import PatientPicture
from .scales import TimeScale
from .sheet import EDGE, Sheet, fitted, number

MOST_COURSES = 10
MOST_ROWS = 6
MOST_TICKS = 80
_MOST_LINES = 3
_BAR, _TICK = 9.0, 12.0
_SHORTEST_BAR = 4.0


def draw_treatment(sheet: Sheet, time: TimeScale, picture: PatientPicture, today: float) -> None:
    """Draw the courses and doses of a picture up to a maximum, and note how many are left out."""
    sheet.heading("Treatment with cobalamins and folates", "")
    top = sheet.y
    courses, rows = shown_courses(picture), picture.doses[:MOST_ROWS]
    ground = sheet.group("ground")
    for course in courses:
        _draw_course(sheet, time, course, picture.today)
    for row in rows:
        _draw_doses(sheet, time, row, picture.today)
    if courses or rows:
        for tick in time.ticks():
            sheet.line((tick.place, top), (tick.place, sheet.y), "grid", ground)
        sheet.line((today, top), (today, sheet.y), "today", ground)
        sheet.y += 4
    else:
        sheet.paragraph("None was found in the data received.")
    for note in _notes(picture, len(courses), len(rows)):
        sheet.paragraph(note)
    sheet.y += 12


def shown_courses(picture: PatientPicture) -> list[Course]:
    """The courses to draw, in the order of the picture. Courses under way or planned take
    precedence, then the latest ones."""

    def matters(course: Course) -> tuple[bool, date]:
        return course.state in ("under way", "planned"), course.start or date.min

    kept = {
        id(course) for course in sorted(picture.courses, key=matters, reverse=True)[:MOST_COURSES]
    }
    return [course for course in picture.courses if id(course) in kept]


def _notes(picture: PatientPicture, courses: int, rows: int) -> list[str]:
    notes = []
    if len(picture.courses) > courses:
        notes.append(
            f"{len(picture.courses) - courses} more courses, which ended or began earlier, are not "
            "drawn."
        )
    if len(picture.doses) > rows:
        notes.append(f"Doses of {len(picture.doses) - rows} more kinds are not drawn.")
    return notes


def _draw_course(sheet: Sheet, time: TimeScale, course: Course, today: date) -> None:
    ended = course.end
    open_end = ended is None and course.state in ("under way", "planned")
    start = time.x(course.start) if course.start else time.edge
    last = time.right if open_end else time.x(ended) if ended else start + 3 * _SHORTEST_BAR
    start = min(start, time.right - _SHORTEST_BAR)
    last = max(min(last, time.right), start + _SHORTEST_BAR)
    _label(sheet, start, f"{course.told}{_how_it_stands(course)}")
    place = sheet.y + 1
    state = {"under way": "", "planned": "planned"}.get(course.state, "past")
    group = sheet.group(
        " ".join(filter(None, ("course", state, "apart" if course.remark else ""))), _told(course)
    )
    now = min(max(time.x(today), start), last) if state != "planned" else start
    sheet.box((start, place), (now - start, _BAR), "bar", group)
    if last > now:
        sheet.box((now, place), (last - now, _BAR), "bar ahead", group)
    for day in course.changes[:MOST_COURSES]:
        if start < (x := time.x(day)) < last:
            sheet.line((x, place - 1), (x, place + _BAR + 1), "change", group)
    middle = place + _BAR / 2
    if open_end or (ended and ended > time.last):
        sheet.path(f"M{number(last)} {number(middle - 5)}l6 5l-6 5", "arrow", group)
    if course.start is None or course.start < time.first:
        sheet.path(f"M{number(start)} {number(middle - 5)}l-6 5l6 5", "arrow", group)
    sheet.y = place + _BAR + 6


def _how_it_stands(course: Course) -> str:
    told = [course.state] if course.state != "under way" else []
    if course.state == "planned" and course.start:
        told = [f"planned from {day_text(course.start)}"]
    told += ["start not stated"] if course.start is None else []
    told += (
        ["end not stated"] if course.end is None and course.state == "no longer in force" else []
    )
    told += [course.remark] if course.remark else []
    return f" ({', '.join(told)})" if told else ""


def _told(course: Course) -> str:
    since = day_text(course.start) if course.start else "start not stated"
    until = day_text(course.end) if course.end else "end not stated"
    return ", ".join(
        filter(
            None,
            (course.told, f"{since} to {until}", course.state, course.remark, course.reference),
        )
    )


def _draw_doses(sheet: Sheet, time: TimeScale, row: Doses, today: date) -> None:
    past = [dose for dose in row.doses if dose.day <= today]
    drawn = _thinned(past)
    few = f", {len(drawn)} drawn" if len(drawn) < len(past) else ""
    later = len(row.doses) - len(past)
    odd = f", {later} dated later than today" if later else ""
    noun = (
        ("dose" if row.verb == "given" else "supply")
        if len(past) == 1
        else "doses"
        if row.verb == "given"
        else "supplies"
    )
    _label(
        sheet,
        time.x(drawn[-1].day) if drawn else time.edge,
        f"{row.agent} {row.route}: {len(past)} {noun} {row.verb}{few}{odd}",
    )
    place = sheet.y
    sheet.line((time.edge, place + _TICK / 2 + 1), (time.right, place + _TICK / 2 + 1), "grid")
    for dose in drawn:
        told = ", ".join(filter(None, (row.agent, dose.amount, day_text(dose.day), dose.remark)))
        group = sheet.group("tick", told)
        x = time.x(dose.day)
        sheet.line(
            (x, place + 1), (x, place + 1 + _TICK), "dose apart" if dose.remark else "dose", group
        )
        if dose.day < time.first:
            sheet.path(f"M{number(x - 3)} {number(place + 3)}l-4 4l4 4", "dose", group)
    sheet.y = place + _TICK + 8


def _thinned(doses: list[Given]) -> list[Given]:
    """At most ``MOST_TICKS`` of the doses at even intervals, including the first and the last."""
    if len(doses) <= MOST_TICKS:
        return doses
    return [
        doses[round(number * (len(doses) - 1) / (MOST_TICKS - 1))] for number in range(MOST_TICKS)
    ]


def _label(sheet: Sheet, start: float, words: str) -> None:
    """Write the label above a bar, in at most ``_MOST_LINES`` lines. It begins at the bar's start,
    or farther left if it needs the room."""
    whole = sheet.width - 2 * EDGE
    lines = wrapped(words, "small", whole)
    if len(lines) > _MOST_LINES:
        lines[_MOST_LINES - 1 :] = [fitted(" ".join(lines[_MOST_LINES - 1 :]), "small", whole)]
    x = max(EDGE, min(start, sheet.width - EDGE - max(width_of(line, "small") for line in lines)))
    for line in lines:
        sheet.text(x, sheet.y + 11, line)
        sheet.y += 15
