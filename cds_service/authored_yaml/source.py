"""YAML with the place of everything: mappings that know the line of each key, and scalars without
surprises.

This is YAML 1.2's core schema without its pitfalls: only ``true`` and ``false`` are yes/no (``no``
and ``on`` are texts), numbers are decimal without exponent, and a repeated key, an alias, a tag or
an invisible character is an error. So is whatever other parsers read differently: a number that
begins with 0, and a text that a '#' cuts off.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import lru_cache
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
    """A mistake in a file that people write (cards, parameters, evidence, clients): where it is,
    what is wrong, and how to mend it.

    ``all``: the mistakes that were found together, of which this is the first. The exception's text
    has a line for each.
    """

    def __init__(
        self, place: Place, what: str, mend: str = "", found: tuple[AuthoringError, ...] = ()
    ):
        self.place = place
        self.what = what
        self.mend = mend
        self.all = found or (self,)
        super().__init__(
            "\n".join(
                f"{one.place}: {one.what}{' ' + one.mend if one.mend else ''}" for one in self.all
            )
        )


class Noted(AuthoringError):
    """A value cannot be read because of mistakes that have been noted already."""


class Mistakes(list[AuthoringError]):
    """A list of mistakes, so that one reading reports all of them, each once."""

    def note(self, error: AuthoringError) -> None:
        """Add ``error`` and those found with it."""
        told = {(known.place, known.what) for known in self}
        self += [
            one
            for one in error.all
            if (one.place, one.what) not in told and not isinstance(one, Noted)
        ]

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note an :class:`AuthoringError` that is raised within, and go on after it."""
        try:
            yield
        except AuthoringError as error:
            self.note(error)

    def tell(self) -> None:
        """Raise the first mistake in the order of the file, together with the others; do nothing
        without any."""
        if self:
            found = sorted(self, key=lambda error: error.place)
            raise AuthoringError(found[0].place, found[0].what, found[0].mend, tuple(found))


class Mapping(dict[str, Any]):
    """A YAML mapping with its own place and that of each key. It never changes after loading, and
    the same content is loaded once, so that it can be the key of a cache."""

    def __init__(self, place: Place):
        super().__init__()
        self.place = place
        self.key_places: dict[str, Place] = {}

    def at(self, key: str) -> Place:
        """The place of ``key``, or of the mapping if the key is missing."""
        return self.key_places.get(key, self.place)

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)


class Sequence(list[Any]):
    """A YAML sequence with its place and its items' places."""

    def __init__(self, place: Place):
        super().__init__()
        self.place = place
        self.item_places: list[Place] = []


_SCALARS = (
    ("null", re.compile(r"(?:~|null|)\Z"), lambda text: None),
    ("bool", re.compile(r"(?:true|false)\Z"), lambda text: text == "true"),
    (
        "number",
        re.compile(r"[-+]?(?:(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{0,15})?|\.[0-9]{1,15})\Z"),
        Decimal,
    ),
)
_IMPLICIT_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("null", "bool", "int", "float", "str", "seq", "map", "timestamp", "merge", "value")
)
_OCTAL = re.compile(r"[-+]?0[0-9]+(?:\.[0-9]*)?\Z")
# A comment has a blank after its '#'; in a text such as "Ward #5", the '#' is meant literally.
_CUT_OFF = re.compile(r"[ \t]+#[^\s#]")
_NOT_PLAIN = re.compile(r"[^\n\t -~]")
# Unicode's general categories of characters that cannot be seen.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
_QUOTE = (
    "Quote a text that has ': ' or ' #', or that begins with a mark such as *, &, @, %, { or [."
)
_UNCLOSED = (
    "The quotation mark or bracket that begins here is not closed, or a comma is missing inside."
)
_UNFINISHED = (
    "A key is followed by ': ' (with the space) and its value; a list entry begins with '- '."
)
_CURLY = 'Write straight quotation marks (") instead.'
_LOOK_AROUND = f"Look at the indentation and the quotation marks here and above. {_QUOTE}"
_QUOTE_MARKS = "Quote the text that begins with '*' or '&'."
_TOO_DEEP = "Check the indentation: nothing in these files is nested so deeply."
_MENDS = {
    "found character that cannot start any token": _QUOTE,
    "mapping values are not allowed in this context": _QUOTE,
    "did not find expected alphabetic or numeric character": _QUOTE_MARKS,
    "but found another document": "One file holds one document: no second '---'.",
    "found undefined alias": "Quote the text that begins with '*'.",
    "did not find expected <document start>": (
        "One file holds one document: remove what follows '...'."
    ),
    "exceeded maximum nesting depth": _TOO_DEEP,
    "could not find expected ':'": _UNFINISHED,
}
_DEEPEST = 50
# A hundred times the longest card. A longer file was put here by mistake, and would delay the start
# of the service by minutes.
_LARGEST = 1_000_000


def load(path: Path, shown_as: str | None = None) -> Any:
    """The content of a YAML file as :class:`Mapping`, :class:`Sequence`, text, ``Decimal``,
    ``bool`` and ``None``. Do not change it: it is shared with everyone who reads the same content.

    Raises :class:`AuthoringError` for a file or YAML that cannot be read, and for the errors in
    this module's docstring.
    """
    name = shown_as or str(path)
    if path.exists() and not path.is_file():
        raise AuthoringError(
            Place(name, 1, 1),
            "this is not a file.",
            "Rename it: every name that ends in .yaml is read as a file.",
        )
    if path.stat().st_size > _LARGEST:
        raise AuthoringError(
            Place(name, 1, 1),
            f"the file has more than {_LARGEST} bytes.",
            "Check whether it is the right file.",
        )
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        place = Place(name, before.count(b"\n") + 1, error.start - before.rfind(b"\n"))
        raise AuthoringError(
            place, "this is not UTF-8 text.", "Let your editor save the file as UTF-8."
        ) from None
    return _read(text.removeprefix("\ufeff"), name)


@lru_cache(maxsize=512)
def _read(text: str, name: str) -> Any:
    _check_visible(text, name)
    try:
        node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error, text, name) from None
    if node is None:
        return None
    reading = _Reading(name, text)
    value = reading.value(node, reading.place(node), 0)
    reading.mistakes.tell()
    return value


def _not_yaml(error: yaml.MarkedYAMLError, text: str, name: str) -> AuthoringError:
    """The mistake that keeps the parser from going on, or the place of a quotation mark or bracket
    that is not closed."""
    problem = error.problem or ""
    unclosed = problem.startswith(
        ("found unexpected end of stream", "did not find expected ',' or")
    )
    begun = unclosed or problem == "could not find expected ':'"
    mark = error.context_mark if begun and error.context_mark else error.problem_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    lines = text.splitlines()
    here = lines[line] if line < len(lines) else ""
    opened = _left_open(lines[:line])
    if here[column : column + 1] == "\t":
        mend = "A tab cannot indent: use spaces."
    elif "\u201c" in here or "\u201d" in here:
        mend = _CURLY
    elif opened and not unclosed:
        line, column, mend = *opened, _UNCLOSED
    else:
        mend = _MENDS.get(problem, _UNCLOSED if unclosed else _LOOK_AROUND)
    return AuthoringError(Place(name, line + 1, column + 1), f"this is not YAML: {problem}.", mend)


def _left_open(lines: list[str]) -> tuple[int, int] | None:
    """The line and column of a quotation mark in ``lines`` that is never closed. A text over
    several lines has an odd number of marks on its first and its last line, so that one is open if
    the number of such lines is odd: the last one."""
    odd = [number for number, line in enumerate(lines) if line.count('"') % 2]
    return (odd[-1], lines[odd[-1]].index('"')) if len(odd) % 2 else None


def _check_visible(text: str, name: str) -> None:
    """Raise :class:`AuthoringError` for control, format and special space characters: whoever reads
    the file must see what the service reads."""
    mistakes = Mistakes()
    for found in _NOT_PLAIN.finditer(text):
        if unicodedata.category(found[0]) in _UNSEEN:
            place = Place(
                name,
                text.count("\n", 0, found.start()) + 1,
                found.start() - text.rfind("\n", 0, found.start()),
            )
            said = (
                f"the character U+{ord(found[0]):04X} "
                f"({unicodedata.name(found[0], 'a control character')}) is invisible."
            )
            mistakes.append(AuthoringError(place, said, "Remove it, or write a plain space."))
    mistakes.tell()


class _Reading:
    """Makes values from the nodes of one file, and collects mistakes."""

    def __init__(self, name: str, text: str):
        self.name = name
        self.text = text
        self.mistakes = Mistakes()
        self.seen: set[int] = set()

    def place(self, node: yaml.Node) -> Place:
        return Place(self.name, node.start_mark.line + 1, node.start_mark.column + 1)

    def value(self, node: yaml.Node, at: Place, depth: int) -> Any:
        """The value of ``node``. ``at``: where it is used, which for an alias is not where it is
        written."""
        if id(node) in self.seen:
            return self.mistakes.note(
                AuthoringError(
                    at, "an alias (*) repeats a value from elsewhere.", "Write the value out here."
                )
            )
        self.seen.add(id(node))
        if (
            node.tag not in _IMPLICIT_TAGS
            or self.text[node.start_mark.index : node.start_mark.index + 1] == "!"
        ):
            mend = "Remove it, or quote the text that begins with '!'."
            self.mistakes.note(
                AuthoringError(
                    self.place(node), f"a tag ({node.tag}) is not used in these files.", mend
                )
            )
        if depth > _DEEPEST:
            return self.mistakes.note(
                AuthoringError(self.place(node), "this is nested too deeply.", _TOO_DEEP)
            )
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, depth)
        if isinstance(node, yaml.SequenceNode):
            return self.sequence(node, depth)
        if getattr(node, "style", None) in ("'", '"', "|", ">"):
            return node.value
        value = next(
            (read(node.value) for _, pattern, read in _SCALARS if pattern.match(node.value)),
            node.value,
        )
        if isinstance(value, str):
            self.check_plain(value, node)
        return value

    def check_plain(self, text: str, node: yaml.Node) -> None:
        """Note a text without quotation marks that other readers, or its author, would read
        differently."""
        if _OCTAL.match(text):
            what, mend = (
                f"{text} begins with 0, which some programs read as octal.",
                "Remove the leading 0 of a number; quote a text.",
            )
            self.mistakes.note(AuthoringError(self.place(node), what, mend))
        elif cut := _CUT_OFF.match(self.text, node.end_mark.index):
            what = f"the text ends before {cut[0].strip()!r}: what follows a '#' is a comment."
            self.mistakes.note(
                AuthoringError(
                    self.place(node), what, "Quote the text, or put a space after the '#'."
                )
            )

    def mapping(self, node: yaml.MappingNode, depth: int) -> Mapping:
        mapping = Mapping(self.place(node))
        for key_node, value_node in node.value:
            place = self.place(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                mend = "Quote a text that has {placeholders}."
                self.mistakes.note(AuthoringError(place, "a key must be a plain text.", mend))
                continue
            key = str(key_node.value)
            if key in mapping:
                self.mistakes.note(
                    AuthoringError(
                        place, f"the key {key!r} appears twice.", "Remove one of the two."
                    )
                )
            mapping[key] = self.value(value_node, place, depth + 1)
            mapping.key_places[key] = place
        return mapping

    def sequence(self, node: yaml.SequenceNode, depth: int) -> Sequence:
        sequence = Sequence(self.place(node))
        for item in node.value:
            sequence.append(self.value(item, sequence.place, depth + 1))
            sequence.item_places.append(self.place(item))
        return sequence
