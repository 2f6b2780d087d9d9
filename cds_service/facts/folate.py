"""Facts about folate."""

from __future__ import annotations

from ..fhir.medication import is_folate
from .b12 import LEVELS
from .catalogue import Facts, fact
from .fact import Fact, absent, known, unknown
from .history import problems_in
from .laboratory import level, newest
from .renal import current_medication
from .unidentified import UNIDENTIFIED_DRAFT, has_unidentified_draft


@fact("folate.serum", "serum folate", "result", unit="nmol/L", other_units=("ug/L",), queries=("b12-results",))
def serum(facts: Facts) -> Fact:
    """The newest usable serum folate within its window, in nmol/L or ug/L as reported."""
    return newest(facts, "folate.serum")


@fact("folate.red_cell", "red-cell folate", "result", unit="nmol/L", other_units=("ug/L",), queries=("b12-results",))
def red_cell(facts: Facts) -> Fact:
    """The newest usable red-cell folate within its window."""
    return newest(facts, "folate.red_cell")


@fact("folate.status", "folate status", "category", values=LEVELS, uses=("folate.serum", "folate.red_cell"))
def folate_status(facts: Facts) -> Fact:
    """By serum folate; without one, by red-cell folate."""
    by_serum = level(facts["folate.serum"])
    if by_serum.value is not None:
        return by_serum
    by_cell = level(facts["folate.red_cell"])
    if by_cell.value is not None:
        return by_cell
    return by_serum if by_serum.is_unknown else by_cell


@fact("folate_therapy.active", "folate treatment under way", queries=("medication-requests", "medication-statements"))
def folate_therapy(facts: Facts) -> Fact:
    """A current order or statement of folic acid, levomefolate or oral leucovorin."""
    orders = [order for order in facts.record.current_orders(facts.today) if is_folate(order.product, order.phase_on(facts.today).route)]
    if orders:
        return known(True, *(order.source for order in orders))
    return current_medication(facts)


@fact("regimen.folate", "folic acid regimen", "orders", uses=("patient.paediatric",))
def regimen_folate(facts: Facts) -> Fact:
    """The folic acid order of the parameter set, for after B12 treatment has begun."""
    return absent() if facts["patient.paediatric"].holds else known((facts.site.text("folate.regimen"),))


@fact("folate.pregnancy_possible", "possible pregnancy without another reason for folate",
      uses=("patient.sex", "patient.age", "folate.reason"))  # fmt: skip
def pregnancy_possible(facts: Facts) -> Fact:
    """A woman from {folate.pregnancy_possible_from} to {folate.pregnancy_possible_to}, or of unknown age, for whom no reason for
    folate is known: folate is not taken from her."""
    if facts["patient.sex"].value != "female" or facts["folate.reason"].value is not None:
        return known(False)
    years = facts["patient.age"].value
    names = ("folate.pregnancy_possible_from", "folate.pregnancy_possible_to")
    youngest, oldest = (int(facts.site.number(name)) for name in names)
    return known(years is None or youngest <= years <= oldest, *facts["patient.sex"].sources)


_REASON_AGENTS = (("methotrexate", ("methotrexate",)), ("pemetrexed", ("pemetrexed", "pralatrexate")))
REASONS = ("pregnancy", "methotrexate", "pemetrexed", "haemolysis", "dialysis")


@fact(
    "folate.reason", "another reason for folate", "category", values=REASONS, session=True,
    queries=("conditions", "medication-requests", "medication-statements"), uses=("patient.pregnant",),
)  # fmt: skip
def reason(facts: Facts) -> Fact:
    """Why folate may be needed whatever the B12: pregnancy, methotrexate, pemetrexed, haemolysis or dialysis.

    Drugs count when current or drafted in this session.
    """
    drafted = frozenset().union(*(draft.product.agents for draft in facts.session.drafts))
    for name, agents in _REASON_AGENTS:
        if drafted & frozenset(agents):
            return known(name)
    candidates = [
        ("pregnancy", facts["patient.pregnant"]),
        ("pregnancy", problems_in(facts, "preconception-care")),
        *((name, current_medication(facts, *agents)) for name, agents in _REASON_AGENTS),
        ("haemolysis", problems_in(facts, "haemolysis")),
        ("dialysis", problems_in(facts, "dialysis")),
    ]
    for name, found in candidates:
        if found.holds:
            return known(name, *found.sources)
    undecided = next((found.note for _, found in candidates if found.is_unknown), None)
    if has_unidentified_draft(facts.session):
        undecided = UNIDENTIFIED_DRAFT
    return absent() if undecided is None else unknown(undecided)
