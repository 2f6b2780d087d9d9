"""The app as a site starts it, in processes of its own, and as a clinician opens it in a browser."""

from __future__ import annotations

import socket
import threading
import time
from urllib.parse import urlencode, urlsplit

import pytest
import requests
from werkzeug.serving import make_server

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.fhir_server.client import FhirClient
from cds_service.fhir_server.named_servers import NoAnswer
from cds_service.fhir_server.servers import read_servers
from tests.support.browser import axe_violations, needs_browser, opened
from tests.support.fhir_builders import NOW, PATIENT
from tests.support.serving import refused_start, serving
from tests.support.smart_ehr import PUBLIC
from tests.support.waiting import AT_ONCE, PATIENCE


def test_workers_answer_each_others_launches_and_log_nothing_of_them(ehr, tmp_path):
    started = {
        "CDS_SMART_CLIENT_ID": PUBLIC,
        "CDS_BASE_URL": "http://127.0.0.1",
        "CDS_FHIR_BUDGET": "30",
    }
    places = {
        "CDS_REPLAY_STORE": str(tmp_path / "replay.sqlite3"),
        "CDS_DATABASE_URL": f"sqlite:///{tmp_path}/cds.sqlite3",
    }
    with serving(tmp_path, "--workers", "2", **started, **places) as server:
        for _ in range(6):  # some of them at a worker each
            browser = requests.Session()
            query = urlencode({"iss": ehr.iss(), "launch": "as-it-should"})
            begun = browser.get(
                f"{server.base}/smart/launch?{query}", allow_redirects=False, timeout=PATIENCE
            )
            back = browser.get(
                begun.headers["Location"], allow_redirects=False, timeout=PATIENCE
            ).headers["Location"]
            answer = browser.get(
                f"{server.base}{back.removeprefix('http://127.0.0.1')}", timeout=PATIENCE
            )
            assert answer.status_code == 200, answer.text
            assert f"<code>{PATIENT}</code>" in answer.text
    log = server.log.read_text("utf-8")
    seen = ehr.seen()
    for secret in (
        PATIENT,
        *seen["tokens"],
        *seen["codes"],
        *seen["verifiers"],
        *(asked["state"] for asked in seen["asked"]),
    ):
        assert secret not in log


def test_a_start_that_could_note_no_sign_in_is_refused(tmp_path):
    told = refused_start(
        CDS_SMART_CLIENT_ID=PUBLIC,
        CDS_BASE_URL="https://cds.example.org",
        CDS_REPLAY_STORE=str(tmp_path / "no" / "folder"),
        CDS_CLIENTS=None,
    )
    assert "CDS_REPLAY_STORE" in told


@pytest.fixture
def base(ehr, tmp_path):
    """The service on a real HTTP server; pages of the EHR may show it in a frame."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    frames = frozenset({ehr.origin.replace("127.0.0.1", "localhost")})
    settings = Settings(
        base_url=url,
        smart_client_id=PUBLIC,
        smart_frames=frames,
        fhir_budget=30,
        replay_store=str(tmp_path / "replay.sqlite3"),
    )
    server = make_server(
        "127.0.0.1", 0, create_app(settings, clock=lambda: NOW), threaded=True, fd=listener.fileno()
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield url
    finally:
        server.shutdown()
        server.server_close()
        listener.close()


def _chart(ehr, base, **more):
    app = f"{base}/smart/launch?{urlencode({'iss': ehr.iss(), 'launch': 'as-it-should'})}"
    return f"{ehr.origin}/chart?{urlencode({'app': app, **more})}"


@needs_browser
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_a_link_in_the_chart_leads_to_the_picture(ehr, base, scheme, width):
    with opened(viewport={"width": width, "height": 900}, color_scheme=scheme) as page:
        page.goto(_chart(ehr, base))
        page.get_by_role("link", name="Open").click()
        page.get_by_role("heading", name="The patient's picture", level=1).wait_for()
        assert urlsplit(page.url).path == "/smart/callback"
        assert page.locator(".picture svg").locator("visible=true").count() == 1
        assert page.get_by_role("cell", name="110 pg/mL").first.is_visible()
        assert page.locator("code").first.inner_text() == PATIENT
        assert page.locator(".brand img").evaluate("image => image.naturalWidth") > 0
        assert axe_violations(page) == {}
        assert page.problems == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.reload()
        page.get_by_role("alert").wait_for()
        assert "open the app again" in page.get_by_role("alert").inner_text()
        assert axe_violations(page) == {}


@needs_browser
def test_it_opens_in_a_frame_of_an_ehr_on_another_site(ehr, base):
    with opened() as page:
        page.goto(_chart(ehr, base, frame="1").replace("127.0.0.1", "localhost", 1))
        framed = page.frame_locator("iframe")
        framed.get_by_role("heading", name="The patient's picture", level=1).wait_for()
        assert framed.locator("code").first.inner_text() == PATIENT


@needs_browser
def test_no_other_page_may_show_it_in_a_frame(ehr, base):
    with opened() as page:
        page.goto(_chart(ehr, base, frame="1"))  # of an origin that is not listed
        page.wait_for_function("performance.now() > 0")
        deadline = time.monotonic() + PATIENCE
        while not any("frame-ancestors" in problem for problem in page.problems):
            assert time.monotonic() < deadline, page.problems
            page.wait_for_timeout(50)
        assert (
            page.frame_locator("iframe")
            .get_by_role("heading", name="The patient's picture")
            .count()
            == 0
        )


def test_a_server_that_answers_byte_by_byte_is_broken_off():
    """Its headers never end, so that no limit of a single reading would be met."""
    listener = socket.create_server(("127.0.0.1", 0))

    def trickle():
        connection, _ = listener.accept()
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        try:
            while True:
                connection.sendall(b"x")
                time.sleep(0.05)
        except OSError:
            connection.close()

    threading.Thread(target=trickle, daemon=True).start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    servers = FhirClient(read_servers(["loopback"], (), development=True), 1, 1000).named_by(
        f"{url}/fhir", 1.0
    )
    began = time.monotonic()
    with pytest.raises(NoAnswer):
        servers.get(f"{url}/fhir/.well-known/smart-configuration")
    assert time.monotonic() - began < AT_ONCE
    listener.close()
