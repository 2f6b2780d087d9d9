"""Reads of the lists of the patient's record: problems, procedures, allergies, Observations, and
how much was received."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Protocol

from ..fhir.r4 import Observation, Patient
from .catalogue import Facts
from .fact import Fact, Source, known, unknown
from .queries import QUERIES
from .reads import Needs, Read
from .record import ANAPHYLAXIS, Allergy, PerformedProcedure, Problem


class Completeness(Protocol):
    """Whether lists of the record were received whole. ``since``: at least from that day on;
    ``of``: as far as Observations of these value sets go."""

    def __call__(self, *, since: date | None = None, of: tuple[str, ...] = ()) -> bool: ...


def received(*queries: str) -> Read[Completeness]:
    """Whether the lists of ``queries`` were received, so that absence from them
    may be concluded."""
    return Read(Needs(queries=queries), lambda facts: partial(facts.record.complete, *queries))


def problems(*value_sets: str) -> Read[list[Problem]]:
    """The problems with a code in ``value_sets`` that are not ruled out, active or not,
    confirmed or not."""

    def found(facts: Facts) -> list[Problem]:
        return facts.record.problems.within(value_sets)

    return Read(Needs(queries=("conditions",), value_sets=value_sets), found)


def _any(problem: Problem) -> bool:
    return True


def problem(
    *value_sets: str,
    where: Callable[[Problem], bool] = _any,
    ever: bool = False,
    even_uncertain: bool = False,
) -> Read[Fact]:
    """Whether a confirmed active problem is in one of ``value_sets``.

    ``where``: a condition that it must also meet. ``ever``: whatever its clinical status.
    ``even_uncertain``: also under a modifier that is not understood.
    """

    def found(facts: Facts) -> Fact:
        return _problem(facts, value_sets, where, ever=ever, even_uncertain=even_uncertain)

    return Read(Needs(queries=("conditions",), value_sets=value_sets), found)


def problem_that(
    *value_sets: str, ever: bool = False, even_uncertain: bool = False
) -> Read[Callable[[Callable[[Problem], bool]], Fact]]:
    """As :func:`problem`, for a condition that is known only when the fact is worked out."""

    def found(facts: Facts) -> Callable[[Callable[[Problem], bool]], Fact]:
        return lambda where: _problem(
            facts, value_sets, where, ever=ever, even_uncertain=even_uncertain
        )

    return Read(Needs(queries=("conditions",), value_sets=value_sets), found)


def _problem(
    facts: Facts,
    value_sets: tuple[str, ...],
    where: Callable[[Problem], bool],
    *,
    ever: bool,
    even_uncertain: bool,
) -> Fact:
    sources = [
        Source(problem.reference, problem.onset or problem.recorded, _named(problem))
        for problem in facts.record.problems.within(value_sets)
        if problem.confirmed
        and (ever or problem.active)
        and (even_uncertain or not problem.uncertain)
        and where(problem)
    ]
    if sources:
        return known(True, *sources)
    return (
        known(False)
        if facts.record.complete("conditions")
        else unknown("conditions not all received")
    )


def _named(problem: Problem) -> str:
    """What a card says of a problem: its name, and whether it is uncertain."""
    return " ".join(filter(None, (problem.called, "(uncertain)" if problem.uncertain else "")))


def procedures(*value_sets: str) -> Read[list[PerformedProcedure]]:
    """The completed procedures with a code in ``value_sets``."""

    def found(facts: Facts) -> list[PerformedProcedure]:
        return facts.record.procedures.within(value_sets)

    return Read(Needs(queries=("procedures",), value_sets=value_sets), found)


def procedure(*value_sets: str) -> Read[Fact]:
    """Whether a completed procedure is in one of ``value_sets``. If the EHR keeps no procedures, a
    complete problem list suffices for "no"."""
    found = procedures(*value_sets).evaluate

    def evaluate(facts: Facts) -> Fact:
        sources = [Source(procedure.reference, procedure.day) for procedure in found(facts)]
        if sources:
            return known(True, *sources)
        if facts.record.complete("procedures", "conditions"):
            return known(False)
        return unknown("procedures not all received")

    return Read(Needs(queries=("procedures", "conditions"), value_sets=value_sets), evaluate)


def allergies(*value_sets: str, names: tuple[str, ...] = ()) -> Read[list[Allergy]]:
    """The allergies in force to a substance in ``value_sets``, or with one of ``names`` in the
    text; each says whether it is severe."""
    wanted = (*value_sets, *names)

    def found(facts: Facts) -> list[Allergy]:
        return facts.record.allergies.within(wanted)

    return Read(Needs(queries=("allergies",), value_sets=(*value_sets, ANAPHYLAXIS)), found)


def observations(value_set: str, *answers: str) -> Read[list[Observation]]:
    """The Observations with a code in ``value_set``. ``answers``: value sets in which their values
    may be."""
    (query,) = (name for name, query in QUERIES.items() if value_set in query.value_sets)
    return Read(
        Needs(queries=(query,), value_sets=(value_set, *answers)),
        lambda facts: facts.record.observations(value_set),
    )


def patient() -> Read[Patient | None]:
    """The Patient resource, where it was received."""
    return Read(Needs(queries=("patient",)), lambda facts: facts.record.patient)


def patient_reference() -> Read[str]:
    """The reference of the patient."""
    return Read(Needs(queries=("patient",)), lambda facts: facts.record.index.patient_reference)
