"""When an order or statement of a medication ends, and whether it states an end that cannot be
told (clinical specification, section 2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from ..fhir.dates import add_days
from ..fhir.dosage import SINGLE_DOSE, Phase
from ..fhir.r4 import Dosage, Period


def end_of_phases(phases: tuple[Phase, ...], start: date | None) -> date | None:
    """The last day of the last phase, if every phase is bounded."""
    day = start
    for number, phase in enumerate(phases, start=1):
        day = phase.start or day
        if phase.end is not None:
            day = phase.end
        elif phase.duration is not None and day is not None:
            day = add_days(day, _to_last_dose(phase) if number == len(phases) else phase.duration)
        elif phase.interval == SINGLE_DOSE and day is not None:
            continue
        else:
            return None
    return day


def _to_last_dose(phase: Phase) -> float:
    """Days from the first dose of a bounded phase to its end: the last of n doses comes n - 1
    intervals after the first."""
    length = phase.duration or 0
    if phase.doses is None or not phase.interval or phase.interval == SINGLE_DOSE:
        return length
    return min(length, (phase.doses - 1) * phase.interval)


def states_end(dosages: Sequence[Dosage], period: Period | None, malformed: Iterable[str]) -> bool:
    """Whether an order or statement says, readably or not, that it ends.

    If no end is known for one that does, its end cannot be read, or counts from a day that is not
    known: the order may have ended long ago. ``period``: in which a statement holds.
    ``malformed``: the elements that could not be read.
    """
    return bool(
        (period is not None and period.end.strip())
        or any(map(_is_of_time, malformed))
        or (dosages and all(map(_is_bounded, dosages)))
    )


def _is_of_time(place: str) -> bool:
    """Whether a malformed element may have stated an end."""
    return place.startswith("effectivePeriod") or (
        place.startswith("dosage") and ("." not in place or ".timing" in place)
    )


def _is_bounded(dosage: Dosage) -> bool:
    """Whether a dosage states that it ends: by a period, a duration, a number of doses, or a list
    of all times."""
    timing = dosage.timing
    if timing is None or timing.repeat is None:
        return timing is not None and bool(timing.event)
    repeat = timing.repeat
    period = repeat.boundsPeriod
    bounds = (repeat.boundsDuration, repeat.boundsRange, repeat.count, repeat.countMax)
    return any(bound is not None for bound in bounds) or (
        period is not None and bool(period.end.strip())
    )
