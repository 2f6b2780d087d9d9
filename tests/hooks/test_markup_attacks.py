"""Text of a record is never markup on a card: no link, image, HTML, code or table of its own, whoever shows the card.

Two readers of Markdown judge: GitHub's own (cmark-gfm), and markdown-it, which links whatever looks like an address.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from cds_service.rendering.card_text import escaped, one_line
from tests.spec.scenarios import EVERY_CARD
from tests.support.clinic import client

READERS: dict[str, Callable[[str], str]] = {
    "cmark-gfm": lambda text: cmarkgfm.github_flavored_markdown_to_html(
        text, Options.CMARK_OPT_UNSAFE
    ),
    "markdown-it": MarkdownIt("gfm-like", {"html": True, "linkify": True}).render,
}
EVIL = [
    "[x](https://evil.example)", "[x]: https://evil.example", "[x][1]", "<https://evil.example>", "https://evil.example/x", "www.evil.example",
    "evil.com/x", "//evil.com", "x@evil.com", "mailto:x@evil.com", "javascript:alert(1)", "![x](https://evil.example/i)",
    "<script>alert(1)</script>", "<a href=x>", "<!-- x", "\\<b>x", "&lt;b&gt;&#60;b&#62;", "a | b | c", "\n\n| a | b |\n| - | - |\n",
    "`x`", "```x", "~~~", "    x", "**b** _i_ ~~s~~", "\n\n# x\n\n", "\n---\n", "\n===\n", "1. x", "- x", "> x", "$x$ :smile: @user",
]  # fmt: skip
# What is no text for a reader: poisoned, it makes another record of it rather than other words.
NO_TEXT = {
    "system", "code", "url", "reference", "resourceType", "id", "status", "intent", "relation", "type",
    "hook", "hookInstance", "patientId", "userId", "encounterId",
}  # fmt: skip


def _poisoned(value: Any, evil: str, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _poisoned(item, evil, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_poisoned(item, evil, name) for item in value]
    is_text = isinstance(value, str) and name not in NO_TEXT and not re.match(r"\d{4}-\d\d", value)
    return f"{evil} {value} {evil}" if is_text else value


def _cards(request: dict[str, Any], evil: str) -> dict[str, dict[str, Any]]:
    response = client().post(
        f"/cds-services/b12-folate-{request['hook']}", json=_poisoned(request, evil)
    )
    assert response.status_code == 200
    return {card["source"]["topic"]["code"]: card for card in response.get_json()["cards"]}


def _plain_texts(card: dict[str, Any]) -> list[str]:
    suggestions = card.get("suggestions", [])
    actions = [action for suggestion in suggestions for action in suggestion["actions"]]
    links = [text for link in card.get("links", []) for text in link.values()]
    return [
        card["summary"],
        *(item["label"] for item in suggestions),
        *(item["description"] for item in actions),
        *links,
    ]


def _elements(card: dict[str, Any]) -> dict[str, Counter[str]]:
    return {
        name: Counter(re.findall(r"<([a-z0-9]+|!--)", read(card["detail"])))
        for name, read in READERS.items()
    }


@pytest.mark.parametrize("card_id", EVERY_CARD)
def test_evil_text_anywhere_in_the_record_changes_no_markup(card_id: str) -> None:
    """Units, displays, drug names, notes, all at once: the card has the elements that it has with a harmless word.

    Behind the name of a drug, what has a slash in it may be a partner: another product, of which the same card may say more, or
    another card speak.
    """
    harmless = [
        {name: _elements(card) for name, card in _cards(EVERY_CARD[card_id], word).items()}
        for word in ("Zebra", "Zebra / Zebra")
    ]
    for evil in EVIL:
        found = _cards(EVERY_CARD[card_id], evil)
        alike = [elements for elements in harmless if elements.keys() == found.keys()]
        for name, card in found.items():
            assert not alike or _elements(card) in [elements[name] for elements in alike], (
                evil,
                card["detail"],
            )
            assert not [
                text
                for text in _plain_texts(card)
                if re.search(r"[\x00-\x1f\x7f\u2028\u2029]", text)
            ]


@pytest.mark.parametrize(
    "character",
    "\u00ad\u034f\u061c\u115f\u180e\u200b\u200f\u202e\u2066\u206f\u3164\ufe0f\ufeff\ufffa\U000e0041",
)
def test_what_cannot_be_seen_reaches_no_card(character: str) -> None:
    """It turns the order of what is read, hides words from readers and shows them to machines, and makes two names look alike."""
    assert escaped(f"pg{character}/mL") == one_line(f"pg{character}/mL") == "pg/mL"


@pytest.mark.parametrize("control", "\x00\x1b\x7f\x85\x9b\x9d\u2028")
def test_controls_are_spaces(control: str) -> None:
    """Those of Unicode's second row too, which a terminal obeys as it does an escape."""
    assert escaped(f"pg{control}31m") == one_line(f"pg{control}31m") == "pg 31m"


def test_words_of_the_record_do_reach_cards() -> None:
    """The control: the test above is about something. Links and sources are the card's own all the same."""
    reached = {
        name: card
        for request in EVERY_CARD.values()
        for name, card in _cards(request, "Zebra").items()
        if "Zebra" in card["detail"]
    }
    assert len(reached) > 15
    assert all("Zebra" not in str((card.get("links"), card["source"])) for card in reached.values())


PIECES = [
    *EVIL, "www.", "WWW.", "www", "https://", "HTTP://", "ftp://", "//", "x@", "@", "bücher.com", "例え.jp", "ü", "-", "_", "1.", "a", "[", "](",
    "(", ")", "<", ">", "!", "`", "|", "~~", "*", "&", "#", "\\", "\\.", ":", "xmpp:", " ", "&#119;", "/", "?", "=", '"', "\u200b", "\u00a0", "。",
]  # fmt: skip


@given(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join) | st.text(max_size=12)
)
def test_no_text_is_markup_in_a_cell_or_a_sentence(text: str) -> None:
    for read in READERS.values():
        cell = read(f"| r | v | d |\n| - | - | - |\n| a | {escaped(text)} | d |\n")
        assert cell.count("<td>") == 3, cell
        for shown in (cell, read(f"The result is {escaped(text)} today.")):
            assert not set(re.findall(r"<([a-z0-9!]+)", shown)) - {
                "table",
                "thead",
                "tbody",
                "tr",
                "th",
                "td",
                "p",
            }, shown


@pytest.mark.parametrize(
    "text",
    [
        "110 pg/mL",
        "12.5 mg",
        "Folic acid 5 mg tablets",
        "<150",
        "10*9/L",
        "mL/min/{1.73_m2}",
        "p.o. daily",
        "a@b",
        "µg/L",
    ],
)
def test_words_read_as_they_were_sent(text: str) -> None:
    """Escaping is not seen by the reader; only an @ stands alone."""
    shown = READERS["cmark-gfm"](f"x {escaped(text)}")
    assert shown == f"<p>x {text.replace('<', '&lt;').replace('@', '@ ')}</p>\n"
