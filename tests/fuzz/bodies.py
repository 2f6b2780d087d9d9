"""Bodies made to be slow: each kind at any size. Every loop over what a caller sent, within another one, has one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tests.fuzz.shapes import as_bytes
from tests.fuzz.target import FORM, JSON
from tests.support.fhir_builders import (
    ANALYTES,
    CYANOCOBALAMIN_INJECTION,
    HYDROXOCOBALAMIN,
    IM,
    LOINC,
    SNOMED,
    SUBJECT,
    days_ago,
    dosage,
    folic_acid,
    hook_request,
    hydroxocobalamin,
    medication_request,
    observation,
    patient,
    prefetch,
)

B12 = {"coding": [{"system": LOINC, "code": ANALYTES["b12"]}]}


class Sent(NamedTuple):
    """A call: where it goes, and its body."""

    path: str
    body: bytes
    content_type: str = JSON


Made = Callable[[int], Sent]
KINDS: dict[str, Made] = {}


def _kind(make: Made) -> Made:
    KINDS[make.__name__.strip("_").replace("_", " ")] = make
    return make


def _call(
    hook: str, values: dict[str, Any] | None = None, drafts: list[Any] | None = None, **more: Any
) -> Sent:
    request = hook_request(
        hook, values if values is not None else prefetch(), drafts=drafts, **more
    )
    return Sent(f"/cds-services/b12-folate-{hook}", as_bytes(request))


def _view(*resources: dict[str, Any], who: dict[str, Any] | None = None) -> Sent:
    return _call("patient-view", prefetch(*resources, who=who))


def _sign(*drafts: dict[str, Any], record: tuple[dict[str, Any], ...] = ()) -> Sent:
    return _call("order-sign", prefetch(*record), list(drafts))


def _order(number: int, **more: Any) -> dict[str, Any]:
    return medication_request(
        CYANOCOBALAMIN_INJECTION,
        dosage(1, route=IM, every=(1, 1, "mo")),
        authoredOn=days_ago(number % 900),
        **more,
    )


def _dose(number: int, day: str) -> dict[str, Any]:
    return {
        "resourceType": "MedicationAdministration",
        "status": "completed",
        "subject": SUBJECT,
        "medicationCodeableConcept": HYDROXOCOBALAMIN,
        "id": str(number),
        "effectiveDateTime": day,
    }


def _nameless(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "id": "m",
        "status": "active",
        "intent": "order",
        "subject": SUBJECT,
        **more,
    }


def ordinary(size: int) -> Sent:
    """The measure: results as a laboratory sends them."""
    return _view(
        *(
            observation("b12", 300 + n % 50, "pg/mL", ago=n % 3000)
            for n in range(max(1, size // 330))
        )
    )


@_kind
def _a_reference_beside_many_contained(size: int) -> Sent:
    contained = [{"id": "b"}] * (size // 24)
    return _sign(
        _nameless(medicationReference={"reference": "#" + "a" * (size // 2)}, contained=contained),
        folic_acid(),
    )


@_kind
def _contained_with_long_ids(size: int) -> Sent:
    contained = [{"id": "a" * 1000 + str(n)} for n in range(size // 1024)]
    return _sign(
        _nameless(medicationReference={"reference": "#" + "a" * 1000}, contained=contained),
        folic_acid(),
    )


@_kind
def _many_orders_that_name_contained(size: int) -> Sent:
    side = int((size / 20) ** 0.5)
    orders = [
        _nameless(
            id=str(n), medicationReference={"reference": "#x"}, contained=[{"id": "b"}] * side
        )
        for n in range(side)
    ]
    return _view(*orders)


@_kind
def _orders_without_bounds(size: int) -> Sent:
    return _view(*(_order(n) for n in range(size // 700)))


@_kind
def _orders_and_doses(size: int) -> Sent:
    given = [_dose(n, days_ago(n % 3000)) for n in range(size // 600)]
    return _view(*given, *(_order(n, status="completed") for n in range(size // 1400)))


@_kind
def _loading_courses_that_ended_and_older_doses(size: int) -> Sent:
    given = [_dose(n, days_ago(200 + n % 3000)) for n in range(size // 600)]
    period = {"start": days_ago(60), "end": days_ago(30)}
    course = dosage(1, route=IM, every=(3, 1, "wk"), boundsPeriod=period)
    ended = [
        medication_request(HYDROXOCOBALAMIN, course, authoredOn=days_ago(60), status="completed")
        for _ in range(size // 1400)
    ]
    return _view(observation("b12", 110, "pg/mL", ago=1), *given, *ended)


@_kind
def _drafts_and_selections(size: int) -> Sent:
    drafts = [folic_acid() for _ in range(size // 700)]
    return _call("order-select", prefetch(), drafts, selections=None)


@_kind
def _drafts_that_continue_orders(size: int) -> Sent:
    number = size // 1500
    record = tuple(_order(n, id=f"o{n}") for n in range(number))
    drafts = [
        medication_request(
            CYANOCOBALAMIN_INJECTION,
            dosage(1, route=IM, every=(1, 3, "mo")),
            status="draft",
            priorPrescription={"reference": f"MedicationRequest/o{n}"},
        )
        for n in range(number)
    ]
    return _sign(*drafts, record=record)


@_kind
def _many_stops_and_other_courses(size: int) -> Sent:
    """None of the stops ends one of the courses, of which there are more."""
    stops, courses = min(size // 1300, 900), size // 700
    return _sign(
        *({**hydroxocobalamin(id=f"s{n}"), "status": "stopped"} for n in range(stops)),
        record=tuple(
            medication_request(HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 3, "mo")), id=f"o{n}", authoredOn=days_ago(60))
            for n in range(courses)
        ),
    )  # fmt: skip


@_kind
def _stops_of_many_orders(size: int) -> Sent:
    number = size // 1300
    return _sign(
        *(_order(n, id=f"o{n}", status="stopped") for n in range(number)),
        record=tuple(_order(n, id=f"o{n}") for n in range(number)),
    )


@_kind
def _results_of_one_time(size: int) -> Sent:
    one = {key: value for key, value in observation("b12", 300, "pg/mL").items() if key != "id"}
    return _view(
        *(
            [{**one, "valueQuantity": {"value": 300, "unit": "pg/mL", "x": ["y" * 50] * 20}}]
            * (size // 1500)
        )
    )


@_kind
def _results_of_one_day_with_and_without_a_time(size: int) -> Sent:
    """Those without a time are the most normal ones, which come after all others of the day."""
    times = ("2026-11-20", *(f"2026-11-20T08:{minute:02}:00Z" for minute in range(60)))
    return _view(
        *(
            observation(
                "b12", 480 if n % 2 else 100 + n % 50, "pg/mL",
                effectiveDateTime=times[0 if n % 2 else 1 + n // 2 % 60],
            )
            for n in range(size // 330)
        )
    )  # fmt: skip


@_kind
def _a_value_of_any_size(size: int) -> Sent:
    one = {key: value for key, value in observation("b12", 300, "pg/mL").items() if key != "id"}
    return _view(
        one,
        {**one, "valueQuantity": {"value": 300, "unit": "pg/mL", "x": [{"a": 1}] * (size // 10)}},
    )


@_kind
def _corrections_with_many_identifiers(size: int) -> Sent:
    identifiers = [{"system": "urn:x", "value": str(n)} for n in range(size // 80)]
    return _view(
        observation("b12", 300, "pg/mL", status="corrected", identifier=identifiers),
        observation("b12", 300, "pg/mL", identifier=identifiers),
    )


@_kind
def _corrections_of_many_results(size: int) -> Sent:
    return _view(
        *(
            observation(
                "b12",
                300,
                "pg/mL",
                status="corrected" if n % 2 else "final",
                identifier=[{"value": str(n)}],
            )
            for n in range(size // 370)
        )
    )


@_kind
def _results_that_cannot_be_used(size: int) -> Sent:
    return _view(*(observation("b12", 300, "furlongs", ago=n % 300) for n in range(size // 330)))


@_kind
def _many_codings(size: int) -> Sent:
    many = [{"system": LOINC, "code": f"{n}-1"} for n in range(size // 60)]
    return _view(observation("b12", 300, "pg/mL", code={"coding": [*B12["coding"], *many]}))


@_kind
def _codes_that_spell_a_hierarchy(size: int) -> Sent:
    many = [
        {"system": "http://hl7.org/fhir/sid/icd-10", "code": f"{n:064}"} for n in range(size // 130)
    ]
    return _view(
        {"resourceType": "Condition", "id": "c", "subject": SUBJECT, "code": {"coding": many}}
    )


@_kind
def _a_name_of_any_length(size: int) -> Sent:
    return _sign(
        medication_request(
            {"text": "vitamin b12 cobalamin 1,000,000 " * (size // 32)}, status="draft"
        ),
        folic_acid(),
    )


@_kind
def _a_name_of_numbers(size: int) -> Sent:
    return _sign(
        medication_request({"text": "1" * (size // 2) + " 1.1,1.1" * (size // 16)}, status="draft"),
        folic_acid(),
    )


@_kind
def _many_names(size: int) -> Sent:
    names = [{"display": f"cyanocobalamin {n} mcg/ml / folic acid"} for n in range(size // 60)]
    return _sign(medication_request({"coding": names}, status="draft"), folic_acid())


@_kind
def _many_drugs(size: int) -> Sent:
    return _view(
        *(
            medication_request({"text": f"drug {n} of many, 1,000 mcg/ml tablet"})
            for n in range(size // 320)
        )
    )


@_kind
def _an_allergy_with_many_reactions(size: int) -> Sent:
    reactions = [
        {"substance": {"text": "cobalt vitamin b12 "}, "manifestation": [{"text": "rash"}] * 5}
        for _ in range(size // 160)
    ]
    return _view(
        {
            "resourceType": "AllergyIntolerance",
            "id": "a",
            "patient": SUBJECT,
            "code": {"text": "x"},
            "reaction": reactions,
        }
    )


@_kind
def _an_allergy_with_a_long_name(size: int) -> Sent:
    return _view(
        {
            "resourceType": "AllergyIntolerance",
            "id": "a",
            "patient": SUBJECT,
            "code": {"text": "cobalt vitamin b " * (size // 17)},
        }
    )


@_kind
def _a_value_that_is_text(size: int) -> Sent:
    return _view(
        observation("b12", valueString="1" * (size // 3) + " " * (size // 3) + "10^" * (size // 9))
    )


@_kind
def _many_values_that_are_text(size: int) -> Sent:
    return _view(
        *(
            observation("b12", valueString="< 1 " + " " * 400 + "10*" + "x" * 400)
            for _ in range(size // 1150)
        )
    )


@_kind
def _many_dosages(size: int) -> Sent:
    many = [{**dosage(1, route=IM, every=(1, 1, "wk")), "sequence": n} for n in range(size // 300)]
    return _sign(medication_request(HYDROXOCOBALAMIN, *many, status="draft"))


@_kind
def _many_times(size: int) -> Sent:
    timed = {
        **dosage(1, route=IM),
        "timing": {"event": [days_ago(n % 900) for n in range(size // 15)]},
    }
    return _sign(medication_request(HYDROXOCOBALAMIN, timed, status="draft"))


@_kind
def _many_doses_in_one_dosage(size: int) -> Sent:
    rates = [{"doseQuantity": {"value": 1, "unit": "x"}}] * (size // 50)
    return _sign(
        medication_request(
            HYDROXOCOBALAMIN, {**dosage(None, route=IM), "doseAndRate": rates}, status="draft"
        )
    )


@_kind
def _a_route_of_many_names(size: int) -> Sent:
    route = {
        "coding": [
            {"system": SNOMED, "code": str(n), "display": "by the mouse"} for n in range(size // 80)
        ]
    }
    return _sign(
        medication_request(HYDROXOCOBALAMIN, {**dosage(1), "route": route}, status="draft")
    )


@_kind
def _references_of_many_parts(size: int) -> Sent:
    return _view(
        *(
            medication_request(None, medicationReference={"reference": "a/" * 500})
            for _ in range(size // 1300)
        )
    )


@_kind
def _medications_by_reference(size: int) -> Sent:
    number = size // 400
    found = [
        medication_request(None, medicationReference={"reference": f"Medication/m{n}"})
        for n in range(number)
    ]
    values = prefetch(*found)
    values["medication-requests"]["entry"] += [
        {"resource": {"resourceType": "Medication", "id": f"m{n}", "code": {"text": "x"}}}
        for n in range(number)
    ]
    return _call("patient-view", values)


@_kind
def _ingredients(size: int) -> Sent:
    many = [{"itemCodeableConcept": {"text": "cyanocobalamin", "coding": [{"display": "x"}]}}] * (
        size // 85
    )
    medication = {"resourceType": "Medication", "id": "m", "ingredient": many}
    return _sign(
        _nameless(medicationReference={"reference": "#m"}, contained=[medication]), folic_acid()
    )


@_kind
def _problems(size: int) -> Sent:
    return _view(
        *(
            {
                "resourceType": "Condition",
                "id": str(n),
                "subject": SUBJECT,
                "code": {"coding": [{"system": SNOMED, "code": "84027009"}]},
            }
            for n in range(size // 150)
        )
    )


@_kind
def _requests_for_tests(size: int) -> Sent:
    code = {"coding": [{"system": LOINC, "code": ANALYTES["b12"]}]}
    return _view(
        *(
            {
                "resourceType": "ServiceRequest",
                "id": str(n),
                "status": "active",
                "subject": SUBJECT,
                "code": code,
                "authoredOn": days_ago(1),
                "occurrenceDateTime": days_ago(-400),
            }
            for n in range(size // 220)
        )
    )


@_kind
def _lengths_by_extensions(size: int) -> Sent:
    many = [
        {"url": "https://b12-folate-cds.example.org/fhir/StructureDefinition/resected-length"}
    ] * (size // 90)
    return _view(
        {
            "resourceType": "Procedure",
            "id": "p",
            "status": "completed",
            "subject": SUBJECT,
            "extension": many,
            "code": {"coding": [{"system": SNOMED, "code": "173747005"}]},
        }
    )


@_kind
def _keys_of_prefetch(size: int) -> Sent:
    return _call("patient-view", {**prefetch(), **{f"key-{n}": 1 for n in range(size // 14)}})


@_kind
def _links_of_a_bundle(size: int) -> Sent:
    values = prefetch()
    values["conditions"]["link"] = [{"relation": "x"}] * (size // 20)
    return _call("patient-view", values)


@_kind
def _a_patient_of_any_size(size: int) -> Sent:
    return _view(who=patient(extension=[{"url": "x"}] * (size // 15)))


@_kind
def _scopes(size: int) -> Sent:
    authorization = {
        "access_token": "t",
        "token_type": "Bearer",
        "scope": "patient/Observation.cruds?" + "a" * 50 + " user/" + "a" * (size // 2),
    }
    authorization["scope"] += " patient/*.rs" * (size // 30)
    return _call(
        "patient-view", {}, fhirServer="http://127.0.0.1:9/fhir", fhirAuthorization=authorization
    )


@_kind
def _a_server_of_any_length(size: int) -> Sent:
    return _call(
        "patient-view",
        prefetch(),
        fhirServer="http://" + "a." * (size // 2),
        fhirAuthorization={"access_token": "t", "token_type": "Bearer"},
    )


@_kind
def _numbers_of_many_digits(size: int) -> Sent:
    body = as_bytes(
        hook_request(
            "patient-view",
            prefetch(*(observation("b12", 4711, "pg/mL") for _ in range(size // 4300))),
        )
    )
    return Sent("/cds-services/b12-folate-patient-view", body.replace(b"4711", b"1" * 4000))


@_kind
def _search_values(size: int) -> Sent:
    return Sent("/fhir/ValueSet/_search", b"url=" + b"," * size, FORM)


@_kind
def _search_names(size: int) -> Sent:
    return Sent("/fhir/ValueSet/_search", b"name:contains=" + b"a," * (size // 2), FORM)


@_kind
def _search_parameters(size: int) -> Sent:
    return Sent("/fhir/ValueSet/_search", b"name=b&" * (size // 7), FORM)


@_kind
def _search_escapes(size: int) -> Sent:
    return Sent("/fhir/ValueSet/_search", b"name=" + b"\\" * size, FORM)


@_kind
def _feedback_suggestions(size: int) -> Sent:
    one = {
        "card": "c",
        "outcome": "accepted",
        "acceptedSuggestions": [{"id": "s" * 200}] * 10,
        "outcomeTimestamp": "2026-11-23T10:05:31Z",
    }
    return Sent(
        "/cds-services/b12-folate-order-sign/feedback",
        as_bytes({"feedback": [one] * min(999, size // 2300)}).ljust(size),
    )


@_kind
def _apply_names(size: int) -> Sent:
    parameter = [{"name": "subject" + "x" * (size // 2), "valueString": "x" * (size // 2)}]
    return Sent(
        "/fhir/PlanDefinition/b12-deficiency-untreated/$apply",
        as_bytes({"resourceType": "Parameters", "parameter": parameter}),
    )


@_kind
def _apply_data(size: int) -> Sent:
    entries = [{"resource": observation("b12", 300, "pg/mL")} for _ in range(size // 350)]
    parameter = [
        {"name": "subject", "valueString": "Patient/pat-1"},
        {"name": "data", "resource": {"resourceType": "Bundle", "entry": entries}},
    ]
    return Sent(
        "/fhir/PlanDefinition/b12-deficiency-untreated/$apply",
        as_bytes({"resourceType": "Parameters", "parameter": parameter}),
    )


@_kind
def _nesting(size: int) -> Sent:
    return Sent(
        "/cds-services/b12-folate-patient-view",
        b'{"hook": "patient-view", "more": [' + b"[[[[1]]]]," * (size // 11) + b"1]}",
    )


def _repeated(item: Any, size: int) -> list[Any]:
    return [item] * max(1, size // (len(as_bytes(item)) + 2))


def _tiny(name: str, make: Callable[[list[Any]], Sent], item: Any) -> None:
    """The smallest items that a list may hold: what each costs is much for its bytes."""
    KINDS[f"tiny {name}"] = lambda size: make(_repeated(item, size))


def _minimal_order(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "status": "active",
        "subject": SUBJECT,
        "medicationCodeableConcept": {"text": "B12"},
        **more,
    }


_tiny(
    "dosages", lambda items: _sign(medication_request(HYDROXOCOBALAMIN, *items, status="draft")), {}
)
_tiny("dosages of a record", lambda items: _view(medication_request(HYDROXOCOBALAMIN, *items)), {})
_tiny(
    "rates",
    lambda items: _sign(
        medication_request(HYDROXOCOBALAMIN, {"doseAndRate": items}, status="draft")
    ),
    {},
)
_tiny(
    "times",
    lambda items: _sign(
        medication_request(HYDROXOCOBALAMIN, {"timing": {"event": items}}, status="draft")
    ),
    "2026",
)
_tiny(
    "entries",
    lambda items: _call(
        "patient-view", {**prefetch(), "conditions": {"resourceType": "Bundle", "entry": items}}
    ),
    {},
)
_tiny("entries of drafts", lambda items: _call("order-sign", prefetch(), drafts=items), 1)
_tiny(
    "orders", lambda items: _view(*items), _minimal_order(medicationCodeableConcept={"text": "b"})
)
_tiny("drafts", lambda items: _sign(*items), _minimal_order(status="draft"))
_tiny(
    "codings",
    lambda items: _view(observation("b12", 1, "pg/mL", code={"coding": [*B12["coding"], *items]})),
    {},
)
_tiny(
    "routes",
    lambda items: _sign(
        medication_request(HYDROXOCOBALAMIN, {"route": {"coding": items}}, status="draft")
    ),
    {},
)
_tiny(
    "codes of a timing",
    lambda items: _sign(
        medication_request(
            HYDROXOCOBALAMIN, {"timing": {"code": {"coding": items}}}, status="draft"
        )
    ),
    {},
)
_tiny(
    "reactions",
    lambda items: _view(
        {
            "resourceType": "AllergyIntolerance",
            "patient": SUBJECT,
            "code": {"text": "B12"},
            "reaction": items,
        }
    ),
    {},
)
_tiny(
    "manifestations",
    lambda items: _view(
        {
            "resourceType": "AllergyIntolerance",
            "patient": SUBJECT,
            "code": {"text": "B12"},
            "reaction": [{"manifestation": items}],
        }
    ),
    {},
)
_tiny(
    "identifiers",
    lambda items: _view(observation("b12", 1, "pg/mL", status="corrected", identifier=items)),
    {},
)
_tiny("notes", lambda items: _view(observation("potassium", 3, "mmol/L", note=items)), {})
_tiny(
    "ingredients",
    lambda items: _sign(
        _nameless(
            medicationReference={"reference": "#m"}, contained=[{"id": "m", "ingredient": items}]
        ),
        folic_acid(),
    ),
    {},
)
_tiny(
    "contained",
    lambda items: _sign(
        _nameless(medicationReference={"reference": "#m"}, contained=items), folic_acid()
    ),
    {},
)
_tiny(
    "priors",
    lambda items: _sign(medication_request(HYDROXOCOBALAMIN, status="draft", basedOn=items)),
    {},
)
_tiny(
    "extensions",
    lambda items: _view(
        {
            "resourceType": "Procedure",
            "subject": SUBJECT,
            "extension": items,
            "code": {"coding": [{"system": SNOMED, "code": "173747005"}]},
        }
    ),
    {},
)
_tiny("problems", lambda items: _view(*items), {"resourceType": "Condition", "subject": SUBJECT})
_tiny(
    "results",
    lambda items: _view(*items),
    {"resourceType": "Observation", "subject": SUBJECT, "code": B12, "status": "final"},
)
_tiny(
    "selections",
    lambda items: _call("order-select", prefetch(), drafts=[folic_acid()], selections=items),
    "",
)
_tiny(
    "parameters of apply",
    lambda items: Sent(
        "/fhir/PlanDefinition/b12-deficiency-untreated/$apply",
        as_bytes({"resourceType": "Parameters", "parameter": items}),
    ),
    {"name": "data"},
)
_tiny(
    "feedback",
    lambda items: Sent(
        "/cds-services/b12-folate-order-sign/feedback", as_bytes({"feedback": items})
    ),
    {},
)
