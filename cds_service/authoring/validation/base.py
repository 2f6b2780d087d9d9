"""The check against base FHIR R4: the models of ``fhir.resources``, and the faults that they miss.

The models are R4B's. R4 and R4B are the same in everything that the service reads and writes, and
the list of resource types comes from R4's own tables.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cache
from typing import Any

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from ...authored_yaml.reader import meant
from ...rules.condition_file import LONGEST_ID
from .finding import Finding
from .node import RESOURCE_TYPES, Node
from .primitives import beside_extension_values, filled, ill_formed, without_value
from .required_codes import fits, required_codes

_ABSTRACT = frozenset({"DomainResource"})
_RESOURCES = RESOURCE_TYPES - _ABSTRACT
_NUMBERS = frozenset({"decimal", "integer", "positiveInt", "unsignedInt"})
_CODE = "base"


def type_findings(resource: Any) -> Iterator[Finding]:
    """Yield why ``resource`` is no FHIR R4 resource; nothing if it is one."""
    if not isinstance(resource, dict):
        yield Finding(
            "error",
            "$",
            _CODE,
            "This is not a FHIR resource.",
            "Give a JSON object with a resourceType.",
        )
    elif not isinstance(kind := resource.get("resourceType"), str):
        yield Finding(
            "error",
            "$.resourceType",
            _CODE,
            "The resourceType is missing.",
            'Name it, such as "resourceType": "Observation".',
        )
    elif kind not in _RESOURCES:
        yield Finding(
            "error",
            "$.resourceType",
            _CODE,
            f"FHIR R4 has no resource {kind!r}.",
            meant(kind, _RESOURCES),
        )


def base_findings(resource: dict[str, Any], emptied: Collection[str]) -> Iterator[Finding]:
    """Yield the violations of base FHIR R4 in a resource of a known type: unknown, missing and
    ill-formed elements, and unknown codes.

    ``emptied``: the paths of elements that may be empty here, since their content was taken out to
    be checked by itself.
    """
    root = Node.root(resource)
    told = [*_model_findings(resource, root), *_beside_findings(root)]
    of_model = {finding.path for finding in told}
    empty = (
        finding for finding in _empty_findings(resource, root.path) if finding.path not in of_model
    )
    told += [finding for finding in empty if finding.path not in emptied]
    yield from told
    places = {finding.path for finding in told}
    for parent, name, node in root.descendants():
        if node.path not in places:
            yield from _value_findings(parent, name, node)


def _empty_findings(value: dict[str, Any], path: str) -> Iterator[Finding]:
    """Null, empty objects and empty lists, which FHIR's JSON never has (R4, "JSON Representation of
    Resources"). In a list of primitive values, null is allowed in place of a value that has only an
    extension."""
    for name, item in value.items():
        beside = value.get(name[1:] if name.startswith("_") else f"_{name}")
        for at, one in (
            [(f"[{number}]", one) for number, one in enumerate(item)]
            if isinstance(item, list) and item
            else [("", item)]
        ):
            place = f"{path}.{name}{at}"
            if (
                one is None
                and at
                and isinstance(beside, list)
                and int(at[1:-1]) < len(beside)
                and beside[int(at[1:-1])] is not None
            ):
                continue
            if one is None or one == {} or one == []:
                kind = "null" if one is None else f"an empty {'object' if one == {} else 'list'}"
                yield Finding(
                    "error",
                    place,
                    _CODE,
                    f"FHIR's JSON does not allow {kind}.",
                    "Leave out elements without a value.",
                )
            elif isinstance(one, dict):
                yield from _empty_findings(one, place)


def _model_findings(resource: dict[str, Any], root: Node) -> Iterator[Finding]:
    try:
        model = get_fhir_model_class(root.type)
    except ValueError:
        yield Finding(
            "warning",
            root.path,
            _CODE,
            f"R4B has no {root.type}, so only the form of its values is checked.",
        )
        return
    try:
        model.model_validate(filled(resource, root.type))
    except ValidationError as error:
        for problem in error.errors():
            if problem["type"] == "list_type" and isinstance(problem["input"], list):
                continue  # _empty_findings reports null in a list
            yield _of_model(problem["type"], problem["loc"], problem["msg"], root)


def _beside_findings(root: Node) -> Iterator[Finding]:
    """Faults in the extensions of primitive values that the models do not report."""
    for path, item in beside_extension_values(root):
        try:
            get_fhir_model_class("FHIRPrimitiveExtension").model_validate(item)
        except ValidationError as error:
            for problem in error.errors():
                yield _of_model(
                    problem["type"], problem["loc"], problem["msg"], Node(item, path, "Element")
                )
    for path in ill_formed(root):
        yield Finding(
            "error",
            path,
            _CODE,
            "The id and extensions of a primitive value must be in an object, or for a list of "
            "values in a list of objects and null.",
        )
    for path in without_value(root):
        yield Finding(
            "error",
            path,
            _CODE,
            "An element must have a value or an extension; this one has neither.",
            "Add one, or leave the element out.",
        )


def _of_model(kind: str, location: tuple[int | str, ...], message: str, root: Node) -> Finding:
    parent = node = root
    for step in location:
        parent, node = node, node.into(step)
    path = node.path
    if kind == "missing":
        return Finding(
            "error", path, _CODE, "FHIR R4 requires this element, and it is missing.", "Add it."
        )
    if kind == "extra_forbidden":
        return Finding(
            "error",
            path,
            _CODE,
            "FHIR R4 has no such element here.",
            meant(str(location[-1]), _fields(parent.type)),
        )
    if kind == "list_type":
        return Finding(
            "error",
            path,
            _CODE,
            "This element can repeat, so it must be a list.",
            "Put it into square brackets.",
        )
    return Finding(
        "error",
        path,
        _CODE,
        message.removeprefix("Value error, ").removeprefix("Assertion failed, "),
    )


def _value_findings(parent: Node, name: str, node: Node) -> Iterator[Finding]:
    """A number or boolean written as text, which the models would convert; an id that is too long;
    a code that R4 does not list."""
    value = node.value
    if value is None:
        return  # _empty_findings reports it
    mend = "Write it without quotation marks." if isinstance(value, str) else ""
    if node.type in _NUMBERS and not (
        isinstance(value, (int, float)) and not isinstance(value, bool)
    ):
        yield Finding("error", node.path, _CODE, f"A {node.type} must be a JSON number.", mend)
    elif node.type == "boolean" and not isinstance(value, bool):
        yield Finding("error", node.path, _CODE, "A boolean must be true or false.", mend)
    elif (
        (node.type == "id" or (name == "id" and parent.type in RESOURCE_TYPES))
        and isinstance(value, str)
        and len(value) > LONGEST_ID
    ):
        yield Finding("error", node.path, _CODE, f"An id can have at most {LONGEST_ID} characters.")
    elif (
        (codes := required_codes(parent.type, name))
        and isinstance(value, (str, dict))
        and not fits(value, codes)
    ):
        yield _not_listed(node.path, value, codes)


def _not_listed(path: str, value: str | dict[str, Any], codes: Sequence[str]) -> Finding:
    if isinstance(value, str):
        return Finding(
            "error",
            path,
            _CODE,
            f"FHIR R4 does not list the code {value!r} here.",
            meant(value, codes),
        )
    mend = (
        f"Add one of {', '.join(code.partition('|')[2] for code in codes)} of "
        f"{codes[0].partition('|')[0]}."
    )
    return Finding(
        "error",
        path,
        _CODE,
        "FHIR R4 requires one of certain codings here, and none of them is given.",
        mend,
    )


@cache
def _fields(kind: str) -> dict[str, Any]:
    """The elements of a type, or of the element at a path, by name as the models define them; empty
    if there is no such model."""
    try:
        model = get_fhir_model_class(
            "".join(part[:1].upper() + part[1:] for part in kind.split("."))
        )
    except ValueError:
        return {}
    return {
        field.alias or name: field
        for name, field in model.model_fields.items()
        if not (field.alias or name).startswith("_")
    }
