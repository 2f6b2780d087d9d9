"""Facts about why B12 may not be absorbed: surgery of stomach and bowel, Crohn's disease, and what lasts for life."""

from __future__ import annotations

from typing import Any

from ..fhir.interval import Interval
from ..fhir.length import centimetres
from ..fhir.references import target_of
from .catalogue import Facts, fact
from .fact import Fact, Source, absent, known, unknown
from .history import either, problems_in, procedures_in
from .laboratory import FINAL, is_unreadable, observation_moment

LENGTHS = ("over-20-cm", "up-to-20-cm", "length-unknown")


@fact("ileum.resection", "resection of the ileum", "category", values=LENGTHS, queries=("procedures", "findings"))
def ileum_resection(facts: Facts) -> Fact:
    """Resection of the ileum by the length removed, from the Procedure's extension or an Observation that is part of it.

    Of several resections the longest known decides; one without a length leaves the question open.
    """
    limit = facts.site.number("ileum.extensive_above")
    measured = _measured_lengths(facts)
    found: dict[str, list[Source]] = {name: [] for name in LENGTHS}
    for procedure in facts.record.procedures:
        if "ileal-resection-total" in procedure.value_sets:
            found["over-20-cm"].append(Source(procedure.reference, procedure.day))
        elif "ileal-resection" in procedure.value_sets:
            length = procedure.resected_length or measured.get(procedure.reference)
            above = None if length is None else length.above(limit)
            name = "length-unknown" if above is None else "over-20-cm" if above else "up-to-20-cm"
            found[name].append(Source(procedure.reference, procedure.day))
    for name in ("over-20-cm", "length-unknown", "up-to-20-cm"):
        if found[name]:
            return known(name, *found[name])
    return absent() if facts.record.complete("procedures") else unknown("procedures not all received")


def _measured_lengths(facts: Facts) -> dict[str, Interval]:
    """The newest length in cm that an Observation states for each Procedure."""
    newest: dict[str, tuple[Any, Interval]] = {}
    for resource in facts.record.observations("resected-ileum-length"):
        moment = observation_moment(resource, facts.site.zone)
        length = centimetres(resource.valueQuantity)
        if resource.status not in FINAL or moment is None or length is None or is_unreadable(resource):
            continue
        for procedure in map(target_of, resource.partOf):
            if procedure not in newest or newest[procedure] < (moment.instant, length):
                newest[procedure] = (moment.instant, length)
    return {procedure: length for procedure, (_, length) in newest.items()}


@fact("ileum.crohn", "Crohn's disease of the ileum", queries=("conditions",))
def ileum_crohn(facts: Facts) -> Fact:
    """Crohn's disease of the ileum or terminal ileum on the problem list."""
    return problems_in(facts, "crohn-ileum")


def _over_20_cm(facts: Facts) -> Fact:
    resection = facts["ileum.resection"]
    return unknown(resection.note) if resection.is_unknown else known(resection.value == "over-20-cm", *resection.sources)


_BARIATRIC = ("bariatric", "bariatric-malabsorptive")


@fact("bariatric", "bariatric surgery", queries=("conditions", "procedures"))
def bariatric(facts: Facts) -> Fact:
    """Any bariatric procedure, or the status after one; surgery never resolves."""
    return either(procedures_in(facts, *_BARIATRIC), problems_in(facts, *_BARIATRIC, ever=True))


@fact("bariatric.malabsorptive", "malabsorptive bariatric surgery", queries=("conditions", "procedures"))
def bariatric_malabsorptive(facts: Facts) -> Fact:
    """Gastric bypass, sleeve gastrectomy or biliopancreatic diversion, by specific code."""
    return either(procedures_in(facts, "bariatric-malabsorptive"), problems_in(facts, "bariatric-malabsorptive", ever=True))


@fact(
    "cause.gastric_or_hereditary", "gastric or hereditary cause of B12 deficiency",
    uses=(
        "cause.pernicious_anaemia", "cause.autoimmune_gastritis", "cause.intrinsic_factor_antibody",
        "cause.total_gastrectomy", "cause.hereditary",
    ),
)  # fmt: skip
def gastric_or_hereditary(facts: Facts) -> Fact:
    """Pernicious anaemia, autoimmune gastritis, a positive intrinsic-factor antibody, total gastrectomy, or a hereditary
    cobalamin disorder."""
    names = ("pernicious_anaemia", "autoimmune_gastritis", "intrinsic_factor_antibody", "total_gastrectomy", "hereditary")
    return either(*(facts[f"cause.{name}"] for name in names))


@fact(
    "cause.lifelong", "lifelong cause of B12 deficiency",
    uses=("cause.gastric_or_hereditary", "bariatric.malabsorptive", "ileum.resection"),
)  # fmt: skip
def lifelong(facts: Facts) -> Fact:
    """A gastric or hereditary cause; malabsorptive bariatric surgery; more than {ileum.extensive_above} of ileum resected."""
    return either(facts["cause.gastric_or_hereditary"], facts["bariatric.malabsorptive"], _over_20_cm(facts))


@fact("cause.drug", "drug as the cause of B12 deficiency", queries=("conditions",))
def drug_cause(facts: Facts) -> Fact:
    """B12 deficiency that the problem list puts down to a drug."""
    return problems_in(facts, "drug-induced-b12-deficiency")
