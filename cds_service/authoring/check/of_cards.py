"""What is to be said of one card: its criteria against each other, its tests, its summary, its review."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import Any

from ...engine import Engine
from ...facts.catalogue import CATALOGUE, Definition
from ...facts.fact import Fact, absent, known, unknown
from ...fhir.interval import Interval
from ...rendering.cards import SUMMARY_LIMIT
from ...rules.card import Card
from ...rules.card_file import PLACEHOLDER
from ...rules.conditions import CardHolds, Condition, Criterion
from ..card_tests import TODAY, StatedFacts, StatedResult, applicable_tests, read_test, run_test
from ..coverage import seen
from .finding import Finding, is_placeholder, still_to_do

# The widest that a value of each kind is written with, such as ">15000 pmol/L" or "29 September 2026".
_WIDEST = {"yes-no": 3, "number": 12, "result": 28, "date": 12, "orders": 60, "reference": 80}


def card_findings(card: Card, engine: Engine) -> Iterator[Finding]:
    """What is to be said of ``card`` in the parameter set of ``engine``."""
    yield from _criteria(card)
    yield from _tests(card, engine)
    yield from _summary(card)
    yield from _placeholders(card)
    if card.review_by and card.review_by < date.today().isoformat():
        yield Finding(
            "review-overdue", "warning", card.place, f"{card.id} was to be reviewed by {card.review_by}.", "Review it, then move the day."
        )


def _criteria(card: Card) -> Iterator[Finding]:
    includes = [condition for condition in card.include if isinstance(condition, Criterion)]
    for first, second in combinations(includes, 2):
        if first.fact == second.fact and not any(_holds(first, fact) and _holds(second, fact) for fact in _values(first, second)):
            what = f"{card.id}: {first.id!r} and {second.id!r} can never both hold."
            yield Finding("never-fires", "error", second.place, what, "Change one of the two.")
    for exclusion in (condition for condition in card.exclude if isinstance(condition, Criterion)):
        for inclusion in includes:
            if inclusion.fact != exclusion.fact:
                continue
            holding = [fact for fact in _values(inclusion, exclusion) if _holds(inclusion, fact)]
            excluded = [_holds(exclusion, fact) for fact in holding]
            if holding and all(excluded):
                what = f"{card.id}: wherever {inclusion.id!r} holds, {exclusion.id!r} excludes."
                yield Finding("never-fires", "error", exclusion.place, what, "Change one of the two.")
            elif not any(excluded):
                what = f"{card.id}: where {inclusion.id!r} holds, {exclusion.id!r} never does."
                yield Finding("never-decides", "warning", exclusion.place, what, "Remove it, or change one of the two.")


def _holds(condition: Condition, fact: Fact) -> bool:
    facts = StatedFacts({name: fact for name in condition.facts})
    return bool(condition.truth(facts, lambda card: False))


def _values(*criteria: Criterion) -> list[Fact]:
    """Values of the criteria's fact between which they can tell, and absent, and unknown."""
    definition = CATALOGUE[criteria[0].fact]
    limits = sorted({criterion.operand for criterion in criteria if isinstance(criterion.operand, Decimal)})
    around = [limit + step for limit in limits for step in (Decimal("-0.5"), Decimal(0), Decimal("0.5"))]
    return [absent(), unknown("tried"), *(known(value) for value in _of_kind(definition, around))]


def _of_kind(definition: Definition, around: list[Decimal]) -> list[Any]:
    if definition.kind == "yes-no":
        return [True, False]
    if definition.kind == "category":
        return list(definition.values)
    if definition.kind == "number":
        return around or [Decimal(1)]
    if definition.kind == "result":
        return [StatedResult(Interval.of(value, None), "") for value in around or [Decimal(1)]]
    if definition.kind == "date":
        return [date.fromordinal(TODAY.toordinal() - int(days)) for days in around or [Decimal(1)]]
    return ["something"]


def _tests(card: Card, engine: Engine) -> Iterator[Finding]:
    wanted = set()
    for test in applicable_tests(card, engine.settings.parameters):
        wanted.add(read_test(card, test)[2] == "fires")
        result = run_test(card, test, engine.cards, engine.settings.parameters)
        if result.problem:
            what = f"{card.id} [{engine.settings.parameters}] {result.name}: {result.problem}."
            yield Finding("failing-test", "error", result.place, what, "python -m cds_service test shows how it was decided.")
    if wanted != {True, False}:
        missing = "fires" if True not in wanted else "is silent"
        yield Finding("no-test", "error", card.place, f"{card.id} has no test that it {missing}.", "Add one under tests.")
    off = {condition.id for condition in card.conditions if isinstance(condition, CardHolds) and condition.card not in engine.cards}
    for shown in seen(card, engine.cards, engine.settings.parameters):
        if shown.part in ("include", "exclude") and not shown.both and shown.criterion not in off:
            way = "hold" if not shown.held else "fail to hold"
            what = f"{card.id}: no test sees {shown.criterion!r} {way}."
            yield Finding("one-sided-criterion", "warning", shown.place, what, "Add a test with facts that make it so.")


def _summary(card: Card) -> Iterator[Finding]:
    widest = PLACEHOLDER.sub(lambda found: "x" * _width(CATALOGUE[found[1]]), card.summary)
    if len(widest) >= SUMMARY_LIMIT:
        what = f"{card.id}: the summary may have {len(widest)} characters; from {SUMMARY_LIMIT} on it is cut off."
        yield Finding("long-summary", "warning", card.place, what, "Say less; the detail has room.")


def _placeholders(card: Card) -> Iterator[Finding]:
    """What ``new`` left for the author to write."""
    texts = [(card.title, card.place), (card.summary, card.place)]
    texts += [(item.text, item.place) for item in card.detail] + [(item.label, item.place) for item in card.suggestions]
    texts += [(condition.id, condition.place) for condition in card.conditions]
    yield from (still_to_do(card.id, text, place) for text, place in texts if is_placeholder(text))


def _width(definition: Definition) -> int:
    return max(map(len, definition.values)) if definition.kind == "category" else _WIDEST[definition.kind]
