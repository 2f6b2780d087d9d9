"""Pure: a patient's FHIR resources in, typed and named facts with provenance out. No Flask, no I/O, no clock."""

from importlib import import_module
from pkgutil import iter_modules

# A module registers its facts when it is imported; the catalogue has them in the order of the modules' names.
for _module in sorted(iter_modules(__path__), key=lambda module: module.name):
    import_module(f"{__name__}.{_module.name}")
