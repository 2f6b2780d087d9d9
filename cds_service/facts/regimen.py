"""Which cobalamin order fits the patient.

Every card takes its orders from here, so that agent, route and interval are decided in one place (clinical specification,
section 4, before the tables).
"""

from __future__ import annotations

from .catalogue import Facts, fact
from .fact import Fact, absent, known

_CONTEXT = (
    "allergy.cobalamin", "patient.paediatric", "b12.only_unexplained_high", "neuro.involvement", "b12.results_status", "leber",
    "regimen.dietary_alone",
)  # fmt: skip
REASSURING = ("sufficient", "unlikely")


def stocked(facts: Facts, product: str) -> bool:
    """Whether the site's formulary has ``product``."""
    return facts.site.stocks(product)


def barred(facts: Facts) -> bool:
    """No card suggests a cobalamin with a severe allergy to one, nor where only a very high B12 speaks for deficiency, nor any
    order below the age of 16."""
    return (
        facts["allergy.cobalamin"].value == "severe"
        or bool(facts["patient.paediatric"].holds)
        or bool(facts["b12.only_unexplained_high"].holds)
    )


def injected(facts: Facts, regimen: str) -> Fact:
    """The order for ``regimen`` (``loading`` or a hydroxocobalamin template for maintenance) of the agent that is stocked.

    Hydroxocobalamin; cyanocobalamin by injection where the site does not stock it, never with Leber's. With neurological
    features and a status that is not reassuring it is given on alternate days.
    """
    neuro = facts["neuro.involvement"].holds and facts["b12.results_status"].value not in REASSURING
    if stocked(facts, "hydroxocobalamin-injection"):
        if neuro:
            return known(("hydroxocobalamin-neuro",))
        return known((_loading(facts) if regimen == "loading" else regimen,))
    if stocked(facts, "cyanocobalamin-injection") and not facts["leber"].holds:
        plain = "cyanocobalamin-injection" if regimen == "loading" else "cyanocobalamin-monthly"
        return known(("cyanocobalamin-neuro" if neuro else plain,))
    return absent()


def _loading(facts: Facts) -> str:
    """Loading with its maintenance: of a dietary cause alone the one that the parameter set names."""
    if facts["regimen.dietary_alone"].holds:
        return facts.site.text("dietary.regimen")
    return "hydroxocobalamin-loading-then-maintenance"


def _is_begun(facts: Facts) -> bool:
    """Whether a course is under way, drafted, or stopped in this session: then none is started beside it."""
    return bool(facts["b12_therapy.active"].holds or facts["session.b12"].holds or facts["b12_therapy.stopped"].holds)


@fact("b12.may_be_advised", "B12 may be advised", uses=("allergy.cobalamin", "patient.paediatric"))
def may_be_advised(facts: Facts) -> Fact:
    """No severe allergy to a cobalamin is known, nor an age below {age.adult_from}: a text may say to give B12."""
    return known(facts["allergy.cobalamin"].value != "severe" and not facts["patient.paediatric"].holds)


@fact("formulary.hydroxocobalamin", "hydroxocobalamin stocked")
def hydroxocobalamin_stocked(facts: Facts) -> Fact:
    """The site's formulary has hydroxocobalamin for injection."""
    return known(stocked(facts, "hydroxocobalamin-injection"))


@fact("formulary.us_label_differs", "hydroxocobalamin regimen other than that of the US label")
def us_label_differs(facts: Facts) -> Fact:
    """The parameter set is that of the United States, and what is suggested is hydroxocobalamin, whose label there has another
    regimen."""
    return known(facts.site.parameter_set == "us" and stocked(facts, "hydroxocobalamin-injection"))


@fact("regimen.dietary_alone", "regimen of a dietary cause alone", uses=("cause.dietary_alone",))
def regimen_of_dietary_cause(facts: Facts) -> Fact:
    """The parameter set has a regimen of its own for a dietary cause, and nothing else is known to cause the deficiency."""
    of_its_own = facts.site.text("dietary.regimen") != "hydroxocobalamin-loading-then-maintenance"
    return known(of_its_own and bool(facts["cause.dietary_alone"].holds))


_STARTING = (*_CONTEXT, "b12_therapy.active", "session.b12", "b12_therapy.stopped")


@fact("regimen.start", "regimen to start", "orders", uses=_STARTING)
def regimen_start(facts: Facts) -> Fact:
    """The parenteral cobalamin order that starts treatment; absent while one is active, drafted, or must not be suggested.

    Hydroxocobalamin; cyanocobalamin injection where the site does not stock it, never with Leber's.
    """
    return absent() if barred(facts) or _is_begun(facts) else injected(facts, "loading")


@fact("regimen.resume", "regimen to resume", "orders", uses=_STARTING)
def regimen_resume(facts: Facts) -> Fact:
    """Hydroxocobalamin every 3 months where treatment lapsed (on alternate days instead with neurological features and no
    reassuring status); absent while one is active or drafted."""
    return absent() if barred(facts) or _is_begun(facts) else injected(facts, "hydroxocobalamin-3-monthly")


@fact("regimen.ileal_prophylaxis", "regimen for extensive ileal disease", "orders", uses=_STARTING)
def regimen_ileal(facts: Facts) -> Fact:
    """Hydroxocobalamin at the parameter set's interval after extensive ileal resection; as for resuming otherwise."""
    return absent() if barred(facts) or _is_begun(facts) else injected(facts, facts.site.text("ileum.prophylaxis"))


@fact("regimen.monthly", "monthly regimen", "orders", uses=("allergy.cobalamin", "patient.paediatric", "leber"))
def regimen_monthly(facts: Facts) -> Fact:
    """Hydroxocobalamin monthly in place of a longer interval; cyanocobalamin where it is not stocked, never with Leber's;
    absent where none must be suggested."""
    if facts["allergy.cobalamin"].value == "severe" or facts["patient.paediatric"].holds:
        return absent()
    if stocked(facts, "hydroxocobalamin-injection"):
        return known(("hydroxocobalamin-monthly",))
    fits = stocked(facts, "cyanocobalamin-injection") and not facts["leber"].holds
    return known(("cyanocobalamin-monthly",)) if fits else absent()


UNFIT_FOR_ORAL = ("neuro.involvement", "renal.dysfunction", "leber", "anaemia.severe")


@fact("regimen.oral", "oral regimen to start", "orders", uses=(*_STARTING, "renal.dysfunction", "anaemia.severe"))
def regimen_oral(facts: Facts) -> Fact:
    """Oral cyanocobalamin 1000 ug daily; absent with neurological features, renal dysfunction, Leber's or severe anaemia."""
    if barred(facts) or _is_begun(facts) or not stocked(facts, "cyanocobalamin-tablets"):
        return absent()
    if any(facts[name].holds for name in UNFIT_FOR_ORAL):
        return absent()
    return known(("cyanocobalamin-oral-1000",))


@fact("regimen.instead_of_cyanocobalamin", "hydroxocobalamin in place of the draft", "orders", session=True,
      uses=(*_CONTEXT, "b12_therapy.active", "b12.duplicate"))  # fmt: skip
def regimen_instead(facts: Facts) -> Fact:
    """The hydroxocobalamin order that replaces drafted cyanocobalamin: loading where treatment starts, else maintenance.

    Absent where hydroxocobalamin is not stocked, must not be suggested, another cobalamin is drafted beside it, or another
    course runs: then the draft is only to be removed.
    """
    if barred(facts) or not stocked(facts, "hydroxocobalamin-injection") or facts["b12.duplicate"].holds:
        return absent()
    others = [draft for draft in facts.session.drafts if draft.unresolved or draft.product.cobalamin not in ("", "cyanocobalamin")]
    if others or any(draft.product.cobalamin and not draft.selected for draft in facts.session.drafts):
        return absent()
    if facts["b12_therapy.active"].holds:
        neuro = facts["neuro.involvement"].holds
        return known(("hydroxocobalamin-2-monthly" if neuro else "hydroxocobalamin-3-monthly",))
    return injected(facts, "hydroxocobalamin-3-monthly" if facts["b12.results_status"].value in REASSURING else "loading")
