"""What a medication is: by code, by reference, last by name; and what it is not."""

import time

import pytest

from tests.support.clinic import facts_of
from tests.support.fhir_builders import (
    DAILY,
    IM,
    ORAL,
    RXNORM,
    SNOMED,
    allergy,
    dosage,
    draft,
    medication_request,
)

ATC, DMD = "http://www.whocc.no/atc", "https://dmd.nhs.uk"


def coded(system, code, **more):
    return {"coding": [{"system": system, "code": code}], **more}


def product(concept, *dosages):
    (found,) = facts_of(drafts=[draft(concept, *dosages)]).session.drafts
    return found.product


@pytest.mark.parametrize(
    ("system", "code", "agent"),
    [
        (RXNORM, "317106", "hydroxocobalamin"), (RXNORM, "11248", "cyanocobalamin"), (RXNORM, "309594", "cyanocobalamin"),
        (ATC, "B03BA01", "cyanocobalamin"), (ATC, "B03BA03", "hydroxocobalamin"), (ATC, "B03BA04", "adenosylcobalamin"), (ATC, "B03BA05", "mecobalamin"),
        (DMD, "327529002", "hydroxocobalamin"), (SNOMED, "327529002", "hydroxocobalamin"), (SNOMED, "409258004", "hydroxocobalamin"),
        (SNOMED, "419382002", "cyanocobalamin"), (SNOMED, "259512006", "mecobalamin"),
    ],
)  # fmt: skip
def test_cobalamins_by_code(system, code, agent):
    found = product(coded(system, code))
    assert (found.cobalamin, found.by) == (agent, "code")


@pytest.mark.parametrize(
    ("text", "agent"),
    [
        ("Vitamin B-12 1000 mcg tablet", "cyanocobalamin"), ("vitamin b12", "cyanocobalamin"), ("VITAMIN B 12 1 MG Oral Tablet", "cyanocobalamin"),
        ("Cyanocobalamin 50microgram tablets", "cyanocobalamin"), ("Vit B12 injection", "cyanocobalamin"),
        ("hydroxocobalamin 1mg/1ml solution for injection ampoules", "hydroxocobalamin"), ("Hydroxycobalamin", "hydroxocobalamin"),
        ("HYDROXOCOBALAMIN ACETATE 1 MG/ML", "hydroxocobalamin"), ("Methylcobalamin 1 mg lozenge", "mecobalamin"), ("Mecobalamin", "mecobalamin"),
        ("Adenosylcobalamin capsules", "adenosylcobalamin"), ("Cobamamide", "adenosylcobalamin"),
    ],
)  # fmt: skip
def test_cobalamins_by_name_are_marked_as_recognised_by_name(text, agent):
    found = product({"text": text})
    assert (found.cobalamin, found.by) == (agent, "name")
    source = facts_of(medication_request({"text": text}, dosage(1, route=IM)))[
        "b12_therapy.active"
    ].sources[0]
    assert "recognised by name" in source.text


COMBINATIONS = [
    "Multivitamin tablets", "Multivitamins with iron", "Prenatal vitamins", "Vitamin B complex", "B-complex with vitamin B12",
    "Vitamin B12 1 mg / folic acid 400 mcg tablets", "Folic acid 2.5 MG / pyridoxine 25 MG / vitamin B12 2 MG Oral Tablet",
    "Iron, vitamin C, vitamin B12 and folic acid", "Cyanocobalamin with thiamine injection", "Ferrous fumarate 305 mg / folic acid 350 micrograms",
    "Levomefolate 3 mg / methylcobalamin 2 mg / pyridoxine 35 mg",
]  # fmt: skip


@pytest.mark.parametrize(
    "concept",
    [*({"text": text} for text in COMBINATIONS), coded(RXNORM, "199240"), coded(RXNORM, "1145991")],
    ids=str,
)
def test_combinations_are_never_cobalamin_therapy_nor_draft(concept):
    stated = dosage(1, "tablet", route=ORAL, every=DAILY)
    facts = facts_of(medication_request(concept, stated), drafts=[draft(concept, stated)])
    assert facts["b12_therapy.active"].holds is False
    assert facts["draft.b12"].holds is False and facts["session.b12"].holds is False


@pytest.mark.parametrize(
    ("text", "intake"),
    [
        ("Multivitamin tablets", True),
        ("Vitamin B12 1 mg / folic acid 400 mcg tablets", True),
        ("Cyanocobalamin 50 mcg tablets", True),
        ("Folic acid 5 mg tablets", False),
    ],
)
def test_any_intake_counts_multivitamins_and_small_doses(text, intake):
    assert facts_of(medication_request({"text": text}))["b12.any_intake"].holds is intake


@pytest.mark.parametrize(
    ("concept", "per_day"),
    [
        ({"text": "Vitamin B12 1 mg / folic acid 400 mcg tablets"}, 400),
        ({"text": "Folic acid 2.5 MG / pyridoxine 25 MG / vitamin B12 2 MG Oral Tablet"}, 2500),
        ({"text": "Ferrous fumarate 305 mg / folic acid 350 micrograms"}, 350),
        ({"text": "Prenatal multivitamin with folic acid 0.8 mg"}, 800),
        (coded(RXNORM, "199240"), 400),
        (coded(RXNORM, "1145991"), 2500),
    ],
    ids=str,
)
def test_the_folate_of_a_combination_counts_by_its_stated_dose(concept, per_day):
    facts = facts_of(drafts=[draft(concept, dosage(1, "tablet", route=ORAL, every=DAILY))])
    assert facts["draft.folate"].holds is True
    assert facts["draft.folate_daily"].value == per_day


def test_a_multivitamin_that_states_no_folate_is_no_folate():
    assert facts_of(drafts=[draft({"text": "Multivitamin tablets"})])["draft.folate"].holds is False


@pytest.mark.parametrize("concept", [{"text": "Cyanokit 5 g powder for infusion"}, {"text": "hydroxocobalamin 5 g (Cyanokit)"}, coded(RXNORM, "700499"), coded(ATC, "V03AB33")], ids=str)  # fmt: skip
def test_the_cyanide_antidote_is_no_therapy(concept):
    given = {"resourceType": "MedicationAdministration", "id": "a", "status": "completed", "subject": {"reference": "Patient/pat-1"},
             "medicationCodeableConcept": concept, "effectiveDateTime": "2026-11-20"}  # fmt: skip
    facts = facts_of(given, medication_request(concept), drafts=[draft(concept)])
    assert facts["b12_therapy.active"].holds is False
    assert facts["draft.b12"].holds is False


@pytest.mark.parametrize(
    ("concept", "agents"),
    [
        ({"text": "Folic acid 5mg tablets"}, {"folic-acid"}),
        (coded(RXNORM, "310410"), {"folic-acid"}),
        (coded(DMD, "6247001"), {"folic-acid"}),
        ({"text": "L-methylfolate 15 mg"}, {"levomefolate"}),
        ({"text": "Levomefolate calcium 7.5 mg"}, {"levomefolate"}),
        ({"text": "Calcium folinate 15 mg tablets"}, {"leucovorin"}),
        (coded(RXNORM, "6313"), {"leucovorin"}),
    ],
    ids=str,
)
def test_folates(concept, agents):
    assert product(concept).agents == agents


@pytest.mark.parametrize(
    ("text", "stated", "counts"),
    [
        ("Leucovorin 15 mg tablet", {}, True),
        ("Leucovorin 15 mg", dosage(15, route=ORAL), True),
        ("Leucovorin 15 mg", dosage(15, route=IM), False),
        ("Leucovorin 100 mg injection", {}, False),
        ("Calcium folinate 350 mg/35 ml solution for injection vials", {}, False),
        ("Leucovorin", {}, False),
        ("Folic acid 5 mg/mL injection", dosage(5, route=IM), True),
    ],
)
def test_leucovorin_counts_as_folate_only_by_mouth(text, stated, counts):
    facts = facts_of(
        medication_request({"text": text}, stated), drafts=[draft({"text": text}, stated)]
    )
    assert facts["draft.folate"].holds is counts
    assert facts["folate_therapy.active"].holds is counts


@pytest.mark.parametrize(
    "text",
    [
        "Amoxicillin 500 mg capsules",
        "Cobalt chloride",
        "Thiamine 100 mg",
        "Pyridoxine 50 mg",
        "Vitamin B1",
        "Vitamin B2",
        "Ascorbic acid",
        "Vitamin B6 12 mg",
    ],
)
def test_other_medications_are_none_of_ours(text):
    found = product({"text": text})
    assert (
        found.cobalamin == ""
        and found.identified
        and not found.has_cobalamin
        and not found.has_folate
    )
    assert facts_of(medication_request({"text": text}))["b12_therapy.active"].holds is False


def test_a_code_decides_before_a_name():
    concept = coded(RXNORM, "317106", text="Vitamin B12 injection")
    assert product(concept).cobalamin == "hydroxocobalamin"


def test_the_display_of_a_local_code_is_a_name():
    assert (
        product(
            {
                "coding": [
                    {"system": "urn:local", "code": "7", "display": "Cyanocobalamin 1 mg tablet"}
                ]
            }
        ).cobalamin
        == "cyanocobalamin"
    )


@pytest.mark.parametrize("where", ["contained", "prefetch", "prefetch, absolute"])
def test_a_medication_by_reference(where):
    code = coded(RXNORM, "317106")
    medication = {"resourceType": "Medication", "id": "med-1", "code": code}
    reference = {
        "contained": "#med-1",
        "prefetch": "Medication/med-1",
        "prefetch, absolute": "https://ehr.example.org/fhir/Medication/med-1/_history/2",
    }[where]
    order = medication_request(
        None, dosage(1, route=IM), medicationReference={"reference": reference}
    )
    if where == "contained":
        order["contained"] = [medication]
    from tests.support.fhir_builders import prefetch

    values = prefetch(order)
    if where != "contained":
        values["medication-requests"]["entry"].append(
            {"resource": medication, "search": {"mode": "include"}}
        )
    assert facts_of(prefetched=values)["b12_therapy.active"].holds is True


def test_a_reference_that_leads_nowhere_leaves_it_open():
    order = draft(None, medicationReference={"reference": "Medication/nowhere"})
    facts = facts_of(drafts=[order, draft({"text": "Folic acid 5 mg tablets"})])
    assert (
        facts["draft.b12"].is_unknown
        and facts["draft.folate"].holds
        and facts["session.b12"].is_unknown
    )


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("Cyanocobalamin", "other"),
        ("vitamin B-12", "other"),
        ("hydroxocobalamin injection", "other"),
        ("Penicillin", None),
        ("Cyanokit", "other"),
        ("No known allergy to cyanocobalamin", None),
    ],
)
def test_cobalamin_allergy_by_name(text, severity):
    recorded = allergy(code="0")
    recorded["code"] = {"text": text}
    assert facts_of(recorded)["allergy.cobalamin"].value == severity


@pytest.mark.parametrize(
    ("words", "severity"), [("anaphylaxis", "severe"), ("rash, no anaphylaxis", "other")]
)
def test_a_reaction_counts_as_severe_by_words_that_do_not_deny_it(words, severity):
    recorded = allergy(reaction=[{"description": words, "manifestation": [{"text": "rash"}]}])
    assert facts_of(recorded)["allergy.cobalamin"].value == severity


def test_a_hostile_name_takes_no_longer_than_its_length():
    """One call computes at a time: a name of digits that was tried from each of them would hold up all others for minutes."""
    names = [f"{number} folic acid {'0' * 280}" for number in range(300)]
    started = time.process_time()
    assert not any(product({"text": name}).strength for name in names)
    assert time.process_time() - started < 2
