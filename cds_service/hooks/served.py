"""What is served at a time: the engine with its services and the documents on them. Replaced as a whole."""

from __future__ import annotations

from typing import NamedTuple

import orjson

from ..engine import Engine
from .openapi import openapi
from .services import hook_services


class Served(NamedTuple):
    """One set of cards as it is served. ``discovery`` and ``openapi`` are JSON."""

    engine: Engine
    hooks_by_id: dict[str, list[str]]
    discovery: bytes
    openapi: bytes


def served(engine: Engine) -> Served:
    """What is served with the cards of ``engine``."""
    services = hook_services(engine)
    hooks_by_id: dict[str, list[str]] = {}
    for service in services:
        hooks_by_id.setdefault(service.id, []).append(service.hook)
    discovery = orjson.dumps({"services": [service.entry for service in services]})
    return Served(engine, hooks_by_id, discovery, orjson.dumps(openapi(services, engine.settings)))


class Serving:
    """Holds what is served; a request takes ``current`` once and keeps to it."""

    def __init__(self, engine: Engine):
        self.current = served(engine)

    def take(self, engine: Engine) -> None:
        """Serve the cards of ``engine`` from the next request on."""
        self.current = served(engine)
