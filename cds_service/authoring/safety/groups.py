"""Rules on several cards together: an untreated deficiency meets no silence, no critical card is
lost to an unknown fact, and no two cards contradict each other."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, product

from ...facts.session import OrderingSession
from ...rendering.cards import render_suggestions
from ...rules.card import Card, Suggestion
from ...rules.decision import Decisions
from ...states.status import STATUS
from ...states.walk import StateFacts
from .independence import Renderings
from .invariants import FOLIC_ACID, Suggested, read_suggestions
from .job import AssumedDecisions, Job, Scope
from .proof import card_in_state
from .repetition import differing
from .tally import Tally, state_text

# Invariant 9: for each critical card, the cards of which any may fire in its place.
GROUPS = {
    "folic-acid-b12-deficient": ("folic-acid-b12-deficient", "folic-acid-add-b12",
                                 "folic-acid-b12-unknown", "folic-acid-await-b12"),
    "hypokalaemia-before-b12": ("hypokalaemia-before-b12", "low-potassium-before-b12",
                                "potassium-monitoring"),
    "cobalamin-anaphylaxis": ("cobalamin-anaphylaxis", "cobalamin-allergy"),
    "cyanocobalamin-leber": ("cyanocobalamin-leber",),
    "b12-deficiency-neuro": (
        "b12-deficiency-neuro", "b12-deficiency-untreated", "b12-folate-deficiency",
        "b12-indeterminate-neuro", "nitrous-oxide-neuro",
        "b12-cause-untreated", "therapy-lapsed",
    ),
}  # fmt: skip
# The facts that each critical card is about; the card need not survive their becoming unknown.
TRIGGERS = {
    "folic-acid-b12-deficient": {
        "b12.results_status",
        "b12.low_on_therapy",
        "b12.total",
        "b12.active",
    },
    "hypokalaemia-before-b12": {"potassium"},
    "cobalamin-anaphylaxis": {"allergy.cobalamin"},
    "cyanocobalamin-leber": {"leber"},
    "b12-deficiency-neuro": {"b12.results_status"},
}
# The age is exempt too: an unknown age counts as an adult's, by whose limits a result may be
# sufficient.
AN_ADULTS = {"patient.paediatric", "patient.age_months"}


def prove_no_silence(scope: Scope) -> Tally:
    """13. If a deficiency is untreated and B12 or folate is in play, at least one card fires."""
    tally = Tally()
    for job in differing(scope):
        _no_silence(job, tally)
    return tally


def prove_critical(scope: Scope, card_id: str) -> Tally:
    """9. If a critical card fires and a fact other than its trigger becomes unknown, a card of its
    group still fires."""
    tally = Tally()
    for job in differing(scope):
        if card_id in job.cards:
            _critical_survives(job, card_id, tally)
    return tally


def prove_together(scope: Scope, first: str, second: str) -> Tally:
    """Find a state in which two cards of one topic fire together, if there is one."""
    tally = Tally()
    for job in differing(scope, (first, second)):
        both = {first, second} <= job.cards.keys()
        found = _together(job, first, second, tally) if both else None
        if found is not None:
            tally.together[first, second] = (
                f"[{job.setting}; {job.session.label}] {state_text(found)}"
            )
            break
    return tally


def _together(job: Job, first: str, second: str, tally: Tally) -> dict[str, str] | None:
    def both_fire(facts: StateFacts) -> bool:
        decisions = AssumedDecisions((first, second), job.cards, facts)
        return decisions.holds(first) and decisions.holds(second)

    found = (facts.labels for facts, both in tally.walk(job, both_fire) if both)
    return next(found, None)


def pairs_of_one_topic(cards: Mapping[str, Card]) -> list[tuple[str, str]]:
    """Return the pairs of ``cards`` whose files are in the same topic folder."""
    return [
        (one.id, other.id)
        for one, other in combinations(cards.values(), 2)
        if one.topic == other.topic
    ]


def prove_consistent(scope: Scope, warning: str, other: str) -> Tally:
    """No card suggests what another warns of, or undoes another's change."""
    tally = Tally()
    for job in differing(scope, (warning, other)):
        both = {warning, other} <= job.cards.keys()
        if both and _at_odds(job, warning, other, tally):
            tally.contradictions.add((warning, other))
            break
    return tally


def _no_silence(job: Job, tally: Tally) -> None:
    def is_spoken_of(facts: StateFacts) -> bool:
        in_play = (
            job.session.orders == OrderingSession()
            or facts["draft.b12"].holds
            or facts["draft.folate"].holds
        )
        in_play = in_play or (
            facts["draft.b12_stop"].holds and facts["allergy.cobalamin"].value is None
        )
        untreated = (
            facts["b12.status"].value == "deficient" and not facts["b12_therapy.active"].holds
        )
        if not in_play or not untreated or facts["session.b12"].holds is not False:
            return True
        decisions = Decisions(job.cards, facts)
        return any(decisions.holds(card_id) for card_id in job.cards)

    for facts, spoken in tally.walk(job, is_spoken_of, {STATUS: "deficient"}):
        if not spoken:
            tally.violate("no card fires for an untreated deficiency", "-", job, facts.labels)
            return  # one is enough, since this rule has too many states to visit them all


def _critical_survives(job: Job, card_id: str, tally: Tally) -> None:
    for facts, fires in tally.walk(job, lambda facts: Decisions(job.cards, facts).holds(card_id)):
        if not fires:
            continue
        for name, label in facts.labels.items():
            if label != "unknown" and name not in TRIGGERS[card_id] | AN_ADULTS:
                silent = _silent_without(job, card_id, name, facts.labels, tally)
                if silent is not None:
                    rule = f"with {name} unknown instead of {label}, no card of its group fires"
                    tally.violate(rule, card_id, job, silent)


def _silent_without(
    job: Job, card_id: str, name: str, labels: dict[str, str], tally: Tally
) -> dict[str, str] | None:
    """A state in which ``name`` is unknown, the rest is the same and the group is silent, or
    ``None`` if there is none."""
    fixed = {**labels, name: "unknown"}
    if name == "b12_therapy.active" and labels.get("b12.low_on_therapy") == "true":
        # the low result remains on record if the treatment becomes unknown
        fixed[STATUS] = "deficient"

    def is_spoken_of(facts: StateFacts) -> bool:
        decisions = Decisions(job.cards, facts)
        spoken = any(decisions.holds(other) for other in GROUPS[card_id])
        # B12 in this session may now count as treatment (with known neurological features only
        # injections do). The drafted folate is then not given alone, so no card is needed.
        spoken = spoken or (card_id.startswith("folic-acid") and facts["session.b12"].holds is True)
        # If the rest of the state rules it out, the fact did not become unknown, and this state
        # proves nothing.
        return spoken or facts.labels.get(name, "unknown") != "unknown"

    walked = tally.walk(job, is_spoken_of, fixed)
    return next((facts.labels for facts, spoken in walked if not spoken), None)


def pairs_to_compare(cards: Mapping[str, Card]) -> list[tuple[str, str]]:
    """Return the pairs of ``cards`` in which the first warns, or removes a draft, and the second
    orders or removes medication."""
    warning = [
        card.id
        for card in cards.values()
        if card.id in WARNS_OF or any(item.delete and not item.create for item in card.suggestions)
    ]
    medicating = [
        card.id
        for card in cards.values()
        if any(item.delete or _medicates(item) for item in card.suggestions)
    ]
    return [(first, second) for first, second in product(warning, medicating) if first != second]


def _medicates(suggestion: Suggestion) -> bool:
    """Whether the suggestion may order a medication; orders of tests contradict no warning."""
    return any(
        source.fact.startswith("regimen.") or source.template for source in suggestion.create
    )


# Orders that must not be suggested beside the card that warns of them, as prefixes of templates.
WARNS_OF = {
    "cobalamin-anaphylaxis": ("hydroxocobalamin", "cyanocobalamin"),
    "cyanocobalamin-leber": ("cyanocobalamin",),
    "folate-deficiency-b12-unknown": FOLIC_ACID,
    "b12-deficiency-neuro": ("cyanocobalamin-oral",),
    "b12-neuro-regimen": ("cyanocobalamin-oral",),
    "b12-low-on-therapy": FOLIC_ACID,
    "nitrous-oxide-neuro": ("cyanocobalamin-oral",),
    "b12-paediatric": ("hydroxocobalamin", "cyanocobalamin"),
}


def _at_odds(job: Job, first: str, second: str, tally: Tally) -> bool:
    by_rank = sorted((first, second), key=lambda card_id: job.cards[card_id].rank)
    renderings = Renderings(looked_for=job.layers.independence)

    def contradict(facts: StateFacts) -> bool:
        decisions = AssumedDecisions((first, second), job.cards, facts)
        if not (decisions.holds(first) and decisions.holds(second)):
            return False
        facts.settle()
        if renderings.repeats(facts, decisions.assumed):
            return False
        taken = False
        suggested: dict[str, list[Suggested]] = {}
        with renderings.noting(facts):
            for card_id in by_rank:
                decision = decisions[card_id]
                made, starts = render_suggestions(
                    card_in_state(decision, decisions, facts, job.publication), course_taken=taken
                )
                taken |= starts
                suggested[card_id] = read_suggestions(made)
        return _contradict(suggested, first, second)

    return any(at_odds for _, at_odds in tally.walk(job, contradict))


def _contradict(suggested: dict[str, list[Suggested]], warning: str, other: str) -> bool:
    created = [name for suggestion in suggested[other] for name in suggestion.creates]
    removed = {
        draft
        for suggestion in suggested[warning]
        for draft in suggestion.removes
        if not suggestion.creates
    }
    replaced = {
        draft
        for suggestion in suggested[other]
        for draft in suggestion.removes
        if suggestion.creates
    }
    return any(name.startswith(WARNS_OF.get(warning, ("-",))) for name in created) or bool(
        removed & replaced
    )
