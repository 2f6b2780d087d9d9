"""The patients of the sandbox on a FHIR server: what the service says of them read from there and in prefetch."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import Any

from cds_service.sandbox.by_example import everybody
from cds_service.sandbox.chart import PRACTITIONER
from cds_service.sandbox.demo import (
    DemoPatient,
    demo_patients,
    demo_records,
    hook_request,
    prefetched,
)
from tests.fhir_access.calls import authorization
from tests.interop.hapi import Hapi
from tests.interop.outcome import Failed
from tests.support.clinic import client, engine
from tests.support.fhir_builders import TODAY

Json = dict[str, Any]
_READING = {"fhir_budget": 30}
_BASE = "https://ehr.example.org/fhir"


@cache
def _patients() -> dict[str, DemoPatient]:
    return demo_patients(TODAY, engine().terminology, everybody(engine().cards))


def patients() -> Iterator[tuple[str, Json]]:
    """A call for each card, each for a patient of its own, with every query answered."""
    records, parts = demo_records(_patients()), engine().queries.parts.values()
    for identity, patient in _patients().items():
        if patient.person.card:
            yield (
                patient.person.card,
                {**hook_request(patient), "prefetch": prefetched(parts, records, identity, _BASE)},
            )


def load_patients(hapi: Hapi) -> None:
    """Store the record of each patient; what others refer to comes first."""
    resources = [
        PRACTITIONER,
        *chain.from_iterable(patient.record for patient in _patients().values()),
    ]
    referred_to = ("Practitioner", "Patient", "Medication")
    for resource in sorted(resources, key=lambda item: item["resourceType"] not in referred_to):
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
    (templates,) = (
        service["prefetch"] for service in services if service["hook"] == request["hook"]
    )
    patient = request["context"]["patientId"]
    return {
        key: hapi.get(template.replace("{{context.patientId}}", patient))
        for key, template in templates.items()
    }


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
    return [
        (
            card["source"]["topic"]["code"],
            card["detail"],
            [item["label"] for item in card.get("suggestions", [])],
        )
        for card in answer
    ]


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
    return [
        [action["resource"] for action in item["actions"] if action["type"] == "create"]
        for item in suggestions
    ]


def template(order: Json) -> str:
    """The template that an order was made from."""
    found: str = order["instantiatesCanonical"][0].rpartition("/")[2]
    return found
