"""``python -m tests.interop``: hold what is handed over against other systems; ``… cql``: the criteria alone."""

from __future__ import annotations

import sys

from tests.interop import criteria, ehr, validator
from tests.interop.hapi import Hapi, load, running
from tests.interop.outcome import Failed, Outcomes
from tests.interop.tools import BUILD, classpath

_FACTS = {
    "hook": "order-select",
    "draft.folate_above_400_ug": True,
    "draft.folate_above_400_ug.known": True,
    "b12.deficiency_likely": True,
    "b12.deficiency_likely.known": True,
    "folate.pregnancy_possible": False,
    "folate.pregnancy_possible.known": True,
}


def main(only: str = "") -> int:
    """Run the checks; the exit code."""
    outcomes = Outcomes()
    criteria.replay_all(outcomes)
    if only != "cql":
        _with_java(outcomes)
    return outcomes.tell()


def _with_java(outcomes: Outcomes) -> None:
    java = ""
    with outcomes.check("HL7's validator and HAPI are there"):
        java = classpath(outcomes)
    if not java:
        return
    outcomes.run("HL7's validator finds no error of ours", validator.validate, java, outcomes)
    with outcomes.check("HAPI starts and stops"), running(java, outcomes) as hapi:
        outcomes.run(
            "the package loads",
            load,
            hapi,
            [BUILD / "written" / "package", BUILD / "written" / "package" / "example"],
        )
        outcomes.run("no service is announced", _announces_nothing, hapi)
        outcomes.run("$apply makes draft orders, and only with stated facts", _applies, hapi)
        outcomes.run("the patients load", ehr.load_patients, hapi)
        outcomes.run(
            "templates resolved on HAPI give the same cards", ehr.same_from_templates, hapi
        )
        outcomes.run("HAPI read by the service gives the same cards", ehr.same_from_server, hapi)
        outcomes.run("an accepted suggestion settles its card", ehr.settles, hapi)


def _announces_nothing(hapi: Hapi) -> None:
    if announced := hapi.announced():
        raise Failed(f"{len(announced)} services are announced")


def _applies(hapi: Hapi) -> None:
    hapi.put({"resourceType": "Patient", "id": "applied"})
    hapi.put({"resourceType": "Practitioner", "id": "doc"})
    for path in sorted((BUILD / "written" / "package").glob("ActivityDefinition-*.json")):
        order = hapi.apply("ActivityDefinition", path.stem.removeprefix("ActivityDefinition-"), {})
        if order["status"] != "draft":
            raise Failed(f"{path.stem} becomes an order of the status {order['status']}")
    for facts, wanted in (
        (_FACTS, True),
        ({**_FACTS, "b12.deficiency_likely": False}, False),
        ({}, False),
    ):
        contained = hapi.apply("PlanDefinition", "folic-acid-b12-deficient", facts).get(
            "contained", []
        )
        orders = [
            item
            for item in contained
            if item["resourceType"] in ("MedicationRequest", "ServiceRequest")
        ]
        if bool(orders) is not wanted or {item["status"] for item in orders} - {"draft"}:
            raise Failed(
                f"with {facts} it makes {[(item['resourceType'], item['status']) for item in orders]}"
            )
        if any(item["resourceType"] == "OperationOutcome" for item in contained):
            raise Failed(str(contained))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
