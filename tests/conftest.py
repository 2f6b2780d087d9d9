"""Shared fixtures: one application for the whole session, and calls to it as a client makes them."""

from __future__ import annotations

import atexit
import gc
import os
from collections.abc import Callable, Generator
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings

from cds_service.app import create_app
from cds_service.collector import collect_rarely, freeze_reloaded
from tests.support.fhir_builders import NOW
from tests.support.once import FOLDER

# How long an example takes says more of the machine and its other work than of what is tested.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

Call = Callable[[dict[str, Any]], list[dict[str, Any]]]


def pytest_configure() -> None:
    """A database of the tests' own, for every service that they make or start, while modules are collected too."""
    folder = TemporaryDirectory(prefix="cds-tests-", ignore_cleanup_errors=True)
    atexit.register(
        folder.cleanup
    )  # not before: the writers of stores write what waits when Python ends
    os.environ.setdefault(
        FOLDER, folder.name
    )  # which the processes of a parallel run have from the one that starts them
    os.environ["CDS_DATABASE_URL"] = f"sqlite:///{folder.name}/cds.sqlite3"


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected lives as long as the run, so that the garbage collector need not walk it, as in a worker of the service."""
    gc.disable()
    try:
        return (yield)
    finally:
        freeze_reloaded()
        collect_rarely()
        gc.enable()


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores (``-n auto``): some tests wait for a server more than they work."""
    return len(os.sched_getaffinity(0)) + 1


@pytest.fixture(scope="session")
def client() -> FlaskClient:
    """A client of the service with default settings, whose clock stands at ``NOW``."""
    return create_app(clock=lambda: NOW).test_client()


@pytest.fixture(scope="session")
def call(client: FlaskClient) -> Call:
    """Call the service of a request's hook; the answer is 200 and its cards are returned."""

    def cards(request: dict[str, Any]) -> list[dict[str, Any]]:
        response = client.post(f"/cds-services/b12-folate-{request['hook']}", json=request)
        assert response.status_code == 200, response.get_data(as_text=True)
        found: list[dict[str, Any]] = response.get_json()["cards"]
        return found

    return cards
