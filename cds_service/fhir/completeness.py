"""What may be concluded from what an answer does not hold (clinical specification, section 2,
"Whose" and "Prefetch")."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from .ehr_profile import GENERIC, EhrProfile


class Completeness(NamedTuple):
    """How much of a list was received: the ``whole`` of it, or at least all ``since`` a day."""

    whole: bool = False
    since: date | None = None

    def reaches(self, day: date | None) -> bool:
        """Whether all since ``day`` was received; ``None``: whether all was."""
        return self.whole or (day is not None and self.since is not None and self.since <= day)


WHOLE = Completeness(True)
NOTHING = Completeness()


class Asked(NamedTuple):
    """What a query asks for, as far as its answer is judged by it.

    ``resource_type`` is ``""`` where anything is an answer. ``value_sets``: for Observations,
    the sets that their codes are of. ``newest_first``: they come in that order. ``profile``: of
    the EHR that answers.
    """

    resource_type: str = ""
    value_sets: frozenset[str] = frozenset()
    newest_first: bool = False
    profile: EhrProfile = GENERIC


class Answer(NamedTuple):
    """A Bundle, as far as its completeness goes.

    ``readable``: each entry is an answer to what was asked and can be read. ``lacks``: there are
    fewer matches than its ``total``. ``continues``: there is a ``next`` link. ``days``: where
    newest first was asked for, those of the matches, in the order in which they came.
    """

    readable: bool
    lacks: bool
    continues: bool
    days: Sequence[date] = ()


def completeness(answer: Answer) -> Completeness:
    """What may be concluded from ``answer``.

    A list that was asked for newest first, came so and goes on is complete back to the day after
    its oldest entry: the rest of that day may be on the page that was not received.
    """
    if not answer.readable:
        return NOTHING
    if answer.continues:
        return Completeness(since=_day_after_oldest(answer.days))
    return NOTHING if answer.lacks else WHOLE


def _day_after_oldest(days: Sequence[date]) -> date | None:
    """``None`` where there is no day, or where the days do not descend."""
    if (
        not days
        or days[-1] == date.max
        or any(later > earlier for earlier, later in pairwise(days))
    ):
        return None
    return days[-1] + timedelta(days=1)
