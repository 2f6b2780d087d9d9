"""Who may call which endpoint (CDS Hooks 3.0.0, "Trusting CDS Clients"): one check before every
request.

An endpoint needs a token unless it is listed here, so that a new one is never open by oversight.
The tokens of hook calls that bypass Flask (``hooks/hot``) are checked by the same
:class:`Authentication`.
"""

from __future__ import annotations

import logging

from flask import Flask, Response, g, request
from werkzeug.datastructures import WWWAuthenticate

from ..config import Settings
from ..trust.replay import StoreFailure
from ..trust.verifier import Caller, TokenVerifier, Untrusted
from .admission import ADMITTED
from .caller import calling_party, party
from .errors import operation_outcome, respond
from .health import PROBES
from .limits import OPEN_CALLS_PER_SECOND, CallLimit

log = logging.getLogger(__name__)

# Endpoints that describe the service and its cards, without patient data.
_DESCRIBING = frozenset(
    {
        "hooks.discover",
        "hooks.describe",
        "fhir.metadata",
        "fhir.search",
        "fhir.search_by_post",
        "fhir.read",
    }
)

# Endpoints of the SMART app, which a browser opens. The EHR identifies the user and the patient
# (SMART App Launch 2.2.0).
_LAUNCHING = frozenset({"smart.launch", "smart.callback", "smart.static_file"})


def open_endpoints(settings: Settings) -> frozenset[str]:
    """The endpoints that anyone may call."""
    describing = _DESCRIBING if settings.discovery == "public" else frozenset()
    return describing | (_LAUNCHING if settings.smart_client_id else frozenset())


class Authentication:
    """Identifies the caller by the token of the call, and counts the calls of each party."""

    def __init__(self, verifier: TokenVerifier, settings: Settings):
        self._verifier = verifier
        self._base_url = settings.base_url
        self._of_clients = CallLimit(settings.calls_per_second)
        self._of_others = CallLimit(min(settings.calls_per_second, OPEN_CALLS_PER_SECOND))

    def caller(self, authorization: str, path: str, address: str) -> Caller:
        """The caller with this ``Authorization`` header, who calls ``path`` from ``address``. May
        wait for keys and for the store of used tokens.

        Raises what the verifier raises, and TooManyRequests if the party has no calls left.
        """
        try:
            found = self._verifier.verify(authorization, self._base_url + path)
        except Untrusted:
            self.count_other(party(None, address))
            raise
        self._of_clients.spend(party(found, address))
        return found

    def count_other(self, party_without_token: str) -> None:
        """Count a call that needs no token. Raises TooManyRequests."""
        self._of_others.spend(party_without_token)


def authenticate_callers(app: Flask, authentication: Authentication, settings: Settings) -> None:
    """Refuse every call to ``app`` that does not prove its sender. The caller of any other call is
    in ``flask.g.caller``."""
    is_open = open_endpoints(settings)

    @app.before_request
    def authenticate() -> None:
        if ADMITTED in request.environ:
            g.caller = request.environ[ADMITTED]
            return
        rule = request.url_rule
        if rule is not None and rule.endpoint in PROBES:
            return
        if rule is None or rule.endpoint in is_open:
            authentication.count_other(calling_party())
            return
        if request.method == "OPTIONS" and getattr(rule, "provide_automatic_options", False):
            return  # a browser's preflight, which never carries a token; no view answers it
        g.caller = authentication.caller(
            request.headers.get("Authorization", ""), request.path, request.remote_addr or ""
        )

    app.register_error_handler(Untrusted, _unauthorized)
    app.register_error_handler(StoreFailure, _unavailable)


def _unauthorized(refusal: Untrusted) -> Response:
    response = respond(
        401, operation_outcome("login", refusal.why), refusal.iss or "an unknown client"
    )
    # RFC 6750, section 3: the error is named only if the call has a token.
    values: dict[str, str | None] = {"realm": "CDS Hooks"}
    if request.headers.get("Authorization"):
        values |= {"error": "invalid_token", "error_description": refusal.why}
    response.www_authenticate = WWWAuthenticate("bearer", values)
    return response


def _unavailable(failure: StoreFailure) -> Response:
    log.error("calls are refused, because used tokens cannot be recorded: %s", failure)
    response = respond(
        503,
        operation_outcome(
            "transient", "Whether the token is new cannot be checked at present; try again soon."
        ),
    )
    response.headers["Retry-After"] = "5"
    return response
