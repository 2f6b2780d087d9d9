"""The list of codes that still need review, as ``check`` gives it."""

from __future__ import annotations

import json

from cds_service.authoring.terminology_review import UnverifiedCode, unverified_codes
from tests.fhir_profiles.profiles import ACTIVITY_DEFINITIONS, ENTRIES, EXTENSION

NEEDED = {"url": EXTENSION + "code-review", "valueCode": "needed"}
REASON = {"url": EXTENSION + "code-review-reason", "valueString": "The name was not read."}
SOURCE = {"url": EXTENSION + "code-source", "valueString": "A public table"}


def listed(folder, *includes):
    """What is listed for a value set with these includes."""
    (folder / "value-sets").mkdir()
    (folder / "value-sets" / "dialysis.json").write_text(
        json.dumps({"id": "dialysis", "compose": {"include": includes}})
    )
    return unverified_codes(folder)


def test_a_marked_code_is_listed_with_its_name_and_the_reason(tmp_path):
    concepts = [
        {"extension": [SOURCE], "code": "105502003", "display": "Dependence on renal dialysis"},
        {"extension": [SOURCE, NEEDED, REASON], "code": "302497006", "display": "Hemodialysis"},
    ]
    expected = UnverifiedCode(
        "value-sets/dialysis.json",
        "http://snomed.info/sct",
        "302497006",
        "Hemodialysis",
        "The name was not read.",
        False,
    )
    assert listed(tmp_path, {"system": "http://snomed.info/sct", "concept": concepts}) == [expected]


def test_a_marked_filter_is_listed_as_the_branch_of_codes(tmp_path):
    system = "http://hl7.org/fhir/sid/icd-10"
    condition = [{"property": "concept", "op": "is-a", "value": "Z49"}]
    marked = {"extension": [SOURCE, NEEDED, REASON], "system": system, "filter": condition}
    unmarked = {
        "extension": [SOURCE],
        "system": system,
        "filter": [{**condition[0], "value": "Z99"}],
    }
    assert listed(tmp_path, marked, unmarked) == [
        UnverifiedCode(
            "value-sets/dialysis.json", system, "Z49", "", "The name was not read.", True
        )
    ]


def test_a_mark_without_a_reason_is_still_listed(tmp_path):
    include = {
        "system": "http://snomed.info/sct",
        "concept": [{"extension": [NEEDED], "code": "302497006"}],
    }
    assert listed(tmp_path, include) == [
        UnverifiedCode(
            "value-sets/dialysis.json", "http://snomed.info/sct", "302497006", "", "", False
        )
    ]


def order(folder, **concept):
    """What is listed for an order template of this product."""
    (folder / "activity-definitions").mkdir()
    text = json.dumps(
        {"id": "vitamin", "productCodeableConcept": {"coding": [], "text": "Vitamin", **concept}}
    )
    (folder / "activity-definitions" / "vitamin.json").write_text(text)
    return unverified_codes(folder)


def test_the_ingredient_that_stands_for_a_product_is_listed_by_its_order(tmp_path):
    system = "http://www.nlm.nih.gov/research/umls/rxnorm"
    codings = [
        {"extension": [NEEDED, REASON], "system": system, "code": "4511", "display": "folic acid"},
        {"system": system, "code": "310410", "display": "folic acid 1 MG Oral Tablet"},
    ]
    expected = UnverifiedCode(
        "activity-definitions/vitamin.json",
        system,
        "4511",
        "folic acid",
        "The name was not read.",
        False,
    )
    assert order(tmp_path, coding=codings) == [expected]


def test_a_code_that_an_order_lacks_is_listed_by_what_it_orders(tmp_path):
    expected = UnverifiedCode(
        "activity-definitions/vitamin.json", "", "", "Vitamin", "The name was not read.", False
    )
    assert order(tmp_path, extension=[NEEDED, REASON]) == [expected]


def test_every_shipped_code_that_is_marked_is_listed_with_a_reason():
    found = unverified_codes()
    assert all(item.reason for item in found)
    marked = {
        (f"value-sets/{entry.value_set}.json", entry.system, entry.code, entry.is_filter)
        for entry in ENTRIES
        if entry.review
    }
    assert {
        (item.file, item.system, item.code, item.and_below) for item in found if not item.in_order
    } == marked


def test_every_order_is_coded_as_a_product_and_a_test_in_both_systems_or_is_listed():
    """A product has its strength in its name. An ingredient, or a test without a SNOMED CT code, is told by ``check``."""
    listed_codes = {(item.file, item.code) for item in unverified_codes() if item.in_order}
    lacking = set()
    for name, definition in ACTIVITY_DEFINITIONS.items():
        file = f"activity-definitions/{name}.json"
        if product := definition.get("productCodeableConcept"):
            lacking |= {
                (file, coding["code"])
                for coding in product["coding"]
                if not any(map(str.isdigit, coding["display"].replace("B12", "")))
            }
        elif not any(
            coding["system"] == "http://snomed.info/sct" for coding in definition["code"]["coding"]
        ):
            lacking.add((file, ""))
    assert listed_codes == lacking
