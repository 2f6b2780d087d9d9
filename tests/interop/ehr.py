"""The patients of the test scenarios on a FHIR server: what the service says of them read from there and in prefetch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from itertools import chain
from typing import Any

from cds_service.facts.queries import QUERIES
from tests.fhir_access.calls import authorization
from tests.spec.scenarios import EVERY_CARD
from tests.support.clinic import client
from tests.support.fhir_builders import PATIENT, bundle

from .hapi import Hapi
from .outcome import Failed

Json = dict[str, Any]
_READING = {"fhir_budget": 30}


def patients() -> Iterator[tuple[str, Json]]:
    """A call for each card, each for a patient of its own, with every query answered."""
    for number, (card_id, request) in enumerate(EVERY_CARD.items(), 1):
        own = _of_patient(deepcopy(request), f"p{number}")
        own["prefetch"] = {key: own["prefetch"].get(key) or (bundle([]) if key != "patient" else None) for key in QUERIES}
        yield card_id, own


def _of_patient(request: Json, identity: str) -> Json:
    """The request for another patient: ids of its resources begin with the patient's."""
    ids = {f"{item['resourceType']}/{item['id']}": f"{item['resourceType']}/{identity}-{item['id']}" for item in resources(request)}
    ids[f"Patient/{PATIENT}"] = f"Patient/{identity}"
    for item in resources(request):
        item["id"] = identity if item["resourceType"] == "Patient" else f"{identity}-{item['id']}"
    request["context"]["patientId"] = identity
    changed: Json = json.loads(json.dumps(request), object_hook=lambda part: _renamed(part, ids))
    return changed


def _renamed(part: Json, ids: dict[str, str]) -> Json:
    reference = part.get("reference")
    return {**part, "reference": ids[reference]} if isinstance(reference, str) and reference in ids else part


def resources(request: Json) -> list[Json]:
    """The resources in the prefetch of a request."""
    values = [value for value in request["prefetch"].values() if value]
    bundled = [entry["resource"] for value in values if value["resourceType"] == "Bundle" for entry in value.get("entry", [])]
    return [*(value for value in values if value["resourceType"] != "Bundle"), *bundled]


def load_patients(hapi: Hapi) -> None:
    """Store the record of each patient."""
    for _, request in patients():
        for resource in sorted(resources(request), key=lambda item: item["resourceType"] != "Patient"):
            hapi.put(resource)


def same_from_templates(hapi: Hapi) -> None:
    """Our prefetch templates, resolved by the server as they are, give the same cards as the record in prefetch."""
    for card_id, request in patients():
        _compare(card_id, cards(request), cards({**request, "prefetch": resolved(hapi, request)}))


def same_from_server(hapi: Hapi) -> None:
    """The server read by the service gives the same cards as the record in prefetch."""
    for card_id, request in patients():
        bare = {name: value for name, value in request.items() if name != "prefetch"}
        read = {**bare, "fhirServer": hapi.base, "fhirAuthorization": authorization()}
        _compare(card_id, cards(request), cards(read))


def resolved(hapi: Hapi, request: Json) -> Json:
    """What the templates of the hook's service come to on the server."""
    services = client().get("/cds-services").get_json()["services"]
    (templates,) = (service["prefetch"] for service in services if service["hook"] == request["hook"])
    patient = request["context"]["patientId"]
    return {key: hapi.get(template.replace("{{context.patientId}}", patient)) for key, template in templates.items()}


def cards(request: Json) -> list[Json]:
    """The answer to a hook call."""
    response = client(**_READING).post(f"/cds-services/b12-folate-{request['hook']}", json=request)
    if response.status_code != 200:
        raise Failed(response.get_data(as_text=True))
    found: list[Json] = response.get_json()["cards"]
    return found


def _compare(card_id: str, wanted: list[Json], got: list[Json]) -> None:
    if _said(wanted) != _said(got):
        raise Failed(f"{card_id}: {_said(got)} in place of {_said(wanted)}")


def _said(answer: list[Json]) -> list[Any]:
    return [(card["source"]["topic"]["code"], card["detail"], [item["label"] for item in card.get("suggestions", [])]) for card in answer]


def settles(hapi: Hapi) -> None:
    """The first suggestion of each card on opening the chart is accepted and stored: then nobody suggests these orders again."""
    for card_id, request in patients():
        if request["hook"] not in ("patient-view", "encounter-discharge"):
            continue
        (card,) = (card for card in cards(request) if card["source"]["topic"]["code"] == card_id)
        accepted = created([card])[:1]
        for order in chain(*accepted):
            hapi.create({**order, "status": "active", "intent": "order"})
        after = created(cards({**request, "prefetch": resolved(hapi, request)}))
        if again := set(map(template, chain(*accepted))) & set(map(template, chain(*after))):
            raise Failed(f"{card_id}: {', '.join(again)} is suggested again after it was accepted")


def created(answer: list[Json]) -> list[list[Json]]:
    """The orders of each suggestion."""
    suggestions = [suggestion for card in answer for suggestion in card.get("suggestions", [])]
    return [[action["resource"] for action in item["actions"] if action["type"] == "create"] for item in suggestions]


def template(order: Json) -> str:
    """The template that an order was made from."""
    found: str = order["instantiatesCanonical"][0].rpartition("/")[2]
    return found
