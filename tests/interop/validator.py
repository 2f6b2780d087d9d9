"""HL7's validator over the package, its examples, and every order and CarePlan that the service writes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cds_service.config import Settings
from cds_service.engine import PARAMETER_SETS, Engine
from cds_service.export.package import write_package
from tests.interop.outcome import Failed, Outcomes
from tests.interop.tools import BUILD, run
from tests.spec.scenarios import EVERY_CARD
from tests.support.apply import parameters as apply_parameters
from tests.support.clinic import client

# What the validator says of HL7's own definitions too, which is shown by the control: keys of its messages.
KNOWN = {
    "ERROR_GENERATING_SNAPSHOT": "without a package of its own it cannot make a snapshot of an extension while it validates it"
}
SNAPSHOTS = BUILD / "snapshots"
_PROFILES = "https://b12-folate-cds.example.org/fhir/StructureDefinition/"
_DRUGS = ("hydroxocobalamin", "cyanocobalamin", "folic-acid")
Message = dict[str, Any]


def validate(java: str, outcomes: Outcomes) -> None:
    """Everything that is handed over and written: no error but those that the control shows to be the validator's own."""
    folders = _written()
    shutil.rmtree(SNAPSHOTS, ignore_errors=True)
    SNAPSHOTS.mkdir()
    answer = run(["java", "-Xmx2g", "-cp", java, "interop.Validate", SNAPSHOTS, *folders], outcomes)
    if answer.returncode:
        raise Failed(answer.stderr[-2000:])
    *messages, total = map(json.loads, answer.stdout.splitlines())
    files = sum(
        1
        for folder in folders
        for path in folder.glob("*.json")
        if path.name not in ("package.json", ".index.json")
    )
    if total["validated"] != files:
        raise Failed(f"{total['validated']} of {files} resources were validated")
    profiles = sorted(folders[0].glob("StructureDefinition-*.json"))
    if total["snapshots"] != len(profiles):
        raise Failed(f"snapshots of {total['snapshots']} of {len(profiles)} profiles were made")
    for profile in profiles:
        _refuse_lost(profile)
    errors = [message for message in messages if message["severity"] in ("error", "fatal")]
    control = {message.get("key") for message in errors if message["file"].startswith("control/")}
    # Of a language that is not among HL7's common ones the validator says both: an error, and that such a code is recommended.
    recommended = {
        (item["file"], item.get("path"))
        for item in messages
        if item.get("key") == "Terminology_TX_NoValid_18"
    }
    ours = [
        item
        for item in errors
        if not item["file"].startswith("control/")
        and (item["file"], item.get("path")) not in recommended
    ]
    if KNOWN.keys() - control:
        raise Failed(
            f"the control shows no {KNOWN.keys() - control} any more: take it off the list"
        )
    if wrong := [message for message in ours if message.get("key") not in KNOWN]:
        raise Failed(
            "\n".join(f"{item['file']} {item.get('path')}: {item['what']}" for item in wrong[:20])
        )
    print(
        f"  {files} resources, {len(profiles)} snapshots, {len(errors)} errors that HL7's own definitions get too"
    )


def _refuse_lost(profile: Path) -> None:
    """That the snapshot has every element and invariant that the profile states."""
    stated = json.loads(profile.read_text("utf-8"))["differential"]["element"]
    made = json.loads((SNAPSHOTS / profile.name).read_text("utf-8"))["snapshot"]["element"]
    keys = {
        element["id"]: {item["key"] for item in element.get("constraint", ())} for element in made
    }
    for element in stated:
        if (
            lost := {item["key"] for item in element.get("constraint", ())}
            - keys.get(element["id"], set())
            or element["id"] not in keys
        ):
            raise Failed(f"the snapshot of {profile.stem} lost of {element['id']}: {lost}")


def _written() -> list[Path]:
    shutil.rmtree(BUILD / "written", ignore_errors=True)
    folders = [BUILD / "written" / "package"]
    write_package(Engine(Settings(cards=())), folders[0].parent)
    folders.append(folders[0] / "example")
    for parameters in PARAMETER_SETS[1:]:
        write_package(
            Engine(Settings(parameters=parameters, cards=())), BUILD / "written" / parameters
        )
        folders.append(_changed(BUILD / "written" / parameters / "package", folders[0]))
    folders.append(BUILD / "written" / "answers")
    folders[-1].mkdir()
    for name, resource in _answers():
        (folders[-1] / f"{name}.json").write_text(json.dumps(resource), "utf-8")
    return folders


def _changed(package: Path, published: Path) -> Path:
    """The package of another set without what is the same as published."""
    for path in package.glob("*.json"):
        other = published / path.name
        if other.exists() and other.read_bytes() == path.read_bytes():
            path.unlink()
    return package


def _answers() -> Iterator[tuple[str, dict[str, Any]]]:
    """The orders of every card in every set, each against its profile, and the CarePlan of every card."""
    for parameters in PARAMETER_SETS:
        for card_id, request in EVERY_CARD.items():
            for place, order in enumerate(orders_of(request, parameters)):
                yield (
                    f"{parameters}-{card_id}-{place}",
                    {**order, "id": f"order-{place}", "meta": {"profile": [profile_of(order)]}},
                )
    for card_id, request in EVERY_CARD.items():
        answer = client().post(
            f"/fhir/PlanDefinition/{card_id}/$apply", json=apply_parameters(request)
        )
        yield f"apply-{card_id}", {**answer.get_json(), "id": "applied"}


def orders_of(request: dict[str, Any], parameters: str = "default") -> list[dict[str, Any]]:
    """The orders that the cards of a call would create."""
    cards = (
        client(parameters=parameters)
        .post(f"/cds-services/b12-folate-{request['hook']}", json=request)
        .get_json()["cards"]
    )
    actions = [
        action
        for card in cards
        for suggestion in card.get("suggestions", [])
        for action in suggestion["actions"]
    ]
    return [action["resource"] for action in actions if action["type"] == "create"]


def profile_of(order: dict[str, Any]) -> str:
    """The profile of ours that an order is made to."""
    if order["resourceType"] == "ServiceRequest":
        return f"{_PROFILES}laboratory-order"
    template = order["instantiatesCanonical"][0].rpartition("/")[2]
    return f"{_PROFILES}{next(drug for drug in _DRUGS if template.startswith(drug))}-order"
