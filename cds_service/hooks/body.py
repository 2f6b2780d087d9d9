"""The body of a request, before anything of it is read."""

from __future__ import annotations

from flask import g, request

from .errors import BadRequest


def check_json() -> None:
    """That the current request's head says that its body is JSON, as it is. Raises
    :class:`BadRequest` with 415."""
    if not request.is_json:
        raise BadRequest(
            "The body must be JSON: send Content-Type: application/json.",
            status=415,
            code="not-supported",
        )
    # What is not unpacked is no decompression bomb; a body is at most a few hundred
    # kilobytes as it is.
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise BadRequest(
            "A compressed body is not read: send it without Content-Encoding.",
            status=415,
            code="not-supported",
        )


def json_body() -> bytes:
    """The bytes of the current request's body. Raises what :func:`check_json` raises."""
    check_json()
    # Where the workbench shows what clients sent, it finds it here; it is gone with the call.
    g.body = request.get_data(cache=False)
    body: bytes = g.body
    return body
