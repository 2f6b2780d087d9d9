"""The laboratory analytes: the value set, units, sanity limits and classes of each.

Conversion factors and sanity limits come from the fact base, sections 1.2 and 1.4. Cut-offs are
parameters, which this module only names.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from ..fhir.interval import Cut
from ..fhir.units import EQUIVALENTS, FILTRATION, FRACTION, MASS, MOLAR, NUMBER, VOLUME
from .site import Site


class Family(NamedTuple):
    """Units that share one cut-off. ``unit``: the unit of comparison; ``factors``: for each
    dimension, the factor from its base unit to ``unit``."""

    unit: str
    factors: dict[str, Decimal]
    reject: tuple[Decimal, Decimal]  # usable above the first, up to the second
    suspicious: tuple[Decimal, Decimal]  # worth a check below the first, above the second


class CutName(NamedTuple):
    """A cut-off, named by its parameter. ``inclusive``: a result that equals it belongs to the
    class above; in the unit ``inclusive_in`` it does so in any case."""

    parameter: str
    inclusive: bool
    inclusive_in: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Analyte:
    """A laboratory analyte. ``classes`` ascend. ``reassuring``: a result with a comparator cannot
    be used if its interval spans this class and another.

    ``window``: the parameter for the number of days for which a result counts. ``counts``: the
    analyte is a blood count, for which laboratories print units of their own. ``rises``: high
    results are the ones that matter, for an analyte without a reassuring class.
    """

    name: str
    value_sets: tuple[str, ...]
    query: str
    window: str
    families: tuple[Family, ...]
    classes: tuple[str, ...] = ()
    cuts: tuple[CutName, ...] = ()
    reassuring: str = ""
    counts: bool = False
    rises: bool = False

    @property
    def abnormal(self) -> str:
        """The side on which abnormal results lie: ``high`` or ``low``."""
        rises = self.rises or (self.classes and self.classes[0] == self.reassuring)
        return "high" if rises else "low"

    def side_of(self, level: str) -> str:
        """The side of a class in a laboratory's words: ``normal``, ``low`` or ``high``; a middle
        class keeps its name."""
        if level == self.reassuring:
            return "normal" if level else ""
        return level if level == "indeterminate" else self.abnormal

    def family_of(self, dimension: str) -> Family | None:
        """The family of a dimension, or ``None`` if the analyte is never reported in it."""
        for family in self.families:
            if dimension in family.factors:
                return family
        return None

    def cuts_for(self, family: Family, site: Site) -> tuple[Cut, ...]:
        """The cut-offs of ``family`` at ``site``, ascending."""
        return _cuts(self, family.unit, site)


@cache
def _cuts(analyte: Analyte, unit: str, site: Site) -> tuple[Cut, ...]:
    return tuple(
        Cut(site.number(cut.parameter, unit), cut.inclusive or cut.inclusive_in == unit)
        for cut in analyte.cuts
    )


def _family(
    unit: str, factors: dict[str, str], reject: tuple[str, str], suspicious: tuple[str, str]
) -> Family:
    return Family(
        unit,
        {dimension: Decimal(factor) for dimension, factor in factors.items()},
        (Decimal(reject[0]), Decimal(reject[1])),
        (Decimal(suspicious[0]), Decimal(suspicious[1])),
    )


_NEVER = ("-1", "1e30")
_DEFICIENCY = ("deficient", "indeterminate", "sufficient")

ANALYTES: dict[str, Analyte] = {
    analyte.name: analyte
    for analyte in (
        Analyte(
            "b12.total",
            ("b12-total",),
            "b12-results",
            "window.b12",
            (
                _family("ng/L", {MASS: "1"}, ("0", "200000"), ("30", "5000")),
                _family("pmol/L", {MOLAR: "1"}, ("0", "147561.2"), ("22.13418", "3689.03")),
            ),
            _DEFICIENCY,
            (
                CutName("b12.total.deficient_below", True),
                CutName("b12.total.sufficient_above", False),
            ),
            "sufficient",
        ),
        Analyte(
            "b12.active",
            ("b12-active",),
            "b12-results",
            "window.b12",
            (_family("pmol/L", {MOLAR: "1"}, ("0", "5000"), ("-1", "500")),),
            _DEFICIENCY,
            (
                CutName("b12.active.deficient_below", True),
                CutName("b12.active.sufficient_above", False),
            ),
            "sufficient",
        ),
        Analyte(
            "mma",
            ("mma",),
            "b12-results",
            "window.mma",
            # A value below 30 nmol/L is a mistake of units (umol/L was meant), so it is unusable.
            (
                _family(
                    "nmol/L",
                    {MOLAR: "0.001", MASS: "0.00846812"},
                    ("29.999999", "10000000"),
                    ("-1", "50000"),
                ),
            ),
            ("normal", "high"),
            (CutName("mma.high_above", False),),
            "normal",
        ),
        Analyte(
            "homocysteine",
            ("homocysteine",),
            "b12-results",
            "window.homocysteine",
            (
                _family(
                    "umol/L", {MOLAR: "1e-6", MASS: "0.00000739754"}, ("0", "1000"), ("2", "200")
                ),
            ),
            ("normal", "high"),
            (CutName("homocysteine.high_above", False),),
            "normal",
        ),
        Analyte(
            "folate.serum",
            ("folate-serum",),
            "b12-results",
            "window.folate",
            (
                _family("nmol/L", {MOLAR: "0.001"}, ("0", "5000"), ("-1", "100")),
                _family("ug/L", {MASS: "0.001"}, ("0", "2206.9"), ("-1", "44.14")),
            ),
            _DEFICIENCY,
            # Indeterminate up to and including 10 nmol/L, but only below 4.5 ug/L.
            (
                CutName("folate.serum.deficient_below", True),
                CutName("folate.serum.sufficient_from", False, "ug/L"),
            ),
            "sufficient",
        ),
        Analyte(
            "folate.red_cell",
            ("folate-red-cell",),
            "b12-results",
            "window.folate",
            (
                _family("nmol/L", {MOLAR: "0.001"}, ("0", "10000"), ("50", "1e30")),
                _family("ug/L", {MASS: "0.001"}, ("0", "4413.99"), ("22.07", "1e30")),
            ),
            ("deficient", "sufficient"),
            (CutName("folate.red_cell.deficient_below", True),),
            "sufficient",
        ),
        Analyte(
            "hb",
            ("hb",),
            "blood-count",
            "window.blood_count",
            (_family("g/L", {MASS: "1e-9", MOLAR: "1.61145e-8"}, ("24.999999", "300"), _NEVER),),
        ),
        Analyte(
            "mcv",
            ("mcv",),
            "blood-count",
            "window.blood_count",
            (_family("fL", {VOLUME: "1"}, ("29.999999", "200"), ("-1", "150")),),
            ("normal", "high"),
            (CutName("mcv.high_above", False),),
            "normal",
        ),
        Analyte(
            "platelets",
            ("platelets",),
            "blood-count",
            "window.blood_count",
            (_family("10*9/L", {NUMBER: "1"}, ("-0.000001", "10000"), _NEVER),),
            ("low", "normal"),
            (CutName("platelets.bleeding_below", True),),
            "normal",
            counts=True,
        ),
        Analyte(
            "reticulocytes",
            ("reticulocytes",),
            "blood-count",
            "window.blood_count",
            (
                _family("10*9/L", {NUMBER: "1"}, ("-0.000001", "3000"), _NEVER),
                _family("%", {FRACTION: "1"}, ("-0.000001", "100"), ("-1", "40")),
            ),
            counts=True,
        ),
        Analyte(
            "potassium",
            ("potassium-laboratory", "potassium-point-of-care"),
            "renal-and-potassium",
            "window.potassium",
            (
                _family(
                    "mmol/L",
                    {MOLAR: "1e-9", EQUIVALENTS: "1e-9", MASS: "0.0000000255766"},
                    ("0.999999", "15"),
                    ("-1", "5.999999"),
                ),
            ),
            ("severely-low", "low", "normal"),
            (CutName("potassium.severe_below", True), CutName("potassium.low_below", True)),
            "normal",
        ),
        Analyte(
            "creatinine",
            ("creatinine",),
            "renal-and-potassium",
            "window.renal",
            (
                _family(
                    "umol/L", {MOLAR: "1e-6", MASS: "0.00000884017"}, ("4.999999", "5000"), _NEVER
                ),
            ),
            rises=True,
        ),
        Analyte(
            "egfr.reported",
            ("egfr",),
            "renal-and-potassium",
            "window.renal",
            (_family("mL/min/{1.73_m2}", {FILTRATION: "1"}, ("-0.000001", "250"), _NEVER),),
            ("reduced", "normal"),
            (CutName("egfr.reduced_below", True),),
            "normal",
        ),
    )
}
