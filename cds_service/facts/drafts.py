"""Facts about the orders of this session."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from ..fhir.product import COMBINATIONS, is_folate
from .b12_treatment import CountingAsTherapy
from .catalogue import define, fact
from .fact import Fact, absent, known, truth, unknown
from .medications import (
    COBALAMIN_AGENTS,
    FOLATE_AGENTS,
    UNIDENTIFIED_DRAFT,
    has_unidentified_draft,
    session,
)
from .reads import Computation, Read, number, of, part
from .session import Draft, OrderingSession


def drafted(wanted: Callable[[Draft], bool | None], *agents: str) -> Read[Fact]:
    """Whether a selected draft is ``wanted``; unknown if a draft cannot be identified. ``agents``:
    those to look for in drafts."""
    orders = session(*agents)
    return Read(orders.needs, lambda facts: _drafted(orders.evaluate(facts), wanted))


def _drafted(session: OrderingSession, wanted: Callable[[Draft], bool | None]) -> Fact:
    open_question = False
    for draft in session.selected:
        verdict = None if draft.unresolved else wanted(draft)
        if verdict:
            return known(True, draft.source)
        open_question |= verdict is None
    return unknown(UNIDENTIFIED_DRAFT) if open_question else known(False)


def _is_cobalamin(draft: Draft) -> bool:
    return bool(draft.product.cobalamin)


def _is_cyanocobalamin(draft: Draft) -> bool:
    return draft.product.cobalamin == "cyanocobalamin"


def _is_folate(draft: Draft) -> bool:
    return is_folate(draft.product, draft.phase.route)


def _is_combination(draft: Draft) -> bool:
    """Whether the draft is a product of several agents, one of them a cobalamin."""
    product = draft.product
    return not (product.cobalamin or product.applied_elsewhere) and product.has_cobalamin


def _may_be_cyanocobalamin(draft: Draft) -> bool:
    """Whether the draft is cyanocobalamin, or another product (a combination or eye drops, say)
    whose cobalamin is cyanocobalamin or is not named."""
    product, held = draft.product, draft.product.cobalamins
    return _is_cyanocobalamin(draft) or (
        not product.cobalamin and product.has_cobalamin and ("cyanocobalamin" in held or not held)
    )


def _is_any_parenteral(draft: Draft) -> bool | None:
    if not draft.product.has_cobalamin:
        return False
    if draft.phase.route is None:
        return None if draft.product.cobalamin else False
    return draft.phase.route == "parenteral"


def _is_parenteral(draft: Draft) -> bool | None:
    if not draft.product.cobalamin:
        return False
    return None if draft.phase.route is None else draft.phase.route == "parenteral"


def _is_intramuscular(draft: Draft) -> bool | None:
    if not draft.product.cobalamin:
        return False
    return None if draft.phase.route is None else draft.phase.intramuscular


define(
    "draft.b12",
    "drafted cobalamin",
    drafted(_is_cobalamin, *COBALAMIN_AGENTS),
    "A selected draft is a single-agent cobalamin.",
)

define(
    "draft.cyanocobalamin",
    "drafted cyanocobalamin",
    drafted(_is_cyanocobalamin, *COBALAMIN_AGENTS),
    "A selected draft is single-agent cyanocobalamin, by any route.",
)

define(
    "draft.any_cobalamin",
    "drafted cobalamin, alone or combined",
    drafted(lambda draft: draft.product.has_cobalamin, *COBALAMIN_AGENTS),
    (
        "A selected draft is a cobalamin, as the only agent or in a combination; an allergy "
        "matters for both."
    ),
)

define(
    "draft.any_cyanocobalamin",
    "drafted cyanocobalamin, alone or combined",
    drafted(_may_be_cyanocobalamin, *COBALAMIN_AGENTS),
    (
        "A selected draft is cyanocobalamin, as the only agent or in a combination that names no "
        "other cobalamin."
    ),
)

define(
    "draft.b12_combined",
    "drafted combination with a cobalamin",
    drafted(_is_combination, *COBALAMIN_AGENTS),
    (
        "A selected draft is a product of several agents, one of them a cobalamin. No suggestion "
        "removes it."
    ),
)

define(
    "draft.any_b12_parenteral",
    "drafted parenteral cobalamin, alone or combined",
    drafted(_is_any_parenteral, *COBALAMIN_AGENTS),
    "A selected draft for injection is a cobalamin, alone or in a combination.",
)

define(
    "draft.b12_parenteral",
    "drafted parenteral cobalamin",
    drafted(_is_parenteral, *COBALAMIN_AGENTS),
    "A selected draft is a cobalamin for injection; an injectable product without a route counts.",
)

define(
    "draft.b12_intramuscular",
    "drafted intramuscular cobalamin",
    drafted(_is_intramuscular, *COBALAMIN_AGENTS),
    (
        "A selected draft is a cobalamin by intramuscular injection, or an injectable product "
        "without a route."
    ),
)


class Therapeutic(Computation):
    """Decides which drafts treat B12 deficiency."""

    neuro = of("neuro.involvement")
    therapy = part(CountingAsTherapy)

    def treats(self, draft: Draft) -> bool | None:
        """Whether ``draft`` is a cobalamin that treats; with neurological features, only a
        parenteral one does. ``None`` if that is not known."""
        if not draft.product.cobalamin:
            return False
        if draft.dosage_untold:
            return None
        if self.neuro.holds:
            return None if draft.phase.route is None else draft.phase.route == "parenteral"
        return self.therapy.counts(draft.phase.route, draft.phase.daily)


@fact("draft.b12_therapeutic", "drafted therapeutic cobalamin")
class TherapeuticDraft(Therapeutic):
    """A selected draft is a cobalamin that treats deficiency; with neurological features, only a
    parenteral one does."""

    session = session(*COBALAMIN_AGENTS)

    def compute(self) -> Fact:
        return _drafted(self.session, self.treats)


@fact("draft.b12_treats", "drafted cobalamin at a dose that treats")
class TreatingDraft(Computation):
    """A selected draft is a cobalamin at a dose that treats deficiency, even if its route does not
    suffice for neurological features."""

    session = session(*COBALAMIN_AGENTS)
    therapy = part(CountingAsTherapy)

    def compute(self) -> Fact:
        return _drafted(self.session, self._treats)

    def _treats(self, draft: Draft) -> bool | None:
        if not draft.product.cobalamin:
            return False
        return (
            None
            if draft.dosage_untold
            else self.therapy.counts(draft.phase.route, draft.phase.daily)
        )


@fact("session.folate", "folate in this session")
class SessionFolate(Computation):
    """An order of this session, selected or not, is a folate."""

    session = session(*FOLATE_AGENTS)

    def compute(self) -> Fact:
        drafts = [draft for draft in self.session.drafts if _is_folate(draft)]
        if not drafts and has_unidentified_draft(self.session):
            return unknown(UNIDENTIFIED_DRAFT)
        return known(bool(drafts), *(draft.source for draft in drafts))


define(
    "draft.folate",
    "drafted folate",
    drafted(_is_folate, *FOLATE_AGENTS),
    "A selected draft is a folate (folic acid, levomefolate, oral leucovorin).",
)


@fact("draft.folate_daily", "daily dose of the drafted folate", "number", unit="ug/d")
class DailyFolate(Computation):
    """Mean micrograms of folate a day over the selected drafts together; unknown if one does not
    state it."""

    session = session(*FOLATE_AGENTS)

    def compute(self) -> Fact:
        drafts = [draft for draft in self.session.selected if _is_folate(draft)]
        if not drafts:
            return absent()
        total = Decimal(0)
        for draft in drafts:
            daily = draft.phase.daily
            if daily is None:
                return unknown("the draft does not state it")
            total += daily
        return known(total, *(draft.source for draft in drafts))


@fact("draft.folate_above_400_ug", "drafted folate above the low dose")
class FolateAboveLowDose(Computation):
    """Folate is drafted at more than {folate.low_dose_up_to}, or without a stated dose."""

    drafted = of("draft.folate")
    daily = of("draft.folate_daily")
    low_dose_up_to = number("folate.low_dose_up_to")

    def compute(self) -> Fact:
        drafted = self.drafted
        if not drafted.holds:
            return drafted
        daily = self.daily
        return known(daily.value is None or daily.value > self.low_dose_up_to, *drafted.sources)


@fact(
    "draft.folate_needs_b12",
    "addition that the drafted folate needs",
    "category",
    values=("cobalamin", "active-b12"),
)
class FolateNeedsB12(Computation):
    """What the drafted folate needs if it is to be kept but not given alone: cobalamin, if
    deficiency is known or likely and there is another reason for folate or its dose is low; active
    B12 in pregnancy with a low total B12 and no active B12."""

    drafted = of("draft.folate")
    above_low_dose = of("draft.folate_above_400_ug")
    deficiency_likely = of("b12.deficiency_likely")
    reason = of("folate.reason")
    pregnant = of("patient.pregnant")
    total_level = of("b12.total.level")
    active_b12 = of("b12.active")

    def compute(self) -> Fact:
        if not self.drafted.holds:
            return absent()
        likely = self.deficiency_likely
        if likely.holds and (self.reason.value is not None or self.above_low_dose.holds is False):
            return known("cobalamin", *likely.sources)
        pregnant, total_level = self.pregnant.holds, self.total_level
        if (
            not likely.holds
            and pregnant
            and total_level.value == "deficient"
            and self.active_b12.value is None
        ):
            return known("active-b12", *total_level.sources)
        return absent()


@fact("session.b12", "therapeutic cobalamin in this session")
class SessionB12(Therapeutic):
    """An order of this session, selected or not, is a cobalamin that treats deficiency.

    With known neurological features, only a parenteral one counts.
    """

    session = session(*COBALAMIN_AGENTS)

    def compute(self) -> Fact:
        drafts = [
            draft for draft in self.session.drafts if draft.product.cobalamin or draft.unresolved
        ]
        if not drafts:
            return known(False)
        verdicts = [None if draft.unresolved else self.treats(draft) for draft in drafts]
        decided = True if True in verdicts else (None if None in verdicts else False)
        return truth(
            decided,
            *(draft.source for draft in drafts if not draft.unresolved),
            note="not all orders identified",
        )


DRAFTS_BY_FACT: dict[str, Callable[[Draft], bool]] = {
    "draft.b12": _is_cobalamin,
    "draft.cyanocobalamin": _is_cyanocobalamin,
    "draft.folate": _is_folate,
}


# A type and an id: FHIR R4 limits an id to 64 characters, but some servers exceed that. Longer
# references are not sent back.
_LONGEST_REFERENCE = 300


def is_short(reference: str) -> bool:
    """Whether a suggestion can name a resource by ``reference``: it is not empty, and short enough
    to send back."""
    return 0 < len(reference) <= _LONGEST_REFERENCE


def is_removable(draft: Draft) -> bool:
    """Whether a suggestion may remove a draft: it has a reference, and is not a combination, which
    holds other agents too."""
    return is_short(draft.reference) and not draft.product.agents & COMBINATIONS


def drafts_behind(session: OrderingSession, name: str) -> list[Draft]:
    """The selected drafts for which the fact ``name`` holds: a suggestion may remove these."""
    wanted = DRAFTS_BY_FACT[name]
    return [draft for draft in session.selected if wanted(draft)]
