"""Values that stand between an old and a new limit, which the classes of the proof, made for one
set of limits, do not have."""

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
    """A class of an input that is tried beside those of the proof, with the fact that it is in the
    old set and in the new one."""

    label: str
    old: Fact
    new: Fact


@dataclass(eq=False)
class Extras:
    """What is tried besides: classes of inputs, and drafts of so many
    micrograms or of so many days.

    ``walked``: the parameters whose change they show.
    """

    inputs: dict[str, list[Extra]] = field(default_factory=dict)
    drafts: dict[str, set[Decimal]] = field(default_factory=dict)
    walked: set[str] = field(default_factory=set)

    def add(self, name: str, extra: Extra) -> None:
        """Add a class of the input ``name``, once."""
        found = self.inputs.setdefault(name, [])
        if extra.label not in [each.label for each in found]:
            found.append(extra)


def of_parameters(old: Engine, new: Engine) -> Extras:
    """For each parameter with another number, a value between the old and the new one, where it is
    a limit of a result, an age or a dose."""
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
    """Each result that the proof tries, of a day within the longer window only: to the set with the
    shorter one there is none."""
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
    """For each fact that the two versions of a card compare with other numbers: those numbers, and
    one in each interval between."""
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
    """The parameters that have another value."""
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
    """A result of ``value``, three days ago, in the class that each site puts it in."""
    sent = f"{value.normalize():f}"
    old, new = (
        result_of(analyte.name, sent, level_at(analyte, value, unit, site), 3, unit=unit)
        .at(NOW)[0]
        .fact
        for site in sites
    )
    return Extra(old.value.as_sent, old, new)


def merged(parts: Collection[Extras]) -> Extras:
    """All of ``parts`` together."""
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
    """The doses and intervals as ``dosed_sessions`` takes them."""
    return {
        "folic_acid": sorted(extras.drafts.get("folic_acid", ())),
        "oral_b12": sorted(extras.drafts.get("oral_b12", ())),
        "injected_every": sorted(
            {Decimal(max(1, int(days))) for days in extras.drafts.get("injected_every", ())}
        ),
    }
