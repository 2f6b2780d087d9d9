"""The content of a card's page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from markupsafe import Markup

from ...facts.catalogue import CATALOGUE
from ...rules.card import Card
from ...rules.card_texts import PLACEHOLDER
from ...rules.hook_table import HOOKS
from ..card_words import in_words, title
from ..drawing.html import decision_list
from ..drawing.ladder import ladder_as_authored
from ..pages.cards import Placed
from ..pages.engines import Engines, documented_engines
from .examples import example_of


def linked(text: str) -> str:
    """Return the Markdown of an authored text with each placeholder as a link to its fact."""
    return PLACEHOLDER.sub(lambda match: f"[‹{title(match[1])}›](facts.md#{match[1]})", text)


def linked_plain(text: str, address: Callable[[str], str]) -> Markup:
    """Return a text that is not Markdown with each placeholder as a link. ``address``: returns the
    relative address of a page."""
    parts = PLACEHOLDER.split(text)
    return Markup("").join(
        Markup('<a href="{}">‹{}›</a>').format(address(f"facts.html#{part}"), title(part))
        if position % 2
        else part
        for position, part in enumerate(parts)
    )


def card_content(
    placed: Placed,
    row: dict[str, Any],
    source: str,
    link: Callable[[str], str],
    engines: Engines | None = None,
) -> dict[str, Any]:
    """Return the content of a card's page. ``row``: the card's row of the page of cards;
    ``source``: the text of its file; ``link``: returns the address of another card's page, or
    ``""``; ``engines``: by default those of the documentation."""
    card, parameter_set = placed
    engines = engines or documented_engines()
    return {
        "card": card,
        "row": row,
        "parameter_set": parameter_set,
        "hooks": [(hook, HOOKS[hook].occasion) for hook in card.hooks],
        "on_in": [name for name, engine in engines.items() if card.id in engine.cards],
        "decisions": list(_decisions(card.id, link, engines)),
        "example": example_of(card, parameter_set, engines),
        "paragraphs": [
            (linked(paragraph.text), in_words(paragraph.when)) for paragraph in card.detail
        ],
        "values": [(name, title(name)) for name in card.values],
        "facts": [(name, CATALOGUE[name].title) for name in card.facts],
        "evidence": [
            engines[parameter_set].evidence[key]
            for key in dict.fromkeys((card.source, *card.evidence))
        ],
        "tests": list(_tests(card)),
        "source": source,
    }


def _decisions(
    card_id: str, link: Callable[[str], str], engines: Engines
) -> Iterator[tuple[str, Markup]]:
    """The distinct decisions among the parameter sets, each with the names of its sets."""
    found: dict[tuple[Any, ...], list[str]] = {}
    for name, engine in engines.items():
        card = engine.cards.get(card_id)
        if card:
            found.setdefault((card.include, card.exclude, card.indicator, card.summary), []).append(
                name
            )
    for names in found.values():
        ladder = ladder_as_authored(engines[names[0]].cards[card_id], names[0])
        yield ", ".join(names), decision_list(ladder, link)


def _tests(card: Card) -> Iterator[dict[str, Any]]:
    for test in card.tests:
        yield {
            "name": test["name"],
            "facts": [(name, _written(value)) for name, value in test["facts"].items()],
            "outcome": "fires" if test.get("fires") else f"silent (stopped by {test['silent']})",
            "fires": bool(test.get("fires")),
            "sets": ", ".join(test.get("parameter_sets", ())),
        }


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
