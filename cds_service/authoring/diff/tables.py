"""The domain of each input for two sets of cards at once: the classes of the safety proof, and
values between the limits of the two sets."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from ...facts.blood_count import ANY_HAEMOGLOBIN
from ...facts.catalogue import Facts, closure
from ...facts.domains import FALSE, TRUE, YES_NO, Class, Domain, given, where
from ...facts.renal import ANY_RATE
from ...facts.results import level_of
from ...states.domains import COLLAPSED, domains
from ...states.status import ANY_STATUS, ANY_SUSPICION, STATUS
from ...states.walk import Relation
from .limits import Extra

# Facts that the proof tries instead of their inputs. If a limit on one of these inputs changed, the
# fact is worked out from them instead.
_WORKED_OUT = frozenset(
    {*COLLAPSED, STATUS, "b12.low_on_therapy", "b12.result_day", "anaemia.severe"}
)
# Renal dysfunction, given the eGFR that is tried before it.
_BY_RATE = given(
    "egfr",
    yes=where(level_of("egfr").is_one_of("reduced"), TRUE, otherwise=(TRUE, FALSE)),
    no=YES_NO,
    unknown=YES_NO,
)


class Table(NamedTuple):
    """The classes of every input in each of the two sets, the facts that are worked out rather than
    tried, and the relation of statuses and inputs. ``only``: the input whose value lies between its
    limits."""

    old: Mapping[str, Domain]
    new: Mapping[str, Domain]
    worked_out: frozenset[str]
    relation: Relation | None = None
    only: str = ""


def table(
    extras: Mapping[str, Sequence[Extra]],
    only: str = "",
    without: Collection[str] = (),
    *,
    whole: bool = False,
) -> Table:
    """Return the classes of the proof together with ``extras``.

    ``only``: an input of which only the extra classes are tried. ``without``: inputs whose extra
    classes are left out. ``whole``: whether to work out every fact that can be derived from others,
    rather than try it.
    """
    tried = {**domains(), STATUS: ANY_STATUS}
    worked_out = (
        _WORKED_OUT
        if whole
        else frozenset(name for name in _WORKED_OUT if set(extras) & set(closure([name])))
    )
    # The proof tries anaemia first and then a haemoglobin that agrees with it; here anaemia is
    # worked out from the haemoglobin.
    if "anaemia" in worked_out:
        tried["hb"] = ANY_HAEMOGLOBIN
    if STATUS in worked_out and not whole:
        tried["b12.suspicion"] = ANY_SUSPICION
    if "egfr" in extras or whole:
        tried |= {"egfr": ANY_RATE, "renal.dysfunction": _BY_RATE}
    counted = {name: found for name, found in extras.items() if name not in without}
    sides = [_with_extras(tried, counted, only, side) for side in (0, 1)]
    if whole:
        sides = [
            {name: _plain_first(of_input, name) for name, of_input in classes.items()}
            for classes in sides
        ]
    return Table(sides[0], sides[1], worked_out, None, only)


def _with_extras(
    tried: Mapping[str, Domain], extras: Mapping[str, Sequence[Extra]], only: str, side: int
) -> dict[str, Domain]:
    """The classes of one ``side`` (0 the old set, 1 the new one)."""
    classes = dict(tried)
    for name, of_input in extras.items():
        if name in classes:
            added = [Class(extra.label, (extra.old, extra.new)[side]) for extra in of_input]
            with_added = _restricted if name == only else _extended
            classes[name] = with_added(classes[name], added)
    return classes


def _extended(domain: Domain, added: Sequence[Class]) -> Domain:
    def extended(facts: Facts) -> Sequence[Class]:
        options = domain.classes(facts)
        labels = {option.label for option in options}
        return (
            [*options, *(each for each in added if each.label not in labels)]
            if _admits_values(options)
            else options
        )

    return Domain(extended)


def _restricted(domain: Domain, added: Sequence[Class]) -> Domain:
    return Domain(lambda facts: added if _admits_values(domain.classes(facts)) else ())


def _plain_first(domain: Domain, name: str) -> Domain:
    """The same classes, ordered so that the first example found is easy to read: known before
    unknown, "no" before "yes", and B12 measured as total B12."""
    first = (
        ("deficient@5", "sufficient@5")
        if name == "b12.total"
        else ("false", "absent", "30 years", "female")
    )

    def rank(option: Class) -> tuple[bool, bool, bool]:
        return option.fact.is_unknown, option.label not in first, option.label == "true"

    return Domain(lambda facts: sorted(domain.classes(facts), key=rank))


def _admits_values(options: Sequence[Class]) -> bool:
    """Whether the input can have a value of its own, not only one copied from another fact."""
    return any(option.fact.value is not None and not option.copied for option in options)
