"""Measure a hook call whose data is all fetched: ``python -m tests.bench.fhir_access [MILLISECONDS_A_QUERY]``.

The service (one worker) and a FHIR server, each a process of its own on this machine; one caller. The same call with
everything prefetched stands beside it.
"""

from __future__ import annotations

import sys

import orjson

from tests.bench.client import Target, load, once, target
from tests.bench.servers import free_port, running
from tests.fhir_access.calls import QUERY_TYPES, authorization
from tests.support.fhir_builders import hook_request, prefetch
from tests.support.fhir_server import example_record

SECONDS = 5.0


def main(milliseconds: float = 5.0) -> None:
    """Print latencies of the hook ``patient-view``."""
    port, fhir_port = free_port(), free_port()
    fhir = ("tests.support.fhir_server", str(fhir_port), str(milliseconds / 1000))
    with (
        running("cds_service", "serve", "--port", str(port), port=port),
        running(*fhir, port=fhir_port),
    ):
        token = {
            "fhirServer": f"http://127.0.0.1:{fhir_port}/fhir",
            "fhirAuthorization": authorization(),
        }
        who, *record = example_record()
        print(
            f"{len(QUERY_TYPES)} queries of {milliseconds:g} ms each; latency of patient-view in ms, one caller, {SECONDS:g} s"
        )
        _measure("all fetched", _to(port, hook_request("patient-view", **token)))
        _measure(
            "all prefetched",
            _to(port, hook_request("patient-view", prefetch(*record, who=who), **token)),
        )


def _to(port: int, request: dict[str, object]) -> Target:
    return target(port, "/cds-services/b12-folate-patient-view", orjson.dumps(request), b'"cards"')


def _measure(name: str, to: Target) -> None:
    cards = len(orjson.loads(once(to))["cards"])
    load(to, 1, 1.0)
    latencies = sorted(load(to, 1, SECONDS).latencies)
    p50, p99 = (1000 * latencies[int(share * (len(latencies) - 1))] for share in (0.5, 0.99))
    print(
        f"  {name:<15} p50 {p50:6.1f}   p99 {p99:6.1f}   max {1000 * latencies[-1]:6.1f}   ({len(latencies)} calls, {cards} cards)"
    )


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
