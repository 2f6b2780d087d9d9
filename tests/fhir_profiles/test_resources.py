"""Every resource in ``fhir_profiles`` is FHIR R4, is named as it should be, and refers only to what is there."""

from __future__ import annotations

import json
import re

import pytest
from fhir.resources.R4B import get_fhir_model_class

from cds_service.authoring.validation import Validator
from cds_service.content import PROFILES
from tests.fhir_profiles.profiles import CODE_SYSTEMS, STRUCTURE_DEFINITIONS, VALUE_SETS

BASE = "https://b12-folate-cds.example.org/fhir"
FILES = sorted(PROFILES.glob("*/*.json"))
DEFINING = ("StructureDefinition", "ValueSet", "CodeSystem", "ActivityDefinition")
RESOURCES = {
    f"{path.parent.name}/{path.stem}": json.loads(path.read_text("utf-8")) for path in FILES
}
# HL7's code system, of which the project keeps the codes that cards offer.
FRAGMENTS = {"http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"}
VALIDATOR = Validator()


def defining():
    return [
        (name, resource)
        for name, resource in RESOURCES.items()
        if resource["resourceType"] in DEFINING
    ]


@pytest.mark.parametrize("name", RESOURCES)
def test_a_resource_is_fhir_and_keeps_the_definitions_of_its_extensions(name):
    get_fhir_model_class(RESOURCES[name]["resourceType"]).model_validate(RESOURCES[name])
    assert VALIDATOR.validate(RESOURCES[name]).findings == ()


def test_an_id_is_the_name_of_its_file():
    assert [
        name for name, resource in RESOURCES.items() if resource["id"] != name.partition("/")[2]
    ] == []


def test_every_folder_holds_one_type_of_resource():
    found = {name.partition("/")[0]: resource["resourceType"] for name, resource in defining()}
    assert {
        name
        for name, resource in defining()
        if found[name.partition("/")[0]] != resource["resourceType"]
    } == set()
    assert found == {
        "structure-definitions": "StructureDefinition",
        "value-sets": "ValueSet",
        "code-systems": "CodeSystem",
        "activity-definitions": "ActivityDefinition",
    }


def test_a_canonical_url_is_under_the_base_by_type_and_id_and_stands_once():
    urls = [resource["url"] for _, resource in defining()]
    assert len(urls) == len(set(urls))
    expected = {
        f"{BASE}/{resource['resourceType']}/{resource['id']}"
        for _, resource in defining()
        if resource["url"] not in FRAGMENTS
    }
    assert set(urls) == expected | FRAGMENTS


@pytest.mark.parametrize(("name", "resource"), defining(), ids=[name for name, _ in defining()])
def test_a_definition_has_version_status_publisher_title_and_a_name_for_programs(name, resource):
    assert re.fullmatch(r"\d+\.\d+\.\d+", resource["version"])
    # Not validated clinically, as the README says; what HL7 published is as HL7 has it.
    ours = resource["url"].startswith(BASE)
    assert (resource["status"], resource["experimental"]) == (
        ("draft", True) if ours else ("active", False)
    )
    assert "B12 and folate CDS" in resource["publisher"]
    assert resource["title"]
    assert resource["description"]
    assert re.fullmatch(r"[A-Z][A-Za-z0-9]*", resource["name"])


def test_names_for_programs_stand_once_in_a_type():
    names = [(resource["resourceType"], resource["name"]) for _, resource in defining()]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def test_bindings_and_composed_value_sets_lead_to_value_sets_that_are_there():
    bound = {
        element["binding"]["valueSet"]
        for definition in STRUCTURE_DEFINITIONS.values()
        for element in definition["differential"]["element"]
        if "binding" in element
    }
    parts = {
        part
        for value_set in VALUE_SETS.values()
        for include in value_set["compose"]["include"]
        for part in include.get("valueSet", [])
    }
    assert bound
    assert (bound | parts) - {value_set["url"] for value_set in VALUE_SETS.values()} == set()


def test_laboratory_tests_that_can_be_ordered_are_those_that_count_as_pending():
    from cds_service.facts.potassium_timing import POTASSIUM
    from cds_service.facts.requested_tests import TESTS

    counted = {value_set for test in TESTS.values() for value_set in test.value_sets} | POTASSIUM
    composed = VALUE_SETS["laboratory-test"]["compose"]["include"]
    assert [len(include["valueSet"]) for include in composed] == [1] * len(
        composed
    )  # several would be an intersection
    assert {include["valueSet"][0].rpartition("/")[2] for include in composed} == counted


def test_profiles_build_on_r4_or_on_each_other_and_use_nothing_that_validate_passes_over():
    known = {
        "id", "path", "sliceName", "slicing", "short", "min", "max", "type", "fixedUri", "fixedCode", "fixedBoolean",
        "patternCodeableConcept", "constraint", "binding",
    }  # fmt: skip
    for name, definition in STRUCTURE_DEFINITIONS.items():
        assert definition["fhirVersion"] == "4.0.1"
        assert definition["derivation"] == "constraint"
        base = definition["baseDefinition"]
        own = {item["url"]: item for item in STRUCTURE_DEFINITIONS.values()}
        assert (
            base == f"http://hl7.org/fhir/StructureDefinition/{definition['type']}"
            or own[base]["type"] == definition["type"]
        )
        for element in definition["differential"]["element"]:
            assert set(element) <= known, name
            assert element["path"].split(".")[0] == definition["type"]
            assert element.get("binding", {"strength": "required"})["strength"] == "required"
            # Slices are of extensions, told apart by url.
            assert "sliceName" not in element or element["path"].endswith(".extension")
            # Only the types of a choice are checked.
            assert (
                "type" not in element or element["path"].endswith("[x]") or "sliceName" in element
            )


def test_code_systems_count_their_concepts():
    for name, code_system in CODE_SYSTEMS.items():
        codes = [concept["code"] for concept in code_system["concept"]]
        assert len(codes) == len(set(codes)), name
        assert code_system.get("count", len(codes)) == len(codes), name
