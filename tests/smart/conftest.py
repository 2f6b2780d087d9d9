"""An EHR in another process, and the service as it launches it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from cds_service.workbench.smart import blueprint
from tests.smart.launches import App, app
from tests.support.smart_ehr import Launching, launching
from tests.support.waiting import PATIENCE


@pytest.fixture(scope="session")
def ehr() -> Iterator[Launching]:
    with launching() as started:
        yield started


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """However busy the machine, the service waits for the EHR."""
    with patch.object(blueprint, "EXCHANGE_SECONDS", PATIENCE):
        yield


@pytest.fixture
def opened_by(tmp_path: Path) -> Callable[..., App]:
    """The service with a SMART app, as one browser sees it; with ``settings`` of its own."""
    return lambda **settings: app(tmp_path, **settings)
