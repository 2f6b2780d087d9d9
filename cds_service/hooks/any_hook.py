"""Reading a hook call when only its body names the hook, for tools that examine one request."""

from __future__ import annotations

import msgspec

from ..authored_yaml.reader import meant
from ..engine import Call, Engine
from ..fhir_server.client import FhirClient
from ..rules.hook_table import HOOKS
from .errors import BadRequest
from .request import read_call


class _Hook(msgspec.Struct):
    hook: str = ""


def read_request(
    engine: Engine, body: bytes, only: str | None = None, fhir: FhirClient | None = None
) -> Call:
    """The hook call of a request body, whatever its hook. ``fhir``: reads the FHIR server that the
    body names.

    Raises :class:`BadRequest`, and ``ValueError`` if the card ``only`` is not one of that hook.
    """
    try:
        hook = msgspec.json.decode(body, type=_Hook).hook
    except msgspec.MsgspecError as error:
        raise BadRequest(f"The body is not a CDS Hooks request: {error}") from None
    if hook not in HOOKS:
        raise BadRequest(f"There is no service for this hook. {meant(hook, HOOKS)}", "hook")
    if only is not None and only not in engine.cards_by_hook[hook]:
        other = engine.cards.get(only)
        mend = (
            f"It speaks on {', '.join(other.hooks)}."
            if other
            else meant(only, engine.cards_by_hook[hook])
        )
        raise ValueError(f"No card {only!r} speaks on {hook}. {mend}".rstrip())
    return read_call(body, (hook,), fhir)
