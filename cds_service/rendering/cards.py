"""From decisions to the cards of an answer: at most three, by urgency, with suggestions that never contradict.

What holds across cards is decided here: one cobalamin course an answer, no order below the age of 16, the limit of
three (clinical specification, sections 1 and 4; CDS Hooks 3.0.0, "Card Attributes").
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import uuid4

from ..facts.catalogue import Facts
from ..facts.drafts import drafts_behind
from ..facts.guard import UNREADABLE
from ..fhir.terminology import BASE
from ..rules.card import INDICATORS, Card, Suggestion
from ..rules.card_texts import SUMMARY_LIMIT
from ..rules.conditions import CardHolds, Condition
from ..rules.decision import Decision, Decisions
from .card_text import filled, not_known, values_table
from .orders import OrderContext, OrderTemplate
from .reasons import reasons

MOST_CARDS = 3
TOPICS = f"{BASE}/CodeSystem/card-topic"
REASONS = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
_INTENTS = frozenset({"proposal", "plan", "order", "original-order", "reflex-order", "filler-order", "instance-order", "option"})


# A type and an id, which FHIR R4 has no longer than 64 characters; some servers go beyond. Longer ones are not sent back.
_LONGEST_REFERENCE = 300


class Evidence(NamedTuple):
    """A source that cards cite. ``url`` is ``""`` where it has no page: the card then names it and links nothing."""

    title: str
    url: str


class Publication(NamedTuple):
    """What every card of a deployment is rendered with. ``fixed_parts`` by card id; ``intent`` of new orders."""

    parameter_set: str
    templates: Mapping[str, OrderTemplate]
    fixed_parts: Mapping[str, dict[str, Any]]
    intent: str


class Patient(NamedTuple):
    """Whose card it is: ``Patient/id``, the encounter's id, and the time of the call; ``user``: who made it, ``Practitioner/id``."""

    reference: str
    encounter: str | None
    now: datetime
    user: str = ""


def fixed_parts(card: Card, evidence: Mapping[str, Evidence], override_reasons: Mapping[str, str]) -> dict[str, Any]:
    """The elements of a card that no call changes: source, override reasons and links."""
    main = evidence[card.source]
    topic = {"system": TOPICS, "code": card.id, "display": card.title}
    address = {"url": main.url} if main.url else {}
    parts: dict[str, Any] = {"source": {"label": main.title, **address, "topic": topic}}
    if card.override_reasons:
        parts["overrideReasons"] = [{"code": code, "system": REASONS, "display": override_reasons[code]} for code in card.override_reasons]
    if pages := [evidence[key] for key in card.evidence if evidence[key].url]:
        parts["links"] = [{"label": page.title, "url": page.url, "type": "absolute"} for page in pages]
    return parts


class RenderedCard(NamedTuple):
    """A card as authored, as the answer shows it, and which of its authored suggestions (their indices) it offers."""

    source: Card
    shown: dict[str, Any]
    suggestions: tuple[int, ...]


Tell = Callable[[str, Exception], None]


def shown(decisions: Decisions, snoozed: Container[tuple[str, str]] = (), most: int | None = MOST_CARDS) -> list[Decision]:
    """The cards that fire, by urgency and then by rank, at most ``most``. ``snoozed``: ids and versions of cards that stay
    silent for this patient; a critical card never does."""
    firing = [decision for decision in decisions.all() if decision.fires and not _is_snoozed(decision.card, snoozed)]
    firing.sort(key=lambda decision: (INDICATORS.index(decision.card.indicator), decision.card.rank))
    return firing[:most]


def _is_snoozed(card: Card, snoozed: Container[tuple[str, str]]) -> bool:
    return card.indicator != "critical" and (card.id, card.version) in snoozed


def render_cards(
    decisions: Decisions,
    facts: Facts,
    patient: Patient,
    publication: Publication,
    snoozed: Container[tuple[str, str]] = (),
    most: int | None = MOST_CARDS,
    tell: Tell | None = None,
) -> list[RenderedCard]:
    """The ``cards`` of a CDS Hooks response, ``most`` of them, without those that are ``snoozed`` (see :func:`shown`).

    With ``tell``, which is told its id and what happened, a card that cannot be rendered is left out, and the next one takes its
    place; without it, that is an error.
    """
    cards: list[RenderedCard] = []
    course_taken = False
    for decision in shown(decisions, snoozed, None):
        if len(cards) == most:
            break
        try:
            card, starts_course = render_card(decision, decisions, facts, patient, publication, course_taken=course_taken)
        except UNREADABLE as error:
            if tell is None:
                raise
            tell(decision.card.id, error)
            continue
        course_taken |= starts_course
        cards.append(card)
    return cards


def render_card(
    decision: Decision, decisions: Decisions, facts: Facts, patient: Patient, publication: Publication, *, course_taken: bool
) -> tuple[RenderedCard, bool]:
    """One card of an answer, and whether it starts a cobalamin course; none where ``course_taken`` by a card before it."""
    return _Rendering(decision, decisions, facts, patient, publication).card(course_taken)


def render_suggestions(
    decision: Decision, decisions: Decisions, facts: Facts, patient: Patient, publication: Publication, *, course_taken: bool
) -> tuple[list[dict[str, Any]], bool]:
    """The suggestions of :func:`render_card` without the rest of the card."""
    suggestions, starts_course = _Rendering(decision, decisions, facts, patient, publication).suggestions(course_taken)
    return list(suggestions.values()), starts_course


class _Rendering:
    """One card of one call; remembers which facts it met, for the line ``Not known``."""

    def __init__(self, decision: Decision, decisions: Decisions, facts: Facts, patient: Patient, publication: Publication):
        self.decision = decision
        self.source = decision.card
        self.decisions = decisions
        self.facts = facts
        self.patient = patient
        self.publication = publication
        self.met: set[str] = set()
        self.orders: list[tuple[str, OrderContext, dict[str, Any]]] = []
        for step in decision.steps:
            self._meet(step.condition)

    def _meet(self, condition: Condition) -> None:
        self.met.update(condition.facts)
        if isinstance(condition, CardHolds) and condition.card in self.decisions:
            for step in self.decisions[condition.card].steps:
                self._meet(step.condition)

    def _all_hold(self, conditions: tuple[Condition, ...]) -> bool:
        for condition in conditions:
            self._meet(condition)
            if not condition.truth(self.facts, self.decisions.holds):
                return False
        return True

    def card(self, course_taken: bool) -> tuple[RenderedCard, bool]:
        suggestions, starts_course = self.suggestions(course_taken)
        card: dict[str, Any] = {
            "uuid": str(uuid4()),
            "summary": self._summary(),
            "indicator": self.source.indicator,
            "detail": self._detail(),
            **self.publication.fixed_parts[self.source.id],
        }
        if suggestions:
            card["suggestions"] = list(suggestions.values())
            card["selectionBehavior"] = "at-most-one"
        return RenderedCard(self.source, card, tuple(suggestions)), starts_course

    def _summary(self) -> str:
        text = filled(self.source.summary, self.facts, markdown=False)
        return text if len(text) < SUMMARY_LIMIT else text[: SUMMARY_LIMIT - 2].rstrip() + "\u2026"

    def _detail(self) -> str:
        parts = [filled(paragraph.text.strip(), self.facts) for paragraph in self.source.detail if self._all_hold(paragraph.when)]
        parts.append(values_table(self.source.values, self.facts))
        parts.append(f"Parameter set: {self.publication.parameter_set}.")
        session = self.facts.session
        if session.has_foreign:
            parts.append("Orders of another patient in this session were not read.")
        parts.append(not_known(self.facts.unknown_at_root(self.met), session.untold))
        return "\n\n".join(filter(None, parts))

    def suggestions(self, course_taken: bool) -> tuple[dict[int, dict[str, Any]], bool]:
        """The suggestions that can be made by their authored index, and whether one of them starts a cobalamin course."""
        starts_course = False
        rendered: dict[int, dict[str, Any]] = {}
        if self.source.suggestions:
            self.met.add("patient.paediatric")
        if self.facts["patient.paediatric"].holds:
            return {}, False
        for index, suggestion in enumerate(self.source.suggestions):
            if not self._all_hold(suggestion.when):
                continue
            templates = self._templates(suggestion)
            if templates is None:
                continue
            starts = any(template.starts_cobalamin for template in templates)
            if starts and course_taken:
                continue
            actions = self._actions(suggestion, templates)
            if actions:
                starts_course |= starts
                rendered[index] = self._suggestion(suggestion, actions)
        return rendered, starts_course

    def _suggestion(self, suggestion: Suggestion, actions: list[dict[str, Any]]) -> dict[str, Any]:
        rendered: dict[str, Any] = {"label": self._label(suggestion), "uuid": str(uuid4())}
        if suggestion.recommended:
            rendered["isRecommended"] = True
        rendered["actions"] = actions
        return rendered

    def _label(self, suggestion: Suggestion) -> str:
        """The label; a fact that names orders reads as their titles."""
        label = suggestion.label
        for source in suggestion.create:
            if source.fact and f"{{{source.fact}}}" in label:
                titles = [self.publication.templates[item].title for item in self.facts[source.fact].value]
                label = label.replace(f"{{{source.fact}}}", ", ".join(titles))
        return filled(label, self.facts, markdown=False)

    def _templates(self, suggestion: Suggestion) -> list[OrderTemplate] | None:
        """The orders that it creates; ``None`` where one of them cannot be made."""
        ids: list[str] = []
        for source in suggestion.create:
            if source.template:
                ids.append(source.template)
                continue
            self.met.add(source.fact)
            value = self.facts[source.fact].value
            if value is None:
                return None
            ids += value
        return [self.publication.templates[template_id] for template_id in ids]

    def _order(self, template: OrderTemplate, context: OrderContext) -> dict[str, Any]:
        """The order, made once for all suggestions of the card that ask for the same."""
        for made_of, made_for, order in self.orders:
            if made_of == template.id and made_for == context:
                return order
        order = template.order(context)
        self.orders.append((template.id, context, order))
        return order

    def _actions(self, suggestion: Suggestion, templates: list[OrderTemplate]) -> list[dict[str, Any]]:
        """Creates first, then deletes; none at all where what is to be removed or replaced cannot be named."""
        replaced_order = str(self.facts[suggestion.replaces].value or "") if suggestion.replaces else ""
        if suggestion.replaces and not 0 < len(replaced_order) <= _LONGEST_REFERENCE:
            return []
        replaced = drafts_behind(self.facts, suggestion.delete) if suggestion.delete else []
        if suggestion.delete and (not replaced or not all(0 < len(draft.reference) <= _LONGEST_REFERENCE for draft in replaced)):
            return []
        context = OrderContext(
            self.patient.reference,
            self.patient.encounter,
            self.patient.now,
            self.publication.intent,
            replaced_order,
            user=self.patient.user,
            reasons=reasons(self.decision, self.decisions, suggestion, self.facts),
        )
        in_place = context
        if replaced:
            kept = next((draft.intent for draft in replaced if draft.intent in _INTENTS), self.publication.intent)
            in_place = context._replace(intent=kept, draft=replaced[0].request)
        actions: list[dict[str, Any]] = []
        for template in templates:
            order = self._order(template, in_place if template.starts_cobalamin else context)
            actions.append({"type": "create", "description": f"Order: {template.title}", "resource": order})
        for draft in replaced:
            actions.append({"type": "delete", "description": "Remove the draft", "resourceId": draft.reference})
        return actions
