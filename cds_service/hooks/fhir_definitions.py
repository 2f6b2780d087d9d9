"""The definitions that the service serves: FHIR R4 resources as JSON, and the elements for
searching them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

import orjson

from ..engine import Engine
from ..export.resources import definitions
from .capability import capability_statement
from .errors import FHIR_BASE


class Published(NamedTuple):
    """A definition. ``content``: the resource as JSON. ``etag``: changes with the content."""

    resource: dict[str, Any]
    content: bytes
    etag: str


class FhirDefinitions:
    """The definitions of ``engine``, made when first requested. ``since``: when the service began
    to serve them."""

    def __init__(self, engine: Engine, since: datetime):
        self._engine = engine
        self._since = since
        settings = engine.settings
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        self.base = (settings.base_url or f"http://{host}:{settings.port}") + FHIR_BASE

    @cached_property
    def by_type(self) -> Mapping[str, Mapping[str, Published]]:
        """The definitions by type and id, in order."""
        found: dict[str, dict[str, Published]] = {}
        for resource in definitions(self._engine):
            content = orjson.dumps(resource)
            published = Published(resource, content, hashlib.sha256(content).hexdigest()[:16])
            found.setdefault(resource["resourceType"], {})[resource["id"]] = published
        return found

    @cached_property
    def capabilities(self) -> bytes:
        """The CapabilityStatement as JSON."""
        return orjson.dumps(
            capability_statement(list(self.by_type), self._engine, self.base, self._since)
        )

    def prepare(self) -> None:
        """Make everything now."""
        self.capabilities  # noqa: B018
