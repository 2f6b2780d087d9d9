"""The data types of FHIR R4, as far as they are read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

from msgspec import Raw, Struct

from ..code_systems import CODE_SYSTEMS, canonical_system
from ..placeholders import MISSING_DATA

# This range exceeds every dose, duration and result, and arithmetic within it stays in the range
# of floats.
_LEAST, _MOST = Decimal("1e-15"), Decimal("1e15")
_LONGEST_NUMBER = 60
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
# A number with so few digits is always in that range.
_SHORT_NUMBER = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,12})?")


class Element(Struct, gc=False):
    """A part of a resource. ``OTHER_VERSIONS``: its elements that R4 does not have."""

    OTHER_VERSIONS: ClassVar[frozenset[str]] = frozenset()


class Coding(Element, gc=False):
    """A code of a code system."""

    system: str = ""
    code: str = ""
    display: str = ""


class CodeableConcept(Element):
    """A concept, in codes and in words."""

    coding: Sequence[Coding] = ()
    text: str = ""

    @property
    def codings(self) -> list[tuple[str, str]]:
        """``(system, code)`` of each coding that has both, with the system as
        :func:`canonical_system` returns it and the code without surrounding blanks."""
        return [
            (
                system if (system := coding.system) in CODE_SYSTEMS else canonical_system(system),
                code,
            )
            for coding in self.coding
            if coding.system and (code := coding.code.strip())
        ]

    @property
    def names(self) -> list[str]:
        """The names to show to a reader: the text first, then the displays, without blank ones and
        those of codes for missing data."""
        names = [
            name
            for coding in self.coding
            if (name := coding.display.strip()) and coding.system not in MISSING_DATA
        ]
        return [text, *names] if (text := self.text.strip()) else names


class Quantity(Element, gc=False):
    """A measured amount. ``value`` is the JSON text of the number, so that it is shown as sent."""

    value: Raw = Raw()
    comparator: str = ""
    unit: str = ""
    system: str = ""
    code: str = ""

    @property
    def number(self) -> Decimal | None:
        """The value if it is a number that can be measured, else ``None``: 400 digits, 1e999 and a
        text cannot."""
        sent = memoryview(self.value)
        text = str(sent, "latin-1") if sent.nbytes <= _LONGEST_NUMBER else ""
        if _SHORT_NUMBER.fullmatch(text):
            return Decimal(text)
        if not _NUMBER.fullmatch(text):
            return None
        number = Decimal(text)
        return number if not number or _LEAST <= abs(number) <= _MOST else None

    @property
    def is_untold(self) -> bool:
        """Whether a value was sent that is not a number which can be measured."""
        return self.number is None and bytes(memoryview(self.value)[:5]) not in (b"", b"null")


class Range(Element):
    """Two amounts."""

    low: Quantity | None = None
    high: Quantity | None = None


class Ratio(Element):
    """One amount in another: 1 mg in 1 mL."""

    numerator: Quantity | None = None
    denominator: Quantity | None = None


class Period(Element, gc=False):
    """Two points in time, each a dateTime."""

    start: str = ""
    end: str = ""


class Reference(Element, gc=False):
    """A reference to a resource, with its name in words."""

    reference: str = ""
    display: str = ""


class Annotation(Element, gc=False):
    """A remark."""

    text: str = ""


class Extension(Element):
    """An extension whose value is a Quantity."""

    url: str = ""
    valueQuantity: Quantity | None = None


class Meta(Element, gc=False):
    """The server's data about a version of a resource."""

    lastUpdated: str = ""
    versionId: str = ""


class BackboneElement(Element, kw_only=True):
    """A part that may carry an extension which changes its meaning (FHIR R4,
    "Modifier Extensions")."""

    modifierExtension: Sequence[Any] = ()


class TimingRepeat(Element):
    """``Timing.repeat``: the bounds, frequency and times of repeated doses."""

    boundsDuration: Quantity | None = None
    boundsRange: Range | None = None
    boundsPeriod: Period | None = None
    count: float | None = None
    countMax: float | None = None
    frequency: float | None = None
    frequencyMax: float | None = None
    period: float | None = None
    periodMax: float | None = None
    periodUnit: str = ""
    dayOfWeek: Sequence[str] = ()
    timeOfDay: Sequence[str] = ()
    when: Sequence[str] = ()


class Timing(BackboneElement, kw_only=True):
    """When something happens."""

    event: Sequence[str] = ()
    repeat: TimingRepeat | None = None
    code: CodeableConcept | None = None


class DoseAndRate(Element):
    """The amount of one dose."""

    doseRange: Range | None = None
    doseQuantity: Quantity | None = None


class Dosage(BackboneElement, kw_only=True):
    """How a medication is taken. STU3 has ``doseQuantity`` and ``doseRange`` here."""

    OTHER_VERSIONS = frozenset({"doseQuantity", "doseRange"})

    sequence: float | None = None
    text: str = ""
    timing: Timing | None = None
    asNeededBoolean: bool | None = None
    asNeededCodeableConcept: CodeableConcept | None = None
    route: CodeableConcept | None = None
    doseAndRate: Sequence[DoseAndRate] = ()
    doseQuantity: Quantity | None = None
    doseRange: Range | None = None


class AdministrationDosage(BackboneElement, kw_only=True):
    """``MedicationAdministration.dosage``: a single dose that was given."""

    text: str = ""
    route: CodeableConcept | None = None
    dose: Quantity | None = None


def status_code(concept: CodeableConcept | str | None, system: str) -> str:
    """The code of a status: its code in ``system``, or else its first code. Older versions of FHIR
    have a bare code."""
    if concept is None or isinstance(concept, str):
        return (concept or "").strip()
    first = ""
    for coding in concept.coding:
        if coding.code and system in (coding.system, canonical_system(coding.system)):
            return coding.code.strip()
        first = first or coding.code
    return first.strip()
