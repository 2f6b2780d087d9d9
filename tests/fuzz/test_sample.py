"""A sample of what ``python -m tests.fuzz`` does in ten minutes, the same each time."""

from __future__ import annotations

import pytest

from cds_service.troubles import TROUBLES
from tests.fuzz import kept_family
from tests.fuzz.bodies import KINDS
from tests.fuzz.growth_family import MOST_RATIO, cost
from tests.fuzz.report import Report
from tests.fuzz.shape_family import Shapes
from tests.fuzz.target import Target
from tests.spec.scenarios import EVERY_CARD


@pytest.fixture(scope="module")
def target() -> Target:
    return Target()


@pytest.mark.parametrize("seed", range(4))
def test_odd_shapes_are_answered(target: Target, seed: int) -> None:
    """Anything in the place of any element, at every endpoint and in the answers of FHIR servers: no 500, no answer as long as what
    was sent, no guard that had to step in."""
    before = TROUBLES.unread + TROUBLES.dropped
    report = Report()
    shapes = Shapes(target, report, seed)
    for _ in range(300):
        shapes.step()
    shapes.sweep(seed, 600)
    assert not report.found, report.text()
    assert TROUBLES.unread + TROUBLES.dropped == before


@pytest.mark.parametrize("kind", KINDS)
def test_no_body_costs_more_than_its_size(target: Target, kind: str) -> None:
    """Four times the size takes about four times the processor's time; quadratic would be sixteen times."""
    assert cost(target, KINDS[kind], 30_000).ratio <= MOST_RATIO


@pytest.mark.parametrize("name", kept_family.LONG)
def test_nothing_long_stays_in_memory(target: Target, name: str) -> None:
    report = Report()
    kept_family.kept(target, report, [name])
    assert not report.found, report.text()


def test_nothing_long_comes_back(target: Target) -> None:
    report = Report()
    kept_family.echoed(target, report, list(EVERY_CARD)[::12])
    assert not report.found, report.text()
