"""One pass over what a client sent: every resource of the context patient, filed by type and, Observations, by value set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .json_shape import as_dict, as_list, dicts
from .references import is_of_patient, reference_to
from .terminology import Terminology

_NO_RESOURCES: list[dict[str, Any]] = []


class ResourceIndex:
    """Resources of one patient. ``excluded`` counts those of other patients or with no subject, which never enter."""

    __slots__ = ("_by_type", "_by_value_set", "_terminology", "excluded", "medications", "patient", "patient_reference")

    def __init__(self, patient_id: str, terminology: Terminology):
        self.patient_reference = f"Patient/{patient_id}"
        self.patient: dict[str, Any] | None = None
        self.medications: dict[str, dict[str, Any]] = {}
        self.excluded = 0
        self._terminology = terminology
        self._by_type: dict[str, list[dict[str, Any]]] = {}
        self._by_value_set: dict[str, list[dict[str, Any]]] = {}

    def add(self, value: Any) -> bool:
        """File a resource, or each resource of a Bundle; whether ``value`` is all that the query found.

        Not complete: an OperationOutcome (alone or as an entry), a Bundle with a ``next`` link or with fewer entries
        than its ``total``, what is no resource. ``null`` is complete: the client says that there is no data (CDS Hooks
        3.0.0, "Prefetch Template").
        """
        if value is None:
            return True
        if not isinstance(value, dict):
            return False
        if not _is_bundle(value):
            return self._file(value)
        complete = True
        entries = as_list(value.get("entry"))
        for entry in entries:
            resource = entry.get("resource") if isinstance(entry, dict) else None
            complete &= isinstance(resource, dict) and self._file(resource)
        total = value.get("total")
        if isinstance(total, int) and not isinstance(total, bool) and total > sum(map(_is_match, entries)):
            return False
        return complete and not any(link.get("relation") == "next" for link in dicts(value.get("link")))

    def _file(self, resource: dict[str, Any]) -> bool:
        """File one resource; whether it is a resource with data."""
        kind = resource.get("resourceType")
        if kind == "Patient":
            if reference_to(resource) == self.patient_reference:
                self.patient = resource
            else:
                self.excluded += 1
        elif kind == "Medication":
            self.medications[reference_to(resource)] = resource
        elif not isinstance(kind, str) or kind == "OperationOutcome":
            return False
        elif not is_of_patient(resource, self.patient_reference):
            self.excluded += 1
        elif kind == "Observation":
            for value_set in self._terminology.sets_of_concept(resource.get("code")):
                self._by_value_set.setdefault(value_set, []).append(resource)
        else:
            self._by_type.setdefault(kind, []).append(resource)
        return True

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """The resources of a type other than Observation, as received."""
        return self._by_type.get(kind, _NO_RESOURCES)

    def observations(self, value_set: str) -> list[dict[str, Any]]:
        """The Observations with a code in ``value_set``, as received."""
        return self._by_value_set.get(value_set, _NO_RESOURCES)


def resources_of(value: Any) -> Iterator[dict[str, Any]]:
    """The resource itself, or the resources in the entries of a Bundle."""
    resource = as_dict(value)
    if _is_bundle(resource):
        for entry in dicts(resource.get("entry")):
            inner = entry.get("resource")
            if isinstance(inner, dict):
                yield inner
    elif resource:
        yield resource


def _is_bundle(value: dict[str, Any]) -> bool:
    return value.get("resourceType") == "Bundle" or "entry" in value


def _is_match(entry: Any) -> bool:
    return bool(as_dict(as_dict(entry).get("search")).get("mode", "match") == "match")
