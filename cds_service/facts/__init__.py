"""Pure: a patient's FHIR resources in, typed and named facts with provenance out. No Flask, no I/O, no clock."""

from . import (  # noqa: F401  (importing registers the facts; their order is the catalogue's)
    b12,
    b12_gaps,
    b12_therapy,
    bleeding,
    blood_count,
    draft_regimen,
    drafts,
    exposure,
    folate,
    history,
    malabsorption,
    patient,
    potassium_orders,
    regimen,
    renal,
    requested_tests,
    response,
    test_orders,
)
