"""Allergies by name and by code: what tells one, what denies one, and what makes it severe."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.clinic import facts_of, fire, ids
from tests.support.fhir_builders import (
    SNOMED,
    VALUE_SETS,
    allergy,
    codings_of,
    condition,
    hydroxocobalamin,
    observation,
    prefetch,
)

CYANOCOBALAMIN = {"system": SNOMED, "code": "419382002"}
PERNICIOUS_ANAEMIA = condition("84027009")


def named(text: str, *coding: dict[str, str], **more: Any) -> dict[str, Any]:
    """An allergy by its words, and by codes where some are given."""
    return {**allergy(**more), "code": {"text": text, "coding": list(coding)}}


def reacting(*codings: dict[str, str], **words: str) -> dict[str, Any]:
    """An allergy to cyanocobalamin with one reaction, by codes or in ``words``."""
    manifestation = {"coding": list(codings)} if codings else {"text": "Reaction"}
    return allergy(reaction=[{"manifestation": [manifestation], **words}])


@pytest.mark.parametrize(
    "text",
    [
        "No known allergy to vitamin B12",
        "no known allergies to hydroxocobalamin",
        "No vitamin B12 allergy",
        "Not allergic to cyanocobalamin",
        "Denies allergy to B12",
        "No history of hypersensitivity to cobalamin",
    ],
)
@pytest.mark.parametrize("coding", [(), (CYANOCOBALAMIN,)], ids=["by name", "beside a code"])
def test_a_statement_that_there_is_no_allergy_is_none(text, coding):
    assert facts_of(named(text, *coding))["allergy.cobalamin"].holds is False


@pytest.mark.parametrize(
    "text",
    [
        "Vitamin B12",
        "Cobalamins",
        "Allergy to cyanocobalamin. No known allergy to hydroxocobalamin.",
        "Vitamin B12: no reaction recorded",
        "Vitamin B12 not tolerated",
        "No food allergy; allergy to vitamin B12",
        "Not known whether the allergy to B12 is real",
    ],
)
def test_an_allergy_stands_beside_words_that_deny_something_else(text):
    assert facts_of(named(text))["allergy.cobalamin"].value == "other"


def test_a_coded_allergy_stands_beside_words_that_deny_another_one():
    of_the_text = named("Rash; no known allergy to penicillin", CYANOCOBALAMIN)
    assert facts_of(of_the_text)["allergy.cobalamin"].value == "other"


def test_cobalt_is_denied_as_a_cobalamin_is():
    assert facts_of(named("Cobalt"))["allergy.cobalt"].holds
    assert facts_of(named("No known allergy to cobalt"))["allergy.cobalt"].holds is False


def test_a_stop_is_warned_of_where_an_allergy_is_denied():
    stop = hydroxocobalamin(id="stopped") | {"status": "stopped"}
    record = prefetch(PERNICIOUS_ANAEMIA, named("No known allergy to vitamin B12"))
    assert ids(fire("order-sign", record, drafts=[stop])) == ["b12-stop-lifelong"]


def codes_of_anaphylaxis() -> list[dict[str, str]]:
    """Each code of the value set, and of each ICD branch its head and, in ICD-10-CM, a code below."""
    branches = [
        {"system": include["system"], "code": branch["value"] + suffix}
        for include in VALUE_SETS["anaphylaxis"]["compose"]["include"]
        for branch in include.get("filter", ())
        for suffix in (("", "XXA") if include["system"].endswith("-cm") else ("",))
    ]
    return codings_of("anaphylaxis") + branches


@pytest.mark.parametrize("coding", codes_of_anaphylaxis(), ids=lambda coding: coding["code"])
def test_a_reaction_coded_as_anaphylaxis_is_severe(coding):
    bare = {key: coding[key] for key in ("system", "code")}
    assert facts_of(reacting(bare))["allergy.cobalamin"].value == "severe"


def test_a_reaction_of_another_code_is_not_severe():
    rash = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "R21"}
    assert facts_of(reacting(rash))["allergy.cobalamin"].value == "other"


@pytest.mark.parametrize(
    ("words", "level"),
    [
        ("Anaphylaxis", "severe"),
        ("Rash, then anaphylactic shock", "severe"),
        ("Not a rash: anaphylaxis", "severe"),
        ("Anaphylactoid reaction", "severe"),
        ("Rash, no anaphylaxis", "other"),
        ("Rash without signs of anaphylaxis", "other"),
        ("Non-anaphylactic reaction", "other"),
        ("No anaphylaxis in 2019, anaphylaxis in 2021", "severe"),
    ],
)
def test_words_on_a_reaction_tell_anaphylaxis_unless_they_deny_it(words, level):
    assert facts_of(reacting(description=words))["allergy.cobalamin"].value == level


@pytest.mark.parametrize(
    "text",
    [
        "Anaphylaxis due to vitamin B12",
        "Anaphylactic reaction to hydroxocobalamin",
        "Vitamin B12 - anaphylactic shock",
        "Cobalamin (severe)",
        "Severe allergy to B12",
        "Life-threatening reaction to cyanocobalamin",
    ],
)
@pytest.mark.parametrize("place", ["text", "display", "substance"])
def test_the_name_of_an_allergy_tells_that_it_is_severe(text, place):
    concept = {"text": text}
    if place == "display":
        concept = {"coding": [{**CYANOCOBALAMIN, "display": text}]}
    more = {"code": concept}
    if place == "substance":
        more = {"code": {"text": "Drug"}, "reaction": [{"substance": concept}]}
    assert facts_of({**allergy(), **more})["allergy.cobalamin"].value == "severe"


@pytest.mark.parametrize(
    "text",
    [
        "Allergy to vitamin B12, not severe",
        "Vitamin B12: rash, no anaphylaxis",
        "Mild allergy to B12, non-anaphylactic",
        "Allergy to B12 given for severe B12 deficiency",
    ],
)
def test_the_name_of_an_allergy_denies_that_it_is_severe(text):
    assert facts_of(named(text))["allergy.cobalamin"].value == "other"


@pytest.mark.parametrize("coding", codes_of_anaphylaxis(), ids=lambda coding: coding["code"])
def test_an_allergy_whose_own_code_is_anaphylaxis_is_severe(coding):
    bare = {key: coding[key] for key in ("system", "code")}
    assert facts_of(named("Vitamin B12", bare))["allergy.cobalamin"].value == "severe"


@pytest.mark.parametrize(
    ("note", "level"),
    [
        ("Anaphylaxis in 2010, adrenaline given", "severe"),
        ("Severe reaction after the second injection", "severe"),
        ("No anaphylaxis; rash on the arm", "other"),
        ("Reported by her mother", "other"),
    ],
)
@pytest.mark.parametrize("of_the_reaction", [False, True], ids=["allergy", "reaction"])
def test_a_note_on_an_allergy_tells_that_it_is_severe(note, level, of_the_reaction):
    notes = {"note": [{"text": note}]}
    if of_the_reaction:
        notes = {"reaction": [{"manifestation": [{"text": "Reaction"}], **notes}]}
    assert facts_of(named("Vitamin B12", **notes))["allergy.cobalamin"].value == level


def test_an_anaphylaxis_in_the_name_alone_keeps_hydroxocobalamin_from_being_suggested():
    (card,) = fire(
        "patient-view",
        prefetch(observation("b12", 110, "ng/L", ago=1), named("Anaphylaxis due to vitamin B12")),
    )
    assert not card.get("suggestions")
