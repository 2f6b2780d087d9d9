"""A comparison as text for a terminal, as Markdown for a pull request, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from ...engine import PARAMETER_SETS
from ..card_words import title
from . import CardStates, Comparison, NotWalked
from .differing import ENOUGH, Found
from .said import Said

LIMITS = "Limits and sources"
_WHEN = {
    "opening": "when the chart is opened or at discharge",
    "ordering": "when an order is chosen or signed",
}


class Change(NamedTuple):
    """One difference in a line, with lines below it: an example, and the facts that the sets work
    out differently for it."""

    text: str
    told: tuple[str, ...] = ()


def as_text(comparison: Comparison) -> str:
    """Return, card by card, the differences in words and the patients for whom they matter."""
    return "\n".join(_lines(comparison, heading="{}", item="  {}", inner="      {}"))


def as_markdown(comparison: Comparison) -> str:
    """Return the same as Markdown for a pull request."""
    head = [f"## Cards: {comparison.old} → {comparison.new}", ""]
    return "\n".join([*head, *_lines(comparison, heading="### {}\n", item="- {}", inner="  - {}")])


def _lines(comparison: Comparison, heading: str, item: str, inner: str) -> Iterator[str]:
    if not comparison.differs:
        yield "No difference."
        return
    for about in changed(comparison):
        yield heading.format(about or LIMITS)
        for change in changes_of(comparison, about):
            yield item.format(change.text)
            yield from map(inner.format, change.told)
        yield ""
    yield from left_open(comparison)
    yield _sum(comparison)


def changed(comparison: Comparison) -> list[str]:
    """Return the ids of the cards that differ, and ``""`` if limits or sources do. A card that only
    asks about others, or only rests on a limit, is included if it differs for some patient."""
    return sorted(
        {said.about for said in comparison.said}
        | {states.card for states in comparison.states if states.found}
    )


def changes_of(comparison: Comparison, about: str) -> Iterator[Change]:
    """Yield the differences of a card in words, then the patients for whom they matter."""
    yield from (
        Change(f"{said.text}{_sets(said.sets)}") for said in comparison.said if said.about == about
    )
    for states in (each for each in comparison.states if each.card == about):
        yield from map(Change, _none(states))
        yield from (Change(_found(states, found), tuple(_example(found))) for found in states.found)


def left_open(comparison: Comparison) -> Iterator[str]:
    """Yield what the comparison did not cover."""
    for left in comparison.not_walked:
        read = ", ".join(map(title, left.facts))
        yield (
            f"{left.parameter}: no patient is shown, since it is applied while the record is read "
            f"or is in one set only ({read}){_sets(left.sets)}."
        )
        yield f"Cards that rest on it: {', '.join(left.cards) or 'none'}."
    unfinished = sorted(
        {states.card for states in comparison.states if not states.whole and not states.found}
    )
    if unfinished:
        yield (
            f"For these cards only the first {ENOUGH:,} states were tried, and none differs: "
            f"{', '.join(unfinished)}."
        )


def _sets(sets: tuple[str, ...]) -> str:
    return "" if len(sets) == len(PARAMETER_SETS) else f" ({', '.join(sets)} only)"


def _none(states: CardStates) -> Iterator[str]:
    if states.whole and not states.found:
        yield f"no patient for whom it makes a difference, {_WHEN[states.when]}{_sets(states.sets)}"


def _found(states: CardStates, found: Found) -> str:
    number = (
        f"{'' if states.whole else 'at least '}{found.states:,} "
        f"state{'s' if found.states != 1 else ''}"
    )
    return f"in {number} it {found.kind}, {_WHEN[states.when]}{_sets(states.sets)}"


def _example(found: Found) -> Iterator[str]:
    if found.example is None:
        yield "no example was found: perhaps no patient has all these facts"
        return
    yield f"example: {found.example.patient}"
    yield from found.example.because


def _sum(comparison: Comparison) -> str:
    said = {each.about for each in comparison.said if each.about}
    differing = {states.card for states in comparison.states if states.found}
    return (
        f"{_cards(len(said))} written differently; {_cards(len(differing))} with a difference for "
        "some patient."
    )


def _cards(number: int) -> str:
    return f"{number} card{'s' if number != 1 else ''}"


def as_json(comparison: Comparison) -> str:
    """Return an object with the differences in words and the states that differ."""
    return json.dumps(
        {
            "old": comparison.old,
            "new": comparison.new,
            "said": [_said(each) for each in comparison.said],
            "states": [_states(each) for each in comparison.states if each.found or not each.whole],
            "not_walked": [_left_open(each) for each in comparison.not_walked],
        },
        indent=2,
        ensure_ascii=False,
    )


def _said(said: Said) -> dict[str, Any]:
    return {
        "card": said.about or None,
        "part": said.part,
        "text": said.text,
        "parameter_sets": list(said.sets),
    }


def _left_open(left: NotWalked) -> dict[str, Any]:
    return {
        "parameter": left.parameter,
        "facts": list(left.facts),
        "cards": list(left.cards),
        "parameter_sets": list(left.sets),
    }


def _states(states: CardStates) -> dict[str, Any]:
    return {
        "card": states.card,
        "hooks": list(states.hooks),
        "parameter_sets": list(states.sets),
        "every_state": states.whole,
        "differs": [
            {
                "how": found.kind,
                "states": found.states,
                "example": None if found.example is None else found.example.patient,
                "because": [] if found.example is None else list(found.example.because),
            }
            for found in states.found
        ],
    }


FORMATS = {"text": as_text, "markdown": as_markdown, "json": as_json}
