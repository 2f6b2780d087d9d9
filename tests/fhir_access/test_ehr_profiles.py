"""With the profile of its EHR, a record gives the cards that it gives where the EHR has everything."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from cds_service.config import Settings
from cds_service.engine import Engine, MissingData
from cds_service.fhir.retrieval import fetch_nothing
from tests.safety.patients import Visit, said, visits
from tests.spec.scenarios import ANSWERS, EVERY_CARD
from tests.support.ehr_rules import (
    ATHENA,
    EPIC,
    GENERIC,
    HAPI,
    NO_STATEMENTS,
    ORACLE,
    Ehr,
    call_of,
    fetching,
    prefetched,
)
from tests.support.fhir_builders import NOW, PATIENT

REQUESTS = {**EVERY_CARD, **ANSWERS}
# The EHR, and the profile that describes it.
PLAYED = {
    "without MedicationStatement": (NO_STATEMENTS, "epic"),
    "4119 on every Bundle": (Ehr(page=200, notices=("4119",)), ""),
    "every notice on every Bundle": (Ehr(page=200, notices=("4122", "4101", "59100")), ""),
    "Epic": (EPIC, "epic"),
    "Oracle Health": (ORACLE, "oracle"),
    "HAPI": (HAPI, "hapi"),
    "HAPI and nothing configured": (HAPI, ""),
    "athenahealth": (ATHENA, "athena"),
}


@cache
def engine(ehr: str, **site: Any) -> Engine:
    return Engine(Settings(ehr=ehr, **site))


def _record(values: dict[str, Any]) -> list[dict[str, Any]]:
    """What a request's prefetch holds, without what the EHRs that are played lack."""
    found = []
    for value in values.values():
        resources = (
            [entry["resource"] for entry in value["entry"]]
            if value and "entry" in value
            else [value]
            if value
            else []
        )
        found += [
            resource for resource in resources if resource["resourceType"] != "MedicationStatement"
        ]
    return found


def _said(
    ehr: Ehr,
    profile: str,
    hook: str,
    drafts: Any,
    *,
    reads: bool,
    now: Any = NOW,
    patient: str = PATIENT,
    **site: Any,
) -> Any:
    """The answer, in words and orders."""
    used = engine(profile, **site)
    values = {} if reads else prefetched(ehr, used, hook, patient)
    try:
        cards = used.answer(
            call_of(hook, patient, values, drafts, fetching(ehr) if reads else fetch_nothing), now
        )
    except MissingData as missing:
        return missing.keys
    return said([msgspec.to_builtins(card.shown) for card in cards])


def _drafts(request: dict[str, Any]) -> list[Any]:
    return [
        entry["resource"] for entry in request["context"].get("draftOrders", {}).get("entry", ())
    ]


@pytest.mark.parametrize("name", REQUESTS)
def test_no_card_is_lost_and_none_gained(name: str) -> None:
    """Prefetched, and read from the EHR's server."""
    request = REQUESTS[name]
    record = _record(request.get("prefetch") or {})
    asked = (request["hook"], _drafts(request))
    expected = _said(GENERIC.holding(*record), "generic", *asked, reads=False)
    found = {
        (played, reads): _said(ehr.holding(*record), profile, *asked, reads=reads)
        for played, (ehr, profile) in PLAYED.items()
        for reads in (False, True)
    }
    assert {played: said for played, said in found.items() if said != expected} == {}, expected


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(visits())
def test_nor_for_any_patient(visit: Visit) -> None:
    record = _record(visit.prefetch)
    asked = (visit.hook, visit.drafts if visit.hook.startswith("order") else [])
    expected = _said(GENERIC.holding(*record), "generic", *asked, reads=False, **visit.site)
    found = {
        played: _said(ehr.holding(*record), profile, *asked, reads=True, **visit.site)
        for played, (ehr, profile) in PLAYED.items()
    }
    assert {played: said for played, said in found.items() if said != expected} == {}, expected
