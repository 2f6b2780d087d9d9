"""Which facts would have to change for a card to fire or to be silent in one request, as data and
as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from ..engine import Call, Engine
from ..facts.catalogue import CATALOGUE, Facts
from ..facts.fact import Fact, State
from ..rendering.card_text import value_text
from ..rendering.shown import select_shown
from ..rules.decision import Decisions
from .card_words import joined
from .explanation import condition_text
from .why_not import MOST_CHANGES, Cards, Change, Supposed, looked_at, why_not

MOST_TOLD = 10


def why_not_call(engine: Engine, call: Call, now: datetime, card_id: str) -> dict[str, Any]:
    """Return the smallest changes that would reverse the outcome of a card for a hook call, as
    JSON-ready data.

    Raises :class:`~cds_service.engine.MissingData`.
    """
    facts = engine.facts(call, now)
    cards = engine.cards_by_hook[call.hook]
    found = why_not(cards[card_id], cards, facts)
    decision = found.decision
    # A decision without a whole trace ends with the criterion that stops the card.
    stopped = None if decision.fires else decision.steps[-1].condition
    beyond = decision.fires and decision.card.id not in {
        other.card.id for other in select_shown(engine.decisions(call, facts))
    }
    return {
        "hook": call.hook,
        "parameter_set": engine.settings.parameters,
        "today": facts.today.isoformat(),
        "card": card_id,
        "outcome": "fires, beyond the limit of three"
        if beyond
        else "fires"
        if decision.fires
        else "silent",
        "stopped_by": {"id": stopped.id, "asks": condition_text(stopped)} if stopped else None,
        "would_be": "silent" if decision.fires else "fires",
        "changes": [
            {
                "facts": [_change(change, facts) for change in changes],
                "cards": _turned(card_id, changes, cards, facts),
            }
            for changes in found.changes
        ],
        "searched_up_to": None if found.exhausted else MOST_CHANGES,
    }


def _change(change: Change, facts: Facts) -> dict[str, Any]:
    definition = CATALOGUE[change.fact]
    return {
        "fact": change.fact,
        "title": definition.title,
        "now": _now(change.fact, change.now),
        "note": change.now.note or None,
        "would_have_to_be": change.then.words,
        "only_on_these": _is_derived(change.fact),
        "rests_on": _rests_on(change.fact, facts),
        "behind": {name: _rests_on(name, facts) for name in _derived_behind(change.fact, facts)},
    }


def _is_derived(name: str) -> bool:
    """Whether a fact is worked out from other facts alone, without reading the record or the
    session."""
    return not (CATALOGUE[name].queries or CATALOGUE[name].session)


def _rests_on(name: str, facts: Facts) -> dict[str, str]:
    return {read: _now(read, facts[read]) for read in dict.fromkeys(facts.reads(name))}


def _derived_behind(name: str, facts: Facts) -> list[str]:
    """The derived facts that ``name`` rests on, directly or through others, down to recorded
    data."""
    found: dict[str, None] = {}
    waiting = list(facts.reads(name))
    while waiting:
        read = waiting.pop(0)
        if read not in found and _is_derived(read) and facts.reads(read):
            found[read] = None
            waiting += facts.reads(read)
    return list(found)


def _now(name: str, fact: Fact) -> str:
    return (
        value_text(CATALOGUE[name], fact, markdown=False)
        if fact.state is State.VALUE
        else fact.state.value
    )


def _turned(card_id: str, changes: Sequence[Change], cards: Cards, facts: Facts) -> dict[str, str]:
    """The new outcome of each card that the card asks about and whose outcome the change
    reverses."""
    now = Decisions(cards, facts)
    then = Decisions(cards, Supposed(facts, {change.fact: change.then.fact for change in changes}))
    others = looked_at(cards[card_id], cards)
    return {
        other: "fires" if then.holds(other) else "silent"
        for other in others
        if then.holds(other) is not now.holds(other)
    }


def why_not_text(found: dict[str, Any]) -> str:
    """Format the answer for a terminal."""
    return "\n".join(_lines(found))


def _lines(found: dict[str, Any]) -> Iterator[str]:
    stopped = found["stopped_by"]
    because = f", stopped by {stopped['id']}: {stopped['asks']}" if stopped else ""
    yield f"{found['hook']} on {found['today']}, parameter set {found['parameter_set']}"
    yield f"\n{found['card']}: {found['outcome']}{because}"
    if not found["changes"]:
        most = f"up to {found['searched_up_to']} of " if found["searched_up_to"] else ""
        yield (
            f"No change of {most}the facts that it reads would make it "
            f"{'silent' if found['would_be'] == 'silent' else 'fire'}."
        )
        return
    first, *others = found["changes"]
    count = "one fact" if len(first["facts"]) == 1 else f"{len(first['facts'])} facts"
    yield (
        f"It would {'be silent' if found['would_be'] == 'silent' else 'fire'} if {count} were "
        "different:"
    )
    for change in first["facts"]:
        note = f" ({change['note']})" if change["note"] else ""
        yield (
            f"  {change['fact']} is {change['now']}{note}; it would have to be "
            f"{change['would_have_to_be']}"
        )
        yield from _basis(change)
    yield from (f"  Then {line}" for line in _cards(first))
    yield from _shared(first["facts"])
    yield from _behind(first["facts"])
    if others:
        yield f"\nOther changes of as few facts ({len(others)}):"
        for other in others[:MOST_TOLD]:
            yield f"  {_against(other, first)}" + "".join(
                f"; then {line}" for line in _cards(other)
            )
        if len(others) > MOST_TOLD:
            yield f"  and {len(others) - MOST_TOLD} more: --json lists them"


def _basis(change: dict[str, Any]) -> Iterator[str]:
    """The facts that a changed fact is worked out from, if any."""
    told = _values(change["rests_on"])
    if told and not change["only_on_these"]:
        yield f"      it rests on {told}, and on what is recorded or drafted"
    elif told:
        yield (
            "      it follows from "
            f"{told}{': this' if len(change['rests_on']) == 1 else ': one of these'} would have to "
            "change"
        )


def _behind(changes: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The derived facts behind the changed ones, each once. A fact worked out from only one other
    fact is left out, since it is that fact in another form."""
    behind = {name: rests_on for change in changes for name, rests_on in change["behind"].items()}
    yield from (
        f"  {name} follows from {_values(rests_on)}"
        for name, rests_on in behind.items()
        if len(rests_on) > 1
    )


def _values(rests_on: dict[str, str]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in rests_on.items())


def _shared(changes: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The facts on which several of the changed ones rest: changing such a fact may be enough."""
    for name in dict.fromkeys(name for change in changes for name in change["rests_on"]):
        resting = [change["fact"] for change in changes if name in change["rests_on"]]
        if len(resting) > 1:
            yield f"  {joined(resting, 'and')} rest on the same {name}, and may change together"


def _against(other: dict[str, Any], first: dict[str, Any]) -> str:
    """The part of a change that differs from the first one."""
    new = [change for change in other["facts"] if change not in first["facts"]]
    names = {change["fact"] for change in other["facts"]}
    left = [change["fact"] for change in first["facts"] if change["fact"] not in names]
    told = [f"{change['fact']}: {change['now']} -> {change['would_have_to_be']}" for change in new]
    return " and ".join(told) + (
        f", in place of {joined(left, 'and')}" if left and len(first["facts"]) > 1 else ""
    )


def _cards(change: dict[str, Any]) -> list[str]:
    return [
        f"card {card} {'fires' if outcome == 'fires' else 'is silent'}"
        for card, outcome in change["cards"].items()
    ]
