"""The invariants of every state (clinical specification, section 6), checked on a rendered card."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

from ...facts.catalogue import CATALOGUE, Facts
from ...rendering.answer import Suggestion
from ...rules.card import Card

FOLIC_ACID = ("folic-acid-1mg-3-months", "folic-acid-5mg-4-months")
CYANOCOBALAMIN = (
    "cyanocobalamin-oral-1000",
    "cyanocobalamin-injection",
    "cyanocobalamin-neuro",
    "cyanocobalamin-monthly",
)
POTASSIUM_CHECKS = ("potassium-now", "potassium-24h", "potassium-48h")
TESTS = {
    "serum-b12": "b12", "active-b12": "active_b12", "mma": "mma", "homocysteine": "homocysteine",
    "serum-folate": "folate",
    "blood-count": "blood_count", "reticulocytes": "reticulocytes", "creatinine": "creatinine",
}  # fmt: skip
# Only these cards fire below the age of 16: safety warnings as text, and cards on a child's status.
SPEAK_BELOW_16 = frozenset({
    "folic-acid-b12-deficient", "folic-acid-add-b12", "folic-acid-b12-unknown",
    "folic-acid-await-b12", "cyanocobalamin-leber", "cobalamin-anaphylaxis", "cobalamin-allergy",
    "hypokalaemia-before-b12", "low-potassium-before-b12", "potassium-monitoring",
    "b12-bleeding-risk", "b12-paediatric",
})  # fmt: skip


class Suggested(NamedTuple):
    """A rendered suggestion: the templates that it creates, the drafts that it removes, and the
    order that it replaces."""

    creates: tuple[str, ...]
    removes: tuple[str, ...]
    replaces: str
    recommended: bool

    @property
    def cobalamins(self) -> list[str]:
        """The cobalamin orders that the suggestion creates."""
        return [name for name in self.creates if "cobalamin" in name]


def read_suggestions(rendered: Iterable[Suggestion]) -> list[Suggested]:
    """Return the ``rendered`` suggestions of a card in the form that the invariants read."""
    found = []
    for suggestion in rendered:
        created = [action.resource for action in suggestion.creates]
        names = tuple(
            order["instantiatesCanonical"][0].rsplit("/", 1)[1].split("|")[0] for order in created
        )
        removed = tuple(action.resourceId for action in suggestion.deletes)
        replaced = next(
            (
                order["priorPrescription"]["reference"]
                for order in created
                if "priorPrescription" in order
            ),
            "",
        )
        found.append(Suggested(names, removed, replaced, suggestion.isRecommended))
    return found


class State(NamedTuple):
    """A card that fires in a state, as rendered. ``course_taken``: whether an earlier card of the
    answer already starts cobalamin."""

    card: Card
    suggestions: list[Suggested]
    facts: Facts
    course_taken: bool


def folate_never_alone(state: State) -> bool:
    """1. Folate is suggested only under treatment, beside a drafted or suggested B12, or with a
    reassuring status and no lifelong cause."""
    for suggestion in state.suggestions:
        if any(name in FOLIC_ACID for name in suggestion.creates):
            facts = state.facts
            beside = suggestion.cobalamins or any(
                draft.product.cobalamin for draft in facts.session.drafts
            )
            reassuring = (
                facts["b12.status"].value in ("sufficient", "unlikely")
                and not facts["cause.lifelong"].holds
                and not facts["b12.diagnosed"].holds
            )
            if not (beside or facts["b12_therapy.active"].holds or reassuring):
                return False
    return True


def cyanocobalamin_never_unfit(state: State) -> bool:
    """2. No cyanocobalamin is suggested with Leber's disease, nor with renal dysfunction unless
    hydroxocobalamin is not stocked (oral cyanocobalamin: never)."""
    created = [
        name
        for suggestion in state.suggestions
        for name in suggestion.creates
        if name in CYANOCOBALAMIN
    ]
    if not created:
        return True
    if state.facts["leber"].holds:
        return False
    stocked = state.facts["formulary.hydroxocobalamin"].holds
    return not (
        state.facts["renal.dysfunction"].holds
        and (stocked or "cyanocobalamin-oral-1000" in created)
    )


def no_cobalamin_with_severe_allergy(state: State) -> bool:
    """3. No cobalamin is suggested with a severe cobalamin allergy."""
    suggested = any(suggestion.cobalamins for suggestion in state.suggestions)
    return not (suggested and state.facts["allergy.cobalamin"].value == "severe")


def nothing_oral_with_neuro(state: State) -> bool:
    """4. Nothing oral is suggested with neurological features."""
    oral = any("cyanocobalamin-oral-1000" in suggestion.creates for suggestion in state.suggestions)
    return not (oral and state.facts["neuro.involvement"].holds)


def potassium_checks_go_along(state: State) -> bool:
    """5. A suggestion that starts a parenteral cobalamin carries the potassium checks
    (``checks_as_specified``)."""
    return all(
        {name for name in suggestion.creates if name in POTASSIUM_CHECKS}
        == set(state.facts["potassium.checks"].value)
        for suggestion in state.suggestions
        if not _is_change(state, suggestion)
        and any(name != "cyanocobalamin-oral-1000" for name in suggestion.cobalamins)
    )


def _is_change(state: State, suggestion: Suggested) -> bool:
    """Whether the suggestion replaces the order under way."""
    return (
        bool(suggestion.replaces) and suggestion.replaces == state.facts["b12_therapy.order"].value
    )


def checks_as_specified(facts: Facts) -> bool:
    """5. The potassium checks are those that section 4 asks for. This holds at any age, although no
    suggestion orders them below 16 years (``no_order_below_16``)."""
    risks = (facts["anaemia"].holds, facts["potassium.risk"].holds)
    low, unreceived = facts["potassium.recently_low"].holds, facts["potassium.unreceived"].holds
    reassuring = facts["b12.results_status"].value in ("sufficient", "unlikely")
    needed = True in risks or low or unreceived or (None in risks and not reassuring)
    wanted = set(POTASSIUM_CHECKS) if needed else set()
    if facts["potassium.level"].value == "normal":
        wanted.discard("potassium-now")
    if facts["b12_therapy.given"].holds:
        wanted.clear()
    requested = {
        *(facts["potassium.drafted"].value or ()),
        *(facts["potassium.ordered"].value or ()),
    }
    return set(facts["potassium.checks"].value) == wanted - requested


def tests_as_specified(facts: Facts, name: str) -> bool:
    """Section 4: the tests that the fact ``name`` orders are neither pending nor drafted."""
    orders = facts[name].value or ()
    requested = {
        *(facts["potassium.drafted"].value or ()),
        *(facts["potassium.ordered"].value or ()),
    }
    tests = [TESTS[order] for order in orders if order not in POTASSIUM_CHECKS]
    asked_for = any(
        facts[f"test.{state}.{test}"].holds for test in tests for state in ("drafted", "pending")
    )
    return not (requested.intersection(orders) or asked_for)


def one_course(state: State) -> bool:
    """6. One cobalamin course remains, counting the answer, the drafts, and treatment planned or
    under way."""
    facts = state.facts
    drafted = {draft.reference for draft in facts.session.drafts if draft.product.cobalamin}
    for suggestion in state.suggestions:
        if not suggestion.cobalamins:
            continue
        if (
            state.course_taken
            or len(suggestion.cobalamins) > 1
            or not drafted <= set(suggestion.removes)
        ):
            return False
        if facts["b12_therapy.active"].holds:
            if not (_is_change(state, suggestion) or drafted):
                return False
        elif (
            facts["b12_therapy.planned_start"].value is not None
            and suggestion.replaces != facts["b12_therapy.planned_order"].value
        ):
            return False
    return True


def no_order_below_16(state: State) -> bool:
    """7. Below the age of 16 nothing is ordered, and only the cards of :data:`SPEAK_BELOW_16`
    fire."""
    return not state.facts["patient.paediatric"].holds or (
        not state.suggestions and state.card.id in SPEAK_BELOW_16
    )


def one_recommendation(state: State) -> bool:
    """8. At most one suggestion of a card is recommended."""
    return sum(suggestion.recommended for suggestion in state.suggestions) <= 1


def only_known_orders(state: State) -> bool:
    """10. Only cobalamin, folic acid and tests are ordered: no potassium supplement, iron,
    antifolate or nitrous oxide."""
    return all(
        "cobalamin" in name or name in (*FOLIC_ACID, *TESTS, *POTASSIUM_CHECKS)
        for suggestion in state.suggestions
        for name in suggestion.creates
    )


def unnamed(unknown: Collection[str], detail: str) -> list[str]:
    """11. Return those of the ``unknown`` facts that the last line of ``detail`` does not name."""
    named = detail.rpartition("Not known: ")[2].removesuffix(".").split(", ")
    return [name for name in unknown if CATALOGUE[name].title not in named]


def severe_allergy_silences(state: State) -> bool:
    """Section 4: with a severe allergy, other cards that would start or resume a cobalamin do not
    fire."""
    text_only = (
        "folic-acid-",
        "b12-deficiency-",
        "b12-folate-deficiency",
        "b12-cause-untreated",
        "cyanocobalamin-",
        "nitrous-oxide-neuro",
        "therapy-lapsed",
    )
    creates = any(
        (source.fact.startswith("regimen.") and source.fact != "regimen.folate")
        or "cobalamin" in source.template
        for suggestion in state.card.suggestions
        for source in suggestion.create
    )
    changes = any(suggestion.replaces for suggestion in state.card.suggestions)
    if not creates or changes or state.card.id.startswith(text_only):
        return True
    return bool(state.facts["allergy.cobalamin"].value != "severe")


INVARIANTS: tuple[Callable[[State], bool], ...] = (
    folate_never_alone, cyanocobalamin_never_unfit, no_cobalamin_with_severe_allergy,
    nothing_oral_with_neuro,
    potassium_checks_go_along, one_course, no_order_below_16, one_recommendation, only_known_orders,
    severe_allergy_silences,
)  # fmt: skip


def violated(state: State) -> Iterator[str]:
    """Yield the names of the invariants that do not hold."""
    return (invariant.__name__ for invariant in INVARIANTS if not invariant(state))
