"""The picture of a patient as data: results, courses and doses over time, and notes on data that
were not received."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from ...facts.catalogue import Facts
from ...facts.medications import has_unidentified
from ...rendering.card_text import day_text
from .courses import Course, Doses, courses_of, doses_of
from .lanes import Lane, lanes_of

TITLE = "Vitamin B12 and folate: results and treatment"
_MOST_COURSES_TOLD = 3
_LISTS = {
    "b12-results": "results of B12, folate and metabolites",
    "blood-count": "blood counts",
    "renal-and-potassium": "results of potassium",
    "medication-requests": "medication orders",
    "medication-statements": "medication statements",
    "medication-administrations": "doses given",
    "medication-dispenses": "supplies handed over",
}


class PatientPicture(NamedTuple):
    """The picture of a patient on the day ``today``. ``limits``: the parameter set whose limits are
    drawn; ``notes``: on the picture as a whole."""

    today: date
    limits: str
    lanes: tuple[Lane, ...]
    courses: tuple[Course, ...]
    doses: tuple[Doses, ...]
    notes: tuple[str, ...]

    def described(self) -> str:
        """The picture in words, for readers who cannot see it: the number of results and the newest
        one of each lane, and the treatment under way."""
        return " ".join(
            [
                f"As of {day_text(self.today)}.",
                *map(_lane_told, self.lanes),
                *self._treatment_told(),
                *self.notes,
            ]
        )

    def _treatment_told(self) -> Iterator[str]:
        running = [course for course in self.courses if course.state == "under way"]
        for course in running[:_MOST_COURSES_TOLD]:
            since = f" since {day_text(course.start)}" if course.start else ""
            yield f"Under way{since}: {course.told}."
        if len(self.courses) > len(running[:_MOST_COURSES_TOLD]):
            yield f"Courses in all: {len(self.courses)}."
        for row in self.doses:
            yield (
                f"{row.agent} {row.route} {row.verb}: {len(row.doses)} times, last on "
                f"{day_text(row.doses[0].day)}."
            )


def patient_picture(facts: Facts) -> PatientPicture:
    """The picture of a call's patient.

    ``facts``: of a call of a hook whose cards read all lists that are shown (``patient-view``
    does); notes name the data that were not received. Raises the exceptions of
    :attr:`~cds_service.facts.catalogue.Facts.record`.
    """
    return PatientPicture(
        facts.today,
        facts.site.parameter_set,
        lanes_of(facts),
        courses_of(facts),
        doses_of(facts),
        tuple(_notes(facts)),
    )


def _notes(facts: Facts) -> Iterator[str]:
    record = facts.record
    lacking = [told for query, told in _LISTS.items() if not record.complete(query)]
    if lacking:
        yield (
            "More may be on record, because not all was received or could be read: "
            f"{', '.join(lacking)}."
        )
    if has_unidentified(record.orders) or has_unidentified(record.doses):
        yield "A medication on record could not be identified and is not shown."


def _lane_told(lane: Lane) -> str:
    newest = next((f"; newest {point.told}" for point in lane.usable if point.day), "")
    problems = len(lane.points) - len(lane.usable)
    unusable = f"; {problems} cannot be used" if problems else ""
    limits = f" Limits: {', '.join(limit.told for limit in lane.limits)}." if lane.limits else ""
    count = f"{len(lane.usable)} result{'' if len(lane.usable) == 1 else 's'}"
    return f"{lane.title} in {lane.unit}: {count}{newest}{unusable}.{limits}"
