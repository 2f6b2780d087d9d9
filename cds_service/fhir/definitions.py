"""Reading the FHIR definitions of the service (value sets, code systems, order templates) from
their folders."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class DefinitionError(ValueError):
    """A file does not hold a usable definition: ``what`` is wrong at ``line`` and ``column``,
    counted from 1."""

    def __init__(self, file: Path, line: int, column: int, what: str):
        self.file = file
        self.line = line
        self.column = column
        self.what = what
        super().__init__(f"{file}:{line}:{column}: {what}")


def read_definitions(folder: Path, kind: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Each definition of a folder, with its file. Raises :class:`DefinitionError`."""
    for path in sorted(folder.glob("*.json")):
        yield path, read_definition(path, kind)


def read_definition(path: Path, kind: str) -> dict[str, Any]:
    """The definition in a file, as :func:`parse_definition` returns it. Raises
    :class:`DefinitionError`."""
    return parse_definition(path, text_of(path), kind)


def text_of(path: Path) -> str:
    """The text of a file. Raises :class:`DefinitionError`."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        column = error.start - before.rfind(b"\n")
        raise DefinitionError(
            path,
            before.count(b"\n") + 1,
            column,
            "this is not UTF-8 text. Let your editor save it as UTF-8.",
        ) from None


def parse_definition(path: Path, text: str, kind: str) -> dict[str, Any]:
    """The definition that ``text``, the content of the file ``path``, holds: of the type ``kind``,
    with a URL, and with the name of the file as its id.

    Raises :class:`DefinitionError`.
    """
    try:
        definition = json.loads(text, object_pairs_hook=each_once)
    except json.JSONDecodeError as error:
        raise DefinitionError(
            path, error.lineno, error.colno, f"this is not JSON: {error.msg}."
        ) from None
    except ValueError as error:
        raise DefinitionError(path, 1, 1, f"{error}.") from None
    if not isinstance(definition, dict) or definition.get("resourceType") != kind:
        raise DefinitionError(path, 1, 1, f"a FHIR resource of the type {kind} is expected here.")
    if definition.get("id") != path.stem or not isinstance(definition.get("url"), str):
        what = f"the definition must have a 'url', and the id {path.stem!r}, like its file."
        raise DefinitionError(path, 1, 1, what)
    return definition


@contextmanager
def using(path: Path) -> Iterator[None]:
    """Within the block, report an element of the file that is missing or of another kind as a
    :class:`DefinitionError`."""
    try:
        yield
    except KeyError as error:
        raise DefinitionError(
            path, 1, 1, f"an element {error.args[0]!r} is missing, or misspelt."
        ) from None
    except DefinitionError:
        raise
    except (AssertionError, AttributeError, IndexError, TypeError, ValueError):
        raise DefinitionError(
            path, 1, 1, "an element has a type that FHIR R4 does not allow there."
        ) from None


def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The JSON object of ``pairs``. Raises ``ValueError`` for a key that occurs twice, because a
    parser would keep one of the two values without saying which."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(
            f"the key {next(name for name in names if names.count(name) > 1)!r} appears twice in "
            "one object"
        )
    return found
