"""The orders of the ordering session that a hook's context carries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, NamedTuple

from ..fhir.dosage import Phase, read_phases
from ..fhir.index import ResourceIndex, resources_of
from ..fhir.json_shape import as_dict, as_text
from ..fhir.medication import Product, product_of, unresolved_references
from ..fhir.references import is_of_somebody, reference_to, type_and_id
from ..fhir.retrieval import Fetch, add_medications, fetch_nothing
from ..fhir.terminology import Terminology
from .fact import Source
from .therapy import replaced_references

STOPS = frozenset({"stopped", "cancelled", "completed", "on-hold"})
_NO_ORDER = STOPS | {"entered-in-error"}


class UnreadableOrders(Exception):
    """The orders of the session cannot be told or would be misread: why, in words without patient data.

    To pass them over would say that nothing is wrong with them. ``code``: a FHIR issue type.
    """

    def __init__(self, why: str, code: str):
        self.code = code
        super().__init__(why)


class Draft(NamedTuple):
    """A medication order of the session, judged by its first phase.

    ``unresolved``: it names its medication by a reference that leads nowhere, so what it is is unknown.
    """

    product: Product
    phases: tuple[Phase, ...]
    selected: bool
    unresolved: bool
    reference: str
    intent: str
    replaces: frozenset[str]

    @property
    def phase(self) -> Phase:
        """The first phase."""
        return self.phases[0]

    @property
    def source(self) -> Source:
        """The provenance of a fact that rests on this draft."""
        return Source(self.reference, None, self.product.label)


@dataclass(frozen=True, slots=True)
class OrderingSession:
    """``drafts`` are orders that start or go on; ``stops`` orders that end; ``tests`` value sets of drafted tests."""

    drafts: tuple[Draft, ...] = ()
    stops: tuple[Draft, ...] = ()
    tests: frozenset[str] = frozenset()

    @property
    def selected(self) -> list[Draft]:
        """The drafts that the clinician has just chosen."""
        return [draft for draft in self.drafts if draft.selected]


def read_session(
    draft_orders: Any,
    selections: Iterable[Any] | None,
    patient_id: str,
    terminology: Terminology,
    zone: tzinfo,
    fetch: Fetch = fetch_nothing,
    prefetched: Callable[[], Mapping[str, Any]] = dict,
) -> OrderingSession:
    """The session of a hook's context.

    ``draft_orders``: the Bundle as parsed JSON, or ``None``. ``selections``: references (or bare ids) of the selected
    orders; without any that is in the Bundle every order counts as selected. The Medication of an order that names it by
    reference may be in the ``prefetched`` values; ``fetch`` is asked for those of which not even a name is stated.
    Raises :class:`UnreadableOrders`.
    """
    index = ResourceIndex(patient_id, terminology)
    index.add(draft_orders)
    _refuse_unreadable(index, draft_orders)
    if unresolved_references(index):
        _add_medications(index, prefetched())
        add_medications(index, fetch, set(), nameless=True)
    requests = index.of_type("MedicationRequest")
    chosen = {type_and_id(item) or item for item in selections or () if isinstance(item, str)}
    present = {key for resource in resources_of(draft_orders) for key in (reference_to(resource), as_text(resource.get("id")))}
    chosen &= present
    drafts: list[Draft] = []
    stops: list[Draft] = []
    for resource in requests:
        status = as_text(resource.get("status"))
        if status == "entered-in-error" or resource.get("doNotPerform") is True:
            continue
        draft = _draft(resource, index, terminology, zone, chosen)
        (stops if status in STOPS else drafts).append(draft)
    tests: frozenset[str] = frozenset()
    for resource in index.of_type("ServiceRequest"):
        if as_text(resource.get("status")) not in _NO_ORDER and resource.get("doNotPerform") is not True:
            tests |= terminology.sets_of_concept(resource.get("code"))
    return OrderingSession(tuple(drafts), tuple(stops), tests)


def _refuse_unreadable(index: ResourceIndex, draft_orders: Any) -> None:
    if index.other_versions:
        version = min(index.other_versions)
        raise UnreadableOrders(f"The draft orders are FHIR {version} resources; this service reads R4 and R4B.", "not-supported")
    if any(order.get("resourceType") == "MedicationRequest" and not is_of_somebody(order) for order in resources_of(draft_orders)):
        raise UnreadableOrders("A draft order does not tell its patient: write its subject.reference as Patient/ and the id.", "required")


def _add_medications(index: ResourceIndex, prefetched: Mapping[str, Any]) -> None:
    for resource in (resource for value in prefetched.values() for resource in resources_of(value)):
        if resource.get("resourceType") == "Medication":
            index.add(resource)


def _draft(resource: dict[str, Any], index: ResourceIndex, terminology: Terminology, zone: tzinfo, chosen: set[str]) -> Draft:
    product = product_of(resource, index, terminology)
    intent = resource.get("intent")
    return Draft(
        product,
        read_phases(resource.get("dosageInstruction"), product, zone),
        not chosen or reference_to(resource) in chosen or as_text(resource.get("id")) in chosen,
        not product.identified and bool(as_dict(resource.get("medicationReference"))),
        reference_to(resource) if as_text(resource.get("id")) else "",
        intent if isinstance(intent, str) else "",
        replaced_references(resource),
    )
