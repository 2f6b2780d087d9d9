"""Pure: a patient's FHIR resources in, typed and named facts with provenance out. No Flask, no I/O, no clock."""

from . import (  # noqa: F401  (importing registers the facts; their order is the catalogue's)
    patient,
    history,
    b12_therapy,
    b12,
    folate,
    blood_count,
    renal,
    drafts,
    requested_tests,
    regimen,
)
