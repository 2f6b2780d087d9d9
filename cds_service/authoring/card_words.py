"""Criteria in a clinician's words: the titles of the facts in the catalogue, with what
is asked of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ..facts.catalogue import CATALOGUE
from ..facts.kinds import ORDERS
from ..rules.card_texts import PLACEHOLDER
from ..rules.conditions import Condition, Criterion
from ..rules.written_units import written

_UNITS = {"d": "days", "ug/d": "micrograms a day"}
_BARE_MICROGRAM = re.compile(r"\bug\b(?!/)")
_LINK = re.compile(r"\[`([^`\]]+)`\]\([^)]*\)")


def plain(text: str) -> str:
    """A title or definition of the catalogue for a reader of prose: ``ug a day`` as micrograms,
    code marks as Markdown's."""
    return _BARE_MICROGRAM.sub("micrograms", text).replace("``", "`")


def title(fact: str) -> str:
    """The title of a fact."""
    return plain(CATALOGUE[fact].title)


def readable(text: str) -> str:
    """A text of a card with what a call fills in told by its title, in brackets."""
    return PLACEHOLDER.sub(lambda match: f"[{title(match[1])}]", text)


def joined(words: Sequence[str], last: str) -> str:
    """``a, b or c``; ``last`` is the word before the last one."""
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def card_link(card_id: str) -> str:
    """A link to the card's section on the page of cards."""
    return f"[`{card_id}`](#{card_id})"


def unlinked(text: str) -> str:
    """What the functions here say, without Markdown: links and code as their bare text."""
    return _LINK.sub(r"\1", text).replace("`", "")


def in_words(conditions: Iterable[Condition]) -> list[str]:
    """One text for each condition; those that another card fires are told together, last."""
    told = []
    firing = []
    for condition in conditions:
        if condition.firing:
            firing.append(card_link(condition.firing))
        else:
            told.append(condition_words(condition))
    if firing:
        told.append(
            f"one of these cards fires: {', '.join(firing)}"
            if len(firing) > 1
            else f"the card {firing[0]} fires"
        )
    return told


def condition_words(condition: Condition) -> str:
    """A condition as a reader would say it."""
    if condition.card:
        return (
            f"the card {card_link(condition.card)} "
            f"{'fires' if condition.firing else 'does not fire'}"
        )
    by_subject: dict[str, list[str]] = {}
    for criterion in condition.criteria:
        subject, answers = _said(criterion)
        by_subject.setdefault(subject, []).extend(answers)
    alternatives = [
        f"{subject}: {joined(answers, 'or')}" if answers else subject
        for subject, answers in by_subject.items()
    ]
    return "; or ".join(alternatives) if any(by_subject.values()) else joined(alternatives, "or")


def _said(criterion: Criterion) -> tuple[str, list[str]]:
    """What is asked about, and the answers that count; a yes/no fact says it all in the first."""
    name = title(criterion.fact)
    if isinstance(criterion.operand, bool) and criterion.operator == "is":
        subject, answers = (name if criterion.operand else f"no {name}"), []
    else:
        subject, answers = name, _answers(criterion, name)
    if criterion.when_unknown:
        return (subject, [*answers, "not known"]) if answers else (f"{subject} (or not known)", [])
    return subject, answers


def _answers(criterion: Criterion, name: str) -> list[str]:
    definition, operand = CATALOGUE[criterion.fact], criterion.operand
    if criterion.operator == "unknown":
        return ["not known" if operand else "known"]
    if criterion.operator == "absent":
        if operand:
            return ["none"]
        return [_value(value) for value in definition.values] or [
            "one to order" if definition.kind is ORDERS else "known"
        ]
    if criterion.operator in ("is", "in"):
        wanted = operand if isinstance(operand, frozenset) else {operand}
        return [_value(value) for value in definition.values if value in wanted]
    if criterion.operator in ("within", "older_than"):
        return [
            (
                f"{'in the last' if criterion.operator == 'within' else 'more than'} {operand} "
                f"days{_AGO[criterion.operator]}"
            )
        ]
    unit = _UNITS.get(definition.unit, written(definition.unit))
    amount = f"{operand} {'' if name.startswith(unit) else unit}".strip()
    return [_LIMITS[criterion.operator].format(amount)]


_AGO = {"within": "", "older_than": " ago"}
_LIMITS = {
    "below": "below {}",
    "at_least": "{} or more",
    "more_than": "more than {}",
    "at_most": "at most {}",
}


def _value(value: str) -> str:
    """A category's value: ``over-20-cm`` as ``over 20 cm``."""
    return value.replace("-", " ").replace("b12", "B12")
