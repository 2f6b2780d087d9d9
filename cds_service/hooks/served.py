"""What is served at a time: the engine with its services and the documents about them. It is
replaced as a whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

import orjson

from ..engine import Engine
from .fhir_definitions import FhirDefinitions
from .openapi import openapi
from .services import hook_services


class Served(NamedTuple):
    """One set of cards as served. ``discovery`` and ``openapi`` are JSON. ``fhir`` is made when it
    is first requested."""

    engine: Engine
    hooks_by_id: dict[str, list[str]]
    discovery: bytes
    openapi: bytes
    fhir: FhirDefinitions


def served(engine: Engine, now: datetime) -> Served:
    """What is served from ``now`` on with the cards of ``engine``."""
    services = hook_services(engine)
    hooks_by_id: dict[str, list[str]] = {}
    for service in services:
        hooks_by_id.setdefault(service.id, []).append(service.hook)
    discovery = orjson.dumps({"services": [service.entry for service in services]})
    document = orjson.dumps(openapi(services, engine.settings))
    return Served(engine, hooks_by_id, discovery, document, FhirDefinitions(engine, now))


class Serving:
    """Holds what is served. A request reads ``current`` once and uses it to the end."""

    def __init__(self, first: Served, clock: Callable[[], datetime]):
        self._clock = clock
        self.current = first

    def take(self, engine: Engine) -> None:
        """Serve the cards of ``engine`` from the next request on."""
        self.current = served(engine, self._clock())

    def prepare(self) -> None:
        """Make everything that is served, so that no request has to wait for it."""
        self.current.fhir.prepare()
