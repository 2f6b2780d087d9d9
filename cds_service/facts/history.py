"""Facts from the problem list, procedures and allergies."""

from __future__ import annotations

from collections.abc import Callable

from .catalogue import Facts, fact
from .fact import Fact, Source, absent, any_of, known, truth, unknown
from .laboratory import FINAL, NO_RESULT, is_unreadable, observation_moment
from .record import Problem
from .wording import names_b12_deficiency

_ANSWERS = frozenset({"positive-answer", "negative-answer", "equivocal-answer"})


def problems_in(
    facts: Facts,
    *value_sets: str,
    where: Callable[[Problem], bool] = lambda problem: True,
    ever: bool = False,
    even_uncertain: bool = False,
) -> Fact:
    """Whether a confirmed active problem is in one of ``value_sets``.

    ``ever``: whatever its clinical status. ``even_uncertain``: also under a modifier that is not understood.
    """
    sources = [
        Source(problem.reference, problem.onset or problem.recorded, _named(problem))
        for problem in facts.record.problems
        if not problem.value_sets.isdisjoint(value_sets)
        and problem.confirmed
        and (ever or problem.active)
        and (even_uncertain or not problem.uncertain)
        and where(problem)
    ]
    if sources:
        return known(True, *sources)
    return known(False) if facts.record.complete("conditions") else unknown("conditions not all received")


def _named(problem: Problem) -> str:
    """What a card says of a problem: its name, and whether it is certain."""
    return " ".join(filter(None, (problem.called, "(uncertain)" if problem.uncertain else "")))


def procedures_in(facts: Facts, *value_sets: str) -> Fact:
    """Whether a completed procedure is in one of ``value_sets``. Where the EHR keeps no procedures, problems alone tell."""
    wanted = frozenset(value_sets)
    sources = [Source(procedure.reference, procedure.day) for procedure in facts.record.procedures if procedure.value_sets & wanted]
    if sources:
        return known(True, *sources)
    if facts.record.complete("procedures", "conditions"):
        return known(False)
    return unknown("procedures not all received")


def either(*facts_given: Fact) -> Fact:
    """Kleene *or* of yes/no facts with the sources of those that hold."""
    sources = [source for given in facts_given if given.holds for source in given.sources]
    note = next((given.note for given in facts_given if given.is_unknown), "")
    return truth(any_of(*facts_given), *sources, note=note)


@fact("b12.diagnosed", "diagnosis of B12 deficiency", queries=("conditions",))
def b12_diagnosed(facts: Facts) -> Fact:
    """Pernicious anaemia, B12-deficiency anaemia or B12 deficiency on the problem list.

    E53.8 counts only where its text or another coding names a deficiency of B12 or cobalamin and does not deny it: it is
    folate deficiency's code too.
    """
    return either(
        problems_in(facts, "b12-diagnosed"),
        problems_in(
            facts,
            "b12-diagnosed-if-named",
            where=lambda problem: any(map(names_b12_deficiency, problem.names)),
        ),
    )


@fact("neuro.involvement", "neurological features", queries=("conditions",))
def neuro_involvement(facts: Facts) -> Fact:
    """An active problem that is a neurological feature of B12 deficiency. None on a received list: none recorded."""
    return problems_in(facts, "neurological-features")


@fact("leber", "Leber's hereditary optic neuropathy", queries=("conditions",))
def leber(facts: Facts) -> Fact:
    """Leber's hereditary optic neuropathy on the problem list; ICD-10 H47.22 counts as possible."""
    return problems_in(facts, "leber", ever=True, even_uncertain=True)


@fact("cause.pernicious_anaemia", "pernicious anaemia", queries=("conditions",))
def pernicious_anaemia(facts: Facts) -> Fact:
    """Pernicious anaemia on record, whatever its clinical status."""
    return problems_in(facts, "pernicious-anaemia", ever=True)


@fact("cause.autoimmune_gastritis", "autoimmune gastritis", queries=("conditions",))
def autoimmune_gastritis(facts: Facts) -> Fact:
    """Autoimmune gastritis on record. Unspecified atrophic gastritis is no cause."""
    return problems_in(facts, "autoimmune-gastritis", ever=True)


@fact("cause.hereditary", "hereditary cobalamin disorder", queries=("conditions",))
def hereditary(facts: Facts) -> Fact:
    """A hereditary disorder of cobalamin absorption, transport or metabolism on record."""
    return problems_in(facts, "hereditary-cobalamin-disorder", ever=True)


@fact("cause.total_gastrectomy", "total gastrectomy", queries=("conditions", "procedures"))
def total_gastrectomy(facts: Facts) -> Fact:
    """Total gastrectomy as a procedure or a status on record; surgery never resolves."""
    return either(procedures_in(facts, "total-gastrectomy"), problems_in(facts, "total-gastrectomy", ever=True))


@fact("cause.intrinsic_factor_antibody", "intrinsic-factor antibody", queries=("b12-results",))
def intrinsic_factor_antibody(facts: Facts) -> Fact:
    """A positive intrinsic-factor antibody; the newest answer decides, however old; equivocal is not positive."""
    site, record = facts.site, facts.record
    answers = []
    unusable = False
    for resource in record.observations("intrinsic-factor-antibody"):
        moment = observation_moment(resource, site.zone)
        concepts = [resource.valueCodeableConcept, *resource.interpretation]
        sets = frozenset().union(*map(site.terminology.sets_of_concept, concepts)) & _ANSWERS
        if resource.status in FINAL and moment is not None and sets and not is_unreadable(resource):
            answers.append((moment.instant, "positive-answer" in sets, moment.day, resource.relative))
        else:
            unusable |= resource.status not in NO_RESULT
    if answers:
        _, positive, day, reference = max(answers)
        return known(positive, Source(reference, day))
    if unusable:
        return unknown("an antibody result that cannot be used")
    return known(False) if record.complete("b12-results") else unknown("laboratory results not all received")


@fact("allergy.cobalamin", "cobalamin allergy", "category", values=("severe", "other"), queries=("allergies",))
def cobalamin_allergy(facts: Facts) -> Fact:
    """An allergy to any cobalamin, class-wide: severe (high criticality, or a severe or anaphylactic reaction) or other."""
    agents = {"cobalamin-allergy", "cobalamin-antidote", "hydroxocobalamin", "cyanocobalamin", "mecobalamin", "adenosylcobalamin"}
    found = [allergy for allergy in facts.record.allergies if allergy.value_sets & agents]
    if found:
        severe = [allergy for allergy in found if allergy.severe]
        sources = [Source(allergy.reference, text="(uncertain)" if allergy.uncertain else "") for allergy in severe or found]
        return known("severe" if severe else "other", *sources)
    return absent() if facts.record.complete("allergies") else unknown("allergies not all received")


@fact("allergy.cobalt", "cobalt allergy", queries=("allergies",))
def cobalt_allergy(facts: Facts) -> Fact:
    """An allergy to cobalt, by code or by name."""
    found = [allergy for allergy in facts.record.allergies if allergy.value_sets & {"cobalt-allergy", "cobalt"}]
    if found:
        return known(True, *(Source(allergy.reference) for allergy in found))
    return known(False) if facts.record.complete("allergies") else unknown("allergies not all received")
