"""Lengths as FHIR Quantities in centimetres or millimetres."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from .interval import Interval
from .r4 import Extension, Quantity

_CENTIMETRES = {"cm": Decimal(1), "mm": Decimal("0.1")}


def centimetres(quantity: Quantity | None) -> Interval | None:
    """A Quantity in cm or mm as an interval in cm; ``None`` if it has no number, is negative, or
    has another unit."""
    value = quantity.number if quantity is not None else None
    if quantity is None or value is None or value < 0:
        return None
    factor = _CENTIMETRES.get(quantity.code or quantity.unit)
    if factor is None:
        return None
    try:
        return Interval.of(value, quantity.comparator or None).scaled(factor)
    except ValueError:
        return None


def extension_length(extensions: Iterable[Extension], url: str) -> Interval | None:
    """The length in cm that one of ``extensions`` states under ``url``."""
    found = (
        centimetres(extension.valueQuantity) for extension in extensions if extension.url == url
    )
    return next((length for length in found if length is not None), None)
