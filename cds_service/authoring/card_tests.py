"""The tests inside card files: facts in, ``fires`` or ``silent: <criterion>`` out, through
the one ``decide``."""

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
    """What came of one test: ``problem`` is empty where it passed, ``trace`` tells how it was
    decided where it failed, and ``unreadable`` says that it is no test."""

    card: str
    parameter_set: str
    name: str
    place: Place
    problem: str = ""
    trace: tuple[str, ...] = ()
    unreadable: bool = False


class UnknownCard(ValueError):
    """No parameter set has a card of this id; says which was probably meant."""


def run_tests(
    card_ids: Collection[str] = (), settings: Settings | None = None, *, drafts: bool = False
) -> Iterator[CardTestResult]:
    """Run the tests of all cards of ``settings`` (from the environment by default), or of
    ``card_ids``, in each parameter set. That a card has no test which it fires, or none which it is
    silent, is a result that failed.

    ``drafts``: of cards too that wait to be activated. Raises :class:`AuthoringError` where a card
    itself cannot be read, and :class:`UnknownCard`.
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
    """Each test that failed, once with all parameter sets in which it failed alike."""
    alike: dict[CardTestResult, list[str]] = {}
    for result in results:
        if result.problem:
            alike.setdefault(result._replace(parameter_set=""), []).append(result.parameter_set)
    return alike.items()


def authored(engine: Engine) -> Iterator[tuple[Card, Engine]]:
    """Each card with the engine that it is judged in: active ones in ``engine``, drafts in one in
    which all drafts speak."""
    yield from ((card, engine) for card in engine.cards.values())
    trial = with_drafts(engine)
    yield from ((card, trial) for card in trial.cards.values() if card.id not in engine.cards)


def with_drafts(engine: Engine) -> Engine:
    """An engine of the same settings and cards in which every draft speaks."""
    drafts = draft_ids(engine.folders, engine.vocabulary, engine.settings.parameters)
    return Engine(engine.settings, engine.folders[0].root, drafts) if drafts else engine


def check_known(card_ids: Collection[str], there: Collection[str]) -> None:
    """That each of ``card_ids`` is among those that are ``there`` in some parameter set. Raises
    :class:`UnknownCard`."""
    for card_id in card_ids:
        if card_id not in there:
            raise UnknownCard(
                f"No parameter set has an active card {card_id!r}. {meant(card_id, there)}".rstrip()
            )


def run_card(
    card: Card, cards: AnyMapping[str, Card], parameter_set: str
) -> Iterator[CardTestResult]:
    """Run the tests of ``card`` beside ``cards``; a test that cannot be read is
    told as a result."""
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
    """The tests of ``card`` that apply in a parameter set: all, but those that name other sets
    in ``parameter_sets``.

    Beside ``cards``, where they are given, a test does not apply which wants a card that is not
    among them to silence this one. Raises :class:`AuthoringError`.
    """
    reader = Reader()
    looking = (
        [condition for condition in card.exclude if condition.firing] if cards is not None else []
    )
    # no set: 'silent' may name anything
    off = [condition.id for condition in looking if condition.firing not in (cards or ())]
    applying = []
    for test in card.tests:
        sets = reader.names(test, "parameter_sets", PARAMETER_SETS, "parameter set", some=True)
        if parameter_set in (sets or PARAMETER_SETS) and test.get("silent") not in off:
            applying.append(test)
    return applying


def missing_tests(card: Card, parameter_set: str) -> Iterator[AuthoringError]:
    """What ``card`` lacks in a parameter set: a test that it fires, or one that it is silent."""
    try:
        tests = applicable_tests(card, parameter_set)
    except AuthoringError:
        return
    place = card.places.get("tests", card.place)
    for key, missing in (("fires", "fires"), ("silent", "is silent")):
        if not any(key in test for test in tests):
            yield AuthoringError(
                place, f"{card.id} has no test that it {missing}.", "Add one under tests."
            )


def run_test(
    card: Card, test: Mapping, cards: AnyMapping[str, Card], parameter_set: str
) -> CardTestResult:
    """Run one test of ``card`` beside ``cards``. Raises :class:`AuthoringError` for a test
    that cannot be read."""
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
    return outcome if outcome == "fires" else f"silent by {outcome}"


def read_test(card: Card | None, test: Mapping) -> tuple[str, dict[str, Fact], str]:
    """A test's name, its facts, and the outcome that it wants: ``fires`` or the criterion that
    silences. ``card``: ``None`` where it cannot be read, so that its criteria are not known.

    Raises :class:`AuthoringError` with all that was found.
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
                "a test says what it expects.",
                "Write 'fires: true' or 'silent: <criterion>'.",
            )
        )
    read: dict[str, Any] = {}
    with mistakes.noting():
        read = read_keys(reader, test, test.place, TEST)
    mistakes.tell()
    return read["name"], read["facts"], read["fires"] or read["silent"]


class _Reader(Reader):
    """Reads a test of a card whose ``criteria`` have these names, or whose names are not known."""

    def __init__(self, mistakes: Mistakes, criteria: Collection[str] | None):
        super().__init__(mistakes)
        self._criteria = criteria

    def facts(self, test: Mapping, key: str) -> dict[str, Fact]:
        stated = self.value(test, key)
        if not isinstance(stated, Mapping):
            raise AuthoringError(
                test.at(key), "'facts' is a mapping.", "Write {fact: value}, or {} for none."
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
                "a test has 'fires' or 'silent', not both.",
                "Remove one of the two.",
            )
        if test[key] is not True:
            raise AuthoringError(
                test.at(key),
                "'fires' can only be true.",
                "Write 'silent: <criterion>' where the card is silent.",
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
    """A fact as a test states it: a value, ``absent`` or ``unknown``. Raises
    :class:`AuthoringError`."""
    if name not in CATALOGUE:
        raise AuthoringError(place, f"there is no fact {name!r}.", meant(name, CATALOGUE))
    if value == "absent":
        return absent()
    if value == "unknown":
        return unknown("stated so")
    return known(of_kind(CATALOGUE[name].kind.stated, CATALOGUE[name], value, place))
