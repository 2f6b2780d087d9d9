"""Whatever stands where a FHIR element should be, in prefetched data or in drafts, the call is answered: 200, or a documented 4xx.

Valid requests are mutated: at one to four places, anywhere below ``prefetch`` and ``draftOrders``, the value is replaced by garbage,
an element is dropped, or an item is added.
"""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.fhir_builders import (
    CYANOCOBALAMIN_INJECTION,
    DAILY,
    IM,
    ORAL,
    SUBJECT,
    allergy,
    condition,
    days_ago,
    dosage,
    folic_acid,
    hook_request,
    hydroxocobalamin,
    medication_request,
    observation,
    patient,
    prefetch,
    service_request,
)

ANSWERS = {200, 400, 412, 422}
Path = tuple[str | int, ...]


def _record() -> dict[str, Any]:
    """A record that has something in every query."""
    period = {"start": days_ago(400), "end": days_ago(30)}
    therapy = {"medicationCodeableConcept": CYANOCOBALAMIN_INJECTION, "subject": SUBJECT}
    dose = {
        "route": {"coding": [{"system": "http://snomed.info/sct", "code": IM}]},
        "dose": {"value": 1, "unit": "mg", "code": "mg"},
    }
    bounds = {"boundsPeriod": period}
    return prefetch(
        observation(
            "b12",
            110,
            "pg/mL",
            issued="2026-11-22T10:00:00Z",
            identifier=[{"system": "urn:lab", "value": "1"}],
        ),
        observation("b12", 100, "ng/L", comparator="<", ago=4, status="corrected"),
        observation("folate", valueString="< 2.0 ng/mL"),
        observation("mma", 620, "nmol/L", ago=9),
        observation("hb", 82, "g/L"),
        observation("mcv", 112, "fL", effectiveDateTime=None, effectivePeriod=period),
        observation(
            "potassium",
            3.2,
            "mmol/L",
            note=[{"text": "haemolysed"}],
            interpretation=[{"text": "L"}],
        ),
        observation("creatinine", 1.4, "mg/dL"),
        observation("egfr", 52, "mL/min/{1.73_m2}", ago=30),
        condition("309087008", onsetDateTime=days_ago(90), recordedDate=days_ago(80)),
        condition(
            "77386006", onsetPeriod=period, verificationStatus={"coding": [{"code": "confirmed"}]}
        ),
        {
            "resourceType": "Procedure",
            "id": "p1",
            "status": "completed",
            "subject": SUBJECT,
            "performedPeriod": period,
            "code": {"coding": [{"system": "http://snomed.info/sct", "code": "173747005"}]},
            "extension": [
                {
                    "url": "https://example.org/resected-length",
                    "valueQuantity": {"value": 30, "code": "cm"},
                }
            ],
        },
        allergy(
            criticality="high",
            reaction=[{"manifestation": [{"text": "Anaphylaxis"}], "severity": "severe"}],
        ),
        medication_request(
            CYANOCOBALAMIN_INJECTION, dosage(1, route=IM, every=(1, 1, "mo"), **bounds), ago=None
        ),
        {
            **medication_request({"text": "digoxin"}),
            "medicationReference": {"reference": "#m"},
            "contained": [
                {
                    "resourceType": "Medication",
                    "id": "m",
                    "code": {"text": "Digoxin 125 microgram tablets"},
                }
            ],
        },
        {
            "resourceType": "MedicationStatement",
            "id": "t1",
            "status": "active",
            "effectivePeriod": period,
            "dosage": [dosage(1, route=ORAL, every=DAILY)],
            **therapy,
        },
        {
            "resourceType": "MedicationAdministration",
            "id": "ad1",
            "status": "completed",
            "effectiveDateTime": days_ago(200),
            "dosage": dose,
            **therapy,
        },
        {
            "resourceType": "MedicationDispense",
            "id": "di1",
            "status": "completed",
            "whenHandedOver": days_ago(300),
            "daysSupply": {"value": 28, "code": "d"},
            **therapy,
        },
        service_request("b12"),
        who=patient(extension=[{"url": "https://example.org/x", "valueString": "y"}]),
    )


REQUESTS = [
    hook_request("patient-view", _record()),
    hook_request("encounter-discharge", _record()),
    *(
        hook_request(
            hook,
            _record(),
            drafts=[
                folic_acid(),
                hydroxocobalamin(priorPrescription={"reference": "MedicationRequest/m0"}),
            ],
        )
        for hook in ("order-select", "order-sign")
    ),
]


def _places(value: Any, path: Path = ()) -> list[Path]:
    found = [path]
    if isinstance(value, dict):
        found += [place for key, item in value.items() for place in _places(item, (*path, key))]
    elif isinstance(value, list):
        found += [
            place
            for position, item in enumerate(value)
            for place in _places(item, (*path, position))
        ]
    return found


def _targets(request: dict[str, Any]) -> list[Path]:
    """Every place at or below the prefetched values, the draft orders and the selections."""
    below_prefetch = [
        place for place in _places(request) if place[:1] == ("prefetch",) and len(place) > 1
    ]
    return below_prefetch + [
        place for place in _places(request) if place[1:2] in (("draftOrders",), ("selections",))
    ]


TARGETS = [_targets(request) for request in REQUESTS]
# What stands in FHIR in the place of something else: dates that are none, numbers at the edge, references that lead nowhere.
ODD = [
    None, True, False, 0, -1, 0.1, 1e308, -1e308, 5e-324, 10**18, "", " ", "\u0000", "x" * 3000, "2026", "2026-13-45", "0000-00-00",
    "9999-12-31T23:59:60+14:00", "2026-11-22T10:00:00+99:99", "24:00", "NaN", "-Infinity", "1e999", "<", "< ", ">= 1 mg", "1,5", "٣",
    "#", "#m", "urn:uuid:x", "Patient/", "/", "Patient/pat-1/_history/", "https://[", "\ud7ff", "😀" * 50, [], {}, [[]], [None], [{}],
    [[], {}, None, "x", 1], {"": None}, {"resourceType": "Bundle"}, {"resourceType": []}, {"entry": None}, {"entry": [None, 1, "x", []]},
    {"coding": [None, "x", {"system": 1, "code": []}]}, {"coding": {}}, {"value": {}}, {"reference": ["Patient/pat-1"]},
]  # fmt: skip
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
NUMBERS = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)
GARBAGE = st.sampled_from(ODD).map(copy.deepcopy) | JSON


@st.composite
def mutated_requests(draw: st.DrawFn) -> dict[str, Any]:
    """A valid request with garbage in one to four places."""
    position = draw(st.integers(0, len(REQUESTS) - 1))
    request = copy.deepcopy(REQUESTS[position])
    for place in draw(st.lists(st.sampled_from(TARGETS[position]), min_size=1, max_size=4)):
        _mutate(
            request, place, draw(st.sampled_from(["replace", "wrap", "drop", "add"])), draw(GARBAGE)
        )
    return request


def _mutate(request: dict[str, Any], place: Path, how: str, garbage: Any) -> None:
    target: Any = request
    for step in place[:-1]:
        try:
            target = target[step]
        except (KeyError, IndexError, TypeError):
            return  # an earlier mutation took this place away
    last = place[-1]
    if last not in (
        target
        if isinstance(target, dict)
        else range(len(target))
        if isinstance(target, list)
        else ()
    ):
        return
    if how == "drop":
        del target[last]
    elif how == "wrap":
        target[last] = [target[last]]
    elif how == "add" and isinstance(target[last], list):
        target[last].append(garbage)
    elif how == "add" and isinstance(target[last], dict):
        target[last]["added"] = garbage
    else:
        target[last] = garbage


def _answered(client: FlaskClient, request: dict[str, Any]) -> None:
    response = client.post(
        f"/cds-services/b12-folate-{request['hook']}",
        data=json.dumps(request),
        content_type="application/json",
    )
    assert response.status_code in ANSWERS, response.get_data(as_text=True)
    if response.status_code == 200:
        assert all(0 < len(card["summary"]) < 140 for card in response.get_json()["cards"])
    else:
        assert response.get_json()["resourceType"] == "OperationOutcome"


@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(request=mutated_requests())
def test_garbage_anywhere_is_answered(client: FlaskClient, request: dict[str, Any]) -> None:
    _answered(client, request)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    position=st.integers(0, len(REQUESTS) - 1),
    values=st.dictionaries(st.sampled_from(sorted(_record())), GARBAGE, max_size=13),
)
def test_garbage_for_whole_queries_is_answered(
    client: FlaskClient, position: int, values: dict[str, Any]
) -> None:
    request = {**REQUESTS[position], "prefetch": {**REQUESTS[position]["prefetch"], **values}}
    _answered(client, request)


def test_the_valid_requests_are_answered(client: FlaskClient) -> None:
    """What is mutated is readable to begin with, and the record matters, so that the properties say something."""
    for request in REQUESTS:
        assert (
            client.post(f"/cds-services/b12-folate-{request['hook']}", json=request).status_code
            == 200
        )
    answer = client.post("/cds-services/b12-folate-order-sign", json=REQUESTS[-1]).get_json()
    assert answer["cards"][0]["source"]["topic"]["code"] == "cobalamin-anaphylaxis"


@pytest.mark.parametrize("garbage", [None, {}, [None], "x", -1], ids=json.dumps)
def test_each_element_alone_replaced_by_each_kind_of_garbage_is_answered(
    client: FlaskClient, garbage: Any
) -> None:
    """Every element of one record, one at a time, as null, an object, a list, a text and a number: the first in each query, since
    those at other positions of a list are read alike.
    """
    request = copy.deepcopy(REQUESTS[-1])
    kinds = {
        tuple(step for step in place if isinstance(step, str)): place
        for place in reversed(TARGETS[-1])
    }
    for *above, last in kinds.values():
        holder: Any = request
        for step in above:
            holder = holder[step]
        element, holder[last] = holder[last], garbage
        if request["context"].get("draftOrders") is None or isinstance(
            request["context"]["draftOrders"], dict
        ):
            _answered(client, request)
        holder[last] = element
    assert request == REQUESTS[-1]


def test_one_unreadable_resource_does_not_hide_the_others(client: FlaskClient) -> None:
    """A broken entry beside a low B12 result: the deficiency is still reported."""
    low = observation("b12", 110, "pg/mL")
    broken = [
        {**low, "id": "bad", "valueQuantity": garbage, "effectiveDateTime": garbage}
        for garbage in (None, [], {}, "x", -1)
    ]
    for bad in [*broken, {"resourceType": "Observation"}]:
        values = {**prefetch(low)}
        values["b12-results"]["entry"].insert(0, {"resource": bad})
        response = client.post(
            "/cds-services/b12-folate-patient-view", json=hook_request("patient-view", values)
        )
        assert [card["source"]["topic"]["code"] for card in response.get_json()["cards"]] == [
            "b12-deficiency-untreated"
        ]
