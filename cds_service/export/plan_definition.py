"""A card as a FHIR R4 PlanDefinition: an event-condition-action rule.

The condition is the card's define in the Library of criteria. The action is the card itself: its
words, with a nested action for each suggestion and, inside those, for each order. A card's summary
is the action's title (FHIR R4, "CDS on FHIR").

There is no trigger: for each PlanDefinition with a named event a server would announce a CDS
service of its own, which would always answer "no cards". The description names the hooks of the
card instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..authoring.card_orders import OrderChoices, Orders
from ..authoring.card_words import readable, title
from ..config import PRODUCTS
from ..engine import Engine
from ..rendering.publication import TOPICS
from ..rules.card import Card, OrderSource, Suggestion
from ..rules.card_set import EvidenceEntry
from .capabilities import CAPABILITIES
from .cql import define_name, suggestion_name
from .criteria import applicability, criteria_words, words
from .data_requirements import data_requirements, queries_of_card
from .edition import (
    MATURITY,
    PATIENT,
    PUBLISHER,
    base_of,
    criteria_canonical,
    edition,
    library_canonical,
    plan_canonical,
    version_of,
)

# FHIR R4's RequestPriority matches the definitions of HL7's code system cdshooks-indicator: "should
# be immediately addressed" is "actioned immediately", "urgent or highly relevant" is "actioned
# promptly", and information has normal priority.
PRIORITIES = {"critical": "stat", "warning": "urgent", "info": "routine"}
_ECA_RULE = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/plan-definition-type",
            "code": "eca-rule",
            "display": "ECA Rule",
        }
    ]
}
_ENDPOINT = "http://hl7.org/fhir/StructureDefinition/cqf-cdsHooksEndpoint"
_ACTION_TYPES = {"create": "Create", "remove": "Remove"}


class PlanDefinitions:
    """Makes the PlanDefinitions of the cards of an ``engine``.

    Orders are those of a site that stocks every product, because stock affects a call and not the
    definition of a card.
    """

    def __init__(self, engine: Engine):
        self._engine = engine
        self._choices = OrderChoices(replace(engine.site, formulary=frozenset(PRODUCTS)))
        self._library = library_canonical(engine)

    def all(self) -> Iterator[dict[str, Any]]:
        """Yield one for each card that is active in the parameter set, by id."""
        for card_id in sorted(self._engine.cards):
            yield self.of(self._engine.cards[card_id])

    def of(self, card: Card) -> dict[str, Any]:
        """Return the PlanDefinition of ``card``."""
        return {
            "resourceType": "PlanDefinition",
            "id": card.id,
            "extension": [*CAPABILITIES, *self._endpoint()],
            "url": f"{base_of(self._engine)}/PlanDefinition/{card.id}",
            "version": version_of(card.version, *edition(self._engine)),
            "name": define_name(card.id),
            "title": card.title,
            "type": _ECA_RULE,
            **MATURITY,
            "subjectCodeableConcept": PATIENT,
            "publisher": card.version.partition("+")[2] or PUBLISHER,
            "description": self._description(card),
            "relatedArtifact": [*self._evidence(card), *self._other_cards(card)],
            "library": [self._library, criteria_canonical(self._engine)],
            "action": [self._action(card)],
        }

    def _endpoint(self) -> list[dict[str, Any]]:
        """The address of the CDS service, if the site states its public address."""
        base = self._engine.settings.base_url
        return [{"url": _ENDPOINT, "valueUri": f"{base.rstrip('/')}/cds-services"}] if base else []

    def _description(self, card: Card) -> str:
        lines = [
            (
                f"A card of the indicator `{card.indicator}`, parameter set "
                f"{self._engine.parameter_set}."
            )
        ]
        lines += [
            (
                f"Hooks: {', '.join(card.hooks)}. Only the CDS service answers them; this "
                "definition cannot be executed."
            )
        ]
        lines += ["", "It fires when all of:", ""]
        lines += [f"- {words(condition)}" for condition in card.include]
        if card.exclude:
            lines += [
                "",
                "It is silent when any of:",
                "",
                *(f"- {words(condition)}" for condition in card.exclude),
            ]
        lines += [
            "",
            (
                "A fact that is not known neither fires nor silences the card, unless the "
                "criterion says so."
            ),
        ]
        return "\n".join(lines)

    def _evidence(self, card: Card) -> list[dict[str, Any]]:
        return [
            citation(self._engine.evidence[key])
            for key in dict.fromkeys((card.source, *card.evidence))
        ]

    def _other_cards(self, card: Card) -> list[dict[str, Any]]:
        cards = self._engine.cards
        return [
            {"type": "depends-on", "resource": plan_canonical(cards[name], self._engine)}
            for name in card.looks_at
            if name in cards
        ]

    def _action(self, card: Card) -> dict[str, Any]:
        action: dict[str, Any] = {
            "title": readable(card.summary),
            "description": "\n\n".join(self._paragraphs(card)),
            "priority": PRIORITIES[card.indicator],
            "code": [card_topic(card)],
            "documentation": self._evidence(card)[:1],
            "condition": [
                applicability(
                    define_name(card.id), criteria_words(card), criteria_canonical(self._engine)
                )
            ],
            "input": data_requirements(queries_of_card(card, self._engine.cards)),
        }
        if card.suggestions:
            action["selectionBehavior"] = "at-most-one"
            action["action"] = [
                self._suggestion(card, index, suggestion)
                for index, suggestion in enumerate(card.suggestions)
            ]
        # A card may have no detail, and an element of FHIR is never empty.
        return {name: value for name, value in action.items() if value}

    @staticmethod
    def _paragraphs(card: Card) -> Iterator[str]:
        for paragraph in card.detail:
            text = readable(paragraph.text.strip())
            yield (
                f"If {', and '.join(map(words, paragraph.when))}: {text}"
                if paragraph.when
                else text
            )

    def _suggestion(self, card: Card, index: int, suggestion: Suggestion) -> dict[str, Any]:
        made: dict[str, Any] = {"title": readable(suggestion.label)}
        when = " and ".join(
            ["the card fires", *map(words, suggestion.when), "age is not known to be below 16"]
        )
        made["condition"] = [
            applicability(suggestion_name(card.id, index), when, criteria_canonical(self._engine))
        ]
        made["selectionBehavior"] = "all"
        made["precheckBehavior"] = "yes" if suggestion.recommended else "no"
        made["action"] = [self._order(source, card, suggestion) for source in suggestion.create]
        if suggestion.delete:
            made["action"].append(
                {"title": f"Remove: {title(suggestion.delete)}", "type": action_type("remove")}
            )
        return made

    def _order(self, source: OrderSource, card: Card, suggestion: Suggestion) -> dict[str, Any]:
        """The order of a template or, for a fact that chooses orders, the orders that it can
        choose."""
        if source.template:
            return self._created(source.template)
        chosen = self._choices.of(source, card, suggestion)
        if len(chosen.alternatives) == 1:
            return self._together(
                title(source.fact), chosen.alternatives[0], may_be_fewer=chosen.may_be_fewer
            )
        return {
            "title": title(source.fact),
            "selectionBehavior": "at-most-one" if chosen.may_be_fewer else "exactly-one",
            "action": [
                self._together(self._titles(orders), orders) for orders in chosen.alternatives
            ],
        }

    def _together(self, name: str, orders: Orders, *, may_be_fewer: bool = False) -> dict[str, Any]:
        if len(orders) == 1 and not may_be_fewer:
            return self._created(orders[0])
        return {
            "title": name,
            "selectionBehavior": "any" if may_be_fewer else "all",
            "action": [self._created(order) for order in orders],
        }

    def _created(self, template_id: str) -> dict[str, Any]:
        template = self._engine.publication.templates[template_id]
        (canonical,) = template.resource["instantiatesCanonical"]
        return {
            "title": template.title,
            "type": action_type("create"),
            "definitionCanonical": canonical,
        }

    def _titles(self, orders: Orders) -> str:
        return " and ".join(self._engine.publication.templates[order].title for order in orders)


def citation(entry: EvidenceEntry) -> dict[str, Any]:
    """Return a source as a RelatedArtifact, with its supporting statement and differing
    guidance."""
    said = f"{entry.title}. Supports: {entry.supports}." + (
        f" Caveat: {entry.disagrees}." if entry.disagrees else ""
    )
    said += f" Superseded by {entry.superseded_by}." if entry.superseded_by else ""
    address = {"url": entry.url} if entry.url else {}
    return {
        "type": "citation",
        "label": entry.key,
        "display": entry.label,
        "citation": said,
        **address,
    }


def card_topic(card: Card) -> dict[str, Any]:
    """Return the code of a card, the same as in ``source.topic`` of a hook's answer."""
    return {"coding": [{"system": TOPICS, "code": card.id, "display": card.title}]}


def action_type(code: str) -> dict[str, Any]:
    """Return the effect of an action on a request: ``create`` or ``remove``."""
    system = "http://terminology.hl7.org/CodeSystem/action-type"
    return {"coding": [{"system": system, "code": code, "display": _ACTION_TYPES[code]}]}
