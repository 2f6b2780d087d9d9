"""What holds of several cards together: no silence, no critical card lost to an unknown, no
two cards at odds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations, product

from ...facts.session import OrderingSession
from ...rendering.cards import render_suggestions
from ...rules.card import Card, Suggestion
from ...rules.decision import Decisions
from ...states.sessions import Session
from ...states.walk import Choices, StateFacts, states
from .independence import Renderings
from .invariants import FOLIC_ACID, Suggested, read_suggestions
from .job import SETTINGS, AssumedDecisions, Job, bare_cards, new_facts
from .proof import PATIENT_OF_STATES, Tally, Violation, state_text
from .repetition import differing

# Invariant 9: cards of which another may take the place of a critical one.
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
# The value that each of them is about, and the age, which decides whether it can speak at all
# only when it is known.
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
# An unknown age is an adult's, by whose limits a result may be sufficient.
AN_ADULTS = {"patient.paediatric", "patient.age_months"}


def prove_no_silence(
    hook: str, sessions: Sequence[Session], settings: Collection[tuple[str, str]]
) -> Tally:
    """13. Where a deficiency is untreated, at least one card speaks wherever B12 or
    folate is in play."""
    tally = Tally()
    for job in differing(hook, sessions, settings):
        _no_silence(job, tally)
    return tally


def prove_critical(
    hook: str, card_id: str, sessions: Sequence[Session], settings: Collection[tuple[str, str]]
) -> Tally:
    """9. Where a critical card fires, what is not its trigger may become unknown: a card of its
    group still speaks."""
    tally = Tally()
    for job in differing(hook, sessions, settings):
        if card_id in bare_cards(job.parameters, job.formulary, hook):
            _critical_survives(job, card_id, tally)
    return tally


def prove_together(
    hook: str,
    first: str,
    second: str,
    sessions: Sequence[Session],
    settings: Collection[tuple[str, str]],
) -> Tally:
    """Whether two cards of one topic fire together, with a state in which they do."""
    tally = Tally()
    for job in differing(hook, sessions, settings, (first, second)):
        cards = bare_cards(job.parameters, job.formulary, hook)
        found = _together(job, first, second, tally) if {first, second} <= cards.keys() else None
        if found is not None:
            tally.together[first, second] = (
                f"[{job.setting}; {job.session.label}] {state_text(found)}"
            )
            break
    return tally


def _together(job: Job, first: str, second: str, tally: Tally) -> dict[str, str] | None:
    cards = bare_cards(job.parameters, job.formulary, job.hook)

    def run(choices: Choices) -> tuple[StateFacts, bool]:
        facts = new_facts(job, choices)
        decisions = AssumedDecisions((first, second), cards, facts, choices)
        return facts, decisions.holds(first) and decisions.holds(second)

    for facts, both in states(run):
        tally.visited += 1
        if both:
            return dict(facts.labels)
    return None


def pairs_of_one_topic(cards: Mapping[str, Card]) -> list[tuple[str, str]]:
    """Pairs of ``cards`` whose files stand in one topic folder."""
    return [
        (one.id, other.id)
        for one, other in combinations(cards.values(), 2)
        if one.topic == other.topic
    ]


def prove_consistent(
    hook: str,
    warning: str,
    other: str,
    sessions: Sequence[Session],
    settings: Collection[tuple[str, str]] = SETTINGS,
) -> Tally:
    """No card suggests what another warns of, nor undoes its change."""
    tally = Tally()
    for job in differing(hook, sessions, settings, (warning, other)):
        both = {warning, other} <= bare_cards(job.parameters, job.formulary, hook).keys()
        if both and _at_odds(job, warning, other, tally):
            tally.contradictions.add((warning, other))
            break
    return tally


def _no_silence(job: Job, tally: Tally) -> None:
    cards = bare_cards(job.parameters, job.formulary, job.hook)

    def run(choices: Choices) -> tuple[StateFacts, bool]:
        facts = new_facts(job, choices, {"b12.results_status": "deficient"})
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
            return facts, True
        decisions = Decisions(cards, facts)
        return facts, any(decisions.holds(card_id) for card_id in cards)

    for facts, spoken in states(run):
        tally.visited += 1
        if not spoken:
            tally.violations.append(
                Violation(
                    "an untreated deficiency is met with silence",
                    "-",
                    job.setting,
                    job.session.label,
                    dict(facts.labels),
                )
            )
            return  # silence asks every card, of which there are too many states to see them all


def _critical_survives(job: Job, card_id: str, tally: Tally) -> None:
    cards = bare_cards(job.parameters, job.formulary, job.hook)

    def run(choices: Choices) -> tuple[StateFacts, bool]:
        facts = new_facts(job, choices)
        return facts, Decisions(cards, facts).holds(card_id)

    for facts, fires in states(run):
        tally.visited += 1
        if not fires:
            continue
        for name, label in facts.labels.items():
            if label != "unknown" and name not in TRIGGERS[card_id] | AN_ADULTS:
                silent = _silent_without(job, card_id, name, facts.labels, tally)
                if silent is not None:
                    rule = f"with {name} unknown instead of {label} no card of its group speaks"
                    tally.violations.append(
                        Violation(rule, card_id, job.setting, job.session.label, silent)
                    )


def _silent_without(
    job: Job, card_id: str, name: str, labels: dict[str, str], tally: Tally
) -> dict[str, str] | None:
    """A state that differs in ``name`` being unknown and in which the group is silent, or ``None``
    where there is none."""
    cards = bare_cards(job.parameters, job.formulary, job.hook)
    fixed = {**labels, name: "unknown"}
    if name == "b12_therapy.active" and labels.get("b12.low_on_therapy") == "true":
        # the low result is on record, whatever becomes of the treatment
        fixed["b12.results_status"] = "deficient"

    def run(choices: Choices) -> tuple[StateFacts, bool]:
        facts = new_facts(job, choices, fixed)
        decisions = Decisions(cards, facts)
        spoken = any(decisions.holds(other) for other in GROUPS[card_id])
        # Where B12 of this session now counts as treatment (with known neurological features only
        # injections do), folate is not given alone: that the draft is about.
        spoken = spoken or (card_id.startswith("folic-acid") and facts["session.b12"].holds is True)
        # Where the rest of the state does not admit it, the fact did not become unknown
        # and nothing is shown.
        return facts, spoken or facts.labels.get(name, "unknown") != "unknown"

    for facts, spoken in states(run):
        tally.visited += 1
        if not spoken:
            return dict(facts.labels)
    return None


def pairs_to_compare(cards: Mapping[str, Card]) -> list[tuple[str, str]]:
    """Pairs of ``cards`` of which the first warns, or removes a draft, and the second orders or
    removes medication."""
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
    """Whether it may order a medication: tests contradict nobody."""
    return any(
        source.fact.startswith("regimen.") or source.template for source in suggestion.create
    )


# What must not be suggested beside a card that warns of it.
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
    cards = bare_cards(job.parameters, job.formulary, job.hook)
    by_rank = sorted((first, second), key=lambda card_id: cards[card_id].rank)
    renderings = Renderings()

    def run(choices: Choices) -> bool:
        facts = new_facts(job, choices)
        decisions = AssumedDecisions((first, second), cards, facts, choices)
        if not (decisions.holds(first) and decisions.holds(second)) or renderings.repeats(
            choices, facts, decisions.assumed
        ):
            return False
        taken = False
        suggested: dict[str, list[Suggested]] = {}
        with renderings.noting(facts):
            for card_id in by_rank:
                decision = decisions[card_id]
                made, starts = render_suggestions(
                    decision,
                    decisions,
                    facts,
                    PATIENT_OF_STATES,
                    job.publication,
                    course_taken=taken,
                )
                taken |= starts
                suggested[card_id] = read_suggestions(made)
        return _contradict(suggested, first, second)

    for at_odds in states(run):
        tally.visited += 1
        if at_odds:
            return True
    return False


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
