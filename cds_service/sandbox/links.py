"""Links that open a patient in the CDS Hooks Sandbox, with instructions and the cards to
expect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

import orjson

from ..engine import Engine
from ..hooks.request import read_call
from ..hooks.services import service_id
from ..rendering.cards import RenderedCard
from .by_example import everybody
from .demo import DemoPatient, demo_patients, demo_records, hook_request, parts_of, prefetched

SANDBOX = "https://sandbox.cds-hooks.org"
# The default address of HL7's CRD request generator.
CRD_REQUEST_GENERATOR = "http://localhost:3000"
# The tab of the Sandbox that fires each hook: a link with the hook alone opens another tab.
_SCREENS = {"patient-view": "patient-view", "order-select": "rx-view"}


class Addresses(NamedTuple):
    """Base URLs of the service and of the demo server."""

    service: str
    demo: str

    @property
    def discovery(self) -> str:
        """The URL of discovery."""
        return f"{self.service}/cds-services"

    @property
    def fhir(self) -> str:
        """The base URL for FHIR."""
        return f"{self.demo}/fhir"


def sandbox_link(patient: DemoPatient, addresses: Addresses) -> str:
    """The link that opens a patient in the CDS Hooks Sandbox with the service, at the tab of
    the patient's hook."""
    asked = {
        "fhirServiceUrl": addresses.fhir,
        "patientId": patient.person.id,
        "serviceDiscoveryURL": addresses.discovery,
        "hook": patient.hook,
        "screen": _SCREENS[patient.hook],
    }
    return f"{SANDBOX}/?{urlencode(asked)}"


def expected(
    engine: Engine, addresses: Addresses, now: datetime
) -> dict[str, tuple[DemoPatient, list[RenderedCard]]]:
    """Return each patient, by id, with the cards that ``engine`` shows for the patient's hook.

    A site's own parameters and cards may lead to other cards than the record was made for.
    """
    patients = demo_patients(
        now.astimezone(engine.zone).date(), engine.terminology, everybody(engine.cards)
    )
    records = demo_records(patients)
    found = {}
    for identity, patient in patients.items():
        body = {
            **hook_request(patient),
            "prefetch": prefetched(
                parts_of(engine, patient.hook), records, identity, addresses.fhir
            ),
        }
        found[identity] = (
            patient,
            engine.answer(read_call(orjson.dumps(body), (patient.hook,)), now),
        )
    return found


def sandbox_text(engine: Engine, addresses: Addresses, now: datetime) -> str:
    """The text printed at start: the addresses, and for each patient a link, the medicine to
    choose and the cards to expect."""
    shown = list(expected(engine, addresses, now).values())
    offered = [item for item in shown if item[0].person.choice]
    orders = [item for item in shown if item[0].order and not item[0].person.choice]
    opening = [item for item in shown if not item[0].order]
    service = f"{addresses.discovery}/{service_id('order-select', engine.settings)}"
    return "\n".join(
        [
            (
                "Open a link in Chrome, Edge or Firefox, and allow the page to reach this device "
                "if it asks. Then choose the order below the patient, if there is one."
            ),
            *_section("On opening the chart (patient-view)", opening, addresses),
            *_section("At ordering (order-select), in the tab Rx View", offered, addresses),
            "",
            (
                "At ordering, with orders that the CDS Hooks Sandbox does not list: fire the hook "
                "with"
            ),
            (
                f"  curl -s {addresses.demo}/requests/PATIENT | curl -H 'Content-Type: "
                f"application/json' --data @- {service}"
            ),
            *(line for patient, cards in orders for line in _lines(patient, cards)),
            "",
            f"Discovery:   {addresses.discovery}",
            f"FHIR server: {addresses.fhir} (R4, read-only, {len(shown)} made-up patients)",
            (
                'If the page says "All clear!", see docs/sandbox.md. Never use data of real '
                "patients. Stop with Ctrl-C."
            ),
        ]
    )


def _section(
    title: str, items: Iterable[tuple[DemoPatient, list[RenderedCard]]], addresses: Addresses
) -> Iterator[str]:
    yield from ("", title)
    for patient, cards in items:
        yield from _lines(patient, cards)
        yield f"    {sandbox_link(patient, addresses)}"


def _lines(patient: DemoPatient, cards: list[RenderedCard]) -> Iterator[str]:
    person = patient.person
    yield from ("", f"  {person.given} {person.family}, {person.age} ({person.id}). {person.story}")
    if person.choice:
        yield f"    Choose:  {person.choice.name}"
    yield f"    Expect:  {'; '.join(card.shown.summary for card in cards) or 'no card'}"
