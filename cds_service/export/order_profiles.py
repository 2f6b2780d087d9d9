"""The regimens in the profiles of medication orders: an order must match one of the order templates
exactly.

The profiles are written by hand except for one invariant each, ``<drug>-order-regimen``, which is
generated from the order templates of that drug. Any FHIR validator then refuses a number, unit,
word or route that no template could have produced.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..engine import Engine
from ..rendering.orders import OrderTemplate
from .edition import version_of

DRUGS = ("hydroxocobalamin", "cyanocobalamin", "folic-acid")


def regimen_key(drug: str) -> str:
    """Return the key of the generated invariant of a drug's profile."""
    return f"{drug}-order-regimen"


def with_regimens(
    profile: dict[str, Any], templates: Mapping[str, OrderTemplate]
) -> dict[str, Any]:
    """Return ``profile``, the StructureDefinition of a drug's order, with the invariant generated
    from ``templates``."""
    drug = profile["id"].removesuffix("-order")
    of_drug = [template.resource for name, template in templates.items() if _is_of(drug, name)]
    first, *rest = profile["differential"]["element"]
    kept = [item for item in first.get("constraint", ()) if item["key"] != regimen_key(drug)]
    element = {**first, "constraint": [*kept, _constraint(drug, of_drug)]}
    return {**profile, "differential": {"element": [element, *rest]}}


def with_site_products(resource: dict[str, Any], engine: Engine) -> dict[str, Any]:
    """Return ``resource``, a FHIR definition. If it is the profile of a drug whose product the site
    codes itself, return the site's edition of it."""
    if (
        resource["resourceType"] != "StructureDefinition"
        or resource["id"].removesuffix("-order") not in DRUGS
    ):
        return resource
    drug = resource["id"].removesuffix("-order")
    owners = [
        code.owner
        for code in engine.terminology.site_codes
        if any(_is_of(drug, order) for order in code.orders)
    ]
    if not owners:
        return resource
    version = version_of(resource["version"], *dict.fromkeys(owners))
    return {**with_regimens(resource, engine.publication.templates), "version": version}


def _is_of(drug: str, template: str) -> bool:
    return template.startswith(f"{drug}-")


def _constraint(drug: str, orders: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {
        "key": regimen_key(drug),
        "requirements": (
            "A dose, frequency, duration, route or text that no template has is a mistake, and "
            "such a mistake can harm."
        ),
        "severity": "error",
        "human": (
            "Drug, text, dose, frequency, duration and route are those of the order template that "
            "the order names."
        ),
        "expression": " or ".join(f"({' and '.join(_order(order))})" for order in orders),
    }


def _order(order: dict[str, Any]) -> Iterator[str]:
    (canonical,) = order["instantiatesCanonical"]
    concept, dosages = order["medicationCodeableConcept"], order["dosageInstruction"]
    yield f"instantiatesCanonical = {_text(canonical)}"
    yield f"medication.text = {_text(concept['text'])}"
    # Codes of the site's own systems may accompany those of the template.
    systems = " | ".join(dict.fromkeys(_text(coding["system"]) for coding in concept["coding"]))
    codes = " | ".join(dict.fromkeys(_text(coding["code"]) for coding in concept["coding"]))
    yield f"medication.coding.where(system in ({systems})).all(code in ({codes}))"
    yield f"dosageInstruction.count() = {len(dosages)}"
    for dosage in dosages:
        yield f"dosageInstruction.where({' and '.join(_dosage(dosage))}).exists()"


def _dosage(dosage: dict[str, Any]) -> Iterator[str]:
    yield f"sequence = {dosage['sequence']}"
    yield f"text = {_text(dosage['text'])}"
    (coding,) = dosage["route"]["coding"]
    yield (
        f"route.coding.count() = 1 and route.coding.system = {_text(coding['system'])} and "
        f"route.coding.code = {_text(coding['code'])}"
    )
    yield f"route.text = {_text(dosage['route']['text'])}"
    repeat = dosage["timing"]["repeat"]
    for name in ("frequency", "period", "periodUnit", "count"):
        yield _is(f"timing.repeat.{name}", repeat.get(name))
    yield from _quantity("timing.repeat.bounds", repeat.get("boundsDuration"))
    (rate,) = dosage["doseAndRate"]
    yield from _quantity("doseAndRate.dose", rate["doseQuantity"])


def _quantity(path: str, quantity: dict[str, Any] | None) -> Iterator[str]:
    if quantity is None:
        yield f"{path}.empty()"
        return
    yield f"{path}.comparator.empty()"
    for name in ("value", "unit", "system", "code"):
        yield _is(f"{path}.{name}", quantity[name])


def _is(path: str, value: Any) -> str:
    if value is None:
        return f"{path}.empty()"
    return f"{path} = {_text(value) if isinstance(value, str) else value}"


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
