"""``validate``: checks FHIR resources against base R4 and the profiles in ``fhir_profiles``.

This is for tests and for those who map a system to this service. It is not a full validator;
docs/fhir-profiles.md lists the gaps. Hook calls never use it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...content import PROFILES
from ...fhir.loose_json import as_list, as_text
from ...fhir.terminology import Terminology
from .base import base_findings, type_findings
from .base_rules import rule_findings
from .conformance import bindings, conformance_findings, extension_findings
from .finding import Checked, Finding, Report
from .node import Node
from .profiles import OURS, Profile, Profiles, UnknownProfile

# For these types the profiles describe only what the service reads. A medication or laboratory
# order can also be one that the service writes.
_READ_BY_CODE = ("Observation", "Procedure")


class Validator:
    """Checks resources against the profiles and value sets of a folder."""

    def __init__(self, folder: Path = PROFILES):
        self.profiles = Profiles.load(folder)
        self._terminology = Terminology.load(folder)

    def validate(
        self, resource: Any, profile: Profile | None = None, *, by_code: bool = False
    ) -> Report:
        """Check a resource, or each entry of a Bundle.

        ``resource``: parsed JSON. ``profile``: also checked, whatever the resource's
        ``meta.profile`` says; in a Bundle, for the entries of its type. ``by_code``: check a result
        or procedure without any of these profiles against those that its code fits.
        """
        checked: list[Checked] = []
        findings: list[Finding] = []
        for path, inner in _resources(resource):
            found = list(type_findings(inner))
            if not found:
                kind = inner["resourceType"]
                profiles = self._profiles_of(inner, profile, by_code)
                checked.append(Checked(path or kind, kind, tuple(item.id for item in profiles)))
                found = self._findings(inner, profiles)
            findings += [finding.within(path) if path else finding for finding in found]
        if profile and checked and not any(profile.id in item.profiles for item in checked):
            what = (
                f"The profile {profile.id} is for resources of the type {profile.type}; there is "
                "none here."
            )
            findings.append(
                Finding(
                    "error",
                    checked[0].path,
                    "profile",
                    what,
                    "Name a profile for the type of your resource.",
                )
            )
        return Report(tuple(checked), tuple(findings))

    def _profiles_of(
        self, resource: dict[str, Any], named: Profile | None, by_code: bool
    ) -> list[Profile]:
        """The profiles for a resource: those that it names, and ``named`` if it is of that type;
        else, with ``by_code``, those that its code fits."""
        kind = resource["resourceType"]
        found = {named.id: named} if named and named.type == kind else {}
        for url in _stated(resource):
            if url.startswith(OURS):
                try:
                    profile = self.profiles.named(url)
                except UnknownProfile:
                    continue  # _naming_findings reports it
                if profile.type == kind:
                    found[profile.id] = profile
        return list(found.values()) or (self._fitting(resource) if by_code else [])

    def _findings(self, resource: dict[str, Any], profiles: list[Profile]) -> list[Finding]:
        try:
            return list(self._each_finding(_shell(resource), profiles, _emptied(resource)))
        except RecursionError:
            return [
                Finding(
                    "error",
                    resource["resourceType"],
                    "base",
                    "The resource is nested too deeply to be checked.",
                )
            ]

    def _each_finding(
        self, resource: dict[str, Any], profiles: list[Profile], emptied: frozenset[str]
    ) -> Iterator[Finding]:
        yield from base_findings(resource, emptied)
        yield from rule_findings(resource, self.profiles)
        yield from self._naming_findings(resource)
        for profile in profiles:
            yield from conformance_findings(
                Node.root(resource), profile, resource, self._terminology
            )
        yield from extension_findings(resource, self.profiles, self._terminology)
        if not profiles and (fitting := self._fitting(resource)):
            what = "Checked only against base FHIR R4, because no profile of this project is named."
            names = ", ".join(profile.id for profile in fitting)
            yield Finding(
                "info",
                resource["resourceType"],
                "profile",
                what,
                f"Its code fits: {names}.",
            )

    def _fitting(self, resource: dict[str, Any]) -> list[Profile]:
        """The profiles of a result or procedure whose value sets hold its codes."""
        kind = resource["resourceType"]
        profiles = self.profiles.of_type(kind) if kind in _READ_BY_CODE else []
        return [
            profile
            for profile in profiles
            if all(bindings(profile, resource, self._terminology) or [False])
        ]

    def _naming_findings(self, resource: dict[str, Any]) -> Iterator[Finding]:
        """Findings on the profiles that a resource names."""
        path = f"{resource['resourceType']}.meta.profile"
        for url in _stated(resource):
            if not url.startswith(OURS):
                yield Finding(
                    "info",
                    path,
                    "profile",
                    f"{url} is not a profile of this project, so it is not checked.",
                )
                continue
            try:
                profile = self.profiles.named(url)
            except UnknownProfile as error:
                yield Finding(
                    "error",
                    path,
                    "profile",
                    f"The project has no profile {url.removeprefix(OURS)!r}.",
                    error.mend,
                )
                continue
            if profile.type != resource["resourceType"]:
                yield Finding(
                    "error",
                    path,
                    "profile",
                    f"{profile.id} is a profile of {profile.type}.",
                    "Name one of this type, or none.",
                )
            version = url.partition("|")[2]
            if version and version != profile.version:
                yield Finding(
                    "warning",
                    path,
                    "profile",
                    f"The resource names version {version} of {profile.id}, but version "
                    f"{profile.version} was checked.",
                )


def _stated(resource: dict[str, Any]) -> list[str]:
    meta = resource.get("meta")
    stated = meta.get("profile") if isinstance(meta, dict) else None
    return [as_text(url) for url in stated if as_text(url)] if isinstance(stated, list) else []


def _resources(resource: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The resource and, for a Bundle, each entry's resource, with its path (``""`` for the
    whole)."""
    yield path, resource
    if isinstance(resource, dict) and resource.get("resourceType") == "Bundle":
        for index, entry in enumerate(as_list(resource.get("entry"))):
            if isinstance(entry, dict) and "resource" in entry:
                yield from _resources(
                    entry["resource"], f"{path or 'Bundle'}.entry[{index}].resource"
                )


def _shell(resource: dict[str, Any]) -> dict[str, Any]:
    """A Bundle without the resources of its entries, which are checked one by one; any other
    resource unchanged."""
    if resource["resourceType"] != "Bundle" or not isinstance(resource.get("entry"), list):
        return resource
    entries = [
        {k: v for k, v in entry.items() if k != "resource"} if isinstance(entry, dict) else entry
        for entry in resource["entry"]
    ]
    return {**resource, "entry": entries}


def _emptied(resource: dict[str, Any]) -> frozenset[str]:
    """The paths of a Bundle's entries that are empty only in its :func:`_shell`."""
    entries = resource.get("entry") if resource["resourceType"] == "Bundle" else None
    return frozenset(
        f"Bundle.entry[{index}]"
        for index, entry in enumerate(as_list(entries))
        if isinstance(entry, dict) and set(entry) == {"resource"}
    )
