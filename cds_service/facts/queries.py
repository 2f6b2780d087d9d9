"""The FHIR queries that facts read, by prefetch key. Discovery's prefetch templates are made from them.

Searches are by reference and token only, one parameter of a name, without status or date limits: text-only, past and
status-less resources would be lost (clinical specification, section 2).
"""

from __future__ import annotations

from typing import NamedTuple


class Query(NamedTuple):
    """A query: the resource type; for Observations, the value sets whose codes are asked for."""

    resource_type: str
    value_sets: tuple[str, ...] = ()
    laboratory: bool = False


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
