"""The preconditions of the proof, checked first so that gaps are reported at once and not after
minutes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from ...facts.catalogue import CATALOGUE, Definition
from ...facts.domains import Domain
from ...rules.card import Card
from ...states.limits import DRAFTED, comparisons
from .job import chosen_domains, every_card


class NotReady(Exception):
    """The proof cannot begin, or would leave something unproved. Its text has one line for each
    gap."""


def check_ready() -> None:
    """Raise :class:`NotReady` if a fact that the cards in play ask has no domain, or is compared
    with a number that nothing varies."""
    missing = [*_without_domain(every_card(), chosen_domains(), CATALOGUE), *_unvaried()]
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
                f"The fact {name!r} reads the patient's record, and its kind does not decide which "
                f"values it can have: state its domain in {file}."
            )
        fresh = [used for used in catalogue[name].uses if used not in seen]
        seen.update(fresh)
        waiting += fresh


def _unvaried() -> Iterator[str]:
    for name, criteria in comparisons(every_card()).items():
        if name not in chosen_domains() and name not in DRAFTED:
            yield (
                f"The cards compare the fact {criteria[0].fact!r} with a number, but neither an "
                "input nor a drafted dose varies it: add it to DRAFTED in "
                "cds_service/states/limits.py, and the sessions that show it."
            )
