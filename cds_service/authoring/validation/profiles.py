"""The profiles in ``fhir_profiles/structure-definitions``, each a differential of its base."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from ...authored_yaml.reader import meant
from ...fhir.terminology import BASE

OURS = f"{BASE}/StructureDefinition/"


class Constraint(NamedTuple):
    """An invariant. ``why``: its purpose, shown as advice where it is violated."""

    key: str
    severity: str
    human: str
    why: str
    expression: str


class Element(NamedTuple):
    """An ElementDefinition of a differential, as far as ``validate`` supports it.

    ``types``: the allowed types, any if empty; ``extension``: the URL of the extension if this is
    a slice of extensions, else ``""``; ``fixed``, ``pattern``: ``None`` if there is none.
    """

    steps: tuple[str, ...]
    least: int
    most: float
    types: tuple[str, ...]
    extension: str
    fixed: Any
    pattern: Any
    value_set: str
    constraints: tuple[Constraint, ...]


class Profile(NamedTuple):
    """A StructureDefinition. ``elements``: those of its base profiles come first; ``contexts``: the
    elements that an extension may be on."""

    id: str
    url: str
    version: str
    type: str
    elements: tuple[Element, ...]
    contexts: tuple[str, ...]

    @property
    def is_extension(self) -> bool:
        """Whether it defines an extension rather than a resource."""
        return self.type == "Extension"


class UnknownProfile(LookupError):
    """No profile has this name. ``mend``: suggests a similar name."""

    def __init__(self, name: str, mend: str):
        self.mend = mend
        super().__init__(f"There is no profile {name!r}. {mend}".strip())


class Profiles:
    """The profiles by id.

    ``definitions``: StructureDefinition resources as parsed JSON. Raises ``KeyError`` if the base
    of one is missing.
    """

    def __init__(self, definitions: list[dict[str, Any]]):
        self._definitions = {definition["url"]: definition for definition in definitions}
        self._by_id = {definition["id"]: self._profile(definition) for definition in definitions}

    @classmethod
    def load(cls, folder: Path) -> Profiles:
        """Read ``structure-definitions/*.json`` under ``folder``."""
        return cls(
            [
                json.loads(path.read_text("utf-8"))
                for path in sorted((folder / "structure-definitions").glob("*.json"))
            ]
        )

    def _profile(self, definition: dict[str, Any]) -> Profile:
        contexts = tuple(context["expression"] for context in definition.get("context", []))
        elements = tuple(self._elements(definition))
        return Profile(
            definition["id"],
            definition["url"],
            definition["version"],
            definition["type"],
            elements,
            contexts,
        )

    def _elements(self, definition: dict[str, Any]) -> list[Element]:
        base = definition["baseDefinition"]
        inherited = self._elements(self._definitions[base]) if base.startswith(OURS) else []
        return inherited + [_element(element) for element in definition["differential"]["element"]]

    def named(self, name: str) -> Profile:
        """Return the profile of a resource by its id or canonical URL, with or without
        ``|version``. Raises :class:`UnknownProfile`."""
        identity = name.partition("|")[0].removeprefix(OURS)
        profile = self._by_id.get(identity)
        if profile is None or profile.is_extension:
            known = [profile.id for profile in self._by_id.values() if not profile.is_extension]
            raise UnknownProfile(
                name, f"{meant(identity, known)} The profiles are: {', '.join(known)}.".strip()
            )
        return profile

    def extension(self, url: str) -> Profile | None:
        """Return the extension with this URL, or ``None`` if the project defines none."""
        profile = self._by_id.get(url.removeprefix(OURS)) if url.startswith(OURS) else None
        return profile if profile and profile.is_extension else None

    def of_type(self, resource_type: str) -> list[Profile]:
        """Return the profiles of a resource type."""
        return [profile for profile in self._by_id.values() if profile.type == resource_type]


def _element(definition: dict[str, Any]) -> Element:
    types = definition.get("type", [])
    most = definition.get("max", "*")
    return Element(
        tuple(definition["path"].split(".")[1:]),
        definition.get("min", 0),
        float("inf") if most == "*" else int(most),
        tuple(item["code"] for item in types),
        next((url for item in types for url in item.get("profile", [])), "")
        if "sliceName" in definition
        else "",
        _prefixed(definition, "fixed"),
        _prefixed(definition, "pattern"),
        definition.get("binding", {}).get("valueSet", "").removeprefix(f"{BASE}/ValueSet/"),
        tuple(_constraint(item) for item in definition.get("constraint", [])),
    )


def _prefixed(definition: dict[str, Any], prefix: str) -> Any:
    return next((value for name, value in definition.items() if name.startswith(prefix)), None)


def _constraint(item: dict[str, Any]) -> Constraint:
    return Constraint(
        item["key"],
        item["severity"],
        item["human"],
        item.get("requirements", ""),
        item["expression"],
    )
