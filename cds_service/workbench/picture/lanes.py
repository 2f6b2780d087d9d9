"""The results of a record by analyte and unit, classified by the limits of the parameter set."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from ...facts.analytes import ANALYTES, Analyte, Family
from ...facts.blood_count import AnaemiaLimits
from ...facts.catalogue import CATALOGUE, Facts
from ...facts.fact import Fact
from ...facts.laboratory import Result, measured
from ...facts.laboratory_order import Reading
from ...fhir.interval import Cut, Interval
from ...fhir.r4 import Observation
from ...rendering.card_text import capital, day_text
from .words import from_record, interval_words, length_words, number_words, unit_words

SHOWN = (
    "b12.total",
    "b12.active",
    "folate.serum",
    "folate.red_cell",
    "hb",
    "mcv",
    "potassium",
    "mma",
    "homocysteine",
)
# The facts through which cards use an analyte's results, if not only the fact of the same name.
_FACTS = {"potassium": ("potassium", "potassium.recent")}
# Analytes that vary by multiples: a linear scale would crowd their limits together.
_BY_MULTIPLES = frozenset(
    {"b12.total", "b12.active", "folate.serum", "folate.red_cell", "mma", "homocysteine"}
)
_LONGEST_VALUE = 32


class Limit(NamedTuple):
    """A decision limit, such as ``180``, in words (``deficient below 180``) and in short
    (``deficient <180``)."""

    value: float
    told: str
    short: str


class Band(NamedTuple):
    """The range of a class, with ``None`` for an open end. ``side``: ``low``, ``middle``,
    ``normal`` or ``high``."""

    low: float | None
    high: float | None
    name: str
    side: str


class Point(NamedTuple):
    """A result. ``value``: in the unit of its lane, ``None`` if not known; ``beyond``: ``up`` or
    ``down`` for a result with a comparator; ``side``: as of a band, ``""`` if no limit applies;
    ``problem``: why it cannot be used, ``""`` if it is usable; ``used``: whether cards use it."""

    day: date | None
    value: float | None
    beyond: str
    shown: str
    as_sent: str
    level: str
    side: str
    range: str
    reference: str
    remark: str
    problem: str
    used: bool

    @property
    def told(self) -> str:
        """The result in one line: value, day, class, and problem or remark."""
        parts = [
            self.as_sent or "no value",
            day_text(self.day) if self.day else "without a usable date",
            self.level,
        ]
        parts += [f"cannot be used: {self.problem}"] if self.problem else [self.remark]
        return ", ".join(filter(None, parts))


class Lane(NamedTuple):
    """The results of an analyte in one family of units, newest first. ``by_multiples``: whether the
    scale is logarithmic."""

    analyte: str
    title: str
    unit: str
    by_multiples: bool
    limits: tuple[Limit, ...]
    bands: tuple[Band, ...]
    points: tuple[Point, ...]
    notes: tuple[str, ...]

    @property
    def usable(self) -> list[Point]:
        """The points that can be used, newest first."""
        return [point for point in self.points if not point.problem]


def lanes_of(facts: Facts) -> tuple[Lane, ...]:
    """A lane for each analyte and family of units with a result in the record, usable or not."""
    return tuple(lane for name in SHOWN for lane in _lanes(ANALYTES[name], facts))


def _lanes(analyte: Analyte, facts: Facts) -> Iterator[Lane]:
    points: dict[str, list[Point]] = {family.unit: [] for family in analyte.families}
    untold: list[Point] = []
    used = [fact.value for fact in _facts(analyte, facts) if fact.value is not None]
    for reading, result in facts.record.results(analyte, facts.today).readings():
        if isinstance(result, Result):
            points[result.unit].append(_usable(result, analyte, facts, used=result in used))
            continue
        stated = measured(reading.resource, analyte, facts.site)
        place = untold if isinstance(stated, str) else points[stated.family.unit]
        place.append(
            _unusable(reading, None if isinstance(stated, str) else stated.interval, result)
        )
    # Results without a usable unit join the first lane with results, or get one of their own.
    home = next((unit for unit, found in points.items() if found), analyte.families[0].unit)
    points[home] = sorted(
        untold + points[home], key=lambda point: point.day or date.max, reverse=True
    )
    several = sum(map(bool, points.values())) > 1
    for family in analyte.families:
        if found := points[family.unit]:
            yield _lane(analyte, family, found, facts, several=several)


def _facts(analyte: Analyte, facts: Facts) -> list[Fact]:
    return [facts[name] for name in _FACTS.get(analyte.name, (analyte.name,))]


def _lane(
    analyte: Analyte, family: Family, points: list[Point], facts: Facts, *, several: bool
) -> Lane:
    limits, bands = _limits(analyte, family, facts)
    title = capital(CATALOGUE[analyte.name].title)
    notes = [] if several and not any(point.used for point in points) else _notes(analyte, facts)
    by_multiples = analyte.name in _BY_MULTIPLES
    return Lane(
        analyte.name,
        title,
        unit_words(family.unit),
        by_multiples,
        limits,
        bands,
        tuple(points),
        tuple(notes),
    )


def _notes(analyte: Analyte, facts: Facts) -> list[str]:
    """Notes on why cards use none of the results, and on whom the limits apply to."""
    found = _facts(analyte, facts)
    told = []
    if all(fact.value is None for fact in found):
        last = found[-1]
        window = (
            f" of {length_words(facts.site.days(analyte.window).days)}"
            if "window" in last.note and len(found) == 1
            else ""
        )
        told.append(f"Cards use none of these: {last.note}{window}.")
    if analyte.name == "hb":
        told.append(
            "The limit is the one for the patient's age, sex and pregnancy today."
            if AnaemiaLimits(facts).limits()
            else "There is no limit below six months of age."
        )
    return told


def _usable(result: Result, analyte: Analyte, facts: Facts, *, used: bool) -> Point:
    interval = result.interval
    side = (
        _side(analyte, result.level)
        if analyte.classes
        else _side_of_anaemia(interval, facts)
        if analyte.name == "hb"
        else ""
    )
    laboratory = analyte.side_of(result.level) if analyte.classes else ""
    remarks = {
        "check the value": result.suspicious,
        "haemolysed": result.haemolysed,
        "point of care": result.point_of_care,
        f"the laboratory calls it {result.side}": bool(result.side)
        and laboratory not in ("", result.side),
        "used by cards": used,
    }
    remark = ", ".join(remark for remark, holds in remarks.items() if holds)
    level = (
        result.level.replace("-", " ")
        if analyte.classes
        else {"low": "below today's limit"}.get(side, "")
    )
    value, beyond = _placed(interval)
    return Point(
        result.moment.day,
        value,
        beyond,
        interval_words(interval),
        from_record(result.as_sent, _LONGEST_VALUE),
        level,
        side,
        from_record(result.range),
        from_record(result.reference),
        remark,
        "",
        used,
    )


def _unusable(reading: Reading, interval: Interval | None, problem: str) -> Point:
    value, beyond = _placed(interval) if interval is not None else (None, "")
    shown = interval_words(interval) if interval is not None else ""
    day = reading.moment.day if reading.moment is not None else None
    as_sent = from_record(_as_sent(reading.resource), _LONGEST_VALUE)
    return Point(
        day,
        value,
        beyond,
        shown,
        as_sent,
        "",
        "",
        "",
        from_record(reading.resource.relative),
        "",
        problem,
        used=False,
    )


def _as_sent(resource: Observation) -> str:
    quantity = resource.valueQuantity
    if quantity is None:
        return resource.valueString
    number = quantity.number
    return (
        f"{quantity.comparator}{number:f} {quantity.unit or quantity.code}".strip()
        if number is not None
        else "no number"
    )


def _placed(interval: Interval) -> tuple[float, str]:
    """The value at which a result is drawn, and the direction in which the true value may lie."""
    value = interval.low if interval.low is not None else interval.high
    assert value is not None
    return float(
        value
    ), "" if interval.point is not None else "up" if interval.high is None else "down"


def _side(analyte: Analyte, level: str) -> str:
    return {"indeterminate": "middle"}.get(level, analyte.side_of(level))


def _limits(
    analyte: Analyte, family: Family, facts: Facts
) -> tuple[tuple[Limit, ...], tuple[Band, ...]]:
    if analyte.name == "hb":
        return _limits_of_anaemia(AnaemiaLimits(facts).limits())
    cuts = analyte.cuts_for(family, facts.site)
    limits = tuple(
        _limit(cut, below, above, analyte)
        for cut, (below, above) in zip(cuts, pairwise(analyte.classes), strict=False)
    )
    ends = [None, *(float(cut.value) for cut in cuts), None]
    bands = zip(ends, ends[1:], analyte.classes, strict=False)
    return limits, tuple(
        Band(low, high, level.replace("-", " "), _side(analyte, level))
        for low, high, level in bands
    )


def _limit(cut: Cut, below: str, above: str, analyte: Analyte) -> Limit:
    """Describe a limit by the class below it; if that is the indeterminate or the reassuring one,
    by the class above it."""
    value = number_words(cut.value)
    if below in ("indeterminate", analyte.reassuring):
        name, word, sign = above, *(("from", "≥") if cut.inclusive else ("above", ">"))
    else:
        name, word, sign = below, *(("below", "<") if cut.inclusive else ("up to", "≤"))
    name = name.replace("-", " ")
    return Limit(float(cut.value), f"{name} {word} {value}", f"{name} {sign}{value}")


def _limits_of_anaemia(
    limits: tuple[Decimal, Decimal] | None,
) -> tuple[tuple[Limit, ...], tuple[Band, ...]]:
    if limits is None:
        return (), ()
    low, none_from = (float(limit) for limit in limits)
    below, above = map(number_words, limits)
    told = [Limit(low, f"anaemia below {below}", f"anaemia <{below}")]
    bands = [Band(None, low, "anaemia", "low")]
    if low < none_from:
        told.append(Limit(none_from, f"no anaemia from {above}", f"none ≥{above}"))
        bands.append(Band(low, none_from, "depends", "middle"))
    return tuple(told), (*bands, Band(none_from, None, "no anaemia", "normal"))


def _side_of_anaemia(interval: Interval, facts: Facts) -> str:
    limits = AnaemiaLimits(facts).limits()
    if limits is None:
        return ""
    if interval.below(limits[0]):
        return "low"
    return "normal" if interval.below(limits[1]) is False else "middle"
