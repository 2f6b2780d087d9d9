"""Which walks would repeat an earlier one, because they would ask the same and get the same
answers.

A walk depends on what it asks of the site, on what its facts say of the session, and on the cards
that it decides or asks about. If all of these are the same, so is every state.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from ...engine import PARAMETER_SETS
from ...facts.catalogue import CATALOGUE
from ...facts.drafts import DRAFTS_BY_FACT
from ...facts.kinds import NUMBER
from ...rules.card import Card
from ...states.limits import doses
from ...states.sessions import Session, dosed_sessions, facts_of, ordering_sessions
from ...states.walk import StateFacts
from .job import Job, Scope, engine, every_card


class Walk(NamedTuple):
    """The questions and answers of a walk. ``fires``: whether a card fired in it."""

    cards: Any
    asked_of_site: frozenset[tuple[str, str]]
    told_by_site: list[Any]
    asked_facts: frozenset[str]
    told_by_session: Any
    fires: bool


class Walks:
    """The walks made so far for the same cards. ``card_ids``: the cards that they decide; ``None``
    for every card of the hook."""

    def __init__(self, card_ids: Collection[str] | None = None):
        self._card_ids = card_ids
        self.made: list[Walk] = []

    def like(self, job: Job) -> Walk | None:
        """Return an earlier walk that the one of ``job`` would repeat, or ``None``."""
        if not job.layers.repetition:
            return None
        cards = self._cards(job)
        return next(
            (
                walk
                for walk in self.made
                if walk.cards == cards
                and job.site.told(walk.asked_of_site) == walk.told_by_site
                and self._told_by(job, walk.asked_facts) == walk.told_by_session
            ),
            None,
        )

    def note(self, job: Job, fires: bool = False) -> None:
        """Record the walk of ``job``, which has just been made."""
        asked, of_site = frozenset(job.asked), frozenset(job.site.asked)
        self.made.append(
            Walk(
                self._cards(job),
                of_site,
                job.site.told(of_site),
                asked,
                self._told_by(job, asked),
                fires,
            )
        )

    def _told_by(self, job: Job, asked: frozenset[str]) -> Any:
        return told_by(
            job.session,
            asked,
            {name for card_id in self._decided(job) for name in _removing(job.cards[card_id])},
        )

    def _decided(self, job: Job) -> list[str]:
        return [
            card_id for card_id in job.cards if self._card_ids is None or card_id in self._card_ids
        ]

    def _cards(self, job: Job) -> Any:
        return {
            card_id: (*_deciding(job.cards[card_id]), _looked_at(job.cards[card_id], job.cards))
            for card_id in self._decided(job)
        }


def differing(scope: Scope, card_ids: Collection[str] | None = None) -> Iterator[Job]:
    """Yield the jobs whose walk would repeat none before it. Walk each before asking for the
    next."""
    walks = Walks(card_ids)
    for job in scope.jobs():
        if walks.like(job) is None:
            yield job
            walks.note(job)


def _deciding(card: Card) -> tuple[Any, ...]:
    return card.include, card.exclude, card.suggestions


def _removing(card: Card) -> set[str]:
    return {suggestion.delete for suggestion in card.suggestions if suggestion.delete}


def _looked_at(card: Card, cards: Mapping[str, Card]) -> frozenset[str]:
    """The ids of ``cards`` that ``card`` asks about."""
    return frozenset(cards.keys() & card.looks_at)


@cache
def distinct_sessions() -> list[Session]:
    """Return the ordering sessions, without any that looks the same as another to every fact and
    criterion."""
    found: dict[Any, Session] = {}
    deletable = {name for card in every_card() for name in _removing(card)}
    terminology = engine("default", "all").terminology
    for session in [
        *ordering_sessions(terminology),
        *dosed_sessions(terminology, **doses(every_card())),
    ]:
        found.setdefault(told_by(session, frozenset(CATALOGUE), deletable), session)
    return list(found.values())


def told_by(session: Session, asked: frozenset[str], removing: Collection[str]) -> Any:
    """Return a key of everything that a walk can tell of a session: what the facts ``asked`` say of
    it, and what its suggestions and invariants read of the orders. ``removing``: the facts whose
    drafts suggestions remove."""
    told, drafts = _told(session), session.orders.drafts
    cobalamins = {draft.reference for draft in drafts if draft.product.cobalamin}
    removed = [
        {draft.reference for draft in session.orders.selected if DRAFTS_BY_FACT[name](draft)}
        for name in sorted(removing)
    ]
    return (
        tuple(told[name] for name in sorted(asked & told.keys())),
        tuple((bool(references), cobalamins <= references) for references in removed),
        (bool(cobalamins), bool(session.orders.stops)),
    )


@cache
def _asked_by_others() -> frozenset[str]:
    """The facts that read the order session and are read by a card, or by a fact that does not read
    the session itself."""
    by_cards = {name for card in every_card() for name in card.facts}
    by_facts = {
        name
        for definition in CATALOGUE.values()
        if not definition.session
        for name in definition.uses
    }
    return frozenset(
        name
        for name, definition in CATALOGUE.items()
        if definition.session and name in by_cards | by_facts
    )


@cache
def _told(session: Session) -> Mapping[str, Any]:
    told: dict[str, list[Any]] = {name: [] for name in _asked_by_others()}
    for parameters in PARAMETER_SETS:
        for facts in facts_of(session, engine(parameters, "all").site):
            for name, answers in told.items():
                answers.append(_answer(name, facts, parameters))
    return {name: tuple(answers) for name, answers in told.items()}


def _answer(name: str, facts: StateFacts, parameters: str) -> Any:
    """The answer of a fact. A number is replaced by the outcomes of the criteria that ask it, since
    numbers on the same side of every limit do not differ."""
    found = facts[name]
    if CATALOGUE[name].kind is not NUMBER or found.value is None:
        return found.state, found.value
    asked = [
        criterion
        for card in engine(parameters, "all").cards.values()
        for criterion in card.asks
        if criterion.fact == name
    ]
    above = found.value > facts.site.number("folate.low_dose_up_to")
    return above, tuple(criterion.truth(facts, lambda card: False) for criterion in asked)
