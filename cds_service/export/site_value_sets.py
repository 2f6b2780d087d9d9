"""The value sets of a site: the published ones, and the site's own edition of those to which it
added codes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..fhir.code_systems import canonical_system
from ..fhir.terminology import BASE, SiteCode, Terminology
from ..rules.shared_files import CODES_FILE
from .edition import version_of

_SOURCE = f"{BASE}/StructureDefinition/code-source"


def with_site_codes(resource: dict[str, Any], terminology: Terminology) -> dict[str, Any]:
    """Return ``resource``, a FHIR definition. If it is a ValueSet to which the site added codes,
    return it with these, and with their owner in its version."""
    if resource["resourceType"] != "ValueSet" or not terminology.site_codes:
        return resource
    published = terminology.own_codes.get(resource["id"], set())
    added = [
        code
        for code in terminology.site_codes
        if code.value_set == resource["id"]
        and (canonical_system(code.system), code.code) not in published
    ]
    if not added:
        return resource
    compose = {
        **resource["compose"],
        "include": [*resource["compose"]["include"], *_includes(added)],
    }
    version = version_of(resource["version"], *dict.fromkeys(code.owner for code in added))
    return {**resource, "version": version, "compose": compose}


def _includes(added: Iterable[SiteCode]) -> list[dict[str, Any]]:
    by_system: dict[str, list[dict[str, Any]]] = {}
    for code in added:
        source = {"url": _SOURCE, "valueString": f"{CODES_FILE} of {code.owner}"}
        by_system.setdefault(code.system, []).append(
            {"extension": [source], "code": code.code, "display": code.display}
        )
    return [{"system": system, "concept": concepts} for system, concepts in by_system.items()]
