"""Facts about the effect of cobalamin therapy, and how this session changes it (clinical
specification, section 3.2)."""

from __future__ import annotations

from datetime import date

from ..fhir.dates import add_days
from .b12_therapy import OfTreatment
from .b12_treatment import CountingAsTherapy, treatment
from .catalogue import fact
from .domains import FALSE, TRUE, UNKNOWN, YES_NO, given, where
from .fact import Fact, known, unknown
from .laboratory import Result
from .lists import received
from .medications import COBALAMIN_AGENTS, UNIDENTIFIED, doses, has_unidentified, session, taking
from .reads import Computation, days, of, part
from .therapy import MEDICATION_QUERIES, Order


class _OrdersNotStopped(Computation):
    """The orders and statements in force that this session is known not to stop."""

    treatment = treatment()
    session = session(*COBALAMIN_AGENTS)

    def orders(self) -> list[Order]:
        """The orders and statements that remain."""
        may_stop = self.session.may_stop
        return [order for order in self.treatment.orders if not may_stop(order)]


@fact("b12.other_treatment", "B12 treatment other than the stopped one")
class OtherTreatment(Computation):
    """A therapeutic cobalamin, current or drafted, that this session does not stop; with
    neurological features, only one given by injection counts."""

    drafted = of("session.b12")
    active = of("b12_therapy.active")
    neuro = of("neuro.involvement")
    not_stopped = part(_OrdersNotStopped)
    domain = given(
        drafted,
        yes=TRUE,
        no=given(active, yes=(TRUE, FALSE), no=FALSE, unknown=UNKNOWN),
        unknown=given(active, yes=YES_NO, no=UNKNOWN, unknown=UNKNOWN),
    )

    def compute(self) -> Fact:
        drafted, active = self.drafted, self.active
        if drafted.holds:
            return drafted
        others = self.not_stopped.orders()
        if self.neuro.holds:
            today = self.facts.today
            others = [order for order in others if order.phase_on(today).route == "parenteral"]
        if others:
            return known(True, *(order.source for order in others))
        return (
            unknown(active.note or drafted.note)
            if active.is_unknown or drafted.is_unknown
            else known(False)
        )


@fact("b12_therapy.not_given", "ordered B12 injections, none recorded as given")
class NotGiven(OfTreatment):
    """All orders in force are for injections, and no dose is recorded since the
    last of them began."""

    order_start = of("b12_therapy.order_start")
    domain = where(
        order_start,
        (TRUE, FALSE),
        otherwise=given("b12_therapy.active", yes=FALSE, no=FALSE, unknown=UNKNOWN),
    )

    def compute(self) -> Fact:
        active, start = self.active, self.order_start.value
        if not active.holds:
            return unknown(active.note) if active.is_unknown else known(False)
        injections = all(
            order.phase_on(self.facts.today).route == "parenteral" for order in self.begun()
        )
        given = start is None or any(dose.day >= start for dose in self.treatment.doses)
        return known(injections and not given, *active.sources)


@fact("b12.low_on_therapy", "B12 low on treatment")
class LowOnTherapy(Computation):
    """The newest total (not in pregnancy) or active B12 is in the deficient class although
    treatment is under way. It was drawn {therapy.settled_after} after the start of treatment or
    later; or, with neurological features, where only injections are ordered and no dose is recorded
    since the last order began, on any day after that order began."""

    active = of("b12_therapy.active")
    start = of("b12_therapy.start")
    order_start = of("b12_therapy.order_start")
    not_given = of("b12_therapy.not_given")
    neuro = of("neuro.involvement")
    pregnant = of("patient.pregnant")
    total_b12 = of("b12.total")
    active_b12 = of("b12.active")
    settled_after = days("therapy.settled_after")
    domain = given(active, yes=YES_NO, no=FALSE, unknown=UNKNOWN)

    def compute(self) -> Fact:
        active = self.active
        if not active.holds:
            return unknown(active.note) if active.is_unknown else known(False)
        settled = self._low_from()
        if settled is None:
            return unknown("start of treatment not known")
        if settled > self.facts.today:
            return known(False)
        pregnant = self.pregnant.holds
        if not pregnant and self._is_low(self.total_b12.value, settled):
            return known(True, self.total_b12.value.source)
        if self._is_low(self.active_b12.value, settled):
            return known(True, self.active_b12.value.source)
        if self.active_b12.is_unknown and (pregnant or self.total_b12.is_unknown):
            return unknown("B12 result not received")
        return known(False)

    @staticmethod
    def _is_low(result: Result | None, settled: date) -> bool:
        return result is not None and result.level == "deficient" and result.moment.day >= settled

    def _low_from(self) -> date | None:
        """The first day from which a low result shows that the treatment under way does not
        work."""
        start = self.start.value
        found = [] if start is None else [start + self.settled_after]
        if self.neuro.holds and self.not_given.holds:
            found.append(add_days(self.order_start.value, 1))
        return min(found, default=None)


@fact("b12_therapy.stopped", "B12 treatment that this session stops")
class StoppedTreatment(Computation):
    """This session stops a cobalamin that treats deficiency, and no other order or statement of one
    is known to be in force."""

    session = session(*COBALAMIN_AGENTS)
    therapy = part(CountingAsTherapy)
    not_stopped = part(_OrdersNotStopped)
    domain = where("draft.b12_stop", (TRUE, FALSE), otherwise=FALSE)

    def compute(self) -> Fact:
        stops = [stop for stop in self.session.stops if stop.product.cobalamin]
        therapeutic = [
            stop
            for stop in stops
            if self.therapy.counts(stop.phase.route, stop.phase.daily, stopping=True)
        ]
        if not therapeutic or self.not_stopped.orders():
            return known(False)
        return known(True, *(stop.source for stop in therapeutic))


@fact("b12_therapy.counts_for_folate", "B12 treatment that protects while folate is given")
class CountsForFolate(Computation):
    """B12 treatment is under way, is not only scheduled, and this session does not stop it."""

    active = of("b12_therapy.active")
    standing = of("b12_therapy.standing")
    stopped = of("b12_therapy.stopped")

    def compute(self) -> Fact:
        active = self.active
        if not active.holds:
            return active
        if self.standing.value == "scheduled" or self.stopped.holds:
            return known(False, *active.sources)
        return active


@fact("b12_therapy.covers", "effective B12 treatment")
class EffectiveTreatment(Computation):
    """B12 treatment protects while folate is given, and B12 is not known to be low on it, so folate
    would not be given alone."""

    going_on = of("b12_therapy.counts_for_folate")
    low_on_therapy = of("b12.low_on_therapy")

    def compute(self) -> Fact:
        going_on = self.going_on
        if going_on.holds and self.low_on_therapy.holds:
            return known(False, *self.low_on_therapy.sources)
        return going_on


_COBALAMINS = (
    "hydroxocobalamin",
    "cyanocobalamin",
    "mecobalamin",
    "adenosylcobalamin",
    "cobalamin-combination",
)


@fact("b12.any_intake", "any B12 intake")
class AnyIntake(Computation):
    """A current order or statement that has begun, for any cobalamin at any dose or for a
    multivitamin; or a dose given within {therapy.dose_active_for}."""

    doses = doses(*_COBALAMINS)
    ordered = taking(*_COBALAMINS, begun=True)
    dose_active_for = days("therapy.dose_active_for")
    complete = received(*MEDICATION_QUERIES)

    def compute(self) -> Fact:
        today = self.facts.today
        recent = [dose for dose in self.doses if dose.day >= today - self.dose_active_for]
        given = [dose for dose in recent if dose.day <= today and dose.product.has_cobalamin]
        if given:
            return known(True, *(dose.source for dose in given))
        ordered = self.ordered
        if ordered.holds or ordered.is_unknown:
            return ordered
        if has_unidentified(recent):
            return unknown(UNIDENTIFIED)
        return known(False) if self.complete() else unknown("medications not all received")
