"""One pass over what a client sent: every resource of the context patient, filed by type and, Observations, by value set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .json_shape import as_dict, as_list, as_text, codings, dicts
from .references import is_of_patient, is_of_somebody, reference_to
from .terminology import Terminology
from .version import other_version

# What is read of a patient, beside the Patient. Others (an Organization that was included) may be of nobody.
READ_TYPES = frozenset({
    "Observation", "Condition", "Procedure", "AllergyIntolerance", "MedicationRequest", "MedicationStatement",
    "MedicationAdministration", "MedicationDispense", "ServiceRequest",
})  # fmt: skip
# "Resource request returns no results": a valid request, but no information was documented or found (Epic on FHIR, FHIR Error Codes).
_EPIC, _NO_RESULTS = "urn:oid:1.2.840.114350.", "4101"
_NO_RESOURCES: list[dict[str, Any]] = []


class ResourceIndex:
    """Resources of one patient, each once however often it comes.

    ``excluded`` counts those of other patients or with no subject, which never enter; ``other_versions`` names the FHIR
    versions of those that are not read as R4.
    """

    __slots__ = (
        "_by_type",
        "_by_value_set",
        "_filed",
        "_terminology",
        "excluded",
        "medications",
        "other_versions",
        "patient",
        "patient_reference",
    )

    def __init__(self, patient_id: str, terminology: Terminology):
        self.patient_reference = f"Patient/{patient_id}"
        self.patient: dict[str, Any] | None = None
        self.medications: dict[str, dict[str, Any]] = {}
        self.excluded = 0
        self.other_versions: set[str] = set()
        self._terminology = terminology
        self._by_type: dict[str, list[dict[str, Any]]] = {}
        self._by_value_set: dict[str, list[dict[str, Any]]] = {}
        self._filed: set[tuple[str, str]] = set()

    def add(self, value: Any) -> bool:
        """File a resource, or each resource of a Bundle; whether ``value`` is all that the query found.

        Not complete: an OperationOutcome (alone, or as an entry that says more than that nothing was found), a Bundle with a
        ``next`` link or with fewer entries than its ``total``, a resource of another FHIR version or of nobody, who may be the
        patient, what is no resource.
        ``null`` is complete: the client says that there is no data (CDS Hooks 3.0.0, "Prefetch Template").
        """
        if value is None:
            return True
        if not isinstance(value, dict):
            return False
        if not is_bundle(value):
            return self._file(value)
        complete = not lacks_entries(value)
        for entry in as_list(value.get("entry")):
            resource = entry.get("resource") if isinstance(entry, dict) else None
            complete &= isinstance(resource, dict) and (self._file(resource) or _found_nothing(resource))
            name = as_text(as_dict(entry).get("fullUrl"))
            if name.startswith("urn:") and as_dict(resource).get("resourceType") == "Medication":
                # What has no id yet is referred to by its name in the Bundle (FHIR R4, "Resolving references in Bundles").
                self.medications[name] = as_dict(resource)
        return complete and not any(link.get("relation") == "next" for link in dicts(value.get("link")))

    def _file(self, resource: dict[str, Any]) -> bool:
        """File one resource; whether it is a resource with data."""
        kind = resource.get("resourceType")
        if version := other_version(resource):
            self.other_versions.add(version)
            return False
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
            return kind not in READ_TYPES or is_of_somebody(resource)
        elif self._is_filed(kind, resource.get("id")):
            return True
        elif kind == "Observation":
            for value_set in self._terminology.sets_of_concept(resource.get("code")):
                self._by_value_set.setdefault(value_set, []).append(resource)
        else:
            self._by_type.setdefault(kind, []).append(resource)
        return True

    def _is_filed(self, kind: str, identity: Any) -> bool:
        """Whether the resource came before (in another Bundle, say); one without an id cannot be told."""
        if not isinstance(identity, str):
            return False
        key = kind, identity
        if key in self._filed:
            return True
        self._filed.add(key)
        return False

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """The resources of a type other than Observation, as received."""
        return self._by_type.get(kind, _NO_RESOURCES)

    def observations(self, value_set: str) -> list[dict[str, Any]]:
        """The Observations with a code in ``value_set``, as received."""
        return self._by_value_set.get(value_set, _NO_RESOURCES)


def resources_of(value: Any) -> Iterator[dict[str, Any]]:
    """The resource itself, or the resources in the entries of a Bundle."""
    resource = as_dict(value)
    if is_bundle(resource):
        for entry in dicts(resource.get("entry")):
            inner = entry.get("resource")
            if isinstance(inner, dict):
                yield inner
    elif resource:
        yield resource


def _found_nothing(resource: dict[str, Any]) -> bool:
    """Whether an entry is an OperationOutcome that says no more than that nothing was found, as Epic's servers have it in each
    empty Bundle. No other severity or code is passed over: information may be that the record is locked."""
    issues = dicts(resource.get("issue"))
    return (
        resource.get("resourceType") == "OperationOutcome"
        and bool(issues)
        and all(any(system.startswith(_EPIC) and code == _NO_RESULTS for system, code in codings(issue.get("details"))) for issue in issues)
    )


def is_bundle(value: dict[str, Any]) -> bool:
    """Whether ``value`` is a Bundle, or what can only be one."""
    return value.get("resourceType") == "Bundle" or "entry" in value


def lacks_entries(bundle: dict[str, Any]) -> bool:
    """Whether a Bundle holds fewer matches than the ``total`` that it states."""
    total = bundle.get("total")
    if not isinstance(total, int) or isinstance(total, bool):
        return False
    return total > sum(map(_is_match, as_list(bundle.get("entry"))))


def _is_match(entry: Any) -> bool:
    return bool(as_dict(as_dict(entry).get("search")).get("mode", "match") == "match")
