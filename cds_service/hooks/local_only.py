"""Where anyone on this machine may call: what a page in its browser may not, which has led a name of its own to this address.

A browser takes such a page and the service for one origin (DNS rebinding), so that neither CORS nor a preflight stands between.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, request

from ..urls import is_loopback
from .admission import ADMITTED
from .errors import BadRequest


def refuse_other_hosts(app: Flask, base_url: str) -> None:
    """Refuse every call to ``app`` that is for another host than this machine, as it calls itself, or that of ``base_url``."""
    public = urlsplit(base_url).hostname

    @app.before_request
    def refuse() -> None:
        if ADMITTED in request.environ:
            return
        try:
            host = urlsplit(f"//{request.host}").hostname or ""
        except ValueError:  # brackets around what is no address
            host = ""
        if not is_loopback(host) and host != public:
            raise BadRequest("The service answers as localhost alone; CDS_BASE_URL gives it another name.", code="security", status=421)
