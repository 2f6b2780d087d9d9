"""Tables of keys define what a mapping in a YAML file may hold: reading, JSON Schema and
documentation all use them.

A form says how the value of a key is read, and gives its JSON Schema, which depends on the names
that the file may use (its vocabulary).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

from ..authored_yaml.reader import Reader
from ..authored_yaml.source import Mapping, Noted, Place

Schema = dict[str, Any]
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
Names = Callable[[Any], Collection[str]]  # names from a vocabulary


class Form(NamedTuple):
    """``read(reader, mapping, key)`` returns the value under a key; ``missing`` is the value of a
    key that is not written."""

    read: Callable[[Any, Mapping, str], Any]
    schema: Callable[[Any], Schema]
    missing: Any = ""


class Key(NamedTuple):
    """A key with the form of its value. ``doc``: its description, in Markdown, for authors."""

    name: str
    form: Form
    doc: str = ""
    required: bool = False


Keys = Sequence[Key]


def form(read: Callable[[Any, Mapping, str], Any], missing: Any = "", **schema: Any) -> Form:
    """A form that does not depend on the vocabulary."""
    return Form(read, lambda known: schema, missing)


def one_of(names: Names, missing: str = "") -> Form:
    """One of ``names``."""
    return Form(
        lambda reader, mapping, key: reader.one_of(mapping, key, names(reader.vocabulary)),
        enum(names),
        missing,
    )


def names_of(names: Names, what: str, *, some: bool = False) -> Form:
    """A list of ``names``, none twice. ``what``: what they name, for the message; ``some``: it must
    not be empty."""
    return Form(
        lambda reader, mapping, key: reader.names(
            mapping, key, names(reader.vocabulary), what, some=some
        ),
        lambda known: {**array(enum(names)(known), some=some), "uniqueItems": True},
        (),
    )


def list_of(read: Callable[[Any, Any, Place], Any], item: Schema, *, some: bool = False) -> Form:
    """A list of what ``read(reader, value, place)`` returns, each of the schema ``item``."""
    return Form(
        lambda reader, mapping, key: reader.each(mapping, key, partial(read, reader), some=some),
        lambda known: array(item, some=some),
        (),
    )


def enum(names: Names) -> Callable[[Any], Schema]:
    """The schema of one of ``names``."""
    return lambda known: {"enum": sorted(names(known))}


def array(items: Schema, *, some: bool = False) -> Schema:
    """A list of ``items``; ``some``: it must not be empty."""
    return {"type": "array", "items": items, **({"minItems": 1} if some else {})}


def ref(name: str) -> Schema:
    """A reference to the definition ``name`` in the schema."""
    return {"$ref": f"#/$defs/{name}"}


TEXT = form(Reader.text, type="string", pattern="\\S")
TRUTH = form(Reader.truth, False, type="boolean")


def read_keys(reader: Reader, value: Any, place: Place, keys: Keys) -> dict[str, Any]:
    """The value under each of ``keys`` in ``value``, which must be a mapping. Raises
    :class:`AuthoringError` once all were read."""
    mapping = reader.mapping(
        value, place, [key.name for key in keys], tuple(key.name for key in keys if key.required)
    )
    made = {
        key.name: key.form.missing for key in keys if key.name not in mapping and not key.required
    }
    made |= reader.parts(
        **{
            key.name: partial(key.form.read, reader, mapping, key.name)
            for key in keys
            if key.name not in made
        }
    )
    if len(made) < len(keys):
        raise Noted(place, "this cannot be read.")
    return made


def object_schema(keys: Iterable[Key], known: Any, *, partly: bool = False) -> Schema:
    """The JSON Schema of a mapping with ``keys``. ``partly``: none of them is required; ``known``:
    the vocabulary."""
    keys = list(keys)
    required = [] if partly else [key.name for key in keys if key.required]
    properties = {key.name: {**key.form.schema(known), **_description(key)} for key in keys}
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _description(key: Key) -> Schema:
    """What an editor shows beside the key."""
    return {"description": _LINK.sub(r"\1", key.doc)} if key.doc else {}


def in_code(names: Iterable[str]) -> str:
    """Names as documents list them."""
    return ", ".join(f"`{name}`" for name in names)


def table(keys: Iterable[Key]) -> str:
    """The keys as the rows of a table in Markdown; those with a star are required."""
    return "\n".join(f"| `{key.name}`{' *' if key.required else ''} | {key.doc} |" for key in keys)
