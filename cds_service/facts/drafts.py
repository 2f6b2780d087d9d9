"""Facts about the orders of this session."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from ..fhir.medication import is_folate
from .b12_treatment import counts_as_therapy
from .catalogue import Facts, fact
from .fact import Fact, absent, known, truth, unknown
from .session import Draft
from .unidentified import UNIDENTIFIED_DRAFT, has_unidentified_draft


def _drafted(facts: Facts, wanted: Callable[[Draft], bool | None]) -> Fact:
    """Whether a selected draft is wanted; a draft that cannot be identified leaves it open."""
    open_question = False
    for draft in facts.session.selected:
        verdict = None if draft.unresolved else wanted(draft)
        if verdict:
            return known(True, draft.source)
        open_question |= verdict is None
    return unknown(UNIDENTIFIED_DRAFT) if open_question else known(False)


@fact("draft.b12", "drafted cobalamin", session=True)
def draft_b12(facts: Facts) -> Fact:
    """A selected draft is a single-agent cobalamin."""
    return _drafted(facts, lambda draft: bool(draft.product.cobalamin))


@fact("draft.cyanocobalamin", "drafted cyanocobalamin", session=True)
def draft_cyanocobalamin(facts: Facts) -> Fact:
    """A selected draft is single-agent cyanocobalamin, by any route."""
    return _drafted(facts, lambda draft: draft.product.cobalamin == "cyanocobalamin")


def _is_combination(draft: Draft) -> bool:
    """Whether it is a product of several agents of which one is a cobalamin."""
    return not draft.product.cobalamin and draft.product.has_cobalamin


def _may_be_cyanocobalamin(draft: Draft) -> bool:
    """Whether a combination's cobalamin is cyanocobalamin, as it is unless another is told."""
    held = draft.product.cobalamins
    return _is_combination(draft) and ("cyanocobalamin" in held or not held)


@fact("draft.any_cobalamin", "drafted cobalamin, alone or combined", session=True)
def draft_any_cobalamin(facts: Facts) -> Fact:
    """A selected draft is a cobalamin, as the only agent or in a combination: what an allergy is about."""
    return _drafted(facts, lambda draft: draft.product.has_cobalamin)


@fact("draft.any_cyanocobalamin", "drafted cyanocobalamin, alone or combined", session=True)
def draft_any_cyanocobalamin(facts: Facts) -> Fact:
    """A selected draft is cyanocobalamin, as the only agent or in a combination whose name tells no other cobalamin."""
    return _drafted(facts, lambda draft: draft.product.cobalamin == "cyanocobalamin" or _may_be_cyanocobalamin(draft))


@fact("draft.b12_combined", "drafted combination with a cobalamin", session=True)
def draft_combined(facts: Facts) -> Fact:
    """A selected draft is a product of several agents of which one is a cobalamin: no suggestion removes it."""
    return _drafted(facts, _is_combination)


@fact("draft.any_b12_parenteral", "drafted parenteral cobalamin, alone or combined", session=True)
def draft_any_parenteral(facts: Facts) -> Fact:
    """A selected draft for injection is a cobalamin, alone or in a combination."""

    def parenteral(draft: Draft) -> bool | None:
        if not draft.product.has_cobalamin:
            return False
        if draft.phase.route is None:
            return None if draft.product.cobalamin else False
        return draft.phase.route == "parenteral"

    return _drafted(facts, parenteral)


@fact("draft.b12_parenteral", "drafted parenteral cobalamin", session=True)
def draft_parenteral(facts: Facts) -> Fact:
    """A selected draft is a cobalamin for injection; an injectable product without a route counts."""

    def parenteral(draft: Draft) -> bool | None:
        if not draft.product.cobalamin:
            return False
        return None if draft.phase.route is None else draft.phase.route == "parenteral"

    return _drafted(facts, parenteral)


def _is_folate(draft: Draft) -> bool:
    return is_folate(draft.product, draft.phase.route)


@fact("draft.b12_intramuscular", "drafted intramuscular cobalamin", session=True)
def draft_intramuscular(facts: Facts) -> Fact:
    """A selected draft is a cobalamin by intramuscular injection, or an injectable product without a route."""

    def intramuscular(draft: Draft) -> bool | None:
        if not draft.product.cobalamin:
            return False
        return None if draft.phase.route is None else draft.phase.intramuscular

    return _drafted(facts, intramuscular)


@fact("draft.b12_therapeutic", "drafted therapeutic cobalamin", session=True, uses=("neuro.involvement", "cause.dietary", "cause.lifelong"))
def draft_therapeutic(facts: Facts) -> Fact:
    """A selected draft is a cobalamin that treats deficiency; with neurological features only a parenteral one does."""
    return _drafted(facts, lambda draft: _therapeutic(draft, facts))


def _therapeutic(draft: Draft, facts: Facts) -> bool | None:
    if not draft.product.cobalamin:
        return False
    if draft.dosage_untold:
        return None
    if facts["neuro.involvement"].holds:
        return None if draft.phase.route is None else draft.phase.route == "parenteral"
    return counts_as_therapy(draft.phase.route, draft.phase.daily, facts)


@fact("draft.b12_treats", "drafted cobalamin of a dose that treats", session=True, uses=("cause.dietary", "cause.lifelong"))
def draft_treats(facts: Facts) -> Fact:
    """A selected draft is a cobalamin of a dose that treats deficiency, whatever its route is worth with neurological features."""

    def treats(draft: Draft) -> bool | None:
        if not draft.product.cobalamin:
            return False
        return None if draft.dosage_untold else counts_as_therapy(draft.phase.route, draft.phase.daily, facts)

    return _drafted(facts, treats)


@fact("session.folate", "folate in this session", session=True)
def session_folate(facts: Facts) -> Fact:
    """An order of this session, selected or not, is a folate."""
    drafts = [draft for draft in facts.session.drafts if _is_folate(draft)]
    if not drafts and has_unidentified_draft(facts.session):
        return unknown(UNIDENTIFIED_DRAFT)
    return known(bool(drafts), *(draft.source for draft in drafts))


@fact("draft.folate", "drafted folate", session=True)
def draft_folate(facts: Facts) -> Fact:
    """A selected draft is a folate (folic acid, levomefolate, oral leucovorin)."""
    return _drafted(facts, _is_folate)


@fact("draft.folate_daily", "daily dose of the drafted folate", "number", unit="ug/d", session=True)
def draft_folate_daily(facts: Facts) -> Fact:
    """Mean micrograms of folate a day over the selected drafts together; unknown where one leaves it unstated."""
    drafts = [draft for draft in facts.session.selected if _is_folate(draft)]
    if not drafts:
        return absent()
    total = Decimal(0)
    for draft in drafts:
        daily = draft.phase.daily
        if daily is None:
            return unknown("the draft does not state it")
        total += daily
    return known(total, *(draft.source for draft in drafts))


@fact(
    "draft.folate_above_400_ug", "drafted folate above the low dose", session=True, uses=("draft.folate", "draft.folate_daily"),
)  # fmt: skip
def draft_folate_high(facts: Facts) -> Fact:
    """Folate is drafted at more than {folate.low_dose_up_to}, or without a stated dose."""
    drafted = facts["draft.folate"]
    if not drafted.holds:
        return drafted
    daily = facts["draft.folate_daily"]
    return known(daily.value is None or daily.value > facts.site.number("folate.low_dose_up_to"), *drafted.sources)


@fact(
    "draft.folate_needs_b12", "what the drafted folate needs beside it", "category", values=("cobalamin", "active-b12"),
    uses=(
        "draft.folate", "draft.folate_above_400_ug", "b12.deficiency_likely", "folate.reason", "patient.pregnant",
        "b12.total.level", "b12.active",
    ),
)  # fmt: skip
def draft_folate_needs_b12(facts: Facts) -> Fact:
    """Folate that is to be kept, yet not alone: cobalamin with known or likely deficiency and another reason for folate
    or a low dose; active B12 in pregnancy with a low total B12 and no active B12."""
    if not facts["draft.folate"].holds:
        return absent()
    likely = facts["b12.deficiency_likely"].holds
    if likely and (facts["folate.reason"].value is not None or facts["draft.folate_above_400_ug"].holds is False):
        return known("cobalamin", *facts["b12.deficiency_likely"].sources)
    pregnant, low = facts["patient.pregnant"].holds, facts["b12.total.level"].value == "deficient"
    if not likely and pregnant and low and facts["b12.active"].value is None:
        return known("active-b12", *facts["b12.total.level"].sources)
    return absent()


@fact(
    "session.b12", "therapeutic cobalamin in this session", session=True, uses=("neuro.involvement", "cause.dietary", "cause.lifelong"),
)  # fmt: skip
def session_b12(facts: Facts) -> Fact:
    """An order of this session, selected or not, is a cobalamin that treats deficiency.

    With known neurological features only a parenteral one counts.
    """
    drafts = [draft for draft in facts.session.drafts if draft.product.cobalamin or draft.unresolved]
    if not drafts:
        return known(False)
    verdicts = [None if draft.unresolved else _therapeutic(draft, facts) for draft in drafts]
    decided = True if True in verdicts else (None if None in verdicts else False)
    return truth(decided, *(draft.source for draft in drafts if not draft.unresolved), note="not all orders identified")


DRAFTS_BY_FACT: dict[str, Callable[[Draft], bool]] = {
    "draft.b12": lambda draft: bool(draft.product.cobalamin),
    "draft.cyanocobalamin": lambda draft: draft.product.cobalamin == "cyanocobalamin",
    "draft.folate": _is_folate,
}


# A type and an id, which FHIR R4 has no longer than 64 characters; some servers go beyond. Longer ones are not sent back.
_LONGEST_REFERENCE = 300


def is_short(reference: str) -> bool:
    """Whether a suggestion can name a resource by its reference: there is one, of a length to send back."""
    return 0 < len(reference) <= _LONGEST_REFERENCE


_COMBINED = frozenset({"cobalamin-combination", "folate-combination"})


def is_removable(draft: Draft) -> bool:
    """Whether a suggestion may remove a draft: it can be named, and is no combination, which holds other agents too."""
    return is_short(draft.reference) and not draft.product.agents & _COMBINED


def drafts_behind(facts: Facts, name: str) -> list[Draft]:
    """The selected drafts for which the fact ``name`` holds: those that a suggestion may remove."""
    wanted = DRAFTS_BY_FACT[name]
    return [draft for draft in facts.session.selected if wanted(draft)]
