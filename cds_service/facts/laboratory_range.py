"""What the laboratory itself says of a result: its range, and on which side of it the result lies.

The class of a result still follows from the site's limits, since methods differ (clinical
specification, section 2).
"""

from __future__ import annotations

from decimal import Decimal

from ..fhir.r4 import Observation, Quantity, ReferenceRange

_LONGEST = 60
_RANGE, _INTERPRETATION = ("referenceRange",), ("interpretation",)
# HL7 v3 ObservationInterpretation, and the v2 table 0078 that it came from.
_FLAGS = {
    **dict.fromkeys(("L", "LL", "LU", "<"), "low"),
    **dict.fromkeys(("H", "HH", "HU", ">"), "high"),
    "N": "normal",
}


def laboratory_range(resource: Observation) -> str:
    """The range as text, ``""`` if none was sent or it is unclear which of several applies."""
    found = _range_that_applies(resource)
    if found is None:
        return ""
    low, high = (_shown(limit) for limit in (found.low, found.high))
    if low and high:
        number, _, unit = low.partition(" ")
        return _short(f"{number if unit == high.partition(' ')[2] else low} to {high}")
    return _short(f"from {low}" if low else f"up to {high}" if high else found.text)


def laboratory_side(resource: Observation) -> str:
    """``low``, ``normal`` or ``high`` by the laboratory's flag, else by its range in the unit of
    the result; ``""`` if neither decides."""
    flags = {
        _FLAGS[code]
        for concept in (() if resource.lacks_part_of(_INTERPRETATION) else resource.interpretation)
        for _, code in concept.codings
        if code in _FLAGS
    }
    if flags:
        return flags.pop() if len(flags) == 1 else ""
    found, value = _range_that_applies(resource), resource.valueQuantity
    if found is None or value is None or value.number is None or value.comparator:
        return ""
    low, high = (_limit(limit, value) for limit in (found.low, found.high))
    if (
        (found.low is not None and low is None)
        or (found.high is not None and high is None)
        or (low is None and high is None)
    ):
        return ""
    if low is not None and value.number < low:
        return "low"
    return "high" if high is not None and value.number > high else "normal"


def _short(text: str) -> str:
    stated = " ".join(text.split())
    return stated if len(stated) <= _LONGEST else ""


def _range_that_applies(resource: Observation) -> ReferenceRange | None:
    """The only range that has no type or the type ``normal``, if all can be read. If there are
    several, each is for other patients, and the service does not read for whom."""
    if resource.lacks_part_of(_RANGE):
        return None
    usable = [
        item
        for item in resource.referenceRange
        if item.type is None or any(code == "normal" for _, code in item.type.codings)
    ]
    return usable[0] if len(usable) == 1 else None


def _shown(limit: Quantity | None) -> str:
    if limit is None or limit.number is None:
        return ""
    return f"{limit.number:f} {(limit.unit or limit.code).strip()}".strip()


def _limit(limit: Quantity | None, value: Quantity) -> Decimal | None:
    """The number of a limit in the unit of ``value``; a limit without a unit is taken to have the
    same."""
    if limit is None or limit.number is None:
        return None
    units = {name.strip() for name in (limit.unit, limit.code) if name}
    return limit.number if not units or units & {value.unit.strip(), value.code.strip()} else None
