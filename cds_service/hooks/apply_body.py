"""The body of ``PlanDefinition/$apply``: a FHIR R4 Parameters resource, read into the call
that a hook would make.

R4's operation has no parameter for data. ``prefetchData`` and ``data`` are those of the Clinical
Practice Guidelines guide (cpg-plandefinition-apply); ``draftOrders`` and ``selections`` are the
context of the ordering hooks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw, Struct, field

from ..authored_yaml.reader import meant
from ..engine import Call
from ..facts.queries import QUERIES, query_of
from ..fhir.index import resources_of
from ..fhir.reading import Bundle, Value, read_value
from ..fhir.references import type_and_id
from ..rules.card import Card
from ..rules.hook_table import HOOKS
from .contexts import Text
from .errors import BadRequest
from .request import decoded, opened

MOST_PARAMETERS = 1000
LONGEST_NAME = 40
LONGEST_ID = 256  # as in a hook call
# Parameters of R4's operation that change nothing here.
UNUSED = (
    "organization",
    "userType",
    "userLanguage",
    "userTaskContext",
    "setting",
    "settingContext",
)
_ONCE = ("subject", "encounter", "practitioner", "data", "draftOrders", *UNUSED)
NAMES = (
    "subject",
    "encounter",
    "practitioner",
    *UNUSED,
    "prefetchData",
    "data",
    "draftOrders",
    "selections",
)


class Reference(Struct):
    """A FHIR Reference."""

    reference: Text


class Part(Struct):
    """A part of ``prefetchData``: its ``key``, or its ``data``."""

    name: Text
    valueString: Text | None = None
    resource: Raw = field(default_factory=Raw)


class Parameter(Struct):
    """A parameter of the operation. Its name decides which of its values is used."""

    name: Text
    valueString: Text | None = None
    valueReference: Reference | None = None
    resource: Raw = field(default_factory=Raw)
    part: list[Part] | None = None


class ApplyRequest(Struct):
    """The Parameters resource."""

    resourceType: Literal["Parameters"]
    parameter: Annotated[list[Parameter], Meta(min_length=1, max_length=MOST_PARAMETERS)]


_decode = msgspec.json.Decoder(ApplyRequest).decode


def read_apply(body: bytes, card: Card) -> Call:
    """The call that a body makes for ``card``, on the first hook of the card. Raises
    :class:`BadRequest`, naming the element."""
    named: dict[str, list[tuple[str, Parameter]]] = {}
    for index, parameter in enumerate(decoded(_decode, body).parameter):
        place = f"Parameters.parameter[{index}]"
        if parameter.name not in NAMES:
            near = meant(parameter.name[:LONGEST_NAME], NAMES)
            raise BadRequest(
                f"There is no such parameter. {near}", f"{place}.name", code="not-supported"
            )
        if parameter.name in _ONCE and parameter.name in named:
            raise BadRequest(f"{parameter.name} may be given once.", place)
        named.setdefault(parameter.name, []).append((place, parameter))
    if "subject" not in named:
        raise BadRequest(
            "The parameter subject is required: a reference such as Patient/example.",
            "Parameters.parameter",
            code="required",
        )
    hook = card.hooks[0]
    orders = named.get("draftOrders")
    selections = [_string(*item) for item in named.get("selections", ())]
    if not HOOKS[hook].has_drafts and (orders or selections):
        raise BadRequest(
            "This card is not one of ordering: it reads no draftOrders and no selections.",
            "Parameters.parameter",
        )
    return Call(
        hook,
        _id_of("Patient", *named["subject"][0]),
        _id_of("Encounter", *named["encounter"][0]) if "encounter" in named else None,
        _bundle(*orders[0]) if orders else None,
        selections or None,
        _data(named),
        user_id=_user(named["practitioner"][0][1]) if "practitioner" in named else "",
    )


def _data(
    named: Mapping[str, list[tuple[str, Parameter]]],
) -> Callable[[tuple[str, ...]], Mapping[str, Value]]:
    if "data" in named and "prefetchData" in named:
        raise BadRequest(
            "Send data either as data or as prefetchData, not as both.", named["data"][0][0]
        )
    if "data" in named:
        bundle = _bundle(*named["data"][0])
        return lambda keys: dict(_found(bundle, keys))
    prefetch: dict[str, Raw] = {}
    for place, parameter in named.get("prefetchData", ()):
        key, value = _prefetched(place, parameter)
        if key in prefetch:
            raise BadRequest("This prefetch key was given before.", place)
        prefetch[key] = value
    return lambda keys: opened(prefetch, keys)


def _prefetched(place: str, parameter: Parameter) -> tuple[str, Raw]:
    """A prefetch key with its value. A key without ``data`` states that there is none (``null`` in
    a hook call)."""
    parts = parameter.part or []
    if (
        any(part.name not in ("key", "data") for part in parts)
        or max(Counter(part.name for part in parts).values(), default=0) > 1
    ):
        raise BadRequest(
            "prefetchData needs the parts key and data, each at most once.",
            f"{place}.part",
            code="not-supported",
        )
    key = next((part.valueString for part in parts if part.name == "key"), None)
    if key is None:
        raise BadRequest(
            "prefetchData needs a part key with a valueString.", f"{place}.part", code="required"
        )
    if query_of(key) is None:
        raise BadRequest(
            f"There is no such prefetch key. {meant(key[:LONGEST_NAME], QUERIES)}",
            f"{place}.part",
            code="not-found",
        )
    value = next((part.resource for part in parts if part.name == "data"), Raw(b"null"))
    if not memoryview(value).nbytes:
        raise BadRequest(
            "The part data has a resource; leave the part out where there is no data.",
            f"{place}.part",
            code="required",
        )
    return key, value


def _found(bundle: Bundle, keys: tuple[str, ...]) -> Iterator[tuple[str, Value]]:
    """The queries for which ``bundle`` contains something. None of them is complete, because more
    may be on record."""
    types = {resource.kind for resource in resources_of(bundle)}
    more = 1.0 + len(bundle.entry)
    whole = Bundle(total=more, entry=bundle.entry)
    for key in keys:
        kind = QUERIES[query_of(key) or key].resource_type
        # A Medication alone may be what identifies the product of a draft.
        if kind in types or ("Medication" in types and kind.startswith("Medication")):
            yield key, whole
            whole = Bundle(total=more)  # each resource is filed once


def _bundle(place: str, parameter: Parameter) -> Bundle:
    try:
        value = read_value(memoryview(parameter.resource))
    except UnicodeDecodeError:
        value = None
    if not isinstance(value, Bundle):
        raise BadRequest(
            f"{parameter.name} needs a Bundle as its resource.",
            f"{place}.resource",
            code="structure",
        )
    return value


def _string(place: str, parameter: Parameter) -> str:
    if parameter.valueString is None:
        raise BadRequest(f"{parameter.name} needs a valueString.", place, code="required")
    return parameter.valueString


def _user(parameter: Parameter) -> str:
    """``Type/id`` of the user; ``""`` if the parameter states none. Only a practitioner changes
    anything."""
    stated = (
        parameter.valueReference.reference if parameter.valueReference else parameter.valueString
    )
    return type_and_id(stated or "")


def _id_of(kind: str, place: str, parameter: Parameter) -> str:
    reference = (
        parameter.valueReference.reference if parameter.valueReference else parameter.valueString
    )
    name, _, identity = type_and_id(reference or "").partition("/")
    if name != kind or not 0 < len(identity) <= LONGEST_ID:
        raise BadRequest(
            f"{parameter.name} is a reference such as {kind}/example, as valueString.",
            place,
            code="value",
        )
    return identity
