"""Which of two versions of one resource is the newer one."""

from __future__ import annotations

from datetime import UTC

from .dates import parse_moment
from .r4 import Resource


def is_newer(resource: Resource, before: Resource) -> bool | None:
    """Whether ``resource`` is a newer version than ``before``, by ``meta.lastUpdated``, or else by
    ``versionId`` if both are whole numbers; ``None`` if neither decides."""
    mine, theirs = resource.meta, before.meta
    if mine is None or theirs is None:
        return None
    updated = [parse_moment(meta.lastUpdated, UTC) for meta in (mine, theirs)]
    if updated[0] and updated[1] and updated[0].instant != updated[1].instant:
        return updated[0].instant > updated[1].instant
    versions = [meta.versionId for meta in (mine, theirs)]
    if (
        all(version.isascii() and version.isdigit() and len(version) < 20 for version in versions)
        and versions[0] != versions[1]
    ):
        return int(versions[0]) > int(versions[1])
    return None
