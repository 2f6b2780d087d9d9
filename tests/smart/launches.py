"""Launches as a browser makes them, step by step, so that each step can be made to go wrong."""

from __future__ import annotations

from functools import cache
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from flask.testing import FlaskClient

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.engine import Engine
from cds_service.hooks.served import Served, served
from tests.support.fhir_builders import NOW
from tests.support.smart_ehr import PUBLIC, Launching
from tests.support.waiting import PATIENCE

BASE = "http://127.0.0.1:8080"


class App(NamedTuple):
    """The service, in one browser."""

    browser: FlaskClient

    def get(self, url: str) -> Any:
        """What it answers to an address."""
        parts = urlsplit(url)
        return self.browser.get(f"{parts.path}?{parts.query}", base_url=f"{BASE}/")

    def launch(self, iss: str, launch: str = "as-it-should") -> Any:
        """What it answers to a launch."""
        return self.get(f"/smart/launch?{urlencode({'iss': iss, 'launch': launch})}")

    def granted(self, ehr: Launching, launch: str = "as-it-should", configuration: str = "") -> str:
        """The address to which the EHR sends the browser back."""
        begun = self.launch(ehr.iss(configuration), launch)
        assert begun.status_code == 302, begun.get_data(as_text=True)
        asked = requests.get(begun.headers["Location"], allow_redirects=False, timeout=PATIENCE)
        return asked.headers["Location"]

    def opened(self, ehr: Launching, launch: str = "as-it-should", configuration: str = "") -> Any:
        """What the browser shows in the end."""
        return self.get(self.granted(ehr, launch, configuration))


def app(folder: Path, **settings: Any) -> App:
    """The service with a SMART app."""
    chosen = {"base_url": BASE, "smart_client_id": PUBLIC, "fhir_budget": 30, **settings}
    place = {"replay_store": str(folder / "replay.sqlite3"), **settings}
    made = create_app(Settings(**chosen | place), clock=lambda: NOW, loaded=_loaded(**chosen))
    return App(made.test_client())


@cache
def _loaded(**settings: Any) -> Served:
    """What is served is the same wherever used tokens are noted, and takes longer to load than most launches."""
    return served(Engine(Settings(**settings)), NOW)


def parameters(url: str) -> dict[str, str]:
    """The parameters of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def refused(response: Any, status: int, why: str) -> str:
    """Check that a launch was refused with a page that says ``why`` and what to do, and shows nothing else; gives its text."""
    text = unescape(response.get_data(as_text=True))
    assert response.status_code == status, text
    assert response.content_type == "text/html; charset=utf-8"
    assert why in text
    assert (
        "open the app again from the patient's chart" in text
        or "Open the app from" in text
        or "Ask those who run this service to list" in text
    )
    assert not [
        internal
        for internal in ("Traceback", "127.0.0.1", "_token", "<svg", "<script")
        if internal in text
    ]
    return text
