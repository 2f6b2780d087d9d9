"""Facts about the regimen of the cobalamin orders of this session, judged together: the most intensive decides."""

from __future__ import annotations

from .b12_treatment import treatment_of
from .catalogue import Facts, fact
from .drafts import DRAFTS_BY_FACT
from .fact import Fact, absent, known, truth, unknown
from .regimen import UNFIT_FOR_ORAL, barred, injected, stocked
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


_CONTEXT = (
    "allergy.cobalamin", "patient.paediatric", "b12.only_unexplained_high", "leber", "b12_therapy.active", "neuro.involvement",
    "b12.results_status", "regimen.dietary_alone",
)  # fmt: skip


def _replaceable(facts: Facts) -> bool:
    """Whether one order may take the place of every cobalamin of the session: none would stay beside it."""
    named = all(draft.selected and draft.reference for draft in _cobalamins(facts))
    unresolved = any(draft.unresolved for draft in facts.session.drafts)
    return named and not unresolved and not barred(facts) and not facts["b12_therapy.active"].holds


@fact("regimen.in_place", "regimen in place of the draft", "orders", session=True, uses=_CONTEXT)
def in_place(facts: Facts) -> Fact:
    """The order that starts treatment, in place of every drafted cobalamin: loading then maintenance, or alternate days with
    neurological features; absent where a draft would stay beside it."""
    return injected(facts, "loading") if _replaceable(facts) else absent()


@fact("regimen.oral_in_place", "oral regimen in place of the draft", "orders", session=True,
      uses=(*_CONTEXT, *(name for name in UNFIT_FOR_ORAL if name not in _CONTEXT)))  # fmt: skip
def oral_in_place(facts: Facts) -> Fact:
    """Oral cyanocobalamin 1000 ug daily in place of the drafted cobalamin; absent with neurological features, renal
    dysfunction, Leber's or severe anaemia."""
    if any(facts[name].holds for name in UNFIT_FOR_ORAL) or not stocked(facts, "cyanocobalamin-tablets"):
        return absent()
    return known(("cyanocobalamin-oral-1000",)) if _replaceable(facts) else absent()


@fact("b12.sample_carried", "sample that goes with the order in place of the draft", session=True,
      uses=(
          "regimen.instead_of_cyanocobalamin", "draft.cyanocobalamin", "leber", "renal.dysfunction", "regimen.in_place",
          "neuro.involvement", "session.b12_regimen", "regimen.start", "draft.folate", "b12.deficiency_likely",
      ))  # fmt: skip
def sample_carried(facts: Facts) -> Fact:
    """Another card suggests an order that starts treatment, and the sample with it: in place of cyanocobalamin that does not
    fit, on alternate days with neurological features, or beside folate."""
    unfit = facts["leber"].holds or facts["renal.dysfunction"].holds
    changed = facts["draft.cyanocobalamin"].holds and unfit and facts["regimen.instead_of_cyanocobalamin"].value
    less = facts["neuro.involvement"].holds and facts["session.b12_regimen"].value == "less"
    beside_folate = facts["draft.folate"].holds and facts["b12.deficiency_likely"].holds and facts["regimen.start"].value
    return known(bool(changed or (less and facts["regimen.in_place"].value) or beside_folate))


@fact("draft.b12_stop", "stopped cobalamin order", session=True)
def draft_stop(facts: Facts) -> Fact:
    """An order of this session stops, cancels, completes or holds a cobalamin."""
    stops = [stop for stop in facts.session.stops if stop.product.cobalamin]
    return known(bool(stops), *(stop.source for stop in stops))


@fact("draft.b12_oral_daily", "daily dose of the drafted oral cobalamin", "number", unit="ug/d", session=True)
def draft_oral_daily(facts: Facts) -> Fact:
    """Mean micrograms a day of the selected oral cobalamin drafts together, small ones of unstated route that are not for
    injection included; unknown where one leaves it unstated."""
    drafts = [draft for draft in facts.session.selected if draft.product.cobalamin and _is_oral(draft, facts)]
    if not drafts:
        return absent()
    daily = [draft.phase.daily for draft in drafts]
    if None in daily:
        return unknown("the draft does not state it")
    return known(sum(dose for dose in daily if dose is not None), *(draft.source for draft in drafts))


def _is_oral(draft: Draft, facts: Facts) -> bool:
    """By mouth; or without a route, in a dose so small that no injection is meant."""
    daily = draft.phase.daily
    small = daily is not None and daily < facts.site.number("therapy.oral_from")
    return draft.phase.route == "oral" or (draft.phase.route is None and small)


@fact("session.b12_parenteral", "injected cobalamin in this session", session=True)
def session_parenteral(facts: Facts) -> Fact:
    """An order of this session, selected or not, is a cobalamin for injection."""
    drafts = [draft for draft in _cobalamins(facts) if draft.phase.route == "parenteral"]
    return known(bool(drafts), *(draft.source for draft in drafts))


@fact("b12.duplicate", "drafted cobalamin beside one under way", session=True, uses=("b12_therapy.active", "neuro.involvement"))
def duplicate(facts: Facts) -> Fact:
    """B12 treatment is under way by an order or statement (with neurological features: one that has begun) that this session
    does not stop, that no draft names as the one it continues, and that does not end within {therapy.ends_soon}."""
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
        for order in treatment_of(facts).orders
        if order.reference not in stopped | continued | own and not (order.end is not None and order.end <= last_day)
    ]
    if facts["neuro.involvement"].holds:
        beside = [order for order in beside if order.begun(facts.today)]
    return known(bool(beside), *(order.source for order in beside))
