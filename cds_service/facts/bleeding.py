"""Facts about bleeding."""

from __future__ import annotations

from .catalogue import define
from .fact import Fact, known
from .lists import problem
from .medications import taking
from .reads import Computation, computed
from .results import level_of


class _LowPlatelets(Computation):
    """Low platelets. Sources that are drugs or problems name themselves, but a number needs the
    name of its test."""

    low = level_of("platelets").is_one_of("low")

    def compute(self) -> Fact:
        low = self.low
        if not low.holds:
            return low
        return known(True, *(each._replace(text=f"platelets {each.text}") for each in low.sources))


define(
    "bleeding.risk",
    "bleeding risk",
    taking("anticoagulant") | problem("haemophilia") | computed(_LowPlatelets),
    (
        "A current anticoagulant, haemophilia on the problem list, or platelets below "
        "{platelets.bleeding_below}."
    ),
)
