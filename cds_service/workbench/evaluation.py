"""Evaluates a request like a hook call, and collects everything that the page of its answer
shows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from time import perf_counter
from typing import NamedTuple

import msgspec

from ..engine import Call, Engine, MissingData, WrongPatient
from ..facts.catalogue import Facts
from ..facts.session import UnreadableOrders
from ..fhir_server.client import FhirClient
from ..hooks.any_hook import read_request
from ..hooks.errors import BadRequest, missing_data_text
from ..rendering.answer import Card, CdsResponse
from ..rendering.cards import RenderedCard
from ..rendering.shown import select_shown
from ..rules.decision import Decision
from .strips import Strip, strips
from .supposed import NoSuchValue, supposed_facts
from .why import CardReason, FactRow, Turning, card_reasons, fact_rows, turning


class Refused(Exception):
    """A hook call with this request would be refused. Holds the reason, the element at fault and
    the HTTP status."""

    def __init__(self, why: str, element: str = "", status: int = 400):
        self.element = element
        self.status = status
        super().__init__(why)


class Evaluation(NamedTuple):
    """A request and its answer. ``response``: indented JSON. ``milliseconds``: for reading,
    deciding and rendering.

    ``reasons``: of every card of the hook, firing cards first. ``facts``: those evaluated.
    ``strips``: the values at which the outcome of cards changes. ``turning``: the changes that
    would reverse the outcome of the card asked about.
    """

    hook: str
    cards: list[Card]
    response: str
    milliseconds: float
    reasons: list[CardReason]
    facts: list[FactRow]
    strips: list[Strip]
    is_supposed: bool
    turning: Turning | None

    @property
    def speaking(self) -> int:
        """The number of cards that fire; they come first in ``reasons``."""
        return sum(reason.outcome != "silent" for reason in self.reasons)

    @property
    def unknown_words(self) -> str:
        """Ends the sentence about an answer without cards: which facts are not known, if any."""
        titles = [row.title for row in self.facts if row.state == "unknown"]
        return (
            f"these facts are not known: {', '.join(titles)}."
            if titles
            else "it checks only B12 and folate, by the criteria below."
        )


class Answered(NamedTuple):
    """A call with its facts and cards. ``response``: indented JSON; ``milliseconds``: for reading,
    deciding and rendering."""

    call: Call
    facts: Facts
    cards: list[RenderedCard]
    response: str
    milliseconds: float


def answer(
    engine: Engine,
    body: bytes,
    now: datetime,
    supposed: Mapping[str, str],
    fhir: FhirClient | None = None,
) -> Answered:
    """Answer a request body. ``supposed``: the values that a person typed in place of facts, by
    fact.

    Raises :class:`Refused` for a request that a hook call refuses, and for a typed value that does
    not fit its fact.
    """
    started = perf_counter()
    try:
        call = read_request(engine, body, fhir=fhir)
        facts = _facts(engine, call, now, supposed)
        cards = engine.cards_from(facts, call)
        written = msgspec.json.encode(CdsResponse([card.shown for card in cards]))
        response = msgspec.json.format(written, indent=2).decode()
        return Answered(call, facts, cards, response, (perf_counter() - started) * 1000)
    except BadRequest as error:
        raise Refused(error.what, error.element, error.status) from None
    except MissingData as error:
        raise Refused(missing_data_text(error), "prefetch", 412) from None
    except UnreadableOrders as error:
        raise Refused(str(error), "context.draftOrders", error.status) from None
    except WrongPatient:
        raise Refused(
            "The Patient is not the one that context.patientId names.", "context.patientId", 422
        ) from None
    except NoSuchValue as error:
        raise Refused(str(error), "facts") from None


def _facts(engine: Engine, call: Call, now: datetime, supposed: Mapping[str, str]) -> Facts:
    facts = engine.facts(call, now)
    if not supposed:
        return facts
    times = {
        name: facts[name].value.moment.instant
        for name in supposed
        if hasattr(facts[name].value, "moment")
    }
    return facts.supposing(supposed_facts(engine, supposed, now, times))


def evaluate(
    engine: Engine,
    body: bytes,
    now: datetime,
    supposed: Mapping[str, str],
    fhir: FhirClient | None = None,
    turned: str = "",
) -> Evaluation:
    """Like :func:`answer`, with the reasons. ``turned``: the id of a card, to find the changes that
    would reverse its outcome."""
    call, facts, cards, response, milliseconds = answer(engine, body, now, supposed, fhir)
    decisions = engine.decisions(call, facts, whole_trace=True)
    cards_of = engine.cards_by_hook[call.hook]
    shown_ids = [card.source.id for card in cards]
    every = sorted(decisions.all(), key=lambda decision: _rank(decision, shown_ids))
    left_out = {decision.card.id for decision in select_shown(decisions)} - set(shown_ids)
    return Evaluation(
        call.hook,
        [card.shown for card in cards],
        response,
        milliseconds,
        card_reasons(every, decisions, facts, shown_ids, left_out),
        fact_rows(every, facts, supposed),
        strips(engine, call, facts),
        bool(supposed),
        turning(turned, cards_of, facts) if turned in cards_of else None,
    )


def _rank(decision: Decision, shown_ids: list[str]) -> tuple[int, int]:
    """Sort key: the shown cards in their order, then the other firing cards, then the silent ones
    by the number of unmet criteria."""
    if decision.card.id in shown_ids:
        return 0, shown_ids.index(decision.card.id)
    failed = sum(bool(step.truth) if step.excludes else not step.truth for step in decision.steps)
    return (1, 0) if decision.fires else (2, failed)
