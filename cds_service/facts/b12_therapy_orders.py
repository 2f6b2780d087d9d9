"""Facts about the orders behind cobalamin therapy in the record (clinical specification, section
3.2)."""

from __future__ import annotations

from .b12_therapy import STARTS, OfTreatment
from .b12_treatment import TreatmentOfRecord, treatment
from .catalogue import fact
from .domains import ABSENT, FALSE, TRUE, UNKNOWN, Class, days_ago, given, one_of, where
from .fact import Fact, absent, known, unknown
from .reads import Computation, of, part

# In these standings, there is an order that has begun.
_HAS_ORDER = of("b12_therapy.standing").is_one_of("running", "ordered")


@fact("b12_therapy.order", "order for B12 treatment", "reference")
class OrderOfTreatment(OfTreatment):
    """The MedicationRequest that B12 treatment rests on, so that a change can name it; absent
    unless it is the only order and has begun."""

    domain = where(
        "b12_therapy.active",
        where(
            _HAS_ORDER,
            (ABSENT, Class("named", known("MedicationRequest/course"))),
            otherwise=ABSENT,
        ),
        otherwise=ABSENT,
    )

    def compute(self) -> Fact:
        orders = self.treatment.orders if self.active.holds else ()
        if (
            len(orders) == 1
            and orders[0].reference.startswith("MedicationRequest/")
            and orders[0].begun(self.facts.today)
        ):
            return known(orders[0].reference, orders[0].source)
        return absent()


@fact("b12_therapy.cyanocobalamin", "cyanocobalamin under way")
class CyanocobalaminUnderWay(Computation):
    """An order or statement in force is for cyanocobalamin."""

    treatment = treatment()
    domain = where("b12_therapy.active", (TRUE, FALSE), otherwise=FALSE)

    def compute(self) -> Fact:
        found = [
            order for order in self.treatment.orders if order.product.cobalamin == "cyanocobalamin"
        ]
        return known(bool(found), *(order.source for order in found))


@fact("b12_therapy.order_start", "start of the order for B12 treatment", "date")
class StartOfOrder(OfTreatment):
    """The first day of the order in force that began last; absent if none is in force."""

    domain = where(
        _HAS_ORDER,
        (STARTS, UNKNOWN),
        otherwise=given("b12_therapy.active", yes=ABSENT, no=ABSENT, unknown=UNKNOWN),
    )

    def compute(self) -> Fact:
        active = self.active
        if not active.holds:
            return unknown(active.note) if active.is_unknown else absent()
        begun = self.begun()
        if not begun:
            return absent()
        last = begun[-1]
        return unknown("not stated") if last.start is None else known(last.start, last.source)


@fact("b12_therapy.planned_start", "start of the planned B12 treatment", "date")
class PlannedStart(Computation):
    """The first day of an order that does not count as treatment yet, because it begins too far
    ahead or is of another regimen than is due now; absent without such an order."""

    treatment = treatment()
    domain = one_of(ABSENT, days_ago(-40))

    def compute(self) -> Fact:
        planned = self.treatment.planned
        return (
            known(planned[0].start, *(order.source for order in planned)) if planned else absent()
        )


@fact("b12_therapy.planned_order", "planned order for B12 treatment", "reference")
class PlannedOrder(Computation):
    """The MedicationRequest of ``b12_therapy.planned_start``, so that a suggestion can replace it;
    absent unless it is the only such order."""

    treatment = treatment()
    domain = where(
        "b12_therapy.planned_start",
        (ABSENT, Class("named", known("MedicationRequest/planned"))),
        otherwise=ABSENT,
    )

    def compute(self) -> Fact:
        planned = self.treatment.planned
        if len(planned) == 1 and planned[0].reference.startswith("MedicationRequest/"):
            return known(planned[0].reference, planned[0].source)
        return absent()


@fact("b12_therapy.after_loading", "loading course that ended recently")
class AfterLoading(Computation):
    """A loading course by injection ended within {therapy.dose_active_for}, and no later
    result is deficient."""

    treatment = treatment()
    record = part(TreatmentOfRecord)
    domain = one_of(TRUE, FALSE)

    def compute(self) -> Fact:
        treatment = self.treatment
        found = self.record.after_loading(treatment.past, treatment.doses)
        return known(bool(found), *(order.source for order in found))
