"""YAML with the place of everything: mappings that know the line of each key, and no surprises in scalars.

YAML 1.2's core schema: only ``true`` and ``false`` are yes/no (``no`` and ``on`` are texts), numbers are decimal, and
a key that stands twice is an error.
"""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import yaml


class Place(NamedTuple):
    """A place in a file, counted from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class AuthoringError(ValueError):
    """A mistake in a file that people write (cards, parameters, evidence, clients): where, what, why, how to mend it."""

    def __init__(self, place: Place, what: str, mend: str = ""):
        self.place = place
        self.what = what
        self.mend = mend
        super().__init__(f"{place}: {what}{' ' + mend if mend else ''}")


class Mapping(dict[str, Any]):
    """A YAML mapping with the place of itself and of each key."""

    def __init__(self, place: Place):
        super().__init__()
        self.place = place
        self.key_places: dict[str, Place] = {}

    def at(self, key: str) -> Place:
        """Where ``key`` stands, or the mapping itself where it is missing."""
        return self.key_places.get(key, self.place)


class Sequence(list[Any]):
    """A YAML sequence with its place and its items' places."""

    def __init__(self, place: Place):
        super().__init__()
        self.place = place
        self.item_places: list[Place] = []


_SCALARS = (
    ("null", re.compile(r"(?:~|null|)\Z"), lambda text: None),
    ("bool", re.compile(r"(?:true|false)\Z"), lambda text: text == "true"),
    ("int", re.compile(r"[-+]?\d+\Z"), Decimal),
    ("float", re.compile(r"[-+]?(?:\d+\.\d*|\.\d+)(?:[eE][-+]?\d+)?\Z"), Decimal),
)


def load(path: Path, shown_as: str | None = None) -> Any:
    """The content of a YAML file as :class:`Mapping`, :class:`Sequence`, text, ``Decimal``, ``bool`` and ``None``.

    Raises :class:`AuthoringError` for YAML that cannot be read, and for a repeated key.
    """
    name = shown_as or str(path)
    try:
        node = yaml.compose(path.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = Place(name, mark.line + 1 if mark else 1, mark.column + 1 if mark else 1)
        raise AuthoringError(place, f"this is not YAML: {error.problem}.", "Tabs cannot indent; quote texts with ': '.") from None
    except (UnicodeDecodeError, yaml.YAMLError):
        raise AuthoringError(Place(name, 1, 1), "this is not UTF-8 text in YAML.") from None
    return None if node is None else _value(node, name, ())


def _value(node: yaml.Node, name: str, parents: tuple[yaml.Node, ...]) -> Any:
    place = Place(name, node.start_mark.line + 1, node.start_mark.column + 1)
    if any(node is parent for parent in parents):
        raise AuthoringError(place, "an alias stands within what it names.")
    parents = (*parents, node)
    if isinstance(node, yaml.MappingNode):
        mapping = Mapping(place)
        for key_node, value_node in node.value:
            key_place = Place(name, key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if not isinstance(key_node, yaml.ScalarNode):
                raise AuthoringError(key_place, "a key must be a plain text.")
            key = str(key_node.value)
            if key in mapping:
                raise AuthoringError(key_place, f"the key {key!r} stands twice.", "Remove one of the two.")
            mapping[key] = _value(value_node, name, parents)
            mapping.key_places[key] = key_place
        return mapping
    if isinstance(node, yaml.SequenceNode):
        sequence = Sequence(place)
        for item in node.value:
            sequence.append(_value(item, name, parents))
            sequence.item_places.append(Place(name, item.start_mark.line + 1, item.start_mark.column + 1))
        return sequence
    assert isinstance(node, yaml.ScalarNode)
    if node.style in ("'", '"', "|", ">"):
        return node.value
    return next((read(node.value) for _, pattern, read in _SCALARS if pattern.match(node.value)), node.value)
