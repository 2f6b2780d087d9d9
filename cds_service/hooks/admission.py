"""What is decided on the head of a call, before any of its body is read: its path, method, host and
token, the calls that its party has left, and how large its body may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from flask import Blueprint, Flask, g, request

from .caller import calling_party
from .feedback_body import MOST_BYTES as MOST_FEEDBACK
from .fhir_search import MOST_BYTES as MOST_SEARCH

ADMITTED = "cds_service.admitted"
"""The key of the WSGI environment for the caller of a call that was admitted. No header can set
it."""
Answer = tuple[int, list[tuple[str, str]], bytes]
# Endpoints with a lower limit for their bodies.
_MOST = {"feedback.receive": MOST_FEEDBACK, "fhir.search_by_post": MOST_SEARCH}


_HEAD_CHECKS = "cds_service.head_checks"


def check_head(blueprint: Blueprint, endpoint: str, check: Callable[..., None]) -> None:
    """Let ``check`` refuse calls to an endpoint before their body is read. It takes the arguments
    of the endpoint's view."""
    blueprint.record(
        lambda state: state.app.extensions.setdefault(_HEAD_CHECKS, {}).update(
            {f"{blueprint.name}.{endpoint}": check}
        )
    )


class Admitted(NamedTuple):
    """A call that may go on: its party, and how many bytes of its body may be read."""

    party: str
    most_bytes: int


class Admission:
    """Admits or refuses calls to ``app``, by the checks that it makes before it reads a body."""

    def __init__(self, app: Flask):
        self._app = app

    def admit(self, environ: dict[str, Any]) -> Admitted | Answer:
        """Admit the call with this WSGI environment, whose body has not arrived yet, or answer it.

        The admission is noted in ``environ``, because a second check would find the token used.
        """
        app = self._app
        with app.request_context(environ):
            try:
                if request.routing_exception:
                    raise request.routing_exception
                for check in app.before_request_funcs.get(None, ()):
                    check()
                if more := app.extensions.get(_HEAD_CHECKS, {}).get(request.endpoint):
                    more(**(request.view_args or {}))
                environ[ADMITTED] = g.get("caller")
                most = min(
                    _MOST.get(request.endpoint or "", app.config["MAX_CONTENT_LENGTH"]),
                    app.config["MAX_CONTENT_LENGTH"],
                )
                return Admitted(calling_party(), most)
            except Exception as error:
                return self._answer_to(error)

    def refuse(self, environ: dict[str, Any], error: Exception) -> Answer:
        """The answer to the call with this WSGI environment, for which ``error`` was raised."""
        with self._app.request_context(environ):
            return self._answer_to(error)

    def _answer_to(self, error: Exception) -> Answer:
        response = self._app.finalize_request(
            self._app.handle_user_exception(error), from_error_handler=True
        )
        return response.status_code, [*response.headers.items()], response.get_data()
