"""One card of one call: its patient, its decision, and the facts that it met."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from ..facts.catalogue import Facts
from ..rules.conditions import Condition
from ..rules.decision import Decision, Decisions
from .publication import Publication


class Patient(NamedTuple):
    """The patient of a card (``Patient/id``), the id of the encounter, and the time of the call.
    ``user``: who made the call, ``Practitioner/id``."""

    reference: str
    encounter: str | None
    now: datetime
    user: str = ""


class CardInCall:
    """One card with everything that its rendering needs. ``met``: the facts that it met, for the
    line ``Not known``."""

    def __init__(
        self,
        decision: Decision,
        decisions: Decisions,
        facts: Facts,
        patient: Patient,
        publication: Publication,
    ):
        self.decision = decision
        self.source = decision.card
        self.decisions = decisions
        self.facts = facts
        self.patient = patient
        self.publication = publication
        self.met: set[str] = set()
        self._meet_criteria(decision)

    def _meet_criteria(self, decision: Decision) -> None:
        for condition, _ in decision.evaluated:
            self._meet(condition)

    def _meet(self, condition: Condition) -> None:
        self.met.update(condition.facts)
        if condition.card and condition.card in self.decisions:
            self._meet_criteria(self.decisions[condition.card])

    def all_hold(self, conditions: tuple[Condition, ...]) -> bool:
        """Whether every one of ``conditions`` holds. The card meets the facts of each condition
        that is evaluated."""
        for condition in conditions:
            self._meet(condition)
            if not condition.truth(self.facts, self.decisions.holds):
                return False
        return True
