"""Mistakes in the interplay of cards and facts that one rare combination shows: the proof finds each of them, in the sample of states
that the tests visit."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import pytest

from cds_service.authoring.safety import groups, proof, report, words
from cds_service.authoring.safety import job as jobs
from cds_service.authoring.safety.job import Job, Scope, bare_cards, engine
from cds_service.authoring.safety.tally import Tally
from cds_service.config import Settings
from cds_service.engine import Engine
from cds_service.facts.catalogue import CATALOGUE
from cds_service.facts.fact import absent, known
from cds_service.rendering import cards as rendering
from cds_service.rendering.suggestions import Suggestions
from cds_service.rules.card import OrderSource, Paragraph
from cds_service.rules.conditions import Criterion
from cds_service.states.sessions import OPENING, ordering_sessions
from tests.authoring.mistakes import CARD
from tests.safety.sample import sampled as sampled

pytestmark = pytest.mark.usefixtures("sampled")

SESSIONS = {
    session.label: session
    for session in [OPENING, *ordering_sessions(engine("default", "all").terminology)]
}
WITHOUT = "without hydroxocobalamin"


def job(label=OPENING.label, parameters="default", formulary="all"):
    return Job(
        parameters,
        formulary,
        "patient-view" if label == OPENING.label else "order-select",
        SESSIONS[label],
    )


def found(prove, job, *arguments):
    tally = Tally()
    prove(job, *arguments, tally)
    return tally.violations


def rules(violations):
    return {violation.rule for violation in violations}


@pytest.fixture
def plant_fact(monkeypatch):
    """A fact that another function works out; it is given the facts and what the real one says."""

    def plant(name, mistaken):
        real = CATALOGUE[name]
        monkeypatch.setitem(
            CATALOGUE,
            name,
            replace(real, compute=lambda facts: mistaken(facts, real.compute(facts))),
        )

    return plant


@pytest.fixture
def plant_card(monkeypatch):
    """A card that is changed, in every setting or in one parameter set."""

    def plant(card_id, change, only=None):
        real = bare_cards.__wrapped__

        @cache
        def cards(parameters, formulary, hook):
            loaded = real(parameters, formulary, hook)
            if card_id not in loaded or only not in (None, parameters):
                return loaded
            return {**loaded, card_id: change(loaded[card_id])}

        monkeypatch.setattr(jobs, "bare_cards", cards)

    return plant


def criterion(fact, operator, operand, when_unknown=None):
    return Criterion("planted", fact, operator, operand, when_unknown, None)


def excluded_also_by(*criteria):
    return lambda card: replace(card, exclude=(*card.exclude, *criteria))


def test_tablets_with_renal_dysfunction_where_leber_is_not_known(plant_fact):
    def mistaken(facts, real):
        return (
            known(("cyanocobalamin-oral-1000",))
            if facts["leber"].is_unknown and facts["patient.paediatric"].holds is False
            else real
        )

    plant_fact("regimen.oral", mistaken)
    violations = found(proof._visit, job(), "b12-deficiency-untreated")
    assert "cyanocobalamin_never_unfit" in rules(violations)
    assert all(violation.state["leber"] == "unknown" for violation in violations)


def test_a_cobalamin_in_spite_of_a_severe_allergy_where_the_status_is_not_known(plant_fact):
    def mistaken(facts, real):
        severe = (
            facts["allergy.cobalamin"].value == "severe" and facts["b12.results_status"].is_unknown
        )
        return (
            known(("hydroxocobalamin-neuro",))
            if severe and facts["neuro.involvement"].holds
            else real
        )

    plant_fact("regimen.start", mistaken)
    violations = found(proof._visit, job(), "b12-cause-untreated")
    assert {"no_cobalamin_with_severe_allergy"} <= rules(violations)
    assert {violation.state["b12.results_status"] for violation in violations} == {"unknown"}


def test_cyanocobalamin_with_leber_where_hydroxocobalamin_is_not_stocked(plant_fact):
    def mistaken(facts, real):
        hydroxocobalamin = facts.site.stocks("hydroxocobalamin-injection")
        return (
            real
            if hydroxocobalamin or real.value or not facts["leber"].holds
            else known(("cyanocobalamin-injection",))
        )

    plant_fact("regimen.start", mistaken)
    assert not found(proof._visit, job(), "b12-deficiency-neuro")
    assert "cyanocobalamin_never_unfit" in rules(
        found(proof._visit, job(formulary=WITHOUT), "b12-deficiency-neuro")
    )


def test_no_potassium_checks_where_only_an_older_potassium_speaks_for_them(plant_fact):
    def mistaken(facts, real):
        others = any(
            facts[name].holds is not False
            for name in ("anaemia", "potassium.risk", "potassium.unreceived")
        )
        return real if others or facts["potassium"].value is not None else known(())

    plant_fact("potassium.checks", mistaken)
    violations = found(proof._visit_orders, job(), "potassium.checks")
    assert rules(violations) == {"tests as specified"}
    assert all(
        violation.state["potassium.recent"].startswith(("low", "severely-low"))
        for violation in violations
    )


def test_a_test_that_is_drafted_already(plant_fact):
    plant_fact(
        "order.b12_and_folate",
        lambda facts, real: known(("serum-b12", "serum-folate")) if real.value else real,
    )
    assert not found(proof._visit_orders, job("folic acid 1 mg + potassium test"), "order.b12")
    violations = found(
        proof._visit_orders, job("folic acid 1 mg + folate test"), "order.b12_and_folate"
    )
    assert rules(violations) == {"tests as specified"}


def test_treatment_that_goes_with_the_tests_that_are_asked_for_already(plant_fact):
    """Orders that are absent take the rest of their suggestion with them; where that is not tried, the proof is none."""
    plant_fact(
        "order.before_first_dose",
        lambda facts, real: real if real.value or not facts["b12.status"].is_unknown else absent(),
    )
    violations = found(proof._visit_orders, job(), "order.before_first_dose")
    assert rules(violations) == {"orders that are not tried"}


def test_folic_acid_alone_in_one_parameter_set(plant_card):
    def alone(card):
        suggestion = replace(
            card.suggestions[0], create=(OrderSource("folic-acid-5mg-4-months", ""),)
        )
        return replace(card, suggestions=(suggestion,))

    plant_card("bariatric-maintenance", alone, only="uk")
    assert not found(proof._visit, job(), "bariatric-maintenance")
    assert "folate_never_alone" in rules(
        found(proof._visit, job(parameters="uk"), "bariatric-maintenance")
    )


def test_a_second_course_beside_a_draft_that_is_not_selected(plant_fact, monkeypatch):
    """A replacement is offered beside another draft, and the suggestion leaves alone what its author does not name."""

    def mistaken_fact(facts, real):
        beside = [
            draft
            for draft in facts.session.drafts
            if draft.product.cobalamin and not draft.selected
        ]
        return known(("hydroxocobalamin-3-monthly",)) if beside and facts["leber"].holds else real

    real = Suggestions._offer

    def mistaken_offer(self, suggestion, templates, *, starts):
        offer = real(self, suggestion, templates, starts=starts)
        return offer and offer._replace(beside=())

    plant_fact("regimen.instead_of_cyanocobalamin", mistaken_fact)
    monkeypatch.setattr(Suggestions, "_offer", mistaken_offer)
    drafts = "hydroxocobalamin 3-monthly", "cyanocobalamin injection 3-monthly"
    assert "one_course" not in rules(found(proof._visit, job(drafts[1]), "cyanocobalamin-leber"))
    assert "one_course" in rules(
        found(proof._visit, job(f"{drafts[0]} + {drafts[1]} (selected)"), "cyanocobalamin-leber")
    )


def test_an_order_below_16(monkeypatch):
    class Adult(Mapping):
        def __init__(self, facts):
            self._facts = facts

        def __getattr__(self, name):
            return getattr(self._facts, name)

        def __getitem__(self, name):
            return known(False) if name == "patient.paediatric" else self._facts[name]

        def __iter__(self):
            return iter(self._facts)

        def __len__(self):
            return len(self._facts)

    real = Suggestions.offer

    def mistaken(self, *, course_taken):
        facts, self._facts = self._facts, Adult(self._facts)
        try:
            return real(self, course_taken=course_taken)
        finally:
            self._facts = facts

    monkeypatch.setattr(Suggestions, "offer", mistaken)
    monkeypatch.setitem(
        CATALOGUE,
        "potassium.repeat",
        replace(CATALOGUE["potassium.repeat"], compute=lambda facts: known(("potassium-now",))),
    )
    violations = found(proof._visit, job("hydroxocobalamin 3-monthly"), "hypokalaemia-before-b12")
    assert rules(violations) == {"no_order_below_16"}
    assert {violation.state["patient.paediatric"] for violation in violations} == {"true"}


def test_a_line_of_unknown_facts_that_leaves_one_out_where_there_are_many(monkeypatch):
    real = rendering.not_known

    def mistaken(names, *drafts):
        return real([name for name in names if len(names) < 3 or name != names[0]], *drafts)

    monkeypatch.setattr(rendering, "not_known", mistaken)
    violations = found(proof._visit, job("hydroxocobalamin 3-monthly"), "potassium-monitoring")
    assert {rule.rsplit(" ", 1)[0] for rule in rules(violations)} == {
        "the line 'Not known' does not name"
    }
    assert all(list(violation.state.values()).count("unknown") >= 3 for violation in violations)


def test_a_critical_card_that_a_fact_silences_by_being_unknown(plant_card):
    plant_card(
        "cyanocobalamin-leber", excluded_also_by(criterion("allergy.cobalt", "unknown", True))
    )
    violations = found(
        groups._critical_survives, job("cyanocobalamin 1 mg by mouth"), "cyanocobalamin-leber"
    )
    assert {rule.split(" unknown")[0] for rule in rules(violations)} == {"with allergy.cobalt"}


def test_silence_about_a_deficiency_in_one_combination(plant_card):
    plant_card("b12-deficiency-neuro", excluded_also_by(criterion("leber", "is", True)))
    violations = found(groups._no_silence, job())
    assert rules(violations) == {"no card fires for an untreated deficiency"}
    assert {violation.state["neuro.involvement"] for violation in violations} == {"true"}


def test_a_card_that_suggests_what_another_warns_of_in_one_parameter_set(plant_card):
    def warns_too_late(card):
        return replace(
            card,
            exclude=tuple(
                each for each in card.exclude if getattr(each, "fact", "") != "allergy.cobalamin"
            ),
        )

    def tablets(card):
        return replace(
            warns_too_late(card),
            suggestions=(
                replace(
                    card.suggestions[0],
                    create=(OrderSource("cyanocobalamin-oral-1000", ""),),
                    when=(),
                ),
            ),
        )

    plant_card("b12-loading-missing", tablets, only="us")
    pair = "cobalamin-anaphylaxis", "b12-loading-missing"
    sessions = [SESSIONS["hydroxocobalamin 3-monthly"]]

    def contradictions(*settings):
        return groups.prove_consistent(
            Scope("order-select", sessions, settings), *pair
        ).contradictions

    assert not contradictions(("default", "all"))
    assert contradictions(("default", "all"), ("us", "all")) == {pair}


def test_a_card_that_never_fires_is_told():
    tally = Tally()
    tally.deciding["default", "b12-paediatric", ""] = 1
    silent = dict.fromkeys(
        card_id for parameters, card_id in report.never_fired(tally) if parameters == "default"
    )
    assert "b12-paediatric" not in silent
    assert "b12-deficiency-neuro" in silent


def test_a_criterion_that_decides_in_no_parameter_set_is_told(monkeypatch, tmp_path):
    """That of a card which one set alone has is looked at too."""
    (tmp_path / "site.yaml").write_text("owner: ours\n", "utf-8")
    in_us = "status: retired\nparameter_sets: {us: {status: active}}\ncard:\n"
    (tmp_path / "our-card.yaml").write_text(CARD.replace("card:\n", in_us), "utf-8")
    loaded = cache(lambda name, _: Engine(Settings(parameters=name, cards=(tmp_path,))))
    monkeypatch.setattr(jobs, "engine", loaded)
    monkeypatch.setattr(report, "engine", loaded)
    tally = Tally()
    tally.deciding["us", "our-card", "b12-deficient"] = 1
    assert [
        criterion for card_id, criterion in report.never_decided(tally) if card_id == "our-card"
    ] == ["below-16-years", "long-treated"]


def planted_words(monkeypatch, card_id, when, text):
    """What the proof of words finds in a card with one more paragraph."""
    real = words.engine

    def with_paragraph(*setting):
        loaded = real(*setting)
        by_hook = {hook: dict(cards) for hook, cards in loaded.cards_by_hook.items()}
        for cards in by_hook.values():
            if card_id in cards:
                cards[card_id] = replace(
                    cards[card_id], detail=(*cards[card_id].detail, Paragraph(text, when, None))
                )
        return SimpleNamespace(cards_by_hook=by_hook)

    monkeypatch.setattr(words, "engine", with_paragraph)
    scope = Scope("patient-view", [OPENING], [("default", "all")])
    return rules(words.prove_words(scope, card_id).violations)


def test_a_text_that_names_a_cobalamin_to_give_whatever_the_allergy(monkeypatch):
    for harmless in ("Confirm the feature.", "It does not treat B12 deficiency."):
        assert not planted_words(monkeypatch, "b12-deficiency-neuro", (), harmless)
    for advice in (
        "Treat now.",
        "**B12 first.**",
        "Give both vitamins.",
        "Do not delay B12 because of it.",
    ):
        assert planted_words(monkeypatch, "b12-deficiency-neuro", (), advice) == {
            "the text names a cobalamin to give in spite of a severe allergy"
        }


def test_a_text_that_takes_folate_away_where_only_one_reason_for_it_is_looked_at(monkeypatch):
    in_pregnancy = (criterion("folate.reason", "in", ("methotrexate",)),)
    assert planted_words(
        monkeypatch, "b12-folate-deficiency", in_pregnancy, "Replace the folic acid."
    ) == {"the text stops folate that methotrexate needs"}


def test_a_label_that_does_not_name_what_its_actions_create(monkeypatch):
    monkeypatch.setattr(Suggestions, "_label", lambda self, offer: offer.suggestion.label)
    assert "the label does not name everything that is ordered" in rules(
        found(proof._visit, job(), "b12-deficiency-untreated")
    )
