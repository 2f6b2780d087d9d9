"""The body of feedback: what users did with the cards they were shown (CDS Hooks 3.0.0,
"Feedback").

A body is accepted or refused as a whole. Comments are free text and may name the patient. The store
keeps that there was a comment, but not its words.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from ..store.records import Feedback
from .errors import BadRequest
from .request import decoded

MOST_BYTES = 1_000_000
MOST_ITEMS = 1000
# Suggestions of one card. With the items, this bounds the rows of a body, so that the body can be
# stored while its sender waits.
MOST_SUGGESTIONS = 10
# Strings that every database can hold: no uuid, code or URI has control characters.
Identifier = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
Uri = Annotated[str, Meta(min_length=1, max_length=1000, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
# RFC 3339, section 5.6: "date-time".
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
    r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])",
    re.IGNORECASE | re.ASCII,
)
DateTime = Annotated[str, Meta(max_length=60, extra_json_schema={"format": "date-time"})]


class Coding(Struct):
    """An override reason ("Coding"); the display is not read."""

    code: Identifier
    system: Uri


class OverrideReason(Struct):
    """Why a card was overridden ("OverrideReason"): a reason from the card's list, a comment,
    both, or neither."""

    reason: Coding | None = None
    userComment: str | None = None


class AcceptedSuggestion(Struct):
    """A suggestion that was accepted: ``id`` is its ``uuid`` ("AcceptedSuggestion")."""

    id: Identifier


class Accepted(Struct, tag_field="outcome", tag="accepted"):
    """Feedback on a card of which one or more suggestions were accepted ("Suggestion accepted")."""

    card: Identifier
    acceptedSuggestions: Annotated[
        list[AcceptedSuggestion], Meta(min_length=1, max_length=MOST_SUGGESTIONS)
    ]
    outcomeTimestamp: DateTime


class Overridden(Struct, tag_field="outcome", tag="overridden"):
    """Feedback on a card that was dismissed, with or without a reason ("Overridden guidance")."""

    card: Identifier
    outcomeTimestamp: DateTime
    overrideReason: OverrideReason | None = None


class FeedbackRequest(Struct):
    """The body: an object containing an array."""

    feedback: Annotated[list[Accepted | Overridden], Meta(max_length=MOST_ITEMS)]


_decode = msgspec.json.Decoder(FeedbackRequest).decode


def read_feedback(body: bytes, service_id: str, client: str) -> list[Feedback]:
    """The interactions that a body reports. Raises :class:`BadRequest`, naming the element."""
    return [
        _interaction(item, index, service_id, client)
        for index, item in enumerate(decoded(_decode, body).feedback)
    ]


def _interaction(item: Accepted | Overridden, index: int, service_id: str, client: str) -> Feedback:
    moment = _moment(item.outcomeTimestamp, f"feedback[{index}].outcomeTimestamp")
    if isinstance(item, Accepted):
        accepted = tuple(suggestion.id for suggestion in item.acceptedSuggestions)
        return Feedback(item.card, client, service_id, "accepted", moment, accepted)
    given = item.overrideReason or OverrideReason()
    reason = (given.reason.system, given.reason.code) if given.reason else ("", "")
    return Feedback(
        item.card,
        client,
        service_id,
        "overridden",
        moment,
        (),
        *reason,
        commented=bool(given.userComment),
    )


def _moment(text: str, element: str) -> datetime:
    if not _DATE_TIME.fullmatch(text):
        raise BadRequest(
            "Not a date and time as RFC 3339, section 5.6, has it: 1985-04-12T23:20:50.52Z.",
            element,
            code="value",
        )
    try:
        # A leap second counts as the second before it.
        return datetime.fromisoformat(text.upper().replace(":60", ":59")).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadRequest("There is no such date and time.", element, code="value") from None
