"""Facts about bleeding."""

from __future__ import annotations

from .catalogue import define
from .lists import problem
from .medications import taking
from .results import level_of

define(
    "bleeding.risk",
    "bleeding risk",
    taking("anticoagulant") | problem("haemophilia") | level_of("platelets").is_one_of("low"),
    (
        "A current anticoagulant, haemophilia on the problem list, or platelets below "
        "{platelets.bleeding_below}."
    ),
)
