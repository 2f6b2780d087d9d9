"""Which orders each suggestion of a card can create, found by walking all distinguishable states of
the facts that choose them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from functools import lru_cache
from typing import NamedTuple

from ..facts.domains import YES_NO, one_of
from ..facts.site import Site
from ..fhir.terminology import Terminology
from ..rules.card import Card, OrderSource, Suggestion
from ..rules.conditions import Condition
from ..rules.hook_table import any_at_ordering
from ..states.domains import READ_FOR_ORDERS, domains, test_orders
from ..states.sessions import OPENING, Session, drafting
from ..states.status import ANY_STATUS, STATUS
from ..states.values import NOW
from ..states.walk import StateFacts, walk

Orders = tuple[str, ...]
# The ordering sessions with a draft order that a suggested order can replace.
_DRAFTED = ("folic acid 1 mg", "cyanocobalamin 600 ug by mouth")


class Choice(NamedTuple):
    """The orders that an order source can yield: the largest sets of order templates, and whether
    some state yields only part of one."""

    alternatives: tuple[Orders, ...]
    may_be_fewer: bool


class OrderChoices:
    """The orders that each order source can yield at ``site``. The states of a fact are walked once
    and kept as long as this object; the orders found are kept for all sites with equal settings.
    """

    def __init__(self, site: Site):
        self._site = site
        self._states: dict[tuple[str, bool], tuple[StateFacts, ...]] = {}
        self._choices = _remembered(
            site.terminology,
            (
                site.parameter_set,
                repr(site.parameters),
                site.formulary,
                site.zone,
                repr(site.units),
            ),
        )

    def of(self, source: OrderSource, card: Card, suggestion: Suggestion) -> Choice:
        """Return the orders that ``source`` can yield in states where ``card`` can make
        ``suggestion``."""
        if source.template:
            return Choice(((source.template,),), False)
        at_ordering = any_at_ordering(card.hooks)
        asked = source.fact, at_ordering, card.include, card.exclude, suggestion.when
        if asked not in self._choices:
            self._choices[asked] = self._found_in_states(source, card, suggestion)
        return self._choices[asked]

    def _found_in_states(self, source: OrderSource, card: Card, suggestion: Suggestion) -> Choice:
        found: dict[Orders, None] = {}
        for facts in self._states_of(source.fact, at_ordering=any_at_ordering(card.hooks)):
            value = facts[source.fact].value
            if (
                value is not None
                and tuple(value) not in found
                and _possible(facts, source.fact, card, suggestion)
            ):
                found[tuple(value)] = None
        largest = [
            orders for orders in found if not any(set(orders) < set(other) for other in found)
        ]
        return Choice(tuple(largest), len(largest) < len(found))

    def _states_of(self, fact: str, *, at_ordering: bool) -> tuple[StateFacts, ...]:
        """The facts of each state that ``fact`` can tell apart; only what ``fact`` reads is
        computed."""
        if (fact, at_ordering) not in self._states:
            sessions = _drafting(self._site.terminology) if at_ordering else (OPENING,)
            walked = tuple(
                facts for session in sessions for facts in _walk(fact, self._site, session)
            )
            self._states[fact, at_ordering] = walked
        return self._states[fact, at_ordering]


@lru_cache(maxsize=8)
def _remembered(terminology: Terminology, site: Hashable) -> dict[Hashable, Choice]:
    """The choices computed so far for sites with this terminology and these settings, by the
    arguments that decide them."""
    return {}


def _walk(fact: str, site: Site, session: Session) -> Iterator[StateFacts]:
    # The safety proof samples the facts that order tests; here they are computed. The potassium
    # checks stay sampled: their sample already has every order, and computing them would take
    # 21,000 states.
    worked_out = test_orders() - {"potassium.checks"}
    tried = {name: domain for name, domain in domains().items() if name not in worked_out} | {
        STATUS: ANY_STATUS,
        "anaemia.severe": one_of(*YES_NO),
    }
    if fact in worked_out:
        tried |= READ_FOR_ORDERS

    walked = walk(
        lambda choices: StateFacts(site, session.orders, NOW, tried, choices),
        lambda facts: facts[fact],
    )
    return (facts for facts, _ in walked)


@lru_cache(maxsize=4)
def _drafting(terminology: Terminology) -> tuple[Session, ...]:
    return tuple(drafting(name, terminology) for name in _DRAFTED)


def _possible(facts: StateFacts, fact: str, card: Card, suggestion: Suggestion) -> bool:
    """Whether the card can make the suggestion in a state, as far as the facts known there decide:
    conditions on other facts, and on other cards, are ignored."""
    told = facts.met([fact])

    def answers(conditions: tuple[Condition, ...]) -> Iterator[bool | None]:
        for condition in conditions:
            if not condition.card and told.issuperset(condition.facts):
                yield condition.truth(facts, lambda card_id: False)

    return all(answers((*card.include, *suggestion.when))) and not any(answers(card.exclude))
