"""Reads of the medication in the record and in this session, and of what cannot be identified in
either.

A medication that cannot be identified may be any drug, so the list that contains it proves no drug
absent (clinical specification, section 2, "Codes").
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..fhir.product import COBALAMINS, FOLATES
from .catalogue import Facts
from .fact import Fact, known, truth, unknown
from .reads import Needs, Read
from .therapy import MEDICATION_QUERIES, Dose, Order

if TYPE_CHECKING:
    from .session import OrderingSession

UNIDENTIFIED = "a medication that could not be identified"
UNIDENTIFIED_DRAFT = "a drafted medication could not be identified"
# The agents to look for in a product when a fact asks for a cobalamin, or for a folate.
COBALAMIN_AGENTS = (*sorted(COBALAMINS), "cobalamin-combination", "folate-combination")
FOLATE_AGENTS = (*sorted(FOLATES), "cobalamin-combination", "folate-combination")
_ORDERS, _DOSES = MEDICATION_QUERIES[:2], MEDICATION_QUERIES[2:]


def taking(*agents: str, begun: bool = False) -> Read[Fact]:
    """Whether an order or statement of one of ``agents`` is current; with ``begun``, one whose
    first day has come."""

    def evaluate(facts: Facts) -> Fact:
        current = facts.record.current_orders(facts.today)
        sources = [
            order.source
            for order in current
            if not order.product.agents.isdisjoint(agents)
            and (not begun or order.begun(facts.today))
        ]
        if sources:
            return known(True, *sources)
        if has_unidentified(current):
            return unknown(UNIDENTIFIED)
        return truth(
            False if facts.record.complete(*_ORDERS) else None, note="medications not all received"
        )

    return Read(Needs(queries=_ORDERS, value_sets=agents), evaluate)


def orders(*agents: str) -> Read[list[Order]]:
    """All orders and statements, current and past. ``agents``: those that the fact looks for."""
    return Read(Needs(queries=_ORDERS, value_sets=agents), lambda facts: facts.record.orders)


def current_orders(*agents: str) -> Read[list[Order]]:
    """The orders and statements in force. ``agents``: those that the fact looks for."""
    return Read(
        Needs(queries=_ORDERS, value_sets=agents),
        lambda facts: facts.record.current_orders(facts.today),
    )


def doses(*agents: str) -> Read[list[Dose]]:
    """The doses given or dispensed. ``agents``: those that the fact looks for."""
    return Read(Needs(queries=_DOSES, value_sets=agents), lambda facts: facts.record.doses)


def session(*value_sets: str) -> Read[OrderingSession]:
    """The orders of this session. ``value_sets``: the agents or tests that the fact looks for."""
    return Read(Needs(value_sets=value_sets, session=True), lambda facts: facts.session)


def drafted_with(agent: str) -> Read[Fact]:
    """Whether an order of this session, selected or not, has ``agent``."""
    orders = session(agent)

    def evaluate(facts: Facts) -> Fact:
        return known(any(agent in draft.product.agents for draft in orders.evaluate(facts).drafts))

    return Read(orders.needs, evaluate)


def has_unidentified(items: Iterable[Order | Dose]) -> bool:
    """Whether the medication of an order, statement or dose could not be identified."""
    return any(not item.product.identified for item in items)


def has_unidentified_draft(session: OrderingSession) -> bool:
    """Whether the medication of an order of the session, selected or not, could not be
    identified."""
    return any(draft.unresolved for draft in session.drafts)
