"""Facts from the problem list, procedures and allergies."""

from __future__ import annotations

from .answers import ANSWERS, POSITIVE, answers
from .catalogue import define, fact
from .domains import FALSE, UNKNOWN, YES_NO, given
from .fact import Fact, Source, absent, known, unknown
from .laboratory import FINAL, NO_RESULT, observation_moment
from .lists import allergies, observations, problem, procedure, received
from .reads import Computation
from .record import Problem
from .results import NEWER_MAY_BE_MISSING
from .wording import names_b12_deficiency


def _names_deficiency(problem: Problem) -> bool:
    return any(map(names_b12_deficiency, problem.names))


define(
    "b12.diagnosed",
    "diagnosis of B12 deficiency",
    problem("b12-diagnosed") | problem("b12-diagnosed-if-named", where=_names_deficiency),
    """Pernicious anaemia, B12-deficiency anaemia or B12 deficiency on the problem list.

    E53.8 counts only where its text or another coding names a deficiency of B12 or cobalamin and
    does not deny it: it is folate deficiency's code too.
    """,
)

define(
    "neuro.involvement",
    "neurological features",
    problem("neurological-features"),
    (
        "An active problem that is a neurological feature of B12 deficiency. False if the problem "
        "list was received and has none."
    ),
)

define(
    "leber",
    "Leber's hereditary optic neuropathy",
    problem("leber", "leber-possible", ever=True, even_uncertain=True),
    "Leber's hereditary optic neuropathy on the problem list; ICD-10 H47.22 counts as possible.",
)

define(
    "leber.certain",
    "Leber's hereditary optic neuropathy, not only as possible",
    problem("leber", ever=True),
    """Leber's hereditary optic neuropathy by a code of its own, and not under a modifier that is
    not understood.""",
    domain=given("leber", yes=YES_NO, no=FALSE, unknown=UNKNOWN),
)

define(
    "cause.pernicious_anaemia",
    "pernicious anaemia",
    problem("pernicious-anaemia", ever=True),
    "Pernicious anaemia on record, whatever its clinical status.",
)

define(
    "cause.autoimmune_gastritis",
    "autoimmune gastritis",
    problem("autoimmune-gastritis", ever=True),
    "Autoimmune gastritis on record. Unspecified atrophic gastritis is no cause.",
)

define(
    "cause.hereditary",
    "hereditary cobalamin disorder",
    problem("hereditary-cobalamin-disorder", ever=True),
    "A hereditary disorder of cobalamin absorption, transport or metabolism on record.",
)

define(
    "cause.total_gastrectomy",
    "total gastrectomy",
    procedure("total-gastrectomy") | problem("total-gastrectomy", ever=True),
    "Total gastrectomy as a procedure or a status on record; surgery never resolves.",
)


@fact("cause.intrinsic_factor_antibody", "intrinsic-factor antibody")
class IntrinsicFactorAntibody(Computation):
    """A positive intrinsic-factor antibody. The newest answer decides, however old; equivocal is
    not positive. Unknown if the newest answer received is not positive and a newer one may be
    missing."""

    antibodies = observations("intrinsic-factor-antibody", *ANSWERS)
    complete = received("b12-results")

    def compute(self) -> Fact:
        site = self.facts.site
        dated = []
        unusable = False
        for resource in self.antibodies:
            moment = observation_moment(resource, site.zone)
            found = answers(resource, site.terminology)
            # An interpretation that cannot be read may have said "positive".
            untold = POSITIVE not in found and resource.lacks_part_of(("interpretation",))
            if (
                resource.status in FINAL
                and moment is not None
                and found
                and not (untold or resource.is_unreadable)
            ):
                dated.append((moment.instant, POSITIVE in found, moment.day, resource.relative))
            else:
                unusable |= resource.status not in NO_RESULT
        if dated:
            _, positive, day, reference = max(dated)
            if positive or self.complete(since=day):
                return known(positive, Source(reference, day))
            return unknown(NEWER_MAY_BE_MISSING)
        if unusable:
            return unknown("an antibody result that cannot be used")
        return known(False) if self.complete() else unknown("laboratory results not all received")


@fact("allergy.cobalamin", "cobalamin allergy", "category", values=("severe", "other"))
class CobalaminAllergy(Computation):
    """An allergy to any cobalamin, which counts for all of them: severe (high criticality, or a
    severe or anaphylactic reaction, by a code or in the words of the allergy) or other."""

    found = allergies(
        "cobalamin-allergy",
        "cobalamin-antidote",
        "hydroxocobalamin",
        "cyanocobalamin",
        "mecobalamin",
        "adenosylcobalamin",
    )
    complete = received("allergies")

    def compute(self) -> Fact:
        found = self.found
        if found:
            severe = [allergy for allergy in found if allergy.severe]
            sources = [
                Source(allergy.reference, text="(uncertain)" if allergy.uncertain else "")
                for allergy in severe or found
            ]
            return known("severe" if severe else "other", *sources)
        return absent() if self.complete() else unknown("allergies not all received")


@fact("allergy.cobalt", "cobalt allergy")
class CobaltAllergy(Computation):
    """An allergy to cobalt, by code or by name."""

    found = allergies("cobalt-allergy", names=("cobalt",))
    complete = received("allergies")

    def compute(self) -> Fact:
        found = self.found
        if found:
            return known(True, *(Source(allergy.reference) for allergy in found))
        return known(False) if self.complete() else unknown("allergies not all received")
