"""A code counts whatever slip its system has, and a code of another system never does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cds_service.content import PROFILES
from cds_service.fhir.code_systems import CODE_SYSTEMS, ICD_10, SNOMED, canonical_system
from cds_service.fhir.terminology import Terminology
from tests.support.clinic import facts_of
from tests.support.fhir_builders import condition, observation

MODEST = settings(max_examples=150, deadline=None)
TERMINOLOGY = Terminology.load(PROFILES)
CODES = sorted(TERMINOLOGY.displays)
PAGE = Path(__file__).parents[2] / "docs" / "code-systems.md"


def names_of(system: str) -> list[str]:
    """Every name that means the code system: its own and those of the table."""
    return [system, *CODE_SYSTEMS.get(system, ())]


SLIPS = {
    "as it is": lambda name: name,
    "https": lambda name: name.replace("http://", "https://"),
    "http": lambda name: name.replace("https://", "http://"),
    "closing slash": lambda name: f"{name}/" if "://" in name else name,
    "host in capitals": lambda name: re.sub(
        "://([^/]*)", lambda found: f"://{found[1].upper()}", name
    ),
    "capitals": str.upper,
    "www": lambda name: name.replace("://", "://www.") if "://www." not in name else name,
    "blanks": lambda name: f" {name}\n",
    "version behind a bar": lambda name: f"{name}|2026",
    "version in the path": lambda name: f"{name}/version/20260801" if "://" in name else name,
    "version after a slash": lambda name: f"{name}/2.78" if "://" in name else name,
    "edition": lambda name: f"{name}/83821000000107/version/20230412" if "://" in name else name,
    "urn": lambda name: f"urn:oid:{name}" if name[0].isdigit() else name,
    "URN": lambda name: f"URN:OID:{name}" if name[0].isdigit() else name,
}


# What is mended in a system that is not listed too.
OF_ANY = (
    "as it is",
    "https",
    "http",
    "closing slash",
    "host in capitals",
    "blanks",
    "version behind a bar",
)


@given(st.sampled_from(CODES), st.data())
@MODEST
def test_a_code_is_in_its_value_sets_whatever_slip_its_system_has(key, data):
    system, code = key
    name = data.draw(st.sampled_from(names_of(system)))
    slip = data.draw(st.sampled_from(sorted(SLIPS) if system in CODE_SYSTEMS else OF_ANY))
    sets = TERMINOLOGY.sets_of(canonical_system(SLIPS[slip](name)), code)
    assert (
        sets
        == TERMINOLOGY.sets_of(system if system in CODE_SYSTEMS else canonical_system(system), code)
        != frozenset()
    )


@given(
    st.sampled_from(CODES),
    st.from_regex(
        r"(https?://[a-z]{3,10}\.example(/[a-z]{0,8}){0,3}|[0-2](\.[1-9][0-9]{0,3}){2,6}|[A-Za-z ]{0,20})",
        fullmatch=True,
    ),
)
@MODEST
def test_a_code_of_another_system_is_in_no_value_set(key, foreign):
    assert TERMINOLOGY.sets_of(canonical_system(foreign), key[1]) == frozenset()
    assert not TERMINOLOGY.reads(foreign)


NEIGHBOURS = [
    "http://snomed.info/id/58610003", "http://snomed.info/sctx", "http://snomed.info", "http://loinc.org.example", "http://example.org/loinc.org",
    "http://hl7.org/fhir/sid/icd-10-pcs", "http://hl7.org/fhir/sid/icd-9-cm", "2.16.840.1.113883.6.11", "urn:oid:2.16.840.1.113883.6.1.1",
    "http://hl7.org/fhir/sid/icd-11", "http://fhir.de/CodeSystem/bfarm/ops", "ftp://loinc.org", "loinc.org", "LOINC",
]  # fmt: skip


@pytest.mark.parametrize("system", NEIGHBOURS)
def test_the_neighbour_of_a_code_system_is_another_one(system):
    assert canonical_system(system) not in CODE_SYSTEMS


@given(st.text(max_size=300))
@example("0 /")
@MODEST
def test_a_canonical_name_stays_what_it_is(system):
    once = canonical_system(system)
    assert canonical_system(once) == once


@pytest.mark.parametrize(
    "system",
    ["http://snomed.info/sct" + "/1" * 5_000_000, "9" * 10_000_000, "http://" + "x" * 10_000_000],
)
def test_a_hostile_system_is_itself_and_nothing_is_kept_of_it(system):
    from cds_service.fhir import code_systems

    kept = code_systems._canonical.cache_info().currsize
    assert canonical_system(system) is system
    assert code_systems._canonical.cache_info().currsize == kept


@pytest.mark.parametrize(
    "system",
    ["https://snomed.info/sct", "http://snomed.info/sct/", "http://snomed.info/sct/83821000000107", "urn:oid:2.16.840.1.113883.6.96",
     "2.16.840.1.113883.6.96", "http://SNOMED.info/sct", "http://snomed.info/sct|http://snomed.info/sct/731000124108"],
)  # fmt: skip
def test_leber_counts_whatever_slip_the_system_of_its_code_has(system):
    assert facts_of(condition("58610003", system=system))["leber"].holds


@pytest.mark.parametrize("system", CODE_SYSTEMS[ICD_10])
def test_pernicious_anaemia_counts_in_each_national_icd_10(system):
    assert facts_of(condition("D51.0", system=system))["cause.pernicious_anaemia"].holds


@pytest.mark.parametrize(
    ("code", "fact"),
    [
        pytest.param("D51.0!", "cause.pernicious_anaemia", id="mark of ICD-10-GM"),
        pytest.param(
            "D51.0+ G32.0*", "cause.pernicious_anaemia", id="two codes of one diagnosis, the first"
        ),
        pytest.param(
            "D51.0+ G32.0*", "neuro.involvement", id="two codes of one diagnosis, the second"
        ),
        pytest.param("D510", "cause.pernicious_anaemia", id="without point"),
        pytest.param("D51.00", "cause.pernicious_anaemia", id="national fifth character"),
        pytest.param("D51.0A", "cause.pernicious_anaemia", id="national letter"),
    ],
)
def test_an_icd_10_code_counts_as_countries_write_it(code, fact):
    assert facts_of(condition(code, system="http://fhir.de/CodeSystem/bfarm/icd-10-gm"))[fact].holds


def test_a_division_of_the_us_modification_is_not_taken_for_the_whole():
    us = "http://hl7.org/fhir/sid/icd-10-cm"
    assert "ckd-3-to-5" in TERMINOLOGY.sets_of(us, "N18.30")
    assert "b12-diagnosed-if-named" not in TERMINOLOGY.sets_of(us, "E53.81")


def test_a_result_counts_whatever_slip_the_system_of_its_test_and_of_its_unit_has():
    code = {"coding": [{"system": "https://loinc.org/", "code": "2132-9"}]}
    quantity = {"value": 110, "code": "pg/mL", "system": "https://unitsofmeasure.org/"}
    assert (
        facts_of(observation("b12", code=code, valueQuantity=quantity))[
            "b12.total"
        ].value.interval.point
        == 110
    )


@pytest.mark.parametrize(
    "system",
    [
        "https://terminology.hl7.org/CodeSystem/condition-clinical",
        "http://terminology.hl7.org/CodeSystem/condition-clinical/",
    ],
)
def test_a_status_is_that_of_its_own_system_whatever_slip_that_has(system):
    status = {
        "coding": [
            {"system": "https://ehr.example.org/status", "code": "resolved"},
            {"system": system, "code": "active"},
        ]
    }
    assert facts_of({**condition("84027009"), "clinicalStatus": status})["b12.diagnosed"].holds


@pytest.mark.parametrize(
    ("codes", "names", "told"),
    [
        ([(SNOMED, "1")], [], True), ([("https://snomed.info/sct/", "1")], [], True), ([("http://hl7.org/fhir/sid/ndc", "1")], [], False),
        ([], ["Methotrexate"], True), ([("http://hl7.org/fhir/sid/ndc", "1")], ["x"], True), ([], [" "], False), ([], [], False),
        ([(SNOMED, "")], [], False), ([("http://hl7.org/fhir/sid/ndc", "1"), (SNOMED, "2")], [], True),
    ],
)  # fmt: skip
def test_what_has_neither_a_code_that_is_read_nor_a_name_is_unidentified(codes, names, told):
    assert TERMINOLOGY.identifies(codes, names) is told


def test_the_page_of_code_systems_names_every_one_with_its_names():
    text = PAGE.read_text("utf-8")
    missing = [
        name
        for system, names in CODE_SYSTEMS.items()
        for name in (system, *names)
        if f"`{name}`" not in text
    ]
    assert missing == []
