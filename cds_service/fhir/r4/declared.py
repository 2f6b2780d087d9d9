"""The list of the elements that are read, from their declaration."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from msgspec.inspect import ListType, NoneType, StructType, Type, UnionType, type_info

from .resources import READ_RESOURCES


class DeclaredElement(NamedTuple):
    """An element that is read. ``path``: as in FHIR's definitions
    (``Observation.valueQuantity.unit``).

    ``of_another_version``: R4 has no such element; it is read so that resources of other
    versions are not misread.
    """

    path: str
    is_list: bool
    of_another_version: bool


@cache
def declared_elements() -> tuple[DeclaredElement, ...]:
    """Every element that the service reads, by resource, outer elements before those inside
    them."""
    return tuple(
        element
        for read in READ_RESOURCES
        for element in _elements(type_info(read), read.__name__, False)
    )


def _elements(declared: Type, path: str, other: bool) -> Iterator[DeclaredElement]:
    if isinstance(declared, UnionType):
        parts = [part for part in declared.types if not isinstance(part, NoneType)]
        declared = next((part for part in parts if isinstance(part, StructType)), parts[0])
    if isinstance(declared, ListType):
        yield from _elements(declared.item_type, path, other)
    if not isinstance(declared, StructType):
        return
    others: frozenset[str] = getattr(declared.cls, "OTHER_VERSIONS", frozenset())
    for field in declared.fields:
        if field.encode_name.startswith("~"):
            continue
        inner = f"{path}.{field.encode_name}"
        of_another = other or field.encode_name in others
        yield DeclaredElement(inner, isinstance(field.type, ListType), of_another)
        yield from _elements(field.type, inner, of_another)
