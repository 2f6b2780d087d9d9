"""A made-up patient for each card without one in ``patients``. The record holds the example
results of the laboratory tests that the card reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..content import CARDS
from ..facts.analytes import ANALYTES
from ..facts.catalogue import closure
from ..rules.card import Card
from . import chart as c
from .patients import PEOPLE, Person


def everybody(cards: Mapping[str, Card]) -> tuple[Person, ...]:
    """All made-up patients: those of ``patients``, and one for each of ``cards`` that they do not
    cover.

    A site's own cards get no patient. Neither do cards that are not shown on opening the chart,
    because they need an order.
    """
    with_patient = {person.card for person in PEOPLE}
    return (*PEOPLE, *_made_up(card for name, card in cards.items() if name not in with_patient))


def _made_up(cards: Iterable[Card]) -> Iterator[Person]:
    for card in cards:
        examples = examples_for(card)
        if examples and "patient-view" in card.hooks and any(CARDS.glob(f"*/{card.id}.yaml")):
            results = tuple(c.example(name, 6) for name in examples)
            yield Person(
                "Example", card.id.title(), "female", 50, card.id, f"{card.title}.", results
            )


def examples_for(card: Card) -> list[str]:
    """The names of the example results of the laboratory tests that the ``include`` of ``card``
    reads."""
    read = closure(name for condition in card.include for name in condition.facts)
    return [f"{ANALYTES[name].value_sets[0]}-result" for name in read if name in ANALYTES]
