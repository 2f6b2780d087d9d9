"""A HAPI FHIR JPA server with clinical reasoning that holds the package and the patients, as an EHR's server would."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.interop.outcome import Failed, Outcomes
from tests.interop.tools import BUILD

Resource = dict[str, Any]


class Hapi:
    """The server as a client sees it. ``base``: of its FHIR API."""

    def __init__(self, address: str):
        self._address = address
        self.base = f"{address}/fhir"
        self._session = requests.Session()
        # HAPI answers a search from a cache for a minute otherwise.
        self._session.headers.update(
            {"Cache-Control": "no-cache", "Accept": "application/fhir+json"}
        )

    def put(self, resource: Resource) -> None:
        """Store a resource under its id."""
        address = f"{self.base}/{resource['resourceType']}/{resource['id']}"
        self._answered(self._session.put(address, json=resource, timeout=60))

    def create(self, resource: Resource) -> None:
        """Store a resource under an id of the server's."""
        self._answered(
            self._session.post(f"{self.base}/{resource['resourceType']}", json=resource, timeout=60)
        )

    def get(self, path: str) -> Resource:
        """Read or search, relative to the base."""
        return self._answered(self._session.get(f"{self.base}/{path}", timeout=60))

    def apply(self, kind: str, identity: str, facts: dict[str, Any]) -> Resource:
        """``$apply`` for a patient, with stated facts as parameters of the criteria."""
        given = [
            {"name": name, "valueBoolean" if isinstance(value, bool) else "valueString": value}
            for name, value in facts.items()
        ]
        body = {
            "resourceType": "Parameters",
            "parameter": [
                {"name": "subject", "valueString": "Patient/applied"},
                {"name": "practitioner", "valueString": "Practitioner/doc"},
                {
                    "name": "parameters",
                    "resource": {"resourceType": "Parameters", "parameter": given},
                },
            ],
        }
        return self._answered(
            self._session.post(f"{self.base}/{kind}/{identity}/$apply", json=body, timeout=60)
        )

    def announced(self) -> list[dict[str, Any]]:
        """The CDS services that it announces."""
        answer = self._session.get(f"{self._address}/cds-services", timeout=60)
        found: list[dict[str, Any]] = answer.json().get(
            "services", []
        )  # left out where there are none
        return found

    @staticmethod
    def _answered(response: requests.Response) -> Resource:
        if response.status_code >= 300:
            raise Failed(
                f"{response.request.method} {response.request.url}: {response.status_code} {response.text[:500]}"
            )
        found: Resource = response.json()
        return found


@contextmanager
def running(java: str, outcomes: Outcomes) -> Iterator[Hapi]:
    """The server on a free port of loopback, in memory."""
    log = BUILD / "hapi.log"
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(
            ["java", "-Xmx2g", "-cp", java, "interop.Server", "0"],
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        try:
            yield Hapi(_address(process, log, outcomes))
        finally:
            process.terminate()
            process.wait(timeout=30)


def _address(process: subprocess.Popen[bytes], log: Path, outcomes: Outcomes) -> str:
    while outcomes.left:
        for line in log.read_text("utf-8").splitlines():
            if line.startswith("listening on "):
                return f"http://{line.removeprefix('listening on ')}"
        if process.poll() is not None:
            raise Failed(f"HAPI does not start: {log.read_text('utf-8')[-2000:]}")
        time.sleep(1)
    raise AssertionError


def load(hapi: Hapi, folders: list[Path]) -> None:
    """Store every resource of the folders of a package."""
    for path in (path for folder in folders for path in sorted(folder.glob("*-*.json"))):
        hapi.put(json.loads(path.read_text("utf-8")))
