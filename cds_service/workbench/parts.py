"""What the pages of the workbench and those of the SMART app are made from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from ..config import Settings
from ..fhir_server.client import FhirClient
from ..hooks.served import Serving
from ..hooks.turn import Turn


class Parts(NamedTuple):
    """``fhir`` reads the servers that a person, or the EHR that opens the app, names; a page
    computes during its ``turn``."""

    serving: Serving
    clock: Callable[[], datetime]
    fhir: FhirClient
    turn: Turn
    settings: Settings
