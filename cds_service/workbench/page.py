"""Makes every page of the workbench from a template, with security headers.

Pages load nothing from other sites and contain no inline script or style but the picture's. Other
sites' pages may not frame them or submit forms to them (Content Security Policy Level 3; Fetch
Metadata Request Headers).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, partial
from hashlib import sha256
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, request
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from werkzeug.exceptions import NotFound

from ..authoring.drawing.html import STYLE_FILE
from ..hooks.errors import BadRequest
from .card_html import markdown_html
from .picture import STYLE_SOURCE

STATIC = "/workbench/static"
# The picture contains its style, so that it also works as a file; the policy allows it by its hash.
_POLICY = (
    f"default-src 'none'; script-src 'self'; style-src 'self' {STYLE_SOURCE}; img-src 'self' "
    "data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors "
)
POLICY = f"{_POLICY}'none'"
_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_YEAR = 31_536_000


def page(
    template: str,
    status: int = 200,
    frames: Iterable[str] = (),
    static: str = STATIC,
    **content: Any,
) -> Response:
    """Render the ``template`` of that name with ``content``. Browsers and proxies may not store the
    page, because it may show a patient's record.

    ``frames``: origins whose pages may frame it. ``static``: the path of its assets.
    """
    watches_clients = "workbench.calls" in current_app.view_functions
    asset = partial(asset_url, static=static)
    text = (
        _templates()
        .get_template(f"{template}.html")
        .render(here=request.path, asset=asset, watches_clients=watches_clients, **content)
    )
    response = Response(text, status, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = _POLICY + (" ".join(sorted(frames)) or "'none'")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def template(name: str) -> Template:
    """The template of that name, for a page that is not an HTTP response."""
    return _templates().get_template(f"{name}.html")


def refuse_other_pages() -> None:
    """Refuse a form that another site's page submits (CSRF): it could make this service read a FHIR
    server for that page.

    Browsers report the origin of a form in ``Sec-Fetch-Site``; older ones only in ``Origin``.
    Raises :class:`BadRequest`.
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    own = (
        site in ("same-origin", "none")
        if site
        else not origin or urlsplit(origin).netloc == request.host
    )
    if not own:
        raise BadRequest("A form of another site is refused.", code="security", status=403)


@cache
def asset(name: str) -> tuple[bytes, str] | None:
    """The style sheet, script or icon of that name with its media type, or ``None``."""
    kind = _TYPES.get(name.rpartition(".")[2])
    own = files(__package__).joinpath("static", name)
    file = STYLE_FILE if name == STYLE_FILE.name else own
    return (file.read_bytes(), kind) if kind and "/" not in name and file.is_file() else None


def asset_url(name: str, static: str = STATIC) -> str:
    """The URL of an asset. It changes with the content, so that browsers may cache it for good."""
    found = asset(name)
    assert found is not None, name
    return f"{static}/{name}?v={sha256(found[0]).hexdigest()[:12]}"


def add_static(blueprint: Blueprint, rule: str) -> None:
    """Serve the assets under ``rule``."""
    blueprint.add_url_rule(f"{rule}/<name>", "static_file", _static_file)


def _static_file(name: str) -> Response:
    found = asset(name)
    if found is None:
        raise NotFound
    response = Response(found[0], content_type=found[1])
    response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    environment.filters["markdown"] = markdown_html
    return environment
