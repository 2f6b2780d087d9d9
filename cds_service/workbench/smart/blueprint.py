"""The routes of the SMART app: the launch by an EHR, and the callback, which answers with the
patient's picture."""

from __future__ import annotations

import hmac
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import urlsplit

import orjson
from authlib.common.security import generate_token
from flask import Blueprint, Response, request
from markupsafe import Markup

from ...facts.queries import QUERIES
from ...fhir_server.named_servers import NamedServers
from ...hooks.caller import calling_party
from ...hooks.refusals import REQUEST_ID, note_refusal, request_id
from ...store.occasions import run_key
from ...trust.replay import StoreFailure, open_store, token_digest
from ...urls import url_mistake
from ..evaluation import Refused, answer
from ..made_request import request_of_server
from ..page import add_static, page
from ..parts import Parts
from ..picture import NARROW, PatientPicture, patient_picture, svg_of, table_of
from .authorization import Access, App, access, authorization_url, configuration
from .refusal import (
    LaunchRefused,
    busy,
    not_granted,
    not_launched,
    other_browser,
    unknown_ehr,
    unread,
    untrusted,
    used_before,
)
from .sealed import LAUNCH_SECONDS, Launch, Seal, cookie_name

_HOOK = "patient-view"
EXCHANGE_SECONDS = 10.0  # for all requests to an EHR's authorization server during one request
MOST_LAUNCHES = 12  # requests of a worker that wait for EHRs; leaves threads for others
_LONGEST_ISS = 1024  # it goes into the cookie
_LONGEST = 16_384


def smart_blueprint(parts: Parts) -> Blueprint:
    """Create the blueprint of the SMART app."""
    pages = _Pages(parts)
    blueprint = Blueprint("smart", __name__, url_prefix="/smart")
    blueprint.add_url_rule("/launch", view_func=pages.launch)
    blueprint.add_url_rule("/callback", view_func=pages.callback)
    blueprint.register_error_handler(LaunchRefused, pages.refused)
    add_static(blueprint, "/static")
    return blueprint


def scope() -> str:
    """The scopes that the app requests: the launch, the identity of the user, and reading and
    searching the patient's resources of the types that facts use."""
    types = dict.fromkeys([*(query.resource_type for query in QUERIES.values()), "Medication"])
    return " ".join(["launch", "openid", "fhirUser", *(f"patient/{kind}.rs" for kind in types)])


class _Pages:
    """The views. Between them, only the cookie keeps the state of a launch."""

    def __init__(self, parts: Parts):
        self._parts = parts
        self._path = f"{urlsplit(parts.settings.base_url).path}/smart"
        secret = parts.settings.smart_client_secret.get_secret_value()
        self._app = App(
            parts.settings.smart_client_id,
            secret,
            f"{parts.settings.base_url}/smart/callback",
            scope(),
        )
        self._seal = Seal(run_key())
        self._used = open_store(parts.settings.replay_store)
        self._places = BoundedSemaphore(MOST_LAUNCHES)

    def launch(self) -> Response:
        """Begin the launch by an EHR: redirect the browser to the EHR's authorization."""
        iss, launch = _given("iss"), _given("launch")
        if not iss or not launch:
            raise not_launched()
        with self._servers(iss) as servers:
            found = configuration(servers, iss)
            begun = Launch(generate_token(43), generate_token(43), generate_token(64), iss)
            response = _moved(authorization_url(self._app, servers, found, begun, launch))
        sealed = self._seal.close(begun, time.time())
        response.set_cookie(
            cookie_name(begun.state), sealed, max_age=LAUNCH_SECONDS, **self._cookie()
        )
        return response

    def callback(self) -> Response:
        """Finish the launch: answer the EHR's redirect with the patient's picture."""
        begun = self._begun(_given("state"))
        try:
            response = self._answered(begun)
        except LaunchRefused as refusal:
            response = self.refused(refusal)
        response.delete_cookie(cookie_name(begun.state), **self._cookie())
        return response

    def refused(self, refusal: LaunchRefused) -> Response:
        """The page that says why a launch failed and what to do."""
        identity = request_id(request.headers.get(REQUEST_ID))
        note_refusal(refusal.status, request.endpoint, refusal.why, refusal.detail, identity)
        response = self._page("smart_refused", refusal.status, refusal=refusal, identity=identity)
        response.headers[REQUEST_ID] = identity
        return response

    def _begun(self, state: str) -> Launch:
        """The launch that this browser began with ``state``. Each can be used once. Raises
        :class:`LaunchRefused`."""
        sealed = request.cookies.get(cookie_name(state), "") if state else ""
        begun = self._seal.open(sealed, time.time()) if sealed else None
        if begun is None or not hmac.compare_digest(
            begun.state.encode(), state.encode("utf-8", "surrogatepass")
        ):
            raise other_browser(
                "the launch has no cookie" if not sealed else "the cookie is foreign or too old"
            )
        try:
            if not self._used.first_use(
                token_digest("SMART launch", state), time.time() + LAUNCH_SECONDS
            ):
                raise used_before()
        except StoreFailure as failure:
            raise busy(f"used sign-ins cannot be recorded: {failure}") from None
        return begun

    def _answered(self, begun: Launch) -> Response:
        code = _given("code")
        if not code:
            raise not_granted("the callback has no code")
        with self._servers(begun.iss) as servers:
            found = configuration(servers, begun.iss)
            if _given("iss") not in ("", found.issuer):
                raise untrusted("the callback names another issuer")
            granted = access(self._app, servers, found, begun, code, time.time())
            picture = self._picture(begun.iss, granted)
        wide, narrow = Markup(svg_of(picture)), Markup(svg_of(picture, width=NARROW))
        return self._page(
            "smart_picture",
            patient=granted.patient,
            wide=wide,
            narrow=narrow,
            numbers=table_of(picture),
        )

    def _picture(self, iss: str, granted: Access) -> PatientPicture:
        """The picture of the launch's patient, read with the granted token. Raises
        :class:`LaunchRefused`."""
        made = request_of_server(_HOOK, iss, granted.access_token, granted.patient)
        allowed = {
            "token_type": granted.token_type,
            "scope": granted.scope,
            "expires_in": granted.expires_in,
        }
        made["fhirAuthorization"] |= allowed
        try:
            with self._parts.turn.of(calling_party(), 0):
                return patient_picture(
                    answer(
                        self._parts.serving.current.engine,
                        orjson.dumps(made),
                        self._parts.clock(),
                        {},
                        self._parts.fhir,
                    ).facts
                )
        except Refused as refused:
            raise unread(
                f"a hook call would be refused with {refused.status}: {refused.element}"
            ) from None

    @contextmanager
    def _servers(self, iss: str) -> Iterator[NamedServers]:
        """The servers that the listed FHIR server at ``iss`` names. Holds one of the
        ``MOST_LAUNCHES`` places meanwhile. Raises :class:`LaunchRefused`."""
        servers = (
            None
            if len(iss) > _LONGEST_ISS or url_mistake(iss)
            else self._parts.fhir.named_by(iss, EXCHANGE_SECONDS)
        )
        if servers is None:
            raise unknown_ehr()
        if not self._places.acquire(blocking=False):
            raise busy("too many launches wait for EHRs")
        try:
            yield servers
        finally:
            self._places.release()

    def _page(self, template: str, status: int = 200, **content: Any) -> Response:
        return page(
            template, status, self._parts.settings.smart_frames, f"{self._path}/static", **content
        )

    def _cookie(self) -> dict[str, Any]:
        """The attributes of the cookie. In a frame of another site, browsers accept only a cookie
        that is kept separately for that site (``Partitioned``)."""
        framed = bool(self._parts.settings.smart_frames)
        secure = framed or self._parts.settings.base_url.startswith("https:")
        return {
            "path": self._path,
            "httponly": True,
            "secure": secure,
            "samesite": "None" if framed else "Lax",
            "partitioned": framed,
        }


def _given(name: str) -> str:
    """The value of a query parameter; ``""`` if it is missing, repeated or longer than
    ``_LONGEST``."""
    values = request.args.getlist(name)
    return values[0] if len(values) == 1 and len(values[0]) <= _LONGEST else ""


def _moved(url: str) -> Response:
    """A redirect that sends no referrer and is not cached."""
    response = Response(status=302, headers={"Location": url})
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
