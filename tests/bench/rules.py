"""How many generated requests a second pass through facts and rules alone: ``python -m tests.bench.rules``.

Measured in one process, in CPU seconds: the index, every fact that is asked for, and the decision on every card of the hook.
Parsing JSON, rendering and HTTP are left out.
"""

from __future__ import annotations

import statistics
import time

from hypothesis import HealthCheck, given, settings

from cds_service.config import Settings
from cds_service.engine import Call, Engine
from tests.safety.patients import Visit, visits
from tests.support.clinic import sent
from tests.support.fhir_builders import NOW, PATIENT

VISITS = 2000
ROUNDS = 5


def generated() -> list[Visit]:
    """Whole patients with a hook call each, always the same."""
    found: list[Visit] = []

    @settings(
        max_examples=VISITS,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(visits())
    def collect(visit: Visit) -> None:
        found.append(visit)

    collect()
    return found


def call_of(visit: Visit) -> Call:
    """The call of a visit as the engine sees it."""
    context = visit.request()["context"]
    prefetched = {key: sent(value) for key, value in visit.prefetch.items()}
    return Call(
        visit.hook,
        PATIENT,
        None,
        sent(context.get("draftOrders")),
        context.get("selections"),
        lambda keys: {key: prefetched[key] for key in keys if key in prefetched},
    )


def main() -> None:
    """Print the rate, and how many cards fired."""
    engine = Engine(Settings())
    calls = [call_of(visit) for visit in generated() if "patient" in visit.prefetch]
    rates, fired = [], 0
    for _ in range(ROUNDS):
        began, fired = time.process_time(), 0
        for call in calls:
            fired += sum(
                decision.fires for decision in engine.decisions(call, engine.facts(call, NOW)).all()
            )
        rates.append(len(calls) / (time.process_time() - began))
    print(
        f"{len(calls)} generated requests, {fired} cards fired: {statistics.median(rates):,.0f} a second of one core "
        f"({min(rates):,.0f} to {max(rates):,.0f}) through facts and rules"
    )


if __name__ == "__main__":
    main()
