"""Why each card fired or stayed silent for a request, with every fact and its sources."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ..engine import Call, Engine
from ..facts.catalogue import CATALOGUE, Facts
from ..facts.fact import Fact
from ..facts.kinds import DATE
from ..rendering.card_text import value_text
from ..rendering.shown import select_shown
from ..rules.conditions import Condition, Criterion
from ..rules.decision import Decision

TRUTHS = {True: "true", False: "false", None: "unknown"}


def explain_call(
    engine: Engine, call: Call, now: datetime, only: str | None = None
) -> dict[str, Any]:
    """Return how the cards were decided for a hook call, as JSON-ready data. ``only``: the id of
    the one card to explain.

    Raises :class:`~cds_service.engine.MissingData`.
    """
    facts = engine.facts(call, now)
    decisions = engine.decisions(call, facts, whole_trace=True)
    wanted = [decision for decision in decisions.all() if only in (None, decision.card.id)]
    shown_ids = [decision.card.id for decision in select_shown(decisions)]
    names = facts.met(name for decision in wanted for name in decision.card.deciding_facts)
    return {
        "hook": call.hook,
        "parameter_set": engine.settings.parameters,
        "today": facts.today.isoformat(),
        "cards": [_card(decision, decision.card.id in shown_ids) for decision in wanted],
        "facts": {name: _fact(name, facts) for name in CATALOGUE if name in names},
    }


def outcome(decision: Decision, is_shown: bool) -> str:
    """Return the outcome of a card: silent, fires, or fires without being among the three shown."""
    fires = "fires" if is_shown else "fires, beyond the limit of three"
    return fires if decision.fires else "silent"


def _card(decision: Decision, is_shown: bool) -> dict[str, Any]:
    return {
        "id": decision.card.id,
        "outcome": outcome(decision, is_shown),
        "stopped_by": decision.stopped_by or None,
        "criteria": [
            {
                "id": step.condition.id,
                "excludes": step.excludes,
                "truth": TRUTHS[step.truth],
                "asks": condition_text(step.condition),
                "facts": list(step.condition.facts),
            }
            for step in decision.steps
        ],
    }


def condition_text(condition: Condition) -> str:
    """Return a condition as text with fact names and operators."""
    if condition.card:
        return f"card {condition.card} {'holds' if condition.firing else 'does not hold'}"
    joint = "; or " if any(criterion.when_unknown for criterion in condition.criteria) else " or "
    return joint.join(map(_criterion_text, condition.criteria))


def _criterion_text(criterion: Criterion) -> str:
    definition = CATALOGUE[criterion.fact]
    operand = criterion.operand
    if criterion.operator in ("absent", "unknown"):
        asked = f"is {'' if operand else 'not '}{criterion.operator}"
    elif isinstance(operand, frozenset):
        asked = f"in {', '.join(sorted(operand)) or 'nothing'}"
    elif isinstance(operand, bool):
        asked = f"is {'true' if operand else 'false'}"
    else:
        unit = "days" if definition.kind is DATE else definition.unit
        asked = f"{criterion.operator.replace('_', ' ')} {operand} {unit}".rstrip()
    return f"{criterion.fact} {asked}{', or unknown' if criterion.when_unknown else ''}"


def _fact(name: str, facts: Facts) -> dict[str, Any]:
    fact: Fact = facts[name]
    definition = CATALOGUE[name]
    return {
        "title": definition.title,
        "state": fact.state.value,
        "value": value_text(definition, fact, markdown=False) or None,
        "unit": definition.unit or None,
        "note": fact.note or None,
        "sources": [
            {
                "reference": source.reference,
                "date": source.day.isoformat() if source.day else None,
                "text": source.text,
            }
            for source in fact.sources
        ],
        "reads": facts.reads(name),
    }


def explanation_text(explained: dict[str, Any]) -> str:
    """Format an explanation for a terminal."""
    return "\n".join(_lines(explained))


def _lines(explained: dict[str, Any]) -> Iterator[str]:
    yield f"{explained['hook']} on {explained['today']}, parameter set {explained['parameter_set']}"
    for card in explained["cards"]:
        reason = f", stopped by {card['stopped_by']}" if card["stopped_by"] else ""
        yield f"\n{card['id']}: {card['outcome']}{reason}"
        for criterion in card["criteria"]:
            mark = "unless" if criterion["excludes"] else "when"
            yield f"  {criterion['truth']:<8}{mark:<7}{criterion['id']}: {criterion['asks']}"
    yield "\nFacts"
    for name, fact in explained["facts"].items():
        value = fact["value"] if fact["state"] == "value" else fact["state"]
        note = f" ({fact['note']})" if fact["note"] else ""
        yield f"  {name} = {value}{note}"
        for source in fact["sources"]:
            parts = [source["reference"], source["date"], source["text"]]
            yield f"      {', '.join(filter(None, parts))}"
