"""The FHIR queries that facts read, by prefetch key. Discovery's prefetch templates are made from them.

Searches are by reference and token only, one parameter of a name, without status or date limits: text-only, past and
status-less resources would be lost (clinical specification, section 2).
"""

from __future__ import annotations

from typing import NamedTuple

from ..fhir.terminology import BASE, LOINC, SNOMED, Terminology


class Query(NamedTuple):
    """A query: the resource type; for Observations, the value sets whose codes are asked for."""

    resource_type: str
    value_sets: tuple[str, ...] = ()
    laboratory: bool = False


_SYSTEMS_OF_BARE_CODES = frozenset({LOINC, SNOMED})
QUERIES: dict[str, Query] = {
    "patient": Query("Patient"),
    "b12-results": Query(
        "Observation",
        ("b12-total", "b12-active", "mma", "homocysteine", "folate-serum", "folate-red-cell", "intrinsic-factor-antibody"),
        laboratory=True,
    ),
    "blood-count": Query("Observation", ("hb", "mcv", "platelets", "reticulocytes"), laboratory=True),
    "renal-and-potassium": Query(
        "Observation", ("potassium-laboratory", "potassium-point-of-care", "creatinine", "egfr"), laboratory=True
    ),
    "pregnancy-status": Query("Observation", ("pregnancy-status",)),
    "findings": Query("Observation", ("vegan-or-vegetarian", "resected-ileum-length")),
    "conditions": Query("Condition"),
    "procedures": Query("Procedure"),
    "allergies": Query("AllergyIntolerance"),
    "medication-requests": Query("MedicationRequest"),
    "medication-statements": Query("MedicationStatement"),
    "medication-administrations": Query("MedicationAdministration"),
    "medication-dispenses": Query("MedicationDispense"),
    "service-requests": Query("ServiceRequest"),
}  # fmt: skip


def search(key: str, patient: str, terminology: Terminology) -> str:
    """The FHIR read or search of the query ``key``, relative to a server's base; ``patient``: an id or a prefetch token."""
    query = QUERIES[key]
    if query.resource_type == "Patient":
        return f"Patient/{patient}"
    found = f"{query.resource_type}?patient={patient}"
    if query.value_sets:
        codes = [_token(*key) for value_set in query.value_sets for key in terminology.query_codes(value_set)]
        found += f"&code={','.join(dict.fromkeys(codes))}&_sort=-date&_count=200"
    return found


def _token(system: str, code: str) -> str:
    """A code as a search parameter has it; one of a site's own system is told by that too."""
    return code if system in _SYSTEMS_OF_BARE_CODES or system.startswith(BASE) else f"{system}|{code}"
