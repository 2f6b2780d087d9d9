"""The last calls of clients, for someone who connects a client: a few calls, kept in memory, in
development only (``CDS_WORKBENCH``).

Each call is shown with findings in plain words. Together, the calls tick a checklist of the steps
that a client has to take before it goes live.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from ..engine import Engine
from ..facts.queries import QUERIES, query_of
from ..fhir.reading import Bundle, Unread, read_value
from ..rules.hook_table import HOOKS
from ..sandbox.demo import parts_of

MOST_CALLS = 30
MOST_BYTES = 200_000
_OVERRIDDEN = "overridden"


class ClientCall(NamedTuple):
    """A call and its answer. Bodies longer than :data:`MOST_BYTES` are left out. ``has_token``:
    whether its token was verified."""

    at: datetime
    method: str
    path: str
    status: int
    milliseconds: float
    has_token: bool
    request: bytes
    response: bytes


class Step(NamedTuple):
    """A step that a client has to take, and whether the service has seen it."""

    words: str
    done: bool


class ClientCalls:
    """The last calls, newest first, and the steps seen since the service started."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: deque[ClientCall] = deque(maxlen=MOST_CALLS)
        self._done: set[str] = set()

    def note(self, call: ClientCall, engine: Engine) -> None:
        """Keep a call. ``engine``: the one that answered it."""
        kept = call._replace(
            path=call.path[:200],
            request=call.request if len(call.request) <= MOST_BYTES else b"",
            response=call.response if len(call.response) <= MOST_BYTES else b"",
        )
        with self._lock:
            self._calls.appendleft(kept)
            self._done |= set(_done_by(kept, engine))

    def last(self) -> list[ClientCall]:
        """The last calls, newest first."""
        with self._lock:
            return list(self._calls)

    def steps(self) -> list[Step]:
        """The checklist of a client's steps."""
        with self._lock:
            return [Step(words, name in self._done) for name, words in _STEPS.items()]


_STEPS = {
    "discovery": "Discovery was read (GET /cds-services).",
    "prefetch": "A hook came with every prefetch key of its service.",
    "r4": "Drafted orders were FHIR R4.",
    "card": "A card was shown.",
    "order-sign": "order-sign was fired, not only order-select.",
    "accepted": "Feedback said that a suggestion was accepted.",
    "overridden": "Feedback said why a card was overridden, by a code with its system.",
    "token": "A token was verified (only where CDS_CLIENTS is set).",
}


def findings(call: ClientCall, engine: Engine) -> list[str]:
    """Remarks on a call in plain words: why it was refused, which data it lacked, which of its data
    the service does not read."""
    found = [f"Refused with {call.status}: {_refusal(call.response)}"] if call.status >= 400 else []
    body = _json(call.request)
    if call.path.endswith("/feedback"):
        found += _of_feedback(body)
    elif call.method == "POST" and body:
        found += _of_request(body, engine)
    if call.request == b"" and call.method == "POST":
        found.append("The body was empty, or too long to be kept here.")
    return found


def _of_request(body: Mapping[str, Any], engine: Engine) -> Iterator[str]:
    hook, prefetch = body.get("hook"), body.get("prefetch")
    if hook not in HOOKS:
        yield "There is no service for this hook."
        return
    keys = prefetch if isinstance(prefetch, dict) else {}
    wanted = _wanted(hook, engine)
    lacking = sorted(wanted - keys.keys())
    if lacking and not body.get("fhirServer"):
        many = (
            "Nothing was prefetched"
            if lacking == sorted(wanted)
            else f"Not received: {', '.join(lacking)}"
        )
        yield f"{many}, and there is no fhirServer to read from: facts that need it are unknown."
    yield from (
        f"The service has no prefetch key {key!r}: it was not read."
        for key in sorted(keys)
        if query_of(key) is None
    )
    for key in sorted(wanted & keys.keys()):
        yield from _of_value(key, keys[key], body)
    context = body.get("context")
    if isinstance(context, dict):
        yield from _of_context(hook, context)


def _wanted(hook: str, engine: Engine) -> set[str]:
    return {part.key for part in parts_of(engine, hook)}


def _of_value(key: str, value: Any, body: Mapping[str, Any]) -> Iterator[str]:
    read = read_value(orjson.dumps(value))
    if isinstance(read, Unread):
        yield f"prefetch.{key} is not a Bundle or resource that the service reads."
    patient = (
        body.get("context", {}).get("patientId") if isinstance(body.get("context"), dict) else None
    )
    if key == "patient" and isinstance(value, dict) and value.get("id") != patient:
        yield (
            "prefetch.patient has a different id from context.patientId, which must be the id of "
            "the FHIR resource, not a record number."
        )
    if isinstance(read, Bundle) and (read.has_next or read.lacks_entries or read.is_untold):
        yield f"prefetch.{key} is not the whole list: its next link or total says so."
    kind = QUERIES[query_of(key) or key].resource_type
    if isinstance(read, Bundle) and (
        others := {e.resource.kind for e in read.entry if e.resource}
        - {kind, "Medication", "OperationOutcome"}
    ):
        yield f"prefetch.{key} has {', '.join(sorted(others))}, although {kind} was requested."


def _of_context(hook: str, context: Mapping[str, Any]) -> Iterator[str]:
    user, drafts = context.get("userId"), context.get("draftOrders")
    if isinstance(user, str) and "/" not in user:
        yield (
            "context.userId has no resource type: write Practitioner/id, PractitionerRole/id, "
            "Patient/id or RelatedPerson/id."
        )
    if not HOOKS[hook].has_drafts:
        return
    entries = drafts.get("entry") if isinstance(drafts, dict) else None
    resources = [entry.get("resource") for entry in entries or () if isinstance(entry, dict)]
    kinds = {
        str(resource.get("resourceType")) for resource in resources if isinstance(resource, dict)
    }
    if old := kinds & {
        "MedicationOrder",
        "MedicationPrescription",
        "DiagnosticOrder",
        "ProcedureRequest",
    }:
        yield (
            f"The drafts are of FHIR DSTU2 or STU3 ({', '.join(sorted(old))}): this service reads "
            "R4."
        )
    if not kinds:
        yield "There are no draft orders: nothing was ordered yet, or the client leaves them out."
    if HOOKS[hook].has_selections and not context.get("selections"):
        yield "There are no selections: every draft counts as just chosen."


def _of_feedback(body: Mapping[str, Any]) -> Iterator[str]:
    items = body.get("feedback")
    for item in items if isinstance(items, list) else ():
        reason = item.get("overrideReason", {}) if isinstance(item, dict) else {}
        coding = reason.get("reason", {}) if isinstance(reason, dict) else {}
        if (
            isinstance(item, dict)
            and item.get("outcome") == _OVERRIDDEN
            and not (isinstance(coding, dict) and coding.get("system"))
        ):
            yield (
                "A card was overridden without a reason, or with one that has no system: reports "
                "cannot distinguish it from others."
            )


def _done_by(call: ClientCall, engine: Engine) -> Iterator[str]:
    if call.status >= 400:
        return
    if call.has_token:
        yield "token"
    if call.method == "GET" and call.path == "/cds-services":
        yield "discovery"
    body = _json(call.request)
    if call.path.endswith("/feedback"):
        yield from _feedback_done(body)
    elif body:
        if body.get("hook") == "order-sign":
            yield "order-sign"
        if _json(call.response).get("cards"):
            yield "card"
        yield from _prefetch_done(body, engine)


def _prefetch_done(body: Mapping[str, Any], engine: Engine) -> Iterator[str]:
    keys, context = body.get("prefetch"), body.get("context")
    if (
        isinstance(keys, dict)
        and body.get("hook") in HOOKS
        and keys.keys() >= _wanted(body["hook"], engine)
    ):
        yield "prefetch"
    if (
        isinstance(context, dict)
        and isinstance(context.get("draftOrders"), dict)
        and context["draftOrders"].get("entry")
    ):
        yield "r4"  # orders of other FHIR versions are refused


def _feedback_done(body: Mapping[str, Any]) -> Iterator[str]:
    items = body.get("feedback")
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict) and item.get("outcome") == "accepted":
            yield "accepted"
        if (
            isinstance(item, dict)
            and item.get("outcome") == _OVERRIDDEN
            and not list(_of_feedback({"feedback": [item]}))
        ):
            yield _OVERRIDDEN


def _refusal(response: bytes) -> str:
    issues: Sequence[Any] = _json(response).get("issue") or ()
    texts = [
        issue.get("details", {}).get("text", "") + " " + issue.get("diagnostics", "")
        for issue in issues
        if isinstance(issue, dict)
    ]
    return " ".join(texts).strip() or "the answer gives no reason."


def _json(body: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
