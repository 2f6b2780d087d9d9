"""What may be concluded from the absence of a resource in an answer (clinical specification,
section 2, "Whose" and "Prefetch")."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from .ehr_profile import GENERIC, EhrProfile


class Completeness(NamedTuple):
    """How much of a list was received: the ``whole`` list, or at least everything ``since`` a
    day."""

    whole: bool = False
    since: date | None = None

    def reaches(self, day: date | None) -> bool:
        """Whether all since ``day`` was received; with ``None``, whether the whole list was."""
        return self.whole or (day is not None and self.since is not None and self.since <= day)


WHOLE = Completeness(True)
NOTHING = Completeness()


class Asked(NamedTuple):
    """The parts of a query by which its answer is judged.

    ``resource_type``: the type of its matches. ``value_sets``: for Observations, the sets that
    their codes must belong to. ``newest_first``: whether the query asks for that order.
    ``profile``: that of the EHR that answers.
    """

    resource_type: str
    value_sets: frozenset[str] = frozenset()
    newest_first: bool = False
    profile: EhrProfile = GENERIC


class Answer(NamedTuple):
    """The properties of a Bundle that decide its completeness.

    ``readable``: each entry can be read and is something that the query asked for. ``lacks``: there
    are fewer matches than the ``total`` of the Bundle. ``continues``: there is a ``next`` link.
    ``days``: for a query that asked for newest first, the days of the matches as received.
    """

    readable: bool
    lacks: bool
    continues: bool
    days: Sequence[date] = ()


def completeness(answer: Answer) -> Completeness:
    """How much of its list ``answer`` contains.

    A list that was requested newest first, arrived in that order and continues is complete back to
    the day after its oldest entry: more results of that day may be on the next page.
    """
    if not answer.readable:
        return NOTHING
    if answer.continues:
        return Completeness(since=_day_after_oldest(answer.days))
    return NOTHING if answer.lacks else WHOLE


def _day_after_oldest(days: Sequence[date]) -> date | None:
    """``None`` if there is no day, or if the days do not descend."""
    if (
        not days
        or days[-1] == date.max
        or any(later > earlier for earlier, later in pairwise(days))
    ):
        return None
    return days[-1] + timedelta(days=1)
