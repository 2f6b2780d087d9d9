"""One server, as a site starts it, for the tests that leave it as it was."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
import requests

from tests.support.serving import Server, serving
from tests.support.waiting import PATIENCE


class Started(NamedTuple):
    """The server, and the status of the first call, which came when it had said how to try it."""

    server: Server
    first: int


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """With variables in its environment that others set, as Kubernetes does of a service that is called cds-hooks. It is started in
    a folder of its own, so that what it prints can be run in any other, wherever Python is installed.
    """
    others = {"CDS_HOOKS_SERVICE_HOST": "10.0.0.7", "CDS_HOOKS_PORT": "tcp://10.0.0.7:80"}

    folder = tmp_path_factory.mktemp("server")
    with serving(folder, cwd=folder, **others) as server:
        first = requests.get(f"{server.base}/cds-services", timeout=PATIENCE)
        yield Started(server, first.status_code)


@pytest.fixture(scope="session")
def base(started: Started) -> str:
    """The base URL of the server."""
    return started.server.base
