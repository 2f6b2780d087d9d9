"""A mistake in a value set, a code system or an order template is told with its file, and nothing is served with it."""

from __future__ import annotations

import shutil

import pytest

from cds_service import engine
from cds_service.authored_yaml.source import AuthoringError
from cds_service.authoring.check import check, of_definitions
from cds_service.config import Settings
from cds_service.content import PROFILES
from cds_service.engine import Engine

MCV = "value-sets/mcv.json"
B12 = "activity-definitions/serum-b12.json"
MONTHLY = "activity-definitions/hydroxocobalamin-monthly.json"
NAMES = "code-systems/medication-name.json"
REASONS = "code-systems/non-adherence-reason-codes.json"


@pytest.fixture
def profiles(tmp_path, monkeypatch):
    copied = tmp_path / "fhir_profiles"
    shutil.copytree(PROFILES, copied)
    monkeypatch.setattr(engine, "PROFILES", copied)
    monkeypatch.setattr(of_definitions, "PROFILES", copied)
    engine._override_reasons.cache_clear()
    yield copied
    engine._override_reasons.cache_clear()


@pytest.mark.parametrize(
    ("file", "before", "after", "said"),
    [
        (MCV, '"resourceType"', '"resourceType', "this is not JSON:"),
        (MCV, '"ValueSet"', '"Valueset"', "a FHIR resource of the type ValueSet is expected here."),
        (
            MCV,
            '"url"',
            '"ulr"',
            "the definition must have a 'url', and the id 'mcv', like its file.",
        ),
        (MCV, '"compose"', '"compos"', "an element 'compose' is missing, or misspelt."),
        (
            MCV,
            '"concept"',
            '"concpet"',
            "a part of 'compose.include' has no 'concept', 'filter' or 'valueSet'.",
        ),
        (
            MCV,
            '"system": "http://loinc.org"',
            '"system": "http://loinc.og"',
            "no code system that is read here has the URL 'http://loinc.og'.",
        ),
        (
            MCV,
            '"status"',
            '"status": "draft", "status"',
            "the key 'status' appears twice in one object.",
        ),
        (B12, '"code"', '"cdoe"', "an element 'code' is missing, or misspelt."),
        (
            B12,
            '"ServiceRequest"',
            '"ServiceReqest"',
            "an element has a type that FHIR R4 does not allow there.",
        ),
        (MONTHLY, '"dosage"', '"dossage"', "an element 'dosage' is missing, or misspelt."),
        (NAMES, '"concept"', '"concpet"', "an element 'concept' is missing, or misspelt."),
        (REASONS, '"concept"', '"concpet"', "an element 'concept' is missing, or misspelt."),
    ],
)
def test_what_cannot_be_used_stops_the_service_and_is_told_by_check(
    profiles, file, before, after, said
):
    text = (profiles / file).read_text("utf-8")
    assert before in text
    (profiles / file).write_text(text.replace(before, after, 1), "utf-8")
    with pytest.raises(AuthoringError) as refusal:
        Engine(Settings())
    assert refusal.value.place.file == f"fhir_profiles/{file}" and said in refusal.value.what
    found = [finding for finding in check((), Settings()) if finding.severity == "error"]
    assert [(finding.place.file, said in finding.what) for finding in found] == [
        (f"fhir_profiles/{file}", True)
    ]


@pytest.mark.parametrize(
    ("file", "before", "after", "path"),
    [
        (
            MONTHLY,
            '"periodUnit"',
            '"periodUnits"',
            "timing.repeat.periodUnits: FHIR R4 has no such element here.",
        ),
        (
            B12,
            '"draft"',
            '"drat"',
            "ActivityDefinition.status: FHIR R4 does not list the code 'drat' here.",
        ),
        (MCV, '"draft"', '"drat"', "ValueSet.status: FHIR R4 does not list the code 'drat' here."),
    ],
)
def test_what_is_against_fhir_is_told_with_its_element(profiles, file, before, after, path):
    text = (profiles / file).read_text("utf-8")
    assert before in text
    (profiles / file).write_text(text.replace(before, after, 1), "utf-8")
    found = [finding for finding in check((), Settings()) if finding.severity == "error"]
    assert {finding.place.file for finding in found} == {f"fhir_profiles/{file}"}
    assert any(path in finding.what for finding in found)
