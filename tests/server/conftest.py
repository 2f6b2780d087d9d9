"""One server, as a site starts it, for the tests that leave it as it was."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
import requests

from tests.support.serving import Server, serving


class Started(NamedTuple):
    """The server, and the status of the first call, which came when it had said how to try it."""

    server: Server
    first: int


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """With variables in its environment that others set, as Kubernetes does of a service that is called cds-hooks."""
    others = {"CDS_HOOKS_SERVICE_HOST": "10.0.0.7", "CDS_HOOKS_PORT": "tcp://10.0.0.7:80"}

    with serving(tmp_path_factory.mktemp("server"), **others) as server:
        yield Started(server, requests.get(f"{server.base}/cds-services", timeout=10).status_code)


@pytest.fixture(scope="session")
def base(started: Started) -> str:
    """The base URL of the server."""
    return started.server.base
