"""CDS Hooks 3.0.0, "Cross-Origin Resource Sharing"; the fetch standard says which headers a browser looks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import ValidationError
from werkzeug.test import TestResponse

from cds_service.app import create_app
from cds_service.config import Settings
from tests.support.ehr import bearer, service, token
from tests.support.fhir_builders import NOW, hook_request, prefetch

SANDBOX = "https://sandbox.cds-hooks.org"
ORIGINS = f"{SANDBOX}, http://localhost:8000, http://[::1]:8000"
HOOK = "/cds-services/b12-folate-patient-view"
OTHER_ORIGINS = [
    "https://evil.example", "http://sandbox.cds-hooks.org", "https://sandbox.cds-hooks.org.evil.example", "https://sandboxXcds-hooks.org",
    "https://sandbox.cds-hooks.org:8443", "https://evil.example/https://sandbox.cds-hooks.org", "null", "*", "http://::1:8000", "http://:",
]  # fmt: skip


@pytest.fixture(scope="module")
def browsers() -> FlaskClient:
    """The service for pages of three origins."""
    return create_app(Settings(cors_origins=ORIGINS), clock=lambda: NOW).test_client()


def _preflight(
    client: FlaskClient,
    path: str,
    method: str,
    origin: str,
    headers: str = "authorization,content-type",
) -> TestResponse:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }
    return client.options(path, headers=asked)


def _names(response: TestResponse, header: str) -> set[str]:
    return {name.strip().lower() for name in response.headers.get(header, "").split(",")}


@pytest.mark.parametrize("origin", [SANDBOX, "http://localhost:8000", "http://[::1]:8000"])
def test_a_preflight_is_answered_on_every_endpoint(browsers: FlaskClient, origin: str) -> None:
    """A page of a listed origin may send ``Authorization`` and a JSON ``Content-Type`` to every endpoint with its method."""
    rules = list(browsers.application.url_map.iter_rules())
    assert len(rules) >= 2
    for rule in rules:
        for method in (rule.methods or set()) & {"GET", "POST"}:
            response = _preflight(
                browsers,
                rule.rule.replace("<service_id>", "b12-folate-patient-view"),
                method,
                origin,
            )
            assert response.status_code == 200, rule
            assert response.headers["Access-Control-Allow-Origin"] == origin
            assert _names(response, "Access-Control-Allow-Headers") == {
                "authorization",
                "content-type",
            }
            assert _names(response, "Access-Control-Allow-Methods") == {"get", "post"}
            assert int(response.headers["Access-Control-Max-Age"]) > 0


def test_cookies_are_never_asked_for(browsers: FlaskClient) -> None:
    """A client shows who it is by its token, so that a browser's cookies never speak for it."""
    assert (
        "Access-Control-Allow-Credentials"
        not in _preflight(browsers, HOOK, "POST", SANDBOX).headers
    )


def test_other_headers_and_methods_are_not_allowed(browsers: FlaskClient) -> None:
    assert _names(
        _preflight(browsers, HOOK, "POST", SANDBOX, "x-other, content-type"),
        "Access-Control-Allow-Headers",
    ) == {"content-type"}
    assert (
        "Access-Control-Allow-Methods" not in _preflight(browsers, HOOK, "DELETE", SANDBOX).headers
    )


@pytest.mark.parametrize("origin", OTHER_ORIGINS)
def test_an_origin_that_is_not_listed_gets_nothing(browsers: FlaskClient, origin: str) -> None:
    for response in (
        _preflight(browsers, HOOK, "POST", origin),
        browsers.get("/cds-services", headers={"Origin": origin}),
    ):
        assert not [name for name, _ in response.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize(
    ("path", "arguments", "status"),
    [
        (
            "/cds-services/b12-folate-patient-view",
            {"json": hook_request("patient-view", prefetch())},
            200,
        ),
        (
            "/cds-services/b12-folate-patient-view",
            {"data": b"{", "content_type": "application/json"},
            400,
        ),
        (
            "/cds-services/b12-folate-patient-view",
            {"json": hook_request("patient-view", prefetch(without=("patient",)))},
            412,
        ),
        ("/cds-services/none", {"json": {}}, 404),
        ("/nowhere", {}, 404),
    ],
)
def test_the_page_may_read_answers_and_errors(
    browsers: FlaskClient, path: str, arguments: dict[str, Any], status: int
) -> None:
    response = browsers.post(path, headers={"Origin": SANDBOX}, **arguments)
    assert response.status_code == status
    assert response.headers.getlist("Access-Control-Allow-Origin") == [SANDBOX]
    assert "Origin" in response.headers["Vary"]


def test_the_page_may_read_when_to_try_again_and_what_a_token_lacks(browsers: FlaskClient) -> None:
    """Of other than the usual headers a page sees only those that are named to it."""
    seen = _names(
        browsers.get("/cds-services", headers={"Origin": SANDBOX}), "Access-Control-Expose-Headers"
    )
    assert seen == {"etag", "retry-after", "www-authenticate"}


def test_without_origins_or_an_origin_there_is_no_cors(
    client: FlaskClient, browsers: FlaskClient
) -> None:
    """Off by default; and a call that is not from a page is answered as ever."""
    for response in (
        client.get("/cds-services", headers={"Origin": SANDBOX}),
        browsers.get("/cds-services"),
    ):
        assert response.status_code == 200
        assert not [name for name, _ in response.headers if name.startswith("Access-Control")]


def test_a_preflight_needs_no_token_and_the_call_does(tmp_path: Path) -> None:
    """A browser sends no token with a preflight; the page may read why its call was refused."""
    trusting = service(tmp_path, cors_origins=SANDBOX)
    preflight = _preflight(trusting, HOOK, "POST", SANDBOX)
    assert (preflight.status_code, preflight.headers["Access-Control-Allow-Origin"]) == (
        200,
        SANDBOX,
    )
    call = trusting.get("/cds-services", headers={"Origin": SANDBOX})
    assert (call.status_code, call.headers["Access-Control-Allow-Origin"]) == (401, SANDBOX)
    allowed = trusting.get("/cds-services", headers={"Origin": SANDBOX, **bearer(token())})
    assert (allowed.status_code, allowed.headers["Access-Control-Allow-Origin"]) == (200, SANDBOX)


@pytest.mark.parametrize(
    "origins",
    [
        "*",
        "null",
        "sandbox.cds-hooks.org",
        f"{SANDBOX}/",
        f"{SANDBOX}/app",
        "http://sandbox.cds-hooks.org",
        "https://*.cds-hooks.org/.*",
    ],
)
def test_what_is_no_origin_stops_the_start(origins: str) -> None:
    with pytest.raises(ValidationError, match="is not an origin"):
        Settings(cors_origins=origins)
