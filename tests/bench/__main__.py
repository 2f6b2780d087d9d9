"""Run the benchmark: service and floor side by side, alternating, case by case; print one table."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterator
from importlib.metadata import version
from tempfile import TemporaryDirectory
from typing import NamedTuple
from unittest.mock import patch

import orjson

from tests.bench import floor_app
from tests.bench.bodies import Body, bodies
from tests.bench.client import Load, Target, load, once, target
from tests.bench.servers import Server, free_port, running

CONNECTIONS = 2
ROUNDS = 6
SECONDS = 2.0
WARM_UP = 0.7
SERVICE_PATH = "/cds-services/b12-folate-order-select"
TARGETS = {
    "relevant order, 100 KB": 0.75,
    "irrelevant order, 100 KB": 1.2,
    "relevant order, 6 KB": 0.5,
}


class Run(NamedTuple):
    """One round against one server. ``cpu``: CPU seconds of its workers, where the system tells."""

    load: Load
    cpu: float | None

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.load.latencies) / self.load.seconds


def main() -> None:
    """Measure every case and print the table."""
    print(_heading(), flush=True)
    service_port, floor_port = free_port(), free_port()
    with (
        TemporaryDirectory() as folder,
        patch.dict(os.environ, CDS_DATABASE_URL=f"sqlite:///{folder}/cds.sqlite3"),
        running(
            "cds_service",
            "serve",
            "--host",
            "127.0.0.1",
            "--port",
            str(service_port),
            "--workers",
            "1",
            port=service_port,
        ) as service,
        running("tests.bench.floor_app", str(floor_port), port=floor_port) as floor,
    ):
        for body in bodies():
            for line in _case(body, service, floor):
                print(line, flush=True)


def _heading() -> str:
    columns = f"{'case':<26}{'server':<9}{'req/s':>8}{'p50 ms':>9}{'p99 ms':>9}{'CPU ms/req':>12}  "
    columns += f"{'service / floor (min - max)':<29}target"
    return (
        f"The service (cds_service serve, 1 worker) against a Flask floor under the same server that parses the body and\n"
        f"returns one canned card. {CONNECTIONS} keep-alive connections, {ROUNDS} alternating rounds of {SECONDS:g} s each;\n"
        f"ratio: requests per second, median of the rounds. The client runs on the same {os.cpu_count()} cores.\n"
        f"Python {platform.python_version()}, granian {version('granian')}, flask {version('flask')}, {platform.machine()}\n\n{columns}"
    )


def _case(body: Body, service: Server, floor: Server) -> Iterator[str]:
    """Check the answers, measure in alternation, and give the lines of the table."""
    to_service = target(service.port, SERVICE_PATH, body.content, body.expected)
    to_floor = target(floor.port, floor_app.PATH, body.content, b'"cards"')
    _check(body, once(to_service))
    for warmed in (to_service, to_floor):
        load(warmed, CONNECTIONS, WARM_UP)
    pairs = [(_run(service, to_service), _run(floor, to_floor)) for _ in range(ROUNDS)]
    ratios = [ours.rate / theirs.rate for ours, theirs in pairs]
    verdict = f"  {statistics.median(ratios):.2f} ({min(ratios):.2f} - {max(ratios):.2f})"
    yield (
        _line(body.name, "service", [ours for ours, _ in pairs])
        + f"{verdict:<31}>= {TARGETS[body.name]}"
    )
    yield _line(f"  {len(body.content)} bytes", "floor", [theirs for _, theirs in pairs])


def _check(body: Body, answer: bytes) -> None:
    """That a relevant order gets the critical card with suggestions, and an irrelevant one no card."""
    cards = orjson.loads(answer)["cards"]
    if body.name.startswith("irrelevant"):
        assert not cards, cards
        return
    card = next(
        card for card in cards if card["source"]["topic"]["code"] == "folic-acid-b12-deficient"
    )
    assert card["indicator"] == "critical" and card["suggestions"], card


def _run(server: Server, to: Target) -> Run:
    before = server.cpu_seconds()
    measured = load(to, CONNECTIONS, SECONDS)
    after = server.cpu_seconds()
    return Run(measured, after - before if before is not None and after is not None else None)


def _line(case: str, server: str, runs: list[Run]) -> str:
    latencies = sorted(latency for run in runs for latency in run.load.latencies)
    rate = statistics.median(run.rate for run in runs)
    cpu = [run.cpu for run in runs if run.cpu is not None]
    per_request = f"{1000 * sum(cpu) / len(latencies):.3f}" if len(cpu) == len(runs) else "n/a"
    p50, p99 = (1000 * latencies[int(share * (len(latencies) - 1))] for share in (0.5, 0.99))
    return f"{case:<26}{server:<9}{rate:>8.0f}{p50:>9.2f}{p99:>9.2f}{per_request:>12}"


if __name__ == "__main__":
    main()
