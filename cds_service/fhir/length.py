"""Lengths as FHIR Quantities in centimetres or millimetres."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from .interval import Interval
from .json_shape import as_dict, as_number, as_text, dicts

_CENTIMETRES = {"cm": Decimal(1), "mm": Decimal("0.1")}


def centimetres(quantity: Any) -> Interval | None:
    """A Quantity in cm or mm as an interval in cm; ``None`` where it is none, negative, or in another unit."""
    quantity = as_dict(quantity)
    value = as_number(quantity.get("value"))
    factor = _CENTIMETRES.get(as_text(quantity.get("code")) or as_text(quantity.get("unit")))
    if factor is None or value is None or value < 0:
        return None
    try:
        return Interval.of(Decimal(str(value)), quantity.get("comparator")).scaled(factor)
    except ValueError:
        return None


def extension_length(resource: dict[str, Any], url: str) -> Interval | None:
    """The length that an extension of ``resource`` states, in cm."""
    found = [centimetres(extension.get("valueQuantity")) for extension in dicts(resource.get("extension")) if extension.get("url") == url]
    return next((length for length in found if length is not None), None)
