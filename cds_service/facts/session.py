"""The orders of the ordering session that a hook's context carries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, NamedTuple

from ..fhir.dosage import Phase, product_as_used, read_phases
from ..fhir.index import ResourceIndex, resources_of
from ..fhir.medication import Product, product_of, unresolved_references
from ..fhir.once import once
from ..fhir.r4 import Medication, MedicationRequest, Reference, ServiceRequest
from ..fhir.reading import Bundle, Value
from ..fhir.references import is_of_patient, is_of_somebody, is_reference, type_and_id
from ..fhir.retrieval import Fetch, add_medications, fetch_nothing
from ..fhir.terminology import Terminology
from .fact import Source
from .guard import readable
from .potassium_timing import POTASSIUM, checks_of
from .therapy import Order, are_untold, replaced_references

STOPS = frozenset({"stopped", "cancelled", "completed", "on-hold"})
_NO_ORDER = STOPS | {"entered-in-error"}
# An order set has tens of orders, the largest protocols some hundred.
MOST_DRAFTS = 1000


class UnreadableOrders(Exception):
    """The orders of the session cannot be read, or would be misread: why, in words without patient
    data.

    To skip such orders would imply that nothing is wrong with them. ``code``: a FHIR issue type;
    ``status``: of the HTTP answer.
    """

    def __init__(self, why: str, code: str, status: int = 422):
        self.code = code
        self.status = status
        super().__init__(why)


class Draft(NamedTuple):
    """A medication order of the session, judged by its first phase. ``dosage_untold``: its dosage
    is stated but cannot be read, so that, unlike with an unstated one, it is not known whether it
    treats.

    ``unresolved``: its medication cannot be identified: a reference that leads nowhere, a code in a
    system that is not read, a modifier that is not understood. ``request``: the order as received;
    one that replaces it keeps what still holds.
    """

    product: Product
    phases: tuple[Phase, ...]
    selected: bool
    unresolved: bool
    reference: str
    intent: str
    replaces: frozenset[str]
    dosage_untold: bool = False
    request: MedicationRequest | None = None

    @property
    def phase(self) -> Phase:
        """The first phase."""
        return self.phases[0]

    @property
    def source(self) -> Source:
        """The provenance of a fact that rests on this draft."""
        return Source(self.reference, None, self.product.source_text)


@dataclass(frozen=True)
class OrderingSession:
    """``drafts``: orders that start or continue; ``stops``: orders that end; ``tests``: value sets
    of drafted tests.

    ``has_foreign``: there are orders of another patient, which are not read. ``potassium``: the
    checks around the first doses of B12 that are drafted.
    """

    drafts: tuple[Draft, ...] = ()
    stops: tuple[Draft, ...] = ()
    tests: frozenset[str] = frozenset()
    has_foreign: bool = False
    potassium: frozenset[str] = frozenset()

    @once
    def selected(self) -> list[Draft]:
        """The drafts that the clinician has just chosen."""
        return [draft for draft in self.drafts if draft.selected]

    @once
    def untold(self) -> list[str]:
        """The references of the orders whose medication cannot be identified."""
        orders = (*self.drafts, *self.stops)
        return [order.reference or "one without an id" for order in orders if order.unresolved]

    def may_stop(self, order: Order) -> bool:
        """Whether a stop of this session ends ``order``, or may end it.

        It does if it names the order, or an order on which a statement rests, as itself or as the
        one that it continues. It may if it is of the same cobalamin, and one of the two has no id.
        """
        if not self._stopped.isdisjoint({order.reference} | order.reports):
            return True
        has_id = "/" in order.reference
        alike = self._stopped_without_id if has_id else self._stopped_cobalamins
        return order.product.cobalamin in alike

    @once
    def _stopped(self) -> frozenset[str]:
        """The references that stops name: their own, and those of the orders they continue."""
        return frozenset().union(*(stop.replaces | {stop.reference} for stop in self.stops))

    @once
    def _stopped_cobalamins(self) -> frozenset[str]:
        return frozenset(stop.product.cobalamin for stop in self.stops)

    @once
    def _stopped_without_id(self) -> frozenset[str]:
        return frozenset(stop.product.cobalamin for stop in self.stops if not stop.reference)

    def refuse_untold(self) -> None:
        """To be called if no card fires, so that none names a medication that cannot be identified.
        Raises :class:`UnreadableOrders` if there is one."""
        _refuse_untold((*self.drafts, *self.stops))


@dataclass(frozen=True, slots=True)
class SessionReader:
    """Reads the orders of a session. ``fetch`` reads the client's FHIR server, ``prefetched``
    returns the prefetched values: either may have the Medication that an order names by
    reference."""

    patient_id: str
    terminology: Terminology
    zone: tzinfo
    fetch: Fetch = fetch_nothing
    prefetched: Callable[[], Mapping[str, Value]] = dict

    def read(
        self, draft_orders: Value, selections: Iterable[Any] | None, *, still_choosing: bool
    ) -> OrderingSession:
        """The session of a hook's context.

        ``draft_orders``: the Bundle, or ``None``. ``selections``: references (or bare ids) of the
        selected orders; if one of them is not in the Bundle, every order counts as selected.
        ``still_choosing``: skip orders that name no medication yet. Raises
        :class:`UnreadableOrders` (clinical specification, section 2, "Drafts").
        """
        if draft_orders is None:
            return OrderingSession()
        bundle = _whole(draft_orders)
        index, foreign = self._index(bundle)
        if unresolved_references(index):
            self._add_medications(index)
        chosen = _chosen(selections, bundle)
        orders = [
            (request, self._draft(request, index, chosen))
            for request in index.of_type(MedicationRequest)
            if request.status != "entered-in-error"
            and request.doNotPerform is not True
            and not (still_choosing and _names_nothing(request))
        ]
        foreign_products = [product_of(request, index, self.terminology) for request in foreign]
        if not any(_concerns_us(draft.product) for _, draft in orders):
            _refuse_untold(draft for _, draft in orders)
            if any(map(_concerns_us, foreign_products)):
                why = "The draft orders are for a patient other than context.patientId."
                raise UnreadableOrders(why, "value")
        return OrderingSession(
            tuple(draft for request, draft in orders if request.status not in STOPS),
            tuple(draft for request, draft in orders if request.status in STOPS),
            self._tests(index),
            bool(foreign),
            self._potassium(index),
        )

    def _index(self, draft_orders: Bundle) -> tuple[ResourceIndex, list[MedicationRequest]]:
        """The patient's orders, and those of others. An order without a subject belongs to the
        context's patient."""
        index = ResourceIndex(self.patient_id, self.terminology)
        foreign = []
        for resource in resources_of(draft_orders):
            if not isinstance(resource, (MedicationRequest, ServiceRequest)):
                continue
            if (
                resource.subject is None
                and resource.patient is None
                and "subject" not in resource.malformed
            ):
                resource.subject = Reference(index.patient_reference)
            elif isinstance(resource, MedicationRequest) and not is_of_patient(
                resource, index.patient_reference
            ):
                if not is_of_somebody(resource):
                    why = (
                        "A draft order names no patient: its subject.reference must be Patient/ "
                        "followed by the id."
                    )
                    raise UnreadableOrders(why, "required")
                foreign.append(resource)
        index.add(draft_orders)
        if index.other_versions:
            version = min(index.other_versions)
            raise UnreadableOrders(
                f"The draft orders are FHIR {version} resources; this service reads R4 and R4B.",
                "not-supported",
            )
        return index, foreign

    def _add_medications(self, index: ResourceIndex) -> None:
        """File the Medications that orders refer to. A display that names an agent of ours
        suffices; another one may be a brand of such an agent."""
        for resource in (
            resource for value in self.prefetched().values() for resource in resources_of(value)
        ):
            if isinstance(resource, Medication):
                index.add(resource)
        add_medications(index, self.fetch, set(), unless_named=self.terminology)

    def _tests(self, index: ResourceIndex) -> frozenset[str]:
        return frozenset().union(
            *(self.terminology.sets_of_concept(request.code) for request in _drafted_tests(index))
        )

    def _potassium(self, index: ResourceIndex) -> frozenset[str]:
        drafted = [
            request
            for request in _drafted_tests(index)
            if self.terminology.sets_of_concept(request.code) & POTASSIUM
        ]
        return frozenset().union(*(checks_of(request, self.zone) for request in drafted))

    def _draft(self, request: MedicationRequest, index: ResourceIndex, chosen: set[str]) -> Draft:
        told = not request.is_modified and not any(
            place.startswith("medication") for place in request.malformed
        )
        read = (
            readable(lambda: product_of(request, index, self.terminology), None) if told else None
        )
        product = read or product_of(MedicationRequest(), index, self.terminology)
        dosages = request.dosageInstruction
        untold = any(place.startswith("dosage") for place in request.malformed) or are_untold(
            dosages
        )
        phases = (
            None if untold else readable(lambda: read_phases(dosages, product, self.zone), None)
        )
        stated = phases or _unstated(product, self.zone)
        return Draft(
            product_as_used(product, stated),
            stated,
            not chosen or request.relative in chosen,
            not product.identified,
            request.relative if request.id else "",
            request.intent,
            replaced_references(request),
            untold or (phases is None and bool(dosages)),
            request,
        )


def _whole(draft_orders: Value) -> Bundle:
    """The draft orders as a Bundle that could be read whole, with a resource in each entry, none
    inside another resource, and no larger than anybody drafts. Raises :class:`UnreadableOrders`."""
    if (
        not isinstance(draft_orders, Bundle)
        or draft_orders.unread
        or not all(entry.resource is not None or entry.other_type for entry in draft_orders.entry)
    ):
        why = "draftOrders must be a Bundle in which each entry has a resource."
        raise UnreadableOrders(why, "structure", 400)
    if any(entry.holds_orders for entry in draft_orders.entry):
        why = "Draft orders are in another resource; each must be an entry of draftOrders itself."
        raise UnreadableOrders(why, "not-supported")
    if len(draft_orders.entry) > MOST_DRAFTS:
        why = f"draftOrders has more than {MOST_DRAFTS} orders, which is the limit."
        raise UnreadableOrders(why, "too-costly")
    return draft_orders


def _unstated(product: Product, zone: tzinfo) -> tuple[Phase, ...]:
    """The phases of a dosage that cannot be read: dose and interval stay open."""
    return tuple(
        phase._replace(dose=None, interval=None) for phase in read_phases((), product, zone)
    )


def _drafted_tests(index: ResourceIndex) -> list[ServiceRequest]:
    return [
        request
        for request in index.of_type(ServiceRequest)
        if request.status not in _NO_ORDER
        and request.doNotPerform is not True
        and not request.is_modified
    ]


def _chosen(selections: Iterable[Any] | None, draft_orders: Bundle) -> set[str]:
    """The references of the selected orders; none if every order counts as selected, because there
    are no ``selections``, or one of them cannot be matched with an order.

    An order is selected by its reference, its bare id or its ``fullUrl``. A selection may also be
    of a type that is in the Bundle but not read here.
    """
    stated = {
        (type_and_id(item) or item.strip()) if isinstance(item, str) else ""
        for item in selections or ()
    }
    orders = [
        (
            entry.resource.relative,
            {entry.resource.relative, entry.resource.id, entry.fullUrl} - {""},
        )
        for entry in draft_orders.entry
        if entry.resource is not None and entry.resource.id
    ]
    unmatched = stated.difference(*(names for _, names in orders))
    unread = {entry.other_type for entry in draft_orders.entry if entry.other_type}
    if not unread.issuperset(item.partition("/")[0] for item in unmatched):
        return set()
    return {reference for reference, names in orders if names & stated}


def _names_nothing(request: MedicationRequest) -> bool:
    """Whether an order has no medication yet: a known client sends such an order when its form
    opens. An identifier or an extension (the medication is masked) is not read, but says more."""
    malformed = any(place.startswith("medication") for place in request.malformed)
    return (
        request.medicationCodeableConcept is None
        and request.medicationReference is None
        and not malformed
        and not request.is_modified
    )


def _concerns_us(product: Product) -> bool:
    return product.has_cobalamin or product.has_folate


def _refuse_untold(drafts: Iterable[Draft]) -> None:
    """Raises :class:`UnreadableOrders` if an order cannot be identified: an answer without cards
    would imply that all is well."""
    untold = next((draft for draft in drafts if draft.unresolved), None)
    if untold is not None:
        named = untold.reference if is_reference(untold.reference) else "A draft order"
        why = (
            f"{named} names a medication that could not be identified: send its Medication, or a "
            "code or name that this service knows."
        )
        raise UnreadableOrders(why, "required", 412)
