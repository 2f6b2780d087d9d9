"""Findings on the service's FHIR definitions: violations of base FHIR R4, with the element's
path."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache, lru_cache

from ...authored_yaml.source import Place
from ...content import PROFILES
from ..validation import Validator
from ..validation.finding import Finding as ValidationFinding
from .finding import Finding

_FOLDERS = ("activity-definitions", "code-systems", "value-sets")


def definition_findings() -> Iterator[Finding]:
    """Yield the errors in value sets, code systems and order templates. Each file must be valid
    JSON."""
    for path in sorted(path for folder in _FOLDERS for path in (PROFILES / folder).glob("*.json")):
        place = Place(f"{PROFILES.name}/{path.relative_to(PROFILES).as_posix()}", 1, 1)
        for found in _errors(path.read_text("utf-8")):
            yield Finding("unreadable", "error", place, f"{found.path}: {found.what}", found.mend)


@cache
def _validator() -> Validator:
    return Validator()


@lru_cache(maxsize=512)
def _errors(text: str) -> tuple[ValidationFinding, ...]:
    return tuple(
        found
        for found in _validator().validate(json.loads(text)).findings
        if found.severity == "error"
    )
