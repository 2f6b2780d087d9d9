"""Which cobalamin order fits the patient, and which potassium checks go with it.

Every card takes its orders from here, so that agent, route, interval and safety checks are decided in one place
(clinical specification, section 4, before the tables).
"""

from __future__ import annotations

from .catalogue import Facts, fact
from .fact import Fact, absent, known

_CONTEXT = ("allergy.cobalamin", "patient.paediatric", "neuro.involvement", "b12.status", "leber")


def stocked(facts: Facts, product: str) -> bool:
    """Whether the site's formulary has ``product``."""
    return facts.site.stocks(product)


def barred(facts: Facts) -> bool:
    """No card suggests a cobalamin with a severe allergy to one, nor any order below the age of 16."""
    return facts["allergy.cobalamin"].value == "severe" or bool(facts["patient.paediatric"].holds)


def _loading(facts: Facts) -> str:
    """The first regimen by injection: on alternate days with neurological features and a status that is not reassuring."""
    if facts["neuro.involvement"].holds and facts["b12.status"].value not in ("sufficient", "unlikely"):
        return "hydroxocobalamin-neuro"
    return "hydroxocobalamin-loading-then-maintenance"


@fact("formulary.hydroxocobalamin", "hydroxocobalamin stocked")
def hydroxocobalamin_stocked(facts: Facts) -> Fact:
    """The site's formulary has hydroxocobalamin for injection."""
    return known(stocked(facts, "hydroxocobalamin-injection"))


@fact("regimen.start", "regimen to start", "orders", uses=(*_CONTEXT, "b12_therapy.active", "session.b12"))
def regimen_start(facts: Facts) -> Fact:
    """The parenteral cobalamin order that starts treatment; absent while one is active, drafted, or must not be suggested.

    Hydroxocobalamin; cyanocobalamin injection where the site does not stock it, never with Leber's.
    """
    if barred(facts) or facts["b12_therapy.active"].holds or facts["session.b12"].holds:
        return absent()
    if stocked(facts, "hydroxocobalamin-injection"):
        return known((_loading(facts),))
    if stocked(facts, "cyanocobalamin-injection") and not facts["leber"].holds:
        return known(("cyanocobalamin-injection",))
    return absent()


def _maintenance(facts: Facts, hydroxocobalamin: str) -> Fact:
    """A regimen that keeps B12 up: on alternate days instead with neurological features and no reassuring status."""
    if barred(facts) or facts["b12_therapy.active"].holds or facts["session.b12"].holds:
        return absent()
    if stocked(facts, "hydroxocobalamin-injection"):
        first = _loading(facts)
        return known((first if first == "hydroxocobalamin-neuro" else hydroxocobalamin,))
    if stocked(facts, "cyanocobalamin-injection") and not facts["leber"].holds:
        return known(("cyanocobalamin-injection",))
    return absent()


_STARTING = (*_CONTEXT, "b12_therapy.active", "session.b12")


@fact("regimen.resume", "regimen to resume", "orders", uses=_STARTING)
def regimen_resume(facts: Facts) -> Fact:
    """Hydroxocobalamin every 3 months where treatment lapsed; absent while one is active or drafted."""
    return _maintenance(facts, "hydroxocobalamin-3-monthly")


@fact("regimen.ileal_prophylaxis", "regimen for extensive ileal disease", "orders", uses=_STARTING)
def regimen_ileal(facts: Facts) -> Fact:
    """Hydroxocobalamin at the parameter set's interval after extensive ileal resection."""
    return _maintenance(facts, facts.site.text("ileum.prophylaxis"))


@fact("regimen.monthly", "monthly regimen", "orders", uses=("allergy.cobalamin", "patient.paediatric"))
def regimen_monthly(facts: Facts) -> Fact:
    """Hydroxocobalamin monthly in place of a longer interval; absent where it is not stocked or must not be suggested."""
    if barred(facts) or not stocked(facts, "hydroxocobalamin-injection"):
        return absent()
    return known(("hydroxocobalamin-monthly",))


@fact("regimen.oral", "oral regimen to start", "orders",
      uses=(*_CONTEXT, "b12_therapy.active", "session.b12", "renal.dysfunction"))  # fmt: skip
def regimen_oral(facts: Facts) -> Fact:
    """Oral cyanocobalamin 1000 ug daily; absent with neurological features, renal dysfunction or Leber's."""
    if barred(facts) or facts["b12_therapy.active"].holds or facts["session.b12"].holds:
        return absent()
    if not stocked(facts, "cyanocobalamin-tablets"):
        return absent()
    if any(facts[name].holds for name in ("neuro.involvement", "renal.dysfunction", "leber")):
        return absent()
    return known(("cyanocobalamin-oral-1000",))


@fact("regimen.instead_of_cyanocobalamin", "hydroxocobalamin in place of the draft", "orders", session=True,
      uses=(*_CONTEXT, "b12_therapy.active"))  # fmt: skip
def regimen_instead(facts: Facts) -> Fact:
    """The hydroxocobalamin order that replaces drafted cyanocobalamin: loading where treatment starts, else maintenance.

    Absent where hydroxocobalamin is not stocked, must not be suggested, or another cobalamin is drafted beside it.
    """
    if barred(facts) or not stocked(facts, "hydroxocobalamin-injection"):
        return absent()
    others = [draft for draft in facts.session.drafts if draft.unresolved or draft.product.cobalamin not in ("", "cyanocobalamin")]
    unselected = [draft for draft in facts.session.drafts if draft.product.cobalamin and not draft.selected]
    if others or unselected:
        return absent()
    if facts["b12_therapy.active"].holds:
        neuro = facts["neuro.involvement"].holds
        return known(("hydroxocobalamin-2-monthly" if neuro else "hydroxocobalamin-3-monthly",))
    if facts["b12.status"].value in ("sufficient", "unlikely"):
        return known(("hydroxocobalamin-3-monthly",))
    return known((_loading(facts),))


_REQUESTED = ("patient.paediatric", "test.drafted.potassium", "test.pending.potassium")


def _requested(facts: Facts) -> bool:
    return any(facts[name].holds for name in _REQUESTED)


@fact(
    "potassium.checks", "potassium checks with the first doses", "orders",
    uses=(*_REQUESTED, "b12_therapy.active", "anaemia", "potassium.risk", "potassium.recently_low", "potassium"),
)  # fmt: skip
def potassium_checks(facts: Facts) -> Fact:
    """Potassium now (unless measured within {window.potassium}), at 24 and 48 hours, where anaemia or a risk from low potassium is
    present or unknown, or potassium was low; none while treatment is under way or a test is drafted or pending."""
    if facts["b12_therapy.active"].holds or _requested(facts):
        return known(())
    grounds = (facts["anaemia"].holds, facts["potassium.risk"].holds, facts["potassium.recently_low"].holds is True)
    if grounds == (False, False, False):
        return known(())
    recent = facts["potassium"].value
    spared = recent is not None and not recent.haemolysed
    return known(("potassium-24h", "potassium-48h") if spared else ("potassium-now", "potassium-24h", "potassium-48h"))


@fact("potassium.repeat", "repeat potassium", "orders", uses=_REQUESTED)
def potassium_repeat(facts: Facts) -> Fact:
    """A repeat potassium now, unless one is drafted or pending."""
    return absent() if _requested(facts) else known(("potassium-now",))


@fact("potassium.series", "series of potassium", "orders", uses=_REQUESTED)
def potassium_series(facts: Facts) -> Fact:
    """Potassium now, at 24 and at 48 hours, unless one is drafted or pending."""
    return absent() if _requested(facts) else known(("potassium-now", "potassium-24h", "potassium-48h"))
