"""Patients to try the service with: what each shows, and the hook and order with which its card comes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from ..authoring.example import example_request
from .made_request import Record


class Scenario(NamedTuple):
    """A patient with a record, who is told in a sentence; ``hook`` and ``order``: those with which its card comes."""

    id: str
    title: str
    about: str
    hook: str
    order: str
    record: Record


def scenarios(now: datetime) -> Sequence[Scenario]:
    """All scenarios, with records dated by ``now``."""
    prefetch = example_request("patient-view", now)["prefetch"]
    resources = [prefetch["patient"], *(entry["resource"] for value in prefetch.values() for entry in value.get("entry", ()))]
    record = Record("example", tuple(resources))
    about = "A woman of 69 with a total B12 of 110 pg/mL and anaemia."
    return (
        Scenario("folic-acid-first", "Folic acid in B12 deficiency", about, "order-select", "folic acid 1 mg", record),
        Scenario("untreated", "Untreated B12 deficiency", about, "patient-view", "", record),
    )
