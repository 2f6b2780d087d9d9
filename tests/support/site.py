"""A site: one service with a database of its own, the EHR's calls to it, and what its users do with the cards."""

from __future__ import annotations

from datetime import datetime
from itertools import count
from typing import Any
from unittest.mock import patch

from sqlalchemy import select

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.store.database import open_database
from cds_service.store.schema import METADATA
from tests.support.clinic import engine
from tests.support.fhir_builders import NOW, folic_acid, hook_request, observation, prefetch
from tests.support.waiting import eventually

REASONS = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
WHEN = "2026-11-23T12:01:00Z"


def accepted(card: str, *suggestions: str, at: str = WHEN) -> dict[str, Any]:
    """Feedback as CDS Hooks has it: suggestions of a card were accepted."""
    return {
        "card": card,
        "outcome": "accepted",
        "acceptedSuggestions": [{"id": uuid} for uuid in suggestions],
        "outcomeTimestamp": at,
    }


def overridden(card: str, reason: str = "", at: str = WHEN, comment: str = "") -> dict[str, Any]:
    """Feedback as CDS Hooks has it: a card was overridden."""
    given: dict[str, Any] = {"reason": {"code": reason, "system": REASONS}} if reason else {}
    if comment:
        given["userComment"] = comment
    return {
        "card": card,
        "outcome": "overridden",
        "outcomeTimestamp": at,
        **({"overrideReason": given} if given else {}),
    }


class Site:
    """A running service. ``now``: its clock, to be moved by a test."""

    def __init__(self, url: str, **settings: Any):
        self.url = url
        self.now: datetime = NOW
        self._users = count()
        # Cards are loaded once for all sites: they are the same, and loading them takes longer than most tests.
        with patch("cds_service.app.Engine", lambda chosen: engine(chosen.parameters)):
            self.app = create_app(Settings(database_url=url, **settings), clock=lambda: self.now)
        self.store = self.app.extensions["store"]
        self.client = self.app.test_client()

    def post(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        """The cards for a hook request."""
        response = self.client.post(f"/cds-services/b12-folate-{request['hook']}", json=request)
        assert response.status_code == 200, response.get_json()
        cards: list[dict[str, Any]] = response.get_json()["cards"]
        return cards

    def folic_acid(self, user: str = "", hook: str = "order-select", **more: Any) -> dict[str, Any]:
        """The card ``folic-acid-b12-deficient``, which has two suggestions, for folic acid drafted in B12 deficiency.

        ``user``: who drafts it; each time another one where it is empty.
        """
        results = prefetch(observation("b12", 110, "pg/mL"), observation("hb", 10.1, "g/dL"))
        request = hook_request(hook, results, drafts=[folic_acid()], **more)
        request["context"]["userId"] = user or f"Practitioner/doc-{next(self._users)}"
        (card,) = self.post(request)
        return card

    def send(self, *feedback: dict[str, Any], service: str = "b12-folate-order-select") -> Any:
        """The answer to feedback."""
        return self.client.post(
            f"/cds-services/{service}/feedback", json={"feedback": list(feedback)}
        )

    def tell(self, *feedback: dict[str, Any]) -> None:
        """Feedback that is stored; refused because the disk is slow, it is sent again, as a client does."""
        response = eventually(
            lambda: taken if (taken := self.send(*feedback)).status_code != 503 else None
        )
        assert response.status_code == 200, response.get_json()

    def rows(self, table: str) -> list[dict[str, Any]]:
        """What is in the database when everything that waits is written; the service keeps nothing after that."""
        self.store.close()
        engine = open_database(self.url)
        with engine.connect() as connection:
            found = [
                dict(row) for row in connection.execute(select(METADATA.tables[table])).mappings()
            ]
        engine.dispose()
        return found

    def report(self, query: str = "") -> dict[str, Any]:
        """The report, when everything that waits is written; the service keeps nothing after that. Where the disk is slow it is
        asked for again, as a client does.
        """
        self.store.close()
        response = eventually(
            lambda: (
                made
                if (made := self.client.get(f"/api/report{query}")).status_code != 503
                else None
            )
        )
        assert response.status_code == 200, response.get_json()
        found: dict[str, Any] = response.get_json()
        return found
