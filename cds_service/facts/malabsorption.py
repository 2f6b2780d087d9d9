"""Facts about malabsorption of B12: surgery of stomach and bowel, Crohn's disease, and lifelong
causes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..fhir.interval import Interval
from ..fhir.length import centimetres
from ..fhir.references import target_of
from .catalogue import define, fact
from .domains import FALSE, UNKNOWN, YES_NO, given
from .fact import Fact, Source, absent, known, unknown
from .laboratory import FINAL, observation_moment
from .lists import observations, problem, procedure, procedures, received
from .reads import Computation, any_of, computed, number, of

LENGTHS = ("over-20-cm", "up-to-20-cm", "length-unknown")


@fact("ileum.resection", "resection of the ileum", "category", values=LENGTHS)
class IleumResection(Computation):
    """Resection of the ileum by the length removed, from the Procedure's extension or an
    Observation that is part of it.

    Of several resections, the longest known one decides. A resection without a length leaves the
    question open, and so do lengths that exceed the limit only together, because they may be two
    records of one operation.
    """

    extensive_above = number("ileum.extensive_above")
    resections = procedures("ileal-resection", "ileal-resection-total")
    lengths = observations("resected-ileum-length")
    complete = received("procedures")

    def compute(self) -> Fact:
        limit = self.extensive_above
        measured = self._measured_lengths()
        found: dict[str, list[Source]] = {name: [] for name in LENGTHS}
        together = Decimal(0)
        for resection in self.resections:
            if "ileal-resection-total" in resection.value_sets:
                found["over-20-cm"].append(Source(resection.reference, resection.day))
                continue
            length = resection.resected_length or measured.get(resection.reference)
            together += (length.low if length is not None else None) or 0
            above = None if length is None else length.above(limit)
            name = "length-unknown" if above is None else "over-20-cm" if above else "up-to-20-cm"
            found[name].append(Source(resection.reference, resection.day))
        for name in ("over-20-cm", "length-unknown", "up-to-20-cm"):
            if found[name]:
                if name == "up-to-20-cm" and together > limit:
                    return known("length-unknown", *found[name])
                return known(name, *found[name])
        return absent() if self.complete() else unknown("procedures not all received")

    def _measured_lengths(self) -> dict[str, Interval]:
        """The newest length in cm that an Observation states for each Procedure."""
        newest: dict[str, tuple[Any, Interval]] = {}
        for resource in self.lengths:
            moment = observation_moment(resource, self.facts.site.zone)
            length = centimetres(resource.valueQuantity)
            if (
                resource.status not in FINAL
                or moment is None
                or length is None
                or resource.is_unreadable
                or resource.lacks_part_of(("partOf",))
            ):
                continue
            for reference in map(target_of, resource.partOf):
                if reference not in newest or newest[reference] < (moment.instant, length):
                    newest[reference] = (moment.instant, length)
        return {reference: length for reference, (_, length) in newest.items()}


define(
    "ileum.crohn",
    "Crohn's disease of the ileum",
    problem("crohn-ileum"),
    "Crohn's disease of the ileum or terminal ileum on the problem list.",
)

_BARIATRIC = ("bariatric", "bariatric-malabsorptive")

define(
    "bariatric",
    "bariatric surgery",
    procedure(*_BARIATRIC) | problem(*_BARIATRIC, ever=True),
    "Any bariatric procedure, or the status after one; surgery never resolves.",
)

define(
    "bariatric.malabsorptive",
    "malabsorptive bariatric surgery",
    procedure("bariatric-malabsorptive") | problem("bariatric-malabsorptive", ever=True),
    "Gastric bypass, sleeve gastrectomy or biliopancreatic diversion, by specific code.",
    domain=given("bariatric", yes=YES_NO, no=FALSE, unknown=UNKNOWN),
)

define(
    "cause.gastric_or_hereditary",
    "gastric or hereditary cause of B12 deficiency",
    any_of(
        "cause.pernicious_anaemia",
        "cause.autoimmune_gastritis",
        "cause.intrinsic_factor_antibody",
        "cause.total_gastrectomy",
        "cause.hereditary",
    ),
    """Pernicious anaemia, autoimmune gastritis, a positive intrinsic-factor antibody, total
    gastrectomy, or a hereditary cobalamin disorder.""",
)


class _ExtensiveResection(Computation):
    """Whether so much of the ileum is resected that deficiency is lifelong; unknown if the length
    is."""

    resection = of("ileum.resection")

    def compute(self) -> Fact:
        resection = self.resection
        if resection.is_unknown:
            return resection
        if resection.value == "length-unknown":
            return unknown("the length of the ileal resection is not stated")
        return known(resection.value == "over-20-cm", *resection.sources)


define(
    "cause.lifelong",
    "lifelong cause of B12 deficiency",
    of("cause.gastric_or_hereditary")
    | of("bariatric.malabsorptive")
    | computed(_ExtensiveResection),
    """A gastric or hereditary cause; malabsorptive bariatric surgery; more than
    {ileum.extensive_above} of ileum resected. Unknown after a resection whose length is not
    stated.""",
)

define(
    "cause.drug",
    "drug as the cause of B12 deficiency",
    problem("drug-induced-b12-deficiency"),
    "B12 deficiency that the problem list attributes to a drug.",
)
