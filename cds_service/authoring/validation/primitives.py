"""Siblings of primitive elements: ``_birthDate`` beside ``birthDate`` holds its id and extensions,
also if there is no value (FHIR R4, "JSON Representation of Resources", primitive elements). In a
repeating element, null keeps a place in either list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...fhir.loose_json import as_list
from .node import Node, choice_of, type_of, type_of_value

# A sample value of each primitive type (FHIR R4, "Data Types").
_SOME_VALUE: dict[str, Any] = {
    "base64Binary": "eA==", "boolean": True, "canonical": "urn:x", "code": "x", "date": "2000",
    "dateTime": "2000", "decimal": 0,
    "id": "x", "instant": "2000-01-01T00:00:00Z", "integer": 0, "markdown": "x",
    "oid": "urn:oid:1.2", "positiveInt": 1, "string": "x",
    "time": "00:00:00", "unsignedInt": 0, "uri": "urn:x", "url": "urn:x",
    "uuid": "urn:uuid:00000000-0000-4000-8000-000000000000",
}  # fmt: skip


def beside(kind: str, name: str) -> bool:
    """Whether ``name`` in an element of type ``kind`` is the sibling of a primitive element."""
    return (
        name.startswith("_")
        and type_of(kind, name[1:]) in _SOME_VALUE
        and f"{kind}.{name[1:]}" != "Extension.url"
    )


def by_extension_alone(parent: Node, step: str) -> list[Node]:
    """Return the elements called ``step`` (``value[x]``: of any type) that have an extension and no
    value. Each has the value ``None``."""
    found = []
    for name, places in parent.value.items() if isinstance(parent.value, dict) else ():
        if not beside(parent.type, name) or step not in (
            name[1:],
            choice_of(parent.type, name[1:]),
        ):
            continue
        values, kind, path = (
            parent.value.get(name[1:]),
            type_of(parent.type, name[1:]),
            f"{parent.path}.{name[1:]}",
        )
        if isinstance(places, list):
            alone = [
                number
                for number, place in enumerate(places)
                if _extended(place) and _at(values, number) is None
            ]
            found += [Node(None, f"{path}[{number}]", kind) for number in alone]
        elif values is None and _extended(places):
            found.append(Node(None, path, kind))
    return found


def filled(value: Any, kind: str) -> Any:
    """Return a copy for the models of ``fhir.resources``, which treat an element without a value as
    missing. An element with only an extension gets a sample value of its type. Siblings that the
    models cannot read are left out: those of the values of extensions, which
    :func:`beside_extension_values` yields, and those that are :func:`ill_formed`."""
    if isinstance(value, list):
        return [filled(item, kind) for item in value]
    if not isinstance(value, dict):
        return value
    kind = type_of_value(value, kind)
    besides = [name for name in value if beside(kind, name)]
    unread = {name for name in besides if kind == "Extension" or not _well_formed(value[name])}
    found = {
        name: filled(item, type_of(kind, name))
        for name, item in value.items()
        if name not in unread
    }
    for name in besides:
        given = _with_values(value.get(name[1:]), value[name], _SOME_VALUE[type_of(kind, name[1:])])
        if given is not None:
            found[name[1:]] = given
    return found


def _all_beside(root: Node) -> Iterator[tuple[Node, str, Any]]:
    """Each sibling of a primitive element: the node that holds both, its name, itself."""
    for node in (root, *(node for _, _, node in root.descendants())):
        if isinstance(node.value, dict):
            yield from (
                (node, name, item) for name, item in node.value.items() if beside(node.type, name)
            )


def beside_extension_values(root: Node) -> Iterator[tuple[str, Any]]:
    """Yield the well-formed siblings of values of extensions, each with its path."""
    for node, name, item in _all_beside(root):
        if node.type == "Extension" and isinstance(item, dict):
            yield f"{node.path}.{name}", item


def ill_formed(root: Node) -> Iterator[str]:
    """Yield the paths of siblings that are neither an object nor a list of objects and null. The
    sibling of an extension's value must be an object."""
    for node, name, item in _all_beside(root):
        if not _well_formed(item) or (node.type == "Extension" and not isinstance(item, dict)):
            yield f"{node.path}.{name}"


def without_value(root: Node) -> Iterator[str]:
    """Yield the paths of siblings without an extension whose primitive element has no value
    (FHIR R4, ele-1)."""
    for node, name, item in _all_beside(root):
        value = node.value.get(name[1:])
        places = (
            [(f"[{number}]", place, _at(value, number)) for number, place in enumerate(item)]
            if isinstance(item, list)
            else None
        )
        for at, place, its_value in places or [("", item, value)]:
            if isinstance(place, dict) and place and not _extended(place) and its_value is None:
                yield f"{node.path}.{name}{at}"


def _well_formed(item: Any) -> bool:
    return isinstance(item, dict) or (
        isinstance(item, list) and all(isinstance(place, (dict, type(None))) for place in item)
    )


def _with_values(value: Any, besides: Any, some: Any) -> Any:
    if not isinstance(besides, list):
        return some if value is None and _extended(besides) else value
    if value is not None and not isinstance(value, list):
        return value
    places = range(max(len(as_list(value)), len(besides)))
    values = [
        some if _at(value, place) is None and _extended(_at(besides, place)) else _at(value, place)
        for place in places
    ]
    return values if any(item is not None for item in values) else value


def _at(value: Any, place: int) -> Any:
    return value[place] if isinstance(value, list) and place < len(value) else None


def _extended(place: Any) -> bool:
    return (
        isinstance(place, dict)
        and isinstance(place.get("extension"), list)
        and bool(place["extension"])
    )
