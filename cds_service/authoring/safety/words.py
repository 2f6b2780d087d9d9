"""Proof of the words of cards: what a text may not say to a patient with a severe allergy, a child,
or a patient who needs folate.

Clinical specification, section 4; ``changes-5.md``, section 3: words that contradict the
suggestion. The walk is that of the decisions, with only the paragraphs that could break a rule; the
others can be left out, since no paragraph depends on another.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

from ...rendering.cards import render_card
from ...rules.card import Card, Paragraph
from ...states.walk import StateFacts
from .job import AssumedDecisions, Job, Scope, engine
from .proof import card_in_state
from .repetition import differing
from .suggestion_words import FOLATE_STOPPED, KEPT_FOLATE
from .tally import Tally

# A cobalamin as something to give: its name with an amount, or advice to begin it, to keep it or
# not to delay it.
_TO_GIVE = re.compile(
    r"\b(hydroxo|cyano)cobalamin \d|\bstart B12\b|\btreat(,| now\b)|(?<!not )\b(give|treat) B12\b"
    r"|\bB12 first\b|\bboth vitamins\b|\b(treatment|B12) (need not|cannot) wait\b|\bdelay B12\b"
    r"|\bkeep it, or replace it\b|\badvised for life\b"
    r"|\b(monthly|a shorter interval) is an option\b",
    re.IGNORECASE,
)


class _Rule(NamedTuple):
    """A rule that no text matches ``words`` in states where ``fact`` has the class ``label``."""

    name: str
    fact: str
    label: str
    words: re.Pattern[str]


RULES = (
    _Rule(
        "the text names a cobalamin to give in spite of a severe allergy",
        "allergy.cobalamin",
        "severe",
        _TO_GIVE,
    ),
    _Rule(
        "the text names a cobalamin to give below the age of 16",
        "patient.paediatric",
        "true",
        _TO_GIVE,
    ),
    *(
        _Rule(
            f"the text stops folate that {reason} needs",
            "folate.reason",
            reason,
            FOLATE_STOPPED,
        )
        for reason in KEPT_FOLATE
    ),
)


def prove_words(scope: Scope, card_id: str) -> Tally:
    """Visit every state in which a text of a card could break a rule."""
    tally = Tally()
    for job in differing(scope, (card_id,)):
        card = engine(job.parameters, job.formulary).cards_by_hook[scope.hook].get(card_id)
        if card is None:
            continue
        for rule in RULES:
            doubtful = replace(card, suggestions=(), values=(), detail=tuple(_doubtful(card, rule)))
            if doubtful.detail or rule.words.search(doubtful.summary):
                _visit(job, doubtful, rule, tally)
    return tally


def _doubtful(card: Card, rule: _Rule) -> list[Paragraph]:
    """The paragraphs that match, or that could match once a fact that names orders is filled in."""
    return [
        paragraph
        for paragraph in card.detail
        if rule.words.search(paragraph.text) or "{regimen." in paragraph.text
    ]


def _visit(job: Job, card: Card, rule: _Rule, tally: Tally) -> None:
    cards = {**job.cards, card.id: card}

    def is_broken(facts: StateFacts) -> bool:
        decisions = AssumedDecisions((card.id,), cards, facts)
        decision = decisions[card.id]
        if not decision.fires:
            return False
        found = facts[rule.fact]
        if facts.labels.get(rule.fact) != rule.label or found.is_unknown:
            return False  # the rest of the state rules this class out
        facts.settle()
        rendered, _ = render_card(
            card_in_state(decision, decisions, facts, job.publication), course_taken=False
        )
        words = f"{rendered.shown.summary}\n{rendered.shown.detail}"
        return bool(rule.words.search(words))

    for facts, broken in tally.walk(job, is_broken, {rule.fact: rule.label}):
        if broken:
            tally.violate(rule.name, card.id, job, facts.labels)
