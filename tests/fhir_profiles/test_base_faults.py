"""``validate`` refuses what breaks base FHIR R4, as far as it claims to."""

from __future__ import annotations

import pytest

from cds_service.authoring.validation import Validator
from tests.fhir_profiles.base_faults import BASES, faulty
from tests.fhir_profiles.profiles import EXAMPLES

VALIDATOR = Validator()
FAULTY = faulty()


@pytest.mark.parametrize("fault", FAULTY)
def test_a_fault_is_refused(fault):
    assert VALIDATOR.validate(FAULTY[fault]).failed


@pytest.mark.parametrize("name", BASES)
def test_without_the_fault_the_resource_passes(name):
    assert not VALIDATOR.validate(BASES[name]).failed


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_conforms_breaks_no_rule_of_r4(name):
    assert [finding.code for finding in VALIDATOR.validate(EXAMPLES[name]).findings] == []


def test_dates_of_different_precision_are_not_held_against_a_period():
    result = {**BASES["result"], "effectivePeriod": {"start": "2026-11", "end": "2026-11-10"}}
    del result["effectiveDateTime"]
    assert not VALIDATOR.validate(result).failed
