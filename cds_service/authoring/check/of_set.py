"""Findings on all cards together: sources, ranks, limits, duplicates, and cards that fire
together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import combinations

from ...authored_yaml.source import Mapping, Place
from ...content import PROFILES
from ...engine import Engine
from ...rules.card import Card
from ...rules.card_set import load_parameters
from ...rules.conditions import Condition
from ...rules.decision import Decisions
from ...states.values import StatedFacts
from ..card_tests import applicable_tests, read_test
from ..terminology_review import UnverifiedCode, unverified_codes
from .finding import Finding, is_placeholder, still_to_do

# Days after which somebody should check again that a source is current.
_CHECKED_WITHIN = 366


def set_findings(engines: dict[str, Engine], today: date) -> Iterator[Finding]:
    """Yield the findings on the cards of all parameter sets."""
    yield from _evidence(engines, today)
    yield from _first_sources(engines, today)
    yield from (finding for engine in engines.values() for finding in _far(engine))
    yield from (
        finding for engine in engines.values() for finding in _alike(list(engine.cards.values()))
    )
    yield from _together(engines.values())
    yield from map(_unverified, unverified_codes())


def _unverified(code: UnverifiedCode) -> Finding:
    named = f"{code.code} {code.display}".strip()
    named += f" ({code.system.rsplit('/', 1)[-1]})" if code.system else ""
    what = (
        f"{named}{' and its descendants' if code.and_below else ''}: "
        f"{(code.reason or 'no source').rstrip('.')}."
    )
    mend = "Confirm it with a terminology server, then remove its code-review extension."
    if code.in_order:
        mend = "A site adds its own codes to orders by marking them 'in_orders' in its codes.yaml."
    return Finding("code-unverified", "warning", _place(code), what, mend)


def _place(code: UnverifiedCode) -> Place:
    """The place at which the file names a code, or is marked as lacking one."""
    sought = f'"{code.code}"' if code.code else "code-review"
    lines = (PROFILES / code.file).read_text("utf-8").splitlines()
    found = ((number, text.find(sought) + 1) for number, text in enumerate(lines, 1))
    line, column = next((place for place in found if place[1]), (1, 1))
    return Place(f"fhir_profiles/{code.file}", line, column)


def _first_sources(engines: dict[str, Engine], today: date) -> Iterator[Finding]:
    """Each card's first source must be current and recently checked (clinical specification,
    section 9)."""
    for engine in engines.values():
        for card in engine.cards.values():
            source, place = engine.evidence[card.source], card.places["source"]
            if source.superseded_by:
                what = f"the first source of {card.id}, {source.key!r}, is superseded."
                mend = (
                    f"Name {source.superseded_by!r} or another source in its place, and move this "
                    "one to 'evidence' if it is still useful."
                )
                yield Finding("source-superseded", "error", place, what, mend)
            elif source.checked_on is None or (today - source.checked_on).days > _CHECKED_WITHIN:
                when = (
                    f"was last checked on {source.checked_on}"
                    if source.checked_on
                    else "has no date of a check"
                )
                what = f"the first source of {card.id}, {source.key!r}, {when}."
                yield Finding(
                    "source-unchecked",
                    "error",
                    place,
                    what,
                    "Check that it is current, then write the day as checked_on.",
                )


def _evidence(engines: dict[str, Engine], today: date) -> Iterator[Finding]:
    used = {
        key
        for engine in engines.values()
        for card in engine.cards.values()
        for key in (card.source, *card.evidence)
    }
    used |= {entry.source for engine in engines.values() for entry in engine.parameters.values()}
    for key, entry in engines["default"].evidence.items():
        yield from (
            still_to_do(key, text, entry.place)
            for text in (entry.title, entry.supports)
            if is_placeholder(text)
        )
        if entry.date > today:
            yield Finding(
                "doubtful-day",
                "warning",
                entry.place,
                f"{key!r} is dated {entry.date}, after today.",
                "Is the year right?",
            )
        if entry.checked_on and entry.checked_on > today:
            what = f"{key!r} was checked on {entry.checked_on}, after today."
            yield Finding("doubtful-day", "warning", entry.place, what, "Is the year right?")
        if key not in used:
            yield Finding(
                "unused-evidence",
                "warning",
                entry.place,
                f"nothing cites {key!r}.",
                "Cite it or remove it.",
            )
        elif entry.review_needed:
            what = f"{key!r} has not been compared with the full text of the source."
            mend = "Compare it, then remove 'review: needed'."
            yield Finding("evidence-unverified", "warning", entry.place, what, mend)


def _far(engine: Engine) -> Iterator[Finding]:
    """Local limits so far from the built-in ones that their unit may be wrong."""
    built_in = load_parameters(engine.folders[:1], engine.settings.parameters, engine.evidence)
    for name, entry in engine.parameters.items():
        before = built_in[name].value
        pairs = (
            [(entry.value[unit], before[unit]) for unit in before]
            if isinstance(before, dict)
            else [(entry.value, before)]
        )
        for value, usual in pairs:
            if (
                isinstance(usual, Decimal)
                and value != usual
                and not usual / 10 < value < usual * 10
            ):
                what = f"{name} is {value}; in the built-in set it is {usual}."
                yield Finding(
                    "far-from-built-in", "warning", entry.place, what, "Compare the units."
                )


def _alike(cards: list[Card]) -> Iterator[Finding]:
    for first, second in combinations(cards, 2):
        if (_asked(first), first.hooks) == (_asked(second), second.hooks):
            yield Finding(
                "same-criteria",
                "warning",
                second.place,
                f"{second.id} has the same criteria as {first.id}.",
                "Remove one of the two.",
            )
        if first.title.casefold().split() == second.title.casefold().split():
            yield Finding(
                "same-title",
                "warning",
                second.places["title"],
                f"{second.id} has the same title as {first.id}.",
                "Say how they differ.",
            )
        if first.rank == second.rank and set(first.hooks) & set(second.hooks):
            yield Finding(
                "same-rank",
                "warning",
                second.places["rank"],
                f"{second.id} has the same rank as {first.id}: {second.rank}.",
                "Give one of them another rank.",
            )


def _asked(card: Card) -> frozenset[object]:
    """The criteria without their places and ids."""
    return frozenset((excludes, _bare(condition)) for condition, excludes in card.criteria)


def _bare(condition: Condition) -> object:
    asked = frozenset(
        (inner.fact, inner.operator, inner.operand, inner.when_unknown)
        for inner in condition.criteria
    )
    return condition.card, condition.firing, asked


def _together(engines: Iterable[Engine]) -> Iterator[Finding]:
    """Pairs of cards in one topic folder that both fire for the facts of a test, each told once.
    The tests are examples, so other pairs may exist."""
    told = set()
    for engine in engines:
        for card in engine.cards.values():
            for test, other in _firing_too(card, engine):
                pair = frozenset((card.id, other))
                if pair not in told:
                    told.add(pair)
                    what = f"{card.id} and {other} both fire for the test {test['name']!r}."
                    yield Finding(
                        "fire-together",
                        "info",
                        test.place,
                        what,
                        "If one is enough, let it exclude patients for whom the other fires.",
                    )


def _firing_too(card: Card, engine: Engine) -> Iterator[tuple[Mapping, str]]:
    """Each test in which ``card`` fires, with each other card of its topic that then fires on a
    hook of both."""
    for test in applicable_tests(card, engine.settings.parameters):
        _, facts, wanted = read_test(card, test)
        for hook in card.hooks if wanted == "fires" else ():
            beside = engine.cards_by_hook[hook]
            decisions = Decisions(beside, StatedFacts(facts))
            for other in beside.values():
                if other.id != card.id and other.topic == card.topic and decisions.holds(other.id):
                    yield test, other.id
