"""What a proof found: the states visited, the violations, and the criteria that decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from ...facts.domains import Domain
from ...states.walk import StateFacts
from .job import Job

T = TypeVar("T")


class Violation(NamedTuple):
    """A state in which a rule does not hold. ``state``: the class of each input that was asked
    for."""

    rule: str
    card: str
    setting: str
    session: str
    state: dict[str, str]

    def __str__(self) -> str:
        return f"{self.card}: {self.rule} [{self.setting}; {self.session}] {state_text(self.state)}"


def state_text(state: Mapping[str, str]) -> str:
    """Return the class of each input of a state as text."""
    return ", ".join(f"{name}={label}" for name, label in state.items())


@dataclass
class Tally:
    """The results of an enumeration. ``deciding``: how often each criterion silenced its card, with
    ``""`` for firing; ``together``: pairs of cards of one topic that may fire together, with a
    state that the classes admit."""

    visited: int = 0
    violations: list[Violation] = field(default_factory=list)
    deciding: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    contradictions: set[tuple[str, str]] = field(default_factory=set)
    together: dict[tuple[str, str], str] = field(default_factory=dict)

    def walk(
        self,
        job: Job,
        ask: Callable[[StateFacts], T],
        fixed: Mapping[str, str] | None = None,
        domains: Mapping[str, Domain] | None = None,
    ) -> Iterator[tuple[StateFacts, T]]:
        """Walk as :meth:`Job.walk` does, and count each state."""
        for found in job.walk(ask, fixed, domains):
            self.visited += 1
            yield found

    def violate(self, rule: str, card: str, job: Job, state: Mapping[str, str]) -> None:
        """Note that a rule does not hold in a state of ``job``."""
        self.violations.append(Violation(rule, card, job.setting, job.session.label, dict(state)))

    def add(self, other: Tally) -> None:
        """Add the results of another process."""
        self.visited += other.visited
        self.violations += other.violations
        self.deciding.update(other.deciding)
        self.contradictions |= other.contradictions
        self.together |= other.together
