"""Words beside a code or a result, and their denial."""

import pytest

from cds_service.facts.wording import (
    allergies_told,
    names_b12_deficiency,
    says_haemolysed,
    tells_severe_reaction,
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
def test_whether_a_reaction_tells_severe_reaction(words, told):
    assert tells_severe_reaction(words) is told


HAEMOLYSED = [
    "moderately hemolyzed",
    "Specimen slightly hemolysed",
    "H(a)emolysis ++",
    "hemolysis index 2+",
    "Hemolysis: 3",
    "gross hemolysis",
    "Hemolysis present",
    "haemolytic sample",
    "Result may be falsely elevated due to hemolysis",
    "HEMOLYZED",
    "Hemolysis Index = 150",
    "Hemolyzed specimen, not suitable for testing",
    "Not suitable: hemolyzed",
    "Cannot exclude hemolysis",
    "Not reported due to haemolysis",
    "Hemolysis detected",
    "mild hemolysis, no lipemia",
    "No lipemia. Moderate hemolysis",
    "No icterus, hemolysis present",
    "Hemolysis index: 10",
    "Haemolysis noted, no clots",
    "not only icteric but hemolysed",
    "No clot; hemolyzed",
    "hemolysis (no interference expected)",
    "hemolysis index 0.5",
    "H index 0; repeat: haemolysed",
    "No recollection requested; hemolyzed",
    "no  comment. hemolyzed specimen",
    "Absent label - hemolysis present",
    "Hemolysis cannot be excluded",
    "Hemolysis not excluded",
    "Not tested, hemolyzed",
    "No result: haemolysed",
    "Reportable: No - hemolysed",
    "Not performed hemolyzed sample",
    "Negative pressure tube, hemolyzed",
    "Unable to rule out hemolysis",
    "not free of hemolysis",
    "No hemolysis in the first tube; second tube hemolyzed",
    "hemolyzed, no result",
    "Hemolysis - no result",
    "hemolysis: excluded from the mean",
    "Not valid because of hemolysis",
    "None available - hemolysed",
    "Icterus absent, hemolysis 2+",
    "Without comment: hemolysed",
    "Not lipemic and hemolyzed",
    "Coombs negative hemolysis",
]

NOT_HAEMOLYSED = [
    "no hemolysis",
    "not hemolyzed",
    "No evidence of hemolysis",
    "Hemolysis: none",
    "hemolysis absent",
    "Hemolysis index: 0",
    "non-hemolyzed",
    "non hemolyzed",
    "Nonhemolyzed specimen",
    "without hemolysis",
    "Haemolysis: negative",
    "No visible haemolysis",
    "hemolysis not detected",
    "hemolysis-free",
    "Hemolysis: No",
    "hemolysed: no",
    "no lipemia, icterus or hemolysis",
    "no lipemia, icterus, or hemolysis",
    "No significant hemolysis",
    "Hemolysis index = 0",
    "Hemolysis Index: 0 (normal)",
    "unhemolyzed",
    "Hemolysis: nil",
    "hemolysis: negativ",
    "Hemolysis 0",
    "HIL: hemolysis 0, icterus 0, lipemia 0",
    "No hemolysis seen",
    "hemolysis has not been detected",
    "Hemolysis index: <1",
    "neither icteric nor hemolyzed",
    "Sample is not grossly haemolysed",
    "No signs of haemolysis.",
    "negative for hemolysis",
    "absence of hemolysis",
    "Not icteric, lipemic or haemolysed",
    "haemolysis (none)",
    "hemolysis was ruled out",
    "no lipaemia/haemolysis",
    "no lipaemia nor haemolysis",
    "Haemolysis 0/5",
    "No indication of in vitro haemolysis",
    "Haemolysis grade: 0",
]


@pytest.mark.parametrize("remark", HAEMOLYSED)
def test_a_denial_of_something_else_leaves_a_sample_haemolysed(remark):
    assert says_haemolysed(remark)


@pytest.mark.parametrize("remark", NOT_HAEMOLYSED)
def test_haemolysis_is_denied_before_and_behind_its_name(remark):
    assert not says_haemolysed(remark)


DEFICIENT = [
    "Non-anemic vitamin B12 deficiency",
    "Nonanemic vitamin B12 deficiency",
    "IF antibody negative B12 deficiency",
    "Absence of intrinsic factor with B12 deficiency",
    "B12 deficiency due to absent intrinsic factor",
    "Dietary B12 deficiency, never treated",
    "Not anemic: B12 deficiency",
    "No anaemia, vitamin B12 deficiency",
    "B12 deficiency, negative IF antibody",
    "Drug-free, B12 deficiency",
    "Vitamin B12 deficiency (non anemic)",
    "Vitamin B12 deficiency - not anemic",
    "Vitamin B12 deficiency, no anemia",
    "Vit B12 deficiency",
    "B12 deficient",
    "vitamin B12 lack",
    "Folate deficiency with B12 low",
    "Non-dietary B12 deficiency",
    "Untreated B12 deficiency",
    "B12 deficiency not due to diet",
    "B12 deficiency: no anaemia",
    "B12 low (normal folate)",
    "Vitamin B12 deficiency with normal MCV",
    "No B12 treatment for B12 deficiency",
    "Not yet treated vitamin B12 deficiency",
    "Hypocobalaminemia",
    "Hypovitaminosis B12",
    "Low folate and B12",
    "Never treated B12 deficiency",
    "No folate deficiency, B12 deficiency",
    "Suspected B12 deficiency",
    "Cobalamin deficiency, no neuropathy",
    "Iron deficiency excluded, B12 deficiency",
    "B12 deficiency without evidence of malabsorption",
]

NOT_DEFICIENT = [
    "Folate deficiency, low-normal B12",
    "Folate deficiency, low to normal B12",
    "Folate deficiency with normal B12",
    "Low folate with normal vitamin B12",
    "Folate deficiency (B12 normal)",
    "No iron, folate or B12 deficiency",
    "No folate and B12 deficiency",
    "Anaemia not due to B12 deficiency",
    "Not B12 deficient",
    "Patient not deficient in B12",
    "Non-B12 deficiency anaemia",
    "B12 not low",
    "Deficiency of B vitamins other than B12",
    "Deficiency of B group vitamins, excluding B12",
    "Absence of vitamin B12 deficiency",
    "No evidence of vitamin B12 deficiency",
    "B12 deficiency: no",
    "B12 deficiency absent",
    "B12 deficiency not present",
    "Insufficient evidence of B12 deficiency",
    "Cannot exclude B12 deficiency",
    "B12-replete folate deficiency",
    "Unlikely to be B12 deficiency",
    "Negative for B12 deficiency",
    "Folate deficiency, B12 sufficient",
    "No anaemia or B12 deficiency",
    "Neither folate nor B12 deficiency",
    "No deficiency of vitamin B12",
    "B12 deficiency has been excluded",
    "Denies B12 deficiency",
]


@pytest.mark.parametrize("name", DEFICIENT)
def test_a_denial_of_something_else_leaves_a_deficiency_of_b12(name):
    assert names_b12_deficiency(name)


@pytest.mark.parametrize("name", NOT_DEFICIENT)
def test_a_deficiency_of_b12_is_denied_before_and_behind_its_name(name):
    assert not names_b12_deficiency(name)


SEVERE = [
    "Anaphylaxis due to vitamin B12",
    "Severe allergy to B12",
    "Anaphylactic reaction to hydroxocobalamin",
    "Vitamin B12 - anaphylactic shock",
    "B12 (severe)",
    "Vitamin B12 allergy - severe",
    "Anaphylactoid reaction",
    "Not a rash: anaphylaxis",
    "No anaphylaxis in 2019, anaphylaxis in 2021",
    "life-threatening reaction to B12",
    "Severe hypersensitivity to cobalamin",
    "Cannot exclude anaphylaxis",
    "Anafylaxie",
    "anaphilaxis",
    "Reaction was severe",
    "moderate to severe",
    "Anaphylaxis, no admission",
    "Severe reaction, no anaphylaxis",
    "Not mild: severe",
    "Probable anaphylaxis",
    "severe itching",
    "Never again: anaphylaxis",
    "No doubt anaphylaxis",
    "severe allergic reaction; not intubated",
    "Non-severe in 2010, severe in 2020",
    "Not tolerated due to anaphylaxis",
]

NOT_SEVERE = [
    "Rash, no anaphylaxis",
    "Rash without signs of anaphylaxis",
    "not severe",
    "No severe reaction",
    "B12 allergy, not severe",
    "non-severe",
    "Rash; anaphylaxis: no",
    "No severe or anaphylactic reactions",
    "no anaphylaxis or severe reaction",
    "no rash or anaphylaxis",
    "Not a severe reaction",
    "never had",
    "Denies anaphylaxis",
    "anaphylaxis ruled out",
    "not thought to be anaphylaxis",
    "No documented anaphylaxis",
    "Severe B12 deficiency",
    "severe pernicious anaemia",
    "Not very severe",
    "neither severe nor anaphylactic",
    "Not anaphylactic",
    "anaphylaxis was excluded",
    "Less severe",
    "Severity: mild",
    "nonsevere",
    "Anaphylaxis (denied)",
    "no hives, swelling or anaphylaxis",
    "No sign of anaphylactic shock",
    "Anaphylaxis denied",
]


@pytest.mark.parametrize("words", SEVERE)
def test_a_denial_of_something_else_leaves_a_reaction_severe(words):
    assert tells_severe_reaction(words)


@pytest.mark.parametrize("words", NOT_SEVERE)
def test_a_severe_reaction_is_denied_before_and_behind_its_name(words):
    assert not tells_severe_reaction(words)


@pytest.mark.parametrize("told", [says_haemolysed, names_b12_deficiency, tells_severe_reaction])
def test_a_line_is_a_statement_of_its_own(told):
    text = "No comment\nhaemolysis, vitamin B12 deficiency, anaphylaxis"
    assert told(text) and not told("")
