"""Which B12 status occurs with which of the facts that it rests on.

The status rests on so many facts that a walk chooses it first, and then only those values of the
other facts that agree with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from ..facts.catalogue import CATALOGUE
from ..facts.domains import FALSE, TRUE, UNKNOWN, given, one_of, values, where
from ..facts.fact import Fact
from ..facts.reads import of
from ..facts.session import OrderingSession
from ..facts.site import Site
from .domains import domains
from .values import NOW
from .walk import Choices, Relation, StateFacts, walk

STATUS = "b12.results_status"
STATUSES = (*values(*CATALOGUE[STATUS].values), UNKNOWN)
ANY_STATUS = one_of(*STATUSES)
_WITH_NEURO = where("neuro.involvement", TRUE, otherwise=(TRUE, FALSE))
_BY_TREATMENT = given(
    "b12_therapy.active", yes=(TRUE, FALSE), no=(TRUE, FALSE), unknown=_WITH_NEURO
)
# The domain of b12.suspicion, when it is chosen itself: its other grounds are free, so only
# methylmalonic acid and neurological features limit it.
ANY_SUSPICION = where(
    of("mma.level").is_one_of("high"),
    TRUE,
    otherwise=given("mma.level", yes=_BY_TREATMENT, no=_BY_TREATMENT, unknown=_WITH_NEURO),
)


@lru_cache(maxsize=2)
def relation_of_statuses(site: Site) -> Relation:
    """Which B12 status occurs with which inputs, by the definition of the fact itself."""
    tried = {**domains(), "b12.suspicion": ANY_SUSPICION}

    def start(choices: Choices) -> StateFacts:
        return StateFacts(site, OrderingSession(), NOW, tried, choices)

    return Relation(
        status_row(facts.labels, status_label(status))
        for facts, status in walk(start, lambda facts: facts[STATUS])
    )


def status_label(status: Fact) -> str:
    """The label of the class of a B12 status."""
    return UNKNOWN.label if status.is_unknown else str(status.value)


def status_row(labels: Mapping[str, str], status: str) -> dict[str, str]:
    """The row of a B12 ``status`` and the inputs that it was worked out from.

    The grounds of a suspicion are left free, so that some impossible states are tried, but no
    possible one is left out.
    """
    return {
        **{
            name: label
            for name, label in labels.items()
            if name not in ("b12.suspicion", "b12.diagnosed")
        },
        STATUS: status,
    }
