"""Patients to try the service with: the sandbox's patients, each with the hook and the order that
lead to its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from ..engine import Engine
from ..rules.card import INDICATORS
from ..sandbox.by_example import everybody
from ..sandbox.demo import DemoPatient, demo_patients
from .made_request import Record


class Scenario(NamedTuple):
    """A patient with a record. ``about``: the patient's story in a sentence; ``card``: the title of
    the expected card, ``""`` for none."""

    id: str
    name: str
    about: str
    card: str
    indicator: str
    hook: str
    order: Mapping[str, Any] | None
    record: Record


def scenarios(engine: Engine, today: date) -> Sequence[Scenario]:
    """All made-up patients with records as of ``today``: those with the most urgent cards first,
    those without a card last."""
    made = [_scenario(engine, patient) for patient in _patients(today, engine)]
    return sorted(made, key=lambda scenario: (*INDICATORS, "").index(scenario.indicator))


@lru_cache(2)
def _patients(today: date, engine: Engine) -> tuple[DemoPatient, ...]:
    return tuple(demo_patients(today, engine.terminology, everybody(engine.cards)).values())


def _scenario(engine: Engine, patient: DemoPatient) -> Scenario:
    person = patient.person
    card = engine.cards.get(person.card)
    title, indicator = (card.title, card.indicator) if card else ("", "")
    name, record = (
        f"{person.given} {person.family}, {person.age}",
        Record(person.id, patient.record),
    )
    return Scenario(
        person.id, name, person.story, title, indicator, patient.hook, patient.order, record
    )
