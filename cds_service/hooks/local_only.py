"""Where anyone on this machine may call: what a page in its browser may not, which has led a name
of its own to this address.

A browser takes such a page and the service for one origin (DNS rebinding), so that neither CORS nor
a preflight stands between.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Flask, request

from ..urls import is_loopback
from .admission import ADMITTED
from .errors import BadRequest


def own_names(base_url: str) -> Callable[[str], bool]:
    """Whether a host, with its port or without, is this machine as it calls itself, or
    that of ``base_url``."""
    public = urlsplit(base_url).hostname

    def is_own(host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:  # brackets around what is no address
            name = ""
        return is_loopback(name) or name == public

    return is_own


def refuse_other_hosts(app: Flask, is_own: Callable[[str], bool]) -> None:
    """Refuse every call to ``app`` that is for a host which is not the service's own."""

    @app.before_request
    def refuse() -> None:
        if ADMITTED not in request.environ and not is_own(request.host):
            raise BadRequest(
                "The service answers as localhost alone; CDS_BASE_URL gives it another name.",
                code="security",
                status=421,
            )
