"""Which cobalamin order fits the patient.

Every card takes its orders from here, so that agent, route and interval are decided in one place
(clinical specification, section 4, before the tables).
"""

from __future__ import annotations

from .catalogue import fact
from .fact import Fact, absent, known
from .reads import Computation, Read, each, of, part, stocked, text

REASSURING = ("sufficient", "unlikely")
_LOADING = "hydroxocobalamin-loading-then-maintenance"


class Barring(Computation):
    """Reasons why cards suggest no cobalamin."""

    allergy = of("allergy.cobalamin")
    paediatric = of("patient.paediatric")
    only_unexplained_high = of("b12.only_unexplained_high")

    def bars(self) -> bool:
        """Whether there is a severe allergy to a cobalamin, a very high B12 as the only sign of
        deficiency, or an age below 16, for which no order is made."""
        return (
            self.allergy.value == "severe"
            or bool(self.paediatric.holds)
            or bool(self.only_unexplained_high.holds)
        )


class Injection(Computation):
    """The order for injections of the agent that the site stocks."""

    hydroxocobalamin_stocked = stocked("hydroxocobalamin-injection")
    cyanocobalamin_stocked = stocked("cyanocobalamin-injection")
    neuro = of("neuro.involvement")
    by_results = of("b12.results_status")
    leber = of("leber")
    dietary_alone = of("regimen.dietary_alone")
    dietary_regimen = text("dietary.regimen")

    def order(self, regimen: str) -> Fact:
        """The order for ``regimen`` (``loading`` or a hydroxocobalamin template for maintenance).

        The agent is hydroxocobalamin, or cyanocobalamin by injection if the site does not stock it,
        but never with Leber's. With neurological features and a status that is not reassuring,
        injections are on alternate days. Loading leads into maintenance; for a dietary cause alone,
        the parameter set names the regimen.
        """
        neuro = self.neuro.holds and self.by_results.value not in REASSURING
        if self.hydroxocobalamin_stocked:
            if neuro:
                return known(("hydroxocobalamin-neuro",))
            if regimen == "loading":
                regimen = self.dietary_regimen if self.dietary_alone.holds else _LOADING
            return known((regimen,))
        if self.cyanocobalamin_stocked and not self.leber.holds:
            plain = "cyanocobalamin-injection" if regimen == "loading" else "cyanocobalamin-monthly"
            return known(("cyanocobalamin-neuro" if neuro else plain,))
        return absent()


@fact("b12.may_be_advised", "B12 may be advised")
class MayBeAdvised(Computation):
    """Neither a severe allergy to a cobalamin nor an age below {age.adult_from} is known, so that a
    text may advise B12."""

    allergy = of("allergy.cobalamin")
    paediatric = of("patient.paediatric")

    def compute(self) -> Fact:
        return known(self.allergy.value != "severe" and not self.paediatric.holds)


@fact("formulary.hydroxocobalamin", "hydroxocobalamin in stock")
class HydroxocobalaminStocked(Computation):
    """The site's formulary has hydroxocobalamin for injection."""

    stocked = stocked("hydroxocobalamin-injection")

    def compute(self) -> Fact:
        return known(self.stocked)


@fact("formulary.b12_injection", "suitable B12 injection in stock")
class B12InjectionStocked(Computation):
    """The site's formulary has hydroxocobalamin for injection; or it has cyanocobalamin, and
    Leber's is not known."""

    hydroxocobalamin_stocked = stocked("hydroxocobalamin-injection")
    cyanocobalamin_stocked = stocked("cyanocobalamin-injection")
    leber = of("leber")

    def compute(self) -> Fact:
        fits = self.cyanocobalamin_stocked and not self.leber.holds
        return known(self.hydroxocobalamin_stocked or fits)


@fact("formulary.us_label_differs", "hydroxocobalamin regimen other than that of the US label")
class UsLabelDiffers(Computation):
    """The parameter set is that of the United States, and cards suggest hydroxocobalamin, whose
    label there has another regimen."""

    stocked = stocked("hydroxocobalamin-injection")

    def compute(self) -> Fact:
        return known(self.facts.site.parameter_set == "us" and self.stocked)


@fact("regimen.dietary_alone", "regimen for a dietary cause alone")
class RegimenOfDietaryCause(Computation):
    """The parameter set has its own regimen for a dietary cause, and the patient has such a cause
    and is known to have no lifelong one."""

    dietary_alone = of("cause.dietary_alone")
    regimen = text("dietary.regimen")

    def compute(self) -> Fact:
        return known(self.regimen != _LOADING and bool(self.dietary_alone.holds))


class _Starting(Barring):
    """What the regimens that start a course have in common."""

    begun = each("b12_therapy.active", "session.b12", "b12_therapy.stopped")
    injection = part(Injection)

    def may_start(self) -> bool:
        """Whether nothing bars a cobalamin, and no course is under way, drafted, or stopped in this
        session: none is started beside it."""
        return not self.bars() and not any(ground.holds for ground in self.begun)


@fact("regimen.start", "regimen to start", "orders")
class StartingRegimen(_Starting):
    """The parenteral cobalamin order that starts treatment; absent while a course is active,
    drafted or being stopped, or if none may be suggested.

    Hydroxocobalamin; cyanocobalamin by injection if the site does not stock it, never with Leber's.
    """

    def compute(self) -> Fact:
        return self.injection.order("loading") if self.may_start() else absent()


@fact("regimen.resume", "regimen to resume", "orders")
class ResumingRegimen(_Starting):
    """Hydroxocobalamin every 3 months after treatment has lapsed (on alternate days with
    neurological features and no reassuring status); absent while a course is active or drafted."""

    def compute(self) -> Fact:
        return self.injection.order("hydroxocobalamin-3-monthly") if self.may_start() else absent()


@fact("regimen.ileal_prophylaxis", "regimen for extensive ileal disease", "orders")
class IlealProphylaxis(_Starting):
    """Hydroxocobalamin at the parameter set's interval after extensive ileal resection; otherwise
    as for resuming."""

    prophylaxis = text("ileum.prophylaxis")

    def compute(self) -> Fact:
        return self.injection.order(self.prophylaxis) if self.may_start() else absent()


@fact("regimen.monthly", "monthly regimen", "orders")
class MonthlyRegimen(Computation):
    """Hydroxocobalamin monthly in place of a longer interval; cyanocobalamin if the site does not
    stock it, never with Leber's; absent if none may be suggested."""

    allergy = of("allergy.cobalamin")
    paediatric = of("patient.paediatric")
    leber = of("leber")
    hydroxocobalamin_stocked = stocked("hydroxocobalamin-injection")
    cyanocobalamin_stocked = stocked("cyanocobalamin-injection")

    def compute(self) -> Fact:
        if self.allergy.value == "severe" or self.paediatric.holds:
            return absent()
        if self.hydroxocobalamin_stocked:
            return known(("hydroxocobalamin-monthly",))
        fits = self.cyanocobalamin_stocked and not self.leber.holds
        return known(("cyanocobalamin-monthly",)) if fits else absent()


def unfit_for_oral() -> Read[bool]:
    """Whether a condition is known that rules out B12 by mouth."""
    grounds = each("neuro.involvement", "renal.dysfunction", "leber", "anaemia.severe")
    return Read(
        grounds.needs, lambda facts: any(ground.holds for ground in grounds.evaluate(facts))
    )


@fact("regimen.oral", "oral regimen to start", "orders")
class OralRegimen(_Starting):
    """Oral cyanocobalamin 1000 ug daily; absent with neurological features, renal dysfunction,
    Leber's or severe anaemia."""

    tablets_stocked = stocked("cyanocobalamin-tablets")
    unfit = unfit_for_oral()

    def compute(self) -> Fact:
        fits = self.may_start() and self.tablets_stocked and not self.unfit
        return known(("cyanocobalamin-oral-1000",)) if fits else absent()


@fact("regimen.instead_of_cyanocobalamin", "hydroxocobalamin in place of the draft", "orders")
class InsteadOfCyanocobalamin(Barring):
    """The hydroxocobalamin order that replaces drafted cyanocobalamin: loading if treatment starts,
    else maintenance.

    Absent if hydroxocobalamin is not stocked or must not be suggested, if another course is
    running, or if hydroxocobalamin that fits is drafted beside it: the draft is then only removed.
    """

    stocked = stocked("hydroxocobalamin-injection")
    duplicate = of("b12.duplicate")
    active = of("b12_therapy.active")
    neuro = of("neuro.involvement")
    by_results = of("b12.results_status")
    injection = part(Injection)
    beside = of("session.hydroxocobalamin")
    after_loading = of("b12_therapy.after_loading")
    pemetrexed = of("pemetrexed")

    def compute(self) -> Fact:
        if self.bars() or not self.stocked or self.duplicate.holds:
            return absent()
        beside = self.beside
        if beside.is_unknown or (beside.value and self._fits(beside.value)):
            return absent()
        if self.active.holds:
            interval = "2" if self.neuro.holds else "3"
            return known((f"hydroxocobalamin-{interval}-monthly",))
        return self.injection.order(
            "hydroxocobalamin-3-monthly" if self.by_results.value in REASSURING else "loading"
        )

    def _fits(self, regimen: str) -> bool:
        """Whether no card finds fault with hydroxocobalamin drafted at ``regimen``: in deficiency
        it begins with loading, with neurological features on alternate days."""
        status = self.by_results.value
        if self.active.holds or status in REASSURING:
            return True
        if self.neuro.holds:
            return regimen in ("alternate-days", "unstated")
        if status != "deficient" or regimen != "less":
            return True
        return bool(self.after_loading.holds or self.pemetrexed.holds)
