"""The Medication that an order refers to: which one it is when several were sent, and its form."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.fhir.index import ResourceIndex
from cds_service.fhir.medication import product_of
from cds_service.fhir.product import Product
from cds_service.fhir.r4 import MedicationRequest
from tests.support.clinic import engine, facts_of, fire, ids, sent
from tests.support.fhir_builders import DAILY, ORAL, RXNORM, dosage, draft, observation, prefetch

B12, FOLATE, OTHER = "Cyanocobalamin 1 mg tablet", "Folic acid 5 mg tablet", "Amoxicillin 500 mg"
HERE, THERE = "https://a.example.org/fhir", "https://b.example.org/fhir"


def medication(text: str, *, id: str | None = "1", url: str = "", **meta: str) -> dict[str, Any]:
    resource: dict[str, Any] = {"resourceType": "Medication", "code": {"text": text}}
    resource |= {"id": id} if id else {}
    resource |= {"meta": meta} if meta else {}
    return {"resource": resource, **({"fullUrl": url} if url else {})}


def product(reference: str, *medications: dict[str, Any]) -> Product:
    """The product of an order that refers to one of the Medications, sent in one Bundle."""
    order = draft(None, medicationReference={"reference": reference})
    index = ResourceIndex("pat-1", engine().terminology)
    index.add(
        sent(
            {
                "resourceType": "Bundle",
                "type": "collection",
                "entry": [{"resource": order}, *medications],
            }
        )
    )
    (found,) = index.of_type(MedicationRequest)
    return product_of(found, index, engine().terminology)


VERSIONS = [
    medication(OTHER, lastUpdated="2026-11-01T10:00:00Z", versionId="7"),
    medication(FOLATE, lastUpdated="2026-11-02T10:00:00Z", versionId="2"),
    medication(B12, lastUpdated="2026-11-03T10:00:00Z", versionId="1"),
]


@pytest.mark.parametrize("received", list(permutations(VERSIONS)))
def test_of_one_medication_the_newest_version_counts(received):
    assert product("Medication/1", *received).cobalamin == "cyanocobalamin"


@pytest.mark.parametrize(
    "received",
    list(permutations([medication(OTHER, versionId="9"), medication(B12, versionId="10")])),
)
def test_without_a_time_the_number_of_the_version_decides(received):
    assert product("Medication/1", *received).cobalamin == "cyanocobalamin"


@pytest.mark.parametrize("received", list(permutations([medication(OTHER), medication(B12)])))
def test_contents_that_differ_without_a_version_leave_the_medication_unidentified(received):
    found = product("Medication/1", *received)
    assert not found.identified and not found.agents


def test_a_medication_that_comes_twice_is_one():
    twice = medication(B12), medication(B12)
    assert product("Medication/1", *twice).cobalamin == "cyanocobalamin"
    saved = medication(B12, versionId="a"), medication(B12, versionId="b")
    assert product("Medication/1", *saved).cobalamin == "cyanocobalamin"


TWO_SERVERS = [
    medication(B12, url=f"{HERE}/Medication/1", versionId="1"),
    medication(OTHER, url=f"{THERE}/Medication/1", versionId="2"),
]


@pytest.mark.parametrize("received", list(permutations(TWO_SERVERS)))
def test_medications_of_two_servers_with_one_id_do_not_replace_each_other(received):
    assert product(f"{HERE}/Medication/1", *received).cobalamin == "cyanocobalamin"
    assert product(f"{HERE}/Medication/1/_history/4", *received).cobalamin == "cyanocobalamin"
    assert product(f"{THERE}/Medication/1", *received).agents == frozenset()
    assert product(f"{THERE}/Medication/1", *received).identified
    assert not product("Medication/1", *received).identified  # of which server is not said


@pytest.mark.parametrize(
    "url", ["urn:uuid:5c0d28b6-0000-4000-8000-000000000001", f"{HERE}/Medication/1"]
)
def test_a_medication_without_an_id_is_found_by_the_url_of_its_entry(url):
    assert product(url, medication(B12, id=None, url=url)).cobalamin == "cyanocobalamin"


@given(st.permutations([*VERSIONS, medication(B12, versionId="1"), medication(FOLATE)]))
def test_the_order_in_which_medications_come_never_decides(received):
    assert not product("Medication/1", *received).identified


def test_of_more_versions_than_are_compared_none_is_taken_for_the_newest():
    many = [medication(f"Xyzzy {number}", versionId=str(number)) for number in range(40)]
    assert not product("Medication/1", *many, medication(B12, versionId="99")).identified
    assert not product("Medication/1", medication(B12, versionId="99"), *many).identified


SNOMED, EDQM = "http://snomed.info/sct", "http://standardterms.edqm.eu"
INJECTIONS = [
    {"text": "Solution for injection"},
    {"coding": [{"system": SNOMED, "code": "385219001", "display": "Solution for injection"}]},
    {"coding": [{"system": EDQM, "code": "11201000", "display": "Solution for injection"}]},
    {"text": "Injektionslösung"},
    {"text": "ampoule"},
]
TABLETS = [
    {"text": "Tablet"},
    {"coding": [{"system": SNOMED, "code": "385055001", "display": "Tablet"}]},
    {"coding": [{"system": EDQM, "code": "10221000", "display": "Film-coated tablet"}]},
]


def of_form(code: dict[str, Any], form: dict[str, Any], *dosages: dict[str, Any]) -> dict[str, Any]:
    contained = {"resourceType": "Medication", "id": "m", "code": code, "form": form}
    return draft(None, *dosages, medicationReference={"reference": "#m"}, contained=[contained])


@pytest.mark.parametrize("form", INJECTIONS)
@pytest.mark.parametrize(
    "code",
    [{"text": "Cyanocobalamin 1 mg"}, {"coding": [{"system": RXNORM, "code": "11248"}]}],
    ids=str,
)
def test_the_form_of_a_medication_says_that_it_is_injected(code, form):
    record = prefetch(observation("potassium", 2.7, "mmol/L"), observation("hb", 80, "g/L"))
    order = of_form(code, form, dosage(1, every=DAILY))
    assert "hypokalaemia-before-b12" in ids(fire("order-sign", record, drafts=[order]))


@pytest.mark.parametrize("form", TABLETS)
def test_of_a_medication_in_the_form_of_a_tablet_one_a_day_is_taken(form):
    order = of_form({"text": "Folic acid 0.4 mg"}, form)
    assert facts_of(drafts=[order])["draft.folate_daily"].value == 400


@pytest.mark.parametrize("form", TABLETS)
def test_a_form_names_no_medication(form):
    beside = draft({"text": FOLATE})
    facts = facts_of(drafts=[of_form({}, form, dosage(1, route=ORAL)), beside])
    assert [found.product.identified for found in facts.session.drafts] == [False, True]


def made_of(reference: dict[str, Any], *more: dict[str, Any]) -> dict[str, Any]:
    """A Medication whose ingredient is another resource."""
    items = [{"itemReference": reference}, *more]
    return {"resource": {"resourceType": "Medication", "id": "1", "ingredient": items}}


@pytest.mark.parametrize(
    "reference",
    ["Medication/2", f"{HERE}/Medication/2", "urn:uuid:5c0d28b6-0000-4000-8000-000000000002"],
)
def test_an_ingredient_may_be_a_medication_of_the_bundle(reference):
    url = reference if "://" in reference or reference.startswith("urn:") else ""
    vitamin = medication("Cyanocobalamin", id="2", url=url)
    found = product("Medication/1", made_of({"reference": reference}), vitamin)
    assert found.cobalamin == "cyanocobalamin"
    iron = {"itemCodeableConcept": {"text": "Iron"}}
    combined = product("Medication/1", made_of({"reference": reference}, iron), vitamin)
    assert "cobalamin-combination" in combined.agents


def test_an_ingredient_may_be_contained_in_the_order():
    product_made = made_of({"reference": "#2"})["resource"]
    vitamin = medication("Cyanocobalamin", id="2")["resource"]
    order = draft(None, medicationReference={"reference": "#1"}, contained=[product_made, vitamin])
    (found,) = facts_of(drafts=[order]).session.drafts
    assert found.product.cobalamin == "cyanocobalamin"


def test_an_ingredient_that_was_not_sent_is_known_by_the_name_of_its_reference():
    named = {"reference": "Substance/7", "display": "Cyanocobalamin"}
    assert product("Medication/1", made_of(named)).cobalamin == "cyanocobalamin"
    assert not product("Medication/1", made_of({"reference": "Substance/7"})).identified
