"""The differences between two versions of the cards in a clinician's words: cards, criteria,
limits, wording, hooks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ...engine import PARAMETER_SETS, Engine
from ...rules.card import Card, OrderSource, Paragraph, Suggestion
from ...rules.conditions import Condition
from ...rules.parameter_file import value_words
from ..card_words import condition_words, in_words, title
from . import pairs

_LINK = re.compile(r"\[`([^`]+)`\]\(#[^)]*\)")


class Said(NamedTuple):
    """One difference, in words. ``about``: the id of a card, or ``""``; ``part``: the kind of
    difference; ``sets``: the parameter sets that have it."""

    about: str
    part: str
    text: str
    sets: tuple[str, ...]


def differences(old: Mapping[str, Engine], new: Mapping[str, Engine]) -> list[Said]:
    """Return every difference between two sets of cards, each once with the parameter sets that
    have it."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for parameter_set in PARAMETER_SETS:
        for told in _of_set(old[parameter_set], new[parameter_set]):
            found.setdefault(told, []).append(parameter_set)
    return [Said(*told, tuple(sets)) for told, sets in found.items()]


def _of_set(old: Engine, new: Engine) -> Iterator[tuple[str, str, str]]:
    for part, told in _parameters(old, new):
        yield "", part, told
    for told in _evidence(old, new):
        yield "", "evidence", told
    for card_id in sorted({*old.cards, *new.cards}):
        before, after = old.cards.get(card_id), new.cards.get(card_id)
        if before is None and after is not None:
            yield card_id, "card", f"added or turned on: {after.title}"
            yield from ((card_id, "criteria", told) for told in _whole(after))
        elif after is None and before is not None:
            yield card_id, "card", f"removed or turned off: {before.title}"
        elif before is not None and after is not None:
            by_limits = old.words != new.words
            yield from ((card_id, part, told) for part, told in _of_card(before, after, by_limits))


def _parameters(old: Engine, new: Engine) -> Iterator[tuple[str, str]]:
    for name in dict.fromkeys((*old.parameters, *new.parameters)):
        before, after = old.parameters.get(name), new.parameters.get(name)
        if before is None or after is None:
            yield "limits", f"{name}: {'added' if before is None else 'removed'}"
            continue
        note = f" ({after.note})" if after.note else ""
        if before.value != after.value:
            yield (
                "limits",
                (
                    f"{name}{note}: {value_words(before.value, before.unit)} → "
                    f"{value_words(after.value, after.unit)}"
                ),
            )
        if (before.source, before.basis) != (after.source, after.basis):
            yield (
                "evidence",
                (
                    f"{name} rests on {after.source} ({after.basis}), no longer on {before.source} "
                    f"({before.basis})"
                ),
            )
        if before.note != after.note:
            yield "wording", f"{name}, note: {_quoted(before.note)} → {_quoted(after.note)}"


def _evidence(old: Engine, new: Engine) -> Iterator[str]:
    for key in dict.fromkeys((*old.evidence, *new.evidence)):
        before, after = (engine.evidence.get(key) for engine in (old, new))
        if before is None or after is None:
            yield f"source {key} {'added' if before is None else 'removed'}"
            continue
        for name in (
            "title",
            "url",
            "date",
            "strength",
            "supports",
            "disagrees",
            "status",
            "superseded_by",
            "checked_on",
            "review_needed",
        ):
            if getattr(before, name) != getattr(after, name):
                yield (
                    f"source {key}, {name.replace('_', ' ')}: {_quoted(getattr(before, name))} → "
                    f"{_quoted(getattr(after, name))}"
                )


def _whole(card: Card) -> Iterator[str]:
    yield f"fires when all of: {'; '.join(map(_plain, in_words(card.include)))}"
    if card.exclude:
        yield f"silent when any of: {'; '.join(map(_plain, in_words(card.exclude)))}"


def _of_card(old: Card, new: Card, by_limits: bool) -> Iterator[tuple[str, str]]:
    """``by_limits``: whether limits changed, which changes the shown words of a card without any
    change of the card itself."""
    told = list(_differences(old, new))
    by_author = [part for part, _ in told if not by_limits or part not in _FILLED]
    if old.version != new.version:
        yield "card", f"version: {old.version} → {new.version}"
    elif by_author:
        yield (
            "card",
            f"its version is still {new.version}: raise it, so that reports distinguish them",
        )
    yield from told


# The parts of a card that show limits.
_FILLED = ("wording", "suggestions")


def _differences(old: Card, new: Card) -> Iterator[tuple[str, str]]:
    yield from (("hooks", f"also fires on {hook}") for hook in new.hooks if hook not in old.hooks)
    yield from (
        ("hooks", f"no longer fires on {hook}") for hook in old.hooks if hook not in new.hooks
    )
    for conditions in ("include", "exclude"):
        yield from (
            ("criteria", told)
            for told in _criteria(
                getattr(old, conditions), getattr(new, conditions), _CHANGES[conditions]
            )
        )
    for name in ("rank", "review_by", "indicator", "title", "summary"):
        part = "card" if name in ("rank", "review_by") else "wording"
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield part, f"{name.replace('_', ' ')}: {_quoted(before)} → {_quoted(after)}"
    yield from (("wording", told) for told in _paragraphs(old, new))
    yield from (("suggestions", told) for told in _suggestions(old, new))
    yield from _named("wording", "shows the result", old.values, new.values, title)
    yield from _named(
        "evidence", "cites", (old.source, *old.evidence), (new.source, *new.evidence), str
    )
    if old.source != new.source:
        yield "evidence", f"source shown on the card: {old.source} → {new.source}"
    yield from _named(
        "wording", "offers the override reason", old.override_reasons, new.override_reasons, str
    )


# How to introduce a criterion that changed, one that is new, and one that was removed.
_CHANGES = {
    "include": ("fires when", "fires only when also", "fires also without"),
    "exclude": ("silent when", "silent also when", "no longer silent when"),
}


def _criteria(
    old: Sequence[Condition], new: Sequence[Condition], words: tuple[str, str, str]
) -> Iterator[str]:
    holds, added, removed = words
    for before, after in pairs.criteria(old, new):
        if before is None:
            yield f"{added}: {_words(after)} [{after.id}]"
        elif after is None:
            yield f"{removed}: {_words(before)} [{before.id}]"
        elif _words(before) != _words(after):
            yield f"{holds}: {_words(before)} → {_words(after)} [{after.id}]"
        elif before.id != after.id:
            yield f"criterion renamed: {before.id} → {after.id}"
        elif before != after:
            yield f"{holds}: {_words(after)}, in another form [{after.id}]"


def _paragraphs(old: Card, new: Card) -> Iterator[str]:
    for before, after in pairs.paragraphs(old, new):
        if before is None or after is None:
            shown = before or after
            assert shown is not None
            yield (
                f"paragraph {'added' if before is None else 'removed'}{_shown(shown)}: "
                f"{_quoted(shown.text)}"
            )
            continue
        if before.text != after.text:
            yield f"paragraph: {_quoted(before.text)} → {_quoted(after.text)}"
        if before.when != after.when:
            yield (
                f"paragraph {_quoted(after.text)} shown{_shown(before) or ' always'} → "
                f"{_shown(after).strip() or 'always'}"
            )


def _shown(item: Paragraph | Suggestion) -> str:
    return f" when {_plain('; '.join(in_words(item.when)))}" if item.when else ""


def _suggestions(old: Card, new: Card) -> Iterator[str]:
    for before, after in pairs.suggestions(old, new):
        if before is None or after is None:
            made = before or after
            assert made is not None
            what = "added" if before is None else "removed"
            yield f"suggestion {what}{_shown(made)}: {_quoted(_label(made))}, {_orders(made)}"
            continue
        if before.label != after.label:
            yield f"suggestion: {_quoted(_label(before))} → {_quoted(_label(after))}"
        if _orders(before) != _orders(after):
            yield f"suggestion {_quoted(_label(after))}: {_orders(before)} → {_orders(after)}"
        if before.when != after.when:
            yield (
                f"suggestion {_quoted(_label(after))} made{_shown(before) or ' always'} → "
                f"{_shown(after).strip() or 'always'}"
            )


def _label(suggestion: Suggestion) -> str:
    return re.sub(r"\{([^}]+)\}", lambda found: f"[{title(found[1])}]", suggestion.label)


def _orders(suggestion: Suggestion) -> str:
    def named(source: OrderSource) -> str:
        return source.template or title(source.fact)

    parts = [
        f"orders {' and '.join(map(named, suggestion.create))}"
        if suggestion.create
        else "orders nothing"
    ]
    parts += [f"in place of {title(suggestion.replaces)}"] if suggestion.replaces else []
    parts += [f"removes {title(suggestion.delete)}"] if suggestion.delete else []
    return ", ".join([*parts, *(["recommended"] if suggestion.recommended else [])])


def _named(
    part: str, verb: str, old: Sequence[str], new: Sequence[str], words: Callable[[str], str]
) -> Iterator[tuple[str, str]]:
    yield from (
        (part, f"{verb} too: {words(name)}") for name in dict.fromkeys(new) if name not in old
    )
    yield from (
        (part, f"no longer {verb}: {words(name)}") for name in dict.fromkeys(old) if name not in new
    )


def _words(condition: Condition) -> str:
    return _plain(condition_words(condition))


def _plain(text: str) -> str:
    """The words without links, which would lead nowhere in this output."""
    return _LINK.sub(r"\1", text)


def _quoted(value: Any) -> str:
    return f"“{' '.join(value.split())}”" if isinstance(value, str) else str(value)
