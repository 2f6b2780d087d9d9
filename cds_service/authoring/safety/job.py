"""What a walk works with: settings, engines, sites that remember what they are asked, and
facts that are chosen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from functools import cache, cached_property
from itertools import product
from typing import Any

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
from ...states.status import ANY_STATUS, STATUS, relation_of_statuses
from ...states.values import NOW
from ...states.walk import Choices, Relation, StateFacts

FORMULARIES = {
    "all": frozenset(PRODUCTS),
    "without hydroxocobalamin": frozenset(PRODUCTS) - {"hydroxocobalamin-injection"},
}
SETTINGS = tuple(product(PARAMETER_SETS, FORMULARIES))


class RecordingSite(Site):
    """A site that remembers which of its parameters and products were asked for, in ``asked``."""

    @cached_property
    def asked(self) -> set[tuple[str, str]]:
        """What it was asked so far, each with its kind."""
        return set()

    def number(self, name: str, unit: str | None = None) -> Decimal:
        """As of any site."""
        self.asked.add(("parameter", name))
        return super().number(name, unit)

    def text(self, name: str) -> str:
        """As of any site."""
        self.asked.add(("parameter", name))
        return super().text(name)

    def days(self, name: str) -> timedelta:
        """As of any site."""
        self.asked.add(("parameter", name))
        return super().days(name)

    def stocks(self, product: str) -> bool:
        """As of any site."""
        self.asked.add(("product", product))
        return super().stocks(product)

    def told(self, asked: Iterable[tuple[str, str]]) -> list[Any]:
        """What it answers to questions that another site was asked."""
        return [
            self.parameters[name] if kind == "parameter" else name in self.formulary
            for kind, name in sorted(asked)
        ]


@cache
def engine(parameters: str, formulary: str) -> Engine:
    """The engine of a parameter set and formulary."""
    return Engine(
        Settings.model_validate({"parameters": parameters, "formulary": FORMULARIES[formulary]})
    )


@dataclass(frozen=True)
class Job:
    """One session on one hook, in one setting; ``asked``: the facts that its walks asked for,
    ``site``: what they asked of the site."""

    parameters: str
    formulary: str
    hook: str
    session: Session
    asked: set[str] = field(default_factory=set, compare=False)

    @cached_property
    def site(self) -> RecordingSite:
        """The site of the setting."""
        site = engine(self.parameters, self.formulary).site
        return RecordingSite(
            site.parameter_set, site.parameters, site.formulary, site.zone, site.terminology
        )

    @property
    def publication(self) -> Publication:
        """What the cards of the setting are rendered with."""
        return engine(self.parameters, self.formulary).publication

    @property
    def setting(self) -> str:
        """The setting as told in a violation."""
        return f"{self.parameters}, formulary {self.formulary}, {self.hook}"


@cache
def status_relation() -> Relation:
    """Which B12 status goes with which inputs at a site with the default limits."""
    return relation_of_statuses(engine("default", "all").site)


def every_card() -> list[Card]:
    """The cards as each parameter set has them."""
    return [
        card for parameters in PARAMETER_SETS for card in engine(parameters, "all").cards.values()
    ]


@cache
def chosen_domains() -> Mapping[str, Domain]:
    """The domains of the inputs, what cards compare them with included; the status among them, in
    the relation that :func:`status_relation` gives."""
    found = with_limits({**domains(), STATUS: ANY_STATUS}, every_card())
    return {**found, "patient.age_months": agreeing_ages(found["patient.age_months"])}


@cache
def bare_cards(parameters: str, formulary: str, hook: str) -> dict[str, Card]:
    """The cards of a hook without their texts, which nothing but the texts' own
    checks depends on."""
    cards = engine(parameters, formulary).cards_by_hook[hook]
    return {
        card_id: replace(card, summary="-", detail=(), values=()) for card_id, card in cards.items()
    }


def new_facts(job: Job, choices: Choices, fixed: Mapping[str, str] | None = None) -> StateFacts:
    """The facts of one run of ``job``."""
    return StateFacts(
        job.site,
        job.session.orders,
        NOW,
        chosen_domains(),
        choices,
        status_relation(),
        fixed,
        job.asked,
    )


class AssumedDecisions(Decisions):
    """The decisions on some cards, with every answer tried to the question whether
    another card holds."""

    def __init__(
        self,
        decided: Collection[str],
        cards: Mapping[str, Card],
        facts: StateFacts,
        choices: Choices,
    ):
        super().__init__(cards, facts)
        self._decided = decided
        self._choices = choices
        self.assumed: dict[str, bool] = {}

    def __getitem__(self, card_id: str) -> Decision:
        if card_id in self._decided:
            return super().__getitem__(card_id)
        return Decision(self._cards[card_id], self.holds(card_id), "", ())

    def holds(self, card_id: str) -> bool:
        """Yes and no, one after the other; the same within a state."""
        if card_id in self._decided:
            return super().holds(card_id)
        if card_id not in self.assumed:
            self.assumed[card_id] = card_id in self._cards and bool(self._choices.choose(2))
        return self.assumed[card_id]
