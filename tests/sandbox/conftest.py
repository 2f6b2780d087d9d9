"""One sandbox for all tests of a process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.started import Started, sandbox


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """A running sandbox. That the environment asks for every address must make no difference."""
    with sandbox(tmp_path_factory.mktemp("sandbox"), CDS_HOST="0.0.0.0") as running:
        yield running
