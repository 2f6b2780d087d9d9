"""Facts about bleeding."""

from __future__ import annotations

from .catalogue import Facts, fact
from .fact import Fact, known, unknown
from .history import either, problems_in
from .laboratory import level
from .renal import current_medication


@fact(
    "bleeding.risk",
    "bleeding risk",
    queries=("conditions", "medication-requests", "medication-statements"),
    uses=("platelets",),
)
def bleeding_risk(facts: Facts) -> Fact:
    """A current anticoagulant, haemophilia on the problem list, or platelets below {platelets.bleeding_below}."""
    count = level(facts["platelets"])
    few = unknown(count.note) if count.is_unknown else known(count.value == "low", *count.sources)
    return either(current_medication(facts, "anticoagulant"), problems_in(facts, "haemophilia"), few)
