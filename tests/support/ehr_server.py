"""An :class:`~tests.support.ehr_rules.Ehr` as a FHIR server over HTTP, with the caching, the notes and the manners of real ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from tests.support.ehr_rules import Ehr, Refusal
from tests.support.fhir_server import FhirServer, Handler, running

KINDS = (
    "Patient", "Observation", "Condition", "Procedure", "AllergyIntolerance", "MedicationRequest", "MedicationStatement",
    "MedicationAdministration", "MedicationDispense", "ServiceRequest", "Medication",
)  # fmt: skip


def statement(ehr: Ehr) -> dict[str, Any]:
    """The CapabilityStatement of an EHR: as Epic and Oracle Health have it, ``_count`` is named with the other parameters, and
    ``_sort`` is where it is taken."""
    names_controls = ehr.counted is not None or ehr.unsorted
    resources = []
    for kind in KINDS:
        if kind in ehr.lacks:
            continue
        names = [
            "patient",
            *(["code"] if kind == "Observation" else []),
            *(["intent"] if kind == "MedicationRequest" else []),
        ]
        names += (
            ["_count"] if names_controls and (ehr.counted is None or kind in ehr.counted) else []
        )
        names += ["_sort"] if names_controls and not ehr.unsorted else []
        resources.append(
            {
                "type": kind,
                "interaction": [{"code": "read"}, {"code": "search-type"}],
                "searchParam": [{"name": name} for name in names],
                "searchInclude": ["*", f"{kind}:medication"] if ehr.includes else [],
            }
        )
    return {
        "resourceType": "CapabilityStatement",
        "fhirVersion": "4.0.1",
        "rest": [{"mode": "server", "resource": resources}],
    }


class EhrServer(FhirServer):
    """``ehr`` answers. ``caches``: as HAPI does, a search that was made is answered again as it was, unless asked otherwise."""

    ehr: Ehr
    caches: bool = False
    public_name: str = ""

    def asked(self, kind: str) -> list[dict[str, list[str]]]:
        """The queries that were asked for a resource type."""
        return [seen.query for seen in self.seen if seen.kind == kind]


@contextmanager
def playing(ehr: Ehr, *, caches: bool = False, public_name: str = "") -> Iterator[EhrServer]:
    """A FHIR server of ``ehr`` until the block ends. ``public_name``: the base URL that it knows itself by."""
    server = EhrServer(list(ehr.resources))
    server.ehr, server.caches, server.public_name = ehr, caches, public_name
    kept: dict[str, Any] = {}

    def answer(handler: Handler) -> None:
        seen = handler.request_seen
        if seen.kind == "metadata":
            return handler.send(statement(server.ehr))
        url = seen.path.removeprefix("/fhir/")
        query = "&".join(
            f"{name}={value}" for name, values in seen.query.items() for value in values
        )
        url = f"{url}?{query}" if query else url
        reuse = server.caches and "no-cache" not in seen.headers.get("Cache-Control", "")
        try:
            page = kept[url] if reuse and url in kept else server.ehr.answer(url)
        except Refusal as refusal:
            issue = {"severity": "error", "code": "processing", "diagnostics": refusal.diagnostics}
            return handler.send(
                {"resourceType": "OperationOutcome", "issue": [issue]}, refusal.status
            )
        kept[url] = page
        for link in page.get("link", ()):
            if "://" not in link["url"]:
                link["url"] = f"{server.public_name or server.url}/{link['url']}"
        return handler.send(page)

    server.behaviours["*"] = answer
    with running(server):
        yield server


def filed(server: EhrServer, *resources: dict[str, Any]) -> None:
    """File more resources into the record."""
    server.ehr = replace(server.ehr, resources=(*server.ehr.resources, *resources))
