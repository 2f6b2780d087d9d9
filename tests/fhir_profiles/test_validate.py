"""``python -m cds_service validate``: what an integrator is told, and that nothing makes it fall over."""

from __future__ import annotations

import copy
import json

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cds_service.authoring.validation import Validator
from cds_service.cli import main
from cds_service.content import PROFILES
from tests.fhir_profiles.profiles import COUNTER_EXAMPLES, EXAMPLES
from tests.support.fhir_builders import bundle

OURS = "https://b12-folate-cds.example.org/fhir/StructureDefinition/"
B12 = EXAMPLES["b12-total-result"]
HYDROXOCOBALAMIN = EXAMPLES["hydroxocobalamin-order"]
VALIDATOR = Validator()


@pytest.fixture
def validate(tmp_path, monkeypatch):
    """Run the command on resources in files named ``a.json``, ``b.json`` and so on."""
    monkeypatch.chdir(tmp_path)

    def run(*resources, options=()):
        names = [f"{letter}.json" for letter, _ in zip("abcdef", resources, strict=False)]
        for name, resource in zip(names, resources, strict=True):
            (tmp_path / name).write_text(
                resource if isinstance(resource, str) else json.dumps(resource), "utf-8"
            )
        return CliRunner().invoke(main, ["validate", *names, *options])

    return run


def changed(resource, path, value=None):
    """A copy with ``value`` at ``path`` (steps with dots; numbers for places in lists), or without it."""
    copied = copy.deepcopy(resource)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    target = copied
    for step in steps:
        target = target[step]
    if value is None:
        del target[last]
    else:
        target[last] = value
    return copied


def told(resource, profile=None):
    findings = VALIDATOR.validate(
        resource, VALIDATOR.profiles.named(profile) if profile else None
    ).findings
    return [(finding.severity, finding.path, finding.code) for finding in findings]


def test_a_conforming_resource_passes_and_says_what_it_was_held_against(validate):
    answer = validate(B12)
    assert answer.exit_code == 0
    assert answer.output.splitlines() == [
        "a.json: Observation checked against base FHIR R4 and b12-total-result",
        "1 resource: 0 errors, 0 warnings, 0 info",
    ]


def test_an_error_is_told_with_file_element_rule_and_reason_and_fails(validate):
    answer = validate(COUNTER_EXAMPLES["b12-total-unit"], B12)
    assert answer.exit_code == 1
    assert answer.output.splitlines()[0] == (
        "a.json: Observation.valueQuantity.code: error [b12-total-unit] This rule is not met: The unit is that of a mass or "
        "molar concentration, such as ng/L or pmol/L. It is 'kg'. A result in a unit of another dimension cannot be compared with a cut-off."
    )
    assert answer.output.splitlines()[-1] == "2 resources: 1 error, 0 warnings, 0 info"


def test_a_warning_does_not_fail(validate):
    answer = validate(changed(EXAMPLES["ileal-resection"], "extension"))
    assert answer.exit_code == 0
    assert "a.json: Procedure: warning [ileal-resection-length]" in answer.output


def test_json_output_has_each_finding_with_file_severity_path_code_what_and_mend(validate):
    answer = validate(changed(B12, "status", "preliminary"), options=["--format", "json"])
    assert answer.exit_code == 1
    assert json.loads(answer.output) == {
        "checked": [
            {
                "file": "a.json",
                "path": "Observation",
                "resource_type": "Observation",
                "profiles": ["b12-total-result"],
            }
        ],
        "findings": [
            {
                "file": "a.json",
                "severity": "error",
                "path": "Observation.status",
                "code": "measurement-status",
                "what": "This rule is not met: The status is final, amended or corrected. It is 'preliminary'.",
                "mend": "A preliminary or registered result is never used, and one that is cancelled or entered in error does not exist "
                "for the service.",
            }
        ],
    }


def test_a_profile_can_be_named_for_resources_that_name_none(validate):
    bare = changed(B12, "meta")
    assert (
        "checked against base FHIR R4 and b12-total-result"
        in validate(bare, options=["--profile", "b12-total-result"]).output
    )
    assert (
        "checked against base FHIR R4 and b12-total-result"
        in validate(bare, options=["--profile", OURS + "b12-total-result|1.0.0"]).output
    )
    answer = validate(bare, options=["--profile", "folate-serum-result"])
    assert answer.exit_code == 1
    assert (
        "Observation.code: error [binding] No coding is in the value set folate-serum."
        in answer.output
    )


def test_without_a_profile_the_fitting_one_is_offered(validate):
    answer = validate(changed(B12, "meta"))
    assert answer.exit_code == 0
    assert "a.json: Observation: info [profile] Checked only against base FHIR R4" in answer.output
    assert "Its code fits: b12-total-result." in answer.output


def test_an_unknown_profile_is_refused_with_what_may_be_meant(validate):
    answer = validate(B12, options=["--profile", "b12-totl-result"])
    assert answer.exit_code == 2
    assert (
        "There is no profile 'b12-totl-result'. Did you mean 'b12-total-result'? The profiles are: b12-active-result,"
        in answer.output
    )
    named = validate(changed(B12, "meta.profile.0", OURS + "b12-totl-result"))
    assert named.exit_code == 1
    assert (
        "Observation.meta.profile: error [profile] The project has no profile 'b12-totl-result'. Did you mean 'b12-total-result'?"
        in named.output
    )


def test_profiles_of_others_are_told_not_to_be_checked():
    foreign = changed(
        B12,
        "meta.profile.0",
        "http://hl7.org/fhir/us/core/StructureDefinition/us-core-observation-lab",
    )
    assert ("info", "Observation.meta.profile", "profile") in told(foreign)


def test_a_profile_of_another_type_or_version_is_told():
    assert told(changed(B12, "meta.profile.0", OURS + "hydroxocobalamin-order"))[0] == (
        "error",
        "Observation.meta.profile",
        "profile",
    )
    assert told(changed(B12, "meta.profile.0", OURS + "b12-total-result|0.9.0")) == [
        ("warning", "Observation.meta.profile", "profile")
    ]
    assert told(B12, "hydroxocobalamin-order") == [("error", "Observation", "profile")]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (
            "valueQuantity.unti",
            "pg/mL",
            "Observation.valueQuantity.unti: error [base] FHIR R4 has no such element here. Did you mean 'unit'?",
        ),
        (
            "valeQuantity",
            {},
            "Observation.valeQuantity: error [base] FHIR R4 has no such element here. Did you mean 'valueQuantity'?",
        ),
        (
            "code",
            None,
            "Observation.code: error [base] FHIR R4 requires this element, and it is missing. Add it.",
        ),
        ("category.0.coding.0.code", 7, "Observation.category[0].coding[0].code: error [base]"),
        (
            "category",
            {"text": "laboratory"},
            "Observation.category: error [base] This element can repeat, so it must be a list. Put it into square brackets.",
        ),
        ("effectiveDateTime", "20 Nov 2026", "Observation.effectiveDateTime: error [base]"),
        (
            "valueQuantity.value",
            "110",
            "Observation.valueQuantity.value: error [base] A decimal must be a JSON number. Write it without quotation marks.",
        ),
        (
            "valueString",
            "110 pg/mL",
            "Observation: error [base] Any of one field value is expected",
        ),
        (
            "resourceType",
            "Obsevation",
            "$.resourceType: error [base] FHIR R4 has no resource 'Obsevation'. Did you mean 'Observation'?",
        ),
        (
            "resourceType",
            "DomainResource",
            "$.resourceType: error [base] FHIR R4 has no resource 'DomainResource'.",
        ),
        (
            "category",
            [],
            "Observation.category: error [base] FHIR's JSON does not allow an empty list. Leave out elements without a value.",
        ),
        (
            "category.0",
            {},
            "Observation.category[0]: error [base] FHIR's JSON does not allow an empty object.",
        ),
        (
            "referenceRange",
            [{"text": "x"}, {"low": {}}],
            "Observation.referenceRange[1].low: error [base] FHIR's JSON does not allow",
        ),
        (
            "note",
            [{"text": "x", "time": None}],
            "Observation.note[0].time: error [base] FHIR's JSON does not allow null.",
        ),
        ("id", "x" * 65, "Observation.id: error [base] An id can have at most 64 characters."),
        ("resourceType", None, "$.resourceType: error [base] The resourceType is missing."),
        (
            "resourceType",
            "Quantity",
            "$.resourceType: error [base] FHIR R4 has no resource 'Quantity'.",
        ),
    ],
)
def test_what_is_against_base_fhir_is_told_by_element(validate, path, value, expected):
    answer = validate(changed(B12, path, value))
    assert answer.exit_code == 1
    assert f"a.json: {expected}" in answer.output


def test_a_value_that_only_an_extension_explains_keeps_its_place_by_null():
    given = {
        "given": [None, "Ann"],
        "_given": [{"extension": [{"url": "https://example.org/x", "valueBoolean": True}]}, None],
    }
    assert told({"resourceType": "Patient", "name": [given]}) == []
    del given["_given"]
    assert told({"resourceType": "Patient", "name": [given]}) == [
        ("error", "Patient.name[0].given[0]", "base")
    ]


def test_a_key_that_stands_twice_is_told_since_nobody_knows_which_counts(validate):
    answer = validate(
        json.dumps(B12).replace(
            '"status": "final"', '"status": "entered-in-error", "status": "final"', 1
        )
    )
    assert answer.exit_code == 1
    assert (
        "a.json: $: error [json] The file is not JSON: the key 'status' appears twice in one object."
        in answer.output
    )


def test_a_code_that_r4_does_not_list_and_a_truth_value_as_text_are_told():
    order = EXAMPLES["draft-medication-order"]
    assert told(changed(order, "intent", "ordr"))[0] == (
        "error",
        "MedicationRequest.intent",
        "base",
    )
    assert told(changed(order, "doNotPerform", "false"))[0] == (
        "error",
        "MedicationRequest.doNotPerform",
        "base",
    )
    assert told(changed(order, "dosageInstruction.0.timing.repeat.periodUnit", "day"))[0] == (
        "error",
        "MedicationRequest.dosageInstruction[0].timing.repeat.periodUnit",
        "base",
    )


def test_a_format_of_a_server_may_be_any_mime_type():
    capabilities = {
        "resourceType": "CapabilityStatement", "status": "active", "date": "2026-11-23", "kind": "capability", "description": "x",
        "fhirVersion": "4.0.1", "format": ["application/fhir+json", "json"],
    }  # fmt: skip
    assert told(capabilities) == []


def test_the_name_of_an_expression_is_an_id_and_as_short():
    condition = {
        "kind": "applicability",
        "expression": {"name": "x" * 65, "language": "text/fhirpath", "expression": "true"},
    }
    plan = {
        "resourceType": "PlanDefinition",
        "status": "draft",
        "action": [{"condition": [condition]}],
    }
    assert told(plan) == [
        ("error", "PlanDefinition.action[0].condition[0].expression.name", "base")
    ]


def test_one_mistake_is_told_once_and_the_resource_is_left_as_it_is():
    order = changed(HYDROXOCOBALAMIN, "dosageInstruction.0.doseAndRate.0.doseQuantity.value", "one")
    before = copy.deepcopy(order)
    path = "MedicationRequest.dosageInstruction[0].doseAndRate[0].doseQuantity"
    assert told(order) == [
        ("error", f"{path}.value", "base"),
        ("error", path, "medication-order-dose"),
    ]
    assert order == before


def test_a_dose_is_an_amount_and_no_limit_as_in_base_r4():
    """Dosage.doseAndRate.dose[x] is a SimpleQuantity there, which has no comparator."""
    order = changed(
        HYDROXOCOBALAMIN, "dosageInstruction.0.doseAndRate.0.doseQuantity.comparator", "<"
    )
    path = "MedicationRequest.dosageInstruction[0].doseAndRate[0].doseQuantity.comparator"
    assert told(order) == [("error", path, "cardinality")]
    profile = json.loads(
        (PROFILES / "structure-definitions/medication-order.json").read_text("utf-8")
    )
    (dose,) = (
        element
        for element in profile["differential"]["element"]
        if element["id"].endswith("doseAndRate.dose[x]")
    )
    assert dose["type"] == [
        {"code": "Quantity", "profile": ["http://hl7.org/fhir/StructureDefinition/SimpleQuantity"]}
    ]


def test_a_resource_that_r4_has_and_r4b_has_not_is_checked_as_far_as_can_be():
    assert told({"resourceType": "MedicinalProduct", "id": "x"}) == [
        ("warning", "MedicinalProduct", "base")
    ]


def test_a_mistake_in_a_contained_resource_is_told_where_it_is():
    order = changed(EXAMPLES["draft-medication-order-by-reference"], "contained.0.cod", {})
    (finding,) = VALIDATOR.validate(order).findings
    assert (finding.path, finding.mend) == (
        "MedicationRequest.contained[0].cod",
        "Did you mean 'code'?",
    )


def test_an_r5_resource_is_not_taken_for_r4():
    r5 = changed(EXAMPLES["draft-medication-order"], "medicationCodeableConcept")
    r5["medication"] = {"concept": {"text": "Folic acid"}}
    assert ("error", "MedicationRequest.medication", "base") in told(r5)


@pytest.mark.parametrize(
    ("example", "path", "value", "expected"),
    [
        ("b12-total-result", "subject", None, ("Observation.subject", "cardinality")),
        ("b12-total-result", "effectiveDateTime", None, ("Observation.effective[x]", "cardinality")),
        ("b12-total-result", "valueQuantity", None, ("Observation.value[x]", "cardinality")),
        ("b12-total-result", "valueQuantity.value", None, ("Observation.valueQuantity.value", "cardinality")),
        ("b12-total-result", "valueQuantity.code", None, ("Observation.valueQuantity.code", "cardinality")),
        ("b12-total-result", "valueQuantity.system", "urn:oid:2.16.840.1.113883.6.8", ("Observation.valueQuantity.system", "fixed")),
        ("b12-total-result", "code.coding.0.code", "16695-9", ("Observation.code", "binding")),
        ("draft-medication-order", "doNotPerform", True, ("MedicationRequest.doNotPerform", "fixed")),
        ("draft-laboratory-order", "code.coding.0.code", "30746-2", ("ServiceRequest.code", "binding")),
        ("ileal-resection", "code.coding.0.code", "174073001", ("Procedure.code", "binding")),
        ("hydroxocobalamin-order", "status", "active", ("MedicationRequest.status", "fixed")),
        ("hydroxocobalamin-order", "instantiatesCanonical", None, ("MedicationRequest.instantiatesCanonical", "cardinality")),
        ("hydroxocobalamin-order", "authoredOn", None, ("MedicationRequest.authoredOn", "cardinality")),
        ("hydroxocobalamin-order", "medicationCodeableConcept.text", None, ("MedicationRequest.medicationCodeableConcept.text", "cardinality")),
        ("hydroxocobalamin-order", "medicationCodeableConcept.coding", [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "309594"}],
         ("MedicationRequest.medicationCodeableConcept", "binding")),
        ("hydroxocobalamin-order", "dosageInstruction.1.text", None, ("MedicationRequest.dosageInstruction[1].text", "cardinality")),
        ("hydroxocobalamin-order", "dosageInstruction.0.route.coding.0.code", "26643006", ("MedicationRequest.dosageInstruction[0].route", "pattern")),
        ("hydroxocobalamin-order", "dosageInstruction.1.timing.repeat.period", None,
         ("MedicationRequest.dosageInstruction[1].timing.repeat.period", "cardinality")),
        ("hydroxocobalamin-order", "dosageInstruction.0.timing.repeat.dayOfWeek", ["mon", "wed", "fri"],
         ("MedicationRequest.dosageInstruction[0].timing.repeat.dayOfWeek", "cardinality")),
        ("hydroxocobalamin-order", "dosageInstruction.0.asNeededBoolean", True, ("MedicationRequest.dosageInstruction[0].asNeeded[x]", "cardinality")),
        ("hydroxocobalamin-order", "doNotPerform", False, ("MedicationRequest.doNotPerform", "cardinality")),
        ("laboratory-order", "category.0.coding.0.code", "363679005", ("ServiceRequest.category[0]", "pattern")),
        ("laboratory-order", "code.text", None, ("ServiceRequest.code.text", "cardinality")),
        ("laboratory-order", "occurrenceDateTime", None, None),
    ],
)  # fmt: skip
def test_each_rule_of_a_profile_is_checked(example, path, value, expected):
    assert told(changed(EXAMPLES[example], path, value)) == (
        [("error", *expected)] if expected else []
    )


def test_a_value_of_another_type_is_told():
    text = {**changed(B12, "valueQuantity"), "valueString": "see comment"}
    assert told(text) == [("error", "Observation.valueString", "type")]
    reference = {
        **changed(HYDROXOCOBALAMIN, "medicationCodeableConcept"),
        "medicationReference": {"reference": "Medication/m1"},
    }
    assert ("error", "MedicationRequest.medicationReference", "type") in told(reference)


def test_the_projects_extensions_are_checked_wherever_they_stand():
    resection = EXAMPLES["ileal-resection"]
    misplaced = {**B12, "extension": resection["extension"]}
    assert told(misplaced) == [("error", "Observation.extension[0]", "extension")]
    unknown = changed(resection, "extension.0.url", OURS + "resected-lenght")
    assert ("error", "Procedure.extension[0].url", "extension") in told(unknown)
    without_profile = changed(
        changed(resection, "meta"), "extension.0.valueQuantity.code", "[in_i]"
    )
    assert ("error", "Procedure.extension[0].valueQuantity.code", "resected-length-unit") in told(
        without_profile
    )
    twice = {**resection, "extension": resection["extension"] * 2}
    assert told(twice) == [("error", "Procedure.extension", "cardinality")]
    others = {
        **resection,
        "extension": [
            *resection["extension"],
            {"url": "https://ehr.example.org/x", "valueString": "y"},
        ],
    }
    assert told(others) == []


def test_each_entry_of_a_bundle_is_checked_at_its_place(validate):
    inner = bundle([changed(HYDROXOCOBALAMIN, "status", "active")])
    misplaced = {**B12, "extension": EXAMPLES["ileal-resection"]["extension"]}
    answer = validate({**bundle([misplaced, changed(B12, "code"), inner]), "entyr": []})
    assert answer.exit_code == 1
    for expected in (
        "a.json: Bundle.entyr: error [base] FHIR R4 has no such element here. Did you mean 'entry'?",
        "a.json: Bundle.entry[0].resource.extension[0]: error [extension] The extension resected-length cannot be used here. It belongs to Procedure.",
        "a.json: Bundle.entry[1].resource.code: error [base] FHIR R4 requires this element",
        "a.json: Bundle.entry[2].resource.entry[0].resource.status: error [fixed] The profile allows only 'draft'; the element is 'active'.",
        "a.json: Bundle.entry[0].resource (Observation) checked against base FHIR R4 and b12-total-result",
    ):
        assert expected in answer.output
    assert answer.output.splitlines()[-1] == "5 resources: 4 errors, 0 warnings, 0 info"


@pytest.mark.parametrize(
    ("entry", "what"), [({}, "an empty object"), (None, "null"), ([], "an empty list")]
)
def test_an_entry_of_a_bundle_that_holds_nothing_is_told(validate, entry, what):
    inner = {**bundle([B12]), "entry": [{"resource": B12}, entry]}
    answer = validate(bundle([B12, inner]))
    assert answer.exit_code == 1
    told = f"a.json: Bundle.entry[1].resource.entry[1]: error [base] FHIR's JSON does not allow {what}."
    assert told in answer.output
    assert "Bundle.entry[0]:" not in answer.output and "resource.entry[0]:" not in answer.output


def test_a_named_profile_is_for_the_entries_of_its_type(validate):
    both = bundle([changed(B12, "meta"), changed(HYDROXOCOBALAMIN, "meta")])
    answer = validate(both, options=["--profile", "b12-total-result"])
    assert answer.exit_code == 0
    assert (
        "entry[0].resource (Observation) checked against base FHIR R4 and b12-total-result"
        in answer.output
    )
    assert "entry[1].resource (MedicationRequest) checked against base FHIR R4\n" in answer.output
    assert (
        "The profile ileal-resection is for resources of the type Procedure; there is none here."
        in validate(both, options=["--profile", "ileal-resection"]).output
    )


def test_results_of_a_bundle_are_held_against_the_profiles_of_their_codes(validate):
    preliminary = changed(changed(EXAMPLES["hb-result"], "meta"), "status", "preliminary")
    answer = validate(
        bundle([changed(B12, "meta"), preliminary, changed(HYDROXOCOBALAMIN, "meta")]),
        options=["--by-code"],
    )
    assert answer.exit_code == 1
    assert (
        "entry[0].resource (Observation) checked against base FHIR R4 and b12-total-result"
        in answer.output
    )
    assert "a.json: Bundle.entry[1].resource.status: error [measurement-status]" in answer.output
    assert "entry[2].resource (MedicationRequest) checked against base FHIR R4\n" in answer.output


@pytest.mark.parametrize(
    "text", ["", "not json", "{", '{"a": NaN}', "[1, 2]", "null", '"x"', "[" * 100000]
)
def test_what_is_no_resource_is_told_and_fails(validate, text):
    answer = validate(text)
    assert answer.exit_code == 1
    assert answer.output.splitlines()[-1] == "0 resources: 1 error, 0 warnings, 0 info"


GARBAGE = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        1e308,
        10**400,
        "",
        "x" * 500,
        "2026-13-45",
        [],
        {},
        [[]],
        [None],
        [{}],
        [[], {}, None, "x"],
        {"": None},
        {"resourceType": "Bundle"},
        {"resourceType": []},
        {"coding": [None, "x", {"system": 1}]},
        {"value": {}},
        {"url": OURS + "resected-length"},
    ]
).map(copy.deepcopy)


def _places(value, path=()):
    found = [path] if path else []
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in items:
        found += _places(item, (*path, key))
    return found


@given(st.data())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_garbage_anywhere_is_told_and_never_makes_it_fall_over(data):
    resource = copy.deepcopy(
        data.draw(
            st.sampled_from([B12, HYDROXOCOBALAMIN, EXAMPLES["ileal-resection"], bundle([B12])])
        )
    )
    target, last = resource, data.draw(st.sampled_from(_places(resource)))
    for step in last[:-1]:
        target = target[step]
    target[last[-1]] = data.draw(GARBAGE)
    report = VALIDATOR.validate(resource)
    assert report.checked or report.failed


@pytest.mark.parametrize("depth", [200, 900])
def test_a_resource_that_is_nested_without_end_is_told(validate, depth):
    answer = validate(
        '{"resourceType": "Observation", "extension": ['
        + '{"extension": [' * depth
        + "]}" * depth
        + "]}"
    )
    assert answer.exit_code == 1
    assert "nested too deeply" in answer.output
