"""The pregnancies on the problem list, for facts about results of another day."""

from __future__ import annotations

from datetime import date

from .lists import problems
from .reads import Computation, days


class RecordedPregnancies(Computation):
    """The pregnancies on the problem list, and when they may have lasted."""

    pregnancies = problems("pregnancy")
    length = days("window.pregnancy")

    def lasted_on(self, day: date) -> bool:
        """Whether a recorded pregnancy may have lasted on ``day``."""
        length = self.length
        begun = [problem.onset or problem.recorded for problem in self.pregnancies]
        return any(start is not None and start <= day <= start + length for start in begun)
