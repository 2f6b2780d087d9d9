"""Typed, named facts with provenance, computed from a patient's FHIR resources. Pure: no Flask, no
I/O, no clock."""

from importlib import import_module
from pkgutil import iter_modules

# The modules that register facts, in the order in which cards name unknown facts and pages list all
# facts.
_SUBJECTS = (
    "b12_results", "b12", "b12_gaps", "history", "renal", "b12_therapy", "b12_therapy_orders",
    "b12_therapy_effect", "bleeding", "blood_count", "drafts", "regimen", "draft_regimen",
    "exposure", "folate", "malabsorption", "patient", "requested_tests", "potassium_orders",
    "response", "test_orders",
)  # fmt: skip

# A module that is not listed above comes last.
for _module in dict.fromkeys(
    (*_SUBJECTS, *sorted(module.name for module in iter_modules(__path__)))
):
    import_module(f"{__name__}.{_module}")
