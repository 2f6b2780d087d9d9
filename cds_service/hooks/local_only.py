"""Protecting a service that anyone on this machine may call from web pages in its browser that have
pointed a host name of their own to this address.

The browser takes such a page and the service for one origin (DNS rebinding), so that neither CORS
nor a preflight protects the service.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Flask, request

from ..urls import is_loopback
from .admission import ADMITTED
from .errors import BadRequest


def own_names(base_url: str) -> Callable[[str], bool]:
    """A function that says whether a host, with or without a port, is a name of this machine or the
    host of ``base_url``."""
    public = urlsplit(base_url).hostname

    def is_own(host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:  # brackets without an address in them
            name = ""
        return is_loopback(name) or name == public

    return is_own


def refuse_other_hosts(app: Flask, is_own: Callable[[str], bool]) -> None:
    """Refuse every call to ``app`` that is for a host other than the service's own."""

    @app.before_request
    def refuse() -> None:
        if ADMITTED not in request.environ and not is_own(request.host):
            raise BadRequest(
                "The service answers as localhost alone; CDS_BASE_URL gives it another name.",
                code="security",
                status=421,
            )
