"""What spares the proof states can be switched off, layer by layer: it finds the same, in right sets of cards and in wrong ones."""

from dataclasses import replace
from functools import cache

import pytest

from cds_service.authoring.safety import groups, proof, report, words
from cds_service.authoring.safety import job as jobs
from cds_service.authoring.safety.job import SETTINGS, Layers, Scope, bare_cards, engine
from cds_service.authoring.safety.tally import Tally
from cds_service.rules.card import OrderSource
from cds_service.states.sessions import OPENING, ordering_sessions

ON_OPENING = ("b12-deficiency-neuro", "b12-test-indicated", "response-inadequate")
ON_ORDERING = ("low-potassium-before-b12", "b12-neuro-regimen", "cobalamin-allergy")
DRAFTED = ("hydroxocobalamin 3-monthly", "hydroxocobalamin weekly")
TOGETHER = {
    "patient-view": [("b12-deficiency-neuro", "response-inadequate")],
    "order-select": [("b12-neuro-regimen", "low-potassium-before-b12")],
}
CONSISTENT = {
    "patient-view": [("b12-deficiency-neuro", "response-inadequate")],
    "order-select": [("cobalamin-allergy", "b12-neuro-regimen")],
}


@cache
def drafted():
    """The sessions that are tried at ordering."""
    sessions = ordering_sessions(engine("default", "all").terminology)
    return [session for session in sessions if session.label in DRAFTED]


def outcome(layers):
    """All that the proof says of a few cards, but for how many states it saw."""
    total = Tally()
    for hook, sessions, cards in (
        ("patient-view", [OPENING], ON_OPENING),
        ("order-select", drafted(), ON_ORDERING),
    ):
        scope = Scope(hook, sessions, SETTINGS[:3], layers)
        for card in cards:
            total.add(proof.prove_card(scope, card))
            total.add(words.prove_words(scope, card))
        for pair in TOGETHER[hook]:
            total.add(groups.prove_together(scope, *pair))
        for pair in CONSISTENT[hook]:
            total.add(groups.prove_consistent(scope, *pair))
    found = {(violation.rule, violation.card) for violation in total.violations}
    return (
        found,
        total.contradictions,
        set(total.together),
        set(report.never_fired(total)),
        set(report.never_decided(total)),
    )


def without(layer):
    return Layers()._replace(**{layer: False})


@pytest.fixture
def wrong_cards(monkeypatch):
    """Cards with a suggestion that is not safe, in all settings or in one."""
    real = bare_cards.__wrapped__

    def creating(card, template):
        first = replace(card.suggestions[0], create=(OrderSource(template, ""),), when=())
        return replace(card, suggestions=(first, *card.suggestions[1:]))

    @cache
    def cards(parameters, formulary, hook):
        found = real(parameters, formulary, hook)
        wrong = {
            "b12-deficiency-neuro": "cyanocobalamin-oral-1000",
            "b12-neuro-regimen": "hydroxocobalamin-neuro",
        }
        return found | {
            name: creating(found[name], template)
            for name, template in wrong.items()
            if name in found and (name != "b12-neuro-regimen" or formulary != "all")
        }

    monkeypatch.setattr(jobs, "bare_cards", cards)


def test_the_proof_says_the_same_without_a_layer():
    found, contradictions, *others = outcome(Layers())
    assert not found and not contradictions
    for layer in Layers._fields:
        assert outcome(without(layer)) == (found, contradictions, *others), layer


@pytest.mark.usefixtures("wrong_cards")
def test_the_proof_finds_the_same_mistakes_without_a_layer():
    found, *others = outcome(Layers())
    assert {card for _, card in found} == {"b12-deficiency-neuro", "b12-neuro-regimen"}
    for layer in Layers._fields:
        assert outcome(without(layer)) == (found, *others), layer


def test_each_layer_spares_states_or_work():
    """A layer that did nothing would not be missed."""
    scope = Scope("patient-view", [OPENING], SETTINGS[:3])
    whole = proof.prove_card(scope, "nitrous-oxide-neuro").visited
    for layer in ("repetition", "independence", "relation"):
        assert (
            proof.prove_card(scope._replace(layers=without(layer)), "nitrous-oxide-neuro").visited
            > whole
        )
