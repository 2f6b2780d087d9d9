"""A card's criteria as FHIR conditions: CQL expressions that name a define of the Library
``b12-folate-criteria``.

The language is ``text/cql``, which FHIR R4 lists. The expression is only the name of the define,
which is valid CQL, and ``reference`` names the Library that has it.
"""

from __future__ import annotations

from typing import Any

from ..authoring.card_words import condition_words, unlinked
from ..rules.card import Card
from ..rules.conditions import Condition

LANGUAGE = "text/cql"


def applicability(define: str, description: str, library: str) -> dict[str, Any]:
    """Return a ``condition`` of an action. ``define``: the name of the define in ``library``;
    ``description``: the condition in words."""
    expression = {
        "description": description,
        "language": LANGUAGE,
        "expression": define,
        "reference": library,
    }
    return {"kind": "applicability", "expression": expression}


def criteria_words(card: Card) -> str:
    """Say in one or two sentences when a card fires and when it is silent."""
    said = f"It fires when all of: {'; '.join(map(words, card.include))}."
    return (
        f"{said} It is silent when any of: {'; '.join(map(words, card.exclude))}."
        if card.exclude
        else said
    )


def words(condition: Condition) -> str:
    """Return a criterion in a clinician's words."""
    said = condition_words(condition)
    return unlinked(said) if condition.card else said
