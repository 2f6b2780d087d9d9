"""Searching the definitions (FHIR R4, "Search"): by url, _id, name, status and version,
a page at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from .errors import BadRequest

PARAMETERS = {"_id": "token", "url": "uri", "name": "string", "status": "token", "version": "token"}
USUAL_COUNT, MOST_COUNT = 20, 100
# Anyone may search without a token, so no search may cost more than a few milliseconds.
MOST_PARAMETERS, MOST_VALUES, MOST_BYTES = 50, 100, 20_000
_STATUS = "http://hl7.org/fhir/publication-status"
_CONTROLS = ("_count", "_offset", "_format")
# A comma without a backslash before it joins values (FHIR R4, "Escaping Search Parameters").
_COMMA = re.compile(r"(?<!\\),")
_ESCAPED = re.compile(r"\\([,|$\\])")

Resource = Mapping[str, Any]
Holds = Callable[[Resource], bool]
Test = Callable[[list[str]], Holds]


class Search(NamedTuple):
    """A search as understood. ``tests``: a match passes each. ``size``: resources on a page.
    ``used``: the parameters that count, in order."""

    tests: tuple[Holds, ...]
    size: int
    offset: int
    used: tuple[tuple[str, str], ...]


def _text(resource: Resource, name: str) -> str:
    value = resource.get(name)
    return value if isinstance(value, str) else ""


def _exactly(name: str) -> Test:
    def test(values: list[str]) -> Holds:
        wanted = frozenset(values)
        return lambda resource: _text(resource, name) in wanted

    return test


def _token(name: str, system: str = "") -> Test:
    def test(values: list[str]) -> Holds:
        parts = (value.rpartition("|") for value in values)
        wanted = frozenset(
            code for of, separator, code in parts if not separator or of in ("", system)
        )
        return lambda resource: _text(resource, name) in wanted

    return test


def _begins(values: list[str]) -> Holds:
    wanted = tuple(value.casefold() for value in values)
    return lambda resource: _text(resource, "name").casefold().startswith(wanted)


def _contains(values: list[str]) -> Holds:
    wanted = {value.casefold() for value in values}

    def holds(resource: Resource) -> bool:
        name = _text(resource, "name").casefold()
        return any(value in name for value in wanted)

    return holds


_TESTS: Mapping[str, Test] = {
    "_id": _exactly("id"),
    "url": _exactly("url"),
    "name": _begins,
    "name:exact": _exactly("name"),
    "name:contains": _contains,
    "status": _token("status", _STATUS),
    "version": _token("version"),
}


def read_search(arguments: Iterable[tuple[str, str]], *, strict: bool) -> Search:
    """The search that the ``arguments`` of a query ask for. Raises :class:`BadRequest`.

    An unknown parameter is ignored, or refused if ``strict`` (FHIR R4, "Handling Errors"). An
    unknown modifier is always refused, because it would change the matches ("Modifiers").
    """
    arguments = list(arguments)
    if len(arguments) > MOST_PARAMETERS:
        raise BadRequest(f"A search has {MOST_PARAMETERS} parameters at most.", code="too-costly")
    tests: list[Holds] = []
    used: list[tuple[str, str]] = []
    page = {"_count": USUAL_COUNT, "_offset": 0}
    for name, value in arguments:
        if name in page:
            page[name] = whole_number(name, value)
        elif name in _TESTS:
            if value:
                tests.append(_TESTS[name](values_of(value)))
        elif name.partition(":")[0] in PARAMETERS:
            raise BadRequest(
                "There is no such modifier; name has :exact and :contains.",
                name.partition(":")[0],
                code="not-supported",
            )
        elif name not in _CONTROLS:
            if strict:
                raise BadRequest(
                    f"A parameter is not known; there are: {', '.join([*PARAMETERS, *_CONTROLS])}.",
                    code="not-supported",
                )
            continue
        if name not in page:
            used.append((name, value))
    return Search(tuple(tests), min(page["_count"], MOST_COUNT), page["_offset"], tuple(used))


def values_of(text: str) -> list[str]:
    """The values of a parameter; a match has one of them. Raises :class:`BadRequest`."""
    parts = _COMMA.split(text, MOST_VALUES)
    if len(parts) > MOST_VALUES:
        raise BadRequest(
            f"A parameter of a search has {MOST_VALUES} values at most.", code="too-costly"
        )
    return [_ESCAPED.sub(r"\1", part) for part in parts]


def whole_number(name: str, text: str) -> int:
    """The number that the parameter ``name`` states. Raises :class:`BadRequest`."""
    if not (text.isascii() and text.isdigit()):
        raise BadRequest(f"{name} must be a whole number from 0 on.", name, code="value")
    return int(text[-9:]) if len(text.lstrip("0")) <= 9 else 10**9


def searchset(search: Search, resources: Iterable[Resource], url: str) -> dict[str, Any]:
    """The Bundle of the ``resources`` that ``search`` finds. ``url``: of their type, absolute."""
    found = [resource for resource in resources if all(test(resource) for test in search.tests)]
    end = search.offset + search.size

    def link(relation: str, offset: int) -> dict[str, str]:
        page = [("_count", str(search.size)), *([("_offset", str(offset))] if offset else [])]
        return {"relation": relation, "url": f"{url}?{urlencode([*search.used, *page])}"}

    links = [link("self", search.offset)]
    if search.size:
        if search.offset:
            links.append(link("previous", max(0, search.offset - search.size)))
        if end < len(found):
            links.append(link("next", end))
    bundle: dict[str, Any] = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(found),
        "link": links,
    }
    entries = [_entry(resource, url) for resource in found[search.offset : end]]
    return {**bundle, "entry": entries} if entries else bundle


def _entry(resource: Resource, url: str) -> dict[str, Any]:
    return {"fullUrl": f"{url}/{resource['id']}", "resource": resource, "search": {"mode": "match"}}
