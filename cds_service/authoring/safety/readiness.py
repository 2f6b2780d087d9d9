"""What the proof needs before it begins, so that what is missing is told at once and
not after minutes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from ...facts.catalogue import CATALOGUE, Definition
from ...rules.card import Card
from .enumeration import ClassesOf
from .job import chosen_classes, every_card

CLASSES_FILE = "cds_service/authoring/safety/classes.py"


class NotReady(Exception):
    """The proof cannot begin, or would leave something unproved. As a text it is a line for each
    thing that is missing."""


def check_ready() -> None:
    """Raise :class:`NotReady` where a fact that the cards in play ask has no classes."""
    missing = list(_unclassed(every_card(), chosen_classes(), CATALOGUE))
    if missing:
        raise NotReady("\n".join(missing))


def _unclassed(
    cards: Collection[Card], classes: Mapping[str, ClassesOf], catalogue: Mapping[str, Definition]
) -> Iterator[str]:
    waiting = list(
        dict.fromkeys([*(name for card in cards for name in card.facts), "patient.paediatric"])
    )
    seen = set(waiting)
    while waiting:
        name = waiting.pop()
        if name in classes:
            continue
        if catalogue[name].queries:
            what = (
                f"The fact {name!r} reads the patient's record and has no classes, which stand for "
                "its values"
            )
            yield f"{what}: add them in {CLASSES_FILE}."
        fresh = [used for used in catalogue[name].uses if used not in seen]
        seen.update(fresh)
        waiting += fresh
