"""``diff``: what changed between two sets of cards, in words and by the patients for whom it makes a difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ...engine import PARAMETER_SETS, Engine
from ...facts.catalogue import CATALOGUE, closure
from . import limits
from .compared import decides_otherwise, looked_at, rests_on
from .readers import readers
from .said import Said, differences
from .states import ORDERING, Found, Job, differing
from .versions import Version

_HOOKS = {"opening": ("patient-view", "encounter-discharge"), "ordering": ORDERING}


class CardStates(NamedTuple):
    """How one card differs by state. ``when``: opening or ordering; ``sets``: the parameter sets that have it so."""

    card: str
    when: str
    hooks: tuple[str, ...]
    found: tuple[Found, ...]
    sets: tuple[str, ...]


class NotWalked(NamedTuple):
    """A parameter that changed and of which no state shows the change, with the facts that read it from the record."""

    parameter: str
    facts: tuple[str, ...]
    cards: tuple[str, ...]


class Comparison(NamedTuple):
    """All that differs between two sets. ``walked``: the cards whose states were looked at."""

    old: str
    new: str
    said: list[Said]
    states: list[CardStates]
    walked: tuple[str, ...]
    not_walked: list[NotWalked]

    @property
    def differs(self) -> bool:
        """Whether there is any difference."""
        return bool(self.said)


def compare(old: Version, new: Version, progress: Callable[[str], None] = lambda card: None) -> Comparison:
    """Compare two sets of cards; ``progress`` is told each card before its states are walked."""
    said = differences(old.engines, new.engines)
    states: list[CardStates] = []
    walked: dict[str, None] = {}
    for parameter_set in PARAMETER_SETS if said else ():
        for job in _jobs(old.engines[parameter_set], new.engines[parameter_set]):
            _take(states, job, parameter_set, progress)
            walked[job.card] = None
    return Comparison(old.name, new.name, said, states, tuple(walked), _not_walked(old.engines["default"], new.engines["default"]))


def _take(states: list[CardStates], job: Job, parameter_set: str, progress: Callable[[str], None]) -> None:
    progress(f"{job.card} [{parameter_set}, {job.hook}]")
    found = differing(job)
    if not found:
        return
    hooks = tuple(hook for hook in _hooks_of(job) if job.card in job.old.cards_by_hook[hook] or job.card in job.new.cards_by_hook[hook])
    when = "ordering" if job.hook in ORDERING else "opening"
    for position, earlier in enumerate(states):
        same = (earlier.card, earlier.when, _counted(earlier.found)) == (job.card, when, _counted(tuple(found)))
        if same and parameter_set not in earlier.sets:
            states[position] = earlier._replace(sets=(*earlier.sets, parameter_set))
            return
    states.append(CardStates(job.card, when, hooks, tuple(found), (parameter_set,)))


def _counted(found: tuple[Found, ...]) -> list[tuple[str, int]]:
    return [(each.kind, each.states) for each in found]


def _hooks_of(job: Job) -> tuple[str, ...]:
    return next(hooks for hooks in _HOOKS.values() if job.hook in hooks)


def _jobs(old: Engine, new: Engine) -> Iterator[Job]:
    """What has to be walked: cards that decide otherwise, those that look at one of these, those that a moved limit concerns."""
    touched = frozenset(name for parameter in limits.changed_parameters(old, new) for name in readers(parameter))
    moved = limits.of_parameters(old, new)
    for card_id in sorted({*old.cards, *new.cards}):
        others = looked_at(card_id, old.cards, new.cards)
        decided = frozenset(name for name in others if decides_otherwise(old.cards.get(name), new.cards.get(name)) or _concerned(name, touched, old, new))
        own = decides_otherwise(old.cards.get(card_id), new.cards.get(card_id))
        if not (own or decided or _concerned(card_id, touched, old, new)):
            continue
        by_limits = not own and not any(decides_otherwise(old.cards.get(name), new.cards.get(name)) for name in decided)
        changed = [limits.of_criteria(old.cards.get(name), new.cards.get(name), (old.site, new.site)) for name in (card_id, *decided)]
        extras = limits.merged([moved, *changed])
        for hook in _distinct_hooks(card_id, decided, old, new):
            yield Job(old, new, card_id, hook, decided, touched, extras, by_limits)


def _concerned(card_id: str, touched: frozenset[str], old: Engine, new: Engine) -> bool:
    return any(card_id in engine.cards and rests_on(engine.cards[card_id], touched) for engine in (old, new))


def _distinct_hooks(card_id: str, decided: frozenset[str], old: Engine, new: Engine) -> Iterator[str]:
    """One hook of each kind for the card, and two where its kind's hooks do not have the same cards of those that matter."""
    seen: set[Any] = set()
    for kind, hooks in _HOOKS.items():
        for hook in hooks:
            present = [(name in engine.cards_by_hook[hook]) for engine in (old, new) for name in sorted({card_id, *decided})]
            key = (kind, tuple(present))
            speaks = any(card_id in engine.cards_by_hook[hook] for engine in (old, new))
            if speaks and key not in seen:
                seen.add(key)
                yield hook


def _not_walked(old: Engine, new: Engine) -> list[NotWalked]:
    """The parameters that only the reading of the record takes up, so that no class of states shows their change."""
    shown = limits.of_parameters(old, new).walked
    found = []
    for parameter in limits.changed_parameters(old, new):
        read = [name for name in CATALOGUE if name in readers(parameter) and CATALOGUE[name].queries]
        if parameter not in shown and read:
            cards = [card.id for card in new.cards.values() if set(closure(card.facts)) & set(read)]
            found.append(NotWalked(parameter, tuple(read), tuple(cards)))
    return found
