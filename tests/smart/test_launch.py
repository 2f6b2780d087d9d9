"""An EHR launches the app, and the patient's picture opens; what is not as it should be is refused, and nothing is read."""

from __future__ import annotations

import logging
from unittest.mock import patch
from urllib.parse import urlencode

import pytest

from cds_service.store.occasions import RUN_KEY
from cds_service.workbench.smart import blueprint
from tests.smart.launches import BASE, app, parameters, refused
from tests.support.ehr import jwks
from tests.support.fhir_builders import NOW, PATIENT
from tests.support.smart_ehr import CONFIDENTIAL, PUBLIC, SECRET

CLIENTS = {
    "public": {},
    "confidential": {"smart_client_id": CONFIDENTIAL, "smart_client_secret": SECRET},
}
TYPES = {
    "Patient", "Observation", "Condition", "Procedure", "AllergyIntolerance", "MedicationRequest", "MedicationStatement",
    "MedicationAdministration", "MedicationDispense", "ServiceRequest", "Medication",
}  # fmt: skip


@pytest.mark.parametrize("kind", CLIENTS)
def test_an_ehr_launches_the_app_and_the_picture_opens(ehr, opened_by, kind):
    shown = opened_by(**CLIENTS[kind]).opened(ehr)
    text = shown.get_data(as_text=True)
    assert shown.status_code == 200, text
    assert f"<code>{PATIENT}</code>" in text
    assert text.count("<svg") == 2 and "110 pg/mL" in text
    assert "action=" not in text and "<script" not in text
    assert "More may be on record" not in text
    exchange = ehr.seen()["exchanges"][-1]
    assert exchange["basic"] == (kind == "confidential")
    assert {"Observation", "Condition", "MedicationRequest"} <= set(ehr.seen()["read"])


def test_the_ehr_is_asked_as_smart_app_launch_has_it(ehr, opened_by):
    asked = parameters(opened_by().launch(ehr.iss()).headers["Location"])
    assert {
        name: asked[name]
        for name in ("response_type", "client_id", "redirect_uri", "launch", "aud", "tenant")
    } == {
        "response_type": "code",
        "client_id": PUBLIC,
        "redirect_uri": f"{BASE}/smart/callback",
        "launch": "as-it-should",
        "aud": ehr.iss(),
        "tenant": "1",
    }
    assert asked["code_challenge_method"] == "S256" and len(asked["code_challenge"]) == 43
    assert min(len(asked["state"]), len(asked["nonce"])) >= 32


def test_it_asks_for_the_types_that_it_reads_and_no_others(ehr, opened_by):
    scopes = parameters(opened_by().launch(ehr.iss()).headers["Location"])["scope"].split()
    assert set(scopes) == {
        "launch",
        "openid",
        "fhirUser",
        *(f"patient/{kind}.rs" for kind in TYPES),
    }


def test_each_launch_has_its_own_secrets(ehr, opened_by):
    opened = opened_by()
    first, second = (parameters(opened.launch(ehr.iss()).headers["Location"]) for _ in range(2))
    assert not {first[name] for name in ("state", "nonce", "code_challenge")} & {
        second[name] for name in ("state", "nonce", "code_challenge")
    }


def test_two_launches_at_once_do_not_disturb_each_other(ehr, opened_by):
    opened = opened_by()
    first, second = opened.granted(ehr), opened.granted(ehr)
    assert opened.get(first).status_code == opened.get(second).status_code == 200


def test_what_the_ehr_does_not_grant_is_said_to_lack(ehr, opened_by):
    opened = opened_by()
    text = opened.opened(ehr, "no-doses").get_data(as_text=True)
    lacking = text.split("More may be on record, because not all was received or could be read:")[
        -1
    ].split("</li>")[0]
    assert (
        "doses given" in lacking and "medication orders" not in lacking and "results" not in lacking
    )
    refused(
        opened.opened(ehr, "no-results"),
        502,
        "The patient's record could not be read from the EHR.",
    )


@pytest.mark.parametrize(
    ("launch", "told"),
    [
        ("wrong-issuer", "(iss)"),
        ("wrong-nonce", "(nonce)"),
        ("no-nonce", "(nonce)"),
        ("wrong-audience", "(aud)"),
        ("expired", "ExpiredTokenError"),
        ("of-another-token", "(at_hash)"),
        ("other-key", "BadSignatureError"),
        ("unsigned", "UnsupportedAlgorithmError"),
        ("shared-secret", "UnsupportedAlgorithmError"),
    ],
)
def test_a_token_that_does_not_prove_who_grants_it_is_refused(ehr, opened_by, caplog, launch, told):
    caplog.set_level(logging.INFO)
    before = ehr.seen()["read"]
    refused(
        opened_by().opened(ehr, launch),
        403,
        "The EHR's answer could not be verified, so nothing was read.",
    )
    assert told in caplog.text
    assert ehr.seen()["read"] == before


@pytest.mark.parametrize(
    "launch", ["no-id-token", "no-patient", "odd-patient", "endless", "denied"]
)
def test_a_grant_that_is_none_is_refused(ehr, opened_by, launch):
    before = ehr.seen()["read"]
    refused(
        opened_by().opened(ehr, launch),
        403,
        "The EHR did not give this app access to the patient's record.",
    )
    assert ehr.seen()["read"] == before


def test_a_token_that_is_no_header_is_never_sent(ehr, opened_by):
    before = ehr.seen()["read"]
    refused(opened_by().opened(ehr, "odd-token"), 403, "The EHR's answer could not be verified")
    assert ehr.seen()["read"] == before


def test_a_wrong_secret_is_refused_by_the_ehr(ehr, opened_by):
    wrong = opened_by(smart_client_id=CONFIDENTIAL, smart_client_secret="another")
    refused(wrong.opened(ehr), 403, "The EHR did not give this app access")


def test_a_state_of_another_is_refused(ehr, opened_by):
    opened = opened_by()
    mine, other = opened.granted(ehr), parameters(opened.granted(ehr))["state"]
    exchanges = len(ehr.seen()["exchanges"])
    code = parameters(mine)["code"]
    for state in ("", "another", other[:-1], other + "\ud800"):
        query = urlencode({"code": code, "state": state}, errors="surrogatepass")
        refused(
            opened.get(f"/smart/callback?{query}"),
            403,
            "This sign-in was not begun in this browser",
        )
    assert len(ehr.seen()["exchanges"]) == exchanges


def test_an_answer_in_another_browser_is_refused(ehr, opened_by):
    answer = opened_by().granted(ehr)
    refused(opened_by().get(answer), 403, "This sign-in was not begun in this browser")


def test_a_cookie_of_another_launch_does_not_count(ehr, opened_by):
    opened = opened_by()
    first, second = opened.granted(ehr), opened.granted(ehr)
    names = [blueprint.cookie_name(parameters(answer)["state"]) for answer in (first, second)]
    other = opened.browser.get_cookie(names[1], domain="127.0.0.1", path="/smart").value
    opened.browser.set_cookie(names[0], other, domain="127.0.0.1", path="/smart")
    refused(opened.get(first), 403, "This sign-in was not begun in this browser")


def test_an_answer_counts_once(ehr, opened_by):
    opened = opened_by()
    answer = opened.granted(ehr)
    name = blueprint.cookie_name(parameters(answer)["state"])
    cookie = opened.browser.get_cookie(name, domain="127.0.0.1", path="/smart").value
    assert opened.get(answer).status_code == 200
    exchanges = len(ehr.seen()["exchanges"])
    refused(opened.get(answer), 403, "or was used before")
    opened.browser.set_cookie(
        name, cookie, domain="127.0.0.1", path="/smart"
    )  # as one who had copied it
    refused(opened.get(answer), 403, "each sign-in works only once")
    assert len(ehr.seen()["exchanges"]) == exchanges


def test_workers_share_the_seal_and_what_was_used(ehr, tmp_path):
    with patch.dict("os.environ", {RUN_KEY: "a key of one start"}):
        one, other = app(tmp_path), app(tmp_path)
    answer = one.granted(ehr)
    name = blueprint.cookie_name(parameters(answer)["state"])
    other.browser.set_cookie(
        name,
        one.browser.get_cookie(name, domain="127.0.0.1", path="/smart").value,
        domain="127.0.0.1",
        path="/smart",
    )
    assert other.get(answer).status_code == 200
    refused(one.get(answer), 403, "each sign-in works only once")


def test_a_code_that_was_used_elsewhere_is_refused(ehr, opened_by):
    opened = opened_by()
    first, second = opened.granted(ehr), opened.granted(ehr)
    assert opened.get(first).status_code == 200
    replayed = urlencode({"code": parameters(first)["code"], "state": parameters(second)["state"]})
    refused(opened.get(f"/smart/callback?{replayed}"), 403, "The EHR did not give this app access")


def test_an_answer_of_another_issuer_is_refused(ehr, opened_by):
    opened = opened_by()
    exchanges = len(ehr.seen()["exchanges"])
    refused(
        opened.get(f"{opened.granted(ehr)}&iss=https://other.example.org"),
        403,
        "could not be verified",
    )
    assert len(ehr.seen()["exchanges"]) == exchanges
    assert opened.get(f"{opened.granted(ehr)}&iss={ehr.origin}").status_code == 200


def test_the_cookie_is_the_servers_alone(ehr, opened_by):
    cookie = opened_by().launch(ehr.iss()).headers["Set-Cookie"]
    assert (
        "HttpOnly" in cookie
        and "SameSite=Lax" in cookie
        and "Path=/smart" in cookie
        and "Max-Age=600" in cookie
    )
    assert "Secure" not in cookie  # on loopback
    assert PUBLIC not in cookie and "127.0.0.1" not in cookie.split(";")[0]
    behind_tls = (
        opened_by(base_url="https://cds.example.org/b12").launch(ehr.iss()).headers["Set-Cookie"]
    )
    assert "Secure" in behind_tls and "Path=/b12/smart" in behind_tls
    framed = (
        opened_by(smart_frames=frozenset({"https://ehr.example.org"}))
        .launch(ehr.iss())
        .headers["Set-Cookie"]
    )
    assert "SameSite=None" in framed and "Partitioned" in framed and "Secure" in framed


def test_who_may_show_it_in_a_frame(ehr, opened_by):
    policy = opened_by().opened(ehr).headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy and "default-src 'none'" in policy
    framed = opened_by(smart_frames=frozenset({"https://ehr.example.org"})).opened(ehr)
    assert "frame-ancestors https://ehr.example.org" in framed.headers["Content-Security-Policy"]
    assert (
        framed.headers["Cache-Control"] == "no-store"
        and framed.headers["Referrer-Policy"] == "no-referrer"
    )


@pytest.mark.parametrize(
    "configuration", ["no-pkce", "plain-pkce", "no-issuer", "no-tls", "file", "script", "endless"]
)
def test_an_ehr_that_does_not_say_how_to_sign_in_safely_is_refused(ehr, opened_by, configuration):
    asked = len(ehr.seen()["asked"])
    refused(
        opened_by().launch(ehr.iss(configuration)), 502, "This service cannot sign in to the EHR"
    )
    assert len(ehr.seen()["asked"]) == asked


def test_keys_that_are_not_there_are_refused(ehr, opened_by):
    refused(opened_by().opened(ehr, configuration="no-keys"), 403, "could not be verified")


def test_a_server_that_the_ehr_names_is_no_way_into_the_private_network(ehr, opened_by):
    refused(
        opened_by().opened(ehr, configuration="private-token"),
        403,
        "The EHR did not give this app access",
    )
    exchanges = len(ehr.seen()["exchanges"])
    listed = opened_by(
        fhir_servers=(ehr.iss("elsewhere"),)
    )  # in production, servers on this machine are listed one by one
    refused(
        listed.opened(ehr, configuration="elsewhere"), 403, "The EHR did not give this app access"
    )
    assert len(ehr.seen()["exchanges"]) == exchanges


def test_an_ehr_that_does_not_answer_is_not_waited_for(ehr, opened_by):
    with patch.object(blueprint, "EXCHANGE_SECONDS", 0.0):
        refused(opened_by().launch(ehr.iss()), 502, "This service cannot sign in to the EHR")


def test_few_launches_wait_for_ehrs_at_a_time(ehr, tmp_path):
    with patch.object(blueprint, "MOST_LAUNCHES", 0):
        refused(app(tmp_path).launch(ehr.iss()), 503, "The service is busy")


@pytest.mark.parametrize(
    "iss",
    [
        "https://other.example.org/fhir", "http://10.1.2.3/fhir", "http://127.0.0.1.example.org/fhir", "file:///etc/passwd",
        "http://user@127.0.0.1/fhir", "http://127.0.0.1:1/fhir?x=", "http://127.0.0.1:1/" + "a" * 1100,
    ],
)  # fmt: skip
def test_an_ehr_that_is_not_listed_is_not_asked(opened_by, iss):
    refused(opened_by().launch(iss), 403, "The EHR that opened this page is not known")


@pytest.mark.parametrize(
    "query",
    ["", "iss=http://127.0.0.1:1/fhir", "launch=1", "iss=http://127.0.0.1:1/fhir&iss=x&launch=1"],
)
def test_a_page_that_is_opened_by_itself_says_so(opened_by, query):
    refused(opened_by().get(f"/smart/launch?{query}"), 400, "This page is opened by an EHR.")


def test_a_card_that_is_tried_without_an_ehr_names_the_app_and_links_nothing(opened_by):
    text = opened_by().get("/try?scenario=margaret-hill").get_data(as_text=True)
    assert "(a SMART app, opened by an EHR)" in text
    assert 'href="http://127.0.0.1:8080/smart' not in text


def test_it_is_not_there_unless_a_site_switches_it_on(opened_by):
    without = opened_by(smart_client_id="")
    assert [
        without.get(f"/smart/{path}").status_code
        for path in ("launch", "callback", "static/workbench.css")
    ] == [404] * 3


def test_browsers_open_it_without_a_token_and_nothing_else(ehr, opened_by, tmp_path):
    (tmp_path / "jwks.json").write_text(jwks(), "utf-8")
    (tmp_path / "clients.yaml").write_text(
        '{"clients": [{"iss": "https://ehr.example.org", "jwks_file": "jwks.json"}]}', "utf-8"
    )
    protected = {
        "clients": str(tmp_path / "clients.yaml"),
        "fhir_servers": (ehr.iss(),),
        "discovery": "protected",
    }
    opened = opened_by(**protected)
    assert opened.opened(ehr).status_code == 200
    assert opened.get("/smart/static/workbench.css").status_code == 200
    assert opened.get("/cds-services").status_code == 401
    assert opened_by(**protected, smart_client_id="").get("/smart/launch").status_code == 404


def test_calls_without_a_token_are_limited(ehr, opened_by, tmp_path):
    (tmp_path / "jwks.json").write_text(jwks(), "utf-8")
    (tmp_path / "clients.yaml").write_text(
        '{"clients": [{"iss": "https://ehr.example.org", "jwks_file": "jwks.json"}]}', "utf-8"
    )
    opened = opened_by(clients=str(tmp_path / "clients.yaml"), calls_per_second=1)
    assert [opened.get("/smart/launch").status_code for _ in range(12)][-1] == 429


def test_nothing_of_a_launch_is_in_the_log(ehr, opened_by, caplog):
    caplog.set_level(logging.DEBUG)
    opened = opened_by()
    answer = opened.granted(ehr)
    assert opened.get(answer).status_code == 200
    for launch in ("wrong-nonce", "no-patient", "denied", "no-results"):
        opened.opened(ehr, launch)
    seen = ehr.seen()
    of_service = "\n".join(
        record.getMessage()
        for record in caplog.records
        if record.name.startswith(("cds_service", "authlib", "joserfc"))
    )
    assert of_service
    for secret in (
        PATIENT,
        *seen["tokens"],
        *seen["codes"],
        *seen["verifiers"],
        *(asked["state"] for asked in seen["asked"]),
    ):
        assert secret not in of_service


def test_the_store_of_used_sign_ins_that_fails_opens_nothing(ehr, opened_by, tmp_path):
    broken = opened_by(replay_store=str(tmp_path / "no" / "such" / "folder"))
    refused(broken.opened(ehr), 503, "The service is busy")


def test_now_is_the_services(ehr, opened_by):
    """The picture is of the day on which it is opened."""
    assert f"{NOW:%-d %b %Y}" in opened_by().opened(ehr).get_data(as_text=True)
