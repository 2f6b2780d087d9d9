"""The CDS Hooks request: its envelope and context are checked, and its prefetch stays undecoded
until a fact needs it.

CDS Hooks 3.0.0, "Calling a CDS Service"; the context of each hook is in ``contexts``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from ..engine import Call
from ..fhir.reading import Bundle, Value, read_value
from ..fhir.retrieval import Fetched, fetch_nothing
from ..fhir_server.authorization import FhirAuthorization
from ..fhir_server.client import FhirClient
from ..rules.hook_table import HOOKS
from .contexts import CONTEXTS, HookContext, Text
from .errors import BadRequest

Url = Annotated[str, Meta(pattern=r"\A[Hh][Tt][Tt][Pp][Ss]?://[!-~]+\Z", max_length=2048)]


Body = TypeVar("Body")
Context = TypeVar("Context", bound=HookContext)


class HookRequest(Struct, Generic[Context]):
    """The request body. Elements that the service does not use, ``extension`` included, are
    accepted and ignored.

    The resource type of ``context.userId`` (Practitioner, PractitionerRole, Patient, RelatedPerson)
    decides nothing. A suggested order of the intent ``order`` names a Practitioner or
    PractitionerRole as its requester.
    """

    hook: Text
    hookInstance: Text
    context: Context
    fhirServer: Url | None = None
    fhirAuthorization: FhirAuthorization | None = None
    prefetch: dict[str, Raw] | None = None


REQUESTS: dict[str, Any] = {hook: HookRequest[CONTEXTS[hook]] for hook in HOOKS}  # type: ignore[valid-type]
_DECODERS: dict[str, Callable[[bytes], HookRequest[Any]]] = {
    hook: msgspec.json.Decoder(model).decode for hook, model in REQUESTS.items()
}


class _Hook(Struct):
    hook: Text


_decode_hook = msgspec.json.Decoder(_Hook).decode


class MustWait(Exception):
    """A call needs something for which it has to wait, and may not wait."""


def read_call(
    body: bytes, hooks: Sequence[str], fhir: FhirClient | None = None, *, may_wait: bool = True
) -> Call:
    """The call that a request body makes for the service of one of ``hooks``. Raises
    :class:`BadRequest`, naming the element.

    ``fhir``: reads the client's FHIR server, if the request allows that; without it, only the
    prefetch is read. Unless it ``may_wait``, the functions of the call raise :class:`MustWait` as
    soon as that server has to be read.
    """
    hook, request, authorization = _request(body, hooks)
    context = request.context
    prefetch = request.prefetch or {}
    server = request.fhirServer or ""
    open_values, fetch, ehr = opened, fetch_nothing, None
    if fhir and server:
        ehr = fhir.profile_of(server, authorization)
        if may_wait:
            fetch = fhir.reading(server, authorization, context.patientId)
        else:
            open_values, fetch = _opened_if_whole, _wait
    return Call(
        hook,
        context.patientId,
        context.encounterId,
        _draft_orders(hook, context),
        context.selections if HOOKS[hook].has_selections else None,
        partial(open_values, prefetch),
        fetch,
        server,
        context.userId,
        ehr,
    )


def _request(body: bytes, hooks: Sequence[str]) -> tuple[str, Any, FhirAuthorization | None]:
    """The hook and the decoded request of a body, and the authorization for the client's FHIR
    server, if any."""
    # If one id serves several hooks, the body names the hook, which decides how its context is
    # decoded.
    hook = hooks[0] if len(hooks) == 1 else decoded(_decode_hook, body).hook
    request = decoded(_DECODERS[hook], body) if hook in hooks else None
    if request is None or request.hook != hook:
        raise BadRequest(
            (
                f"This service answers the hook {' or '.join(map(repr, hooks))}; the request is "
                "for another."
            ),
            "hook",
        )
    authorization = (
        request.fhirAuthorization
        if request.fhirAuthorization and request.fhirAuthorization.access_token
        else None
    )
    if authorization and not request.fhirServer:
        raise BadRequest(
            "With fhirAuthorization, fhirServer is required.", "fhirServer", code="required"
        )
    return hook, request, authorization


def _wait(_: Mapping[str, str]) -> Mapping[str, Fetched]:
    raise MustWait


def _opened_if_whole(prefetch: Mapping[str, Raw], keys: tuple[str, ...]) -> dict[str, Value]:
    """The prefetched values. Raises :class:`MustWait` if one of ``keys`` has to be fetched, before
    any value is decoded."""
    if not all(key in prefetch for key in keys):
        raise MustWait
    return opened(prefetch, keys)


def decoded(decode: Callable[[bytes], Body], body: bytes) -> Body:
    """Decode a body with a msgspec decoder. Raises :class:`BadRequest`, naming the element."""
    try:
        return decode(body)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from None
    except msgspec.DecodeError as error:
        raise BadRequest(f"The body is not JSON: {error}", code="structure") from None
    except UnicodeDecodeError:
        raise BadRequest("The body is not UTF-8.", code="structure") from None
    except RecursionError:
        raise BadRequest("The body is nested too deeply.", code="structure") from None


def opened(prefetch: Mapping[str, Raw], keys: tuple[str, ...]) -> dict[str, Value]:
    """The prefetched values under ``keys``. Other values are never decoded. ``null`` is kept as
    ``None``."""
    return {key: _read(prefetch[key], "prefetch", key) for key in keys if key in prefetch}


def _read(text: Raw, *path: str) -> Value:
    try:
        return read_value(memoryview(text))
    except UnicodeDecodeError:
        raise BadRequest("The value is not UTF-8.", ".".join(path), code="structure") from None


def _draft_orders(hook: str, context: Any) -> Value:
    """The draft orders of a hook that has them. Raises :class:`BadRequest` if they are not a
    Bundle, or missing. Only ``order-select`` may lack them: a known client omits them while its
    form opens."""
    if not HOOKS[hook].has_drafts:
        return None
    value = (
        _read(context.draftOrders, "context", "draftOrders")
        if memoryview(context.draftOrders).nbytes
        else None
    )
    if value is None and not HOOKS[hook].has_selections:
        raise BadRequest("draftOrders is required.", "context.draftOrders", code="required")
    if value is not None and not isinstance(value, Bundle):
        raise BadRequest(
            "draftOrders is a Bundle of resources.", "context.draftOrders", code="structure"
        )
    return value


# Messages of the decoder that repeat what was sent, which may be patient data, or that show a
# pattern, which tells a reader little.
_ECHOES = ("Invalid ", "Expected `str` matching regex ")


def _invalid(message: str) -> BadRequest:
    """A validation message of the decoder with its path as a FHIR expression: ``$.context``
    becomes ``context``."""
    what, _, path = message.partition(" - at `$")
    if what.startswith(_ECHOES):
        what = "Not a value of the expected form"
    element = path.rstrip("`").lstrip(".")
    for phrase in ("missing required field `", "contains unknown field `"):
        if phrase in what:
            name = what.split(phrase)[1].split("`")[0]
            element = f"{element}.{name}" if element else name
    return BadRequest(
        what + ".", element, code="required" if "missing required" in what else "structure"
    )
