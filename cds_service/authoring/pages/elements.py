"""The content of the page on the FHIR elements that the service reads, from their declaration."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from ...fhir.r4 import declared_elements


def element_rows() -> list[dict[str, Any]]:
    """Return the top-level elements of each resource, each with the elements read inside it."""
    resources = []
    for kind, of_kind in groupby(declared_elements(), lambda element: element.path.split(".")[0]):
        rows = []
        for name, group in groupby(of_kind, lambda element: element.path.split(".")[1]):
            first, *inner = group
            within = [element.path.removeprefix(f"{first.path}.") for element in inner]
            rows.append(
                {
                    "name": name,
                    "is_list": first.is_list,
                    "within": within,
                    "other": first.of_another_version,
                }
            )
        resources.append({"kind": kind, "rows": rows})
    return resources
