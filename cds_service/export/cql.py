"""The criteria of all cards as one CQL library over stated facts.

Facts are code and not part of the library: whoever evaluates it states each fact by two parameters,
its value and whether it is known (by default it is not). The library thus expresses the decisions
of ``rules/decision`` independently, to be read and checked. It is no CDS service, and nothing in it
reads FHIR data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from ..authoring.card_words import title
from ..engine import Engine
from ..facts.catalogue import CATALOGUE, Definition
from ..facts.kinds import CATEGORY, DATE, NUMBER, ORDERS, REFERENCE, RESULT, YES_NO
from ..rules.card import Card, Suggestion
from ..rules.conditions import Condition, Criterion
from .criteria import criteria_words, words

HOOK, TODAY = "hook", "today"
# A result is an interval, since a result with a comparator ("<150") has no single value.
_TYPES = {
    YES_NO: "Boolean",
    NUMBER: "Decimal",
    CATEGORY: "String",
    RESULT: "Interval<Decimal>",
    DATE: "Date",
    ORDERS: "List<String>",
    REFERENCE: "String",
}
_LINE = 100


def known_name(fact: str) -> str:
    """Return the name of the parameter that says whether ``fact`` is known."""
    return f"{fact}.known"


def define_name(card_id: str) -> str:
    """Return the name of the define of a card, its id as a CQL identifier: ``b12-duplicate`` gives
    ``B12Duplicate``."""
    name = "".join(part.capitalize() for part in card_id.split("-"))
    return name if name[:1].isalpha() else f"Card{name}"


def suggestion_name(card_id: str, index: int) -> str:
    """Return the name of the define that says whether the suggestion at ``index`` (from 0) of a
    card is made."""
    return f"{define_name(card_id)}_Suggestion{index + 1}"


def criteria_cql(engine: Engine, library: str, version: str) -> str:
    """Return the text of the library called ``library``, for every card of ``engine``."""
    cards = [engine.cards[card_id] for card_id in sorted(engine.cards)]
    facts = [name for name in CATALOGUE if name in _stated_facts(cards)]
    parts = [
        _head(engine, library, version),
        *_parameters(facts),
        *(_card(card, engine) for card in cards),
    ]
    return "\n\n".join(parts).replace("m²", "m2") + "\n"


def _stated_facts(cards: Iterable[Card]) -> set[str]:
    asked = {name for card in cards for name in card.deciding_facts}
    offered = [
        condition
        for card in cards
        for suggestion in card.suggestions
        for condition in suggestion.when
    ]
    return (
        asked | {name for condition in offered for name in condition.facts} | {"patient.paediatric"}
    )


def _head(engine: Engine, library: str, version: str) -> str:
    said = (
        f"The criteria of the B12 and folate cards in the parameter set {engine.parameter_set}, "
        "over stated facts. For each fact there are two parameters: its value (null: looked for "
        "and not there) and whether it is known. A card is true if it fires on the stated "
        "hook. A fact that is not known neither fires nor silences a card, unless the criterion "
        "says so. Generated from the card files: do not edit."
    )
    return f"{_comment(said)}\nlibrary {library} version '{version}'"


def _parameters(facts: Iterable[str]) -> Iterator[str]:
    yield _comment("The hook that is fired, and the day of the call.") + (
        f'\nparameter "{HOOK}" String\nparameter "{TODAY}" Date default Today()'
    )
    for name in facts:
        definition = CATALOGUE[name]
        yield (
            f"{_comment(_about(definition))}\n"
            f'parameter "{name}" {_TYPES[definition.kind]}\n'
            f'parameter "{known_name(name)}" Boolean default false'
        )


def _about(definition: Definition) -> str:
    said = title(definition.name)
    if definition.unit:
        said += f", in {definition.unit}"
    if definition.values:
        said += f": {', '.join(definition.values)}"
    return said


def _card(card: Card, engine: Engine) -> str:
    hooks = ", ".join(f"'{hook}'" for hook in card.hooks)
    lines = [f'(("{HOOK}" in {{{hooks}}}) is true)']
    lines += [f"({_truth(condition, engine)}) is true" for condition in card.include]
    lines += [f"not (({_truth(condition, engine)}) is true)" for condition in card.exclude]
    said = f"{card.id} {card.version}: {card.title}. {criteria_words(card)}"
    made = [_define(define_name(card.id), lines, said)]
    made += [
        _suggestion(card, index, suggestion, engine)
        for index, suggestion in enumerate(card.suggestions)
    ]
    return "\n\n".join(made)


def _suggestion(card: Card, index: int, suggestion: Suggestion, engine: Engine) -> str:
    """The define of a suggestion. No suggestion is made for a child."""
    lines = [
        define_name(card.id),
        *(f"({_truth(condition, engine)}) is true" for condition in suggestion.when),
    ]
    lines.append(
        'not ((if "patient.paediatric.known" then "patient.paediatric" else null) is true)'
    )
    when = f" when {', and '.join(map(words, suggestion.when))}" if suggestion.when else ""
    return _define(
        suggestion_name(card.id, index),
        lines,
        f"Its suggestion {index + 1} is made{when}, from the age of 16.",
    )


def _define(name: str, lines: list[str], said: str) -> str:
    body = "\n    and ".join(lines)
    return f"{_comment(said)}\ndefine {name}:\n  {body}"


def _comment(text: str) -> str:
    """``text`` as comment lines of at most 100 columns."""
    lines, line = [], "//"
    for word in text.split():
        if len(line) + 1 + len(word) > _LINE:
            lines.append(line)
            line = "//"
        line += f" {word}"
    return "\n".join([*lines, line])


def _truth(condition: Condition, engine: Engine) -> str:
    """The three-valued answer to a condition, as ``Condition.truth`` defines it."""
    if condition.card:
        # A card that is off in the parameter set never fires.
        fires = define_name(condition.card) if condition.card in engine.cards else "false"
        return fires if condition.firing else f"not {fires}"
    asked = [_criterion(criterion) for criterion in condition.criteria]
    return " or ".join(f"({one})" for one in asked) if condition.alternatives else asked[0]


def _criterion(criterion: Criterion) -> str:
    fact, known = f'"{criterion.fact}"', f'"{known_name(criterion.fact)}"'
    if criterion.operator == "unknown":
        return f"not {known}" if criterion.operand else known
    unknown = _boolean(criterion.when_unknown)
    if criterion.operator == "absent":
        return f"if {known} then {fact} is {'' if criterion.operand else 'not '}null else {unknown}"
    if_absent = _boolean(criterion.operator == "is" and criterion.operand is False)
    asked = _ASKED[criterion.operator](fact, criterion)
    if criterion.when_unknown is not None and CATALOGUE[criterion.fact].kind is RESULT:
        asked = f"Coalesce({asked}, {unknown})"
    return f"if not {known} then {unknown} else if {fact} is null then {if_absent} else {asked}"


def _boolean(truth: bool | None) -> str:
    return "null as Boolean" if truth is None else str(truth).lower()


def _is(fact: str, criterion: Criterion) -> str:
    return f"{fact} = {_literal(criterion.operand)}"


def _in(fact: str, criterion: Criterion) -> str:
    wanted = [value for value in CATALOGUE[criterion.fact].values if value in criterion.operand]
    return f"{fact} in {{{', '.join(map(_literal, wanted))}}}"


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:f}" if isinstance(value, Decimal) else f"'{value}'"


def _compared(point: str, true_where: str, false_where: str) -> Callable[[str, Criterion], str]:
    """A comparison with a limit: ``point`` compares a number; for an interval that spans the limit
    the answer is null."""

    def asked(fact: str, criterion: Criterion) -> str:
        limit = _literal(criterion.operand)
        if CATALOGUE[criterion.fact].kind is not RESULT:
            return f"{fact} {point} {limit}"
        return (
            f"(if {true_where.format(fact)} {limit} then true else if {false_where.format(fact)} "
            f"{limit} then false else null as Boolean)"
        )

    return asked


def _days(comparison: str) -> Callable[[str, Criterion], str]:
    return lambda fact, criterion: f'{fact} {comparison} "{TODAY}" - {int(criterion.operand)} days'


_ASKED: dict[str, Callable[[str, Criterion], str]] = {
    "is": _is,
    "in": _in,
    "below": _compared("<", "end of {} <", "start of {} >="),
    "at_least": _compared(">=", "start of {} >=", "end of {} <"),
    "more_than": _compared(">", "start of {} >", "end of {} <="),
    "at_most": _compared("<=", "end of {} <=", "start of {} >"),
    "within": _days(">="),
    "older_than": _days("<"),
}
