"""Values between an old and a new limit. The classes of the safety proof lack them, since they are
made for one set of limits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from ...engine import Engine
from ...facts.analytes import ANALYTES, Analyte
from ...facts.catalogue import CATALOGUE
from ...facts.domains import result_of
from ...facts.fact import Fact, absent, known
from ...facts.kinds import DATE, NUMBER, RESULT
from ...facts.session import OrderingSession
from ...facts.site import Site
from ...fhir.dates import Moment
from ...rules.card import Card
from ...states.domains import domains, in_unit_of
from ...states.limits import DRAFTED, inputs_of, level_at
from ...states.values import NOW, around
from ...states.walk import Choices, StateFacts, walk

_AGE = "patient.age_months"
_AGES = ("age.adult_from", "age.at_risk_from")
_DRAFTS = DRAFTED | {
    "folate.low_dose_up_to": "folic_acid",
    "therapy.oral_from": "oral_b12",
    "therapy.oral_from_dietary": "oral_b12",
    "neuro.interval_up_to": "injected_every",
    "loading.interval_up_to": "injected_every",
}


class Extra(NamedTuple):
    """A class of an input that is tried besides those of the proof, with its fact in the old and in
    the new set."""

    label: str
    old: Fact
    new: Fact


@dataclass(eq=False)
class Extras:
    """Additional things to try: classes of inputs, and drafts of given doses in micrograms or
    intervals in days.

    ``walked``: the parameters whose change they show.
    """

    inputs: dict[str, list[Extra]] = field(default_factory=dict)
    drafts: dict[str, set[Decimal]] = field(default_factory=dict)
    walked: set[str] = field(default_factory=set)

    def add(self, name: str, extra: Extra) -> None:
        """Add a class of the input ``name``, unless it has one with that label."""
        found = self.inputs.setdefault(name, [])
        if extra.label not in [each.label for each in found]:
            found.append(extra)


def of_parameters(old: Engine, new: Engine) -> Extras:
    """Return, for each parameter that limits a result, an age or a dose and whose number changed, a
    value between the old and the new number."""
    extras = Extras()
    for name in changed_parameters(old, new):
        before, after = old.parameters[name].value, new.parameters[name].value
        unit = (
            next((unit for unit in before if before[unit] != after[unit]), "")
            if isinstance(before, dict)
            else ""
        )
        ends = (before[unit], after[unit]) if unit else (before, after)
        if all(isinstance(end, Decimal) for end in ends):
            _between(extras, name, unit, sorted(ends), (old.site, new.site))
    return extras


def _between(
    extras: Extras, name: str, unit: str, ends: list[Decimal], sites: tuple[Site, Site]
) -> None:
    low, high = ends
    middle = (low + high) / 2
    for fact in CATALOGUE:
        analyte = _analyte(fact)
        if analyte and name in [cut.parameter for cut in analyte.cuts]:
            extras.add(fact, _result(analyte, middle, unit, sites))
            extras.walked.add(name)
        elif analyte and name == analyte.window:
            for extra in _outside_one_window(fact, name, int(low), int(high), sites):
                extras.add(fact, extra)
            extras.walked.add(name)
    if name in _AGES:
        extras.add(_AGE, _same(f"{int(middle)} years", int(middle) * 12))
        extras.walked.add(name)
    elif name.startswith("anaemia."):
        extras.add("hb", _result(ANALYTES["hb"], middle, "g/L", sites))
        extras.walked.add(name)
    elif name in _DRAFTS:
        extras.drafts.setdefault(_DRAFTS[name], set()).add(middle)
        extras.walked.add(name)


def _outside_one_window(
    fact: str, window: str, low: int, high: int, sites: tuple[Site, Site]
) -> Iterator[Extra]:
    """Each result that the proof tries, dated within the longer window only, so that the set with
    the shorter window finds no result."""
    days = (low + high + 1) // 2
    instant = NOW - timedelta(days=days)

    def start(choices: Choices) -> StateFacts:
        return StateFacts(sites[0], OrderingSession(), NOW, domains(), choices)

    for _, tried in walk(start, lambda facts: facts[fact]):
        if tried.value is not None and not tried.value.haemolysed:
            result = tried.value._replace(moment=Moment(instant.date(), instant))
            sides = (
                known(result, result.source) if site.days(window).days >= days else absent()
                for site in sites
            )
            yield Extra(f"{result.as_sent}, {days} days ago", *sides)


def of_criteria(old: Card | None, new: Card | None, sites: tuple[Site, Site]) -> Extras:
    """Return, for each fact that the two versions of a card compare with different numbers, those
    numbers and one in each interval between them."""
    extras = Extras()
    asked = [_comparisons(card) for card in (old, new)]
    for fact in {name for name, _, _ in asked[0] ^ asked[1]}:
        limits = sorted({operand for name, _, operand in asked[0] | asked[1] if name == fact})
        for value in around(
            limits,
            whole=CATALOGUE[fact].unit in ("d", "a", "mo", "") or CATALOGUE[fact].kind is DATE,
        ):
            _add_value(extras, fact, value, sites)
    return extras


def changed_parameters(old: Engine, new: Engine) -> list[str]:
    """Return the parameters of both sets whose value changed."""
    return [
        name
        for name, entry in old.parameters.items()
        if name in new.parameters and entry.value != new.parameters[name].value
    ]


def _comparisons(card: Card | None) -> set[tuple[str, str, Decimal]]:
    asked = card.asks if card else ()
    return {
        (each.fact, each.operator, each.operand)
        for each in asked
        if isinstance(each.operand, Decimal)
    }


def _add_value(extras: Extras, fact: str, value: Decimal, sites: tuple[Site, Site]) -> None:
    if fact in _DRAFTS:
        extras.drafts.setdefault(_DRAFTS[fact], set()).add(value)
    for name in inputs_of(fact):
        kind, unit, analyte = CATALOGUE[name].kind, CATALOGUE[name].unit, _analyte(name)
        number = in_unit_of(name, value, fact)
        if kind is DATE:
            day = NOW.date() - timedelta(days=int(number))
            extras.add(name, _same(f"{value} days ago", day))
        elif analyte:
            extras.add(name, _result(analyte, value, unit, sites))
        elif unit == "mo":
            months = int(number)
            words = f"{months} months" if months % 12 else f"{months // 12} years"
            extras.add(name, _same(words, months))
        elif kind is NUMBER:
            extras.add(name, _same(f"{number:f} {unit}", float(number)))


def _same(label: str, value: Any) -> Extra:
    return Extra(label, known(value), known(value))


def _analyte(fact: str) -> Analyte | None:
    return (
        ANALYTES.get("egfr.reported" if fact == "egfr" else fact)
        if CATALOGUE[fact].kind is RESULT
        else None
    )


def _result(analyte: Analyte, value: Decimal, unit: str, sites: Iterable[Site]) -> Extra:
    """A result of ``value``, three days old, with the class that each site gives it."""
    sent = f"{value.normalize():f}"
    old, new = (
        result_of(analyte.name, sent, level_at(analyte, value, unit, site), 3, unit=unit)
        .at(NOW)[0]
        .fact
        for site in sites
    )
    return Extra(old.value.as_sent, old, new)


def merged(parts: Collection[Extras]) -> Extras:
    """Combine ``parts`` into one."""
    whole = Extras()
    for part in parts:
        for name, extras in part.inputs.items():
            for extra in extras:
                whole.add(name, extra)
        for kind, values in part.drafts.items():
            whole.drafts.setdefault(kind, set()).update(values)
        whole.walked |= part.walked
    return whole


def drafted(extras: Extras) -> Mapping[str, list[Any]]:
    """Return the doses and intervals in the form that ``dosed_sessions`` takes."""
    return {
        "folic_acid": sorted(extras.drafts.get("folic_acid", ())),
        "oral_b12": sorted(extras.drafts.get("oral_b12", ())),
        "injected_every": sorted(
            {Decimal(max(1, int(days))) for days in extras.drafts.get("injected_every", ())}
        ),
    }
