"""In which states the cards of two sets differ, card by card, with an example of each kind of difference.

As in the proof of safety a card is walked alone, with both answers tried to the question whether another card holds. Cards
that differ themselves are decided truly, each set with its own. The example is then looked for with every card decided and
nothing tried instead of its inputs, so that it is a patient who can be.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from itertools import islice, product
from typing import Any, NamedTuple

from ...engine import Engine
from ...facts.catalogue import CATALOGUE, closure
from ...rendering.cards import render_suggestions
from ...rules.card import Card
from ...rules.decision import Decisions
from ...rules.hook_table import HOOKS
from ..safety.class_values import NOW
from ..safety.classes import input_classes
from ..safety.enumeration import Choices, Impossible, StateFacts, states
from ..safety.invariants import read_suggestions
from ..safety.job import OPENING, AssumedDecisions, engine, status_relation
from ..safety.proof import PATIENT_OF_STATES
from ..safety.sessions import Session, dosed_sessions, ordering_sessions
from .compared import Compared, compared
from .limits import Extras, changed_parameters, drafted
from .walk import SharedFacts, Table, pair_of, pair_of_statuses, table, with_results, with_statuses

FIRES, SILENT, SAYS, SUGGESTS = "fires where it was silent", "is silent where it fired", "says otherwise", "suggests otherwise"
KINDS = (FIRES, SILENT, SAYS, SUGGESTS)
_CANDIDATES = 100
ENOUGH = 5_000
_MOST_RUNS = 20_000  # in the search for one example
_MOST_DECIDED = 3_000  # to tell whether a candidate can be


class Example(NamedTuple):
    """A state in which a card differs: what is asked of the patient by the old set and by the new one."""

    session: Session
    old: SharedFacts
    new: SharedFacts


class Found(NamedTuple):
    """In how many states a card differs in one way on a hook, and an example where one was found."""

    kind: str
    states: int
    example: Example | None


class Differing(NamedTuple):
    """How a card differs on a hook. ``whole``: every state was looked at."""

    found: tuple[Found, ...]
    whole: bool


class Job(NamedTuple):
    """A card of two sets on one hook. ``decided``: the cards that are decided truly; ``touched``: the facts that read a
    parameter which changed; ``by_limits``: only limits changed, so that only patients between these are looked at."""

    old: Engine
    new: Engine
    card: str
    hook: str
    decided: frozenset[str]
    touched: frozenset[str]
    extras: Extras
    by_limits: bool

    def cards(self) -> tuple[Mapping[str, Card], Mapping[str, Card]]:
        """The cards of the hook, of either set."""
        return self.old.cards_by_hook[self.hook], self.new.cards_by_hook[self.hook]


class _Candidate(NamedTuple):
    """A state in which the card differs as far as it was looked at alone."""

    weight: Any
    number: int
    session: Session
    old: dict[str, str]
    new: dict[str, str]
    classes: Table


def differing(job: Job) -> Differing:
    """Each kind of difference that the card has on the hook. Where only limits moved, the search ends after :data:`ENOUGH` states."""
    old, new = job.cards()
    what = compared(old.get(job.card), new.get(job.card), job.touched)
    names = _asked(job, what)
    counts = dict.fromkeys(KINDS, 0)
    best: dict[str, list[_Candidate]] = {kind: [] for kind in KINDS}
    whole = True
    for part, kinds in _parts(what) if job.by_limits else [(what, KINDS)]:
        visited = _visited(job, part, names)
        for classes, session, kind, before, after in islice(visited, ENOUGH) if job.by_limits else visited:
            if kind not in kinds:
                continue
            counts[kind] += 1
            # The heap keeps the lightest: its first item is the heaviest of them.
            weight = _Reversed(_weight(session, before, after))
            item = _Candidate(weight, sum(counts.values()), session, before.labels, after.labels, classes)
            (heapq.heappush if len(best[kind]) < _CANDIDATES else heapq.heappushpop)(best[kind], item)
        whole = whole and next(visited, None) is None
    found = (_found(job, what, kind, counts[kind], sorted(best[kind], reverse=True)) for kind in KINDS)
    return Differing(tuple(filter(None, found)), whole)


def _parts(what: Compared) -> Iterator[tuple[Compared, tuple[str, ...]]]:
    """First whether the card fires, which few facts decide, then what else it says, so that the one is not lost in the other."""
    yield Compared((), (), ()), (FIRES, SILENT)
    if any(what):
        yield what, (SAYS, SUGGESTS)


def _visited(job: Job, what: Compared, names: frozenset[str]) -> Iterator[tuple[Table, Session, str, SharedFacts, SharedFacts]]:
    """Every state of the card, in each session that is another one to it."""
    for plain in _tables(job, names):
        classes = _related(job, plain) if "b12.results_status" in names else plain
        for session in _sessions(job, names):
            for kind, old, new in _states(job, what, classes, session):
                yield classes, session, kind, old, new


def _found(job: Job, what: Compared, kind: str, number: int, candidates: list[_Candidate]) -> Found | None:
    """The difference with an example, or ``None`` where no candidate can be beside the other cards."""
    possible = [each for each in candidates if _can_be(job, what, kind, each)]
    states_left = number - (len(candidates) - len(possible))
    return Found(kind, states_left, _example(job, what, kind, possible)) if states_left else None


class _Reversed(tuple[Any, ...]):
    """A key that sorts the other way round."""

    __slots__ = ()

    def __lt__(self, other: tuple[Any, ...]) -> bool:
        return super().__gt__(other)


def _weight(session: Session, old: StateFacts, new: StateFacts) -> tuple[int, int, int, list[str]]:
    """An example is the easier to read the less is ordered, the less of it is not known, and the less it needs."""
    labels = {**old.labels, **new.labels}
    return len(session.label.split(" + ")), sum(label == "unknown" for label in labels.values()), len(labels), sorted(labels.values())


def _asked(job: Job, what: Compared) -> frozenset[str]:
    """The facts that can make a difference to the card, with those that they rest on."""
    decided = [cards[name] for cards in job.cards() for name in (job.card, *job.decided) if name in cards]
    return frozenset(closure([*(name for card in decided for name in card.deciding_facts), *what.facts()]))


def _tables(job: Job, names: frozenset[str]) -> Iterator[Table]:
    moved = [name for name in job.extras.inputs if name in names]
    if not job.by_limits:
        yield table(job.extras.inputs)
        return
    for position, name in enumerate(moved):
        yield table(job.extras.inputs, only=name, without=moved[:position])
    # What is worked out with a changed parameter and rests on no moved input: a dose that is drafted, the name of a regimen.
    computed = (job.touched & names) - input_classes().keys()
    if any(not set(moved) & set(closure([fact])) for fact in computed):
        yield table(job.extras.inputs, without=moved)


def _related(job: Job, classes: Table) -> Table:
    """The classes with the statuses that go with them."""
    if "b12.results_status" not in classes.worked_out:
        return with_results(classes)._replace(relation=status_relation())

    def run(choices: Choices) -> dict[str, str]:
        return pair_of_statuses(*_facts(job, classes, OPENING, choices, _NOTHING))

    return with_statuses(with_results(classes), list(states(run)))


def _sessions(job: Job, names: frozenset[str]) -> list[Session]:
    """Those of which no two are the same to the facts ``names``."""
    if not HOOKS[job.hook].has_drafts:
        return [OPENING]
    asked = [name for name in CATALOGUE if name in names and CATALOGUE[name].session]
    found: dict[Any, Session] = {}
    for session in (*_usual_sessions(), *dosed_sessions(job.new.terminology, **drafted(job.extras))):
        found.setdefault(_signature(job, session, asked), session)
    return list(found.values())


@cache
def _usual_sessions() -> list[Session]:
    return ordering_sessions(engine("default", "all").terminology)


def _signature(job: Job, session: Session, asked: list[str]) -> Any:
    told: list[Any] = [any(stop.product.cobalamin for stop in session.orders.stops)]
    # What the session's facts read of the patient.
    by_patient = not {"neuro.involvement", "cause.dietary"}.isdisjoint(closure(asked))
    for site in [job.old.site, *([job.new.site] if changed_parameters(job.old, job.new) else [])]:
        for neuro, dietary in product(("true", "false", "unknown"), repeat=2) if by_patient else [("unknown", "unknown")]:
            fixed = {
                "neuro.involvement": neuro,
                "cause.dietary": dietary,
                "diet.vegan": "unknown",
                "cause.lifelong": "false",
                "b12_therapy.active": "false",
            }
            facts = StateFacts(site, session.orders, NOW, input_classes(), Choices(), None, fixed)
            told += [(facts[name].state, facts[name].value) for name in asked]
    return tuple(told)


def _facts(job: Job, classes: Table, session: Session, choices: Choices, given: _Given) -> tuple[Any, Any]:
    """The facts of a state, of either set; the same where no limit moved."""
    chosen = dict(given.chosen)
    made = [
        SharedFacts(site, session, of_side, classes.worked_out, choices, chosen, classes.relation, wanted)
        for site, of_side, wanted in ((job.old.site, classes.old, given.old), (job.new.site, classes.new, given.new))
    ]
    return (made[0], made[1]) if changed_parameters(job.old, job.new) else (made[0], made[0])


class _Given(NamedTuple):
    """What is stated of a state beforehand: classes of inputs, and what the other facts must come to on either side."""

    chosen: Mapping[str, str]
    old: Mapping[str, str]
    new: Mapping[str, str]


_NOTHING = _Given({}, {}, {})


class _Decisions(AssumedDecisions):
    """The decisions of one of two sets; ``assumed``: what both assume of the cards that do not differ."""

    def __init__(self, decided: frozenset[str], cards: Mapping[str, Card], facts: StateFacts, choices: Choices, assumed: dict[str, bool]):
        super().__init__(decided, cards, facts, choices)
        self.assumed = assumed


def _states(job: Job, what: Compared, classes: Table, session: Session) -> Iterator[tuple[str, SharedFacts, SharedFacts]]:
    """Every state of the card, with its kind of difference, ``""`` where there is none."""
    decided = job.decided | {job.card}

    def run(choices: Choices) -> tuple[str, SharedFacts, SharedFacts]:
        facts = _facts(job, classes, session, choices, _NOTHING)
        assumed: dict[str, bool] = {}
        first, second = (_Decisions(decided, cards, each, choices, assumed) for cards, each in zip(job.cards(), facts, strict=True))
        return _kind(job, what, first, second, *facts), *facts

    return states(run)


def _kind(job: Job, what: Compared, old: Decisions, new: Decisions, old_facts: SharedFacts, new_facts: SharedFacts) -> str:
    before, after = old.holds(job.card), new.holds(job.card)
    if before != after:
        return FIRES if after else SILENT
    if not before:
        return ""
    for one, other in what.paragraphs:
        shown = (item is not None and all(condition.truth(facts, decisions.holds) for condition in item.when)
                 for item, facts, decisions in ((one, old_facts, old), (other, new_facts, new)))  # fmt: skip
        if next(shown) != next(shown):
            return SAYS
    if not (what.old_suggestions or what.new_suggestions):
        return ""
    return SUGGESTS if _made(job.old, job.card, what.old_suggestions, old, old_facts) != _made(
        job.new, job.card, what.new_suggestions, new, new_facts
    ) else ""  # fmt: skip


def _made(loaded: Engine, card_id: str, suggestions: tuple[Any, ...], decisions: Decisions, facts: SharedFacts) -> list[Any]:
    """The orders that ``suggestions`` of a card make where it fires."""
    decision = decisions[card_id]
    bare = decision._replace(card=replace(decision.card, suggestions=suggestions))
    made, _ = render_suggestions(bare, decisions, facts, PATIENT_OF_STATES, loaded.publication, course_taken=False)
    return read_suggestions(made)


def _can_be(job: Job, what: Compared, kind: str, candidate: _Candidate) -> bool:
    """Whether the card still differs so where every other card is decided and not assumed; yes where that takes too long to tell."""
    given = _Given({**candidate.new, **candidate.old}, {}, {})
    runs = _decided_states(job, what, candidate.classes, candidate.session, given)
    return any(found == kind or tried == _MOST_DECIDED for tried, (found, _, _) in enumerate(runs))


def _example(job: Job, what: Compared, kind: str, candidates: list[_Candidate]) -> Example | None:
    """The lightest of the candidates of which every fact can be worked out that was tried instead of its inputs."""
    left = _MOST_RUNS
    for each in candidates:
        classes = table(job.extras.inputs, only=each.classes.only, whole=True)
        chosen = {name: label for name, label in {**each.new, **each.old}.items() if name not in classes.worked_out}
        given = _Given(chosen, *({name: pair_of(label)[side] for name, label in (each.old, each.new)[side].items()} for side in (0, 1)))
        for found, old, new in _decided_states(job, what, classes, each.session, given):
            left -= 1
            if found == kind:
                return Example(each.session, old, new)
            if not left:
                return None
    return None


def _decided_states(job: Job, what: Compared, classes: Table, session: Session, given: _Given) -> Iterator[tuple[str, Any, Any]]:
    """The states in which ``given`` holds, every card decided. The kind is ``""`` where nothing differs, and
    where the state turns out not to be possible."""

    def run(choices: Choices) -> tuple[str, Any, Any]:
        facts = _facts(job, classes, session, choices, given)
        try:
            if "b12.results_status" in given.old or "b12.results_status" in given.new:
                # First what bounds the rest the most, so that what cannot be is noticed early.
                _ = [each["b12.results_status"] for each in facts]
            first, second = (Decisions(cards, each) for cards, each in zip(job.cards(), facts, strict=True))
            return _kind(job, what, first, second, *facts), *facts
        except Impossible:
            return "", *facts

    return states(run)
