"""The parts of a walk: settings, engines, sites that record what they are asked, and facts whose
inputs are chosen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from functools import cache, cached_property
from itertools import product
from typing import Any, NamedTuple, TypeVar

from ...config import PRODUCTS, Settings
from ...engine import PARAMETER_SETS, Engine
from ...facts.domains import Domain
from ...facts.site import Site
from ...rendering.publication import Publication
from ...rules.card import Card
from ...rules.decision import Decision, Decisions
from ...states.domains import domains
from ...states.limits import agreeing_ages, with_limits
from ...states.sessions import Session
from ...states.status import ANY_STATUS, ANY_SUSPICION, STATUS, relation_of_statuses
from ...states.values import NOW
from ...states.walk import Choices, Relation, StateFacts, walk

T = TypeVar("T")
FORMULARIES = {
    "all": frozenset(PRODUCTS),
    "without hydroxocobalamin": frozenset(PRODUCTS) - {"hydroxocobalamin-injection"},
}
SETTINGS = tuple(product(PARAMETER_SETS, FORMULARIES))


class RecordingSite(Site):
    """A site that records in ``asked`` which of its parameters and products were asked for."""

    @cached_property
    def asked(self) -> set[tuple[str, str]]:
        """The kind and name of everything asked so far."""
        return set()

    def number(self, name: str, unit: str | None = None) -> Decimal:
        """See :class:`Site`."""
        self.asked.add(("parameter", name))
        return super().number(name, unit)

    def text(self, name: str) -> str:
        """See :class:`Site`."""
        self.asked.add(("parameter", name))
        return super().text(name)

    def days(self, name: str) -> timedelta:
        """See :class:`Site`."""
        self.asked.add(("parameter", name))
        return super().days(name)

    def stocks(self, product: str) -> bool:
        """See :class:`Site`."""
        self.asked.add(("product", product))
        return super().stocks(product)

    def told(self, asked: Iterable[tuple[str, str]]) -> list[Any]:
        """Return this site's answers to questions that another site was asked."""
        return [
            self.parameters[name] if kind == "parameter" else name in self.formulary
            for kind, name in sorted(asked)
        ]


@cache
def engine(parameters: str, formulary: str) -> Engine:
    """Return the engine of a parameter set and formulary."""
    return Engine(
        Settings.model_validate({"parameters": parameters, "formulary": FORMULARIES[formulary]})
    )


class Layers(NamedTuple):
    """Savings that skip states which would show nothing new. Switching one off does not change what
    the proof finds.

    ``resuming``: a walk computes once what states have in common (``states/walk``). ``repetition``:
    a walk that would repeat another is skipped (:mod:`.repetition`). ``independence``: a rendering
    that would repeat another is skipped (:mod:`.independence`). ``relation``: the B12 status is
    chosen before the inputs that it rests on (``states/status``), and not computed.
    """

    resuming: bool = True
    repetition: bool = True
    independence: bool = True
    relation: bool = True


ALL_LAYERS = Layers()


@dataclass(frozen=True)
class Job:
    """One session on one hook, in one setting. ``asked``: the facts that its walks asked for;
    ``site``: records what they asked of the site."""

    parameters: str
    formulary: str
    hook: str
    session: Session
    layers: Layers = ALL_LAYERS
    asked: set[str] = field(default_factory=set, compare=False)

    @cached_property
    def site(self) -> RecordingSite:
        """The site of the setting."""
        site = engine(self.parameters, self.formulary).site
        return RecordingSite(
            site.parameter_set, site.parameters, site.formulary, site.zone, site.terminology
        )

    def walk(
        self,
        ask: Callable[[StateFacts], T],
        fixed: Mapping[str, str] | None = None,
        domains: Mapping[str, Domain] | None = None,
    ) -> Iterator[tuple[StateFacts, T]]:
        """Yield the facts of each state, with the answer of ``ask`` for them.

        ``fixed``: the class that some facts get wherever it is possible; ``domains``: those of the
        chosen facts, by default :func:`chosen_domains`.
        """
        return walk(
            lambda choices: new_facts(self, choices, fixed, domains),
            ask,
            resuming=self.layers.resuming,
        )

    @property
    def cards(self) -> Mapping[str, Card]:
        """The cards of the hook, without their texts."""
        return bare_cards(self.parameters, self.formulary, self.hook)

    @property
    def publication(self) -> Publication:
        """The texts, templates and settings with which the cards are rendered."""
        return engine(self.parameters, self.formulary).publication

    @property
    def setting(self) -> str:
        """The setting as violations name it."""
        return f"{self.parameters}, formulary {self.formulary}, {self.hook}"


class Scope(NamedTuple):
    """The subject of a part of the proof: the ``sessions`` of a hook in some ``settings``."""

    hook: str
    sessions: Sequence[Session]
    settings: Collection[tuple[str, str]] = SETTINGS
    layers: Layers = ALL_LAYERS

    def jobs(self) -> Iterator[Job]:
        """Yield a job for each session in each setting."""
        for parameters, formulary in self.settings:
            for session in self.sessions:
                yield Job(parameters, formulary, self.hook, session, self.layers)


@cache
def status_relation() -> Relation:
    """Return which B12 status goes with which inputs at a site with the default limits."""
    return relation_of_statuses(engine("default", "all").site)


def every_card() -> list[Card]:
    """Return the cards of every parameter set."""
    return [
        card for parameters in PARAMETER_SETS for card in engine(parameters, "all").cards.values()
    ]


@cache
def chosen_domains(*, relation: bool = True) -> Mapping[str, Domain]:
    """Return the domains of the inputs, including the numbers with which cards compare them. The
    B12 status is among them with ``relation``; otherwise the suspicion that it rests on is."""
    status = {STATUS: ANY_STATUS} if relation else {"b12.suspicion": ANY_SUSPICION}
    found = with_limits({**domains(), **status}, every_card())
    return {**found, "patient.age_months": agreeing_ages(found["patient.age_months"])}


@cache
def bare_cards(parameters: str, formulary: str, hook: str) -> dict[str, Card]:
    """Return the cards of a hook without their texts; only the checks of texts depend on these."""
    cards = engine(parameters, formulary).cards_by_hook[hook]
    return {
        card_id: replace(card, summary="-", detail=(), values=()) for card_id, card in cards.items()
    }


def new_facts(
    job: Job,
    choices: Choices,
    fixed: Mapping[str, str] | None = None,
    domains: Mapping[str, Domain] | None = None,
) -> StateFacts:
    """Return the facts of one run of ``job``; see :meth:`Job.walk`."""
    return StateFacts(
        job.site,
        job.session.orders,
        NOW,
        chosen_domains(relation=job.layers.relation) if domains is None else domains,
        choices,
        status_relation() if job.layers.relation else None,
        fixed,
        job.asked,
    )


class AssumedDecisions(Decisions):
    """The decisions on some cards. Both answers are tried to whether any other card holds.
    ``assumed``: these answers, by card."""

    def __init__(self, decided: Collection[str], cards: Mapping[str, Card], facts: StateFacts):
        super().__init__(cards, facts)
        self._decided = decided
        self._state = facts
        self.assumed: dict[str, bool] = {}

    def __getitem__(self, card_id: str) -> Decision:
        if card_id in self._decided:
            return super().__getitem__(card_id)
        return Decision(self._cards[card_id], self.holds(card_id), "", ())

    def holds(self, card_id: str) -> bool:
        """Whether a card holds; for a card that is not decided, the answer that this state
        assumes."""
        if card_id in self._decided:
            return super().holds(card_id)
        options = (False, True) if card_id in self._cards else (False,)
        self.assumed[card_id] = self._state.either(card_id, options)
        return self.assumed[card_id]
