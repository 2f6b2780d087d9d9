"""Routes by code of every system that clients use, by text, and of products whose route cannot be read."""

from __future__ import annotations

import pytest

from cds_service.fhir.code_systems import (
    CODE_SYSTEMS,
    EDQM,
    NCI_THESAURUS,
    SNOMED,
    V2_ROUTES,
    V3_ROUTES,
)
from cds_service.fhir.routes import NAMES, ROUTES, stated_route
from tests.support.clinic import fire, ids
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_INJECTION,
    DAILY,
    condition,
    dosage,
    draft,
    observation,
    prefetch,
)

LEUCOVORIN = {"text": "Leucovorin 15 mg tablet"}
PLAIN_CYANOCOBALAMIN = {"text": "Cyanocobalamin"}
MONTHLY = (1, 1, "mo")


def route(system: str, code: str) -> dict:
    return {"coding": [{"system": system, "code": code}]}


def cards(concept: dict, stated: dict | None, *, every=MONTHLY, unit="mg", dose=1.0) -> list[str]:
    """The cards on a draft by a route, for somebody with deficiency, anaemia and a potassium of 2.7 mmol/L."""
    instruction = {**dosage(dose, unit, every=every), **({"route": stated} if stated else {})}
    record = prefetch(
        observation("b12", 110, "ng/L"),
        observation("hb", 101, "g/L"),
        observation("potassium", 2.7, "mmol/L"),
    )
    return ids(fire("order-sign", record, drafts=[draft(concept, instruction)]))


@pytest.mark.parametrize(
    ("key", "read"), ROUTES.items(), ids=lambda part: part[1] if isinstance(part, tuple) else ""
)
def test_a_route_by_code_alone_is_read(key, read):
    injected = "hypokalaemia-before-b12" in cards(PLAIN_CYANOCOBALAMIN, route(*key))
    assert injected is (read.way == "parenteral")


@pytest.mark.parametrize(
    "key",
    [
        (SNOMED, "255559005"),
        (V3_ROUTES, "IM"),
        (V2_ROUTES, "IM"),
        (EDQM, "20035000"),
        (NCI_THESAURUS, "C28161"),
        (SNOMED, "78421000"),
    ],
)
def test_an_intramuscular_route_is_known_as_such(key):
    assert ROUTES[key].intramuscular


@pytest.mark.parametrize(
    "system",
    ["http://hl7.org/fhir/v3/RouteOfAdministration", "urn:oid:2.16.840.1.113883.5.112", "https://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration/"],
)  # fmt: skip
def test_hl7_v3_is_read_under_its_old_names_too(system):
    assert "hypokalaemia-before-b12" in cards(PLAIN_CYANOCOBALAMIN, route(system, "IM"))


@pytest.mark.parametrize(
    "stated",
    [route(V3_ROUTES, "PO"), route(V3_ROUTES, "SL"), route(V3_ROUTES, "BUC"), route(SNOMED, "260548002"), {"text": "per os"}, {"text": "by mouth"},
     {"text": "Sublingual"}, {"text": "oral"}, {"text": "SL"}, {"text": "p/o"}],
)  # fmt: skip
def test_leucovorin_by_mouth_counts_as_folate(stated):
    assert "folic-acid-b12-deficient" in cards(LEUCOVORIN, stated, every=DAILY, dose=15)


@pytest.mark.parametrize(
    "stated",
    [
        route(V3_ROUTES, "IV"),
        route(NCI_THESAURUS, "C38276"),
        {"text": "IV infusion"},
        {"text": "i.m."},
        {"text": "s/c"},
        {"text": "I/M"},
    ],
)
def test_leucovorin_by_injection_does_not(stated):
    assert "folic-acid-b12-deficient" not in cards(
        {"text": "Leucovorin 15 mg"}, stated, every=DAILY, dose=15
    )


@pytest.mark.parametrize(
    "stated",
    [None, route("https://ehr.example.org/routes", "17"), route(SNOMED, "284009009"), {"text": "as directed"}, {"coding": [{"code": "IM"}]}, {"coding": "IM"}],
)  # fmt: skip
def test_an_injectable_product_without_a_route_that_can_be_read_is_injected(stated):
    assert "hypokalaemia-before-b12" in cards(CYANOCOBALAMIN_INJECTION, stated)
    assert "hypokalaemia-before-b12" in cards({"text": "Hydroxocobalamin"}, stated)


@pytest.mark.parametrize(
    "stated", [route("https://ehr.example.org/routes", "17"), {"text": "as directed"}]
)
def test_a_tablet_by_a_route_that_cannot_be_read_is_not_taken_for_an_injection(stated):
    assert "hypokalaemia-before-b12" not in cards({"text": "Cyanocobalamin 1 mg tablet"}, stated)


def test_a_code_comes_before_a_text_and_one_that_is_known_before_one_that_is_not():
    stated = {
        "text": "oral",
        "coding": [
            {"system": "https://ehr.example.org/routes", "code": "1"},
            {"system": V3_ROUTES, "code": "IM"},
        ],
    }
    assert "hypokalaemia-before-b12" in cards(PLAIN_CYANOCOBALAMIN, stated)


@pytest.mark.parametrize(
    "name", ["temporal", "intracorporal", "pectoralis", "simple", "divided", "mouse"]
)
def test_a_word_that_holds_a_route_by_chance_is_none(name):
    assert stated_route((), [name]) is None


def test_the_name_of_a_code_in_its_system_tells_the_same_route():
    told = {key: stated_route((), [name]) for key, name in NAMES.items()}
    silent = {"CHEW": "oral"}  # named oral, and read so
    wrong = {
        key: name
        for key, name in NAMES.items()
        if told[key] is not None and told[key] != ROUTES[key] and key[1] not in silent
    }
    assert wrong == {}


def test_every_table_is_of_a_code_system_that_is_known_by_its_canonical_name():
    assert {system for system, _ in ROUTES} <= CODE_SYSTEMS.keys()


def test_a_hostile_route_takes_no_time():
    assert stated_route([("x" * 10_000_000, "y" * 10_000_000)], ["i" * 10_000_000]) is None


def test_leber_and_cyanocobalamin_by_a_qualifier_value():
    record = prefetch(condition("58610003"))
    instruction = {**dosage(1, "mg", every=MONTHLY), "route": route(SNOMED, "255559005")}
    assert "cyanocobalamin-leber" in ids(
        fire("order-sign", record, drafts=[draft(CYANOCOBALAMIN_INJECTION, instruction)])
    )
