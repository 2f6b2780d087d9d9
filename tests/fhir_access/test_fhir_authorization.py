"""What SMART scopes let a token read."""

import pytest

from cds_service.fhir_server.authorization import FhirAuthorization, Reach


def _reach(scope, kind="Observation", *, search=True, patient=None):
    return FhirAuthorization("t", "Bearer", scope=scope, patient=patient).reach(
        kind, search=search, patient_id="pat-1"
    )


@pytest.mark.parametrize("context", ["patient", "user", "system"])
@pytest.mark.parametrize("permission", ["read", "*", "rs", "s", "cruds", "ds"])
def test_a_scope_covers_its_type_and_the_star_every_type(context, permission):
    assert _reach(f"{context}/Observation.{permission}") is Reach.WHOLE
    assert _reach(f"{context}/*.{permission}") is Reach.WHOLE
    assert _reach(f"{context}/Condition.{permission}") is Reach.NOTHING


@pytest.mark.parametrize(
    ("permission", "read", "search"),
    [("r", True, False), ("s", False, True), ("cud", False, False), ("write", False, False)],
)
def test_reading_and_searching_are_two_permissions(permission, read, search):
    assert (_reach(f"user/Observation.{permission}", search=False) is Reach.WHOLE) is read
    assert (_reach(f"user/Observation.{permission}", search=True) is Reach.WHOLE) is search


@pytest.mark.parametrize("scope", [None, "", "openid fhirUser launch/patient online_access", "vendor:observations", "user/Observation", "user/Observation.", "user/Observation.sr"])  # fmt: skip
def test_what_is_no_scope_of_smart_excludes_nothing(scope):
    assert _reach(scope) is Reach.WHOLE


def test_a_restricted_scope_reaches_a_part():
    restricted = "user/Observation.rs?category=laboratory"
    assert _reach(restricted) is Reach.PART
    assert _reach(f"{restricted} user/Observation.rs?category=vital-signs") is Reach.PART
    assert _reach(f"{restricted} user/Observation.read") is Reach.WHOLE
    assert _reach(restricted, "Condition") is Reach.NOTHING


def test_a_patient_scope_is_for_the_patient_of_the_token():
    assert _reach("patient/*.rs") is Reach.WHOLE
    assert _reach("patient/*.rs", patient="pat-1") is Reach.WHOLE
    assert _reach("patient/*.rs", patient="pat-2") is Reach.NOTHING
    assert _reach("patient/*.rs user/Observation.rs", patient="pat-2") is Reach.WHOLE


def test_a_token_is_not_shown():
    assert "secret" not in repr(FhirAuthorization("secret", "Bearer"))
