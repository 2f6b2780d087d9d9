"""Names of products as EHRs, pharmacies and labels write them: agent, whether combined, and strength."""

from decimal import Decimal

import pytest

from cds_service.fhir.product import Product
from tests.support.clinic import facts_of
from tests.support.fhir_builders import SUBJECT, UCUM, draft, medication_request

H, C, M, A = "hydroxocobalamin", "cyanocobalamin", "mecobalamin", "adenosylcobalamin"
F, L, V = "folic-acid", "levomefolate", "leucovorin"
COMBINED, NONE = "cobalamin-combination", ""


def product(concept: dict) -> Product:
    (found,) = facts_of(drafts=[draft(concept)]).session.drafts
    return found.product


def kind(found: Product) -> str:
    """The single agent of ours that a product is, ``cobalamin-combination``, or nothing."""
    if COMBINED in found.agents:
        return COMBINED
    return min(found.agents, default=NONE)


# (name, agent, micrograms in a piece or in 1 mL, "mL" where in 1 mL); of a combination the strength is its folate's.
SINGLE = [
    # dm+d
    ("Hydroxocobalamin 1mg/1ml solution for injection ampoules", H, 1000, "mL"),
    (
        "Hydroxocobalamin 1mg/1ml solution for injection ampoules (A A H Pharmaceuticals Ltd)",
        H,
        1000,
        "mL",
    ),
    ("Hydroxocobalamin 10mg/2ml solution for injection ampoules", H, 5000, "mL"),
    ("Cobalin-H 1mg/1ml solution for injection ampoules (ADVANZ Pharma)", H, 1000, "mL"),
    ("Neo-Cytamen 1000micrograms/1ml solution for injection ampoules", H, 1000, "mL"),
    ("Cyanocobalamin 50microgram tablets", C, 50, ""),
    ("Cyanocobalamin 50microgram tablets (A A H Pharmaceuticals Ltd)", C, 50, ""),
    ("Cyanocobalamin 1mg tablets", C, 1000, ""),
    ("Folic acid 5mg tablets", F, 5000, ""),
    ("Folic acid 400microgram tablets (Alliance Healthcare & Co. Ltd)", F, 400, ""),
    ("Folic acid 2.5mg/5ml oral solution sugar free", F, 500, "mL"),
    ("Calcium folinate 15mg tablets", V, 15000, ""),
    ("HYDROXOCOBALAMIN 1mg/1ml INJ AMPS (5) [Vitamin B12]", H, 1000, "mL"),
    # RxNorm
    ("vitamin B12 1 MG/ML Injectable Solution", C, 1000, "mL"),
    ("vitamin B12 1 MG/ML Injectable Solution [Dodex]", C, 1000, "mL"),
    ("cyanocobalamin 1 MG/ML Injectable Solution", C, 1000, "mL"),
    ("10 ML hydroxocobalamin 1 MG/ML Injection", H, 1000, "mL"),
    ("vitamin B12 0.05 MG Oral Tablet", C, 50, ""),
    ("vitamin B12 1.5 MG Extended Release Oral Tablet", C, 1500, ""),
    ("vitamin B12 0.5 MG/ACTUAT Nasal Spray [Nascobal]", C, 500, ""),
    ("vitamin B12 0.0667 MG/ML Oral Solution", C, Decimal("66.7"), "mL"),
    ("folic acid 0.4 MG Oral Tablet", F, 400, ""),
    # Epic, VistA and other US systems
    ("cyanocobalamin (VITAMIN B-12) 1,000 mcg/mL injection", C, 1000, "mL"),
    ("cyanocobalamin (VITAMIN B–12) 1,000 mcg/mL Solution", C, 1000, "mL"),
    ("cyanocobalamin, vitamin B-12, 1,000 mcg tablet", C, 1000, ""),
    ("cyanocobalamin (VITAMIN B-12) tablet 1,000 mcg", C, 1000, ""),
    ("cyanocobalamin (VITAMIN B-12) 500 mcg tablet", C, 500, ""),
    ("CYANOCOBALAMIN 1000MCG/ML INJ", C, 1000, "mL"),
    ("cyanocobalamin 1000 mcg per mL", C, 1000, "mL"),
    ("CYANOCOBALAMIN 1000 ug in 1 mL", C, 1000, "mL"),
    ("Injection, vitamin B-12 cyanocobalamin, up to 1000 mcg", C, 1000, ""),
    ("Cyanocobalamin 500 mcg/0.1 mL nasal spray", C, 5000, "mL"),
    ("Vitamin B12 — 1,000 mcg", C, 1000, ""),
    ("VITAMIN B-12 PO", C, None, ""),
    ("LEUCOVORIN CALCIUM 10 MG/ML INJECTION SOLUTION", V, 10000, "mL"),
    ("LEUCOVORIN CALCIUM 50 MG SOLUTION FOR INJECTION", V, 50000, ""),
    ("L-Methylfolate 15 mg tablet", L, 15000, ""),
    # Germany, Switzerland, France, Spain, Brazil, the Netherlands
    ("Vitamin B12 1.000 µg Lichtenstein", C, 1000, ""),
    ("Vitamin B12-ratiopharm 10 µg Filmtabletten", C, 10, ""),
    ("B12 Ankermann", C, None, ""),
    ("B12 Ankermann 1.000 µg überzogene Tabletten", C, 1000, ""),
    ("Hydroxocobalamin-hameln 1000 µg/ml Injektionslösung", H, 1000, "mL"),
    ("Vitarubin Depot 1'000 µg/ml (Hydroxocobalamin) Inj Lös", H, 1000, "mL"),
    ("Folsäure 5 mg", F, 5000, ""),
    ("Folsäure 0,4 mg Tabletten", F, 400, ""),
    ("Folsan 5 mg Folsäure Tabletten", F, 5000, ""),
    ("Vitamine B12 Razes (cyanocobalamine 1000µg Sol INJ. Buv)", C, 1000, ""),
    ("Acide folique 5 mg, comprimé", F, 5000, ""),
    ("Cyanocobalamine 1 000 µg/4 ml sol buv", C, 250, "mL"),
    ("Hidroxocobalamina 1 mg/ml solución inyectable", H, 1000, "mL"),
    ("Cianocobalamina 2.500 mcg/mL - Ampola 2 mL", C, 2500, "mL"),
    ("Ácido fólico 5 mg comprimidos", F, 5000, ""),
    ("Foliumzuur 0,5 mg tablet", F, 500, ""),
    # Asia, Australia, Canada
    ("Methycobal inj 500mcg/1mL", M, 500, "mL"),
    ("Mecobalamin 500 mcg", M, 500, ""),
    ("MECOBALAMIN 500", M, None, ""),
    ("Methylcobalamin 1500mcg Tablets 10's", M, 1500, ""),
    ("Mabil 500 Mecobalamin 500mcg/ml 10 amp", M, 500, "mL"),
    ("Methylcobalamin 10 mg in 2 mL Injection", M, 5000, "mL"),
    ("Depofort B12, 1 ml in ampoule, No.2, 3 & 5", C, None, ""),
    ("Vitamin B12 Depot. 1mg/ml im/iv (HydroxyCObalamine) Injection", H, 1000, "mL"),
    ("BETOLVEX 1MG/ML 2 PRE-FILLED SYRINGE I.M (cyanocobalamin)", C, 1000, "mL"),
    # labels of supplements
    ("Vitamin B12 (as Methylcobalamin) 1000 mcg", M, 1000, ""),
    ("Vitamin B₁₂ 1000 μg", C, 1000, ""),
    ("Vitamin B12 Plus 500 mcg tablets", C, 500, ""),
    ("Methyl B12 5,000 mcg lozenge", M, 5000, ""),
    ("Adenosylcobalamin (dibencozide) 3 mg lozenges", A, 3000, ""),
    ("Cyanocobalamin 1 mg (1000 mcg) tablet", C, 1000, ""),
    ("Vitamin B12 tablets and syringes IM/SC, 1000 mcg", C, 1000, ""),
    ("Nascobal", C, None, ""),
    # what may be read in two ways is not read
    ("Cyanocobalamin 1.000 mg tablets", C, None, ""),
    ("Folic acid 1,000 mg", F, None, ""),
    ("Folic acid 05 mg", F, None, ""),
    ("Cyanocobalamin 500-1000 mcg", C, None, ""),
    ("Cyanocobalamin 10 mcg/kg", C, None, ""),
    ("Hydroxocobalamin 50000 UI", H, None, ""),
]

COMBINATIONS = [
    ("Pregabalin 75 mg / Methylcobalamin 750 mcg capsule", M, None),
    ("Pregabalin 75mg + Methylcobalamin 750mcg", M, None),
    ("Preg-M (Pregabalin 75 mg, Mecobalamin 750 mcg)", M, None),
    ("Nervup (pregabalin 75mg + methylcobalamin 750mcg)", M, None),
    ("Methylcobalamin (and Xyzzyine) capsules", M, None),
    ("Xyzzyine w/ vitamin B12", C, None),
    ("Xyzzyine plus cyanocobalamin", C, None),
    ("Semaglutide / Cyanocobalamin Injection", C, None),
    ("Semaglutide-Glycine-Cyanocobalamin Injec", C, None),
    ("Tirzepatide & hydroxocobalamin 1 mg/mL", H, None),
    ("Mecobalamin 500mcg + Gabapentin 300mg", M, None),
    ("Mecobalamin 1500mcg + Nortriptyline 10mg + Pregabalin 75mg", M, None),
    ("Vit B6 / B12 tablet", C, None),
    ("Vitamin B1-B6-B12", C, None),
    ("Vitamin-B1,B6,B12 Tablet", C, None),
    ("Vitamin B1/6/12 tablets", C, None),
    ("VITAMIN B1,B6,B12 (NEURONERV) TABLET", C, None),
    ("Hidroxocobalamina + Tiamina + Piridoxina 50000 UI / 100 mg / 50 mg", H, None),
    ("FAT BLASTER L-Carnitine 300 mg/ml Methionine 25 mg/ml Vitamin B12 1 mg/ml", C, None),
    (
        "pyridoxine hydrochloride 100 MG / thiamine hydrochloride 100 MG / vitamin B12 0.2 MG Oral Tablet",
        C,
        None,
    ),
    ("Methylcobalamin, Alpha Lipoic Acid & Vitamin B Complex Capsules", M, None),
    ("Cyanocobalamin 1 mg with intrinsic factor", C, None),
    ("folic acid-vit B6-vit B12 2.5-25-1 mg tablet", C, 2500),
    ("folic acid/pyridoxine/cyanocobalamin 2.5 mg-25 mg-1 mg oral tablet", C, 2500),
    ("folic acid 0.8 MG / intrinsic factor 20 MG / vitamin B12 0.5 MG Oral Tablet", C, 800),
    ("folic acid 400 mcg / 1 mg B12 / 10 mg B6", C, 400),
    ("B12 5,000 MCG-METHYLFOLATE 1,360 MCG DFE-B6 2.5 MG CHEWABLE TABLET", C, 1360),
    ("METHYLFOLATE CALCIUM 25,000 MCG DFE-MECOBALAMIN 2,000 MCG CAPSULE", M, 25000),
    ("LEUCOVORIN 4 MG-PYRIDOXAL PHOSPHATE 50 MG-MECOBALAMIN 2 MG TABLET", M, 4000),
    ("COQ10-ALA-RESVERATROL-LEUCOVORIN-B6-MECOBALAMIN-VITC-D3 ORAL", M, None),
    (
        "Methylcobalamin 1500mcg + Alpha Lipoic Acid 100mg + Pyridoxine HCl 3mg + Folic Acid 1.5mg",
        M,
        1500,
    ),
    (
        "Alpha Lipoic acid 100mg, Vit. D3 1000 IU, Folic acid 1.5mg, Pyridoxine 3mg, Methylcobalamin 1500mcg 10's",
        M,
        1500,
    ),
    ("Iron, vitamin C, vitamin B12 and folic acid", C, None),
    ("vitamin B12 folic acid 400 mcg tablets", C, 400),
    ("Folate (as folic acid) 400 mcg, vitamin B12 (as cyanocobalamin) 6 mcg", C, 400),
    ("mecobalamin-levomefolate-B6 phos 2-3-35 mg", M, 3000),
    ("Vit.B6/B12/Folsäure", C, None),
]

NEITHER = [
    "Amphotericin B 12.5 mg infusion", "Amphotericin B 12 mg", "Amphotericin B 12mg/kg", "Amphotericin B12.5 mg", "Vitamin B 12.5 mg",
    "Amphotericin B liposomal 50 mg", "Hepatitis B 12 ug vaccine", "Polymyxin B 12 mg", "XB12 tablets", "AB-12 mg", "B120 tablets", "B12a",
    "cyanocobalaminX", "9cyanocobalamin", "prefolic acid", "Amoxicillin 500 mg / clavulanic acid 125 mg", "Co-codamol 30mg/500mg tablets",
    "Vitamin B6 12 mg", "Calcium 500 mg + vitamin D3 400 IU", "Levodopa and carbidopa",
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "agent", "micrograms", "basis"), SINGLE, ids=[row[0] for row in SINGLE]
)
def test_a_name_of_one_agent(name, agent, micrograms, basis):
    found = product({"text": name})
    assert kind(found) == agent and found.identified
    assert found.cobalamins == (frozenset({agent}) if agent in (H, C, M, A) else frozenset())
    stated = found.strength and (found.strength.micrograms, "mL" if found.strength.per_ml else "")
    assert stated == (None if micrograms is None else (micrograms, basis))


@pytest.mark.parametrize(
    ("name", "holds", "folate"), COMBINATIONS, ids=[row[0] for row in COMBINATIONS]
)
def test_a_name_of_a_combination(name, holds, folate):
    """Its cobalamin is never the agent; which it holds is told, and its folate by the stated amount alone."""
    found = product({"text": name})
    assert kind(found) == COMBINED and found.cobalamin == "" and found.has_cobalamin
    assert found.cobalamins == {holds}
    assert (found.strength and found.strength.micrograms) == folate


@pytest.mark.parametrize("name", NEITHER)
def test_a_name_of_neither(name):
    found = product({"text": name})
    assert not found.has_cobalamin and not found.has_folate and found.identified


@pytest.mark.parametrize("name", ["Amphotericin B 12", "B 12 mcg tablets", "Xyzzyine B 12 tablets"])
def test_a_name_that_may_or_may_not_be_vitamin_b12_leaves_it_open(name):
    assert facts_of(medication_request({"text": name}))["b12_therapy.active"].is_unknown


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Vitamin B12 1.000 µg Lichtenstein", "recognised by name; not understood: lichtenstein"),
        ("MECOBALAMIN 500", "not understood: 500"),
        ("Cyanocobalamin 1.000 mg tablets", "not understood: 1.000 mg"),
        ("Cyanocobalamin 1 mg tablets", "(recognised by name)"),
    ],
)
def test_the_provenance_tells_what_was_not_understood(name, told):
    source = facts_of(drafts=[draft({"text": name})])["draft.b12"].sources[0]
    assert told in source.text


def test_two_cobalamins_in_one_product_are_no_combination():
    found = product({"text": "Methylcobalamin 1 mg / adenosylcobalamin 1 mg lozenge"})
    assert found.cobalamin and found.cobalamins == {M, A} and found.strength.micrograms == 2000


def test_two_atc_codes_of_different_agents_are_a_combination():
    atc = "http://www.whocc.no/atc"
    assert (
        kind(
            product(
                {"coding": [{"system": atc, "code": "N03AX16"}, {"system": atc, "code": "B03BA05"}]}
            )
        )
        == COMBINED
    )
    assert (
        kind(
            product(
                {"coding": [{"system": atc, "code": "B03BA"}, {"system": atc, "code": "B03BA05"}]}
            )
        )
        == M
    )


def given(*ingredients: dict, code: dict | None = None) -> Product:
    medication = {"resourceType": "Medication", "id": "m", "ingredient": list(ingredients)} | (
        {"code": code} if code else {}
    )
    order = draft(None, medicationReference={"reference": "#m"}, contained=[medication])
    (found,) = facts_of(drafts=[order]).session.drafts
    return found.product


def part(
    text: str,
    value: float | None = None,
    unit: str = "mg",
    of: tuple | None = (1, "{tbl}"),
    **more: object,
) -> dict:
    strength: dict = {"numerator": {"value": value, "unit": unit, "system": UCUM, "code": unit}}
    if of:
        strength["denominator"] = {"value": of[0], "unit": of[1], "system": UCUM, "code": of[1]}
    return {
        "itemCodeableConcept": {"text": text},
        **({"strength": strength} if value is not None else {}),
        **more,
    }


@pytest.mark.parametrize(
    ("ingredient", "micrograms", "per_ml"),
    [
        (part("Cyanocobalamin", 50, "ug"), 50, False),
        (part("Cyanocobalamin", 0.05, "mg"), 50, False),
        (part("Cyanocobalamin", 1, "mg", (1, "mL")), 1000, True),
        (part("Cyanocobalamin", 10, "mg", (2, "mL")), 5000, True),
        (part("Cyanocobalamin", 1000, "ug", (1, "1")), 1000, False),
        (part("Cyanocobalamin", 1000, "mcg", None), 1000, False),
        (part("Cyanocobalamin", 1, "mg", (1, "d")), None, None),
        (part("Cyanocobalamin", 1, "mg", (0, "mL")), None, None),
        (part("Cyanocobalamin", 1000, "[iU]"), None, None),
    ],
    ids=str,
)
def test_a_structured_strength(ingredient, micrograms, per_ml):
    found = given(ingredient, code={"text": "Cyanocobalamin"})
    assert (found.strength and (found.strength.micrograms, found.strength.per_ml)) == (
        micrograms and (micrograms, per_ml)
    )


def test_a_structured_strength_against_the_name_leaves_it_unstated():
    assert (
        given(
            part("Cyanocobalamin", 1, "mg"), code={"text": "Cyanocobalamin 50 microgram tablets"}
        ).strength
        is None
    )


def test_a_denominator_that_cannot_be_read_leaves_the_strength_unstated():
    ingredient = part("Cyanocobalamin", 1, "mg")
    ingredient["strength"]["denominator"] = {"unit": "mL"}
    assert given(ingredient).strength is None


def test_a_medication_of_several_ingredients_is_a_combination():
    both = (part("Xyzzyine", 5, "mg"), part("Cyanocobalamin", 1, "mg"))
    for ingredients in (both, both[::-1]):
        found = given(*ingredients, code={"text": "Cyanocobalamin"})
        assert kind(found) == COMBINED and found.cobalamins == {C}
    assert given(part("Cyanocobalamin", 1, "mg"), part("Lactose", isActive=False)).cobalamin == C


def test_the_folate_of_several_ingredients_counts_by_its_own_strength():
    found = given(part("Folic acid", 400, "ug"), part("Cyanocobalamin", 1, "mg"))
    assert kind(found) == COMBINED and found.strength.micrograms == 400


NDC = "http://hl7.org/fhir/sid/ndc"
UNTOLD = {"coding": [{"system": NDC, "code": "0591-2888-30"}]}


@pytest.mark.parametrize(
    ("concept", "identified"),
    [
        (UNTOLD, False), ({**UNTOLD, "text": "Amoxicillin"}, True), ({"coding": [{"code": "7"}]}, False), ({"text": "..."}, False),
        ({"coding": [{**UNTOLD["coding"][0], "display": "Amoxicillin"}]}, True), ({}, False), ({"text": "x" * 3000}, False),
        ({"coding": [*UNTOLD["coding"], {"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "723"}]}, True),
    ],
    ids=str,
)  # fmt: skip
def test_what_identifies_a_medication(concept, identified):
    orders = facts_of(request(concept)).record.orders
    assert orders == [] if identified else [order.product.identified for order in orders] == [False]


PRESENT = {
    "potassium.risk": "digoxin", "bleeding.risk": "warfarin", "metformin.long": "metformin", "acid_suppression.long": "omeprazole",
    "folate.reason": "methotrexate", "folate_therapy.active": "folic acid", "b12.any_intake": "multivitamin", "b12_therapy.active": "cyanocobalamin",
}  # fmt: skip


def request(concept: dict, kind: str = "MedicationRequest", status: str = "active") -> dict:
    resource = {
        "resourceType": kind,
        "id": "u1",
        "status": status,
        "subject": SUBJECT,
        "medicationCodeableConcept": concept,
    }
    return resource | (
        {"intent": "order", "authoredOn": "2025-01-01"}
        if kind == "MedicationRequest"
        else {"effectiveDateTime": "2026-11-20"}
    )


@pytest.mark.parametrize("fact", PRESENT)
@pytest.mark.parametrize("kind", ["MedicationRequest", "MedicationStatement"])
def test_an_unidentified_medication_leaves_every_absence_open(fact, kind):
    assert facts_of()[fact].holds is False
    found = facts_of(request(UNTOLD, kind))[fact]
    assert found.is_unknown and "could not be identified" in found.note
    assert facts_of(request({"text": "Amoxicillin"}, kind))[fact].holds is False


@pytest.mark.parametrize("fact", ["b12_therapy.past", "b12_therapy.lapsed"])
def test_an_unidentified_medication_of_the_past_leaves_earlier_treatment_open(fact):
    assert not facts_of()[fact].holds and not facts_of()[fact].is_unknown
    assert facts_of(request(UNTOLD, status="stopped"))[fact].is_unknown


def test_an_unidentified_dose_leaves_the_last_dose_open():
    assert facts_of(request(UNTOLD, "MedicationAdministration", "completed"))[
        "b12_therapy.last_dose"
    ].is_unknown


@pytest.mark.parametrize(
    "fact", ["draft.b12", "draft.folate", "session.b12", "session.folate", "folate.reason"]
)
def test_an_unidentified_draft_leaves_what_is_drafted_open(fact):
    beside = draft({"text": "Multivitamin"})
    assert facts_of(drafts=[draft(UNTOLD), beside])[fact].is_unknown
    assert facts_of(drafts=[draft({"text": "Amoxicillin"}), beside])[fact].holds is False


def test_the_rest_of_a_name_is_read_however_long():
    """A partner at the end of a long name is a partner."""
    padding = "coated tablets in a box of 30 " * 30
    assert kind(product({"text": f"Cyanocobalamin 1 mg {padding} / Xyzzyine 5 mg"})) == COMBINED
