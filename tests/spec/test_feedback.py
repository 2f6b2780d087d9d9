"""CDS Hooks 3.0.0, "Feedback"."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from cds_service.hooks.errors import BadRequest
from cds_service.hooks.feedback_body import read_feedback
from tests.conftest import Call
from tests.spec.scenarios import ANSWERS

SERVICE = "/cds-services/b12-folate-order-select"
SYSTEM = "https://example.com/cds-hooks/override-reason-system"
ACCEPTED: dict[str, Any] = {
    "card": "4e0a3a1e-3283-4575-ab82-028d55fe2719",
    "outcome": "accepted",
    "acceptedSuggestions": [{"id": "e56e1945-20b3-4393-8503-a1a20fd73152"}],
    "outcomeTimestamp": "2021-12-11T10:05:31Z",
}
OVERRIDDEN: dict[str, Any] = {
    "card": "f6b95768-b1c8-40dc-8385-bf3504b82ffb",
    "outcome": "overridden",
    "outcomeTimestamp": "2020-12-11T00:00:00Z",
}
REASON = {"code": "d7ecf885", "system": SYSTEM}


def _without(item: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key != name}


def _send(client: FlaskClient, *items: Any) -> Any:
    return client.post(f"{SERVICE}/feedback", json={"feedback": list(items)})


@pytest.mark.parametrize(
    "item",
    [
        pytest.param(ACCEPTED, id="suggestion accepted"),
        pytest.param(
            {**ACCEPTED, "acceptedSuggestions": [{"id": "one"}, {"id": "two"}]},
            id="one or more of the user's accepted suggestions",
        ),
        pytest.param(OVERRIDDEN, id="overridden without overrideReason"),
        pytest.param(
            {**OVERRIDDEN, "overrideReason": {"reason": REASON, "userComment": "A comment."}},
            id="reason and comment",
        ),
        pytest.param({**OVERRIDDEN, "overrideReason": {"reason": REASON}}, id="a reason alone"),
        pytest.param(
            {**OVERRIDDEN, "overrideReason": {"userComment": "A comment."}}, id="a comment alone"
        ),
        pytest.param(
            {**OVERRIDDEN, "overrideReason": {"reason": {**REASON, "display": "Refused"}}},
            id="a reason with its display",
        ),
        pytest.param({**OVERRIDDEN, "overrideReason": {}}, id="neither reason nor comment"),
        pytest.param(
            {**OVERRIDDEN, "card": "a card of another service"}, id="any string names a card"
        ),
        pytest.param(
            {**OVERRIDDEN, "extension": {"com.example": 1}, "other": [1]},
            id="extensions and unknown elements",
        ),
    ],
)
def test_feedback_as_described_is_taken(client: FlaskClient, item: dict[str, Any]) -> None:
    """Feedback: "Each Feedback SHALL be described by the following attributes": card, outcome, acceptedSuggestions,
    overrideReason, outcomeTimestamp."""
    assert _send(client, item).status_code == 200


@pytest.mark.parametrize(
    ("item", "element"),
    [
        (_without(OVERRIDDEN, "card"), "card"),
        (_without(OVERRIDDEN, "outcome"), "outcome"),
        (_without(OVERRIDDEN, "outcomeTimestamp"), "outcomeTimestamp"),
        (_without(ACCEPTED, "acceptedSuggestions"), "acceptedSuggestions"),
        ({**ACCEPTED, "acceptedSuggestions": []}, "acceptedSuggestions"),
        ({**ACCEPTED, "acceptedSuggestions": None}, "acceptedSuggestions"),
        ({**ACCEPTED, "acceptedSuggestions": [{}]}, "acceptedSuggestions[0].id"),
        ({**ACCEPTED, "acceptedSuggestions": ["e56e1945"]}, "acceptedSuggestions[0]"),
        ({**OVERRIDDEN, "card": 7}, "card"),
        ({**OVERRIDDEN, "card": ""}, "card"),
        ({**OVERRIDDEN, "card": "a\u0000b"}, "card"),
        ({**OVERRIDDEN, "card": "line\n"}, "card"),
        ({**OVERRIDDEN, "card": "x" * 256}, "card"),
        ({**OVERRIDDEN, "outcome": "ignored"}, "outcome"),
        ({**OVERRIDDEN, "outcome": "Accepted"}, "outcome"),
        ({**OVERRIDDEN, "overrideReason": "refused"}, "overrideReason"),
        (
            {**OVERRIDDEN, "overrideReason": {"reason": {"system": SYSTEM}}},
            "overrideReason.reason.code",
        ),
        (
            {**OVERRIDDEN, "overrideReason": {"reason": {"code": "d7ecf885"}}},
            "overrideReason.reason.system",
        ),
        ({**OVERRIDDEN, "overrideReason": {"userComment": 1}}, "overrideReason.userComment"),
    ],
)
def test_other_feedback_is_refused_and_the_element_named(
    client: FlaskClient, item: dict[str, Any], element: str
) -> None:
    """Feedback: required and conditional attributes; "Required for ``accepted`` outcomes"; ``code`` and ``system`` of a
    Coding are required. The answer names the element, also within a batch, and nothing of the batch is taken."""
    answer = _send(client, ACCEPTED, item)
    assert answer.status_code == 400
    assert answer.get_json()["issue"][0]["expression"] == [f"feedback[1].{element}"]


@pytest.mark.parametrize(
    "body", [[], [ACCEPTED], "feedback", 1, None, {}, {"feedback": None}, {"feedback": ACCEPTED}]
)
def test_the_request_shall_be_an_object_containing_an_array(client: FlaskClient, body: Any) -> None:
    """Feedback: "The request to the feedback endpoint SHALL be an object containing an array." """
    answer = client.post(
        f"{SERVICE}/feedback", data=json.dumps(body), content_type="application/json"
    )
    assert answer.status_code == 400
    assert answer.get_json()["resourceType"] == "OperationOutcome"


def test_a_batch_of_several_cards_and_repeats_is_taken(client: FlaskClient) -> None:
    """Feedback: "the feedback endpoint may be called for multiple hook instances or multiple cards at the same time or
    even multiple times for a card or suggestion"."""
    assert _send(client, ACCEPTED, OVERRIDDEN, ACCEPTED).status_code == 200
    assert _send(client, ACCEPTED, OVERRIDDEN).status_code == 200
    assert _send(client).status_code == 200


@pytest.mark.parametrize(
    "timestamp",
    [
        "1985-04-12T23:20:50.52Z",
        "2020-12-11T00:00:00Z",
        "1996-12-19T16:39:57-08:00",
        "1990-12-31T23:59:60Z",
        "1937-01-01T12:00:27.87+00:20",
        "2020-12-11t00:00:00z",
        "2020-12-11T00:00:00.123456789123Z",
        "2020-12-11T00:00:00-00:00",
        "2024-02-29T00:00:00Z",
    ],
)
def test_timestamps_of_rfc_3339_are_read(client: FlaskClient, timestamp: str) -> None:
    """Feedback: ``outcomeTimestamp`` "as profiled in section 5.6 of RFC3339"."""
    assert _send(client, {**OVERRIDDEN, "outcomeTimestamp": timestamp}).status_code == 200


@pytest.mark.parametrize(
    "timestamp",
    [
        "2020-12-11T00:00:00",
        "2020-12-11",
        "2020-12-11T00:00Z",
        "2020-12-11 00:00:00Z",
        "20201211T000000Z",
        "2020-12-11T00:00:00+0100",
        "2020-12-11T00:00:00,5Z",
        "2020-12-11T00:00:00.Z",
        "2020-12-11T24:00:00Z",
        "2020-12-11T00:60:00Z",
        "2020-12-11T00:00:61Z",
        "2020-02-30T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "2020-12-11T00:00:00Z\n",
        "２０２０-12-11T00:00:00Z",
        "2020-W50-5T00:00:00Z",
        "1607644800",
        1607644800,
        "",
    ],
)
def test_other_timestamps_are_refused(client: FlaskClient, timestamp: Any) -> None:
    """Feedback: ``outcomeTimestamp`` "as profiled in section 5.6 of RFC3339"."""
    answer = _send(client, {**OVERRIDDEN, "outcomeTimestamp": timestamp})
    assert answer.status_code == 400
    assert answer.get_json()["issue"][0]["expression"] == ["feedback[0].outcomeTimestamp"]


@given(st.datetimes(timezones=st.timezones()))
def test_every_moment_that_can_be_written_is_read_as_that_moment(moment: datetime) -> None:
    """Feedback: ``outcomeTimestamp`` is a date and time; whatever its offset, it is that moment."""
    offset = moment.utcoffset()
    assert offset is not None
    whole_minutes = not offset.seconds % 60 and not offset.microseconds
    body = json.dumps(
        {"feedback": [{**OVERRIDDEN, "outcomeTimestamp": moment.isoformat()}]}
    ).encode()
    try:
        (item,) = read_feedback(body, "service", "")
    except BadRequest:
        # RFC 3339 has no seconds in offsets; and a moment may lie outside the years of UTC.
        assert not whole_minutes or moment.year in (1, 9999)
    else:
        assert item.outcome_at == moment.astimezone(UTC)


def test_every_service_has_a_feedback_endpoint(client: FlaskClient) -> None:
    """Feedback: "{baseUrl}/cds-services/{service.id}/feedback"."""
    for service in client.get("/cds-services").get_json()["services"]:
        assert (
            client.post(
                f"/cds-services/{service['id']}/feedback", json={"feedback": [ACCEPTED]}
            ).status_code
            == 200
        )


def test_a_service_that_does_not_exist_has_none(client: FlaskClient) -> None:
    """Feedback: the endpoint is constructed from that of a service."""
    answer = client.post("/cds-services/none/feedback", json={"feedback": [ACCEPTED]})
    assert answer.status_code == 404
    assert answer.get_json()["resourceType"] == "OperationOutcome"


def test_every_card_and_suggestion_has_a_uuid_that_feedback_can_name(
    client: FlaskClient, call: Call
) -> None:
    """Card Attributes: the uuid "SHALL be included in any subsequent calls to the CDS service's feedback endpoint";
    "If either the card or the suggestion has no ``uuid``, the CDS Client does not send a notification."."""
    seen = set()
    for request in ANSWERS.values():
        for card in call(request):
            uuids = [
                card["uuid"],
                *(suggestion["uuid"] for suggestion in card.get("suggestions", [])),
            ]
            assert not seen & set(uuids)
            seen.update(uuids)
            item = {
                **ACCEPTED,
                "card": uuids[0],
                "acceptedSuggestions": [{"id": uuid} for uuid in uuids[1:] or ["none"]],
            }
            assert _send(client, item).status_code == 200


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ({"data": b"{", "content_type": "application/json"}, 400),
        ({"data": b"[" * 100_000, "content_type": "application/json"}, 400),
        ({"data": b'{"feedback": [{"card": "\xff"}]}', "content_type": "application/json"}, 400),
        ({"data": b'{"feedback": [{"card": "\\ud800"}]}', "content_type": "application/json"}, 400),
        ({"data": b"feedback=1", "content_type": "application/x-www-form-urlencoded"}, 415),
        ({"json": {"feedback": [ACCEPTED] * 1001}}, 400),
        ({"json": {"feedback": [{**ACCEPTED, "acceptedSuggestions": [{"id": "x"}] * 11}]}}, 400),
        (
            {
                "json": {
                    "feedback": [{**OVERRIDDEN, "overrideReason": {"userComment": "x" * 1_000_000}}]
                }
            },
            413,
        ),
    ],
)
def test_what_cannot_be_read_or_is_too_much_is_refused(
    client: FlaskClient, arguments: dict[str, Any], status: int
) -> None:
    """Returning OperationOutcome: a fitting status and an OperationOutcome, whatever was sent."""
    answer = client.post(f"{SERVICE}/feedback", **arguments)
    assert answer.status_code == status
    assert answer.get_json()["resourceType"] == "OperationOutcome"


def test_an_answer_to_feedback_names_nothing_that_was_sent(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Returning OperationOutcome: no patient data; a comment may hold some."""
    spoilt = {
        **OVERRIDDEN,
        "overrideReason": {
            "userComment": "Canaria-7461",
            "reason": {"code": ["Canaria-7461"], "system": "s"},
        },
    }
    items = [
        spoilt,
        {**spoilt, "overrideReason": {"userComment": "Canaria-7461"}},
        {**OVERRIDDEN, "outcome": "Canaria-7461"},
    ]
    for answer in [_send(client, item) for item in items]:
        assert "Canaria" not in answer.get_data(as_text=True) + caplog.text
