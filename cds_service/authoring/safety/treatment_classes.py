"""The classes of B12 treatment: running, covered by a dose or by an ended order, only scheduled,
past, none, unknown.

Clinical specification, section 3.2; ``facts/b12_treatment`` tells them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from ...facts.b12_treatment import UNDER_WAY
from ...facts.catalogue import Facts
from ...facts.fact import known
from ...states.values import NOW
from .class_values import ABSENT, BY_HOLDS, FALSE, TRUE, UNKNOWN, YES_NO, days_ago, values
from .enumeration import Class, ClassesOf


def _of_course(*when_active: Class) -> ClassesOf:
    """A property of the treatment under way: absent without one, unknown where that is unknown."""

    def classes(facts: Facts) -> Sequence[Class]:
        active = facts["b12_therapy.active"]
        return (
            (*when_active, UNKNOWN)
            if active.holds
            else (UNKNOWN,)
            if active.is_unknown
            else (ABSENT,)
        )

    return classes


# Days since the start, one for each interval between the limits 5, 10, 28, 56, 90 and 180
# of facts and cards.
_STARTS = days_ago(2, 7, 20, 40, 60, 100, 210)


def _latest_start(facts: Facts) -> Sequence[Class]:
    active = facts["b12_therapy.active"]
    if active.holds:
        return [Class("as start", facts["b12_therapy.start"], copied=True)]
    return [*([] if active.is_unknown else [ABSENT]), UNKNOWN, *_STARTS]


def _standing(facts: Facts) -> Sequence[Class]:
    """Without treatment under way it is not known whether there was any where a past one
    could not be told."""
    under_way, ended = values(*UNDER_WAY), (*values("past", "none"), UNKNOWN)
    return {True: under_way, False: ended, None: (UNKNOWN,)}[facts["b12_therapy.active"].holds]


def _order_start(facts: Facts) -> Sequence[Class]:
    """Of an order in force that has begun; the course that it belongs to began no later."""
    standing = facts["b12_therapy.standing"].value
    if standing in ("running", "ordered"):
        return (*_STARTS, UNKNOWN)
    return (UNKNOWN,) if facts["b12_therapy.active"].is_unknown else (ABSENT,)


def _not_given(facts: Facts) -> Sequence[Class]:
    if facts["b12_therapy.order_start"].value is not None:
        return (TRUE, FALSE)
    return (UNKNOWN,) if facts["b12_therapy.active"].is_unknown else (FALSE,)


_PLANNED = Class("in 40 days", known(NOW.date() + timedelta(days=40)))


def _planned_start(facts: Facts) -> Sequence[Class]:
    return (ABSENT, _PLANNED)


def _either(facts: Facts) -> Sequence[Class]:
    return (TRUE, FALSE)


def _planned_order(facts: Facts) -> Sequence[Class]:
    named = Class("named", known("MedicationRequest/planned"))
    return (ABSENT,) if facts["b12_therapy.planned_start"].value is None else (ABSENT, named)


def _stopped(facts: Facts) -> Sequence[Class]:
    return (
        (TRUE, FALSE) if any(stop.product.cobalamin for stop in facts.session.stops) else (FALSE,)
    )


_ENDS = (*days_ago(10, 450), UNKNOWN)


_OVERDUE, _ENDED = values("overdue"), values("ended")


def _ended(facts: Facts) -> Sequence[Class]:
    past = facts["b12_therapy.past"]
    return _ENDS if past.holds else (UNKNOWN,) if past.is_unknown else (ABSENT,)


def _lapsed(facts: Facts) -> Sequence[Class]:
    active, past = facts["b12_therapy.active"].holds, facts["b12_therapy.past"]
    if active:
        return (ABSENT, *_OVERDUE, UNKNOWN)
    return (UNKNOWN,) if active is None or past.is_unknown else (ABSENT, *_ENDED)


def _last_dose(facts: Facts) -> Sequence[Class]:
    """A dose that is overdue has been recorded."""
    return _ENDS[1:2] if facts["b12_therapy.lapsed"].value == "overdue" else (ABSENT, *_ENDS[1:])


def _order(facts: Facts) -> Sequence[Class]:
    if not facts["b12_therapy.active"].holds:
        return (ABSENT,)
    if facts["b12_therapy.standing"].value not in ("running", "ordered"):
        return (ABSENT,)
    return (ABSENT, Class("named", known("MedicationRequest/course")))


def _other_treatment(facts: Facts) -> Sequence[Class]:
    drafted, active = facts["session.b12"], facts["b12_therapy.active"]
    if drafted.holds:
        return (TRUE,)
    if active.holds:
        return YES_NO if drafted.is_unknown else (TRUE, FALSE)
    return (UNKNOWN,) if active.is_unknown or drafted.is_unknown else (FALSE,)


def _duplicate(facts: Facts) -> Sequence[Class]:
    active = facts["b12_therapy.active"]
    return (TRUE, FALSE) if active.holds else BY_HOLDS[active.holds]


def _low_on_therapy(facts: Facts) -> Sequence[Class]:
    active = facts["b12_therapy.active"]
    return YES_NO if active.holds else BY_HOLDS[active.holds]


def _cyanocobalamin_under_way(facts: Facts) -> Sequence[Class]:
    return (TRUE, FALSE) if facts["b12_therapy.active"].holds else (FALSE,)


TREATMENT: dict[str, ClassesOf] = {
    "b12_therapy.route": _of_course(*values("parenteral", "oral", "nasal")),
    "b12_therapy.interval": _of_course(
        *(Class(f"{days} days", known(float(days))) for days in (1, 30, 90))
    ),
    "b12_therapy.start": _of_course(*_STARTS),
    "b12_therapy.latest_start": _latest_start,
    "b12_therapy.standing": _standing,
    "b12_therapy.order_start": _order_start,
    "b12_therapy.not_given": _not_given,
    "b12_therapy.planned_start": _planned_start,
    "b12_therapy.planned_order": _planned_order,
    "b12_therapy.after_loading": _either,
    "b12_therapy.stopped": _stopped,
    "b12_therapy.ended": _ended,
    "b12_therapy.lapsed": _lapsed,
    "b12_therapy.last_dose": _last_dose,
    "b12_therapy.order": _order,
    "b12.other_treatment": _other_treatment,
    "b12.duplicate": _duplicate,
    "b12.low_on_therapy": _low_on_therapy,
    "b12_therapy.cyanocobalamin": _cyanocobalamin_under_way,
}
