"""What a client gets for a request that cannot be read: 4xx, an OperationOutcome that names the element, nothing of its data."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from msgspec import Raw
from werkzeug.test import TestResponse

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.fhir.r4 import Medication
from cds_service.fhir.reading import Unread, read_resources
from tests.fuzz import seeds
from tests.fuzz.shapes import as_bytes, places, replaced
from tests.support.fhir_builders import NOW, folic_acid, hook_request, observation, prefetch

HOOKS = ("patient-view", "order-select", "order-sign", "encounter-discharge")
SECRET = "Xyzzy-Secret-4711"
INTERNALS = (
    "Traceback",
    "msgspec",
    "orjson",
    "werkzeug",
    ".py",
    "Struct",
    "Exception",
    "cds_service",
)


def _good(hook: str) -> dict[str, Any]:
    drafts = [folic_acid()] if hook.startswith("order") else None
    return hook_request(hook, prefetch(observation("b12", 110, "pg/mL")), drafts=drafts)


def _post(
    client: FlaskClient, body: bytes | dict[str, Any], hook: str = "patient-view"
) -> TestResponse:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(
        f"/cds-services/b12-folate-{hook}", data=data, content_type="application/json"
    )


def _with(request: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    *parents, last = path.split(".")
    target = request
    for name in parents:
        target = target[name]
    target[last] = value
    return request


def _refused(
    response: TestResponse, status: int = 400, element: str | None = None
) -> dict[str, Any]:
    """Check the answer to a request that was refused; gives its issue. ``element``: what it must name."""
    text = response.get_data(as_text=True)
    assert response.status_code == status, text
    assert not [word for word in INTERNALS if word in text], text
    assert SECRET not in text
    outcome = response.get_json()
    assert outcome["resourceType"] == "OperationOutcome"
    [issue] = outcome["issue"]
    assert issue["severity"] == "error"
    assert issue["code"]
    assert issue["details"]["text"].strip()
    if element is not None:
        assert issue["expression"] == [element]
    return dict(issue)


NOT_JSON = {
    "empty body": b"",
    "blank body": b"  \n",
    "cut off": b'{"hook": "patient-view", "context": {',
    "trailing comma": b'{"hook": "patient-view",}',
    "comment": b'{"hook": "patient-view"} // opened',
    "two documents": b"{}{}",
    "single quotes": b"{'hook': 'patient-view'}",
    "form data": b"hook=patient-view&patientId=1",
    "XML": b"<Bundle/>",
    "UTF-16": '{"hook": "patient-view"}'.encode("utf-16"),
    "NUL bytes": b"\x00" * 64,
}


@pytest.mark.parametrize("name", NOT_JSON)
def test_a_body_that_is_not_json(client: FlaskClient, name: str) -> None:
    _refused(_post(client, NOT_JSON[name]))


@pytest.mark.parametrize("body", [b"[]", b"null", b'"patient-view"', b"1", b"true", b"[{}]"])
def test_a_body_that_is_no_object(client: FlaskClient, body: bytes) -> None:
    _refused(_post(client, body))


ENVELOPE = {
    "hook": [None, 1, True, [], {}, ""],
    "hookInstance": [None, 1, True, [], {}, ""],
    "context": [None, "x", 1, [], True],
    "fhirServer": [1, [], {}, True],
    "fhirAuthorization": ["token", 1, [], True],
    "prefetch": ["x", 1, [], True],
    "context.userId": [None, 1, [], {}, ""],
    "context.patientId": [None, 1, [], {}, "", True, "Patient/pat-1"],
    "context.encounterId": [1, [], {}, "", "Encounter/1"],
}
WRONG = [(element, value) for element, values in ENVELOPE.items() for value in values]


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize(("element", "value"), WRONG)
def test_an_element_of_the_wrong_type_is_named(
    client: FlaskClient, hook: str, element: str, value: Any
) -> None:
    _refused(_post(client, _with(_good(hook), element, value), hook), element=element)


@pytest.mark.parametrize("value", ["MedicationRequest/1", 1, {}, True])
def test_selections_of_the_wrong_type_are_named(client: FlaskClient, value: Any) -> None:
    _refused(
        _post(client, _with(_good("order-select"), "context.selections", value), "order-select"),
        element="context.selections",
    )


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
@pytest.mark.parametrize("value", ["x", 1, [], True])
def test_draft_orders_of_the_wrong_type_are_named(
    client: FlaskClient, hook: str, value: Any
) -> None:
    _refused(
        _post(client, _with(_good(hook), "context.draftOrders", value), hook),
        element="context.draftOrders",
    )


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize(
    "element", ["hook", "hookInstance", "context", "context.userId", "context.patientId"]
)
def test_a_missing_required_element_is_named(client: FlaskClient, hook: str, element: str) -> None:
    request = _good(hook)
    *parents, last = element.split(".")
    del (request[parents[0]] if parents else request)[last]
    assert _refused(_post(client, request, hook), element=element)["code"] == "required"


def test_a_discharge_without_its_encounter_is_named(client: FlaskClient) -> None:
    request = _good("encounter-discharge")
    del request["context"]["encounterId"]
    _refused(_post(client, request, "encounter-discharge"), element="context.encounterId")


@pytest.mark.parametrize("hook", HOOKS)
def test_a_request_for_another_hook(client: FlaskClient, hook: str) -> None:
    other = HOOKS[(HOOKS.index(hook) + 1) % len(HOOKS)]
    request = _good(other)
    request["context"]["encounterId"] = "enc-1"
    issue = _refused(_post(client, request, hook), element="hook")
    assert hook in issue["details"]["text"]


def test_an_unknown_hook(client: FlaskClient) -> None:
    _refused(_post(client, _with(_good("patient-view"), "hook", SECRET)), element="hook")


@pytest.mark.parametrize(
    "service",
    ["nothing", SECRET, "b12-folate-", "..%2f..%2fetc%2fpasswd", "B12-FOLATE-PATIENT-VIEW"],
)
def test_an_unknown_service(client: FlaskClient, service: str) -> None:
    assert (
        _refused(client.post(f"/cds-services/{service}", json=_good("patient-view")), 404)["code"]
        == "not-found"
    )


@pytest.mark.parametrize(
    "path", ["/elsewhere", "/cds-services/b12-folate-patient-view/more", f"/{SECRET}"]
)
def test_an_unknown_page(client: FlaskClient, path: str) -> None:
    _refused(client.get(path), 404)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_a_method_that_a_service_does_not_have(client: FlaskClient, method: str) -> None:
    response = client.open(
        "/cds-services/b12-folate-patient-view", method=method, json=_good("patient-view")
    )
    _refused(response, 405)
    assert "POST" in response.headers["Allow"]


def test_discovery_is_not_posted_to(client: FlaskClient) -> None:
    _refused(client.post("/cds-services", json={}), 405)


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "json",
    ],
)
def test_a_body_that_is_not_announced_as_json(
    client: FlaskClient, content_type: str | None
) -> None:
    body = json.dumps(_good("patient-view"))
    _refused(
        client.post("/cds-services/b12-folate-patient-view", data=body, content_type=content_type),
        415,
    )


@pytest.fixture(scope="module")
def narrow() -> FlaskClient:
    """A service that accepts 2,000 bytes at most."""
    return create_app(Settings(max_body_bytes=2_000), clock=lambda: NOW).test_client()


def test_a_body_that_is_too_large(narrow: FlaskClient) -> None:
    assert (
        _refused(
            _post(narrow, _with(_good("patient-view"), "extension", {"com.example": SECRET * 200})),
            413,
        )["code"]
        == "too-long"
    )


def test_the_limit_is_the_size_of_the_body_in_bytes(narrow: FlaskClient) -> None:
    drafts_nothing = json.dumps(hook_request("order-sign", drafts=[])).encode()
    assert _post(narrow, drafts_nothing.ljust(2_000), "order-sign").status_code == 200
    _refused(_post(narrow, drafts_nothing.ljust(2_001), "order-sign"), 413)


DEEP = 100_000
NESTED = {
    "the body": b"[" * DEEP + b"]" * DEEP,
    "an unknown element": b'{"hook": "patient-view", "more": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "prefetch": b'{"hook": "patient-view", "hookInstance": "i", "context": {"userId": "Practitioner/1", "patientId": "p"}, '
    b'"prefetch": {"patient": ' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}}",
    "never closed": b'{"a":' * DEEP,
}


@pytest.mark.parametrize("name", NESTED)
def test_nesting_without_end(client: FlaskClient, name: str) -> None:
    _refused(_post(client, NESTED[name]))


def test_nested_draft_orders_without_end(client: FlaskClient) -> None:
    body = b'{"hook": "order-sign", "hookInstance": "i", "context": {"userId": "Practitioner/1", "patientId": "p", "draftOrders": '
    _refused(_post(client, body + b'{"entry":' * DEEP + b"1" + b"}" * DEEP + b"}}", "order-sign"))


def _body(**parts: str) -> bytes:
    """A patient-view body from raw JSON fragments: a b12 ``value``, an ``envelope`` addition, a ``patient``."""
    patient = parts.get(
        "patient",
        '{"resourceType": "Patient", "id": "pat-1", "gender": "female", "birthDate": "1957-03-02"}',
    )
    result = json.dumps(observation("b12", 110, "pg/mL")).replace("110", parts.get("value", "110"))
    return (
        '{"hook": "patient-view", "hookInstance": "i", "context": {"userId": "Practitioner/1", "patientId": "pat-1"}, '
        f'{parts.get("envelope", "")} "prefetch": {{"patient": {patient}, "b12-results": {result}}}}}'
    ).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "+1", "01", "1.", ".5", "0x10", "1e", "--1"]
)
def test_a_number_that_is_not_json(client: FlaskClient, number: str) -> None:
    _refused(_post(client, _body(value=number)))


BEYOND = [
    "1e400",
    "-1e400",
    "1e-400",
    "9" * 400,
    "9" * 5000,
    "1" + "0" * 30,
    "0." + "0" * 400 + "1",
    "-0",
    "1E+2",
]


@pytest.mark.parametrize("number", BEYOND)
def test_a_number_beyond_all_measure_is_refused_or_not_used(
    client: FlaskClient, number: str
) -> None:
    response = _post(client, _body(value=number))
    if response.status_code != 200:
        _refused(response)
    else:
        cards = response.get_json()["cards"]
        assert [card["source"]["topic"]["code"] for card in cards] == (
            ["b12-deficiency-untreated"] if number == "1E+2" else []
        )


@pytest.mark.parametrize("element", ["hookInstance", "fhirServer", "extension"])
def test_a_huge_number_in_the_envelope(client: FlaskClient, element: str) -> None:
    response = _post(client, _body(envelope=f'"{element}": {"9" * 5000},'))
    assert response.status_code in (200, 400)
    if response.status_code == 400:
        _refused(response)


def test_an_element_twice(client: FlaskClient) -> None:
    """JSON leaves duplicate names open; a request whose hook is contradictory must at least not fail."""
    response = _post(client, _body(envelope='"hook": "order-sign",'))
    _refused(response, element="hook")
    assert _post(client, _body(envelope='"hookInstance": "j",')).status_code == 200


BAD_TEXT = {
    "invalid UTF-8": b"\xff\xfe\xfa",
    "overlong encoding": b"\xc0\xaf",
    "cut-off character": b"\xe2\x82",
    "encoded surrogate": b"\xed\xa0\x80",
    "control character": b"\x01",
    "line break": b"\n",
}


@pytest.mark.parametrize("where", ["userId", "patientId", "other"])
@pytest.mark.parametrize("name", BAD_TEXT)
def test_text_that_is_not_json(client: FlaskClient, name: str, where: str) -> None:
    """In what the service reads it is refused; in what it passes over, it may also be passed over."""
    marked = {**hook_request("patient-view", prefetch()), "other": "x"}
    if where == "other":
        marked["other"] = "@@"
    else:
        marked["context"][where] = "@@"
    response = _post(client, json.dumps(marked).encode().replace(b"@@", BAD_TEXT[name]))
    if where == "other" and response.status_code == 200:
        return
    _refused(response)


@pytest.mark.parametrize("escape", ["\\ud800", "\\udfff", "\\udc00\\ud800", "\\u12", "\\x41"])
def test_lone_surrogates_and_bad_escapes(client: FlaskClient, escape: str) -> None:
    """An escape that is no character is refused, wherever the service reads it: never an answer that is not UTF-8."""
    envelope = _body().decode().replace("Practitioner/1", escape).encode()
    _refused(_post(client, envelope))
    result = _body().decode().replace("pg/mL", escape).encode()
    _refused(_post(client, result))


@pytest.mark.parametrize("text", [b"\xff", b"\xe2\x82", b"\xed\xa0\x80"])
def test_a_prefetch_value_that_is_not_utf_8_is_named(client: FlaskClient, text: bytes) -> None:
    _refused(_post(client, _body().replace(b"1957-03-02", text)), element="prefetch.patient")
    _refused(_post(client, _body().replace(b"pg/mL", text)), element="prefetch.b12-results")


@pytest.mark.parametrize("text", [b"\xff", b"\xe2\x82", b"\xed\xa0\x80"])
@pytest.mark.parametrize(
    "bundle",
    [
        b'{"resourceType": "Bundle", "link": [{"relation": "@@", "url": "u"}]}',
        b'{"resourceType": "Bundle", "entry": [{"fullUrl": "@@"}]}',
        b'{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "@@"}}]}',
        b'{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Observation", '
        b'"status": "@@", "id": 1}}]}',
        b'{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Observation", '
        b'"id": 1, "note": [{"text": "@@"}]}}]}',
        b'{"resourceType": "Bundle", "total": "one", "entry": [{"fullUrl": "@@"}]}',
        b'[{"resourceType": "@@"}]',
        b'"@@"',
    ],
)
def test_a_broken_character_anywhere_that_is_read_is_named(
    client: FlaskClient, bundle: bytes, text: bytes
) -> None:
    """Wherever the reader meets it, also in the slow reading of what has another shape than FHIR."""
    request = _good("patient-view")
    request["prefetch"]["b12-results"] = "##"
    body = json.dumps(request).encode().replace(b'"##"', bundle.replace(b"@@", text))
    _refused(_post(client, body), element="prefetch.b12-results")


@pytest.mark.parametrize("text", [b"\xff", b"\xe2\x82", b"\xed\xa0\x80"])
def test_a_contained_resource_with_a_broken_character_is_unread(text: bytes) -> None:
    """It is decoded when an order is looked at, long after the body was: only what rests on it is unknown."""
    medication = b'{"resourceType": "Medication", "id": "m", "code": {"text": "@@"}}'
    [broken, whole] = read_resources(
        Raw(medication.replace(b"@@", name)) for name in (text, b"folic acid")
    )
    assert broken == Unread()
    assert isinstance(whole, Medication)


@pytest.mark.parametrize("text", [b"\xff", b"\xed\xa0\x80"])
def test_what_the_service_does_not_read_does_no_harm(client: FlaskClient, text: bytes) -> None:
    """A broken character in data that was not asked for is no reason to withhold advice."""
    body = _body().replace(b'"prefetch": {', b'"prefetch": {"somebody-elses": "' + text + b'", ')
    assert [card["indicator"] for card in _post(client, body).get_json()["cards"]] == ["warning"]


@pytest.mark.parametrize("text", [b"\xff", b"\xed\xa0\x80"])
def test_an_element_name_that_is_not_utf_8(client: FlaskClient, text: bytes) -> None:
    _refused(_post(client, _body().replace(b'"prefetch": {', b'"prefetch": {"' + text + b'": 1, ')))


@pytest.mark.parametrize(
    "element",
    [
        "hook",
        "hookInstance",
        "fhirServer",
        "fhirAuthorization",
        "prefetch",
        "context",
        "context.patientId",
        "context.userId",
    ],
)
@pytest.mark.parametrize("wrap", [lambda text: [text], lambda text: {text: text}])
def test_the_data_of_the_client_is_never_echoed(
    client: FlaskClient, element: str, wrap: Any
) -> None:
    """Neither a value nor a name of an element that the client made up comes back in an error."""
    response = _post(client, _with(_good("patient-view"), element, wrap(SECRET)))
    assert SECRET not in response.get_data(as_text=True)
    assert response.status_code in (200, 400, 412)


def test_a_made_up_prefetch_key_is_never_echoed(client: FlaskClient) -> None:
    response = _post(client, hook_request("patient-view", {SECRET: {"resourceType": "Patient"}}))
    assert SECRET not in _refused(response, 412)["diagnostics"]


# A body of each endpoint that takes one, and where it goes.
_BODIES = (
    *((f"/fhir/PlanDefinition/{card}/$apply", body) for card, body in seeds.apply_requests()[:2]),
    ("/cds-services/b12-folate-order-sign/feedback", seeds.feedback()),
    ("/cds-services/b12-folate-patient-view", _good("patient-view")),
    ("/cds-services/b12-folate-order-select", _good("order-select")),
)


@pytest.mark.parametrize(("path", "body"), _BODIES, ids=[path for path, _ in _BODIES])
def test_a_refusal_says_nothing_of_what_was_sent_to_the_client_or_in_the_log(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, path: str, body: dict[str, Any]
) -> None:
    """In the place of each element in turn: a text, which may be long, or of a patient."""
    refused = 0
    for place in places(body):
        response = client.post(
            path, data=as_bytes(replaced(body, place, SECRET)), content_type="application/json"
        )
        if response.status_code >= 400:
            refused += 1
            assert SECRET not in response.get_data(as_text=True), place
    assert refused and SECRET not in caplog.text
