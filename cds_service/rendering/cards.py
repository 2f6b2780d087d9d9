"""From decisions to the cards of an answer: at most three, by urgency, with suggestions that never contradict.

What holds across cards is decided here: one cobalamin course an answer, no order below the age of 16, the limit of
three (clinical specification, sections 1 and 4; CDS Hooks 3.0.0, "Card Attributes").
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import uuid4

from ..facts.catalogue import Facts
from ..facts.drafts import drafts_behind, is_removable, is_short
from ..facts.guard import UNREADABLE
from ..facts.session import Draft
from ..fhir.terminology import BASE
from ..rules.card import INDICATORS, Card, Suggestion
from ..rules.card_texts import SUMMARY_LIMIT
from ..rules.conditions import Condition
from ..rules.decision import Decision, Decisions
from .card_text import filled, laboratory_differs, not_known, values_table
from .orders import OrderContext, OrderTemplate
from .reasons import reasons

MOST_CARDS = 3
TOPICS = f"{BASE}/CodeSystem/card-topic"
REASONS = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
APP = "The patient's picture: B12 and folate over time"
EXPOSURE_STOPS = "**Nitrous oxide is recorded: exposure must stop.**"
_INTENTS = frozenset({"proposal", "plan", "order", "original-order", "reflex-order", "filler-order", "instance-order", "option"})


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


def fixed_parts(card: Card, evidence: Mapping[str, Evidence], override_reasons: Mapping[str, str], launch_url: str = "") -> dict[str, Any]:
    """The elements of a card that no call changes: source, override reasons and links. ``launch_url``: of the SMART app, if any."""
    main = evidence[card.source]
    topic = {"system": TOPICS, "code": card.id, "display": card.title}
    address = {"url": main.url} if main.url else {}
    parts: dict[str, Any] = {"source": {"label": main.title, **address, "topic": topic}}
    if card.override_reasons:
        parts["overrideReasons"] = [{"code": code, "system": REASONS, "display": override_reasons[code]} for code in card.override_reasons]
    links = [{"label": APP, "url": launch_url, "type": "smart"}] if launch_url else []
    links += [{"label": page.title, "url": page.url, "type": "absolute"} for page in (evidence[key] for key in card.evidence) if page.url]
    if links:
        parts["links"] = links
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
    without: frozenset[str] = frozenset(),
) -> list[RenderedCard]:
    """The ``cards`` of a CDS Hooks response, ``most`` of them, without those that are ``snoozed`` (see :func:`shown`).

    With ``tell``, which is told its id and what happened, a card that cannot be rendered is left out, and the next one takes its
    place; without it, that is an error. ``without``: the ids of those that were found to be such.
    """
    firing = [decision for decision in shown(decisions, snoozed, None) if decision.card.id not in without]
    planned = _Plan([_Rendering(decision, decisions, facts, patient, publication) for decision in firing], most)
    try:
        return planned.cards()
    except UNREADABLE as error:
        if tell is None or planned.at is None:
            raise
        tell(planned.at, error)
        # What it offered may have kept others from offering the same, so that all are rendered anew.
        return render_cards(decisions, facts, patient, publication, snoozed, most, tell, without | {planned.at})


class _Plan:
    """The cards of an answer, planned before they are rendered: one course, no test twice. ``at``: the card that is worked on."""

    def __init__(self, firing: list[_Rendering], most: int | None):
        self.firing = firing[:most]
        self.at: str | None = None

    def cards(self) -> list[RenderedCard]:
        """The cards, most urgent first."""
        course_taken = False
        for rendering in self._each():
            course_taken |= rendering.offer(course_taken=course_taken)
        _order_each_test_once(self.firing)
        for rendering in self._each():
            if rendering.says_that_exposure_stops(first=rendering is self.firing[0]):
                break
        return [rendering.card() for rendering in self._each()]

    def _each(self) -> Iterator[_Rendering]:
        for rendering in self.firing:
            self.at = rendering.source.id
            yield rendering


def _order_each_test_once(renderings: list[_Rendering]) -> None:
    """A test that two cards would order stays with the one that starts the course, else with the first; the other points to it."""
    taken: dict[str, str] = {}
    for rendering in sorted(renderings, key=lambda rendering: not rendering.starts_course):
        rendering.leave_to_others(taken)
        for test in rendering.tests():
            taken.setdefault(test, rendering.source.title)


def render_card(
    decision: Decision, decisions: Decisions, facts: Facts, patient: Patient, publication: Publication, *, course_taken: bool
) -> tuple[RenderedCard, bool]:
    """One card of an answer, and whether it starts a cobalamin course; none where ``course_taken`` by a card before it."""
    rendering = _Rendering(decision, decisions, facts, patient, publication)
    starts_course = rendering.offer(course_taken=course_taken)
    return rendering.card(), starts_course


def render_suggestions(
    decision: Decision, decisions: Decisions, facts: Facts, patient: Patient, publication: Publication, *, course_taken: bool
) -> tuple[list[dict[str, Any]], bool]:
    """The suggestions of :func:`render_card` without the rest of the card."""
    rendering = _Rendering(decision, decisions, facts, patient, publication)
    starts_course = rendering.offer(course_taken=course_taken)
    return list(rendering.suggestions().values()), starts_course


class _Offer(NamedTuple):
    """What a suggestion of a card does: the orders that it makes, the drafts that it removes, the order that it replaces.

    ``beside``: those of the drafts that its author does not name, which would be a second course.
    """

    suggestion: Suggestion
    templates: tuple[OrderTemplate, ...]
    removed: tuple[Draft, ...]
    beside: tuple[Draft, ...]
    replaces: str


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
        self.offers: dict[int, _Offer] = {}
        self.elsewhere: dict[str, str] = {}
        self.opening = ""
        self._meet_criteria(decision)

    def _meet_criteria(self, decision: Decision) -> None:
        for condition, _ in decision.evaluated:
            self._meet(condition)

    def _meet(self, condition: Condition) -> None:
        self.met.update(condition.facts)
        if condition.card in self.decisions:
            self._meet_criteria(self.decisions[condition.card])

    def _all_hold(self, conditions: tuple[Condition, ...]) -> bool:
        for condition in conditions:
            self._meet(condition)
            if not condition.truth(self.facts, self.decisions.holds):
                return False
        return True

    def card(self) -> RenderedCard:
        """The card with what was offered."""
        suggestions = self.suggestions()
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
        return RenderedCard(self.source, card, tuple(suggestions))

    def _summary(self) -> str:
        text = filled(self.source.summary, self.facts, markdown=False)
        return text if len(text) < SUMMARY_LIMIT else text[: SUMMARY_LIMIT - 2].rstrip() + "\u2026"

    def _detail(self) -> str:
        parts = [self.opening]
        for paragraph in self.source.detail:
            if not paragraph.when or self._all_hold(paragraph.when):
                parts.append(filled(paragraph.text.strip(), self.facts))
        parts += [f"{test}: ordered with the card \u201c{title}\u201d." for test, title in self.elsewhere.items()]
        parts.append(values_table(self.source.values, self.facts))
        parts.append(laboratory_differs(self.source.values, self.facts))
        if self.publication.parameter_set != "default":
            parts.append(f"Parameter set: {self.publication.parameter_set}.")
        session = self.facts.session
        if session.has_foreign:
            parts.append("Orders of another patient in this session were not read.")
        parts.append(not_known(self.facts.unknown_at_root(self.met), session.untold))
        return "\n\n".join(filter(None, parts))

    @property
    def starts_course(self) -> bool:
        """Whether a suggestion of it starts a cobalamin course."""
        return any(template.starts_cobalamin for offer in self.offers.values() for template in offer.templates)

    def offer(self, *, course_taken: bool) -> bool:
        """Work out the suggestions that can be made, by their authored index; whether one of them starts a cobalamin course."""
        if self.source.suggestions:
            self.met.add("patient.paediatric")
        if self.facts["patient.paediatric"].holds:
            return False
        for index, suggestion in enumerate(self.source.suggestions):
            if not self._all_hold(suggestion.when):
                continue
            templates = self._templates(suggestion)
            if templates is None:
                continue
            starts = any(template.starts_cobalamin for template in templates)
            if starts and course_taken:
                continue
            offer = self._offer(suggestion, tuple(templates), starts=starts)
            if offer is not None:
                self.offers[index] = offer
        return self.starts_course

    def _offer(self, suggestion: Suggestion, templates: tuple[OrderTemplate, ...], *, starts: bool) -> _Offer | None:
        """``None`` where what is to be removed or replaced cannot be named, or a second course would be left."""
        replaces = str(self.facts[suggestion.replaces].value or "") if suggestion.replaces else ""
        removed = drafts_behind(self.facts, suggestion.delete) if suggestion.delete else []
        if (suggestion.replaces and not is_short(replaces)) or (suggestion.delete and not (removed and all(map(is_removable, removed)))):
            return None
        beside: list[Draft] = []
        if starts:
            beside = [draft for draft in self.facts.session.drafts if draft.product.cobalamin and draft not in removed]
            if not all(map(is_removable, beside)):
                return None
            if not suggestion.replaces and self.facts["b12_therapy.planned_start"].value is not None:
                replaces = str(self.facts["b12_therapy.planned_order"].value or "")
                if not is_short(replaces) or self.source.indicator == "info":
                    return None
        return _Offer(suggestion, templates, tuple(removed), tuple(beside), replaces) if templates or removed else None

    def tests(self) -> list[str]:
        """The tests that its suggestions order."""
        offered = [template for offer in self.offers.values() for template in offer.templates]
        return [template.id for template in offered if template.resource["resourceType"] == "ServiceRequest"]

    def leave_to_others(self, taken: Mapping[str, str]) -> None:
        """Take the tests in ``taken`` out of its suggestions: each is ordered by the card of that title."""
        for index, offer in list(self.offers.items()):
            left = tuple(template for template in offer.templates if template.id not in taken)
            self.elsewhere |= {template.title: taken[template.id] for template in offer.templates if template.id in taken}
            if left or offer.removed:
                self.offers[index] = offer._replace(templates=left)
            else:
                del self.offers[index]

    def says_that_exposure_stops(self, *, first: bool) -> bool:
        """Whether it is the card that says that exposure to nitrous oxide must stop: the ``first`` one with neurological
        features, else the first that the exposure decides."""
        decided = self.facts.rest_on([name for name in self.source.deciding_facts if name in self.met], "nitrous_oxide")
        if (decided or (first and self.facts["neuro.involvement"].holds)) and self.facts["nitrous_oxide"].holds:
            self.opening = EXPOSURE_STOPS
        return bool(self.opening)

    def suggestions(self) -> dict[int, dict[str, Any]]:
        """What was offered, as the answer shows it, by the authored index."""
        return {index: self._suggestion(offer) for index, offer in self.offers.items()}

    def _suggestion(self, offer: _Offer) -> dict[str, Any]:
        rendered: dict[str, Any] = {"label": self._label(offer), "uuid": str(uuid4())}
        if offer.suggestion.recommended:
            rendered["isRecommended"] = True
        rendered["actions"] = self._actions(offer)
        return rendered

    def _label(self, offer: _Offer) -> str:
        """The label; a fact that names orders reads as their titles, and what goes besides is named."""
        label = offer.suggestion.label
        named: set[str] = set()
        for source in offer.suggestion.create:
            if source.fact and f"{{{source.fact}}}" in label:
                titles = [template.title for template in offer.templates if template.id in self.facts[source.fact].value]
                named.update(titles)
                label = label.replace(f"{{{source.fact}}}", ", ".join(titles))
        unnamed = [template.title for template in offer.templates if template.title not in named and template.title not in label]
        if unnamed:
            label += f"; with {', '.join(unnamed)}"
        if offer.beside:
            label += "; remove the other draft of B12"
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

    def _actions(self, offer: _Offer) -> list[dict[str, Any]]:
        """Creates first, then deletes."""
        removed = (*offer.removed, *offer.beside)
        context = OrderContext(
            self.patient.reference,
            self.patient.encounter,
            self.patient.now,
            self.publication.intent,
            note=offer.suggestion.note,
            user=self.patient.user,
            reasons=reasons(self.decision, self.decisions, offer.suggestion, self.facts),
            first_dose=any(template.starts_cobalamin for template in offer.templates),
        )
        in_place = context._replace(replaces=offer.replaces)
        if removed:
            kept = next((draft.intent for draft in removed if draft.intent in _INTENTS), self.publication.intent)
            in_place = in_place._replace(intent=kept, draft=removed[0].request)
        actions: list[dict[str, Any]] = []
        for template in offer.templates:
            order = self._order(template, in_place if template.starts_cobalamin else context)
            actions.append({"type": "create", "description": f"Order: {template.title}", "resource": order})
        actions += [{"type": "delete", "description": "Remove the draft", "resourceId": draft.reference} for draft in removed]
        return actions
