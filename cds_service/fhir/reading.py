"""Decoding a client's JSON into the structures of :mod:`.r4`: in one pass if it conforms to FHIR,
otherwise element by element.

A client's mistake costs only the element concerned. An element whose shape is not FHIR's is left
out and named in ``Resource.malformed``, so that facts based on it are unknown. The rest of the
resource, and every other resource, is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, cast

import msgspec
import orjson
from msgspec import Raw, Struct
from msgspec.inspect import (
    AnyType,
    BoolType,
    Field,
    FloatType,
    ListType,
    NoneType,
    RawType,
    StrType,
    StructType,
    Type,
    UnionType,
    type_info,
)

from .r4 import READ_RESOURCES, AnyResource, Resource

# The slow path takes about fifty microseconds a resource. No real record has so many resources that
# need it; further ones are not read.
MOST_MALFORMED = 300
_MATCH = "match"
_ORDER = re.compile(rb'"resourceType"\s*:\s*"MedicationRequest"')


class Link(Struct):
    """A link of a Bundle."""

    relation: str = ""
    url: str = ""

    @property
    def is_next(self) -> bool:
        """Whether the link leads to the next page."""
        return self.relation.strip().lower() == "next"


class EntrySearch(Struct, gc=False):
    """Why an entry is in the answer to a search."""

    mode: str = _MATCH


class Entry(Struct):
    """An entry of a Bundle. ``resource`` is ``None`` if it is not of a type read here;
    ``other_type`` is then its type, and ``holds_orders`` says whether it contains orders for
    medications."""

    fullUrl: str = ""
    resource: AnyResource | None = None
    search: EntrySearch | None = None
    other_type: str = msgspec.field(default="", name="~type")
    holds_orders: bool = msgspec.field(default=False, name="~holds")

    @property
    def is_match(self) -> bool:
        """Whether the entry is a match of the search, and not something included with one."""
        return self.search is None or self.search.mode == _MATCH


class Bundle(Struct, tag_field="resourceType", tag="Bundle"):
    """A Bundle. ``unread``: the number of items that are not entries, or exceed the limit of
    lenient reading. ``misshapen``: whether ``total`` or part of ``link`` was left out because it
    cannot be read."""

    total: float | None = None
    link: list[Link] = []
    entry: list[Entry] = []
    unread: int = msgspec.field(default=0, name="~unread")
    misshapen: bool = msgspec.field(default=False, name="~misshapen")

    @property
    def is_one_page(self) -> bool:
        """Whether the Bundle has neither links nor a ``total``, so that it is the whole answer."""
        return not self.link and self.total is None and not self.misshapen

    @property
    def next_url(self) -> str:
        """The URL of the next page; ``""`` if there is none, or none that is named."""
        for link in self.link:
            if link.is_next:
                return link.url.strip()
        return ""

    @property
    def has_next(self) -> bool:
        """Whether the Bundle says that another page follows, with or without its URL."""
        return bool(self.link) and any(link.is_next for link in self.link)

    @property
    def is_untold(self) -> bool:
        """Whether it cannot be told if more belongs to the answer: ``total`` or a link cannot be
        read, or a link does not say where it leads."""
        return self.misshapen or any(not link.relation.strip() for link in self.link)

    @property
    def lacks_entries(self) -> bool:
        """Whether the Bundle has fewer matches than its ``total``."""
        return self.total is not None and self.total > sum(entry.is_match for entry in self.entry)


class Unread(Struct, frozen=True):
    """A value that is not a resource of a type read here. ``kind``: its resource type, if it states
    one."""

    kind: str = ""


Value = Bundle | Resource | Unread | None
"""The value of a prefetch key, or the answer of a server; ``None`` is JSON's ``null``."""


class _Kind(Struct):
    resourceType: str = ""


class _RawEntry(Struct):
    fullUrl: str = ""
    resource: Raw = Raw()
    search: EntrySearch | None = None


class _RawBundle(Struct):
    total: Any = None
    link: Any = None
    entry: list[Raw] = []


_decode = msgspec.json.Decoder(Bundle | AnyResource | None).decode
_decode_kind = msgspec.json.Decoder(_Kind).decode
_decode_raw_bundle = msgspec.json.Decoder(_RawBundle).decode
_decode_raw_entry = msgspec.json.Decoder(_RawEntry).decode
_TYPES: dict[str, type[Resource]] = {
    str(read.__struct_config__.tag): read for read in READ_RESOURCES
}
_DECODERS = {kind: msgspec.json.Decoder(read).decode for kind, read in _TYPES.items()}
_ERRORS = (msgspec.DecodeError, RecursionError)  # ValidationError is a DecodeError


def read_value(text: bytes | memoryview) -> Value:
    """The value of a prefetch key, or the body of a FHIR server's answer. Raises
    ``UnicodeDecodeError`` for a text that is not UTF-8."""
    try:
        value: Value = _decode(text)
        return value
    except _ERRORS:
        return _Lenient().value(bytes(text))


def read_resources(texts: Iterable[Raw]) -> Iterator[Resource | Unread]:
    """Read each text as :func:`read_value` reads a resource in a Bundle. A text that is not UTF-8
    is unread."""
    lenient = _Lenient()
    for text in texts:
        try:
            yield lenient.resource(bytes(text))
        except UnicodeDecodeError:
            yield Unread()


class _Lenient:
    """The slow path for one value. ``left``: how many malformed resources it may still read."""

    def __init__(self) -> None:
        self.left = MOST_MALFORMED

    def value(self, text: bytes) -> Value:
        try:
            bundle = _decode_raw_bundle(text)
            kind = _decode_kind(text).resourceType
        except _ERRORS:
            return self._of_json(text)
        if kind == "Bundle" or (not kind and bundle.entry):
            return self._bundle(bundle)
        return self.resource(text)

    def _of_json(self, text: bytes) -> Value:
        """A value whose outermost elements do not have the shape of FHIR's."""
        try:
            value = parse_json(text)
        except UnicodeDecodeError:
            raise
        except ValueError:
            return Unread()
        if value is None:
            return None
        if not isinstance(value, dict):
            return Unread()
        if value.get("resourceType") != "Bundle" and "entry" not in value:
            return self._pruned(value)
        entries = value.get("entry")
        entries = entries if isinstance(entries, list) else [] if entries is None else [entries]
        raw = [encoded for entry in entries if (encoded := _encoded(entry)) is not None]
        bundle = self._bundle(
            _RawBundle(value.get("total"), value.get("link"), [Raw(entry) for entry in raw])
        )
        bundle.unread += len(entries) - len(raw)
        return bundle

    def _bundle(self, raw: _RawBundle) -> Bundle:
        malformed: list[str] = []
        bundle: Bundle = msgspec.convert(
            _prune({"total": raw.total, "link": raw.link}, _info(Bundle), malformed), Bundle
        )
        bundle.misshapen = bool(malformed)
        for item in raw.entry:
            entry = self._entry(item)
            if entry is None or (entry.resource is None and not entry.other_type):
                bundle.unread += 1
            else:
                bundle.entry.append(entry)
        return bundle

    def _entry(self, item: Raw) -> Entry | None:
        try:
            raw = _decode_raw_entry(item)
            url, content, search = raw.fullUrl, bytes(raw.resource), raw.search
        except _ERRORS:
            try:
                value = parse_json(bytes(item))
            except UnicodeDecodeError:
                raise
            except ValueError:
                return None
            if not isinstance(value, dict):
                return None
            pruned = _prune({**value, "resource": None}, _info(Entry), [])
            url, search = (
                pruned.get("fullUrl", ""),
                msgspec.convert(pruned.get("search"), EntrySearch | None),
            )
            content = _encoded(value.get("resource")) or b""
        resource = self.resource(content) if content else Unread()
        if isinstance(resource, Unread):
            holds_orders = _ORDER.search(content) is not None
            return Entry(url, None, search, resource.kind, holds_orders)
        return Entry(url, cast(AnyResource, resource), search)

    def resource(self, text: bytes) -> Resource | Unread:
        try:
            kind = _decode_kind(text).resourceType
            return _DECODERS[kind](text) if kind in _DECODERS else Unread(kind)
        except _ERRORS:
            pass
        if self.left <= 0:
            return Unread()
        self.left -= 1
        try:
            return self._pruned(parse_json(text))
        except UnicodeDecodeError:
            raise
        except ValueError:
            return Unread()

    def _pruned(self, value: Any) -> Resource | Unread:
        kind = value.get("resourceType") if isinstance(value, dict) else None
        if not isinstance(kind, str):
            return Unread()
        if kind not in _TYPES:
            return Unread(kind)
        malformed: list[str] = []
        pruned = _prune(value, _info(_TYPES[kind]), malformed)
        text = orjson.dumps({**pruned, "resourceType": kind, "~malformed": malformed})
        return _DECODERS[kind](text)


@cache
def _info(of: type) -> Type:
    return type_info(of)


@cache
def _fields(of: type) -> dict[str, Field]:
    info = type_info(of)
    assert isinstance(info, StructType)
    return {
        field.encode_name: field for field in info.fields if not field.encode_name.startswith("~")
    }


def _prune(value: Any, expected: Type, malformed: list[str], place: str = "") -> Any:
    """``value`` reduced to what ``expected`` admits; ``None`` if nothing is left.

    The path of each part left out is added to ``malformed``, outermost element first
    (``valueQuantity.comparator``). A single item where FHIR has a list is read as a list of one,
    and ``null`` as missing, because real clients send both.
    """
    if value is None:
        return None
    if isinstance(expected, UnionType):
        expected = _of_union(value, expected)
    if isinstance(expected, ListType):
        items = value if isinstance(value, list) else [value]
        kept = [_prune(item, expected.item_type, malformed, place) for item in items]
        return [item for item in kept if item is not None]
    if isinstance(expected, StructType) and isinstance(value, dict):
        return _pruned_object(value, expected.cls, malformed, place)
    if _admits(value, expected):
        return value
    malformed.append(place)
    return None


def _pruned_object(
    value: dict[str, Any], of: type, malformed: list[str], place: str
) -> dict[str, Any]:
    found = {}
    for name, declared in _fields(of).items():
        if name in value:
            inner = _prune(
                value[name], declared.type, malformed, f"{place}.{name}" if place else name
            )
            if inner is not None:
                found[name] = inner
    return found


def _of_union(value: Any, union: UnionType) -> Type:
    """The alternative that ``value`` is checked against: a structure for an object, text for
    anything else, or the first if there is no such alternative."""
    admitted = [kind for kind in union.types if not isinstance(kind, NoneType)]
    fitting = StructType if isinstance(value, dict) else StrType
    return next((kind for kind in admitted if isinstance(kind, fitting)), admitted[0])


def _admits(value: Any, expected: Type) -> bool:
    """Whether a value fits ``expected``. The value is neither a list nor an object with a declared
    structure."""
    if isinstance(expected, StrType):
        return isinstance(value, str) and _encoded(value) is not None
    if isinstance(expected, BoolType):
        return isinstance(value, bool)
    if isinstance(expected, FloatType):
        return (
            isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e300
        )
    return isinstance(expected, (AnyType, RawType)) and _encoded(value) is not None


def _encoded(value: Any) -> bytes | None:
    """A value as JSON again; ``None`` if it cannot be encoded (a lone surrogate, a number of 400
    digits)."""
    try:
        return orjson.dumps(value)
    except (TypeError, ValueError):
        return None


def parse_json(text: bytes | memoryview) -> Any:
    """The value of a JSON text. A text that orjson refuses (for a number beyond its range, for
    instance) is parsed by the standard library.

    Raises ``UnicodeDecodeError`` for a text that is not UTF-8, ``ValueError`` for one that neither
    can parse.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            return json.loads(str(text, "utf-8"), parse_constant=_refuse_constant)
        except RecursionError:
            raise ValueError("nested too deeply") from None


def _refuse_constant(name: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")
