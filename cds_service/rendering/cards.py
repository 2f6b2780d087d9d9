"""From decisions to the cards of an answer.

The rules that concern several cards are applied here: one cobalamin course in an answer, no test
ordered twice, one card that says that exposure stops (clinical specification, sections 1 and 4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple
from uuid import uuid4

from ..facts.catalogue import Facts
from ..facts.guard import UNREADABLE
from ..rules.card import Card
from ..rules.card_texts import SUMMARY_LIMIT
from ..rules.decision import Decision, Decisions
from . import answer
from .card_in_call import CardInCall, Patient
from .card_text import filled, laboratory_differs, not_known, values_table
from .publication import Publication
from .shown import MOST_CARDS
from .suggestions import Suggestions

EXPOSURE_STOPS = "**Nitrous oxide is recorded: exposure must stop.**"


class RenderedCard(NamedTuple):
    """A card as authored, the card as shown in the answer, and the indices of the authored
    suggestions that it offers."""

    source: Card
    shown: answer.Card
    suggestions: tuple[int, ...]


# Called with the id of a card that is left out, and the exception.
Tell = Callable[[str, Exception], None]


def render_cards(
    firing: Sequence[Decision],
    decisions: Decisions,
    facts: Facts,
    patient: Patient,
    publication: Publication,
    most: int | None = MOST_CARDS,
    tell: Tell | None = None,
) -> list[RenderedCard]:
    """The ``cards`` of a CDS Hooks response: the first ``most`` of those in ``firing``.

    If a card cannot be rendered, ``tell`` is called with its id and the exception, the card is left
    out, and the next one takes its place. Without ``tell``, the exception is raised.
    """
    left = list(firing)
    while True:
        planned = _Plan(
            [
                _Rendering(CardInCall(decision, decisions, facts, patient, publication))
                for decision in left[:most]
            ]
        )
        try:
            return planned.cards()
        except UNREADABLE as error:
            if tell is None or planned.at is None:
                raise
            tell(planned.at, error)
            # Its suggestions may have kept other cards from offering the same, so all cards are
            # rendered again.
            left = [decision for decision in left if decision.card.id != planned.at]


class _Plan:
    """The cards of an answer, planned before they are rendered: one course, no test twice. ``at``:
    the id of the card in progress."""

    def __init__(self, renderings: list[_Rendering]):
        self.renderings = renderings
        self.at: str | None = None

    def cards(self) -> list[RenderedCard]:
        """The cards, most urgent first."""
        course_taken = False
        for rendering in self._each():
            course_taken |= rendering.suggestions.offer(course_taken=course_taken)
        if len(self.renderings) > 1:
            _order_each_test_once(self.renderings)
        for rendering in self._each():
            if rendering.says_that_exposure_stops(first=rendering is self.renderings[0]):
                break
        return [rendering.card() for rendering in self._each()]

    def _each(self) -> Iterator[_Rendering]:
        for rendering in self.renderings:
            self.at = rendering.source.id
            yield rendering


def _order_each_test_once(renderings: list[_Rendering]) -> None:
    """Leave a test that two cards would order to the one that starts the course, or else to the
    first. The other card refers to it."""
    taken: dict[str, str] = {}
    for rendering in sorted(
        renderings, key=lambda rendering: not rendering.suggestions.starts_course
    ):
        rendering.suggestions.leave_to_others(taken)
        for test in rendering.suggestions.tests():
            taken.setdefault(test, rendering.summary_in_detail())


def render_card(card: CardInCall, *, course_taken: bool) -> tuple[RenderedCard, bool]:
    """One card of an answer, and whether it starts a cobalamin course. It starts none if a card
    before it does (``course_taken``)."""
    rendering = _Rendering(card)
    starts_course = rendering.suggestions.offer(course_taken=course_taken)
    return rendering.card(), starts_course


def render_suggestions(
    card: CardInCall, *, course_taken: bool
) -> tuple[list[answer.Suggestion], bool]:
    """The suggestions of :func:`render_card` without the rest of the card."""
    suggestions = Suggestions(card)
    starts_course = suggestions.offer(course_taken=course_taken)
    return list(suggestions.written().values()), starts_course


class _Rendering:
    """The words of one card of one call around its suggestions."""

    def __init__(self, card: CardInCall):
        self.source = card.source
        self.suggestions = Suggestions(card)
        self._card = card
        self._facts = card.facts
        self._opening = ""

    def says_that_exposure_stops(self, *, first: bool) -> bool:
        """Whether this card says that exposure to nitrous oxide must stop: the ``first`` card if
        there are neurological features, or else the first card whose decision rests on the
        exposure."""
        decided = self._facts.rest_on(
            [name for name in self.source.deciding_facts if name in self._card.met], "nitrous_oxide"
        )
        if (decided or (first and self._facts["neuro.involvement"].holds)) and self._facts[
            "nitrous_oxide"
        ].holds:
            self._opening = EXPOSURE_STOPS
        return bool(self._opening)

    def card(self) -> RenderedCard:
        """The card with the suggestions that it offers."""
        suggestions = self.suggestions.written()
        source, override_reasons, links = self._card.publication.fixed_parts[self.source.id]
        card = answer.Card(
            uuid=str(uuid4()),
            summary=self._summary(),
            indicator=self.source.indicator,
            detail=self._detail(),
            source=source,
            overrideReasons=override_reasons,
            links=links,
            suggestions=tuple(suggestions.values()),
            selectionBehavior="at-most-one" if suggestions else "",
        )
        return RenderedCard(self.source, card, tuple(suggestions))

    def summary_in_detail(self) -> str:
        """The summary as the detail of another card shows it."""
        return filled(self.source.summary, self._facts)

    def _summary(self) -> str:
        text = filled(self.source.summary, self._facts, markdown=False)
        return text if len(text) < SUMMARY_LIMIT else text[: SUMMARY_LIMIT - 2].rstrip() + "\u2026"

    def _detail(self) -> str:
        parts = [self._opening]
        for paragraph in self.source.detail:
            if not paragraph.when or self._card.all_hold(paragraph.when):
                parts.append(filled(paragraph.text.strip(), self._facts))
        parts += [
            f"{', '.join(tests)}: in the suggestion of the card \u201c{summary}\u201d; not ordered "
            "until that is accepted."
            for summary, tests in self.suggestions.elsewhere.items()
        ]
        parts.append(values_table(self.source.values, self._facts))
        parts.append(laboratory_differs(self.source.values, self._facts))
        if self._card.publication.parameter_set != "default":
            parts.append(f"Parameter set: {self._card.publication.parameter_set}.")
        session = self._facts.session
        if session.has_foreign:
            parts.append("Orders of another patient in this session were not read.")
        parts.append(not_known(self._facts.unknown_at_root(self._card.met), session.untold))
        return "\n\n".join(filter(None, parts))
