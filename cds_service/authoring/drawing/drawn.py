"""Drawings by the name of a card: as authored in the engine's parameter set, or as decided for a request."""

from __future__ import annotations

from datetime import datetime

from ...engine import Engine
from ...fhir.client import FhirClient
from ...rendering.cards import shown
from ...rules.yaml_reader import meant
from ..explanation import outcome, read_request
from .dot import dot
from .ladder import Ladder, ladder_as_authored, ladder_of_decision
from .svg import svg

FORMS = {"dot": dot, "svg": svg}


def drawn(engine: Engine, form: str, card_id: str, body: bytes | None, now: datetime, fhir: FhirClient | None = None) -> str:
    """The drawing of a card in ``form``, a key of :data:`FORMS`: for the request ``body``, or as authored where there is none.

    Raises as :func:`~cds_service.authoring.explanation.explain_request` does, and ``ValueError`` for a card that does not exist.
    """
    return FORMS[form](_of_request(engine, card_id, body, now, fhir) if body is not None else _authored(engine, card_id))


def _authored(engine: Engine, card_id: str) -> Ladder:
    if card_id not in engine.cards:
        raise ValueError(f"There is no card {card_id!r} in the parameter set {engine.parameter_set}. {meant(card_id, engine.cards)}")
    return ladder_as_authored(engine.cards[card_id], engine.parameter_set)


def _of_request(engine: Engine, card_id: str, body: bytes, now: datetime, fhir: FhirClient | None) -> Ladder:
    call = read_request(engine, body, card_id, fhir)
    facts = engine.facts(call, now)
    decisions = engine.decisions(call, facts, whole_trace=True)
    decision = decisions[card_id]
    is_shown = card_id in [answer.card.id for answer in shown(decisions)]
    return ladder_of_decision(decision, decisions, facts, engine.parameter_set, outcome(decision, is_shown))
