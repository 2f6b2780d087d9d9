"""The drawing of a card's decision, as authored in the engine's parameter set or as decided for a
request."""

from __future__ import annotations

from datetime import datetime

from ...authored_yaml.reader import meant
from ...engine import Call, Engine
from ...rendering.shown import select_shown
from ..explanation import outcome
from .dot import dot
from .html import decision_page
from .ladder import Ladder, ladder_as_authored, ladder_of_decision

FORMS = {"dot": dot, "html": decision_page}


def drawn(engine: Engine, form: str, card_id: str, call: Call | None, now: datetime) -> str:
    """Return the decision of a card in ``form``, a key of :data:`FORMS`: for a hook call, or as
    authored if ``call`` is ``None``.

    Raises :class:`~cds_service.engine.MissingData`, and ``ValueError`` for a card that does not
    exist.
    """
    return FORMS[form](
        _of_call(engine, card_id, call, now) if call is not None else _authored(engine, card_id)
    )


def _authored(engine: Engine, card_id: str) -> Ladder:
    if card_id not in engine.cards:
        raise ValueError(
            f"There is no card {card_id!r} in the parameter set {engine.parameter_set}. "
            f"{meant(card_id, engine.cards)}"
        )
    return ladder_as_authored(engine.cards[card_id], engine.parameter_set)


def _of_call(engine: Engine, card_id: str, call: Call, now: datetime) -> Ladder:
    facts = engine.facts(call, now)
    decisions = engine.decisions(call, facts, whole_trace=True)
    decision = decisions[card_id]
    is_shown = card_id in [answer.card.id for answer in select_shown(decisions)]
    return ladder_of_decision(
        decision, decisions, facts, engine.parameter_set, outcome(decision, is_shown)
    )
