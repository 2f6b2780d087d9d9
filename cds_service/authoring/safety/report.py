"""The whole proof on all processors, and the report of its findings."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any

from ...engine import PARAMETER_SETS
from ...rules.hook_table import HOOKS, hooks_of_kind
from ...states.sessions import OPENING
from .groups import (
    GROUPS,
    pairs_of_one_topic,
    pairs_to_compare,
    prove_consistent,
    prove_critical,
    prove_no_silence,
    prove_together,
)
from .job import SETTINGS, Scope, bare_cards, engine, every_card, status_relation
from .proof import prove_card, prove_orders
from .readiness import check_ready
from .repetition import distinct_sessions
from .tally import Tally
from .words import prove_words

Part = tuple[Callable[..., Tally], tuple[Any, ...]]


def parts(scopes: Iterable[Scope]) -> Iterator[Part]:
    """Yield the parts of the proof of ``scopes``; they are independent of each other."""
    for scope in scopes:
        sets = [bare_cards(*setting, scope.hook) for setting in scope.settings]
        ids = dict.fromkeys(card_id for cards in sets for card_id in cards)
        yield from ((prove_card, (scope, card_id)) for card_id in ids)
        yield from ((prove_words, (scope, card_id)) for card_id in ids)
        pairs = dict.fromkeys(pair for cards in sets for pair in pairs_to_compare(cards))
        yield from ((prove_consistent, (scope, *pair)) for pair in pairs)
        pairs = dict.fromkeys(pair for cards in sets for pair in pairs_of_one_topic(cards))
        yield from ((prove_together, (scope, *pair)) for pair in pairs)
        yield from ((prove_critical, (scope, card_id)) for card_id in GROUPS if card_id in ids)
        yield prove_orders, (scope,)
        yield prove_no_silence, (scope,)


def prove_all(processes: int, progress: Callable[[int, int, int], None]) -> Tally:
    """Run the whole proof in this number of ``processes``. ``progress`` is called with the parts
    done, the number of all parts, and the states visited.

    Raises :class:`NotReady` before it begins.
    """
    check_ready()
    status_relation()  # computed once, before the processes are forked
    whole = list(
        parts(
            Scope(hook, distinct_sessions() if HOOKS[hook].has_drafts else [OPENING])
            for hook in distinct_hooks()
        )
    )
    total = Tally()
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("fork")) as pool:
        running = [pool.submit(prove, *arguments) for prove, arguments in whole]
        for done, part in enumerate(as_completed(running), 1):
            total.add(part.result())
            progress(done, len(whole), total.visited)
    return total


def distinct_hooks() -> list[str]:
    """Return one hook of each kind, and each further one whose cards differ from those before
    it."""
    found: list[str] = []
    for kind in hooks_of_kind().values():
        cards = {hook: [bare_cards(*setting, hook) for setting in SETTINGS] for hook in kind}
        found += [
            hook
            for position, hook in enumerate(kind)
            if all(cards[hook] != cards[before] for before in kind[:position])
        ]
    return found


def never_fired(tally: Tally) -> Iterator[tuple[str, str]]:
    """Yield the cards of each parameter set that fire in no state."""
    for parameters in PARAMETER_SETS:
        for card_id in engine(parameters, "all").cards:
            if not tally.deciding[parameters, card_id, ""]:
                yield parameters, card_id


def never_decided(tally: Tally) -> Iterator[tuple[str, str]]:
    """Yield the criteria that silence their card in no state of any parameter set, because other
    criteria always decide first."""
    decided = {
        (card_id, criterion) for (_, card_id, criterion), times in tally.deciding.items() if times
    }
    criteria = {
        (card.id, condition.id)
        for card in every_card()
        for condition in (*card.include, *card.exclude)
    }
    yield from sorted(criteria - decided)


def report(tally: Tally, seconds: float) -> Iterator[str]:
    """Yield the findings of the proof for a reader, each violation with its smallest state."""
    yield f"{tally.visited:,} distinguishable states in {seconds:.0f} s"
    smallest: dict[tuple[str, str], tuple[int, str]] = {}
    for violation in tally.violations:
        key = violation.rule, violation.card
        candidate = len(violation.state), str(violation)
        smallest[key] = min(smallest.get(key, candidate), candidate)
    for _, told in sorted(smallest.values()):
        yield f"VIOLATED  {told}"
    yield (
        f"{len(tally.violations):,} violations of {len(smallest)} rules"
        if smallest
        else "No violation."
    )
    for parameters, card_id in never_fired(tally):
        yield f"NEVER FIRES  {card_id} [{parameters}]"
    for card_id, criterion in never_decided(tally):
        yield f"never decides  {card_id}: {criterion}"
    for first, second in sorted(tally.contradictions):
        yield f"CONTRADICT  {first} and {second}"
    for (first, second), state in sorted(tally.together.items()):
        yield f"may fire together  {first} and {second} {state}"


def holds(tally: Tally) -> bool:
    """Whether nothing is violated, no two cards contradict each other, and each card
    fires in some state."""
    return not tally.violations and not tally.contradictions and not list(never_fired(tally))
