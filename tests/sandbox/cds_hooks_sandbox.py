"""The public CDS Hooks Sandbox as a client: what its pages do with a link, in the order and form in which they do it.

Told by its source (``cds-hooks/sandbox``: main-view, fhir-metadata-retrieval, patient-retrieval, service-exchange,
medication-reducers).
"""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import requests

from tests.support.waiting import PATIENCE

ORIGIN = "https://sandbox.cds-hooks.org"
Json = dict[str, Any]


class Sandbox:
    """The page behind a link: its patient, its FHIR server and the services that it knows.

    ``token`` makes the bearer token of a call to a URL.
    """

    def __init__(self, link: str, token: Any = lambda url: "token"):
        parts = urlsplit(link)
        assert f"{parts.scheme}://{parts.netloc}" == ORIGIN
        asked = {
            name: value for name, (value,) in parse_qs(parts.query, strict_parsing=True).items()
        }
        self._token = token
        self.fhir, self.hook, self.screen = asked["fhirServiceUrl"], asked["hook"], asked["screen"]
        assert self._read(f"{self.fhir}/metadata")["fhirVersion"] == "4.0.1"
        assert self._read(f"{self.fhir}/Patient")["entry"]
        self.patient = self._read(f"{self.fhir}/Patient/{asked['patientId']}")
        self.conditions = self._read(f"{self.fhir}/Condition?patient={self.patient['id']}")
        self.services = {
            f"{discovery}/{service['id']}": service
            for discovery in asked["serviceDiscoveryURL"].split(",")
            for service in self._read(discovery, Authorization=f"Bearer {token(discovery)}")[
                "services"
            ]
        }

    def cards(
        self, medicine: tuple[str, str] | None = None, *, prefetching: bool = True
    ) -> list[Json]:
        """The cards of the link's hook; ``medicine``: what is chosen in the list, by code and name."""
        context: Json = {
            "patientId": self.patient["id"],
            "userId": "Practitioner/COREPRACTITIONER1",
        }
        if medicine:
            assert (self.hook, self.screen) == ("order-select", "rx-view")
            context |= {
                "selections": ["MedicationRequest/request-123"],
                "draftOrders": {
                    "resourceType": "Bundle",
                    "entry": [{"resource": self._order(*medicine)}],
                },
            }
        else:
            assert (self.hook, self.screen) == ("patient-view", "patient-view")
        ((url, service),) = (
            (url, service) for url, service in self.services.items() if service["hook"] == self.hook
        )
        body = {
            "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
            "hook": self.hook,
            "fhirServer": self.fhir,
            "context": context,
        }
        if prefetching:
            body["prefetch"] = {
                key: self._prefetched(template) for key, template in service["prefetch"].items()
            }
        answer = requests.post(
            url,
            json=body,
            headers={"Origin": ORIGIN, "Authorization": f"Bearer {self._token(url)}"},
            timeout=PATIENCE,
        )
        found: list[Json] = _readable(answer)["cards"]
        return found

    def _prefetched(self, template: str) -> Json:
        kind, is_search, query = template.replace(
            "{{context.patientId}}", self.patient["id"]
        ).partition("?")
        if not is_search:
            return self._read(f"{self.fhir}/{kind}")
        form = parse_qsl(query, strict_parsing=True)
        url = f"{self.fhir}/{kind}/_search"
        return _readable(
            requests.post(
                url,
                data=form,
                headers={"Origin": ORIGIN, "Accept": "application/json+fhir"},
                timeout=PATIENCE,
            )
        )

    def _order(self, code: str, name: str) -> Json:
        concept = {
            "text": name,
            "coding": [
                {
                    "display": name,
                    "system": "http://www.nlm.nih.gov/research/umls/rxnorm",
                    "code": code,
                }
            ],
        }
        pill = {"value": 1, "system": "http://unitsofmeasure.org", "code": "{pill}"}
        repeat = {"frequency": 1, "period": 1, "periodUnit": "d"}
        return {
            "resourceType": "MedicationRequest",
            "id": "request-123",
            "status": "draft",
            "intent": "order",
            "category": {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/medicationrequest-category",
                        "code": "community",
                    }
                ]
            },
            "subject": {"reference": f"Patient/{self.patient['id']}"},
            "authoredOn": date.today().isoformat(),
            "dosageInstruction": [
                {"timing": {"repeat": repeat}, "doseAndRate": [{"doseQuantity": pill}]}
            ],
            "medicationCodeableConcept": concept,
        }

    def _read(self, url: str, **headers: str) -> Json:
        return _readable(
            requests.get(
                url,
                headers={"Origin": ORIGIN, "Accept": "application/json+fhir", **headers},
                timeout=PATIENCE,
            )
        )


def _readable(answer: requests.Response) -> Json:
    """What the page's script gets: nothing, unless the server lets its origin read."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    content: Json = answer.json()
    return content
