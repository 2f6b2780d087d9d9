"""``diff``: the changes between two sets of cards, in words, and the patients for whom they
matter."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any, NamedTuple

from ...engine import PARAMETER_SETS, Engine
from ...facts.catalogue import CATALOGUE, closure, readers
from ...rules.hook_table import hooks_of_kind, kind_of
from . import limits
from .compared import decides_otherwise, looked_at, rests_on
from .differing import Differing, Found, differing
from .question import Job
from .said import Said, differences
from .versions import Version


class CardStates(NamedTuple):
    """The states in which one card differs. ``when``: opening or ordering; ``whole``: whether every
    state was tried; ``sets``: the parameter sets with this result."""

    card: str
    when: str
    hooks: tuple[str, ...]
    found: tuple[Found, ...]
    whole: bool
    sets: tuple[str, ...]


class NotWalked(NamedTuple):
    """A changed parameter whose effect no state shows, because it is applied while the record is
    read or because only one version has it; with the facts that read it and the cards that rest on
    these. ``sets``: the parameter sets in which it is so."""

    parameter: str
    facts: tuple[str, ...]
    cards: tuple[str, ...]
    sets: tuple[str, ...]


class Comparison(NamedTuple):
    """All differences between two sets. ``states``: an entry for every card whose states were
    tried, whether or not any differs."""

    old: str
    new: str
    said: list[Said]
    states: list[CardStates]
    not_walked: list[NotWalked]

    @property
    def differs(self) -> bool:
        """Whether there is any difference."""
        return bool(self.said)


def compare(
    old: Version,
    new: Version,
    processes: int = 1,
    progress: Callable[[int, int], None] = lambda done, parts: None,
) -> Comparison:
    """Compare two sets of cards in this number of ``processes``. ``progress`` is called with the
    number of parts done and the number of all parts, each time a part is done."""
    said = differences(old.engines, new.engines)
    parts = _parts(old, new) if said else {}
    found = _differing([job for job, _ in parts.values()], processes, progress)
    states = [
        _card_states(job, differing, sets)
        for (job, sets), differing in zip(parts.values(), found, strict=True)
    ]
    return Comparison(
        old.name,
        new.name,
        said,
        _merged(states),
        _not_walked(old, new),
    )


def _parts(old: Version, new: Version) -> dict[Any, tuple[Job, tuple[str, ...]]]:
    """The jobs to run, each with the parameter sets for which its result is the same."""
    found: dict[Any, tuple[Job, tuple[str, ...]]] = {}
    for parameter_set in PARAMETER_SETS:
        for job in _jobs(old.engines[parameter_set], new.engines[parameter_set]):
            first, sets = found.get(_same_states(job), (job, ()))
            found[_same_states(job)] = first, (*sets, parameter_set)
    return found


def _differing(
    jobs: Sequence[Job], processes: int, progress: Callable[[int, int], None]
) -> list[Differing]:
    """How each job's card differs. Jobs cannot be pickled; forked processes inherit them."""
    found: dict[int, Differing] = {}
    if processes == 1 or len(jobs) < 2:
        for position, job in enumerate(jobs):
            found[position] = differing(job)
            progress(len(found), len(jobs))
    else:
        context = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(
            processes, context, initializer=_JOBS.extend, initargs=(jobs,)
        ) as pool:
            running = {
                pool.submit(_differing_at, position): position for position in range(len(jobs))
            }
            for done in as_completed(running):
                found[running[done]] = done.result()
                progress(len(found), len(jobs))
    return [found[position] for position in range(len(jobs))]


_JOBS: list[Job] = []  # inherited by forked processes


def _differing_at(position: int) -> Differing:
    return differing(_JOBS[position])


def _card_states(job: Job, found: Differing, sets: tuple[str, ...]) -> CardStates:
    hooks = tuple(
        hook
        for hook in hooks_of_kind()[kind_of(job.hook)]
        if any(job.card in each.cards_by_hook[hook] for each in (job.old, job.new))
    )
    return CardStates(job.card, kind_of(job.hook), hooks, *found, sets)


def _merged(made: Iterable[CardStates]) -> list[CardStates]:
    """The results, with equal ones of several parameter sets merged."""
    found: dict[Any, CardStates] = {}
    for each in made:
        key = (
            each.card,
            each.hooks,
            each.whole,
            tuple((part.kind, part.states) for part in each.found),
        )
        before = found.get(key)
        found[key] = before._replace(sets=(*before.sets, *each.sets)) if before else each
    return [
        each._replace(sets=tuple(name for name in PARAMETER_SETS if name in each.sets))
        for each in found.values()
    ]


def _same_states(job: Job) -> Any:
    """A key that is equal for two parameter sets if the walk of the card is the same in both."""
    cards = [
        engine.cards.get(name)
        for engine in (job.old, job.new)
        for name in (job.card, *sorted(job.decided))
    ]
    asked = {
        text
        for name in closure([name for card in cards if card for name in card.facts])
        for text in CATALOGUE[name].needs.parameters
    }
    read = [
        (name, str(engine.parameters[name].value))
        for engine in (job.old, job.new)
        for name in sorted(asked & engine.parameters.keys())
    ]
    # Of other cards, only their presence matters.
    others = [
        name in engine.cards
        for engine in (job.old, job.new)
        for name in sorted(looked_at(job.card, job.old.cards, job.new.cards))
    ]
    return job.card, job.hook, job.by_limits, tuple(map(repr, cards)), tuple(read), tuple(others)


def _jobs(old: Engine, new: Engine) -> Iterator[Job]:
    """The cards to walk: those whose decision changed, those that ask about such a card, and those
    that a changed limit concerns."""
    touched = frozenset(
        name for parameter in limits.changed_parameters(old, new) for name in readers(parameter)
    )
    moved = limits.of_parameters(old, new)
    for card_id in sorted({*old.cards, *new.cards}):
        others = looked_at(card_id, old.cards, new.cards)
        otherwise = {
            name
            for name in (card_id, *others)
            if decides_otherwise(old.cards.get(name), new.cards.get(name))
        }
        # A card that asks about a differing card can differ too.
        unlike = {
            name for name in others if name in otherwise or _concerned(name, touched, old, new)
        }
        decided = frozenset(
            name for name in others if unlike & {name, *looked_at(name, old.cards, new.cards)}
        )
        if not (otherwise or decided or _concerned(card_id, touched, old, new)) or _lacking(
            card_id, others, old, new
        ):
            continue
        changed = [
            limits.of_criteria(old.cards.get(name), new.cards.get(name), (old.site, new.site))
            for name in (card_id, *decided)
        ]
        extras = moved if not otherwise else limits.merged([moved, *changed])
        for hook in _distinct_hooks(card_id, decided, old, new):
            yield Job(old, new, card_id, hook, decided, touched, extras, by_limits=not otherwise)


def _lacking(card_id: str, others: set[str], old: Engine, new: Engine) -> bool:
    """Whether the card, or one that it asks about, reads a parameter that only one of the sets
    has, so that the other set cannot decide it."""
    only_one = old.parameters.keys() ^ new.parameters.keys()
    readers_of = frozenset(name for parameter in only_one for name in readers(parameter))
    return any(_concerned(name, readers_of, old, new) for name in (card_id, *others))


def _concerned(card_id: str, touched: frozenset[str], old: Engine, new: Engine) -> bool:
    return any(
        card_id in engine.cards and rests_on(engine.cards[card_id], touched)
        for engine in (old, new)
    )


def _distinct_hooks(
    card_id: str, decided: frozenset[str], old: Engine, new: Engine
) -> Iterator[str]:
    """The hooks on which to try the card: one for each kind and each combination of relevant cards
    present."""
    seen: set[Any] = set()
    for kind, hooks in hooks_of_kind().items():
        for hook in hooks:
            present = [
                (name in engine.cards_by_hook[hook])
                for engine in (old, new)
                for name in sorted({card_id, *decided})
            ]
            key = (kind, tuple(present))
            speaks = any(card_id in engine.cards_by_hook[hook] for engine in (old, new))
            if speaks and key not in seen:
                seen.add(key)
                yield hook


def _not_walked(old: Version, new: Version) -> list[NotWalked]:
    """The changed parameters that no walked state shows, in every parameter set."""
    found: dict[Any, tuple[str, ...]] = {}
    for parameter_set in PARAMETER_SETS:
        for left in _left_open(old.engines[parameter_set], new.engines[parameter_set]):
            found[left] = (*found.get(left, ()), parameter_set)
    return [
        NotWalked(parameter, facts, cards, sets)
        for (parameter, facts, cards), sets in found.items()
    ]


def _left_open(old: Engine, new: Engine) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """The parameter, facts and cards of each changed parameter that no walked state shows: only
    facts that read the record use it, or only one version has it."""
    shown = limits.of_parameters(old, new).walked
    only_one = sorted(old.parameters.keys() ^ new.parameters.keys())
    for parameter in (*limits.changed_parameters(old, new), *only_one):
        read = [
            name
            for name in CATALOGUE
            if name in readers(parameter) and (CATALOGUE[name].queries or parameter in only_one)
        ]
        if parameter not in shown and read:
            cards = [card.id for card in new.cards.values() if set(closure(card.facts)) & set(read)]
            yield parameter, tuple(read), tuple(cards)
