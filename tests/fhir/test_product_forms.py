"""The form and the route that the name of a product states, in the words of lists and labels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.fhir.form_words import CONTAINERS, FORM_WORDS, SOLIDS
from cds_service.fhir.product_forms import is_solid_form, route_of_form
from tests.support.clinic import facts_of, fire, ids
from tests.support.fhir_builders import DAILY, ORAL, dosage, draft, observation, prefetch

# RxNorm, dm+d and AMT, then abbreviations, then German, French, Spanish, Portuguese, Italian, Dutch labels.
INJECTED = [
    "Injection", "Injectable Solution", "Prefilled Syringe", "Cartridge", "Auto-Injector", "solution for injection ampoules",
    "powder for solution for injection vials", "solution for injection pre-filled syringes", "injection: solution, ampoule", "solution for infusion",
    "inj", "INJ", "inj.", "Inj.", "amp", "AMP", "amps", "ampule", "ampules", "ampul", "vial", "MDV", "pre-filled syringe", "shot",
    "IM", "im", "i.m.", "I.M.", "I/M", "i. m.", "IV", "s.c.", "SC", "SQ", "subq", "IM/SC", "1mL/amp", "5amps",
    "intramuscular solution", "for intravenous use", "subcutaneous solution",
    "Ampullen", "Injektionslösung", "Inj.-Lsg.", "Durchstechflasche", "Fertigspritzen", "zur intramuskulären Anwendung", "Infusionslösung", "ILO",
    "solution injectable", "ampoules", "seringue préremplie", "voie intramusculaire", "voie intraveineuse", "voie sous-cutanée", "solution pour perfusion",
    "solución inyectable", "ampollas", "viales", "jeringa precargada", "solução injetável", "ampola", "seringa: injeção",
    "ampoules (CP Pharmaceuticals Ltd)", "ampollas (Laboratorios Xyzzy S.L.)", "vial with a blue cap", "fiala", "fiale", "soluzione iniettabile", "siringa preriempita", "sottocutanea", "endovenosa",
    "oplossing voor injectie", "injectievloeistof", "ampullen", "voorgevulde spuit", "subcutaan",
]  # fmt: skip
SOLID = [
    "Oral Tablet", "Oral Capsule", "Chewable Tablet", "tablets", "capsules", "orodispersible tablets", "tablet, film coated",
    "tab", "TAB", "TABS", "tabs.", "tab(s)", "tbl", "cap", "caps", "CAPS", "pill", "pills", "caplet", "caplets", "softgel", "softgels", "soft gels caps",
    "gelcaps", "lozenge", "LOZ", "troche", "gummy", "gummies", "ODT", "pastilles",
    "Tabletten", "Filmtabletten", "Lutschtabletten", "Tbl.", "FTA", "Kapseln", "Weichkapseln", "Kaps.", "Dragees", "Pillen",
    "comprimé", "comprimés", "cp", "cpr", "gélules", "capsule molle", "pilule", "pastille",
    "comprimidos", "cápsulas", "tabletas", "pastillas", "grageas", "comprimido revestido",
    "compresse", "compressa", "capsule rigide", "pillola", "pastiglie", "tabletten", "zuigtabletten", "zachte capsules",
    "tablet SC", "Tabletten im Blister",
]  # fmt: skip
OTHERWISE = [
    ("Trinkampullen", "oral"), ("ampoules buvables", "oral"), ("oral solution with oral syringe", "oral"), ("sirop", "oral"), ("per os: p.o.", "oral"),
    ("nasal spray", "nasal"), ("Nasenspray", "nasal"), ("cream", "other"), ("eye drops", "other"), ("collyre", "other"), ("Salbe", "other"),
]  # fmt: skip
K_2_7 = observation("potassium", 2.7, "mmol/L"), observation("hb", 80, "g/L")


@pytest.mark.parametrize("form", INJECTED)
def test_a_cobalamin_for_injection_waits_for_a_low_potassium_without_a_route(form):
    order = draft({"text": f"Cyanocobalamin 0.1 mg {form}"}, dosage(0.1, every=DAILY))
    cards = ids(fire("order-sign", prefetch(*K_2_7), drafts=[order]))
    assert "hypokalaemia-before-b12" in cards and "b12-oral-dose-low" not in cards


@pytest.mark.parametrize("form", SOLID)
def test_of_a_solid_form_one_unit_a_day_is_taken(form):
    order = draft({"text": f"Folic acid 0.4 mg {form}"})
    assert route_of_form(form).way == "oral"
    assert facts_of(drafts=[order])["draft.folate_daily"].value == 400
    assert facts_of(drafts=[draft({"text": "Folic acid 0.4 mg"})])["draft.folate_daily"].is_unknown


@pytest.mark.parametrize("form", SOLID)
def test_a_cobalamin_in_a_solid_form_is_no_injection(form):
    order = draft({"text": f"Cyanocobalamin 1 mg {form}"}, dosage(1, every=DAILY))
    assert "hypokalaemia-before-b12" not in ids(
        fire("order-sign", prefetch(*K_2_7), drafts=[order])
    )


@pytest.mark.parametrize(("form", "way"), OTHERWISE)
def test_a_form_that_is_neither(form, way):
    assert route_of_form(f"Cyanocobalamin 1 mg {form}").way == way
    assert not is_solid_form(form)


@given(
    st.sampled_from(sorted(word for word in FORM_WORDS if len(word) <= 4)),
    st.sampled_from("bdhjkqwxz"),
    st.booleans(),
)
def test_a_short_word_inside_another_word_is_none(word, letter, before):
    name = f"{letter}{word}{letter}" if before else f"{word}{letter}{letter}"
    assert route_of_form(name) is None and not is_solid_form(name)


@given(st.sampled_from(sorted(FORM_WORDS)), st.sampled_from([str.upper, str.title, str]), st.sampled_from([" {}", " {}.", "-{}", "({})", "/{}", ",{}"]))  # fmt: skip
def test_a_word_means_the_same_in_other_letters_and_marks(word, letters, marks):
    name = f"Cyanocobalamin 1 mg{marks.format(letters(word))}"
    assert route_of_form(name) == route_of_form(word) is not None
    assert is_solid_form(name) == is_solid_form(word)


@pytest.mark.parametrize("word", sorted(SOLIDS.words | CONTAINERS.words))
def test_a_piece_of_a_form_is_a_dose(word):
    order = draft({"text": "Folic acid 0.4 mg"}, dosage(2, word, every=DAILY, route=ORAL))
    assert facts_of(drafts=[order])["draft.folate_daily"].value == 800


def test_a_hostile_name_takes_no_time():
    for piece in ("i.", "s/", "inj", "\u0130", "x", "/ "):
        route_of_form(piece * 1_000_000)
        is_solid_form(piece * 1_000_000)
