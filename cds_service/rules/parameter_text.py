"""Parameters in prose: ``{mcv.high_above}`` in a card's text or a fact's definition is replaced by
the value in force, with its unit.

Cards, pages and definitions of a site that moves a limit thus state the site's own (clinical
specification, section 1, principle 5).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..authored_yaml.reader import meant
from ..authored_yaml.source import AuthoringError, Mistakes, Place
from .card_texts import PLACEHOLDER
from .written_units import written

DAYS = "days"
# Units of parameters that have no unit as a key: for one, and for any other number.
UNITS = {
    DAYS: ("day", "days"),
    "years": ("year", "years"),
    "intervals": ("interval", "intervals"),
    "g/L": ("g/L", "g/L"),
    "cm": ("cm", "cm"),
    "micrograms a day": ("microgram a day", "micrograms a day"),
}


def amount_words(value: Decimal, unit: str) -> str:
    """``value`` with its ``unit`` for a reader: ``100 fL``, ``1 day``. Whole years, and whole weeks
    from four on, are shown as such."""
    if unit == DAYS and value and value % 365 == 0:
        return amount_words(value / 365, "years")
    if unit == DAYS and value >= 28 and value % 7 == 0:
        return f"{value / 7:f} weeks"
    one, several = UNITS.get(unit, (unit, unit))
    return f"{value:f} {written(one if value == 1 else several)}".strip()


def parameter_words(value: Any, unit: str, order_titles: Mapping[str, str]) -> str:
    """A parameter's value for a reader: in its first unit, with the others in brackets; an order by
    its title."""
    if isinstance(value, str):
        return order_titles.get(value, value)
    if not isinstance(value, Mapping):
        return amount_words(value, unit)
    first, *others = (amount_words(number, each) for each, number in value.items())
    return f"{first} ({', '.join(others)})" if others else first


def with_parameters(text: str, words: Mapping[str, str]) -> str:
    """``text`` with each placeholder in ``words`` replaced; those of facts stay."""
    return (
        PLACEHOLDER.sub(lambda match: words.get(match[1], match[0]), text) if "{" in text else text
    )


def note_wrong_definitions(
    catalogue: Mapping[str, Any], words: Mapping[str, str], mistakes: Mistakes
) -> None:
    """Note each definition of a fact in ``catalogue`` that names a parameter which is not in
    ``words``."""
    for definition in catalogue.values():
        for name in PLACEHOLDER.findall(definition.doc):
            if name not in words:
                file, line = definition.place
                place = Place(file, line, 1)
                told = (
                    f"the definition of {definition.name!r} names the parameter {name!r}, which "
                    "does not exist."
                )
                mistakes.note(AuthoringError(place, told, meant(name, words)))
