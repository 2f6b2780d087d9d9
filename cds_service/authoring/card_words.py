"""Criteria in a clinician's words, made from the facts' titles and the values asked for."""

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
    """Return a title or definition from the catalogue as prose: a bare ``ug`` becomes micrograms,
    reST code marks become Markdown's."""
    return _BARE_MICROGRAM.sub("micrograms", text).replace("``", "`")


def title(fact: str) -> str:
    """The title of a fact."""
    return plain(CATALOGUE[fact].title)


def readable(text: str) -> str:
    """Return a card's text with each placeholder replaced by the fact's title in brackets."""
    return PLACEHOLDER.sub(lambda match: f"[{title(match[1])}]", text)


def joined(words: Sequence[str], last: str) -> str:
    """Join words as in ``a, b or c``; ``last`` is the word before the last item."""
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def card_link(card_id: str) -> str:
    """Return a link to the card's section on the page of cards."""
    return f"[`{card_id}`](#{card_id})"


def unlinked(text: str) -> str:
    """Remove the Markdown that the functions here write: links and code become their bare text."""
    return _LINK.sub(r"\1", text).replace("`", "")


def in_words(conditions: Iterable[Condition]) -> list[str]:
    """Return one text for each condition; those that another card fires are combined into one,
    last."""
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
    """Return a condition in words."""
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
    """The subject of a criterion and the accepted answers. For a yes-no fact the subject says it
    all."""
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
            "at least one order" if definition.kind is ORDERS else "known"
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
    """A category's value in words: ``over-20-cm`` as ``over 20 cm``."""
    return value.replace("-", " ").replace("b12", "B12")
