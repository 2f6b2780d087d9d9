"""Derives the profile for reading a server from its CapabilityStatement."""

from __future__ import annotations

from typing import Any

from ..facts.queries import ALWAYS_KEPT, QUERIES
from ..fhir.ehr_profile import EhrProfile
from ..fhir_server.capability import profile_of_statement


def statement_profile(profile: EhrProfile, statement: Any) -> EhrProfile:
    """Return ``profile`` adjusted to what the server's CapabilityStatement (parsed JSON)
    declares."""
    return profile_of_statement(
        statement,
        profile,
        {name: query.resource_type for name, query in QUERIES.items()},
        ALWAYS_KEPT,
    )
