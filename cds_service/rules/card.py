"""A card as authored: when it fires, what it says, what it suggests."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field

from ..authored_yaml.source import Mapping, Place
from .conditions import Condition, Criterion

INDICATORS = ("critical", "warning", "info")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of the detail, shown when all of ``when`` holds."""

    text: str
    when: tuple[Condition, ...]
    place: Place = field(compare=False)


@dataclass(frozen=True, slots=True)
class OrderSource:
    """Where a suggested order comes from: an ActivityDefinition's id, or a fact whose
    value names such ids."""

    template: str
    fact: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A suggestion as authored: orders to create, then drafts to delete, when all of ``when``
    holds.

    ``delete``: the fact whose drafts are deleted; ``replaces``: the fact that names the order which
    the created one replaces; ``note``: what each order says in addition.
    """

    label: str
    create: tuple[OrderSource, ...]
    delete: str
    replaces: str
    recommended: bool
    when: tuple[Condition, ...]
    place: Place = field(compare=False)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A card of one parameter set. ``rank`` orders cards of equal urgency; ``tests`` are as
    authored; ``review_by`` is a day (ISO 8601) or empty; ``places``: where its keys are;
    ``criteria``: those of ``include``, then those of ``exclude``, each with whether it excludes;
    ``deciding_facts``: the facts that they ask."""

    id: str
    version: str
    status: str
    title: str
    rank: int
    review_by: str
    hooks: tuple[str, ...]
    include: tuple[Condition, ...]
    exclude: tuple[Condition, ...]
    indicator: str
    summary: str
    detail: tuple[Paragraph, ...]
    values: tuple[str, ...]
    source: str
    evidence: tuple[str, ...]
    suggestions: tuple[Suggestion, ...]
    override_reasons: tuple[str, ...]
    tests: tuple[Mapping, ...]
    place: Place = field(compare=False)
    places: AnyMapping[str, Place] = field(default_factory=dict, compare=False)
    criteria: tuple[tuple[Condition, bool], ...] = field(init=False, repr=False, compare=False)
    deciding_facts: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        criteria = [(condition, False) for condition in self.include] + [
            (condition, True) for condition in self.exclude
        ]
        object.__setattr__(self, "criteria", tuple(criteria))
        object.__setattr__(
            self,
            "deciding_facts",
            tuple(name for condition, _ in criteria for name in condition.facts),
        )

    @property
    def topic(self) -> str:
        """The name of the folder that holds its file."""
        return self.place.file.rpartition("/")[0].rpartition("/")[2]

    @property
    def conditions(self) -> list[Condition]:
        """Every condition that it states: in criteria, texts and suggestions."""
        shown = [paragraph.when for paragraph in self.detail] + [
            suggestion.when for suggestion in self.suggestions
        ]
        return [
            condition
            for conditions in (self.include, self.exclude, *shown)
            for condition in conditions
        ]

    @property
    def asks(self) -> list[Criterion]:
        """Every criterion in its conditions, those within ``any_of`` too."""
        return [criterion for condition in self.conditions for criterion in condition.criteria]

    @property
    def looks_at(self) -> list[str]:
        """The other cards that its conditions look at."""
        return list(
            dict.fromkeys(condition.card for condition in self.conditions if condition.card)
        )

    @property
    def facts(self) -> list[str]:
        """Every fact that it names: in criteria, texts, values and suggestions."""
        names = [name for condition in self.conditions for name in condition.facts] + list(
            self.values
        )
        for suggestion in self.suggestions:
            names += [source.fact for source in suggestion.create if source.fact]
            names += filter(None, (suggestion.delete, suggestion.replaces))
        return list(dict.fromkeys(names))


def deciding_criteria(card: Card, cards: AnyMapping[str, Card]) -> Iterator[Criterion]:
    """Every criterion that decides whether ``card`` fires: its own, and those of the ``cards`` that
    its criteria look at."""
    for condition, _ in card.criteria:
        yield from condition.criteria
        if condition.card in cards:
            yield from deciding_criteria(cards[condition.card], cards)
