"""Checking a resource against a profile: cardinality, types of a choice, fixed values, patterns,
bindings, invariants."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import fhirpathpy
from fhirpathpy.engine.nodes import ResourceNode

from ...fhir.loose_json import as_text, codings, dicts
from ...fhir.terminology import Terminology
from .finding import Finding
from .node import R4, Node
from .primitives import by_extension_alone
from .profiles import OURS, Constraint, Element, Profile, Profiles

# The key suffix of an invariant on a whole order, which every smaller mistake breaks too.
REGIMEN = "-order-regimen"


def conformance_findings(
    root: Node, profile: Profile, resource: dict[str, Any], terminology: Terminology
) -> Iterator[Finding]:
    """Yield the violations of ``profile`` in ``root``. ``root``: the ``resource`` itself, or an
    extension somewhere in it.

    The invariant on a regimen is evaluated only if nothing else is wrong, because it would repeat
    each mistake in general words.
    """
    found = False
    for finding in _element_findings(root, profile, resource, terminology):
        found |= finding.severity == "error"
        yield finding
    if not found:
        for constraint in (
            constraint
            for element in profile.elements
            if not element.steps
            for constraint in element.constraints
        ):
            if constraint.key.endswith(REGIMEN):
                yield from _constraint_findings(constraint, root, resource)


def _element_findings(
    root: Node, profile: Profile, resource: dict[str, Any], terminology: Terminology
) -> Iterator[Finding]:
    mistyped: tuple[str, ...] = ()  # paths of wrong types; nothing below them is reported
    for element in profile.elements:
        if not element.steps:
            yield from _node_findings(element, root, resource, terminology)
            continue
        for parent in nodes_at(root, element.steps[:-1]):
            if parent.path.startswith(mistyped):
                continue
            found = [
                node
                for node in parent.children(element.steps[-1])
                if not element.extension or _url(node) == element.extension
            ]
            found = [node for node in found if node.value is not None] + by_extension_alone(
                parent, element.steps[-1]
            )
            yield from _count_findings(element, parent, len(found))
            for node in found:
                if not node.path.startswith(mistyped):
                    findings = list(_node_findings(element, node, resource, terminology))
                    mistyped += tuple(
                        finding.path for finding in findings if finding.code == "type"
                    )
                    yield from findings


def extension_findings(
    resource: dict[str, Any], profiles: Profiles, terminology: Terminology
) -> Iterator[Finding]:
    """Yield the violations of their definitions in the project's own extensions of a resource.
    Other extensions are skipped."""
    for parent, name, node in Node.root(resource).descendants():
        if name not in ("extension", "modifierExtension") or not (url := _url(node)).startswith(
            OURS
        ):
            continue
        definition = profiles.extension(url)
        if definition is None:
            yield Finding(
                "error",
                f"{node.path}.url",
                "extension",
                f"The project defines no extension {url.removeprefix(OURS)!r}.",
            )
        elif parent.type not in definition.contexts:
            where = " or ".join(definition.contexts)
            yield Finding(
                "error",
                node.path,
                "extension",
                f"The extension {definition.id} cannot be used here.",
                f"It belongs to {where}.",
            )
        else:
            yield from conformance_findings(node, definition, resource, terminology)


def _url(node: Node) -> str:
    return as_text(node.value.get("url")) if isinstance(node.value, dict) else ""


def nodes_at(root: Node, steps: tuple[str, ...]) -> list[Node]:
    """Return the elements below ``root`` to which the steps of a path lead."""
    nodes = [root]
    for step in steps:
        nodes = [child for node in nodes for child in node.children(step)]
    return nodes


def _count_findings(element: Element, parent: Node, count: int) -> Iterator[Finding]:
    name = element.steps[-1]
    path = f"{parent.path}.{name}"
    if count < element.least:
        yield Finding(
            "error",
            path,
            "cardinality",
            "The profile requires this element, and it is missing.",
            _to_add(element, name),
        )
    elif count > element.most:
        allowed = (
            "forbids this element"
            if not element.most
            else f"allows {element.most} of this element, and there are {count}"
        )
        yield Finding(
            "error",
            path,
            "cardinality",
            f"The profile {allowed}.",
            "Leave it out." if not element.most else "",
        )


def _to_add(element: Element, name: str) -> str:
    if element.fixed is not None:
        return f"Add it, as {element.fixed!r}."
    if name.endswith("[x]") and element.types:
        stem = name.removesuffix("[x]")
        return f"Add {' or '.join(stem + kind[0].upper() + kind[1:] for kind in element.types)}."
    return "Add it."


def _node_findings(
    element: Element, node: Node, resource: dict[str, Any], terminology: Terminology
) -> Iterator[Finding]:
    if element.types and element.steps[-1].endswith("[x]") and node.type not in element.types:
        allowed = " or ".join(element.types)
        yield Finding(
            "error",
            node.path,
            "type",
            f"The profile does not allow a {node.type} here.",
            f"Use a {allowed}.",
        )
        return
    if element.fixed is not None and node.value != element.fixed:
        it_is = f"is {_shown(node.value)}" if node.value is not None else "has no value"
        what = f"The profile allows only {element.fixed!r}; the element {it_is}."
        yield Finding("error", node.path, "fixed", what, f"Write {element.fixed!r}.")
    if element.pattern is not None and not _matches(node.value, element.pattern):
        yield Finding(
            "error",
            node.path,
            "pattern",
            f"The profile requires {_in_words(element.pattern)} here.",
            "Add it.",
        )
    if element.value_set and not _bound(node.value, element.value_set, terminology):
        what = f"No coding is in the value set {element.value_set}."
        yield Finding(
            "error",
            node.path,
            "binding",
            what,
            "Add a coding from it; a name alone does not count.",
        )
    for constraint in element.constraints:
        if not constraint.key.endswith(REGIMEN):
            yield from _constraint_findings(constraint, node, resource)


def _constraint_findings(
    constraint: Constraint, node: Node, resource: dict[str, Any]
) -> Iterator[Finding]:
    try:
        kept = holds(constraint.expression, node, resource)
    # The engine raises bare exceptions on values that base FHIR does not allow.
    except Exception as error:
        what = f"{constraint.human} This could not be decided ({type(error).__name__})."
        yield Finding(
            "error",
            node.path,
            constraint.key,
            what,
            "First correct the errors of base FHIR in this element.",
        )
        return
    if not kept:
        what = f"This rule is not met: {constraint.human}{_as_found(node)}"
        yield Finding(constraint.severity, node.path, constraint.key, what, constraint.why)


def _as_found(node: Node) -> str:
    """The offending value, if it is short enough: a primitive value, or a Quantity with its
    code."""
    if node.value is None:
        return " It has no value."
    if node.type == "Quantity" and isinstance(node.value, dict):
        return f" It is {_shown(node.value.get('value'))} {_shown(node.value.get('code'))}."
    return "" if isinstance(node.value, (dict, list)) else f" It is {_shown(node.value)}."


def nothing_against(expression: str, node: Node, resource: dict[str, Any]) -> bool:
    """Whether an invariant is not false of ``node``. One that cannot be decided counts as not
    false, since other checks report ill-formed values."""
    try:
        result = _evaluated(expression, node, resource)
    except Exception:  # the engine raises bare exceptions on values that base FHIR does not allow
        return True
    return bool(result != [False])


def holds(expression: str, node: Node, resource: dict[str, Any]) -> bool:
    """Whether a FHIRPath invariant is true of ``node``. An empty result (``{}``, as for a misspelt
    name) is not true, and no invariant is true of an element without a value.

    ``resource`` is the value of ``%resource``. Raises whatever the engine raises.
    """
    return node.value is not None and bool(_evaluated(expression, node, resource) == [True])


def _evaluated(expression: str, node: Node, resource: dict[str, Any]) -> Any:
    focus = ResourceNode(node.value, node.type)  # type: ignore[no-untyped-call]
    return _compiled(expression)(focus, {"resource": resource})


@cache
def _compiled(expression: str) -> Any:
    return fhirpathpy.compile(expression, R4)


def _matches(value: Any, pattern: Any) -> bool:
    """Whether ``value`` has everything in ``pattern`` (FHIR R4, ElementDefinition.pattern[x])."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            name in value and _matches(value[name], part) for name, part in pattern.items()
        )
    if isinstance(pattern, list):
        return isinstance(value, list) and all(
            any(_matches(item, part) for item in value) for part in pattern
        )
    return bool(value == pattern)


def _bound(value: Any, value_set: str, terminology: Terminology) -> bool:
    """Whether a CodeableConcept has a coding in the value set, as a required binding demands."""
    return any(terminology.holds(value_set, system, code) for system, code in codings(value))


def _in_words(pattern: Any) -> str:
    coded = (
        [f"{coding.get('system')}|{coding.get('code')}" for coding in dicts(pattern.get("coding"))]
        if isinstance(pattern, dict)
        else []
    )
    return " and ".join(coded) or repr(pattern)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def bindings(profile: Profile, resource: dict[str, Any], terminology: Terminology) -> list[bool]:
    """Return, for each element of the resource that ``profile`` binds to a value set, whether its
    codings are in it."""
    root = Node.root(resource)
    bound = [
        (element, node)
        for element in profile.elements
        if element.value_set
        for node in nodes_at(root, element.steps)
    ]
    return [_bound(node.value, element.value_set, terminology) for element, node in bound]
