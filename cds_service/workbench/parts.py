"""The parts of the service that the pages of the workbench and of the SMART app use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from ..config import Settings
from ..fhir_server.client import FhirClient
from ..hooks.served import Serving
from ..hooks.turn import Turn


class Parts(NamedTuple):
    """``fhir``: reads the FHIR servers that a person or the launching EHR names. ``turn``: pages
    compute only while they hold it."""

    serving: Serving
    clock: Callable[[], datetime]
    fhir: FhirClient
    turn: Turn
    settings: Settings
