"""The states in which the cards of two sets differ, card by card, with an example of each
difference.

As in the safety proof, each card is tried alone, with both answers to whether another card holds.
Cards that differ themselves are decided in each set. The example is then sought with every card
decided and every fact computed that can be, so that such a patient can exist.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from heapq import nsmallest
from itertools import count, product
from typing import Any, NamedTuple

from ...facts.catalogue import CATALOGUE, closure
from ...rules.hook_table import HOOKS
from ...states.domains import domains
from ...states.search import Check, Search
from ...states.sessions import OPENING, Session, dosed_sessions, facts_of, ordering_sessions
from ...states.status import STATUS
from ..safety.job import engine
from .limits import drafted
from .patient import Example, example_of
from .question import KINDS, Job, Question
from .shared_facts import EMPTY, Pair
from .statuses import table_with_statuses
from .tables import Table, table

ENOUGH = 5_000  # states of a card for each kind of difference, if only limits changed
_COUNTED = 600  # further states of a place after the first that differs
_CANDIDATES = 30  # candidates for an example
_TRIES = 250  # states tried for each candidate
_Place = tuple[Table, Session]


class Found(NamedTuple):
    """The number of states in which a card differs in one way, and an example if one was found."""

    kind: str
    states: int
    example: Example | None


class Differing(NamedTuple):
    """The ways in which a card differs on a hook. ``whole``: whether every state was tried."""

    found: tuple[Found, ...]
    whole: bool


def differing(job: Job) -> Differing:
    """Return each kind of difference that the card has on the hook. If only limits changed, the
    search for each kind stops after :data:`ENOUGH` states."""
    names = frozenset(closure([*_deciding(job), *job.compared().facts()]))
    places = list(product(_tables(job, names), _sessions(job, names)))
    found, whole = [], True
    for kind in KINDS:
        checks = Question(job, {*job.decided, job.card}).checks(kind)
        if checks is None:
            continue
        counted = _count(job, places, checks)
        if not (counted.number or counted.whole):
            # A search stops after a fixed number of states, so the order of its checks decides
            # which states it reaches. Another order may find states that this one missed.
            counted = _count(job, places, [*checks[1:], checks[0]])
        whole = whole and counted.whole
        example = _example(job, kind, counted.lightest)
        if example is not None or (counted.number and _can_be(job, kind, places)):
            found.append(Found(kind, counted.number, example))
    return Differing(tuple(found), whole)


class _Counted(NamedTuple):
    """The number of patients found, those that are easiest to read, and whether every state was
    tried."""

    number: int
    lightest: list[tuple[_Place, Pair]]
    whole: bool


def _count(job: Job, places: Sequence[_Place], checks: Sequence[Check]) -> _Counted:
    search, number = Search(), count()
    found = (
        (_weight(place, pair), -next(number), place, pair)
        for place, pair in _everywhere(search, job, places, checks)
    )
    lightest = [(place, pair) for _, _, place, pair in nsmallest(_CANDIDATES, found)]
    return _Counted(next(number), lightest, search.whole)


def _everywhere(
    search: Search, job: Job, places: Sequence[_Place], checks: Sequence[Check]
) -> Iterator[tuple[_Place, Pair]]:
    """The patients of all ``places``. Each place gets its share of the states that the places
    before it left unused."""
    for position, place in enumerate(places):
        if job.by_limits:
            search.most = search.tried + (ENOUGH - search.tried) // (len(places) - position)
        for pair in _patients(search, job, place, checks):
            yield place, pair
            if search.most is not None:
                search.most = min(search.most, search.tried + _COUNTED)


def _patients(
    search: Search,
    job: Job,
    place: _Place,
    checks: Sequence[Check],
    chosen: Mapping[str, str] = EMPTY,
) -> Iterator[Pair]:
    classes, session = place

    def between(pair: Pair) -> bool:
        """Choose the input with a value between its limits first, since it narrows the rest."""
        return not classes.only or all(facts[classes.only] is not None for facts in pair.facts)

    return search.states(Pair.of(job.sites(), session, classes, chosen), [between, *checks])


def _weight(place: _Place, pair: Pair) -> tuple[Any, ...]:
    """A sort key: examples with fewer orders, fewer unknown inputs and fewer inputs are easier to
    read."""
    labels = pair.labels.values()
    return (
        place[1].label.count(" + "),
        sum(label == "unknown" for label in labels),
        len(labels),
        sorted(labels),
    )


def _example(job: Job, kind: str, candidates: Sequence[tuple[_Place, Pair]]) -> Example | None:
    """A patient who can exist, with every card decided and every fact computed that can be: like
    the first candidate, else any patient in one of the candidates' places, else like another
    candidate."""
    question = Question(job, None)
    checks = question.checks(kind) or ()
    like = [(place, pair.labels) for place, pair in candidates]
    anyhow = [
        (place, dict[str, str]())
        for place in {id(place): place for place, _ in candidates}.values()
    ]
    for (classes, session), labels in [*like[:1], *anyhow, *like[1:]]:
        whole = table(job.extras.inputs, only=classes.only, whole=True)
        chosen = {name: label for name, label in labels.items() if name not in whole.worked_out}
        pair = next(_patients(Search(_TRIES), job, (whole, session), checks, chosen), None)
        if pair is not None:
            # Drop inputs that the search chose but that neither set reads.
            read = _patients(
                Search(_TRIES),
                job,
                (whole, session),
                [lambda state: question.kind(state) == kind],
                pair.labels,
            )
            return example_of(session, next(read, pair))
    return None


def _can_be(job: Job, kind: str, places: Sequence[_Place]) -> bool:
    """Whether the card still differs when every other card is decided instead of assumed. True if
    that takes too long to find out."""
    search = Search(ENOUGH)
    checks = Question(job, None).checks(kind) or ()
    return (
        any(True for place in places for _ in _patients(search, job, place, checks))
        or not search.whole
    )


def _deciding(job: Job) -> Iterator[str]:
    """The facts asked by the card and by the other cards that are decided."""
    for cards in job.cards():
        for name in (job.card, *job.decided):
            yield from cards[name].deciding_facts if name in cards else ()


def _tables(job: Job, names: frozenset[str]) -> Iterator[Table]:
    for only, without in _inputs_between(job, names):
        yield (
            table_with_statuses(job.sites(), job.extras, only, without)
            if STATUS in names
            else table(job.extras.inputs, only, without)
        )


def _inputs_between(job: Job, names: frozenset[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each input to try with values between its limits, and the inputs that then get none."""
    if not job.by_limits:
        yield "", ()
        return
    moved = [name for name in job.extras.inputs if name in names]
    for position, name in enumerate(moved):
        yield name, tuple(moved[:position])
    # Facts may use a changed parameter and rest on no such input, as the dose of a draft or the
    # name of a regimen do.
    computed = (job.touched & names) - domains().keys()
    if any(not set(moved) & set(closure([fact])) for fact in computed):
        yield "", tuple(moved)


def _sessions(job: Job, names: frozenset[str]) -> list[Session]:
    """The sessions in which the facts ``names`` differ."""
    if not HOOKS[job.hook].has_drafts:
        return [OPENING]
    asked = [name for name in CATALOGUE if name in names and CATALOGUE[name].session]
    found: dict[Any, Session] = {}
    for session in (
        *_usual_sessions(),
        *dosed_sessions(job.new.terminology, **drafted(job.extras)),
    ):
        found.setdefault(_signature(job, session, asked), session)
    return list(found.values())


@cache
def _usual_sessions() -> list[Session]:
    return ordering_sessions(engine("default", "all").terminology)


def _signature(job: Job, session: Session, asked: list[str]) -> Any:
    """A key of the values that the facts ``asked`` take in a session, whatever the patient."""
    cobalamin_stopped = any(stop.product.cobalamin for stop in session.orders.stops)
    by_patient = not {"neuro.involvement", "cause.dietary"}.isdisjoint(closure(asked))
    every = [
        facts
        for site in dict.fromkeys(job.sites())
        for facts in facts_of(session, site, by_patient=by_patient)
    ]
    return cobalamin_stopped, tuple(
        (facts[name].state, facts[name].value) for facts in every for name in asked
    )
