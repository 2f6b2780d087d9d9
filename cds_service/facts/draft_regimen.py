"""Facts about the regimen of the cobalamin orders of this session, judged together: the most intensive decides."""

from __future__ import annotations

from .catalogue import Facts, fact
from .drafts import DRAFTS_BY_FACT
from .fact import Fact, absent, known, truth, unknown
from .regimen import barred, stocked
from .renal import current_medication
from .session import Draft

NEURO_REGIMENS = ("alternate-days", "less", "unstated")


def _cobalamins(facts: Facts) -> list[Draft]:
    return [draft for draft in facts.session.drafts if draft.product.cobalamin]


@fact("session.b12_regimen", "regimen of the cobalamin in this session", "category", values=NEURO_REGIMENS, session=True)
def session_regimen(facts: Facts) -> Fact:
    """Whether the cobalamin of this session is given by injection at least every second day, as neurological features ask:
    alternate-days, less (oral, nasal, or less often), or unstated (route or frequency)."""
    drafts = _cobalamins(facts)
    if not drafts:
        return absent()
    injections = [draft for draft in drafts if draft.phase.route in ("parenteral", None)]
    sources = [draft.source for draft in drafts]
    longest = facts.site.number("neuro.interval_up_to")
    if any(draft.phase.route and draft.phase.interval is not None and draft.phase.interval <= longest for draft in injections):
        return known("alternate-days", *sources)
    if any(draft.phase.route is None or draft.phase.interval is None for draft in injections):
        return known("unstated", *sources)
    return known("less", *sources)


@fact("session.b12_loading", "loading course in this session", session=True)
def session_loading(facts: Facts) -> Fact:
    """A parenteral cobalamin of this session gives a dose at least every {loading.interval_up_to} in its first phase."""
    longest = facts.site.number("loading.interval_up_to")
    verdicts = [
        None if draft.phase.interval is None else draft.phase.interval <= longest
        for draft in _cobalamins(facts)
        if draft.phase.route == "parenteral"
    ]
    return truth(True if True in verdicts else None if None in verdicts else False, note="the draft does not state it")


@fact("draft.b12_interval", "interval of the drafted injection", "number", unit="d", session=True)
def draft_interval(facts: Facts) -> Fact:
    """Days between doses of the most frequent selected parenteral cobalamin, in its first phase."""
    drafts = [draft for draft in facts.session.selected if draft.product.cobalamin and draft.phase.route == "parenteral"]
    intervals = [draft.phase.interval for draft in drafts]
    if not intervals:
        return absent()
    if None in intervals:
        return unknown("the draft does not state it")
    return known(min(interval for interval in intervals if interval is not None), *(draft.source for draft in drafts))


@fact("pemetrexed", "pemetrexed", session=True, queries=("medication-requests", "medication-statements"))
def pemetrexed(facts: Facts) -> Fact:
    """Pemetrexed or pralatrexate, current or drafted: its protocol gives B12 every 9 weeks."""
    agents = ("pemetrexed", "pralatrexate")
    if any(not draft.product.agents.isdisjoint(agents) for draft in facts.session.drafts):
        return known(True)
    return current_medication(facts, *agents)


_CONTEXT = ("allergy.cobalamin", "patient.paediatric", "leber", "b12_therapy.active")


def _replacement(facts: Facts, hydroxocobalamin: str) -> Fact:
    """The order that replaces every cobalamin of the session; absent where one of them would stay beside it."""
    drafts = _cobalamins(facts)
    replaceable = all(draft.selected and draft.reference for draft in drafts)
    unresolved = any(draft.unresolved for draft in facts.session.drafts)
    if barred(facts) or facts["b12_therapy.active"].holds or not replaceable or unresolved:
        return absent()
    if stocked(facts, "hydroxocobalamin-injection"):
        return known((hydroxocobalamin,))
    if stocked(facts, "cyanocobalamin-injection") and not facts["leber"].holds:
        return known(("cyanocobalamin-injection",))
    return absent()


@fact("regimen.neuro_in_place", "alternate-day regimen in place of the draft", "orders", session=True, uses=_CONTEXT)
def neuro_in_place(facts: Facts) -> Fact:
    """Hydroxocobalamin on alternate days in place of the drafted cobalamin (cyanocobalamin daily where not stocked)."""
    return _replacement(facts, "hydroxocobalamin-neuro")


@fact("regimen.loading_in_place", "loading regimen in place of the draft", "orders", session=True, uses=_CONTEXT)
def loading_in_place(facts: Facts) -> Fact:
    """Loading then maintenance in place of the drafted cobalamin."""
    return _replacement(facts, "hydroxocobalamin-loading-then-maintenance")


@fact("regimen.oral_in_place", "oral regimen in place of the draft", "orders", session=True,
      uses=(*_CONTEXT, "neuro.involvement", "renal.dysfunction"))  # fmt: skip
def oral_in_place(facts: Facts) -> Fact:
    """Oral cyanocobalamin 1000 ug daily in place of the drafted cobalamin; absent with neurological features, renal
    dysfunction or Leber's."""
    replacement = _replacement(facts, "hydroxocobalamin-loading-then-maintenance")
    unfit = any(facts[name].holds for name in ("neuro.involvement", "renal.dysfunction", "leber"))
    if unfit or not stocked(facts, "cyanocobalamin-tablets"):
        return absent()
    return replacement if replacement.value is None else known(("cyanocobalamin-oral-1000",))


@fact("draft.b12_stop", "stopped cobalamin order", session=True)
def draft_stop(facts: Facts) -> Fact:
    """An order of this session stops, cancels, completes or holds a cobalamin."""
    stops = [stop for stop in facts.session.stops if stop.product.cobalamin]
    return known(bool(stops), *(stop.source for stop in stops))


@fact("draft.b12_oral_daily", "daily dose of the drafted oral cobalamin", "number", unit="ug/d", session=True)
def draft_oral_daily(facts: Facts) -> Fact:
    """Mean micrograms a day of the selected oral cobalamin drafts together; unknown where one leaves it unstated."""
    drafts = [draft for draft in facts.session.selected if draft.product.cobalamin and draft.phase.route == "oral"]
    if not drafts:
        return absent()
    daily = [draft.phase.daily for draft in drafts]
    if None in daily:
        return unknown("the draft does not state it")
    return known(sum(dose for dose in daily if dose is not None), *(draft.source for draft in drafts))


@fact("session.b12_parenteral", "injected cobalamin in this session", session=True)
def session_parenteral(facts: Facts) -> Fact:
    """An order of this session, selected or not, is a cobalamin for injection."""
    drafts = [draft for draft in _cobalamins(facts) if draft.phase.route == "parenteral"]
    return known(bool(drafts), *(draft.source for draft in drafts))


@fact("b12.duplicate", "drafted cobalamin beside one under way", session=True, uses=("b12_therapy.active",))
def duplicate(facts: Facts) -> Fact:
    """B12 treatment is under way by an order or statement that this session does not stop, that no draft names as the one
    it continues, and that does not end within {therapy.ends_soon}."""
    active = facts["b12_therapy.active"]
    if not active.holds:
        return unknown(active.note) if active.is_unknown else known(False)
    last_day = facts.today + facts.site.days("therapy.ends_soon")
    stopped = {stop.reference for stop in facts.session.stops}
    drafts = [draft for draft in facts.session.selected if DRAFTS_BY_FACT["draft.b12"](draft)]
    continued = frozenset().union(*(draft.replaces for draft in drafts))
    own = {draft.reference for draft in drafts}
    beside = [
        order
        for order in facts.record.cobalamin_course(facts).orders
        if order.reference not in stopped | continued | own and not (order.end is not None and order.end <= last_day)
    ]
    return known(bool(beside), *(order.source for order in beside))
