"""The list of codes that still need review, as ``check`` gives it."""

from __future__ import annotations

import json

from cds_service.authoring.terminology_review import UnverifiedCode, unverified_codes

from .profiles import ENTRIES, EXTENSION

NEEDED = {"url": EXTENSION + "code-review", "valueCode": "needed"}
REASON = {"url": EXTENSION + "code-review-reason", "valueString": "The name was not read."}
SOURCE = {"url": EXTENSION + "code-source", "valueString": "A public table"}


def listed(folder, *includes):
    """What is listed for a value set with these includes."""
    (folder / "value-sets").mkdir()
    (folder / "value-sets" / "dialysis.json").write_text(json.dumps({"id": "dialysis", "compose": {"include": includes}}))
    return unverified_codes(folder)


def test_a_marked_code_is_listed_with_its_name_and_the_reason(tmp_path):
    concepts = [
        {"extension": [SOURCE], "code": "105502003", "display": "Dependence on renal dialysis"},
        {"extension": [SOURCE, NEEDED, REASON], "code": "302497006", "display": "Hemodialysis"},
    ]
    expected = UnverifiedCode("dialysis", "http://snomed.info/sct", "302497006", "Hemodialysis", "The name was not read.", False)
    assert listed(tmp_path, {"system": "http://snomed.info/sct", "concept": concepts}) == [expected]


def test_a_marked_filter_is_listed_as_the_branch_of_codes(tmp_path):
    system = "http://hl7.org/fhir/sid/icd-10"
    condition = [{"property": "concept", "op": "is-a", "value": "Z49"}]
    marked = {"extension": [SOURCE, NEEDED, REASON], "system": system, "filter": condition}
    unmarked = {"extension": [SOURCE], "system": system, "filter": [{**condition[0], "value": "Z99"}]}
    assert listed(tmp_path, marked, unmarked) == [UnverifiedCode("dialysis", system, "Z49", "", "The name was not read.", True)]


def test_a_mark_without_a_reason_is_still_listed(tmp_path):
    include = {"system": "http://snomed.info/sct", "concept": [{"extension": [NEEDED], "code": "302497006"}]}
    assert listed(tmp_path, include) == [UnverifiedCode("dialysis", "http://snomed.info/sct", "302497006", "", "", False)]


def test_every_shipped_code_that_is_marked_is_listed_with_a_reason():
    found = unverified_codes()
    assert all(item.reason for item in found)
    marked = {(entry.value_set, entry.system, entry.code, entry.is_filter) for entry in ENTRIES if entry.review}
    assert {(item.value_set, item.system, item.code, item.and_below) for item in found} == marked
