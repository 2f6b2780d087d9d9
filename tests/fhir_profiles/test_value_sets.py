"""The value sets hold what the fact base verified, each code with its source, and nothing doubtful goes out unmarked."""

from __future__ import annotations

import re
import shutil

import pytest
from fhir.resources.R4B.valueset import ValueSet

from cds_service.content import PROFILES
from cds_service.fhir.terminology import CODES_SPELL_HIERARCHY, Terminology
from tests.fhir_profiles import fact_base
from tests.fhir_profiles.fact_base import DMD, INTERPRETATION, LOINC, OPCS, RXNORM, SNOMED
from tests.fhir_profiles.profiles import ACTIVITY_DEFINITIONS, ENTRIES, VALUE_SETS, codings_in

TERMINOLOGY = Terminology.load(PROFILES)
SECTION = re.compile(r"Project clinical fact base, section ([\d.]+)")
NOTICES = {
    LOINC: "LOINC",
    SNOMED: "SNOMED CT",
    RXNORM: "RxNorm",
    fact_base.ATC: "ATC",
    fact_base.ICD_10_CM: "ICD-10-CM",
    fact_base.ICD_10: "ICD-10,",
    DMD: "dm+d",
    OPCS: "OPCS-4",
    INTERPRETATION: "HL7 Terminology",
}
NO_PUBLIC_SOURCE = "No public source read; from memory"


def codes_of(table: dict[str, dict[str, fact_base.Codes]]) -> list[tuple[str, str, str, str]]:
    """Section, code system, value set and code, one row per code."""
    return [
        (section, system, value_set, code)
        for section, systems in table.items()
        for system, sets in systems.items()
        for value_set, codes in sets.items()
        for code in codes.split()
    ]


@pytest.mark.parametrize("name", VALUE_SETS)
def test_a_value_set_is_a_fhir_resource_with_version_publisher_and_copyright(name):
    resource = VALUE_SETS[name]
    value_set = ValueSet.model_validate(resource)
    assert value_set.id == name
    assert value_set.url == f"https://b12-folate-cds.example.org/fhir/ValueSet/{name}"
    assert re.fullmatch(r"\d+\.\d+\.\d+", value_set.version)
    assert value_set.publisher == "B12 and folate CDS"
    assert value_set.title
    assert value_set.description
    for system in {entry.system for entry in ENTRIES if entry.value_set == name}:
        assert NOTICES.get(system, "") in (value_set.copyright or ""), (
            f"no copyright notice for {system}"
        )


def test_every_code_has_a_source():
    assert [(entry.value_set, entry.code) for entry in ENTRIES if not entry.sources] == []


def test_every_code_has_a_name_and_one_name():
    names: dict[tuple[str, str], set[str]] = {}
    for entry in ENTRIES:
        if not entry.is_filter and entry.side == "include":
            names.setdefault((entry.system, entry.code), set()).add(entry.display)
    assert {key: found for key, found in names.items() if len(found) != 1 or "" in found} == {}


def test_no_value_set_lists_a_code_twice_or_includes_what_it_excludes():
    seen = [(entry.value_set, entry.system, entry.code) for entry in ENTRIES]
    assert sorted(key for key in set(seen) if seen.count(key) > 1) == []


@pytest.mark.parametrize(("section", "system", "value_set", "code"), codes_of(fact_base.VERIFIED))
def test_a_verified_code_is_in_its_value_set(section, system, value_set, code):
    assert value_set in TERMINOLOGY.sets_of(system, code)


@pytest.mark.parametrize(("section", "system", "value_set", "code"), codes_of(fact_base.EXCLUDED))
def test_a_look_alike_is_excluded_by_name(section, system, value_set, code):
    assert value_set not in TERMINOLOGY.sets_of(system, code)
    assert any(
        (entry.value_set, entry.side, entry.system, entry.code)
        == (value_set, "exclude", system, code)
        for entry in ENTRIES
    )


def known_to_fact_base(section: str, system: str) -> set[str]:
    """All codes that a section of the fact base names in a code system, however it was verified."""
    # A dm+d identifier is a SNOMED CT code, and records give it under either system.
    systems = {SNOMED, DMD} if system == SNOMED else {system}
    known = {
        code
        for table in (fact_base.VERIFIED, fact_base.EXCLUDED)
        for at, of, _, code in codes_of(table)
        if at == section and of in systems
    }
    for at in systems:
        for codes in (
            fact_base.UNVERIFIED.get(section, {}).get(at, {}),
            fact_base.RETIRED.get(at, {}),
        ):
            known |= {code for text in codes.values() for code in text.split()}
    return known


def test_a_code_said_to_be_from_the_fact_base_is_there():
    strangers = []
    for entry in ENTRIES:
        for section in SECTION.findall(" ".join(entry.sources)):
            known = known_to_fact_base(section, entry.system)
            if entry.is_filter:
                # The fact base gives codes; a filter on their common stem covers them.
                known = {code[: len(entry.code)] for code in known}
            if entry.code not in known:
                strangers.append((entry.value_set, section, entry.system, entry.code))
    assert strangers == []


def test_a_code_without_a_public_source_is_marked_for_review():
    """Codes that the fact base has from memory or second hand: another source confirms them, or they are marked."""
    doubtful = {
        (system, code)
        for systems in fact_base.UNVERIFIED.values()
        for system, codes in systems.items()
        for text in codes.values()
        for code in text.split()
    }
    for entry in ENTRIES:
        other_sources = [
            source
            for source in entry.sources
            if source != NO_PUBLIC_SOURCE and not SECTION.match(source)
        ]
        from_memory = NO_PUBLIC_SOURCE in entry.sources
        if not other_sources and (from_memory or (entry.system, entry.code) in doubtful):
            assert entry.review, f"{entry.value_set}: {entry.system}|{entry.code}"


def test_every_review_mark_gives_its_reason_and_only_marks_do():
    assert [
        (entry.value_set, entry.code) for entry in ENTRIES if entry.review != bool(entry.reason)
    ] == []


def test_no_code_with_a_wrong_meaning_is_in_a_value_set():
    wrong = {
        (system, code)
        for system, codes in fact_base.WRONG.items()
        for text in codes.values()
        for code in text.split()
    }
    assert {key: TERMINOLOGY.sets_of(*key) for key in wrong if TERMINOLOGY.sets_of(*key)} == {}


def test_retired_codes_are_marked_wherever_they_are():
    retired = {
        (system, code) for system, codes in fact_base.RETIRED.items() for code in codes[""].split()
    }
    assert {(entry.system, entry.code) for entry in ENTRIES if entry.retired} == retired
    assert [
        entry for entry in ENTRIES if (entry.system, entry.code) in retired and not entry.retired
    ] == []


def test_filters_are_on_code_systems_whose_codes_spell_their_hierarchy():
    assert [
        entry for entry in ENTRIES if entry.is_filter and entry.system not in CODES_SPELL_HIERARCHY
    ] == []


CLINICAL = {LOINC, SNOMED, RXNORM, DMD}
EMITTED = [
    (name, coding["system"], coding["code"], coding.get("display", ""))
    for name, definition in ACTIVITY_DEFINITIONS.items()
    for coding in codings_in(definition)
    if coding["system"] in CLINICAL
]


@pytest.mark.parametrize(("name", "system", "code", "display"), EMITTED)
def test_an_order_template_uses_only_verified_current_codes_under_their_own_names(
    name, system, code, display
):
    if code in fact_base.ORDER_CODINGS.get(system, "").split():
        return
    entries = [
        entry
        for entry in ENTRIES
        if (entry.system, entry.code, entry.side) == (system, code, "include")
    ]
    assert entries, "the code is in no value set"
    assert [entry.value_set for entry in entries if entry.retired or entry.review] == []
    assert display == entries[0].display


def test_value_sets_that_changed_are_read_anew(tmp_path):
    """Loading cards anew takes them as they stand; engines share them while they stay the same."""
    profiles = shutil.copytree(PROFILES, tmp_path / "profiles")
    first = Terminology.load(profiles)
    assert Terminology.load(profiles) is first
    file = profiles / "value-sets" / "mma.json"
    system, code = first.concepts["mma"][0][:2]
    file.write_text(file.read_text("utf-8").replace(f'"{code}"', '"0-0"'), "utf-8")
    changed = Terminology.load(profiles)
    assert (first.holds("mma", system, code), changed.holds("mma", system, code)) == (True, False)
