"""Databases to test against: SQLite files, and databases of a test's own in a real PostgreSQL where one runs.

``TEST_POSTGRESQL`` names the server, as a role that may create databases.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
import pytest

SERVER = os.environ.get("TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres")


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of a new, empty PostgreSQL database; skips where there is no server."""
    name = f"cds_test_{uuid4().hex}"
    try:
        server = psycopg.connect(SERVER, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        pytest.skip(
            f"no PostgreSQL at {SERVER.rsplit('@')[-1]} ({type(error).__name__}); TEST_POSTGRESQL names another"
        )
    with server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{SERVER.rsplit('/', 1)[0]}/{name}"
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def unreachable(url: str, server: psycopg.Connection[tuple[str]]) -> None:
    """Make a PostgreSQL database refuse connections and end those that there are."""
    name = url.rsplit("/", 1)[1]
    server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
    )


def reachable(url: str, server: psycopg.Connection[tuple[str]]) -> None:
    """Let a PostgreSQL database be connected to again."""
    server.execute(f"ALTER DATABASE {url.rsplit('/', 1)[1]} ALLOW_CONNECTIONS true")
