"""The generated narrative of an exported resource: its title and its own description, in XHTML."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

_XHTML = "http://www.w3.org/1999/xhtml"


def with_narrative(resource: dict[str, Any]) -> dict[str, Any]:
    """Return ``resource`` with a ``text`` after its ``id``; a narrative that it already has is
    kept."""
    if "text" in resource:
        return resource
    div = f'<div xmlns="{_XHTML}">{"".join(_parts(resource))}</div>'
    first: dict[str, Any] = {
        name: resource[name] for name in ("resourceType", "id", "meta") if name in resource
    }
    return {**first, "text": {"status": "generated", "div": div}, **resource}


def _parts(resource: dict[str, Any]) -> Iterator[str]:
    yield f"<h2>{escape(_title(resource))}</h2>"
    said = resource.get("description") or _about(resource)
    for paragraph in filter(None, said.split("\n\n")):
        lines = paragraph.split("\n")
        if all(line.startswith("- ") for line in lines):
            yield f"<ul>{''.join(f'<li>{escape(line[2:])}</li>' for line in lines)}</ul>"
        else:
            yield f"<p>{escape(' '.join(lines))}</p>"


def _title(resource: dict[str, Any]) -> str:
    title = resource.get("title")
    return title if isinstance(title, str) else f"{resource['resourceType']} {resource['id']}"


def _about(resource: dict[str, Any]) -> str:
    """The subject of an example: its drug, test or result, in the resource's own words."""
    concept = resource.get("medicationCodeableConcept") or resource.get("code") or {}
    displays = (coding["display"] for coding in concept.get("coding", []) if "display" in coding)
    said = [concept.get("text") or next(displays, "")]
    said += [dosage["text"] for dosage in resource.get("dosageInstruction", []) if "text" in dosage]
    if quantity := resource.get("valueQuantity"):
        said.append(
            " ".join(
                str(quantity[name]) for name in ("comparator", "value", "unit") if name in quantity
            )
        )
    return ". ".join(filter(None, said)) or f"An example of a {resource['resourceType']}."
