"""Words beside a code or a result, and their denial."""

import pytest

from cds_service.facts.wording import (
    allergies_told,
    names_b12_deficiency,
    says_haemolysed,
    tells_anaphylaxis,
)


@pytest.mark.parametrize(
    ("remark", "haemolysed"),
    [
        ("Haemolysed", True),
        ("Sample hemolyzed, result may be raised", True),
        ("Moderate hemolysis", True),
        ("Hemolysis index 3", True),
        ("Haemolysis: 0.5", True),
        ("hemolysis 1+", True),
        ("Not lipaemic; haemolysed", True),
        ("No clots, hemolyzed", True),
        ("No hemolysis", False),
        ("no visible haemolysis", False),
        ("Not haemolysed", False),
        ("non-hemolyzed sample", False),
        ("Hemolysis index 0", False),
        ("Haemolysis index: 0", False),
        ("haemolysis 0.0", False),
        ("hemolysis: none", False),
        ("Haemolysis: no", False),
        ("Haemolysis - nil", False),
        ("Haemolysis not detected", False),
        ("free of hemolysis", False),
        ("Lipaemic", False),
        ("", False),
    ],
)
def test_whether_a_remark_marks_a_haemolysed_sample(remark, haemolysed):
    assert says_haemolysed(remark) is haemolysed


@pytest.mark.parametrize(
    ("name", "deficient"),
    [
        ("Vitamin B12 deficiency", True),
        ("B12 deficiency, dietary", True),
        ("Deficiency of cobalamin", True),
        ("Low vitamin B-12", True),
        ("Deficiency of other specified B group vitamins", False),
        ("Folate deficiency; vitamin B12 normal", False),
        ("Folate deficiency, not vitamin B12 deficiency", False),
        ("Folate deficiency without B12 deficiency", False),
        ("No B12 deficiency", False),
        ("Vitamin B12 deficiency ruled out", False),
        ("Vitamin B12 deficiency, excluded", False),
        ("Vitamin B12 deficiency anaemia was ruled out", False),
        ("Low vitamin B12 not confirmed", False),
        ("Vitamin B12 deficiency unlikely", False),
        ("R/O vitamin B12 deficiency", False),
        ("Rule out B12 deficiency", False),
        ("Screening for vitamin B12 deficiency", False),
        ("Family history of vitamin B12 deficiency", False),
        ("At risk of vitamin B12 deficiency", False),
        ("Vitamin B12 deficiency without anaemia", True),
        ("Vitamin B12 deficiency; folate deficiency excluded", True),
        ("Vitamin B12 deficiency, pernicious anaemia ruled out", True),
        ("History of vitamin B12 deficiency", True),
        ("Vitamin B12", False),
        ("B1 deficiency", False),
        ("Vitamin B6 deficiency", False),
    ],
)
def test_whether_a_name_tells_a_deficiency_of_b12(name, deficient):
    assert names_b12_deficiency(name) is deficient


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("Vitamin B12 allergy", True),
        ("Cyanocobalamin (not hydroxocobalamin) allergy", True),
        ("Cobalamin, no longer allergic", True),
        ("No known penicillin allergy; vitamin B12: rash", True),
        ("No known allergy to penicillin, but vitamin B12 intolerance", True),
        ("No known allergy to vitamin B12", False),
        ("No known drug allergies: hydroxocobalamin", False),
        ("Denies any history of allergy to cyanocobalamin", False),
        ("Cyanocobalamin - no known allergy", False),
        ("Vitamin B12: no reaction since 2010", True),
        ("Not allergic to cobalamin", False),
        ("No adverse reactions to B12", False),
    ],
)
def test_whether_a_name_states_an_allergy_to_b12(name, named):
    told = allergies_told(name)[0].lower()
    assert any(words in told for words in ("b12", "cobalamin")) is named


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("Anaphylaxis", True),
        ("anaphylactic shock; no anaphylaxis since", True),
        ("Anaphylaxis not excluded", True),
        ("No rash, anaphylaxis", True),
        ("No anaphylaxis, mild rash", False),
        ("Non-anaphylactic reaction", False),
        ("No history of anaphylaxis", False),
        ("Rash", False),
    ],
)
def test_whether_a_reaction_tells_anaphylaxis(words, told):
    assert tells_anaphylaxis(words) is told
