"""Walking a FHIR resource in JSON: each element with its path and the type that FHIR
R4 gives it there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from fhirpathpy.models import models

# FHIR R4's own tables, as the FHIRPath engine carries them: the type of an element by its path,
# the parent of a type.
R4: dict[str, Any] = models["r4"]
_TYPES: dict[str, str] = R4["path2Type"]
_INLINE = frozenset({"Element", "BackboneElement"})
RESOURCE_TYPES = frozenset(
    name for name, parent in R4["type2Parent"].items() if parent in ("DomainResource", "Resource")
)


class Node(NamedTuple):
    """An element. ``type``: its data type (``Quantity``), or the path of an element without a type
    of its own (``Timing.repeat``)."""

    value: Any
    path: str
    type: str

    @classmethod
    def root(cls, resource: dict[str, Any]) -> Node:
        """A resource as the node that its paths start from."""
        kind = str(resource.get("resourceType"))
        return cls(resource, kind, kind)

    def into(self, step: int | str) -> Node:
        """What one step of a location leads to: an element by its name, or an item of a list; its
        value may be None."""
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
        """The elements called ``step``, one by one where they repeat; ``value[x]`` is the
        value of any type."""
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
        """Every element below: its parent, its name, itself. What stands beside a primitive value
        (``_status``) is an Element."""
        if not isinstance(self.value, dict):
            return
        for name in self.value:
            if name == "resourceType":
                continue
            for child in self._named(name):
                yield self, name, child
                yield from child.descendants()


def type_of(parent: str, name: str) -> str:
    """The type of element ``name`` in type ``parent`` (``Quantity``), or its path where it has none
    of its own or is not known."""
    path = f"{parent}.{name}"
    path = str(R4["pathsDefinedElsewhere"].get(path, path))
    kind = _TYPES.get(path, path)
    return path if kind in _INLINE else kind


def choice_of(parent: str, name: str) -> str:
    """``value[x]`` where ``name`` is a value of one type (``valueQuantity``); ``""``
    where it is no choice."""
    return next(
        (f"{stem}[x]" for stem in _stems(parent) if name.startswith(stem) and name != stem), ""
    )


@cache
def _stems(parent: str) -> tuple[str, ...]:
    """What the names of choices begin with in type ``parent``."""
    return tuple(
        path.rpartition(".")[2]
        for path in R4["choiceTypePaths"]
        if path.rpartition(".")[0] == parent
    )


def type_of_value(value: Any, kind: str) -> str:
    """The type of what may hold any resource: the one that it names; else ``kind``."""
    return (
        str(value["resourceType"]) if isinstance(value, dict) and "resourceType" in value else kind
    )
