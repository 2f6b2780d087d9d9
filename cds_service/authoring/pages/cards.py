"""The content of the page of cards."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from ...engine import Engine
from ...rules.card import Card, Suggestion
from ...rules.conditions import Condition
from ...rules.hook_table import HOOKS
from ..card_orders import OrderChoices
from ..card_words import in_words, joined, title
from .engines import Engines, documented_engines

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
}


# Kept as long as the engine exists, since finding the orders of its suggestions takes a second.
_CHOICES: WeakKeyDictionary[Engine, OrderChoices] = WeakKeyDictionary()


class Placed(NamedTuple):
    """A card, and the first parameter set in which it is on."""

    card: Card
    parameter_set: str


def placed_cards(engines: Engines | None = None) -> list[Placed]:
    """Return every card that is on in a parameter set, by topic and rank. ``engines``: by default
    those of the documentation."""
    found: dict[str, Placed] = {}
    for parameter_set, engine in (engines or documented_engines()).items():
        for card in engine.cards.values():
            found.setdefault(card.id, Placed(card, parameter_set))
    return sorted(
        found.values(),
        key=lambda placed: (_position(_topic(placed.card)), _topic(placed.card), placed.card.rank),
    )


def card_rows() -> list[dict[str, Any]]:
    """Return the topics with their cards, each card as a row with its differences in other
    parameter sets."""
    engines = documented_engines()
    by_topic = groupby(placed_cards(engines), key=lambda placed: _topic(placed.card))
    return [
        {"title": topic_title(topic), "cards": [card_row(*placed, engines) for placed in of_topic]}
        for topic, of_topic in by_topic
    ]


def topic_title(topic: str) -> str:
    """Return the title of a folder of cards."""
    return TOPICS.get(topic, topic.replace("-", " ").capitalize())


def _topic(card: Card) -> str:
    return PurePosixPath(card.place.file).parent.name


def _position(topic: str) -> int:
    return list(TOPICS).index(topic) if topic in TOPICS else len(TOPICS)


def card_row(card: Card, parameter_set: str, engines: Engines) -> dict[str, Any]:
    """Return a card's row, in Markdown. ``parameter_set``: the one of ``engines`` with which the
    others are compared."""
    return {
        "id": card.id,
        "title": card.title,
        "version": card.version,
        "file": f"../{card.place.file}",
        "when": joined([HOOKS[hook].occasion for hook in card.hooks], "or"),
        **_said(card, engines[parameter_set]),
        "tests": len(card.tests),
        "needs": sorted(
            {
                _known(condition)
                for condition in card.include
                if condition.facts and not _answers_unknown(condition)
            }
        ),
        "others": list(_other_sets(card, parameter_set, engines)),
    }


def _known(condition: Condition) -> str:
    """The facts that must be known for a condition to hold; one of them is enough in an
    ``any_of``."""
    return joined([title(name) for name in dict.fromkeys(condition.facts)], "or")


def _answers_unknown(condition: Condition) -> bool:
    """Whether the condition can hold while a fact that it asks is not known."""
    return any(
        criterion.when_unknown or criterion.operator == "unknown"
        for criterion in condition.criteria
    )


def _said(card: Card, engine: Engine) -> dict[str, Any]:
    return {
        "indicator": card.indicator,
        "summary": card.summary,
        "fires": in_words(card.include),
        "silent": in_words(card.exclude),
        "suggestions": [_suggestion(card, suggestion, engine) for suggestion in card.suggestions],
        "evidence": [
            f"[{key}](evidence.md#{key})" for key in dict.fromkeys((card.source, *card.evidence))
        ],
    }


def _choices(engine: Engine) -> OrderChoices:
    if engine not in _CHOICES:
        _CHOICES[engine] = OrderChoices(engine.site)
    return _CHOICES[engine]


def _suggestion(card: Card, suggestion: Suggestion, engine: Engine) -> str:
    templates = engine.publication.templates
    label, orders = suggestion.label, []
    for source in suggestion.create:
        chosen = _choices(engine).of(source, card, suggestion)
        told = joined(
            [" + ".join(templates[item].title for item in order) for order in chosen.alternatives],
            "or",
        )
        if source.fact:
            label = label.replace(f"{{{source.fact}}}", f"*{title(source.fact)}*")
        orders.append(told + (" (those not yet requested)" if chosen.may_be_fewer else ""))
    if suggestion.delete:
        orders.append(f"removes: {title(suggestion.delete)}")
    when = f" Only with {'; '.join(in_words(suggestion.when))}." if suggestion.when else ""
    return f"{label}: {'; '.join(orders)}.{when}"


def _other_sets(card: Card, usual_set: str, engines: Engines) -> Iterator[dict[str, Any]]:
    """The elements of a card that differ in other parameter sets, with their content there."""
    usual = _said(card, engines[usual_set])
    for parameter_set, engine in engines.items():
        if parameter_set == usual_set:
            continue
        other = engine.cards.get(card.id)
        if other is None:
            yield {"set": parameter_set, "off": True, "changes": {}}
            continue
        said = _said(other, engine)
        changes = {name: value for name, value in said.items() if value != usual[name]}
        if changes:
            yield {"set": parameter_set, "off": False, "changes": changes}
