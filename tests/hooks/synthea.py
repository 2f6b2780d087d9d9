"""Synthea records as a FHIR server would hold and search them."""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

RECORDS = Path(__file__).parents[1] / "fixtures" / "synthea-r4"
NAMES = tuple(sorted(path.name.removesuffix(".json.gz") for path in RECORDS.glob("*.json.gz")))


class Record(NamedTuple):
    """A loaded record. ``now``: the day after its last Observation."""

    patient: dict[str, Any]
    resources: list[dict[str, Any]]
    now: datetime


def load(name: str) -> Record:
    """Carry out the transaction: every resource gets its id, every ``urn:uuid:`` reference becomes ``Type/id``."""
    with gzip.open(RECORDS / f"{name}.json.gz", "rt", encoding="utf-8") as file:
        entries = json.load(file)["entry"]
    ids = {}
    for entry in entries:
        resource = entry["resource"]
        resource.setdefault("id", entry["fullUrl"].removeprefix("urn:uuid:"))
        ids[entry["fullUrl"]] = f"{resource['resourceType']}/{resource['id']}"
    resources = [_resolved(entry["resource"], ids) for entry in entries]
    [patient] = [resource for resource in resources if resource["resourceType"] == "Patient"]
    last = max(
        datetime.fromisoformat(resource["effectiveDateTime"])
        for resource in resources
        if resource["resourceType"] == "Observation"
    )
    return Record(patient, resources, last + timedelta(days=1))


def _resolved(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: ids.get(item, item) if key == "reference" else _resolved(item, ids)
            for key, item in value.items()
        }
    return [_resolved(item, ids) for item in value] if isinstance(value, list) else value


def prefetched(record: Record, templates: dict[str, str]) -> dict[str, Any]:
    """What a client sends for ``templates``: the answers of a FHIR server that holds only this record."""
    return {key: _answer(record, query) for key, query in templates.items()}


def _answer(record: Record, query: str) -> dict[str, Any]:
    kind, _, search = query.partition("?")
    if not search:
        return record.patient
    wanted = dict(parse_qsl(search)).get("code", "").split(",")
    found = [
        resource
        for resource in record.resources
        if resource["resourceType"] == kind
        and (
            wanted == [""]
            or any(f"{c['system']}|{c['code']}" in wanted for c in resource["code"]["coding"])
        )
    ]
    if kind == "Observation":
        found.sort(
            key=lambda resource: datetime.fromisoformat(resource["effectiveDateTime"]), reverse=True
        )
    entries = [
        {
            "fullUrl": f"https://ehr.example.org/fhir/{kind}/{resource['id']}",
            "resource": resource,
            "search": {"mode": "match"},
        }
        for resource in found
    ]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(found), "entry": entries}
