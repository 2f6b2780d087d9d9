"""A made-up state in which a card fires, rendered as for a clinician by the real rendering.

The state comes from the walk of the safety proof (``authoring/safety``). The walk tries first the
facts that the card's own tests state, then the most ordinary values, and stops at the first state
in which the card fires.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from ...engine import Engine
from ...facts.catalogue import CATALOGUE, Facts
from ...facts.domains import ABSENT, FALSE, TRUE, UNKNOWN, Class, Domain, given, result_of
from ...facts.fact import Fact
from ...facts.kinds import CATEGORY, ORDERS, YES_NO
from ...rendering import answer
from ...rendering.card_text import dated_text
from ...rendering.cards import render_card
from ...rendering.orders import OrderTemplate
from ...rules.card import Card
from ...rules.decision import Decisions
from ...rules.hook_table import any_at_ordering
from ...states.domains import COLLAPSED, domains, test_orders
from ...states.sessions import OPENING, Session, ordering_sessions
from ...states.values import NOW
from ...states.walk import Choices, StateFacts, walk
from ..card_tests import applicable_tests, read_test
from ..card_words import title
from ..pages.engines import Engines, documented_engines
from ..safety.job import engine
from ..safety.proof import card_in_state

# Facts that are worked out from others here; the proof samples them or tries their bare answers.
_WORKED_OUT = {*COLLAPSED, *test_orders(), "b12.low_on_therapy", "b12.result_day"} - {"anaemia"}
# A haemoglobin that agrees with anaemia. The proof does without 140, which no card tells from other
# normal values.
_LOW = result_of("hb", "90", "")
_HAEMOGLOBIN = given("anaemia", yes=_LOW, no=result_of("hb", "140", ""), unknown=_LOW)
# Facts that are not measured or planned for most patients.
_RARE = frozenset({
    "b12.active", "mma", "homocysteine", "folate.red_cell", "reticulocytes",
    "homocysteine.on_treatment", "b12_therapy.planned_start",
})  # fmt: skip
_ORDINARY = ("normal", "sufficient", "70 years")
# How a fact stated in a test determines an input: (input, fact, value of the fact) -> class.
_TOLD_BY: dict[tuple[str, str, Any], str] = {
    **{
        ("b12.total", "b12.status", level): level
        for level in ("deficient", "indeterminate", "sufficient")
    },
    ("b12.total", "b12.low_on_therapy", True): "deficient",
    ("b12.total", "b12.deficiency_likely", True): "deficient",
    ("b12.total", "b12.status_open", True): "indeterminate",
    ("b12.total", "draft.folate_needs_b12", "cobalamin"): "deficient",
    ("b12.total", "b12.past_deficient", True): "absent",
    ("b12.total", "b12.test_indicated", True): "absent",
    ("mcv", "b12.test_indicated", True): "high",
    ("patient.age_months", "patient.paediatric", True): "10 years",
    **{
        ("folate.serum", "folate.status", level): level
        for level in ("deficient", "indeterminate", "sufficient")
    },
    **{("potassium", "potassium.level", level): level for level in ("severely-low", "low")},
    ("mma", "mma.level", "high"): "high",
    ("mcv", "macrocytosis", True): "high",
    ("egfr", "renal.dysfunction", True): "reduced",
    ("b12_therapy.standing", "b12_therapy.lapsed", "ended"): "past",
    ("anaemia", "anaemia.at_start", True): "true",
    ("anaemia", "anaemia.persists", True): "true",
    ("anaemia", "anaemia.severe", True): "true",
}
# States tried for a session before the next session is tried.
_MOST_STATES = 1_000


class Example(NamedTuple):
    """A card as shown (CDS Hooks), the orders of the session, and the facts that decided: titles
    and values."""

    shown: answer.Card
    session: str
    because: tuple[tuple[str, str], ...]


def example_of(card: Card, parameter_set: str, engines: Engines | None = None) -> Example | None:
    """Return an example of ``card`` in a parameter set of ``engines`` (by default those of the
    documentation), or ``None`` if no state was found in which it fires."""
    loaded = (engines or documented_engines())[parameter_set]
    stated = _stated(card, parameter_set)
    for session in _sessions(any_at_ordering(card.hooks[:1])):
        for found in islice(_states(card, loaded, session, stated), _MOST_STATES):
            if found is not None:
                return found
    return None


@cache
def _sessions(at_ordering: bool) -> Sequence[Session]:
    return ordering_sessions(engine("default", "all").terminology) if at_ordering else [OPENING]


def _stated(card: Card, parameter_set: str) -> Mapping[str, Fact]:
    """The facts of the card's first test that it fires."""
    for test in applicable_tests(card, parameter_set):
        _, facts, outcome = read_test(card, test)
        if outcome == "fires":
            return facts
    return {}


def _states(
    card: Card, loaded: Engine, session: Session, stated: Mapping[str, Fact]
) -> Iterator[Example | None]:
    tried = {name: _preferred(name, domain, stated) for name, domain in _domains().items()}
    cards = loaded.cards_by_hook[card.hooks[0]]

    def start(choices: Choices) -> StateFacts:
        return StateFacts(loaded.site, session.orders, NOW, tried, choices)

    def example(facts: StateFacts) -> Example | None:
        decisions = Decisions(cards, facts)
        decision = decisions[card.id]
        if not decision.fires:
            return None
        facts.settle()
        asked = {
            name: facts[name]
            for name in card.deciding_facts
            if facts[name].value not in (None, False)
        }
        rendered, _ = render_card(
            card_in_state(decision, decisions, facts, loaded.publication), course_taken=False
        )
        because = tuple(
            (title(name), _told(name, fact, loaded.publication.templates))
            for name, fact in asked.items()
        )
        return Example(rendered.shown, "" if session is OPENING else session.label, because)

    return (found for _, found in walk(start, example))


def _told(name: str, fact: Fact, templates: Mapping[str, OrderTemplate]) -> str:
    if CATALOGUE[name].kind is ORDERS:
        return ", ".join(templates[order].title for order in fact.value)
    return dated_text(CATALOGUE[name], fact, markdown=False)


def _domains() -> dict[str, Domain]:
    found = {name: domain for name, domain in domains().items() if name not in _WORKED_OUT}
    return {**found, "hb": _HAEMOGLOBIN}


def _preferred(name: str, domain: Domain, stated: Mapping[str, Fact]) -> Domain:
    """The same classes, ordered by how likely they are in an ordinary patient."""

    def ordered(facts: Facts) -> Sequence[Class]:
        return sorted(domain.classes(facts), key=lambda option: _oddness(name, option, stated))

    return Domain(ordered)


def _oddness(name: str, option: Class, stated: Mapping[str, Fact]) -> int:
    fact = option.fact
    if name in stated and (fact.state, fact.value) == (stated[name].state, stated[name].value):
        return 0
    how = getattr(fact.value, "level", option.label)
    if any(
        _TOLD_BY.get((name, other, said.value)) == how
        for other, said in stated.items()
        if isinstance(said.value, (str, bool))
    ):
        return 0
    if option is UNKNOWN:
        return 9
    if name in _RARE or CATALOGUE[name].kind in (YES_NO, CATEGORY):
        return 1 if option in (FALSE, ABSENT) else 3 if option is TRUE else 2
    return 8 if option is ABSENT else 1 if how in _ORDINARY else 2
