"""The profiles say what the reader demands: what conforms is usable by the facts, and what breaks an invariant is not."""

from __future__ import annotations

import copy
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.authoring.validation import Validator
from cds_service.authoring.validation.conformance import conformance_findings
from cds_service.authoring.validation.node import Node
from cds_service.facts.analytes import ANALYTES
from cds_service.facts.laboratory import Result, Results
from cds_service.facts.session import SessionReader, UnreadableOrders
from cds_service.fhir.index import ResourceIndex
from cds_service.fhir.terminology import LOINC
from cds_service.fhir.units import UCUM
from tests.fhir_profiles.profiles import COUNTER_EXAMPLES, EXAMPLES
from tests.support.clinic import engine, facts_of, sent
from tests.support.fhir_builders import NOW, SUBJECT, bundle

VALIDATOR = Validator()
TERMINOLOGY = engine().terminology
ANALYTE = {value_set: analyte for analyte in ANALYTES.values() for value_set in analyte.value_sets}
# Read for what laboratories mean by them, though they are no UCUM for it.
MISUSED = {"mL/min/1.73.m2"}


def profile_of(resource):
    return resource["meta"]["profile"][0].rpartition("/")[2]


def results_of(value_set, resource):
    index = ResourceIndex("example-patient", TERMINOLOGY)
    index.add(sent(resource))
    return [result for _, result in Results(index, ANALYTE[value_set], engine().site, NOW.date())]


def usable(value_set, resource):
    return any(isinstance(result, Result) for result in results_of(value_set, resource))


def conforms(profile, resource):
    found = conformance_findings(
        Node.root(resource), VALIDATOR.profiles.named(profile), resource, TERMINOLOGY
    )
    return not [finding for finding in found if finding.severity == "error"]


def result(value_set, code, value, unit):
    resource = copy.deepcopy(EXAMPLES[f"{value_set}-result"])
    resource["code"] = {"coding": [{"system": LOINC, "code": code}]}
    resource["valueQuantity"] |= {"value": value, "unit": unit, "code": unit}
    return resource


def results(resources):
    """Those that are of an analyte, by name: (value set, resource)."""
    return [
        (name, profile_of(item).removesuffix("-result"))
        for name, item in resources.items()
        if profile_of(item).removesuffix("-result") in ANALYTE
    ]


PATIENT = EXAMPLES["example-patient"]
CONFORMING = {name: resource for name, resource in EXAMPLES.items() if resource is not PATIENT}


def test_every_analyte_has_its_profile():
    assert {value_set for _, value_set in results(CONFORMING)} == set(ANALYTE)


@pytest.mark.parametrize(("name", "value_set"), results(CONFORMING))
def test_the_service_reads_the_value_that_an_example_states(name, value_set):
    stated = EXAMPLES[name]["valueQuantity"]
    (found,) = results_of(value_set, EXAMPLES[name])
    assert (found.as_sent, found.reference) == (
        f"{stated['value']} {stated['unit']}",
        f"Observation/{name}",
    )


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("b12-total-result", "deficient"),
        ("b12-total-result-molar", "deficient"),
        ("b12-active-result", "deficient"),
        ("mma-result", "high"),
        ("homocysteine-result", "high"),
        ("folate-serum-result", "sufficient"),
        ("folate-serum-result-molar", "sufficient"),
        ("folate-red-cell-result", "sufficient"),
        ("hb-result", ""),
        ("hb-result-molar", ""),
        ("mcv-result", "high"),
        ("mcv-result-period", "normal"),
        ("platelets-result", "normal"),
        ("reticulocytes-result", ""),
        ("reticulocytes-result-percent", ""),
        ("potassium-laboratory-result", "low"),
        ("potassium-point-of-care-result", "low"),
        ("creatinine-result", ""),
        ("creatinine-result-molar", ""),
        ("egfr-result", "reduced"),
    ],
)
def test_the_service_tells_the_level_of_an_example(name, level):
    (found,) = results_of(profile_of(EXAMPLES[name]).removesuffix("-result"), EXAMPLES[name])
    assert found.level == level


@pytest.mark.parametrize(("name", "value_set"), results(COUNTER_EXAMPLES))
def test_the_service_cannot_use_a_counter_example_of_a_result(name, value_set):
    assert not usable(value_set, COUNTER_EXAMPLES[name])


def codes_by_property():
    """A LOINC code of each value set for each property that its codes have."""
    found = {}
    for value_set in ANALYTE:
        for code in TERMINOLOGY.codes(value_set, LOINC):
            found.setdefault((value_set, TERMINOLOGY.measured_as(LOINC, code)), code)
    return [(value_set, code) for (value_set, _), code in found.items()]


def ordinary(value_set, unit):
    """A value in ``unit`` that is possible for the analyte, or 1 where the unit is of another dimension."""
    family = ANALYTE[value_set].family_of(UCUM[unit].dimension)
    if family is None:
        return 1.0
    low, high = (max(limit, Decimal("0.001")) for limit in family.reject)
    return float((low * high).sqrt() / (UCUM[unit].factor * family.factors[UCUM[unit].dimension]))


@pytest.mark.parametrize(("value_set", "code"), codes_by_property())
def test_a_profile_takes_exactly_the_units_that_the_service_can_use_under_a_code(value_set, code):
    for unit in [*UCUM, "K/uL", "pg", "U/L", "mcg/L", "mL/min", "1", "pg/mL/h"]:
        if unit in MISUSED:
            continue
        sent = result(value_set, code, ordinary(value_set, unit) if unit in UCUM else 100, unit)
        del sent["valueQuantity"]["unit"]  # a printed unit is read even where the code is none
        if unit == "K/uL":  # kelvin in UCUM; the service is kinder to counts than the profile
            assert not conforms(f"{value_set}-result", sent)
        else:
            assert conforms(f"{value_set}-result", sent) is usable(value_set, sent), unit


@pytest.mark.parametrize(
    ("value_set", "code", "unit", "possible", "impossible"),
    [
        ("b12-total", "2132-9", "pg/mL", 200000, 200001),
        ("b12-total", "2132-9", "ng/L", 0.01, 0),
        ("b12-total", "14685-2", "pmol/L", 147561.2, 147562),
        ("b12-active", "72160-5", "pmol/L", 5000, 5001),
        ("mma", "13964-2", "nmol/L", 30, 29),
        ("mma", "13964-2", "umol/L", 10000, 10001),
        ("mma", "13964-2", "nmol/mL", 0.03, 0.029),
        ("homocysteine", "13965-9", "umol/L", 1000, 1001),
        ("folate-serum", "14732-2", "nmol/L", 5000, 5001),
        ("folate-serum", "2284-8", "ng/mL", 2206.9, 2207),
        ("folate-serum", "2284-8", "ug/L", 0.1, 0),
        ("folate-red-cell", "14731-4", "nmol/L", 10000, 10001),
        ("folate-red-cell", "2283-0", "ng/mL", 4413.99, 4414),
        ("hb", "718-7", "g/L", 25, 24.9),
        ("hb", "718-7", "g/L", 300, 301),
        ("hb", "718-7", "g/dL", 30, 30.1),
        ("hb", "718-7", "g/dL", 2.5, 2.4),
        ("hb", "59260-0", "mmol/L", 18.6, 18.7),
        ("hb", "59260-0", "mmol/L", 1.6, 1.5),
        ("mcv", "787-2", "fL", 30, 29.9),
        ("mcv", "787-2", "um3", 200, 201),
        ("platelets", "777-3", "10*9/L", 0, -1),
        ("platelets", "777-3", "10*3/uL", 10000, 10001),
        ("reticulocytes", "60474-4", "10*9/L", 3000, 3001),
        ("reticulocytes", "17849-1", "%", 100, 101),
        ("potassium-laboratory", "2823-3", "mmol/L", 15, 15.1),
        ("potassium-laboratory", "2823-3", "meq/L", 1, 0.9),
        ("potassium-point-of-care", "6298-4", "mmol/L", 15, 15.1),
        ("creatinine", "14682-9", "umol/L", 5, 4.9),
        ("creatinine", "14682-9", "umol/L", 5000, 5001),
        ("creatinine", "2160-0", "mg/dL", 0.06, 0.05),
        ("creatinine", "2160-0", "mg/dL", 56.5, 56.6),
        ("egfr", "98979-8", "mL/min/{1.73_m2}", 250, 251),
        ("egfr", "98979-8", "mL/min/{1.73_m2}", 0, -1),
    ],
)
def test_a_profile_ends_where_the_service_stops_believing_a_value(
    value_set, code, unit, possible, impossible
):
    last, beyond = (result(value_set, code, value, unit) for value in (possible, impossible))
    assert (conforms(f"{value_set}-result", last), usable(value_set, last)) == (True, True)
    assert (conforms(f"{value_set}-result", beyond), usable(value_set, beyond)) == (False, False)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    of=st.sampled_from(codes_by_property()),
    unit=st.sampled_from([unit for unit in UCUM if unit not in MISUSED]),
    number=st.decimals(min_value="1e-6", max_value="1e6", allow_nan=False, places=6).map(float)
    | st.integers(0, 10**12),
    day=st.dates(min_value=date(2000, 1, 1), max_value=date(2150, 1, 1)).filter(
        lambda day: abs((day - NOW.date()).days) > 400
    ),
    whole=st.booleans(),
)
def test_a_generated_result_conforms_where_the_service_can_use_it(of, unit, number, day, whole):
    """Every unit, value and date, both ways; printed units, comparators and text values are on the page of profiles."""
    value_set, code = of
    sent_result = result(value_set, code, number, unit)
    sent_result["effectiveDateTime"] = day.isoformat() if whole else day.isoformat()[:7]
    assert conforms(f"{value_set}-result", sent_result) is usable(value_set, sent_result)


@pytest.mark.parametrize(("value", "unit"), [(150_000, "g/L"), (1e-9, "kg/L"), (150_000, "mol/L")])
def test_a_mass_that_no_patient_has_does_not_conform(value, unit):
    assert not conforms("b12-total-result", result("b12-total", "2132-9", value, unit))


@pytest.mark.parametrize(
    "status",
    [
        "registered",
        "preliminary",
        "final",
        "amended",
        "corrected",
        "cancelled",
        "entered-in-error",
        "unknown",
    ],
)
def test_a_status_conforms_where_the_service_uses_it(status):
    sent = {**EXAMPLES["b12-total-result"], "status": status}
    assert (
        conforms("b12-total-result", sent)
        is usable("b12-total", sent)
        is (status in ("final", "amended", "corrected"))
    )


def of_clinic(resource):
    """The resource as one of the test patient."""
    return {
        **copy.deepcopy(resource),
        "subject": SUBJECT if "reference" in resource["subject"] else resource["subject"],
    }


RESECTION, LENGTH = EXAMPLES["ileal-resection"], EXAMPLES["resected-ileum-length-result"]
UNMEASURED = COUNTER_EXAMPLES["ileal-resection-length"] | {"id": "ileal-resection"}


def test_the_service_reads_the_length_of_a_resection_from_extension_and_observation():
    assert facts_of(of_clinic(RESECTION))["ileum.resection"].value == "over-20-cm"
    assert facts_of(of_clinic(UNMEASURED))["ileum.resection"].value == "length-unknown"
    assert (
        facts_of(of_clinic(UNMEASURED), of_clinic(LENGTH))["ileum.resection"].value == "over-20-cm"
    )


@pytest.mark.parametrize(
    "key",
    [key for key in COUNTER_EXAMPLES if key.startswith(("ileal-resection-", "resected-length-"))],
)
def test_a_counter_example_of_a_resection_states_no_length_or_no_resection(key):
    assert facts_of(of_clinic(COUNTER_EXAMPLES[key]))["ileum.resection"].value in (
        None,
        "length-unknown",
    )


@pytest.mark.parametrize(
    "key", [key for key in COUNTER_EXAMPLES if key.startswith("resected-ileum-length-")]
)
def test_a_counter_example_of_a_length_is_not_used(key):
    assert (
        facts_of(of_clinic(UNMEASURED), of_clinic(COUNTER_EXAMPLES[key]))["ileum.resection"].value
        == "length-unknown"
    )


def session(resource):
    return SessionReader("example-patient", TERMINOLOGY, NOW.tzinfo).read(
        sent(bundle([resource])), None, still_choosing=True
    )


@pytest.mark.parametrize(
    ("name", "agent", "route", "interval"),
    [
        ("draft-medication-order", "folic-acid", "oral", 1),
        ("draft-medication-order-by-reference", "hydroxocobalamin", "parenteral", 7 / 3),
    ],
)
def test_the_service_reads_the_drug_and_the_regimen_of_a_draft(name, agent, route, interval):
    (draft,) = session(EXAMPLES[name]).drafts
    assert draft.product.agents == {agent}
    assert (draft.phase.dose, draft.phase.route, draft.phase.interval) == (
        1000,
        route,
        pytest.approx(interval),
    )
    assert draft.reference == f"MedicationRequest/{name}"


def test_the_service_reads_the_test_of_a_draft():
    assert session(EXAMPLES["draft-laboratory-order"]).tests == {"b12-total"}


def test_a_counter_example_of_a_medication_order_is_no_draft_of_a_known_drug():
    assert not [
        draft
        for draft in session(COUNTER_EXAMPLES["draft-medication-order-status"]).drafts
        if draft.product.agents
    ]


def test_a_counter_example_of_a_medication_order_that_cannot_be_told_is_refused():
    with pytest.raises(UnreadableOrders, match="could not be identified"):
        session(COUNTER_EXAMPLES["draft-medication-order-identified"])


def test_a_counter_example_of_a_medication_order_of_nobody_is_refused():
    with pytest.raises(UnreadableOrders, match="names no patient"):
        session(COUNTER_EXAMPLES["draft-medication-order-subject"])


@pytest.mark.parametrize("key", ["draft-laboratory-order-status", "draft-laboratory-order-subject"])
def test_a_counter_example_of_a_laboratory_order_is_no_drafted_test(key):
    assert session(COUNTER_EXAMPLES[key]).tests == frozenset()


@pytest.mark.parametrize(
    ("key", "unread"),
    [
        ("draft-medication-order-id", lambda draft: draft.reference == ""),
        ("draft-medication-order-route", lambda draft: draft.phase.route is None),
        # A tablet of a known strength is taken to be one, once a day.
        (
            "draft-medication-order-dosage",
            lambda draft: (draft.phase.dose, draft.phase.interval) == (1000, 1),
        ),
        ("draft-medication-order-timing", lambda draft: draft.phase.interval == 1),
        ("draft-medication-order-dose", lambda draft: draft.phase.dose == 1000),
    ],
)
def test_what_a_warning_is_about_is_what_the_service_then_does_not_know_or_assumes(key, unread):
    (draft,) = session(COUNTER_EXAMPLES[key]).drafts
    assert draft.product.agents == {"folic-acid"}
    assert unread(draft)
