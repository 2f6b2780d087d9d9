"""Facts about bleeding."""

from __future__ import annotations

from .catalogue import Facts, define
from .fact import Fact, known
from .lists import problem
from .medications import taking
from .reads import Read
from .results import level_of

_LOW_PLATELETS = level_of("platelets").is_one_of("low")


def _named(facts: Facts) -> Fact:
    """Low platelets. Beside a drug or a problem, which name themselves, a number needs its name."""
    low = _LOW_PLATELETS.evaluate(facts)
    if not low.holds:
        return low
    return known(True, *(each._replace(text=f"platelets {each.text}") for each in low.sources))


define(
    "bleeding.risk",
    "bleeding risk",
    taking("anticoagulant") | problem("haemophilia") | Read(_LOW_PLATELETS.needs, _named),
    (
        "A current anticoagulant, haemophilia on the problem list, or platelets below "
        "{platelets.bleeding_below}."
    ),
)
