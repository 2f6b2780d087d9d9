"""What the page of cards says of each card."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import PurePosixPath
from typing import Any

from ...engine import PARAMETER_SETS
from ...rules.card import Card, Suggestion
from ..card_orders import choice
from ..card_words import in_words, joined, title
from ..safety.proof import engine

TOPICS = {
    "deficiency": "Deficiency",
    "folic-acid": "Folate and folic acid",
    "cyanocobalamin": "Cyanocobalamin",
    "allergy": "Allergy",
    "potassium": "Potassium",
    "safety": "Safety of a B12 order",
    "treatment": "Treatment under way",
    "malabsorption": "Surgery and ileal disease",
    "pregnancy": "Pregnancy",
    "testing": "Testing",
}  # fmt: skip
_WHERE = {"order-select": "an order is chosen or signed", "patient-view": "the chart is opened, and at discharge"}


def card_rows() -> list[dict[str, Any]]:
    """The topics with their cards, each card as a row and with what differs in other parameter sets."""
    cards = sorted(engine("default", "all").cards.values(), key=lambda card: (_position(_topic(card)), _topic(card), card.rank))
    return [{"title": _topic_title(topic), "cards": [_row(card) for card in of_topic]} for topic, of_topic in groupby(cards, key=_topic)]


def _topic_title(topic: str) -> str:
    return TOPICS.get(topic, topic.replace("-", " ").capitalize())


def _topic(card: Card) -> str:
    return PurePosixPath(card.place.file).parent.name


def _position(topic: str) -> int:
    return list(TOPICS).index(topic) if topic in TOPICS else len(TOPICS)


def _row(card: Card) -> dict[str, Any]:
    return {
        "id": card.id,
        "title": card.title,
        "version": card.version,
        "file": f"../{card.place.file}",
        "when": _WHERE[card.hooks[0]],
        **_said(card, "default"),
        "tests": len(card.tests),
        "needs": sorted({title(name) for condition in card.include if not _answers_unknown(condition) for name in condition.facts}),
        "others": list(_other_sets(card)),
    }


def _answers_unknown(condition: Any) -> bool:
    """Whether the condition can hold where what it asks is not known."""
    parts = getattr(condition, "criteria", (condition,))
    return any(getattr(part, "when_unknown", None) or getattr(part, "operator", "") == "unknown" for part in parts)


def _said(card: Card, parameter_set: str) -> dict[str, Any]:
    return {
        "indicator": card.indicator,
        "summary": card.summary,
        "fires": in_words(card.include),
        "silent": in_words(card.exclude),
        "suggestions": [_suggestion(card, suggestion, parameter_set) for suggestion in card.suggestions],
        "evidence": [f"[{key}](evidence.md#{key})" for key in dict.fromkeys((card.source, *card.evidence))],
    }


def _suggestion(card: Card, suggestion: Suggestion, parameter_set: str) -> str:
    stocked = engine(parameter_set, "all")
    templates = stocked.publication.templates
    label, orders = suggestion.label, []
    for source in suggestion.create:
        chosen = choice(source, card, suggestion, stocked.site)
        told = joined([" + ".join(templates[item].title for item in order) for order in chosen.alternatives], "or")
        if source.fact:
            label = label.replace(f"{{{source.fact}}}", f"*{title(source.fact)}*")
        orders.append(told + (" (those not yet asked for)" if chosen.may_be_fewer else ""))
    if suggestion.delete:
        orders.append(f"removes: {title(suggestion.delete)}")
    when = f" Only with {'; '.join(in_words(suggestion.when))}." if suggestion.when else ""
    return f"{label}: {'; '.join(orders)}.{when}"


def _other_sets(card: Card) -> Iterator[dict[str, Any]]:
    """What other parameter sets say instead, in the elements that differ."""
    usual = _said(card, "default")
    for parameter_set in PARAMETER_SETS[1:]:
        other = engine(parameter_set, "all").cards.get(card.id)
        if other is None:
            yield {"set": parameter_set, "off": True, "changes": {}}
            continue
        said = _said(other, parameter_set)
        changes = {name: value for name, value in said.items() if value != usual[name]}
        if changes:
            yield {"set": parameter_set, "off": False, "changes": changes}
