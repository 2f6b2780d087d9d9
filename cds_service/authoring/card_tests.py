"""Run the tests inside card files: each states facts and expects ``fires`` or
``silent: <criterion>`` from the same ``decide`` that answers hook calls."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from collections.abc import Mapping as AnyMapping
from functools import lru_cache, partial
from typing import Any, NamedTuple

from ..authored_yaml.reader import Reader, meant
from ..authored_yaml.source import AuthoringError, Mapping, Mistakes, Place
from ..config import Settings
from ..engine import PARAMETER_SETS, Engine
from ..facts.catalogue import CATALOGUE
from ..facts.fact import Fact, absent, known, unknown
from ..rules.card import Card
from ..rules.card_set import draft_ids
from ..rules.condition_file import of_kind
from ..rules.decision import Decisions
from ..rules.grammar import TEXT, Key, form, names_of, read_keys, ref
from ..states.values import StatedFacts
from .trace import trace_lines


class CardTestResult(NamedTuple):
    """The outcome of one test. ``problem``: empty if it passed; ``trace``: how the card was
    decided, if it failed; ``unreadable``: whether the test could not be read."""

    card: str
    parameter_set: str
    name: str
    place: Place
    problem: str = ""
    trace: tuple[str, ...] = ()
    unreadable: bool = False


class UnknownCard(ValueError):
    """No parameter set has a card of this id. The message suggests the nearest known id."""


def run_tests(
    card_ids: Collection[str] = (), settings: Settings | None = None, *, drafts: bool = False
) -> Iterator[CardTestResult]:
    """Run the tests of ``card_ids``, or of all cards of ``settings`` (by default from the
    environment), in each parameter set. A card without a test that it fires, or without one that it
    is silent, yields a failed result.

    ``drafts``: also run the tests of drafts. Raises :class:`AuthoringError` if a card itself cannot
    be read, and :class:`UnknownCard`.
    """
    engines = {
        name: Engine((settings or Settings()).model_copy(update={"parameters": name}))
        for name in PARAMETER_SETS
    }
    whole = {name: with_drafts(engine) if drafts else engine for name, engine in engines.items()}
    check_known(card_ids, {card_id for engine in whole.values() for card_id in engine.cards})
    for parameter_set, engine in engines.items():
        for card in whole[parameter_set].cards.values():
            if not card_ids or card.id in card_ids:
                beside = engine if card.id in engine.cards else whole[parameter_set]
                yield from run_card(card, beside.cards, parameter_set)
                for missing in missing_tests(card, parameter_set):
                    yield CardTestResult(
                        card.id,
                        parameter_set,
                        "all tests",
                        missing.place,
                        f"{missing.what} {missing.mend}",
                    )


def failed_alike(results: Iterable[CardTestResult]) -> Iterable[tuple[CardTestResult, list[str]]]:
    """Return each failed test once, with all parameter sets in which it failed alike."""
    alike: dict[CardTestResult, list[str]] = {}
    for result in results:
        if result.problem:
            alike.setdefault(result._replace(parameter_set=""), []).append(result.parameter_set)
    return alike.items()


def authored(engine: Engine) -> Iterator[tuple[Card, Engine]]:
    """Yield each card with the engine in which to judge it: active cards with ``engine``, drafts
    with an engine in which all drafts are active."""
    yield from ((card, engine) for card in engine.cards.values())
    trial = with_drafts(engine)
    yield from ((card, trial) for card in trial.cards.values() if card.id not in engine.cards)


def with_drafts(engine: Engine) -> Engine:
    """Return an engine with the same settings and cards in which every draft is active."""
    drafts = draft_ids(engine.folders, engine.vocabulary, engine.settings.parameters)
    return Engine(engine.settings, engine.folders[0].root, drafts) if drafts else engine


def check_known(card_ids: Collection[str], there: Collection[str]) -> None:
    """Check that each of ``card_ids`` is among ``there``, the ids of any parameter set. Raises
    :class:`UnknownCard`."""
    for card_id in card_ids:
        if card_id not in there:
            raise UnknownCard(
                f"No parameter set has an active card or a draft {card_id!r}. "
                f"{meant(card_id, there)}".rstrip()
            )


def run_card(
    card: Card, cards: AnyMapping[str, Card], parameter_set: str
) -> Iterator[CardTestResult]:
    """Run the tests of ``card`` beside ``cards``. A test that cannot be read yields an unreadable
    result."""
    try:
        tests = applicable_tests(card, parameter_set, cards)
    except AuthoringError as error:
        yield from _unreadable(card, parameter_set, None, error)
        return
    for test in tests:
        try:
            yield run_test(card, test, cards, parameter_set)
        except AuthoringError as error:
            yield from _unreadable(card, parameter_set, test, error)


def _unreadable(
    card: Card, parameter_set: str, test: Mapping | None, error: AuthoringError
) -> Iterator[CardTestResult]:
    for one in error.all:
        yield CardTestResult(
            card.id,
            parameter_set,
            _name(test),
            one.place,
            f"{one.what} {one.mend}".rstrip(),
            unreadable=True,
        )


def _name(test: Mapping | None) -> str:
    return (
        "a test without a name" if test is None else str(test.get("name", "a test without a name"))
    )


def applicable_tests(
    card: Card, parameter_set: str, cards: AnyMapping[str, Card] | None = None
) -> list[Mapping]:
    """Return the tests of ``card`` that apply in a parameter set: all except those whose
    ``parameter_sets`` names only other sets.

    If ``cards`` is given, a test that expects a card missing from it to silence this one does not
    apply either. Raises :class:`AuthoringError`.
    """
    reader = Reader()
    looking = (
        [condition for condition in card.exclude if condition.firing] if cards is not None else []
    )
    # Without cards, a test may expect any of these conditions to silence the card.
    off = [condition.id for condition in looking if condition.firing not in (cards or ())]
    applying = []
    for test in card.tests:
        sets = reader.names(test, "parameter_sets", PARAMETER_SETS, "parameter set", some=True)
        if parameter_set in (sets or PARAMETER_SETS) and test.get("silent") not in off:
            applying.append(test)
    return applying


def missing_tests(card: Card, parameter_set: str) -> Iterator[AuthoringError]:
    """Yield an error if ``card`` has no test that it fires, and one if it has none that it is
    silent."""
    try:
        tests = applicable_tests(card, parameter_set)
    except AuthoringError:
        return
    place = card.places.get("tests", card.place)
    for key, expected in (("fires", "fire"), ("silent", "be silent")):
        if not any(key in test for test in tests):
            yield AuthoringError(
                place,
                f"{card.id} has no test that expects it to {expected}.",
                "Add one under tests.",
            )


def run_test(
    card: Card, test: Mapping, cards: AnyMapping[str, Card], parameter_set: str
) -> CardTestResult:
    """Run one test of ``card`` beside ``cards``. Raises :class:`AuthoringError` if the test cannot
    be read."""
    name, facts, wanted = read_test(card, test)
    decision = Decisions(cards, StatedFacts(facts))[card.id]
    got = "fires" if decision.fires else decision.stopped_by
    if got == wanted:
        return CardTestResult(card.id, parameter_set, name, test.place)
    decisions = Decisions(cards, StatedFacts(facts), whole_trace=True)
    trace = trace_lines(decisions[card.id], decisions, test["facts"], wanted)
    return CardTestResult(
        card.id,
        parameter_set,
        name,
        test.place,
        f"expected {_said(wanted)}, got {_said(got)}",
        tuple(trace),
    )


def _said(outcome: str) -> str:
    return outcome if outcome == "fires" else f"silent (stopped by {outcome})"


def read_test(card: Card | None, test: Mapping) -> tuple[str, dict[str, Fact], str]:
    """Return a test's name, its facts, and its expected outcome: ``fires`` or the id of the
    criterion that silences the card. ``card``: ``None`` if it could not be read, so that any
    criterion is accepted.

    Raises :class:`AuthoringError` with all mistakes found.
    """
    return _read(test, tuple(condition.id for condition, _ in card.criteria) if card else None)


@lru_cache(maxsize=4096)
def _read(test: Mapping, criteria: tuple[str, ...] | None) -> tuple[str, dict[str, Fact], str]:
    mistakes = Mistakes()
    reader = _Reader(mistakes, criteria)
    if not {"fires", "silent"} & test.keys():
        reader.note(
            AuthoringError(
                test.place,
                "the test does not say what it expects.",
                "Write 'fires: true' or 'silent: <criterion>'.",
            )
        )
    read: dict[str, Any] = {}
    with mistakes.noting():
        read = read_keys(reader, test, test.place, TEST)
    mistakes.tell()
    return read["name"], read["facts"], read["fires"] or read["silent"]


class _Reader(Reader):
    """Reads a test of a card with these ``criteria``; ``None`` if the card could not be read."""

    def __init__(self, mistakes: Mistakes, criteria: Collection[str] | None):
        super().__init__(mistakes)
        self._criteria = criteria

    def facts(self, test: Mapping, key: str) -> dict[str, Fact]:
        stated = self.value(test, key)
        if not isinstance(stated, Mapping):
            raise AuthoringError(
                test.at(key), "'facts' must be a mapping.", "Write {fact: value}, or {} for none."
            )
        return self.parts(
            **{
                name: partial(stated_fact, name, value, stated.at(name))
                for name, value in stated.items()
            }
        )

    def fires(self, test: Mapping, key: str) -> str:
        if "silent" in test:
            raise AuthoringError(
                test.at("silent"),
                "a test must not have both 'fires' and 'silent'.",
                "Remove one of the two.",
            )
        if test[key] is not True:
            raise AuthoringError(
                test.at(key),
                "'fires' can only be true.",
                "If the card is silent, write 'silent: <criterion>'.",
            )
        return key

    def silent(self, test: Mapping, key: str) -> str:
        criterion = test[key]
        if not isinstance(criterion, str) or (
            self._criteria is not None and criterion not in self._criteria
        ):
            raise AuthoringError(
                test.at(key),
                f"the card has no criterion {criterion!r}.",
                meant(str(criterion), self._criteria or ()),
            )
        return criterion


TEST = (
    Key("name", TEXT, required=True),
    Key("facts", form(_Reader.facts, **ref("stated")), required=True),
    Key("fires", form(_Reader.fires, const=True)),
    Key(
        "silent",
        form(
            _Reader.silent,
            type="string",
            pattern="\\S",
            description="The id of the criterion that stops the card.",
        ),
    ),
    Key("parameter_sets", names_of(lambda known: PARAMETER_SETS, "parameter set", some=True)),
)


def stated_fact(name: str, value: Any, place: Place) -> Fact:
    """Return the fact that a test states: a value, ``absent`` or ``unknown``. Raises
    :class:`AuthoringError`."""
    if name not in CATALOGUE:
        raise AuthoringError(place, f"there is no fact {name!r}.", meant(name, CATALOGUE))
    if value == "absent":
        return absent()
    if value == "unknown":
        return unknown("stated so")
    return known(of_kind(CATALOGUE[name].kind.stated, CATALOGUE[name], value, place))
