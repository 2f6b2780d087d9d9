"""The suggestions of a card: which of them can be made in a call, and their orders and removals.

No order is offered below the age of 16, and none that would leave a second cobalamin course
(clinical specification, sections 1 and 4).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import uuid4

from ..facts.drafts import drafts_behind, is_removable, is_short
from ..facts.session import Draft
from ..rules.card import Suggestion
from . import answer
from .card_in_call import CardInCall
from .card_text import filled
from .orders import OrderContext, OrderTemplate
from .reasons import reasons

_INTENTS = frozenset(
    {
        "proposal",
        "plan",
        "order",
        "original-order",
        "reflex-order",
        "filler-order",
        "instance-order",
        "option",
    }
)


class _Offer(NamedTuple):
    """What a suggestion does: the orders that it creates, the drafts that it removes, and the order
    that it replaces.

    ``beside``: drafts that it also removes, although its author does not name them, because they
    would be a second course.
    """

    suggestion: Suggestion
    templates: tuple[OrderTemplate, ...]
    removed: tuple[Draft, ...]
    beside: tuple[Draft, ...]
    replaces: str


class Suggestions:
    """The suggestions of one card of one call. ``elsewhere``: the titles of the tests that are left
    to another card's suggestion, by the summary of that card."""

    def __init__(self, card: CardInCall):
        self.elsewhere: dict[str, list[str]] = {}
        self._card = card
        self._facts = card.facts
        self._offers: dict[int, _Offer] = {}
        self._orders: list[tuple[str, OrderContext, dict[str, Any]]] = []

    @property
    def starts_course(self) -> bool:
        """Whether one of the suggestions starts a cobalamin course."""
        return any(
            template.starts_cobalamin
            for offer in self._offers.values()
            for template in offer.templates
        )

    def offer(self, *, course_taken: bool) -> bool:
        """Decide which suggestions can be made, and keep them by their authored index. Return
        whether one of them starts a cobalamin course."""
        if self._card.source.suggestions:
            self._card.met.add("patient.paediatric")
        if self._facts["patient.paediatric"].holds:
            return False
        for index, suggestion in enumerate(self._card.source.suggestions):
            if not self._card.all_hold(suggestion.when):
                continue
            templates = self._templates(suggestion)
            if templates is None:
                continue
            starts = any(template.starts_cobalamin for template in templates)
            if starts and course_taken:
                continue
            offer = self._offer(suggestion, tuple(templates), starts=starts)
            if offer is not None:
                self._offers[index] = offer
        return self.starts_course

    def _offer(
        self, suggestion: Suggestion, templates: tuple[OrderTemplate, ...], *, starts: bool
    ) -> _Offer | None:
        """``None`` if a draft to remove or an order to replace cannot be named, or if a second
        course would be left."""
        replaces = str(self._facts[suggestion.replaces].value or "") if suggestion.replaces else ""
        removed = drafts_behind(self._facts.session, suggestion.delete) if suggestion.delete else []
        if (suggestion.replaces and not is_short(replaces)) or (
            suggestion.delete and not (removed and all(map(is_removable, removed)))
        ):
            return None
        beside: list[Draft] = []
        if starts:
            beside = [
                draft
                for draft in self._facts.session.drafts
                if draft.product.cobalamin and draft not in removed
            ]
            if not all(map(is_removable, beside)):
                return None
            if (
                not suggestion.replaces
                and self._facts["b12_therapy.planned_start"].value is not None
            ):
                replaces = str(self._facts["b12_therapy.planned_order"].value or "")
                if not is_short(replaces) or self._card.source.indicator == "info":
                    return None
        return (
            _Offer(suggestion, templates, tuple(removed), tuple(beside), replaces)
            if templates or removed
            else None
        )

    def tests(self) -> list[str]:
        """The tests that the suggestions order."""
        offered = [template for offer in self._offers.values() for template in offer.templates]
        return [
            template.id
            for template in offered
            if template.resource["resourceType"] == "ServiceRequest"
        ]

    def leave_to_others(self, taken: Mapping[str, str]) -> None:
        """Remove the tests in ``taken`` from the suggestions. ``taken``: the summary of the card
        whose suggestion orders each test."""
        for index, offer in list(self._offers.items()):
            left = tuple(template for template in offer.templates if template.id not in taken)
            for template in offer.templates:
                if template.id in taken:
                    titles = self.elsewhere.setdefault(taken[template.id], [])
                    titles += [template.title] if template.title not in titles else []
            if left or offer.removed:
                self._offers[index] = offer._replace(templates=left)
            else:
                del self._offers[index]

    def written(self) -> dict[int, answer.Suggestion]:
        """The offered suggestions as the answer shows them, by their authored index."""
        return {index: self._suggestion(offer) for index, offer in self._offers.items()}

    def _suggestion(self, offer: _Offer) -> answer.Suggestion:
        return answer.Suggestion(
            label=self._label(offer),
            uuid=str(uuid4()),
            isRecommended=offer.suggestion.recommended,
            actions=self._actions(offer),
        )

    def _label(self, offer: _Offer) -> str:
        """The label. A fact that names orders is replaced by their titles; other orders, and a
        removal that the author does not name, are added."""
        label = offer.suggestion.label
        named: set[str] = set()
        for source in offer.suggestion.create:
            if source.fact and f"{{{source.fact}}}" in label:
                titles = [
                    template.title
                    for template in offer.templates
                    if template.id in self._facts[source.fact].value
                ]
                named.update(titles)
                label = label.replace(f"{{{source.fact}}}", ", ".join(titles))
        unnamed = [
            template.title
            for template in offer.templates
            if template.title not in named and template.title not in label
        ]
        if unnamed:
            label += f"; with {', '.join(unnamed)}"
        if offer.beside:
            label += f"; remove the other draft{'s' * (len(offer.beside) > 1)} of B12"
        return filled(label, self._facts, markdown=False)

    def _templates(self, suggestion: Suggestion) -> list[OrderTemplate] | None:
        """The orders that the suggestion creates; ``None`` if one of them cannot be made."""
        ids: list[str] = []
        for source in suggestion.create:
            if source.template:
                ids.append(source.template)
                continue
            self._card.met.add(source.fact)
            value = self._facts[source.fact].value
            if value is None:
                return None
            ids += value
        return [self._card.publication.templates[template_id] for template_id in ids]

    def _order(self, template: OrderTemplate, context: OrderContext) -> dict[str, Any]:
        """The order, made once for all suggestions of the card that create the same one."""
        for made_of, made_for, order in self._orders:
            if made_of == template.id and made_for == context:
                return order
        order = template.order(context)
        self._orders.append((template.id, context, order))
        return order

    def _actions(self, offer: _Offer) -> list[answer.Create | answer.Delete]:
        """The actions, creates before deletes."""
        removed = (*offer.removed, *offer.beside)
        context = OrderContext(
            self._card.patient.reference,
            self._card.patient.encounter,
            self._card.patient.now,
            self._card.publication.intent,
            note=offer.suggestion.note,
            user=self._card.patient.user,
            reasons=reasons(
                self._card.decision, self._card.decisions, offer.suggestion, self._facts
            ),
            first_dose=any(template.starts_cobalamin for template in offer.templates),
        )
        in_place = context._replace(replaces=offer.replaces)
        if removed:
            kept = next(
                (draft.intent for draft in removed if draft.intent in _INTENTS),
                self._card.publication.intent,
            )
            in_place = in_place._replace(intent=kept, draft=removed[0].request)
        actions: list[answer.Create | answer.Delete] = []
        for template in offer.templates:
            order = self._order(template, in_place if template.starts_cobalamin else context)
            actions.append(answer.Create(description=f"Order: {template.title}", resource=order))
        actions += [
            answer.Delete(description="Remove the draft", resourceId=draft.reference)
            for draft in removed
        ]
        return actions
