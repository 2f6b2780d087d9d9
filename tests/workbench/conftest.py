"""The service on a real HTTP server in this process, whose clock stands at ``NOW``."""

import threading
from collections.abc import Iterator

import pytest
from werkzeug.serving import make_server

from cds_service.app import create_app
from cds_service.config import Settings
from tests.support.fhir_builders import NOW


@pytest.fixture(scope="session")
def base() -> Iterator[str]:
    """The base URL of the service with its pages."""
    server = make_server("127.0.0.1", 0, create_app(Settings(), clock=lambda: NOW), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
