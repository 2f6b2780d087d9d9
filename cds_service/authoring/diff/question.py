"""The patients for whom two versions of a card differ, as checks for a search through patients."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from ...engine import Engine
from ...facts.catalogue import closure
from ...facts.site import Site
from ...rendering.cards import render_suggestions
from ...rules.card import Card, Paragraph
from ...rules.conditions import CardHolds, Condition
from ...rules.decision import Decisions
from ...states.search import Check, Undecided, all_hold, any_holds, does_not_hold
from ..safety.invariants import read_suggestions
from ..safety.proof import card_in_state
from .compared import Compared, compared, rests_on_any, suggested
from .limits import Extras, changed_parameters
from .shared_facts import Pair

FIRES, SILENT, SAYS, SUGGESTS = (
    "fires where it was silent",
    "is silent where it fired",
    "says otherwise",
    "suggests otherwise",
)
KINDS = (FIRES, SILENT, SAYS, SUGGESTS)
_Part = Callable[[Pair], bool]


class Job(NamedTuple):
    """A card of two sets on one hook. ``decided``: the cards that are decided, not assumed;
    ``touched``: the facts that read a changed parameter; ``by_limits``: whether only limits
    changed, so that only patients between old and new limits are tried."""

    old: Engine
    new: Engine
    card: str
    hook: str
    decided: frozenset[str]
    touched: frozenset[str]
    extras: Extras
    by_limits: bool

    def cards(self) -> tuple[Mapping[str, Card], Mapping[str, Card]]:
        """Return the cards of the hook in the old and in the new set."""
        return self.old.cards_by_hook[self.hook], self.new.cards_by_hook[self.hook]

    def versions(self) -> tuple[Card | None, Card | None]:
        """Return the card on the hook in the old and in the new set."""
        old, new = self.cards()
        return old.get(self.card), new.get(self.card)

    def compared(self) -> Compared:
        """Return the parts in which the two versions can differ."""
        return compared(*self.versions(), self.touched)

    def sites(self) -> tuple[Site, Site]:
        """Return the sites of the two sets; the same one twice if no parameter changed."""
        return self.old.site, self.new.site if changed_parameters(
            self.old, self.new
        ) else self.old.site


class _PairDecisions(Decisions):
    """The decisions of one set for a patient. For a card that is not ``decided``, both answers are
    tried, and both sets get the same one."""

    def __init__(
        self, decided: Collection[str] | None, cards: Mapping[str, Card], pair: Pair, side: int
    ):
        super().__init__(cards, pair.facts[side])
        self._decided = decided
        self._assumed = pair.assumed

    def holds(self, card_id: str) -> bool:
        """Whether a card fires or is assumed to fire."""
        if self._decided is None or card_id in self._decided:
            return super().holds(card_id)
        if card_id in self and card_id not in self._assumed:
            raise Undecided((0, card_id), (False, True))
        return card_id in self and self._assumed[card_id]


class Question:
    """How two versions of a card differ for a patient. ``decided``: the cards that are decided, not
    assumed; ``None`` for all cards."""

    def __init__(self, job: Job, decided: Collection[str] | None):
        self._job = job
        self._decided = decided
        self._versions = job.versions()
        self._what = job.compared()

    def checks(self, kind: str) -> list[Check] | None:
        """Return the checks that all hold if there is a difference of ``kind``; ``None`` if there
        can be no such difference."""
        if kind in (FIRES, SILENT):
            speaking, silent = (1, 0) if kind == FIRES else (0, 1)
            if self._versions[speaking] is None:
                return None
            stopping = (
                []
                if self._versions[silent] is None
                else [self._passes(silent, *each) for each in self._own(silent)]
            )
            if self._versions[silent] is not None and not stopping:
                return None
            return [
                *([does_not_hold(all_hold(stopping))] if stopping else []),
                *self._fires(speaking),
            ]
        both = [*self._fires(1), *(self._passes(0, *each) for each in self._own(0))]
        says = any_holds([self._says(one, other) for one, other in self._what.paragraphs])
        if kind == SAYS:
            return [says, *both] if self._what.paragraphs else None
        if not (self._what.old_suggestions or self._what.new_suggestions):
            return None
        return [
            *self._may_suggest(),
            *both,
            does_not_hold(says),
            lambda pair: self.kind(pair) == SUGGESTS,
        ]

    def kind(self, pair: Pair) -> str:
        """Return the kind of difference for a patient; ``""`` if there is none."""
        before, after = (self._decisions(pair, side).holds(self._job.card) for side in (0, 1))
        if before != after:
            return FIRES if after else SILENT
        if not before:
            return ""
        if any(self._says(one, other)(pair) for one, other in self._what.paragraphs):
            return SAYS
        if not (self._what.old_suggestions or self._what.new_suggestions):
            return ""
        return SUGGESTS if self._made(pair, 0) != self._made(pair, 1) else ""

    def _decisions(self, pair: Pair, side: int) -> _PairDecisions:
        return _PairDecisions(self._decided, self._job.cards()[side], pair, side)

    def _passes(self, side: int, condition: Condition, excludes: bool) -> Check:
        """Whether a criterion lets the card fire in one of the two sets."""
        return lambda pair: bool(self._truth(pair, side, condition)) is not excludes

    def _truth(self, pair: Pair, side: int, condition: Condition) -> bool | None:
        return condition.truth(
            pair.facts[side], lambda card_id: self._decisions(pair, side).holds(card_id)
        )

    def _fires(self, side: int) -> list[Check]:
        """A check for each criterion that it lets the card fire, beginning with those that rest on
        the fewest facts."""
        card = self._versions[side]
        return [
            self._passes(side, *each) for each in _narrowest_first(card.criteria if card else ())
        ]

    def _own(self, side: int) -> Iterator[tuple[Condition, bool]]:
        """The criteria of one version whose outcome may differ from that in the other version."""
        card, other = self._versions[side], self._versions[1 - side]
        for condition, excludes in _narrowest_first(card.criteria if card else ()):
            if (
                other is None
                or (condition, excludes) not in other.criteria
                or self._can_differ(condition)
            ):
                yield condition, excludes

    def _can_differ(self, condition: Condition) -> bool:
        """Whether a condition in both sets can have different outcomes in them."""
        if isinstance(condition, CardHolds):
            return self._decided is None or condition.card in self._decided
        return rests_on_any(condition.facts, self._job.touched)

    def _says(self, one: Paragraph | None, other: Paragraph | None) -> _Part:
        """Whether only one set shows a paragraph."""

        def shown(item: Paragraph | None, pair: Pair, side: int) -> bool:
            return item is not None and all(
                self._truth(pair, side, condition) for condition in item.when
            )

        return lambda pair: shown(one, pair, 0) != shown(other, pair, 1)

    def _may_suggest(self) -> list[Check]:
        """The checks, if any, that must hold before the same suggestions can make different orders:
        one of their facts must differ."""
        old, new = self._what.old_suggestions, self._what.new_suggestions
        conditions = [condition for suggestion in old for condition in suggestion.when]
        if [replace(each, label="") for each in old] != [
            replace(each, label="") for each in new
        ] or any(
            isinstance(condition, CardHolds) and self._can_differ(condition)
            for condition in conditions
        ):
            return []
        names = dict.fromkeys(
            ["patient.paediatric", *(name for suggestion in old for name in suggested(suggestion))]
        )
        return [
            any_holds([_differs(name) for name in names if rests_on_any([name], self._job.touched)])
        ]

    def _made(self, pair: Pair, side: int) -> list[Any]:
        """The orders made by the suggestions of a card that fires."""
        decisions = self._decisions(pair, side)
        decision = decisions[self._job.card]
        suggestions = (self._what.old_suggestions, self._what.new_suggestions)[side]
        bare = decision._replace(card=replace(decision.card, suggestions=suggestions))
        publication = (self._job.old, self._job.new)[side].publication
        made, _ = render_suggestions(
            card_in_state(bare, decisions, pair.facts[side], publication), course_taken=False
        )
        return read_suggestions(made)


def _narrowest_first(criteria: Iterable[tuple[Condition, bool]]) -> list[tuple[Condition, bool]]:
    """The criteria, beginning with those that rest on the fewest facts, since these leave the
    fewest states to try."""

    def width(criterion: tuple[Condition, bool]) -> tuple[bool, int]:
        return isinstance(criterion[0], CardHolds), len(closure(criterion[0].facts))

    return sorted(criteria, key=width)


def _differs(name: str) -> Check:
    """Whether a fact differs between the two sets."""

    def check(pair: Pair) -> bool:
        old, new = (facts[name] for facts in pair.facts)
        return (old.state, old.value) != (new.state, new.value)

    return check
