"""A clinician accepts suggestions one after the other: every answer on the way keeps the invariants (specification, section 6).

``python -m tests.safety.acceptance`` runs many sessions, and says which seed shows what it found again.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from random import Random
from typing import Any

import orjson
from hypothesis import HealthCheck, Phase, given, seed, settings

from cds_service.authoring.safety.invariants import State, read_suggestions, violated
from cds_service.config import Settings
from cds_service.engine import Engine
from cds_service.facts.catalogue import Facts
from cds_service.hooks.request import read_call
from cds_service.rendering.answer import Suggestion
from cds_service.rendering.card_in_call import Patient
from cds_service.rendering.cards import RenderedCard, render_cards
from cds_service.rendering.shown import select_shown
from tests.safety.patients import HOOKS, ORDERING, Visit, visits
from tests.support.fhir_builders import NOW

MOST_STEPS = 4
_ANSWERED_IN = {
    "b12-results": {"serum-b12", "active-b12", "mma", "homocysteine", "serum-folate"},
    "blood-count": {"blood-count", "reticulocytes"},
    "renal-and-potassium": {"potassium-now", "creatinine"},
}
_PLACES = {"MedicationRequest": "medication-requests", "ServiceRequest": "service-requests"}


class Broken(AssertionError):
    """An answer that breaks an invariant."""


@dataclass
class Session:
    """What was done so far. ``ordered``: the tests that were created, by template; ``steps``: how many suggestions were accepted."""

    visit: Visit
    random: Random
    ordered: set[str] = field(default_factory=set)
    steps: int = 0


@cache
def _engine(site: tuple[tuple[str, Any], ...]) -> Engine:
    return Engine(Settings.model_validate(dict(site)))


def accept_suggestions(visit: Visit, random: Random, tally: Counter[str]) -> None:
    """Accept up to four suggestions of a visit, one of each answer; raises :class:`Broken`."""
    session = Session(visit, random)
    tally["sessions"] += 1
    while True:
        cards = _checked_answer(session)
        tally["answers"] += 1
        offered = [suggestion for card in cards for suggestion in card.shown.suggestions]
        if not offered or session.steps == MOST_STEPS:
            tally[f"sessions of {session.steps} accepted suggestions"] += 1
            return
        _accept(session, random.choice(offered))


def _checked_answer(session: Session) -> list[RenderedCard]:
    """The cards of the visit as it stands, which keep the invariants."""
    visit = session.visit
    engine = _engine(tuple(visit.site.items()))
    call = read_call(orjson.dumps(visit.request()), list(HOOKS))
    facts = engine.facts(call, NOW)
    who = Patient(f"Patient/{call.patient_id}", call.encounter_id, facts.now, call.user_id)
    decisions = engine.decisions(call, facts)
    cards = render_cards(
        select_shown(decisions, most=None), decisions, facts, who, engine.publication
    )
    broken = [*_against_invariants(cards, facts), *_asked_again(cards, session.ordered)]
    if broken:
        raise Broken(f"{broken} after {session.steps} accepted suggestions")
    return cards


def _against_invariants(cards: list[RenderedCard], facts: Facts) -> Iterator[str]:
    course_taken = False
    for card in cards:
        suggestions = read_suggestions(card.shown.suggestions)
        yield from (
            f"{card.source.id}: {rule}"
            for rule in violated(State(card.source, suggestions, facts, course_taken))
        )
        course_taken |= any(suggestion.cobalamins for suggestion in suggestions)


def _asked_again(cards: list[RenderedCard], ordered: set[str]) -> Iterator[str]:
    """Tests that are suggested although they were just ordered; two cards that order the same."""
    seen: dict[str, str] = {}
    for card in cards:
        tests = {
            name
            for suggestion in read_suggestions(card.shown.suggestions)
            for name in suggestion.creates
        }
        for name in sorted(tests):
            if name in ordered:
                yield f"{card.source.id} asks again for {name}"
            if "cobalamin" not in name and seen.setdefault(name, card.source.id) != card.source.id:
                yield f"{card.source.id} orders {name} as {seen[name]} does"


def _accept(session: Session, suggestion: Suggestion) -> None:
    """Carry out the actions of a suggestion; what was created is signed at once, now and then."""
    visit = session.visit
    gone = {action.resourceId for action in suggestion.deletes}
    created = [action.resource for action in suggestion.creates]
    drafts = (
        [item for item in visit.drafts if f"{item['resourceType']}/{item['id']}" not in gone]
        if visit.hook in ORDERING
        else []
    )
    named = [
        {**resource, "id": f"accepted-{session.steps}-{number}"}
        for number, resource in enumerate(created)
    ]
    _one_course(drafts, named)
    session.ordered |= {
        _template(order) for order in created if order["resourceType"] == "ServiceRequest"
    }
    session.steps += 1
    if session.random.random() < 0.3:
        session.visit = _signed(visit, [*drafts, *named])
        if _PLACES["ServiceRequest"] not in visit.prefetch:  # what was ordered is not sent
            session.ordered.clear()
        # By calendar day a result of today answers what was ordered today.
        session.ordered -= {
            test
            for key, tests in _ANSWERED_IN.items()
            if _has_result_of_today(visit, key)
            for test in tests
        }
    else:
        hook = visit.hook if visit.hook in ORDERING else "order-sign"
        references = [f"{order['resourceType']}/{order['id']}" for order in named]
        drafts = [*drafts, *named] or visit.drafts
        session.visit = replace(
            visit, hook=hook, drafts=drafts, selections=references if hook == "order-select" else []
        )


def _has_result_of_today(visit: Visit, key: str) -> bool:
    resources = [entry["resource"] for entry in (visit.prefetch.get(key) or {}).get("entry", [])]
    return any(
        str(item.get("effectiveDateTime", "")) >= NOW.date().isoformat() for item in resources
    )


def _template(order: Mapping[str, Any]) -> str:
    name: str = order["instantiatesCanonical"][0].rpartition("/")[2].partition("|")[0]
    return name


def _one_course(kept: list[dict[str, Any]], created: list[dict[str, Any]]) -> None:
    """6. A suggestion that orders a cobalamin leaves one course in the session."""
    courses = [
        order for order in (*kept, *created) if _is_cobalamin(order) and order["status"] == "draft"
    ]
    if any(map(_is_cobalamin, created)) and len(courses) > 1:
        raise Broken(f"two courses are left: {[order['id'] for order in courses]}")


def _is_cobalamin(order: Mapping[str, Any]) -> bool:
    named = orjson.dumps(order.get("medicationCodeableConcept", {})).decode().lower()
    return (
        order["resourceType"] == "MedicationRequest"
        and "cobalamin" in named
        and "/" not in named.replace("mg/ml", "").replace("://", "")
    )


def _signed(visit: Visit, drafts: list[dict[str, Any]]) -> Visit:
    """The same patient on opening, with the drafts signed: orders in force."""
    prefetch = orjson.loads(orjson.dumps(visit.prefetch))
    for order in drafts:
        signed = {
            **order,
            "status": "active" if order["status"] == "draft" else order["status"],
            "intent": "order",
        }
        signed.setdefault("authoredOn", NOW.isoformat())
        place = prefetch.get(_PLACES[order["resourceType"]])
        if place is not None:
            place["entry"] = [
                entry for entry in place["entry"] if entry["resource"]["id"] != order["id"]
            ] + [{"resource": signed}]
    return replace(visit, hook="patient-view", prefetch=prefetch, drafts=[])


def run(sessions: int, number: int) -> Counter[str]:
    """``sessions`` random sessions, the same for the same ``number``; raises :class:`Broken` with the smallest one that breaks."""
    tally: Counter[str] = Counter()

    @seed(number)
    @settings(
        max_examples=sessions,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(visits())
    def each(visit: Visit) -> None:
        accept_suggestions(visit, Random(orjson.dumps(visit.request())), tally)

    each()
    return tally


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    for what, number in sorted(run(asked.sessions, asked.seed).items()):
        print(f"{number:8,} {what}")


if __name__ == "__main__":
    _main()
