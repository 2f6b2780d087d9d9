"""The body of a request, before it is decoded."""

from __future__ import annotations

from flask import g, request

from .errors import BadRequest


def check_json() -> None:
    """Check that the head of the current request announces JSON that is not compressed. Raises
    :class:`BadRequest` with 415."""
    if not request.is_json:
        raise BadRequest(
            "The body must be JSON: send Content-Type: application/json.",
            status=415,
            code="not-supported",
        )
    # A body that is never unpacked cannot be a decompression bomb, and bodies have a few hundred
    # kilobytes at most.
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise BadRequest(
            "A compressed body is not read: send it without Content-Encoding.",
            status=415,
            code="not-supported",
        )


def json_body() -> bytes:
    """The bytes of the current request's body. Raises what :func:`check_json` raises."""
    check_json()
    # The workbench reads it from here if it shows what clients sent. It is gone after the call.
    g.body = request.get_data(cache=False)
    body: bytes = g.body
    return body
