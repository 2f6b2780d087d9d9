"""Facts about the regimen of this session's cobalamin orders, judged together: the most intensive
one decides."""

from __future__ import annotations

from ..fhir.product import CYCLIC_ANTIFOLATES
from .b12_treatment import treatment
from .catalogue import fact
from .domains import FALSE, TRUE, UNKNOWN, YES_NO, given, one_of, where
from .fact import Fact, absent, known, truth, unknown
from .medications import (
    COBALAMIN_AGENTS,
    UNIDENTIFIED_DRAFT,
    drafted_with,
    has_unidentified_draft,
    session,
    taking,
)
from .reads import Computation, days, number, of, part, stocked
from .regimen import Barring, Injection, unfit_for_oral
from .session import Draft
from .therapy import Order

NEURO_REGIMENS = ("alternate-days", "less", "unstated")


class _Cobalamins(Computation):
    """The cobalamin orders of this session."""

    session = session(*COBALAMIN_AGENTS)

    def cobalamins(self) -> list[Draft]:
        """Those orders, selected or not."""
        return [draft for draft in self.session.drafts if draft.product.cobalamin]


@fact(
    "session.b12_regimen",
    "regimen of the cobalamin in this session",
    "category",
    values=NEURO_REGIMENS,
)
class SessionRegimen(_Cobalamins):
    """Whether this session gives cobalamin by injection at least every second day, as neurological
    features require: alternate-days, less (oral, nasal, or less often), or unstated (route or
    frequency)."""

    longest = number("neuro.interval_up_to")

    def compute(self) -> Fact:
        drafts = self.cobalamins()
        if not drafts:
            return absent()
        injections = [draft for draft in drafts if draft.phase.route in ("parenteral", None)]
        sources = [draft.source for draft in drafts]
        longest = self.longest
        if any(
            draft.phase.route
            and draft.phase.interval is not None
            and draft.phase.interval <= longest
            for draft in injections
        ):
            return known("alternate-days", *sources)
        if any(draft.phase.route is None or draft.phase.interval is None for draft in injections):
            return known("unstated", *sources)
        return known("less", *sources)


@fact("session.b12_loading", "loading course in this session")
class SessionLoading(_Cobalamins):
    """A parenteral cobalamin of this session gives a dose at least every {loading.interval_up_to}
    in its first phase."""

    longest = number("loading.interval_up_to")

    def compute(self) -> Fact:
        longest = self.longest
        verdicts = [
            None if draft.phase.interval is None else draft.phase.interval <= longest
            for draft in self.cobalamins()
            if draft.phase.route == "parenteral"
        ]
        return truth(
            True if True in verdicts else None if None in verdicts else False,
            note="the draft does not state it",
        )


@fact(
    "session.hydroxocobalamin",
    "regimen of the hydroxocobalamin in this session",
    "category",
    values=("alternate-days", "loading", "less", "unstated"),
)
class HydroxocobalaminRegimen(_Cobalamins):
    """How often the hydroxocobalamin of this session, selected or not, is injected in its first
    phase: at least every second day, at least every {loading.interval_up_to}, less often, or
    unstated. The most frequent order decides. Absent without hydroxocobalamin; unknown if an order
    cannot be identified."""

    neuro_longest = number("neuro.interval_up_to")
    loading_longest = number("loading.interval_up_to")

    def compute(self) -> Fact:
        if has_unidentified_draft(self.session):
            return unknown(UNIDENTIFIED_DRAFT)
        drafts = [
            draft for draft in self.cobalamins() if draft.product.cobalamin == "hydroxocobalamin"
        ]
        if not drafts:
            return absent()
        intervals = [
            draft.phase.interval if draft.phase.route else None
            for draft in drafts
            if draft.phase.route in ("parenteral", None)
        ]
        shortest = min((days for days in intervals if days is not None), default=None)
        return known(self._regimen(shortest, None in intervals), *(d.source for d in drafts))

    def _regimen(self, shortest: float | None, unstated: bool) -> str:
        if shortest is not None and shortest <= self.neuro_longest:
            return "alternate-days"
        if shortest is not None and shortest <= self.loading_longest:
            return "loading"
        return "unstated" if unstated else "less"


@fact("draft.b12_interval", "interval of the drafted injection", "number", unit="d")
class DraftInterval(Computation):
    """Days between doses of the most frequent selected parenteral cobalamin, in its first phase."""

    session = session(*COBALAMIN_AGENTS)

    def compute(self) -> Fact:
        drafts = [
            draft
            for draft in self.session.selected
            if draft.product.cobalamin and draft.phase.route == "parenteral"
        ]
        intervals = [draft.phase.interval for draft in drafts]
        if not intervals:
            return absent()
        if None in intervals:
            return unknown("the draft does not state it")
        return known(
            min(interval for interval in intervals if interval is not None),
            *(draft.source for draft in drafts),
        )


@fact("pemetrexed", "pemetrexed")
class Pemetrexed(Computation):
    """Pemetrexed or pralatrexate, current or drafted: its protocol gives B12 every 9 weeks."""

    session = session(*CYCLIC_ANTIFOLATES)
    taken = taking(*CYCLIC_ANTIFOLATES)
    domain = where(drafted_with("pemetrexed"), TRUE, otherwise=YES_NO)

    def compute(self) -> Fact:
        drafted = any(
            not draft.product.agents.isdisjoint(CYCLIC_ANTIFOLATES) for draft in self.session.drafts
        )
        return known(True) if drafted else self.taken


class _Replaceable(_Cobalamins):
    """Whether one order may replace every cobalamin of the session."""

    barring = part(Barring)
    active = of("b12_therapy.active")

    def may_be_replaced(self) -> bool:
        """Whether nothing bars a cobalamin, and none would remain beside the new order."""
        named = all(draft.selected and draft.reference for draft in self.cobalamins())
        unresolved = any(draft.unresolved for draft in self.session.drafts)
        return named and not unresolved and not self.barring.bars() and not self.active.holds


@fact("regimen.in_place", "regimen in place of the draft", "orders")
class InPlace(_Replaceable):
    """The order that starts treatment, in place of every drafted cobalamin: loading then
    maintenance, or alternate days with neurological features; absent if a draft would remain beside
    it."""

    injection = part(Injection)

    def compute(self) -> Fact:
        return self.injection.order("loading") if self.may_be_replaced() else absent()


@fact("regimen.oral_in_place", "oral regimen in place of the draft", "orders")
class OralInPlace(_Replaceable):
    """Oral cyanocobalamin 1000 ug daily in place of the drafted cobalamin; absent with neurological
    features, renal dysfunction, Leber's or severe anaemia."""

    unfit = unfit_for_oral()
    tablets_stocked = stocked("cyanocobalamin-tablets")

    def compute(self) -> Fact:
        if self.unfit or not self.tablets_stocked:
            return absent()
        return known(("cyanocobalamin-oral-1000",)) if self.may_be_replaced() else absent()


@fact("b12.sample_carried", "sample taken with the order in place of the draft")
class SampleCarried(Computation):
    """Another card suggests an order that starts treatment, together with the sample: in place of
    cyanocobalamin that does not fit, on alternate days with neurological features, or beside
    folate."""

    leber = of("leber")
    renal_dysfunction = of("renal.dysfunction")
    cyanocobalamin = of("draft.cyanocobalamin")
    instead = of("regimen.instead_of_cyanocobalamin")
    neuro = of("neuro.involvement")
    session_regimen = of("session.b12_regimen")
    folate = of("draft.folate")
    deficiency_likely = of("b12.deficiency_likely")
    start = of("regimen.start")
    in_place = of("regimen.in_place")
    domain = one_of(TRUE, FALSE)

    def compute(self) -> Fact:
        unfit = self.leber.holds or self.renal_dysfunction.holds
        changed = self.cyanocobalamin.holds and unfit and self.instead.value
        less = self.neuro.holds and self.session_regimen.value == "less"
        beside_folate = self.folate.holds and self.deficiency_likely.holds and self.start.value
        return known(bool(changed or (less and self.in_place.value) or beside_folate))


@fact("draft.b12_stop", "stopped cobalamin order")
class StoppedOrder(Computation):
    """An order of this session stops, cancels, completes or holds a cobalamin; unknown if the
    medication of such an order cannot be identified."""

    session = session(*COBALAMIN_AGENTS)

    def compute(self) -> Fact:
        stops = [stop for stop in self.session.stops if stop.product.cobalamin]
        if not stops and any(stop.unresolved for stop in self.session.stops):
            return unknown(UNIDENTIFIED_DRAFT)
        return known(bool(stops), *(stop.source for stop in stops))


@fact("draft.b12_oral_daily", "daily dose of the drafted oral cobalamin", "number", unit="ug/d")
class DailyOralB12(Computation):
    """Mean micrograms a day of the selected oral cobalamin drafts together, including small doses
    of unstated route that are not for injection; unknown if one does not state it."""

    session = session(*COBALAMIN_AGENTS)
    treats_from = number("therapy.oral_from")

    def compute(self) -> Fact:
        drafts = [
            draft
            for draft in self.session.selected
            if draft.product.cobalamin and self._is_oral(draft)
        ]
        if not drafts:
            return absent()
        daily = [draft.phase.daily for draft in drafts]
        if None in daily:
            return unknown("the draft does not state it")
        return known(
            sum(dose for dose in daily if dose is not None), *(draft.source for draft in drafts)
        )

    def _is_oral(self, draft: Draft) -> bool:
        """Whether a draft is given by mouth, or has no route and a dose too small for an
        injection."""
        daily = draft.phase.daily
        small = daily is not None and daily < self.treats_from
        return draft.phase.route == "oral" or (draft.phase.route is None and small)


@fact("session.b12_parenteral", "injected cobalamin in this session")
class SessionParenteral(_Cobalamins):
    """An order of this session, selected or not, is a cobalamin for injection."""

    def compute(self) -> Fact:
        drafts = [draft for draft in self.cobalamins() if draft.phase.route == "parenteral"]
        return known(bool(drafts), *(draft.source for draft in drafts))


class _Duplicating(_Cobalamins):
    """The courses under way beside which this session drafts another."""

    treatment = treatment()
    neuro = of("neuro.involvement")
    ends_soon = days("therapy.ends_soon")

    def selected(self) -> list[Draft]:
        """The selected cobalamin orders of the session."""
        return [draft for draft in self.cobalamins() if draft.selected]

    def beside(self) -> list[Order]:
        """The orders in force that the session neither stops nor continues, and that do not end
        soon; with neurological features, only those that have begun."""
        today = self.facts.today
        last_day = today + self.ends_soon
        not_beside = {stop.reference for stop in self.session.stops}.union(
            *(draft.replaces | {draft.reference} for draft in self.selected())
        )
        beside = [
            order
            for order in self.treatment.orders
            if order.reference not in not_beside
            and not (order.end is not None and order.end <= last_day)
        ]
        if self.neuro.holds:
            beside = [order for order in beside if order.begun(today)]
        return beside


@fact("b12.duplicate", "drafted cobalamin in addition to one under way")
class Duplicate(_Duplicating):
    """B12 treatment is under way by an order or statement that this session does not stop, that no
    draft names as the one it continues, and that does not end within {therapy.ends_soon}. With
    neurological features, only one that has begun counts."""

    active = of("b12_therapy.active")
    domain = given(active, yes=(TRUE, FALSE), no=FALSE, unknown=UNKNOWN)

    def compute(self) -> Fact:
        active = self.active
        if not active.holds:
            return unknown(active.note) if active.is_unknown else known(False)
        beside = self.beside()
        return known(bool(beside), *(order.source for order in beside))


@fact("b12.duplicate_injected", "drafted injections in addition to a course that is not injected")
class DuplicateInjected(_Duplicating):
    """With neurological features, injections are drafted that fit the patient, in addition to
    treatment that is under way by mouth or nose alone: the injections are to be kept. With a
    severe allergy none fit, with Leber's no cyanocobalamin."""

    duplicate = of("b12.duplicate")
    may_be_advised = of("b12.may_be_advised")
    leber = of("leber")
    domain = where(
        "b12.duplicate",
        where(
            "neuro.involvement",
            where(
                "b12.may_be_advised",
                where("draft.b12_parenteral", (TRUE, FALSE), otherwise=FALSE),
                otherwise=FALSE,
            ),
            otherwise=FALSE,
        ),
        otherwise=FALSE,
    )

    def compute(self) -> Fact:
        if not (self.duplicate.holds and self.neuro.holds and self.may_be_advised.holds):
            return known(False)
        today = self.facts.today
        beside = self.beside()
        not_injected = all(
            order.phase_on(today).route in ("oral", "nasal") for order in beside
        ) and any(map(self._is_fitting_injection, self.selected()))
        return known(not_injected, *(order.source for order in beside))

    def _is_fitting_injection(self, draft: Draft) -> bool:
        unfit = self.leber.holds and draft.product.cobalamin == "cyanocobalamin"
        return draft.phase.route == "parenteral" and not unfit
