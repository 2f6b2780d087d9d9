"""An order names its template with a version, so that a version of a template means one content for ever."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.fhir_profiles.profiles import ACTIVITY_DEFINITIONS

# template -> version -> the digest of its content under that version; what once stood here stays.
RECORDED: dict[str, dict[str, str]] = json.loads(
    (Path(__file__).parent / "order_versions.json").read_text("utf-8")
)


def digest(definition: dict[str, object]) -> str:
    return hashlib.sha256(
        json.dumps(definition, sort_keys=True, ensure_ascii=False).encode()
    ).hexdigest()[:16]


@pytest.mark.parametrize("name", ACTIVITY_DEFINITIONS)
def test_a_template_that_changed_has_another_version(name):
    definition = ACTIVITY_DEFINITIONS[name]
    version = definition["version"]
    recorded = RECORDED[name].get(version)
    assert recorded, (
        f"record version {version} of {name} in order_versions.json: {digest(definition)}"
    )
    assert digest(definition) == recorded, (
        f"{name} changed: raise its version, which is still {version}"
    )


def test_no_version_goes_back():
    def number(version: str) -> tuple[int, ...]:
        return tuple(map(int, version.split(".")))

    current = {name: definition["version"] for name, definition in ACTIVITY_DEFINITIONS.items()}
    assert {name: max(RECORDED[name], key=number) for name in current} == current
