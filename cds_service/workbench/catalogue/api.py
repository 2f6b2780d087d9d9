"""Prepares the OpenAPI document for its page: operations by purpose, and parameters, bodies and
answers with their elements."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

_SCHEMAS = "#/components/schemas/"
_GROUPS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("Hooks", lambda path: path.startswith("/cds-services") and not path.endswith("/feedback")),
    ("Feedback and report", lambda path: path.endswith("/feedback") or path.startswith("/api/")),
    ("FHIR", lambda path: path.startswith("/fhir/")),
    ("Running it", lambda path: True),
)


class Element(NamedTuple):
    """An element of a body. ``types``: its alternative types, each with the schema that it links to
    or ``""``; ``limits``: the limits of its value, in words."""

    name: str
    required: bool
    types: tuple[tuple[str, str], ...]
    limits: str
    description: str


class Body(NamedTuple):
    """The body of a request or an answer in one media type."""

    media_type: str
    types: tuple[tuple[str, str], ...]
    example: str


class Answer(NamedTuple):
    """The answer for one status."""

    status: str
    description: str
    bodies: tuple[Body, ...]

    @property
    def refuses(self) -> bool:
        """Whether the status refuses the call or reports a failure."""
        return not self.status.startswith("2")


class Operation(NamedTuple):
    """One endpoint."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Element, ...]
    bodies: tuple[Body, ...]
    answers: tuple[Answer, ...]


class Schema(NamedTuple):
    """A named schema with its elements. ``types``: its types, if it has no elements."""

    name: str
    description: str
    types: tuple[tuple[str, str], ...]
    elements: tuple[Element, ...]


def api_content(openapi: Mapping[str, Any]) -> dict[str, Any]:
    """The content of the page from an OpenAPI 3.1 document."""
    operations = [
        _operation(path, method, operation)
        for path, methods in openapi["paths"].items()
        for method, operation in methods.items()
    ]
    left = list(operations)
    groups = []
    for title, belongs in _GROUPS:
        of_group = [operation for operation in left if belongs(operation.path)]
        left = [operation for operation in left if operation not in of_group]
        groups.append((title, of_group))
    schemas = [_schema(name, schema) for name, schema in openapi["components"]["schemas"].items()]
    return {
        "info": openapi["info"],
        "version": openapi["openapi"],
        "groups": groups,
        "schemas": schemas,
    }


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> Operation:
    parameters = (
        Element(
            f"{each['name']} ({each['in']})",
            each.get("required", False),
            *_told(each.get("schema", {}), each.get("description", "")),
        )
        for each in operation.get("parameters", ())
    )
    answers = (
        Answer(status, answer.get("description", ""), tuple(_bodies(answer.get("content", {}))))
        for status, answer in operation.get("responses", {}).items()
    )
    return Operation(
        operation["operationId"],
        method.upper(),
        path,
        operation.get("summary", ""),
        operation.get("description", ""),
        tuple(parameters),
        tuple(_bodies(operation.get("requestBody", {}).get("content", {}))),
        tuple(answers),
    )


def _bodies(content: Mapping[str, Any]) -> Iterator[Body]:
    for media_type, body in content.items():
        examples = (
            [body["example"]]
            if "example" in body
            else [each.get("value") for each in body.get("examples", {}).values()]
        )
        example = json.dumps(examples[0], indent=2, ensure_ascii=False) if examples else ""
        yield Body(media_type, _types(body.get("schema", {})), example)


def _schema(name: str, schema: Mapping[str, Any]) -> Schema:
    elements = tuple(_elements(schema))
    return Schema(name, schema.get("description", ""), () if elements else _types(schema), elements)


def _elements(schema: Mapping[str, Any], before: str = "") -> Iterator[Element]:
    """The elements of a body, each followed by the elements within it. Elements of alternatives
    have the number of the alternative before their names."""
    for number, alternative in enumerate(schema.get("oneOf", ()), 1):
        yield from _elements(alternative, f"{before}({number}) ")
    for key, each in schema.get("properties", {}).items():
        name = f"{before}{key}{'[]' if 'items' in each else ''}"
        yield Element(
            name, key in schema.get("required", ()), *_told(each, each.get("description", ""))
        )
        yield from _elements(each.get("items", each), f"{name}.")


def _told(
    schema: Mapping[str, Any], description: str
) -> tuple[tuple[tuple[str, str], ...], str, str]:
    return _types(schema), _limits(schema), description


def _types(schema: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The alternative types of a value in words, each with the schema that it links to, or
    ``""``."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_SCHEMAS)
        return ((name, name),)
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return tuple(dict.fromkeys(each for part in schema[choice] for each in _types(part)))
    if "const" in schema:
        return ((json.dumps(schema["const"]), ""),)
    if "enum" in schema:
        return ((" | ".join(json.dumps(value) for value in schema["enum"]), ""),)
    if "items" in schema:
        return tuple((f"list of {name}", link) for name, link in _types(schema["items"]))
    named = schema.get("type", "any")
    form = f", {schema['format']}" if "format" in schema else ""
    return ((f"{' or '.join(named) if isinstance(named, list) else named}{form}", ""),)


_LIMITS = {
    "minimum": "from {}",
    "maximum": "to {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {}",
    "maxItems": "at most {}",
    "pattern": "matches {}",
    "default": "default {}",
}


def _limits(schema: Mapping[str, Any]) -> str:
    return ", ".join(
        words.format(schema[name]) for name, words in _LIMITS.items() if name in schema
    )
