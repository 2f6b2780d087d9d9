"""Makes a CDS Hooks request from a record or for a patient on a FHIR server, with orders given by
name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from uuid import uuid4

import orjson

from ..engine import Engine
from ..facts.queries import Part
from ..fhir.r4 import Observation
from ..fhir.reading import read_value
from ..rules.hook_table import HOOKS
from ..sandbox.demo import hook_context, parts_of
from ..states.sessions import DRAFTS

# The names of those drafts of the safety proof that an EHR may send. The others are odd on purpose.
ORDERS = (
    "folic acid 1 mg", "folic acid 0.3 mg", "hydroxocobalamin 3 times a week",
    "hydroxocobalamin 3-monthly", "cyanocobalamin injection 3-monthly",
    "cyanocobalamin 1 mg by mouth", "cyanocobalamin 50 ug by mouth", "methotrexate", "B12 test",
)  # fmt: skip
_USER = "Practitioner/example"
Order = str | Mapping[str, Any]


class Unusable(ValueError):
    """The input cannot be made into a request. The message says why."""


class Record(NamedTuple):
    """Resources as received, and the id of their patient."""

    patient_id: str
    resources: tuple[Mapping[str, Any], ...]


def request_of_record(
    engine: Engine, hook: str, record: Record, orders: Iterable[Order] = ()
) -> dict[str, Any]:
    """The request of ``hook`` for a record, with the prefetch that discovery asks for and with
    ``orders`` as draft orders (see :func:`draft_order`).

    The prefetch stands in for an EHR's answers: Observations with the codes of the query, and all
    resources of other types.
    """
    prefetch = {part.key: _answer(part, record, engine) for part in parts_of(engine, hook)}
    return {**_envelope(hook, record.patient_id, orders), "prefetch": prefetch}


def request_of_server(
    hook: str, server: str, token: str, patient_id: str, orders: Iterable[Order] = ()
) -> dict[str, Any]:
    """The request of ``hook`` for a patient whom the service reads from the FHIR server ``server``.
    ``token``: ``""`` for a server that needs none."""
    request = {**_envelope(hook, patient_id, orders), "fhirServer": server}
    if token:
        authorization = {
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "patient/*.rs",
            "subject": "b12-folate-workbench",
        }
        request["fhirAuthorization"] = {
            "access_token": token,
            **authorization,
            "patient": patient_id,
        }
    return request


def read_pasted(text: str) -> dict[str, Any] | Record:
    """Parse pasted text: a CDS Hooks request, or a record as a Bundle or a list of resources.
    Raises :class:`Unusable`."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Unusable(f"This is not JSON: {error}.") from None
    if isinstance(value, dict) and "hook" in value:
        return value
    resources = list(_resources(value))
    if not resources:
        raise Unusable(
            "This is neither a CDS Hooks request (it has no 'hook') nor a Bundle or a list of FHIR "
            "resources."
        )
    patients = [
        str(resource.get("id") or "")
        for resource in resources
        if resource.get("resourceType") == "Patient"
    ]
    if len(patients) != 1 or not patients[0]:
        raise Unusable(f"A record must have one Patient with an id; this one has {len(patients)}.")
    return Record(patients[0], tuple(resources))


def draft_order(order: Order, patient_id: str, position: int = 0) -> Mapping[str, Any]:
    """The draft for an order: the order itself or, for a name, the draft of that name in
    :data:`ORDERS`, else a MedicationRequest with nothing but this name."""
    if not isinstance(order, str):
        return order
    name, subject = order, {"reference": f"Patient/{patient_id}"}
    known = DRAFTS.get(
        name, {"resourceType": "MedicationRequest", "status": "draft", "intent": "order"}
    )
    words = {} if name in DRAFTS else {"medicationCodeableConcept": {"text": name}}
    return {**known, **words, "id": f"draft-{position + 1}", "subject": subject}


def _envelope(hook: str, patient_id: str, orders: Iterable[Order]) -> dict[str, Any]:
    if hook not in HOOKS:
        raise Unusable(f"There is no hook {hook!r}; the hooks are {', '.join(HOOKS)}.")
    common = {"userId": _USER, "patientId": patient_id, "encounterId": "example"}
    drafts = [draft_order(order, patient_id, position) for position, order in enumerate(orders)]
    return {
        "hook": hook,
        "hookInstance": str(uuid4()),
        "context": hook_context(hook, common, drafts),
    }


def _answer(part: Part, record: Record, engine: Engine) -> Any:
    """The answer that an EHR would give to a query: the Patient, or a Bundle."""
    kind = part.asked.resource_type
    if kind == "Patient":
        return next(
            (resource for resource in record.resources if resource.get("resourceType") == kind),
            None,
        )
    is_wanted = (
        _of_codes(part, engine)
        if part.asked.value_sets
        else lambda resource: resource.get("resourceType") == kind
    )
    found = [resource for resource in record.resources if is_wanted(resource)]
    if kind.startswith("Medication"):
        found += [
            resource
            for resource in record.resources
            if resource.get("resourceType") == "Medication"
        ]
    return {"resourceType": "Bundle", "type": "searchset", "entry": list(map(_entry, found))}


def _of_codes(part: Part, engine: Engine) -> Callable[[Mapping[str, Any]], bool]:
    def is_wanted(resource: Mapping[str, Any]) -> bool:
        if resource.get("resourceType") != "Observation":
            return False
        read = read_value(orjson.dumps(resource))
        return isinstance(read, Observation) and not part.asked.value_sets.isdisjoint(
            engine.terminology.sets_of_concept(read.code)
        )

    return is_wanted


def _entry(resource: Mapping[str, Any]) -> dict[str, Any]:
    is_included = resource.get("resourceType") == "Medication"
    return {"resource": resource, **({"search": {"mode": "include"}} if is_included else {})}


def _resources(value: Any) -> Iterator[dict[str, Any]]:
    """The resources in a Bundle or a list, or the single resource."""
    if isinstance(value, list):
        for item in value:
            yield from _resources(item)
    elif isinstance(value, dict) and value.get("resourceType") == "Bundle":
        names = _names(value)
        for entry in _entries(value):
            yield from (_renamed(resource, names) for resource in _resources(entry.get("resource")))
    elif isinstance(value, dict) and isinstance(value.get("resourceType"), str):
        yield value


def _entries(bundle: Mapping[str, Any]) -> list[dict[str, Any]]:
    entries = bundle.get("entry")
    return (
        [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    )


def _names(bundle: Mapping[str, Any]) -> dict[str, str]:
    """``Type/id`` of each resource in the Bundle, by its ``urn:`` full URL (``urn:uuid:…``, as in
    a transaction)."""
    found = {}
    for entry in _entries(bundle):
        resource, name = entry.get("resource"), entry.get("fullUrl")
        if (
            isinstance(resource, dict)
            and isinstance(name, str)
            and name.startswith("urn:")
            and resource.get("id")
        ):
            found[name] = f"{resource.get('resourceType')}/{resource['id']}"
    return found


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """``value`` with its ``urn:`` references replaced, as a server does when it stores a
    transaction."""
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    renamed = {key: _renamed(item, names) for key, item in value.items()}
    if isinstance(value.get("reference"), str):
        renamed["reference"] = names.get(value["reference"], value["reference"])
    return renamed
