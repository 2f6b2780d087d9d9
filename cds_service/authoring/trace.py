"""The trace of a failed test inside a card file, for the card's author."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as AnyMapping
from typing import Any

from ..rules.conditions import Condition
from ..rules.decision import Decision, Decisions, Step
from .explanation import TRUTHS, condition_text


def trace_lines(
    decision: Decision, others: Decisions, stated: AnyMapping[str, Any], wanted: str
) -> Iterator[str]:
    """Yield each criterion in order: its truth, its text, the facts that the test states, and a
    mark on the criterion that stopped the card or should have.

    ``decision``: with its whole trace; ``stated``: the facts as the test writes them; ``wanted``:
    ``fires``, or the id of a criterion.
    """
    for step in decision.steps:
        marks = []
        if step.condition.id == decision.stopped_by:
            marks.append(f"stops it (line {step.condition.place.line})")
        if step.condition.id == wanted:
            marks.append(
                f"should stop it, according to the test (line {step.condition.place.line})"
            )
        yield _line(step, others, stated) + "".join(f"   <-- {mark}" for mark in marks)


def _line(step: Step, others: Decisions, stated: AnyMapping[str, Any]) -> str:
    mark = ">" if (step.truth if step.excludes else not step.truth) else " "
    part = "unless" if step.excludes else "when"
    told = _told(step.condition, others, stated)
    return (
        f"{mark} {TRUTHS[step.truth]:<8}{part:<7}{step.condition.id}: "
        f"{condition_text(step.condition)} [{told}]"
    )


def _told(condition: Condition, others: Decisions, stated: AnyMapping[str, Any]) -> str:
    """The facts stated for a condition, or the outcome of the card that it asks about."""
    if not condition.card:
        names = dict.fromkeys(condition.facts)
        return ", ".join(
            f"{name}: {_written(stated[name])}" if name in stated else f"{name} not stated"
            for name in names
        )
    if condition.card not in others:
        return "that card is off in this parameter set"
    other = others[condition.card]
    return "it fires" if other.fires else f"it is silent, stopped by {other.stopped_by}"


def _written(value: Any) -> str:
    """A stated value as the test writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)
