"""Do a card's own tests notice a mistake in one of its criteria?

A mutant is a card with one small mistake in ``include`` or ``exclude``. A test kills the mutant if
the mutant fires where the card is silent, or the reverse; being silent for another reason does not
count. If no test kills a mutant, a search over every state of the facts that the card asks looks
for one that tells mutant and card apart. If there is one, it is the missing test; if there is none,
the mutant is equivalent to the card.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from collections.abc import Mapping as AnyMapping
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

import yaml

from ..authored_yaml.source import Place
from ..config import Settings
from ..engine import PARAMETER_SETS, Engine
from ..facts.catalogue import CATALOGUE
from ..facts.fact import Fact, absent, unknown
from ..rules.card import Card, deciding_criteria
from ..rules.conditions import AnyOf, CardHolds, Condition, Criterion
from ..rules.decision import Decisions
from ..states.search import Check, Search
from ..states.values import ChosenFacts, StatedFacts, Value, limits_of, values
from .card_tests import applicable_tests, authored, read_test, stated_fact
from .explanation import condition_text

_FAMILIES = (
    ("below", "at_least", "more_than", "at_most"),
    ("within", "older_than"),
    ("absent", "unknown"),
)
MOST_TRIES = 50_000  # takes seconds; the present cards need fewer than a hundred tries

Cards = AnyMapping[str, Card]
Stated = AnyMapping[str, Any]  # facts as a test states them


class Mutant(NamedTuple):
    """A card with one mistake. ``criterion``: the id of the changed criterion; ``place``: its place
    in the file."""

    card: Card
    criterion: str
    place: Place
    change: str


class MutantResult(NamedTuple):
    """The outcome for one mutant. ``verdict``: ``killed``, ``equivalent`` or ``survived``;
    ``remark``: the test to add, or the reason."""

    mutant: Mutant
    parameter_set: str
    verdict: str
    remark: str = ""


class _Undecided(Exception):
    """The search for a killing test cannot be completed; the message says why."""


# --- the mutants of a card


def mutants(card: Card) -> Iterator[Mutant]:
    """Yield every mutant of ``card``: each criterion dropped, moved between include and exclude,
    and changed in each way."""
    for excludes, conditions, others in (
        (False, card.include, card.exclude),
        (True, card.exclude, card.include),
    ):
        for index, condition in enumerate(conditions):
            before, after = conditions[:index], conditions[index + 1 :]
            dropped = _with(card, excludes, (*before, *after), others)
            yield Mutant(dropped, condition.id, condition.place, "dropped")
            moved = _with(card, excludes, (*before, *after), (*others, condition))
            yield Mutant(
                moved,
                condition.id,
                condition.place,
                f"moved to {'include' if excludes else 'exclude'}",
            )
            for changed, place, change in _changed(condition):
                mutant = _with(card, excludes, (*before, changed, *after), others)
                yield Mutant(mutant, condition.id, place, change)


def _with(
    card: Card, excludes: bool, conditions: tuple[Condition, ...], others: tuple[Condition, ...]
) -> Card:
    include, exclude = (others, conditions) if excludes else (conditions, others)
    return replace(card, include=include, exclude=exclude)


def _changed(condition: Condition) -> Iterator[tuple[Condition, Place, str]]:
    """Each variant of the condition with one change, the place of the change, and its
    description."""
    if isinstance(condition, CardHolds):
        flipped = replace(condition, holds=not condition.holds)
        yield flipped, condition.place, f"{condition_text(condition)} → {condition_text(flipped)}"
    elif isinstance(condition, AnyOf):
        for index, criterion in enumerate(condition.criteria):
            before, after = condition.criteria[:index], condition.criteria[index + 1 :]
            yield (
                replace(condition, criteria=(*before, *after)),
                criterion.place,
                f"alternative dropped: {condition_text(criterion)}",
            )
            for changed in _variants(criterion):
                changed_whole = replace(condition, criteria=(*before, changed, *after))
                yield (
                    changed_whole,
                    criterion.place,
                    f"{condition_text(criterion)} → {condition_text(changed)}",
                )
    else:
        for changed in _variants(condition):
            yield (
                changed,
                condition.place,
                f"{condition_text(condition)} → {condition_text(changed)}",
            )


def _variants(criterion: Criterion) -> Iterator[Criterion]:
    for operand in _other_operands(criterion):
        yield replace(criterion, operand=operand)
    for family in _FAMILIES:
        if criterion.operator in family:
            for operator in family:
                if operator != criterion.operator:
                    yield replace(criterion, operator=operator)
    if criterion.operator == "is":
        yield replace(criterion, operator="absent", operand=False)  # true for any value
    if criterion.operator != "unknown":
        yield replace(criterion, when_unknown=None if criterion.when_unknown else True)


def _other_operands(criterion: Criterion) -> Iterator[Any]:
    """The negated truth value; the set with one value more or less; another category; or the limit
    moved by one unit of its last digit."""
    operand, values = criterion.operand, CATALOGUE[criterion.fact].values
    if isinstance(operand, bool):
        yield not operand
    elif isinstance(operand, frozenset):
        yield from (operand ^ {value} for value in values)
    elif isinstance(operand, Decimal):
        step = Decimal(1).scaleb(int(operand.as_tuple().exponent))
        yield from (operand - step, operand + step)
    else:
        yield from (value for value in values if value != operand)


# --- running a card's tests against its mutants


def run_mutants(
    card_ids: Collection[str] = (),
    settings: Settings | None = None,
    parameter_sets: Iterable[str] = PARAMETER_SETS,
) -> Iterator[MutantResult]:
    """Yield the outcome of every mutant of ``card_ids``, or of all cards of ``settings`` (by
    default from the environment) including drafts, in each of ``parameter_sets``. The cards' own
    tests must pass beforehand."""
    for parameter_set in parameter_sets:
        engine = Engine((settings or Settings()).model_copy(update={"parameters": parameter_set}))
        for card, loaded in authored(engine):
            if not card_ids or card.id in card_ids:
                yield from mutate(card, loaded.cards, parameter_set)


def mutate(card: Card, cards: Cards, parameter_set: str) -> Iterator[MutantResult]:
    """Run the tests of ``card`` beside ``cards`` against each of its mutants."""
    stated = applicable_tests(card, parameter_set, cards)
    tests = [
        (StatedFacts(facts), wanted == "fires")
        for _, facts, wanted in (read_test(card, test) for test in stated)
    ]
    base: Stated = next((test["facts"] for test in stated if test.get("fires")), {})
    for mutant in mutants(card):
        mutated = {**cards, card.id: mutant.card}
        if any(Decisions(mutated, facts)[card.id].fires is not fires for facts, fires in tests):
            yield MutantResult(mutant, parameter_set, "killed")
            continue
        try:
            verdict, remark = _judge_unkilled(card, mutant.card, cards, base)
        except _Undecided as why:
            verdict, remark = "survived", f"no test could be found: {why}"
        yield MutantResult(mutant, parameter_set, verdict, remark)


def _judge_unkilled(card: Card, mutant: Card, cards: Cards, base: Stated) -> tuple[str, str]:
    """Whether an unkilled mutant survived, with the test to add, or is equivalent, with the
    reason."""
    told = _telling_facts(card, mutant, cards, base)
    if told is not None:
        return "survived", f"add the test  {_as_test(card, cards, told)}"
    for condition, _ in card.criteria:
        one, other = (_without(each, condition) for each in (card, mutant))
        if one != card and other != mutant and _telling_facts(one, other, cards, base) is not None:
            return (
                "equivalent",
                f"wherever it would matter, {condition.id!r} already keeps the card silent",
            )
    return (
        "equivalent",
        "it decides as the card does in every state of the facts that the card reads",
    )


def _without(card: Card, condition: Condition) -> Card:
    include, exclude = (
        tuple(other for other in found if other != condition)
        for found in (card.include, card.exclude)
    )
    return replace(card, include=include, exclude=exclude)


def _as_test(card: Card, cards: Cards, told: Stated) -> str:
    decision = Decisions(cards, StatedFacts(_read(card, told)))[card.id]
    plain = {
        name: list(state) if isinstance(state, list) else state for name, state in told.items()
    }
    facts = yaml.safe_dump(plain, default_flow_style=True, sort_keys=False, width=10_000).strip()
    return (
        f"facts: {facts}, {'fires: true' if decision.fires else f'silent: {decision.stopped_by}'}"
    )


def report(results: Iterable[MutantResult]) -> Iterator[str]:
    """Format the results for a terminal: each survivor and each equivalent mutant once, a line for
    each card, and the totals."""
    counts: dict[str, dict[str, Counter[str]]] = {}
    unkilled: dict[tuple[Any, ...], list[str]] = {}
    for result in results:
        mutant = result.mutant
        counts.setdefault(mutant.card.id, {}).setdefault(result.parameter_set, Counter())[
            result.verdict
        ] += 1
        if result.verdict != "killed":
            key = (
                result.verdict,
                mutant.place,
                mutant.card.id,
                mutant.criterion,
                mutant.change,
                result.remark,
            )
            unkilled.setdefault(key, []).append(result.parameter_set)
    for (verdict, place, card_id, criterion, change, remark), sets in sorted(unkilled.items()):
        yield f"{place}: {card_id} [{', '.join(sets)}] {criterion}: {change}: {verdict}"
        yield f"    {remark}"
    for card_id, by_set in counts.items():
        yield (
            f"{card_id}: {', '.join(f'{name} {_killed(count)}' for name, count in by_set.items())}"
        )
    total = sum((count for by_set in counts.values() for count in by_set.values()), Counter[str]())
    yield (
        f"{_killed(total)} mutants killed, {total['survived']} survived, {total['equivalent']} "
        "equivalent (not counted)"
    )


def _killed(count: Counter[str]) -> str:
    return f"{count['killed']}/{count['killed'] + count['survived']}"


# --- the search for facts on which a card and its mutant differ


def _telling_facts(card: Card, mutant: Card, cards: Cards, base: Stated) -> Stated | None:
    """Return stated facts on which ``card`` and ``mutant`` differ, or ``None`` if there are none.
    ``base``: facts as a test states them, tried first. Raises :class:`_Undecided`.

    A card fires if every criterion lets it. Facts therefore tell the two apart if the changed
    criterion lets only one of them fire, while all other criteria let both.
    """
    own, others = card.criteria, mutant.criteria
    same = [each for each in own if each in others]
    before, after = ([each for each in found if each not in same] for found in (own, others))
    limits = limits_of((*deciding_criteria(card, cards), *deciding_criteria(mutant, cards)))

    def options(name: str) -> list[Value]:
        found = [
            *values(CATALOGUE[name], limits[name]),
            Value(absent(), "absent"),
            Value(unknown("supposed"), "unknown"),
        ]
        if any(value.text is None for value in found):
            raise _Undecided(f"a test cannot state a value of {name}")
        stated = base.get(name, "unknown")
        return [Value(stated_fact(name, stated, card.place), stated), *found]

    def let(criteria: Iterable[tuple[Condition, bool]], facts: ChosenFacts) -> bool:
        holds = Decisions(cards, facts).holds
        return all(
            bool(condition.truth(facts, holds)) is not excludes for condition, excludes in criteria
        )

    checks: list[Check] = [
        lambda facts: let(before, facts) is not let(after, facts),
        *(partial(let, [each]) for each in same),
    ]
    search = Search(MOST_TRIES)
    found = next(search.states(ChosenFacts(options, {}), checks), None)
    if found is None and not search.whole:
        raise _Undecided("the criteria read too many facts to try every state of them")
    chosen = found.chosen.items() if found is not None else ()
    stated = {name: value.text for name, value in chosen if value.text != "unknown"}
    return None if found is None else stated


def _read(card: Card, stated: Stated) -> dict[str, Fact]:
    return {name: stated_fact(name, state, card.place) for name, state in stated.items()}
