"""``validate`` knows FHIR's JSON of primitive elements, and the codes that R4 requires."""

from __future__ import annotations

import json

import pytest
from fhir.resources.R4B import get_fhir_model_class

from cds_service.authoring.validation import Validator
from cds_service.authoring.validation.node import R4
from cds_service.authoring.validation.required_codes import _by_element, required_codes
from tests.fhir_profiles.profiles import EXAMPLES

VALIDATOR = Validator()
ABSENT = {
    "extension": [
        {
            "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
            "valueCode": "unknown",
        }
    ]
}
ID = {"id": "here"}
OBSERVATION = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
PATIENT = {"resourceType": "Patient"}
LINKED = {
    "link": [{"other": {"reference": "#c"}, "type": "seealso"}]
}  # what is contained is referred to (dom-3)
ADMINISTRATION = {
    "resourceType": "MedicationAdministration",
    "status": "completed",
    "subject": {"reference": "Patient/1"},
    "medicationCodeableConcept": {"text": "x"},
}
VALUES = {
    "Base64Binary": "eA==", "Boolean": False, "Canonical": "urn:x", "Code": "x", "Date": "2026-01-02", "DateTime": "2026", "Decimal": 1.5,
    "Id": "x", "Instant": "2026-01-02T03:04:05Z", "Integer": 0, "Markdown": "x", "Oid": "urn:oid:1.2.3", "PositiveInt": 1, "String": "x",
    "Time": "03:04:05", "UnsignedInt": 0, "Uri": "urn:x", "Url": "https://example.org",
    "Uuid": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
}  # fmt: skip


def errors(resource):
    return [
        finding.path
        for finding in VALIDATOR.validate(resource).findings
        if finding.severity == "error"
    ]


def extended(**value):
    return {**PATIENT, "extension": [{"url": "https://example.org/x", **value}]}


@pytest.mark.parametrize("kind", VALUES)
def test_the_value_of_an_extension_may_have_an_id_or_an_extension_or_that_alone(kind):
    name, value = f"value{kind}", VALUES[kind]
    assert errors(extended(**{name: value, f"_{name}": ID})) == []
    assert errors(extended(**{name: value, f"_{name}": ABSENT})) == []
    assert errors(extended(**{f"_{name}": ABSENT})) == []


@pytest.mark.parametrize(
    "resource",
    [
        {**PATIENT, "birthDate": "1957", "_birthDate": ID},
        {**PATIENT, "_birthDate": ABSENT},
        {**PATIENT, "_deceasedBoolean": ABSENT},
        {**PATIENT, "name": [{"given": ["Ann", "B"], "_given": [None, ABSENT]}]},
        {**PATIENT, "name": [{"given": [None, "B"], "_given": [ABSENT, None]}]},
        {**PATIENT, "name": [{"_given": [ABSENT]}]},
        {**PATIENT, "name": [{"_given": [ABSENT, ABSENT], "given": ["Ann", None]}]},
        {**PATIENT, **LINKED, "contained": [{**PATIENT, "id": "c", "_gender": ABSENT}]},
        {**ADMINISTRATION, "_effectiveDateTime": ABSENT},
        {**ADMINISTRATION, "effectiveDateTime": "2026", "status": "completed", "_status": ID},
        {"resourceType": "Observation", "_status": ABSENT, "code": {"text": "x"}},
        {**OBSERVATION, "component": [{"code": {"text": "y"}, "_valueDateTime": ABSENT}]},
        {**OBSERVATION, "valueQuantity": {"_value": ABSENT, "unit": "pg/mL"}},
    ],
    ids=lambda resource: next(
        (name for name in json.dumps(resource).split('"') if name.startswith("_")), ""
    ),
)
def test_what_an_extension_alone_gives_is_given(resource):
    assert errors(resource) == []
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": resource}]}
    assert errors(bundle) == []


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        ({**PATIENT, "_birthDate": "1957"}, "Patient._birthDate"),
        ({**PATIENT, "_birthDate": {}}, "Patient._birthDate"),
        ({**PATIENT, "_birthDate": ID}, "Patient._birthDate"),
        ({**PATIENT, "_birthDate": {"extension": []}}, "Patient._birthDate.extension"),
        ({**PATIENT, "_birthDate": {**ABSENT, "value": 1}}, "Patient._birthDate.value"),
        ({**PATIENT, "_birthDate": {"extension": [{"valueCode": "x"}]}}, "Patient._birthDate.extension[0].url"),
        ({**PATIENT, "_birthDate": {"extension": [{"url": "urn:x", "valueInteger": "1"}]}}, "Patient._birthDate.extension[0].valueInteger"),
        ({**PATIENT, "birthDat": "1957", "_deceasedBoolean": ABSENT}, "Patient.birthDat"),
        ({**PATIENT, "_birthDat": ABSENT}, "Patient._birthDat"),
        ({**OBSERVATION, "_code": ABSENT}, "Observation._code"),
        (extended(valueCode="F", _valueCode="x"), "Patient.extension[0]._valueCode"),
        (extended(valueCode="F", _valueCode=[ID]), "Patient.extension[0]._valueCode"),
        (extended(valueCode="F", _valueCode={"id": "x", "vlaue": 1}), "Patient.extension[0]._valueCode.vlaue"),
        (extended(_valueCode=ID), "Patient.extension[0]._valueCode"),
        (extended(_valueQuantity=ABSENT), "Patient.extension[0]._valueQuantity"),
        ({**PATIENT, "extension": [{"url": "urn:x", "_url": ID, "valueCode": "F"}]}, "Patient.extension[0]._url"),
        ({**PATIENT, "name": [{"given": [None, "B"], "_given": [ID, None]}]}, "Patient.name[0]._given[0]"),
        ({**PATIENT, "name": [{"given": [None, "B"], "_given": [None, ABSENT]}]}, "Patient.name[0].given[0]"),
        (ADMINISTRATION, "MedicationAdministration"),
        ({**ADMINISTRATION, "_effectiveDateTime": ID}, "MedicationAdministration"),
        ({"resourceType": "Observation", "_status": ABSENT}, "Observation.code"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_it_is_told_and_hides_nothing_else(resource, path):
    assert path in errors(resource)


def test_a_profile_takes_an_extension_for_a_value_only_where_it_asks_for_none():
    order = {**EXAMPLES["hydroxocobalamin-order"], "_status": ABSENT}
    del order["status"]
    assert errors(order) == ["MedicationRequest.status"]
    dated = {**EXAMPLES["b12-total-result"], "_effectiveDateTime": ABSENT}
    del dated["effectiveDateTime"]
    assert set(errors(dated)) == {"Observation.effectiveDateTime"}
    twice = {**EXAMPLES["hydroxocobalamin-order"], "_doNotPerform": ABSENT}
    assert errors(twice) == ["MedicationRequest.doNotPerform"]


# Required codes


BOUND = {element: codes for element, codes in _by_element().items() if "|" not in codes[0]}


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        ({**OBSERVATION, "status": "done"}, "Observation.status"),
        ({**OBSERVATION, "valueQuantity": {"value": 1, "comparator": "~"}}, "Observation.valueQuantity.comparator"),
        ({"resourceType": "Condition", "subject": {"reference": "Patient/1"}, "clinicalStatus": {"text": "active"}}, "Condition.clinicalStatus"),
        ({"resourceType": "Condition", "subject": {"reference": "Patient/1"},
          "verificationStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "confirmed"}]}},
         "Condition.verificationStatus"),
        ({**EXAMPLES["draft-medication-order"], "dosageInstruction": [{"timing": {"repeat": {"when": ["MORNING"]}}}]},
         "MedicationRequest.dosageInstruction[0].timing.repeat.when[0]"),
        ({**PATIENT, "gender": "f"}, "Patient.gender"),
        ({**PATIENT, **LINKED, "contained": [{**PATIENT, "id": "c", "gender": "f"}]}, "Patient.contained[0].gender"),
        ({"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "broken"}]}, "OperationOutcome.issue[0].code"),
    ],
)  # fmt: skip
def test_a_code_outside_of_a_required_value_set_is_one_error(resource, path):
    assert errors(resource) == [path]


@pytest.mark.parametrize("status", required_codes("Observation", "status"))
def test_every_code_of_the_set_is_taken(status):
    assert errors({**OBSERVATION, "status": status}) == []


def test_every_element_of_the_table_is_one_of_r4():
    known = R4["path2Type"]
    unknown = [
        element
        for element in _by_element()
        if element not in known and element.rpartition(".")[0] not in _QUANTITIES
    ]
    assert unknown == []


_QUANTITIES = {kind for kind, parent in R4["type2Parent"].items() if parent == "Quantity"}


def test_the_table_has_the_codes_that_the_models_name():
    """They name R4B's, cut short where they are many: where they do not, the sets are the same or differ by what R4B changed."""
    differ = set()
    for element, codes in BOUND.items():
        parent, _, name = element.rpartition(".")
        try:
            model = get_fhir_model_class(
                "".join(part[:1].upper() + part[1:] for part in parent.split("."))
            )
        except ValueError:
            continue
        field = next(
            (
                field
                for field_name, field in model.model_fields.items()
                if (field.alias or field_name) == name
            ),
            None,
        )
        named = set((field.json_schema_extra or {}).get("enum_values", ())) if field else set()
        if (
            named
            and not named & {"+", "etc.", "mime"}
            and not any(" " in code for code in named)
            and named != set(codes)
        ):
            differ.add(element)
    assert differ == set()
