"""The numbers of the picture as rows of tables. Cells are plain text that the page must escape."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from ...facts.catalogue import Facts
from ...rendering.card_text import day_text
from .courses import Course, Doses
from .lanes import Lane, Point
from .patient_picture import PatientPicture, patient_picture

MOST_ROWS = 150  # for each lane, for the courses, and for each group of doses


class ResultRow(NamedTuple):
    """A result. ``value``: in ``unit``, the unit of the service's limits; ``remark``: for example
    why the result cannot be used."""

    what: str
    as_sent: str
    value: str
    unit: str
    day: str
    level: str
    range: str
    source: str
    remark: str
    usable: bool


class CourseRow(NamedTuple):
    """An order or statement of a cobalamin or a folate."""

    agent: str
    route: str
    regimen: str
    start: str
    end: str
    state: str
    medication: str
    source: str
    remark: str


class DoseRow(NamedTuple):
    """A dose that was given, or a supply that was handed over."""

    agent: str
    route: str
    amount: str
    day: str
    verb: str
    medication: str
    source: str
    remark: str


class PictureTable(NamedTuple):
    """The rows of the tables; results are newest first within each test. ``notes``: on rows left
    out and data not received."""

    results: tuple[ResultRow, ...]
    courses: tuple[CourseRow, ...]
    doses: tuple[DoseRow, ...]
    notes: tuple[str, ...]


def picture_table(facts: Facts) -> PictureTable:
    """The tables for a call's patient. ``facts``: see
    :func:`~cds_service.workbench.picture.patient_picture.patient_picture`."""
    return table_of(patient_picture(facts))


def table_of(picture: PatientPicture) -> PictureTable:
    """The tables for a picture."""
    results = tuple(
        _result(lane, point) for lane in picture.lanes for point in lane.points[:MOST_ROWS]
    )
    courses = sorted(picture.courses, key=lambda course: course.start or date.min, reverse=True)
    doses = tuple(row for found in picture.doses for row in _doses(found))
    return PictureTable(
        results,
        tuple(map(_course, courses[:MOST_ROWS])),
        doses,
        (*picture.notes, *_left_out(picture)),
    )


def _result(lane: Lane, point: Point) -> ResultRow:
    remark = f"cannot be used: {point.problem}" if point.problem else point.remark
    return ResultRow(
        lane.title,
        point.as_sent,
        point.shown,
        lane.unit if point.shown else "",
        _day(point.day),
        point.level,
        point.range,
        point.reference,
        remark,
        not point.problem,
    )


def _course(course: Course) -> CourseRow:
    return CourseRow(
        course.agent,
        course.route,
        course.regimen,
        _day(course.start),
        _day(course.end),
        course.state,
        course.medication,
        course.reference,
        course.remark,
    )


def _doses(row: Doses) -> Iterator[DoseRow]:
    for dose in row.doses[:MOST_ROWS]:
        yield DoseRow(
            row.agent,
            row.route,
            dose.amount,
            _day(dose.day),
            row.verb,
            dose.medication,
            dose.reference,
            dose.remark,
        )


def _day(day: date | None) -> str:
    return day_text(day) if day is not None else "not stated"


def _left_out(picture: PatientPicture) -> Iterator[str]:
    counts = {lane.title: len(lane.points) for lane in picture.lanes}
    counts |= {"Courses": len(picture.courses)}
    counts |= {f"{row.agent} {row.route} {row.verb}": len(row.doses) for row in picture.doses}
    for what, count in counts.items():
        if count > MOST_ROWS:
            yield f"{what}: the newest {MOST_ROWS} of {count} are listed."
