"""What is wrong in a single file: its form against the JSON Schema, then what only reading it can tell."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from ...engine import PARAMETER_SETS
from ...rules.card_set import Folder, card_files, load_card
from ...rules.condition_file import Vocabulary
from ...rules.shared_files import read_file
from ...rules.yaml_reader import meant
from ...rules.yaml_source import AuthoringError, Mapping, Mistakes, Place
from ...rules.yaml_source import Sequence as YamlSequence
from ..card_tests import applicable_tests, read_test
from .finding import Finding
from .schema import card_schema


def file_findings(folder: Folder, vocabulary: Vocabulary) -> Iterator[Finding]:
    """The mistakes in the card files of ``folder``: what reading meets, and what the schema sees where reading did not come.

    The tests of a card are read once the card itself can be; the schema sees them before.
    """
    for path in card_files(folder):
        read = list(dict.fromkeys(_by_reading(path, folder, vocabulary)))
        lines = {finding.place.line for finding in read}
        yield from read
        if read:
            yield from (finding for finding in _by_schema(path, folder, vocabulary) if finding.place.line not in lines)


def _by_reading(path: Path, folder: Folder, vocabulary: Vocabulary) -> Iterator[Finding]:
    for parameter_set in PARAMETER_SETS:
        try:
            card = load_card(path, folder, vocabulary, parameter_set)
        except AuthoringError as error:
            yield from map(Finding.of, error.all)
            continue
        mistakes = Mistakes()
        with mistakes.noting():
            for test in applicable_tests(card, parameter_set):
                with mistakes.noting():
                    read_test(card, test)
        yield from map(Finding.of, mistakes)


_KINDS = {
    "object": "a mapping (key: value)",
    "array": "a list",
    "string": "a text",
    "boolean": "true or false",
    "integer": "a whole number",
}


@cache
def _validator(vocabulary: Vocabulary) -> Draft202012Validator:
    return Draft202012Validator(card_schema(vocabulary))


def _by_schema(path: Path, folder: Folder, vocabulary: Vocabulary) -> Iterator[Finding]:
    try:
        content = read_file(path, folder)
    except AuthoringError:
        return
    found: Iterator[ValidationError] = _validator(vocabulary).iter_errors(_plain(content))
    for error in map(_meant_error, found):
        told = _told(error)
        if told:
            key, what, mend = told
            yield Finding("unreadable", "error", _place(content, [*error.absolute_path, *key]), what, mend)


def _meant_error(error: ValidationError) -> ValidationError:
    """Of alternatives that all fail, what is wrong with the one that the author meant: the one that goes deepest, or else one
    that can show an example."""
    while error.context:
        error = max(error.context, key=lambda inner: (len(inner.path), bool(_example(inner)), inner.validator != "type"))
    return error


def _example(error: ValidationError) -> str:
    return str(error.schema["examples"][0]) if isinstance(error.schema, dict) and "examples" in error.schema else ""


def _told(error: ValidationError) -> tuple[list[str], str, str] | None:
    """The key at fault (or none: the value itself), what and how to mend it; nothing for what only follows from another mistake."""
    schema: Any = error.schema
    value: Any = error.instance
    mend = f"Write it as {_example(error)!r}." if _example(error) else ""
    if error.validator == "additionalProperties":
        key = next(key for key in value if key not in schema["properties"])
        return [key], f"there is no key {key!r} here.", meant(key, schema["properties"])
    if error.validator == "enum":
        return [], f"{value!r} is not known here.", mend or meant(str(value), map(str, schema["enum"]))
    if error.validator == "type":
        return [], f"this must be of another kind: {_KINDS.get(str(schema['type']), schema['type'])}.", mend
    if error.validator == "const":
        return [], f"{value!r} cannot stand here.", f"Write {json.dumps(schema['const'])}."
    if error.validator in ("pattern", "minItems"):
        return [], f"{value!r} is not written as it should be.", mend
    return None


def _place(content: Any, path: Sequence[Any]) -> Place:
    place: Place = getattr(content, "place", Place("", 1, 1))
    for step in path:
        if isinstance(content, Mapping):
            place = content.at(step)
            content = content.get(step)
        elif isinstance(content, YamlSequence):
            place, content = content.item_places[step], content[step]
    return place


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
