"""The tests inside card files: facts in, ``fires`` or ``silent: <criterion>`` out, through the one ``decide``."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from collections.abc import Mapping as AnyMapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from ..config import Settings
from ..engine import PARAMETER_SETS, Engine
from ..facts.catalogue import CATALOGUE, Definition
from ..facts.fact import Fact, absent, known, unknown
from ..fhir.interval import Interval
from ..rules.card import Card
from ..rules.card_set import draft_ids
from ..rules.decision import Decisions
from ..rules.yaml_reader import meant
from ..rules.yaml_source import AuthoringError, Mapping, Place

TODAY = date(2026, 11, 23)
_QUANTITY = re.compile(r"(<=|>=|<|>)?(\d+(?:\.\d+)?) (\S+)\Z")


class CardTestResult(NamedTuple):
    """What came of one test; ``problem`` is empty where it passed."""

    card: str
    parameter_set: str
    name: str
    place: Place
    problem: str


class StatedResult(NamedTuple):
    """A laboratory result as a test states it."""

    interval: Interval
    as_sent: str


class StatedFacts:
    """Facts as a test states them; every other fact is unknown."""

    def __init__(self, stated: AnyMapping[str, Fact], today: date = TODAY):
        self.today = today
        self._stated = stated

    def __getitem__(self, name: str) -> Fact:
        return self._stated.get(name) or unknown("not stated")


def run_tests(card_ids: Collection[str] = (), settings: Settings | None = None, *, drafts: bool = False) -> Iterator[CardTestResult]:
    """Run the tests of all cards of ``settings`` (from the environment by default), or of ``card_ids``, in each parameter set.

    ``drafts``: of cards too that wait to be activated.
    """
    for parameter_set in PARAMETER_SETS:
        engine = Engine((settings or Settings()).model_copy(update={"parameters": parameter_set}))
        for card, loaded in authored(engine) if drafts else ((card, engine) for card in engine.cards.values()):
            if not card_ids or card.id in card_ids:
                for test in applicable_tests(card, parameter_set):
                    yield run_test(card, test, loaded.cards, parameter_set)


def authored(engine: Engine) -> Iterator[tuple[Card, Engine]]:
    """Each card with the engine that it is judged in: active ones in ``engine``, drafts in one in which all drafts speak."""
    yield from ((card, engine) for card in engine.cards.values())
    trial = with_drafts(engine)
    yield from ((card, trial) for card in trial.cards.values() if card.id not in engine.cards)


def with_drafts(engine: Engine) -> Engine:
    """An engine of the same settings and cards in which every draft speaks."""
    drafts = draft_ids(engine.folders, engine.vocabulary, engine.settings.parameters)
    return Engine(engine.settings, engine.folders[0].root, drafts) if drafts else engine


def applicable_tests(card: Card, parameter_set: str) -> list[Any]:
    """The tests of ``card`` that apply in a parameter set: all, but those that name other sets in ``parameter_sets``."""
    applying = []
    for test in card.tests:
        sets = test.get("parameter_sets", PARAMETER_SETS) if isinstance(test, Mapping) else PARAMETER_SETS
        for name in sets:
            if name not in PARAMETER_SETS:
                raise AuthoringError(test.at("parameter_sets"), f"there is no parameter set {name!r}.", meant(str(name), PARAMETER_SETS))
        if parameter_set in sets:
            applying.append(test)
    return applying


def run_test(card: Card, test: Any, cards: AnyMapping[str, Card], parameter_set: str) -> CardTestResult:
    """Run one test of ``card`` beside ``cards``. Raises :class:`AuthoringError` for a test that cannot be read."""
    name, facts, wanted = read_test(card, test)
    decision = Decisions(cards, StatedFacts(facts))[card.id]
    got = "fires" if decision.fires else decision.stopped_by
    problem = "" if got == wanted else f"expected {_said(wanted)}, got {_said(got)}"
    return CardTestResult(card.id, parameter_set, name, test.place, problem)


def _said(outcome: str) -> str:
    return outcome if outcome == "fires" else f"silent by {outcome}"


def read_test(card: Card, test: Any) -> tuple[str, dict[str, Fact], str]:
    """A test's name, its facts, and the outcome that it wants: ``fires`` or the criterion that silences."""
    if not isinstance(test, Mapping) or not isinstance(test.get("facts"), Mapping):
        raise AuthoringError(card.place, "a test has 'name', 'facts' (a mapping), and 'fires' or 'silent'.")
    for key in test:
        if key not in ("name", "facts", "fires", "silent", "parameter_sets"):
            raise AuthoringError(test.at(key), f"there is no key {key!r} in a test.")
    facts = {name: _stated(name, value, test["facts"]) for name, value in test["facts"].items()}
    if test.get("fires") is True and "silent" not in test:
        return str(test.get("name")), facts, "fires"
    criteria = [condition.id for condition in (*card.include, *card.exclude)]
    silent = test.get("silent")
    if "fires" in test or silent not in criteria:
        raise AuthoringError(test.at("silent"), "a test says 'fires: true' or 'silent: <criterion>'.", meant(str(silent), criteria))
    return str(test.get("name")), facts, str(silent)


def _stated(name: str, value: Any, facts: Mapping) -> Fact:
    place = facts.at(name)
    if name not in CATALOGUE:
        raise AuthoringError(place, f"there is no fact {name!r}.", meant(name, CATALOGUE))
    if value == "absent":
        return absent()
    if value == "unknown":
        return unknown("stated so")
    return known(_value(CATALOGUE[name], value, place))


def _value(definition: Definition, value: Any, place: Place) -> Any:
    if definition.kind == "yes-no" and isinstance(value, bool):
        return value
    if definition.kind == "category" and value in definition.values:
        return value
    if definition.kind in ("number", "result") and isinstance(value, str):
        match = _QUANTITY.match(value)
        if match and match[3] == definition.unit:
            number = Decimal(match[2])
            if definition.kind == "number" and not match[1]:
                return number
            if definition.kind == "result":
                return StatedResult(Interval.of(number, match[1]), value)
    if definition.kind == "orders" and isinstance(value, list):
        return tuple(map(str, value))
    if definition.kind == "date" and isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC).date()
    raise AuthoringError(place, f"{value!r} is no value of {definition.name!r}, a {definition.kind}.")
