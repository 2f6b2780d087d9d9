"""How the cost of a body grows with its size, in seconds of CPU: never faster than its size."""

from __future__ import annotations

import gc
import math
from typing import NamedTuple

from tests.fuzz.bodies import KINDS, Made, Sent, ordinary
from tests.fuzz.multiplied import MULTIPLIED
from tests.fuzz.report import Finding, Report
from tests.fuzz.target import Target, faults

TIMES = 4  # so much larger is the second body
# Of a cost that grows with the size the ratio is TIMES, of a quadratic one its square. Between them lies what noise may do.
MOST_RATIO = TIMES * 2
# A body may cost so many times what an ordinary record of its size costs.
MOST_COST = 8
_LEAST_SECONDS = 0.02


class Cost(NamedTuple):
    """Of one kind of body: seconds of CPU for a megabyte, and how much more a body costs that is ``TIMES`` as large."""

    per_megabyte: float
    ratio: float
    status: int


def cost(target: Target, make: Made, size: int) -> Cost:
    """The cost of a kind of body of about ``size`` bytes; where that is too little to be measured, of a larger one."""
    small, large = make(size), make(size * TIMES)
    less, status = _seconds(target, small)
    if less > 3:
        return Cost(less / len(small.body) * 1e6, math.inf, status)
    more, status = _seconds(target, large)
    grown = len(large.body) / max(len(small.body), 1) / TIMES
    ratio = more / max(less, _LEAST_SECONDS / TIMES) / max(grown, 0.25)
    return Cost(more / len(large.body) * 1e6, ratio, status)


def _seconds(target: Target, sent: Sent) -> tuple[float, int]:
    best, status = math.inf, 0
    for _ in range(3):
        target.forget()
        gc.collect()
        answer = target.send("POST", sent.path, sent.body, sent.content_type)
        best, status = min(best, answer.seconds), answer.status
        if best > 1:
            break  # no need for more precision
    return best, status


def run(target: Target, report: Report, size: int = 1_000_000) -> dict[str, Cost]:
    """The cost of every kind of body."""
    measure = cost(target, ordinary, size)
    report.measured("an ordinary record", f"{measure.per_megabyte * 1000:.0f} ms of CPU a megabyte")
    found = {}
    for name, make in {**KINDS, **MULTIPLIED}.items():
        found[name] = this = cost(target, make, size)
        report.count("growth", this.status, 8)
        sent = make(size)
        if this.ratio > MOST_RATIO:
            report.add(
                Finding(
                    "growth",
                    f"{name}: {this.ratio:.0f} times the cost for {TIMES} times the size",
                    sent.body,
                )
            )
        elif this.per_megabyte > MOST_COST * measure.per_megabyte:
            times = this.per_megabyte / measure.per_megabyte
            report.add(
                Finding(
                    "growth",
                    f"{name}: {times:.0f} times the cost of an ordinary record of its size",
                    sent.body,
                )
            )
        for fault in faults(
            target.send("POST", sent.path, sent.body, sent.content_type), len(sent.body)
        ):
            report.add(Finding("growth", f"{name}: {fault}", sent.body))
    slowest = sorted(found, key=lambda name: -found[name].per_megabyte)[:5]
    report.measured(
        "the slowest bodies",
        ", ".join(
            f"{name} {found[name].per_megabyte * 1000:.0f} ms a megabyte" for name in slowest
        ),
    )
    return found
