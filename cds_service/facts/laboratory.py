"""Reading laboratory results: from raw Observations to usable results, newest first (clinical
specification, section 2)."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator
from datetime import date, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, NamedTuple

from ..fhir.dates import Moment, parse_moment
from ..fhir.index import ResourceIndex
from ..fhir.interval import Interval
from ..fhir.r4 import Observation, Quantity
from ..fhir.units import EQUIVALENTS, MASS, MOLAR, Unit, unit_of
from .analytes import Analyte, Family
from .fact import Source
from .laboratory_order import Reading, newest_first
from .laboratory_range import laboratory_range, laboratory_side
from .site import Site
from .wording import REMARKS, remarks, says_haemolysed

# Statuses of an Observation that is not a result, or not yet.
NO_RESULT = frozenset({"registered", "cancelled", "entered-in-error"})
FINAL = frozenset({"final", "amended", "corrected"})
_CORRECTION = frozenset({"amended", "corrected"})
# Why a potassium that would reassure is not used.
HAEMOLYSED_SAMPLE = "a haemolysed sample"
# The length of code, system and printed unit together; the bound keeps hostile units out of the
# cache.
_LONGEST_UNIT = 200
_STRICT_VALUE = re.compile(
    r"(<=|>=|<|>)?\s*(\d+(?:\.\d+)?)\s*([^\d\s].*|(?<=\s)10[^\d\s.,].*)\Z", re.DOTALL
)


class Result(NamedTuple):
    """A usable laboratory result. ``interval`` is in ``unit``; ``as_sent`` is what the laboratory
    reported. ``range`` is the laboratory's own range, as text; ``side`` says where the laboratory
    puts the result in it: ``low``, ``normal`` or ``high``."""

    analyte: str
    interval: Interval
    unit: str
    level: str
    as_sent: str
    moment: Moment
    reference: str
    suspicious: bool
    haemolysed: bool
    point_of_care: bool
    range: str = ""
    side: str = ""

    @property
    def source(self) -> Source:
        """The provenance of a fact that rests on this result."""
        return Source(self.reference, self.moment.day, self.as_sent)


class Measured(NamedTuple):
    """The value of an Observation, in the unit of the ``family`` in which it is compared;
    ``as_sent`` is what the laboratory reported."""

    interval: Interval
    family: Family
    as_sent: str


class Results:
    """The results of one analyte, newest first; each is read only on demand."""

    def __init__(self, index: ResourceIndex, analyte: Analyte, site: Site, today: date):
        self._analyte = analyte
        self._site = site
        self._tied: dict[int, Result | str] = {}  # by Python id: results read to break a tie
        readings = _readings(index, analyte, site.zone, today)
        if any(reading.status in _CORRECTION for reading in readings):
            superseded = _superseded(readings)
            readings = [reading for reading in readings if id(reading.resource) not in superseded]
        self._readings = newest_first(readings, site.zone, self._abnormality)
        self._read: list[tuple[Moment | None, Result | str]] = []

    def __bool__(self) -> bool:
        return bool(self._readings)

    def __iter__(self) -> Iterator[tuple[Moment | None, Result | str]]:
        """Each reading's moment with its result, or the reason why it cannot be used;
        undated ones first."""
        for position, reading in enumerate(self._readings):
            if position == len(self._read):
                result = self._tied.get(id(reading)) or self._result(reading)
                self._read.append((reading.moment, result))
            yield self._read[position]

    def readings(self) -> Iterator[tuple[Reading, Result | str]]:
        """Each reading with its result, or the reason why it cannot be used; undated ones first."""
        for reading, (_, result) in zip(self._readings, self, strict=True):
            yield reading, result

    def usable(self, oldest: date) -> Iterator[Result]:
        """The usable results from the day ``oldest`` on, newest first."""
        for moment, result in self:
            if moment is not None and moment.day < oldest:
                return
            if isinstance(result, Result):
                yield result

    def _result(self, reading: Reading) -> Result | str:
        if reading.moment is None:
            return "a result without a usable date"
        if not reading.status:
            return "a result without a status"
        if reading.status not in FINAL:
            return (
                "a preliminary result"
                if reading.status == "preliminary"
                else "a result whose status is not final"
            )
        if reading.resource.is_unreadable:
            return "a result that cannot be read completely"
        return _read(
            reading.resource, self._analyte, reading.moment, reading.point_of_care, self._site
        )

    def _abnormality(self, reading: Reading) -> tuple[int, Decimal]:
        """How far a reading lies on the side that matters: by class, since numbers in different
        units do not compare, then by number. An unusable reading lies below all others."""
        result = self._tied[id(reading)] = self._result(reading)
        if isinstance(result, str):
            return -len(self._analyte.classes) - 1, Decimal(0)
        value = result.interval.point or result.interval.high or result.interval.low or Decimal(0)
        level = self._analyte.classes.index(result.level) if result.level else 0
        return (level, value) if self._analyte.abnormal == "high" else (-level, -value)


def _readings(index: ResourceIndex, analyte: Analyte, zone: tzinfo, today: date) -> list[Reading]:
    latest_day = today + timedelta(days=1)
    readings = []
    point_of_care = False  # true for all value sets but the first
    for value_set in analyte.value_sets:
        for resource in index.observations(value_set):
            status = resource.status.strip()
            if status in NO_RESULT:
                continue
            moment = observation_moment(resource, zone)
            if moment is not None and moment.day > latest_day:
                moment = None
            readings.append(Reading(moment, status, resource, point_of_care))
        point_of_care = True
    return readings


def observation_moment(resource: Observation, zone: tzinfo) -> Moment | None:
    """When an Observation was made: effectiveDateTime, effectiveInstant, or the end
    of effectivePeriod."""
    if resource.effectiveDateTime and (moment := parse_moment(resource.effectiveDateTime, zone)):
        return moment
    if resource.effectiveInstant and (moment := parse_moment(resource.effectiveInstant, zone)):
        return moment
    period = resource.effectivePeriod
    return parse_moment(period.end, zone) if period is not None and period.end else None


def _superseded(readings: list[Reading]) -> set[int]:
    """The Python ids of the Observations that a corrected or amended one of the same code and time
    replaces."""
    corrected: set[Any] = set()
    for reading in readings:
        if reading.status in _CORRECTION:
            corrected.update(_identity(reading))
    if not corrected:
        return set()
    return {
        id(reading.resource)
        for reading in readings
        if reading.status not in _CORRECTION and corrected.intersection(_identity(reading))
    }


def _identity(reading: Reading) -> list[Any]:
    """What makes a result a version of another: one of its codes, with the time of the sample. An
    identifier alone does not, because laboratories also number requests and panels (clinical
    specification, section 2, "Newest")."""
    moment, code = reading.moment, reading.resource.code
    return (
        [(coding, moment.instant) for coding in code.codings]
        if moment is not None and code is not None
        else []
    )


def _read(
    resource: Observation, analyte: Analyte, moment: Moment, point_of_care: bool, site: Site
) -> Result | str:
    """The result, or the reason why it cannot be used."""
    stated = measured(resource, analyte, site)
    if isinstance(stated, str):
        return stated
    interval, family, as_sent = stated
    value = interval.low if interval.low is not None else interval.high
    assert value is not None
    if not family.reject[0] < value <= family.reject[1]:
        return "a result outside the possible range"
    level_name = _level(interval, analyte, family, site)
    if level_name is None:
        return "a result whose comparator leaves its level open"
    haemolysed = analyte.name == "potassium" and says_haemolysed(remarks(resource))
    if haemolysed and level_name == "normal":
        return HAEMOLYSED_SAMPLE
    if analyte.name == "potassium" and level_name == "normal" and resource.lacks_part_of(REMARKS):
        return "a result with a remark that cannot be read"
    suspicious = (
        interval.point is not None and not family.suspicious[0] <= value <= family.suspicious[1]
    )
    return Result(
        analyte.name,
        interval,
        family.unit,
        level_name,
        as_sent,
        moment,
        resource.relative,
        suspicious,
        haemolysed,
        point_of_care,
        laboratory_range(resource) if resource.referenceRange else "",
        laboratory_side(resource) if resource.referenceRange or resource.interpretation else "",
    )


def measured(resource: Observation, analyte: Analyte, site: Site) -> Measured | str:
    """The value of an Observation, whether or not it can be used; or the reason why it has none."""
    if resource.valueQuantity is not None:
        stated = _measured_quantity(resource.valueQuantity, analyte, site)
    elif resource.valueString:
        stated = _measured_string(resource.valueString, analyte, site)
    else:
        return "a result without a value"
    if isinstance(stated, str):
        return stated
    interval, unit, as_sent = stated
    family = analyte.family_of(unit.dimension)
    if family is None or not _property_agrees(resource, unit, site):
        return "a result in a unit that does not fit the test"
    return Measured(interval.scaled(unit.factor * family.factors[unit.dimension]), family, as_sent)


def _level(interval: Interval, analyte: Analyte, family: Family, site: Site) -> str | None:
    """The class of a result; ``None`` if its comparator reaches from an abnormal class into the
    reassuring one."""
    if not analyte.classes:
        return ""
    lowest, highest = interval.classes(analyte.cuts_for(family, site))
    if lowest == highest:
        return analyte.classes[lowest]
    if analyte.reassuring in analyte.classes[lowest : highest + 1]:
        return None
    return analyte.classes[highest]


def _measured_quantity(
    quantity: Quantity, analyte: Analyte, site: Site
) -> tuple[Interval, Unit, str] | str:
    value = quantity.number
    if value is None:
        return "a result without a number"
    printed, code = quantity.unit.strip(), quantity.code.strip()
    read = (
        _unit
        if len(code) + len(quantity.system) + len(printed) <= _LONGEST_UNIT
        else _unit.__wrapped__
    )
    unit = read(code, quantity.system, printed, analyte, site)
    if isinstance(unit, str):
        return unit
    try:
        interval = Interval.of(value, quantity.comparator or None)
    except ValueError:
        return "a result with an unknown comparator"
    return interval, unit, f"{quantity.comparator}{value:f} {printed or code}"


@lru_cache(maxsize=2048)
def _unit(code: str, system: str, printed: str, analyte: Analyte, site: Site) -> Unit | str:
    """The unit of a result of ``analyte``, or the reason why there is none; cached, because
    laboratories use few units."""

    def same(coded: Unit, shown: Unit) -> bool:
        return _same_quantity(coded, shown, analyte)

    return unit_of(code, system, printed, counts=analyte.counts, same=same, local=site.units)


def _same_quantity(code: Unit, printed: Unit, analyte: Analyte) -> bool:
    """Whether two units mean the same number of the analyte (mEq/L and mmol/L do for potassium)."""
    family = analyte.family_of(code.dimension)
    if code == printed or family is None or printed.dimension not in family.factors:
        return code == printed
    return (
        code.factor * family.factors[code.dimension]
        == printed.factor * family.factors[printed.dimension]
    )


def _measured_string(text: str, analyte: Analyte, site: Site) -> tuple[Interval, Unit, str] | str:
    match = _STRICT_VALUE.match(text.strip())
    if not match:
        return "a result that is text"
    printed = match[3].strip()
    unit = unit_of("", "", printed, counts=analyte.counts, same=operator.eq, local=site.units)
    if isinstance(unit, str):
        return unit
    try:
        interval = Interval.of(Decimal(match[2]), match[1])
    except (InvalidOperation, ValueError):
        return "a result without a number"
    return interval, unit, f"{match[1] or ''}{match[2]} {printed}"


def _property_agrees(resource: Observation, unit: Unit, site: Site) -> bool:
    """Whether the LOINC property of the code (mass or moles per volume) fits the
    dimension of the unit."""
    if unit.dimension not in (MASS, MOLAR, EQUIVALENTS):
        return True
    wanted, stated = "Mass" if unit.dimension == MASS else "Moles", False
    for system, code in resource.code.codings if resource.code else ():
        if measured := site.terminology.measured_as(system, code):
            stated = True
            if wanted in measured:
                return True
    return not stated
