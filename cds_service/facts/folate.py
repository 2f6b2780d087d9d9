"""Facts about folate."""

from __future__ import annotations

from ..fhir.product import ANTIFOLATES, CYCLIC_ANTIFOLATES, is_folate
from .b12_results import LEVELS
from .catalogue import fact
from .domains import ABSENT, FALSE, TRUE, UNKNOWN, given, results_of, values, where
from .fact import Fact, absent, known, unknown
from .lists import problem
from .medications import (
    FOLATE_AGENTS,
    UNIDENTIFIED_DRAFT,
    current_orders,
    doses,
    drafted_with,
    has_unidentified_draft,
    orders,
    session,
    taking,
)
from .reads import Computation, days, number, of, text
from .results import define_result, level_of

define_result(
    "folate.serum",
    "serum folate",
    "The newest usable serum folate within its window, in nmol/L or ug/L as reported.",
    domain=results_of("folate.serum", *zip(("5", "9", "20"), LEVELS, strict=True)),
)

define_result(
    "folate.red_cell", "red-cell folate", "The newest usable red-cell folate within its window."
)


@fact("folate.status", "folate status", "category", values=LEVELS)
class FolateStatus(Computation):
    """The level of serum folate; without one, that of red-cell folate."""

    serum = level_of("folate.serum")
    red_cell = level_of("folate.red_cell")

    def compute(self) -> Fact:
        by_serum = self.serum
        if by_serum.value is not None:
            return by_serum
        by_cell = self.red_cell
        if by_cell.value is not None:
            return by_cell
        return by_serum if by_serum.is_unknown else by_cell


@fact("folate_therapy.active", "folate treatment under way")
class FolateTherapy(Computation):
    """A current order or statement of folic acid, levomefolate or oral leucovorin."""

    current = current_orders(*FOLATE_AGENTS)
    taken = taking()

    def compute(self) -> Fact:
        today = self.facts.today
        orders = [
            order for order in self.current if is_folate(order.product, order.phase_on(today).route)
        ]
        return known(True, *(order.source for order in orders)) if orders else self.taken


@fact("regimen.folate", "folic acid regimen", "orders")
class FolateRegimen(Computation):
    """The folic acid order of the parameter set, to be given after B12 treatment has begun."""

    paediatric = of("patient.paediatric")
    order = text("folate.regimen")

    def compute(self) -> Fact:
        return absent() if self.paediatric.holds else known((self.order,))


@fact("folate.pregnancy_possible", "possible pregnancy without another reason for folate")
class PregnancyPossible(Computation):
    """The patient is aged {folate.pregnancy_possible_from} to {folate.pregnancy_possible_to}, or of
    unknown age, is not known to be male, and has no known reason for folate, so that folate is not
    taken from her."""

    sex = of("patient.sex")
    age = of("patient.age")
    reason = of("folate.reason")
    youngest = number("folate.pregnancy_possible_from")
    oldest = number("folate.pregnancy_possible_to")
    # A walk chooses this fact in place of sex and age, neither of which the decision reads.
    domain = where(reason, FALSE, otherwise=(TRUE, FALSE))

    def compute(self) -> Fact:
        sex = self.sex
        if sex.value == "male" or self.reason.value is not None:
            return known(False)
        years = self.age.value
        return known(years is None or int(self.youngest) <= years <= int(self.oldest), *sex.sources)


_REASON_AGENTS = (("methotrexate", ("methotrexate",)), ("pemetrexed", CYCLIC_ANTIFOLATES))
REASONS = ("pregnancy", "methotrexate", "pemetrexed", "haemolysis", "dialysis")
_PREGNANCY, _METHOTREXATE, _PEMETREXED, _HAEMOLYSIS = values(*REASONS[:4])


@fact("folate.reason", "another reason for folate", "category", values=REASONS)
class FolateReason(Computation):
    """Why folate may be needed whatever the B12 status: pregnancy, methotrexate, pemetrexed,
    haemolysis or dialysis.

    Drugs count if they are current or drafted in this session. A drug of which doses were given or
    dispensed, but no order or statement is on record, leaves open whether it is taken. So does an
    order or dose of pemetrexed or pralatrexate that ended within {window.antifolate}: the next
    cycle may not be ordered yet, and folate goes on after the last one.
    """

    session = session(*ANTIFOLATES)
    ordered = orders(*ANTIFOLATES)
    doses_given = doses(*ANTIFOLATES)
    window = days("window.antifolate")
    pregnant = of("patient.pregnant")
    preconception = problem("preconception-care")
    methotrexate = taking("methotrexate")
    pemetrexed = taking(*CYCLIC_ANTIFOLATES)
    haemolysis = problem("haemolysis")
    dialysis = problem("dialysis")
    domain = where(
        drafted_with("methotrexate"),
        _METHOTREXATE,
        otherwise=where(
            drafted_with("pemetrexed"),
            _PEMETREXED,
            otherwise=given(
                pregnant,
                yes=_PREGNANCY,
                no=(ABSENT, _METHOTREXATE, _HAEMOLYSIS, UNKNOWN),
                unknown=(_METHOTREXATE, _HAEMOLYSIS, UNKNOWN),
            ),
        ),
    )

    def compute(self) -> Fact:
        drafted = frozenset().union(*(draft.product.agents for draft in self.session.drafts))
        for name, agents in _REASON_AGENTS:
            if drafted & frozenset(agents):
                return known(name)
        candidates = [
            ("pregnancy", self.pregnant),
            ("pregnancy", self.preconception),
            ("methotrexate", self.methotrexate),
            ("pemetrexed", self.pemetrexed),
            ("haemolysis", self.haemolysis),
            ("dialysis", self.dialysis),
        ]
        for name, found in candidates:
            if found.holds:
                return known(name, *found.sources)
        undecided = next((found.note for _, found in candidates if found.is_unknown), None)
        if undecided is None and self._is_given_without_order():
            undecided = "a dose of methotrexate or pemetrexed, and no order"
        if undecided is None and self._may_be_between_cycles():
            undecided = "a recent cycle of pemetrexed or pralatrexate"
        if has_unidentified_draft(self.session):
            undecided = UNIDENTIFIED_DRAFT
        return absent() if undecided is None else unknown(undecided)

    def _is_given_without_order(self) -> bool:
        """Whether a drug that needs folate was given or dispensed, of which no order is on
        record, current or past."""
        ordered = frozenset().union(*(order.product.agents for order in self.ordered))
        return any(
            dose.product.agents.intersection(ANTIFOLATES) - ordered for dose in self.doses_given
        )

    def _may_be_between_cycles(self) -> bool:
        ended = [(order.product, order.end or order.start) for order in self.ordered]
        given = [(dose.product, dose.day) for dose in self.doses_given]
        first = self.facts.today - self.window
        return any(
            not product.agents.isdisjoint(CYCLIC_ANTIFOLATES) and (last is None or last >= first)
            for product, last in (*ended, *given)
        )
