"""What a deployment fixes for every call: parameters, formulary, time zone, terminology."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo
from decimal import Decimal
from typing import Any

from ..fhir.once import once
from ..fhir.terminology import Terminology


@dataclass(frozen=True, eq=False)
class Site:
    """A deployment. ``parameters``: values by name; ``formulary``: products such as
    ``hydroxocobalamin-injection``; ``units``: UCUM codes by the printed units that the site adds,
    in the form of :func:`~cds_service.fhir.units.normalised`."""

    parameter_set: str
    parameters: Mapping[str, Any]
    formulary: frozenset[str]
    zone: tzinfo
    terminology: Terminology
    units: Mapping[str, str] = field(default_factory=dict)

    def number(self, name: str, unit: str | None = None) -> Decimal:
        """The parameter ``name``, in ``unit`` if it has a value for each of two unit families.
        Raises ``ValueError`` if it has and no unit is given."""
        value = self.parameters[name]
        if isinstance(value, Decimal):
            return value
        if unit is None:
            raise ValueError(f"the parameter {name} has a value for each unit: name the unit")
        number: Decimal = value[unit]
        return number

    def text(self, name: str) -> str:
        """A parameter that is a name."""
        return str(self.parameters[name])

    def stocks(self, product: str) -> bool:
        """Whether the formulary has ``product``."""
        return product in self.formulary

    def days(self, name: str) -> timedelta:
        """A parameter that is a window or an age in days."""
        return self._days[name]

    @once
    def _days(self) -> dict[str, timedelta]:
        return {
            name: timedelta(days=int(value))
            for name, value in self.parameters.items()
            if isinstance(value, Decimal)
        }
