"""Walking a FHIR resource in JSON: each element with its path and its type in FHIR R4."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from fhirpathpy.models import models

# FHIR R4's own tables, from the FHIRPath engine: the type of an element by its path, and the parent
# of a type.
R4: dict[str, Any] = models["r4"]
_TYPES: dict[str, str] = R4["path2Type"]
_INLINE = frozenset({"Element", "BackboneElement"})
RESOURCE_TYPES = frozenset(
    name for name, parent in R4["type2Parent"].items() if parent in ("DomainResource", "Resource")
)


class Node(NamedTuple):
    """An element. ``type``: its data type (``Quantity``), or its path if it has no type of its own
    (``Timing.repeat``)."""

    value: Any
    path: str
    type: str

    @classmethod
    def root(cls, resource: dict[str, Any]) -> Node:
        """Return a resource as the root node."""
        kind = str(resource.get("resourceType"))
        return cls(resource, kind, kind)

    def into(self, step: int | str) -> Node:
        """Return the node one step down: an element by its name, or an item of a list by its index.
        Its value may be ``None``."""
        if isinstance(step, int):
            item = (
                self.value[step]
                if isinstance(self.value, list) and step < len(self.value)
                else None
            )
            return Node(item, f"{self.path}[{step}]", type_of_value(item, self.type))
        inner = self.value.get(step) if isinstance(self.value, dict) else None
        return Node(inner, f"{self.path}.{step}", type_of_value(inner, type_of(self.type, step)))

    def children(self, step: str) -> Iterator[Node]:
        """Yield the elements called ``step``, each item of a repeating one by itself. ``value[x]``
        stands for a value of any type."""
        if not isinstance(self.value, dict):
            return
        stem = step.removesuffix("[x]")
        for name in self.value:
            if name == step or (
                stem != step and name.startswith(stem) and f"{self.type}.{name}" in _TYPES
            ):
                yield from self._named(name)

    def _named(self, name: str) -> Iterator[Node]:
        value = self.value[name]
        kind = "Element" if name.startswith("_") else type_of(self.type, name)
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield Node(item, f"{self.path}.{name}[{index}]", type_of_value(item, kind))
        else:
            yield Node(value, f"{self.path}.{name}", type_of_value(value, kind))

    def descendants(self) -> Iterator[tuple[Node, str, Node]]:
        """Yield every element below, as its parent, its name and itself. The sibling of a primitive
        value (``_status``) is an Element."""
        if not isinstance(self.value, dict):
            return
        for name in self.value:
            if name == "resourceType":
                continue
            for child in self._named(name):
                yield self, name, child
                yield from child.descendants()


def type_of(parent: str, name: str) -> str:
    """Return the type of element ``name`` in type ``parent`` (``Quantity``); its path if it has no
    type of its own or is unknown."""
    path = f"{parent}.{name}"
    path = str(R4["pathsDefinedElsewhere"].get(path, path))
    kind = _TYPES.get(path, path)
    return path if kind in _INLINE else kind


def choice_of(parent: str, name: str) -> str:
    """Return ``value[x]`` if ``name`` is a value of one type (``valueQuantity``); ``""`` if it is
    not part of a choice."""
    return next(
        (f"{stem}[x]" for stem in _stems(parent) if name.startswith(stem) and name != stem), ""
    )


@cache
def _stems(parent: str) -> tuple[str, ...]:
    """The prefixes of the names of choices in type ``parent``."""
    return tuple(
        path.rpartition(".")[2]
        for path in R4["choiceTypePaths"]
        if path.rpartition(".")[0] == parent
    )


def type_of_value(value: Any, kind: str) -> str:
    """Return the resource type that a value names, else ``kind``."""
    return (
        str(value["resourceType"]) if isinstance(value, dict) and "resourceType" in value else kind
    )
