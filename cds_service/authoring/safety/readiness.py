"""What the proof needs before it begins, so that what is missing is told at once and
not after minutes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from ...facts.catalogue import CATALOGUE, Definition
from ...facts.domains import Domain
from ...rules.card import Card
from .job import chosen_domains, every_card


class NotReady(Exception):
    """The proof cannot begin, or would leave something unproved. As a text it is a line for each
    thing that is missing."""


def check_ready() -> None:
    """Raise :class:`NotReady` where a fact that the cards in play ask has no domain."""
    missing = list(_without_domain(every_card(), chosen_domains(), CATALOGUE))
    if missing:
        raise NotReady("\n".join(missing))


def _without_domain(
    cards: Collection[Card], domains: Mapping[str, Domain], catalogue: Mapping[str, Definition]
) -> Iterator[str]:
    waiting = list(
        dict.fromkeys([*(name for card in cards for name in card.facts), "patient.paediatric"])
    )
    seen = set(waiting)
    while waiting:
        name = waiting.pop()
        if name in domains:
            continue
        if catalogue[name].queries:
            file = "/".join(Path(catalogue[name].place[0]).parts[-3:])
            yield (
                f"The fact {name!r} reads the patient's record, and what it can be does not follow "
                f"from its kind: state its domain in {file}."
            )
        fresh = [used for used in catalogue[name].uses if used not in seen]
        seen.update(fresh)
        waiting += fresh
