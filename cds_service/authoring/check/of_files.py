"""What is wrong in a single file: its form against the JSON Schema, then what only reading it can tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from ...engine import PARAMETER_SETS
from ...rules.card_set import Folder, card_files, load_card
from ...rules.condition_file import Vocabulary
from ...rules.yaml_reader import meant
from ...rules.yaml_source import AuthoringError, Mapping, Mistakes, Place, load
from ...rules.yaml_source import Sequence as YamlSequence
from ..card_tests import applicable_tests, read_test
from .finding import Finding
from .schema import card_schema


def file_findings(folder: Folder, vocabulary: Vocabulary) -> Iterator[Finding]:
    """The mistakes in the card files of ``folder``: what reading meets, and what the schema sees in other lines."""
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


@cache
def _validator(vocabulary: Vocabulary) -> Draft202012Validator:
    return Draft202012Validator(card_schema(vocabulary))


def _by_schema(path: Path, folder: Folder, vocabulary: Vocabulary) -> Iterator[Finding]:
    try:
        content = load(path, f"{folder.shown}/{path.relative_to(folder.root).as_posix()}")
    except AuthoringError:
        return
    found: Iterator[ValidationError] = _validator(vocabulary).iter_errors(_plain(content))
    for error in found:
        yield _finding(_deepest(error), content)


def _deepest(error: ValidationError) -> ValidationError:
    """Of alternatives that all fail, what is wrong with the one that the author meant: the one that goes deepest."""
    while error.context:
        error = max(error.context, key=lambda inner: (len(inner.path), inner.validator != "type"))
    return error


def _finding(error: ValidationError, content: Any) -> Finding:
    path = list(error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.schema, dict) and isinstance(error.instance, dict):
        known = error.schema["properties"]
        key = next(key for key in error.instance if key not in known)
        return Finding("unreadable", "error", _place(content, [*path, key]), f"there is no key {key!r} here.", meant(key, known))
    place = _place(content, path)
    if error.validator == "enum" and isinstance(error.schema, dict):
        mend = meant(str(error.instance), map(str, error.schema["enum"]))
        return Finding("unreadable", "error", place, f"{error.instance!r} is not known here.", mend)
    return Finding("unreadable", "error", place, f"{error.message}.", "")


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
