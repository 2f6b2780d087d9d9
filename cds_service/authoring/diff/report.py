"""A comparison for a terminal, for a pull request, and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ...engine import PARAMETER_SETS
from ..card_words import title
from . import CardStates, Comparison
from .patient import patient_words, told_apart
from .said import Said
from .states import Found

_WHEN = {"opening": "when the chart is opened or at discharge", "ordering": "when an order is chosen or signed"}
_FIRST = {"": "Limits and sources"}


def as_text(comparison: Comparison) -> str:
    """Card by card: what is said otherwise, then for whom it makes a difference."""
    return "\n".join(_lines(comparison, heading="{}", item="  {}", inner="      {}"))


def as_markdown(comparison: Comparison) -> str:
    """The same for a pull request."""
    head = [f"## Cards: {comparison.old} → {comparison.new}", ""]
    return "\n".join([*head, *_lines(comparison, heading="### {}\n", item="- {}", inner="  - {}")])


def _lines(comparison: Comparison, heading: str, item: str, inner: str) -> Iterator[str]:
    if not comparison.differs:
        yield "No difference."
        return
    abouts = sorted({*(said.about for said in comparison.said), *(states.card for states in comparison.states)})
    for about in abouts:
        yield heading.format(about or "Limits and sources")
        for said in (each for each in comparison.said if each.about == about):
            yield item.format(f"{said.text}{_sets(said.sets)}")
        for states in (each for each in comparison.states if each.card == about):
            for found in states.found:
                yield item.format(_found(states, found))
                yield from (inner.format(line) for line in _example(found))
        if about in comparison.walked and about not in [states.card for states in comparison.states]:
            yield item.format("for no patient a difference")
        yield ""
    for parameter, facts, cards in comparison.not_walked:
        read = ", ".join(map(title, facts))
        yield f"{parameter}: no patient is shown, since it is applied while the record is read ({read}). Cards that rest on it: {', '.join(cards) or 'none'}."
    yield _sum(comparison)


def _sets(sets: tuple[str, ...]) -> str:
    return "" if len(sets) == len(PARAMETER_SETS) else f" ({', '.join(sets)} only)"


def _found(states: CardStates, found: Found) -> str:
    number = f"{found.states:,} state{'s' if found.states != 1 else ''}"
    return f"in {number} it {found.kind}, {_WHEN[states.when]}{_sets(states.sets)}"


def _example(found: Found) -> Iterator[str]:
    if found.example is None:
        yield "no example: in each state that was tried other cards or facts keep it from being"
        return
    yield f"example: {patient_words(found.example)}"
    for told in told_apart(found.example):
        yield told


def _sum(comparison: Comparison) -> str:
    said = {each.about for each in comparison.said if each.about}
    differing = {states.card for states in comparison.states}
    return f"{len(said)} card{'s' if len(said) != 1 else ''} changed; {len(differing)} of {len(comparison.walked)} walked differ for some patient."


def as_json(comparison: Comparison) -> str:
    """An object with what is said otherwise and the states that differ."""
    return json.dumps(
        {
            "old": comparison.old,
            "new": comparison.new,
            "said": [_said(each) for each in comparison.said],
            "states": [_states(each) for each in comparison.states],
            "not_walked": [each._asdict() for each in comparison.not_walked],
        },
        indent=2,
        ensure_ascii=False,
    )


def _said(said: Said) -> dict[str, Any]:
    return {"card": said.about or None, "part": said.part, "text": said.text, "parameter_sets": list(said.sets)}


def _states(states: CardStates) -> dict[str, Any]:
    return {
        "card": states.card,
        "hooks": list(states.hooks),
        "parameter_sets": list(states.sets),
        "differs": [
            {
                "how": found.kind,
                "states": found.states,
                "example": None if found.example is None else patient_words(found.example),
                "because": [] if found.example is None else list(told_apart(found.example)),
            }
            for found in states.found
        ],
    }


FORMATS = {"text": as_text, "markdown": as_markdown, "json": as_json}
