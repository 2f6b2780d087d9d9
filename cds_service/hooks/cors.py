"""Browser-based clients (CDS Hooks 3.0.0, "Cross-Origin Resource Sharing"): only from origins
that the site lists."""

from __future__ import annotations

import re
from collections.abc import Iterable

from flask import Flask
from flask_cors import CORS

PREFLIGHT_SECONDS = 600


def allow_origins(app: Flask, origins: Iterable[str]) -> None:
    """Let pages of ``origins`` call every endpoint of ``app``, with a token but without cookies,
    and read its errors."""
    CORS(
        app,
        # As regular expressions, because the library would take a plain origin with the brackets
        # of IPv6 for one.
        origins=[
            re.compile(re.escape(origin) + r"\Z", re.IGNORECASE) for origin in sorted(origins)
        ],
        methods=["GET", "POST"],
        allow_headers=["authorization", "content-type", "if-none-match", "prefer"],
        expose_headers=["etag", "retry-after", "www-authenticate"],
        max_age=PREFLIGHT_SECONDS,
        always_send=False,
    )
