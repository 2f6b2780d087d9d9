"""Attacks on the token of a call, each refused: with 401, an OperationOutcome, and nothing of what was sent."""

import base64
import json
import logging
import time
from datetime import UTC, datetime

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.ehr import (
    BASE,
    DISCOVERY,
    ISS,
    PATIENT_VIEW,
    bearer,
    claims,
    jwk,
    jwks,
    jwks_server,
    private_key,
    refused,
    service,
    token,
)

MARK = "Xyzzy-4711"


def _b64(content):
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _raw(header, payload, signature="AAAA"):
    """A token of any header and payload, signed by nobody."""
    return f"{_b64(header)}.{_b64(payload)}.{signature}"


def _signed_raw(header, payload, key=None):
    """A token of any header and payload, with a good ES384 signature: by the client's key, if no other is given."""
    message = f"{_b64(header)}.{_b64(payload)}"
    signature = jwt.get_algorithm_by_name("ES384").sign(message.encode(), key or private_key())
    return f"{message}.{_b64(signature)}"


@pytest.fixture(scope="module")
def trusting(tmp_path_factory):
    """The service that trusts one client by its ES384 key ``key-1`` and its RS384 key ``rsa``."""
    folder = tmp_path_factory.mktemp("trust")
    (folder / "own.json").write_text(jwks(jwk(), jwk("RS384", "rsa")), "utf-8")
    return service(
        folder, {"iss": ISS, "jwks_file": "own.json", "jku": "https://ehr.example.org/jwks.json"}
    )


def _refused(client, authorization):
    return refused(client.get("/cds-services", headers={"Authorization": authorization}))


def _refused_though_signed(client, header, payload):
    """Refused for what the token says: its signature is good."""
    reason = _refused(client, f"Bearer {_signed_raw(header, payload)}")
    assert "signature" not in reason
    return reason


def test_the_client_itself_is_let_in(trusting):
    """Without this, the refusals below would tell nothing."""
    for signed in (
        token(),
        token(alg="RS384", kid="rsa"),
        _signed_raw({"alg": "ES384", "typ": "JWT", "kid": "key-1"}, claims()),
    ):
        assert trusting.get("/cds-services", headers=bearer(signed)).status_code == 200


@pytest.mark.parametrize(
    "alg",
    [
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        None,
        [],
        {"alg": "ES384"},
        ["ES384"],
        "HS384",
        "es384",
        "ES384 ",
        384,
    ],
)
@pytest.mark.parametrize("signature", ["", "AAAA"])
def test_an_algorithm_that_is_none_or_nonsense(trusting, alg, signature):
    header = {"alg": alg, "typ": "JWT", "kid": "key-1"}
    _refused(trusting, f"Bearer {_raw(header, claims(), signature)}")
    _refused_though_signed(trusting, header, claims())


def test_no_algorithm_at_all(trusting):
    _refused_though_signed(trusting, {"typ": "JWT", "kid": "key-1"}, claims())


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize("kid", ["key-1", "rsa"])
def test_the_public_key_as_a_shared_secret(trusting, alg, kid):
    """The classic confusion: HMAC with the text of the public key, in each of the forms that a library might use."""
    public = private_key("RS384" if kid == "rsa" else "ES384", kid).public_key()
    forms = [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    ]
    forms += [
        forms[0].strip(),
        json.dumps(jwk("RS384" if kid == "rsa" else "ES384", kid)).encode(),
        b"",
    ]
    message = f"{_b64({'alg': alg, 'typ': 'JWT', 'kid': kid})}.{_b64(claims())}"
    for secret in forms:
        algorithm = jwt.get_algorithm_by_name(alg)
        signature = _b64(
            algorithm.sign(message.encode(), secret)
        )  # the library's own check of the secret is not used
        assert "alg" in _refused(trusting, f"Bearer {message}.{signature}")


@pytest.mark.parametrize(
    ("alg", "kid"),
    [
        ("RS384", "key-1"),
        ("ES384", "rsa"),
        ("PS384", "rsa"),
        ("ES512", "key-1"),
        ("ES256", "key-1"),
    ],
)
def test_the_algorithm_of_another_key(trusting, alg, kid):
    """A good signature by another algorithm than that of the key that ``kid`` names, or than the client was registered with."""
    assert "alg" in _refused(
        trusting, f"Bearer {token(alg=alg, kid=kid, key=private_key(alg, 'other'))}"
    )


def test_a_signature_of_zeros(trusting):
    """ECDSA's (0, 0), which some libraries took for any message's signature; and signatures of wrong lengths."""
    head = token().rsplit(".", 1)[0]
    for size in (0, 1, 48, 95, 96, 97, 192):
        _refused(trusting, f"Bearer {head}.{_b64(bytes(size))}")


def test_a_changed_payload_under_an_old_signature(trusting):
    header, _, signature = token().split(".")
    assert "signature" in _refused(trusting, f"Bearer {header}.{_b64(claims())}.{signature}")


@pytest.mark.parametrize(
    "aud",
    [
        PATIENT_VIEW, BASE, BASE + "/", DISCOVERY + "/", DISCOVERY + "?x=1", DISCOVERY + "#", DISCOVERY + "/../cds-services",
        "https://evil.example/cds-services", "http://cds.example.org/cds-services", "https://CDS.example.org/cds-services",
        "https://cds.example.org:443/cds-services", "/cds-services", "", "*", [], [""], [DISCOVERY, "https://other.example"],
        [DISCOVERY, DISCOVERY], [[DISCOVERY]], {"url": DISCOVERY}, 1, True,
    ],
)  # fmt: skip
def test_an_audience_that_is_not_exactly_this_endpoint(trusting, aud):
    """A token for another service, or for several, could be passed on by one that received it."""
    _refused_though_signed(
        trusting, {"alg": "ES384", "typ": "JWT", "kid": "key-1"}, claims(aud=aud)
    )


def test_the_host_header_does_not_choose_the_audience(trusting):
    """``aud`` is compared with the configured address, not with what the caller says the host is."""
    evil = token(aud="https://evil.example/cds-services")
    headers = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        **bearer(evil),
    }
    assert "aud" in refused(
        trusting.get("/cds-services", headers=headers, base_url="https://evil.example")
    )


@pytest.mark.parametrize(
    "iss", [ISS + "/", ISS + "\x00", "", [ISS], {"iss": ISS}, 1, None, True, "\ud800", "a" * 4000]
)
def test_an_issuer_that_is_not_exactly_the_registered_one(trusting, iss):
    _refused_though_signed(
        trusting, {"alg": "ES384", "typ": "JWT", "kid": "key-1"}, {**claims(), "iss": iss}
    )


@pytest.mark.parametrize(
    "kid",
    [
        "",
        "../../key-1",
        "/dev/null",
        "key-1\x00",
        "KEY-1",
        "' OR '1'='1",
        "\ud800",
        1,
        None,
        ["key-1"],
        {},
    ],
)
def test_a_kid_that_is_not_exactly_in_the_set(trusting, kid):
    _refused_though_signed(trusting, {"alg": "ES384", "typ": "JWT", "kid": kid}, claims())


@pytest.fixture
def now(monkeypatch):
    """The clock by which tokens are judged stands still, for a second more or less counts here."""
    moment = datetime.now(UTC).replace(microsecond=0)

    class Stopped(datetime):
        @classmethod
        def now(cls, tz=None):
            return moment

    monkeypatch.setattr("jwt.api_jwt.datetime", Stopped)
    return int(moment.timestamp())


@pytest.mark.parametrize(
    ("exp", "iat"),
    [
        (-31, -300),
        (-1_000_000, -1_000_300),  # expired
        (300, 31),
        (10_000_300, 10_000_000),  # from the future
        (3601, 0),
        (10**9, 0),
        (3570, -31),  # lives too long
        (-20, -10),  # ends before it begins
    ],
)
def test_times_that_are_not_now(trusting, now, exp, iat):
    """The clocks may differ by 30 seconds, and a token may live for an hour."""
    _refused(trusting, f"Bearer {token(exp=now + exp, iat=now + iat)}")


def test_a_token_that_ends_before_it_begins_is_told_so(trusting, now):
    assert (
        _refused(trusting, f"Bearer {token(exp=now - 20, iat=now - 10)}")
        == "The token's exp is before its iat."
    )


@pytest.mark.parametrize(("exp", "iat"), [(-29, -100), (300, 30), (3600, 0)])
def test_times_within_the_leeway(trusting, now, exp, iat):
    assert (
        trusting.get(
            "/cds-services", headers=bearer(token(exp=now + exp, iat=now + iat))
        ).status_code
        == 200
    )


def test_a_token_that_is_not_valid_yet(trusting, now):
    assert "future" in _refused(trusting, f"Bearer {token(nbf=now + 100)}")


@pytest.mark.parametrize("claim", ["exp", "iat"])
@pytest.mark.parametrize(
    "value",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e400",
        "-1",
        "9" * 30,
        "9" * 5000,
        '"now"',
        '"4102444800"',
        "true",
        "null",
        "[]",
        "{}",
    ],
)
def test_times_that_are_no_times(trusting, claim, value):
    payload = json.dumps({**claims(), claim: "@"}).replace('"@"', value).encode()
    _refused_though_signed(trusting, {"alg": "ES384", "typ": "JWT", "kid": "key-1"}, payload)


@pytest.mark.parametrize("jti", ["", None, 1, ["x"], {}, True])
def test_a_jti_that_is_no_text(trusting, jti):
    _refused_though_signed(
        trusting, {"alg": "ES384", "typ": "JWT", "kid": "key-1"}, {**claims(), "jti": jti}
    )


@pytest.mark.parametrize(
    "jti", ["'); DROP TABLE used;--", "a\nb", "\ud800", "x" * 3000, "\x00", "☃"]
)
def test_a_strange_jti_counts_once(trusting, jti):
    signed = _signed_raw({"alg": "ES384", "typ": "JWT", "kid": "key-1"}, claims(jti=jti))
    assert trusting.get("/cds-services", headers=bearer(signed)).status_code == 200
    assert "used before" in _refused(trusting, f"Bearer {signed}")


@pytest.mark.parametrize("tenant", ["\ud800", "\x00", "a\nb", "x" * 256, 1, ["north"]])
def test_a_tenant_that_no_database_could_hold(trusting, tenant):
    """It names the client in all that is stored: what cannot be written would stand in the way of everybody's feedback."""
    _refused_though_signed(
        trusting, {"alg": "ES384", "typ": "JWT", "kid": "key-1"}, claims(tenant=tenant)
    )


def test_a_refused_token_does_not_use_up_its_jti(trusting):
    """Who knows a ``jti`` cannot burn it with a token of their own."""
    jti = "mine-alone"
    _refused(trusting, f"Bearer {token(jti=jti, key=private_key('ES384', 'another'))}")
    _refused(trusting, f"Bearer {token(jti=jti, aud=PATIENT_VIEW)}")
    assert trusting.get("/cds-services", headers=bearer(token(jti=jti))).status_code == 200


def test_two_clients_may_use_the_same_jti_but_not_each_others_keys(tmp_path):
    (tmp_path / "a.json").write_text(jwks(jwk(kid="a")), "utf-8")
    (tmp_path / "b.json").write_text(jwks(jwk(kid="b")), "utf-8")
    both = service(
        tmp_path,
        {"iss": "https://a.example", "jwks_file": "a.json"},
        {"iss": "https://b.example", "jwks_file": "b.json"},
    )
    for name in ("a", "b"):
        assert (
            both.get(
                "/cds-services",
                headers=bearer(token(kid=name, iss=f"https://{name}.example", jti="same")),
            ).status_code
            == 200
        )
    assert "kid" in _refused(both, f"Bearer {token(kid='a', iss='https://b.example')}")
    same_kid = token(kid="b", key=private_key("ES384", "a"), iss="https://b.example")
    assert "signature" in _refused(both, f"Bearer {same_kid}")


LISTED = "https://ehr.example.org/jwks.json"


@pytest.mark.parametrize(
    "jku",
    [
        "https://evil.example/jwks.json", LISTED + "/", LISTED + "?", LISTED + "#", LISTED + "@evil.example", LISTED + ".evil.example",
        "https://ehr.example.org@evil.example/jwks.json", "https://ehr.example.org.evil.example/jwks.json", LISTED.upper(),
        "https://ehr.example.org:443/jwks.json", "https://ehr.example.org/../jwks.json", "https://ehr.example.org//jwks.json",
        "http://ehr.example.org/jwks.json", "https://ehr.example.org/redirect?to=https://evil.example", " " + LISTED, LISTED + "\n",
        "https://ehr.example.org\\@evil.example/jwks.json", "file:///etc/passwd", "data:application/json,{}", "", 1, [LISTED],
    ],
)  # fmt: skip
def test_a_jku_that_is_not_exactly_the_listed_one(trusting, jku):
    """Even where the signature is good: the address is compared as text, and only with the registered one."""
    _refused_though_signed(
        trusting, {"alg": "ES384", "typ": "JWT", "kid": "key-1", "jku": jku}, claims()
    )


def test_a_jku_of_the_attacker_is_never_fetched(tmp_path):
    """Their set holds a key with the known ``kid``, and their token its signature."""
    with jwks_server() as ours, jwks_server() as theirs:
        theirs.publish(jwk(key=private_key("ES384", "attacker")))
        client = service(tmp_path, {"iss": ISS, "jku": ours.url})
        for jku in (
            theirs.url,
            theirs.url.replace("127.0.0.1", "localhost"),
            ours.url.replace("://", f"://{theirs.url.split('/')[2]}@"),
        ):
            _refused(
                client, f"Bearer {token(key=private_key('ES384', 'attacker'), header={'jku': jku})}"
            )
        _refused(
            client,
            f"Bearer {token(key=private_key('ES384', 'attacker'), header={'jku': ours.url})}",
        )
        assert theirs.asked == []
        assert ours.asked == ["/jwks.json"]


@pytest.mark.parametrize(
    "header",
    [
        {"jwk": jwk(key=private_key("ES384", "attacker"))},
        {"x5u": "https://evil.example/chain.pem"},
        {"x5c": ["MIIB"]},
        {"crit": ["exp"]},
        {"crit": ["b64"], "b64": False},
        {"crit": []},
        {"b64": False},
    ],
    ids=lambda header: "+".join(header),
)
def test_a_header_that_brings_its_own_key_or_rules(trusting, header):
    """A token cannot say which key to trust, nor what else must be understood; with the attacker's signature or a good one."""
    whole = {"alg": "ES384", "typ": "JWT", "kid": "key-1", **header}
    _refused(trusting, f"Bearer {_signed_raw(whole, claims(), private_key('ES384', 'attacker'))}")
    _refused_though_signed(trusting, whole, claims())


@pytest.mark.parametrize("twice", ["kid", "alg", "typ"])
def test_a_member_of_the_header_that_stands_twice(trusting, twice):
    """Whichever of the two is read, it is read once: a bad last one is refused."""
    values = {"alg": "ES384", "typ": "JWT", "kid": "key-1"}
    text = json.dumps(values)[:-1] + f', "{twice}": "none"}}'
    _refused_though_signed(trusting, text.encode(), claims())


NOT_TOKENS = {
    "empty": "", "scheme alone": "Bearer", "scheme and space": "Bearer ", "basic": "Basic dXNlcjpwYXNz", "dpop": "DPoP a.b.c",
    "no scheme": "a.b.c", "two parts": "Bearer a.b", "four parts": "Bearer a.b.c.d", "five parts (JWE)": "Bearer a.b.c.d.e",
    "no base64": "Bearer @.@.@", "empty parts": "Bearer ..", "spaces": "Bearer a. b.c", "text": "Bearer hello", "quoted": 'Bearer "a.b.c"',
    "JSON serialization": 'Bearer {"payload":"e30"}', "not JSON": f"Bearer {_b64(b'x')}.{_b64(b'y')}.{_b64(b'z')}",
    "lists": f"Bearer {_raw([], [])}", "numbers": f"Bearer {_raw(1, 2)}", "null": f"Bearer {_raw(None, None)}", "not UTF-8": f"Bearer {_b64(bytes([255]))}.e30.AAAA",
    "deep header": f"Bearer {_b64(b'[' * 2900)}.e30.AAAA", "deep payload": f"Bearer {_b64({'alg': 'ES384', 'typ': 'JWT', 'kid': 'k'})}.{_b64(b'[' * 2900)}.AAAA",
    "deep objects": "Bearer " + _b64(b'{"a":' * 1100 + b"1" + b"}" * 1100) + ".e30.AAAA",
    "padding": f"Bearer {_b64({'alg': 'ES384'})}==.e30.AAAA", "tab": "Bearer\ta.b.c",
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_TOKENS)
def test_what_is_no_token(trusting, name):
    _refused(trusting, NOT_TOKENS[name])


def test_an_oversized_token(trusting):
    """Even with a good signature; and it is not even decoded."""
    for size in (8_000, 100_000, 1_000_000):
        assert "at most 8192" in _refused(trusting, f"Bearer {token(filler='x' * size)}")


def test_two_authorization_headers(trusting):
    """Servers join them with a comma, with a space or without; neither token counts."""
    one, two = token(), token()
    for joined in (
        f"Bearer {one},Bearer {two}",
        f"Bearer {one}, Bearer {two}",
        f"Bearer {one}, Basic dXNlcjpwYXNz",
        f"Basic dXNlcjpwYXNz, Bearer {one}",
        f"Bearer {one} {two}",
        f"Bearer {one},",
    ):
        _refused(trusting, joined)
    assert trusting.get("/cds-services", headers=bearer(one)).status_code == 200


def test_a_token_elsewhere_than_in_the_header_does_not_count(trusting):
    """Not in the query, in a form, in a cookie or in a header of another name."""
    signed = token(PATIENT_VIEW)
    path = "/cds-services/b12-folate-patient-view"
    refused(
        trusting.post(
            f"{path}?access_token={signed}", json={"fhirAuthorization": {"access_token": signed}}
        )
    )
    refused(trusting.post(path, data={"access_token": signed}))
    refused(
        trusting.post(
            path,
            json={},
            headers={
                "X-Authorization": f"Bearer {signed}",
                "Cookie": f"token={signed}; Authorization=Bearer {signed}",
            },
        )
    )


@pytest.mark.parametrize(
    "method", ["GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "OPTIONS2"]
)
@pytest.mark.parametrize(
    "path",
    [
        "/cds-services",
        "/cds-services/b12-folate-patient-view",
        "/cds-services/b12-folate-patient-view/",
        "//cds-services",
        "/cds-services/",
        "/CDS-SERVICES",
        "/cds-services/%2e%2e",
    ],
)
def test_no_way_around_by_method_or_path(trusting, method, path):
    """Without a token, nothing but refusals, redirects and empty preflights comes back, and never a service or a card."""
    response = trusting.open(
        path,
        method=method,
        json={"hook": "patient-view"},
        headers={"X-HTTP-Method-Override": "GET", "X-Original-URL": "/nowhere"},
    )
    assert response.status_code in (200, 308, 401, 404, 405)
    if response.status_code == 200:
        assert method == "OPTIONS"
        assert response.get_data() == b""
    assert b"b12-folate" not in response.get_data().replace(
        b"/cds-services/b12-folate-patient-view", b""
    )


def test_an_unknown_service_is_not_told_from_a_known_one(trusting):
    """Who has no token learns nothing of which services there are."""
    known, unknown = (
        trusting.post(f"/cds-services/{name}", json={})
        for name in ("b12-folate-patient-view", "none")
    )
    assert refused(known) == refused(unknown)


@pytest.mark.parametrize(
    "evil",
    [
        "\r\nSet-Cookie: a=b",
        "\n",
        "\x00",
        '", error="',
        "<script>alert(1)</script>",
        "%0d%0aX: y",
        "\x1b[31m",
        "\u2028",
    ],
)
def test_nothing_that_was_sent_comes_back_or_into_the_log(trusting, caplog, evil):
    """No injection into headers, bodies or the log: the reasons are fixed texts, the log names registered clients alone."""
    caplog.set_level(logging.INFO)
    mark = MARK + evil
    tokens = [
        token(iss=mark), token(aud=mark), token(aud=[mark]), token(tenant=mark, aud="x"), token(jti=mark, exp=int(time.time()) - 100),
        _signed_raw({"alg": "ES384", "typ": "JWT", "kid": mark}, claims()), _signed_raw({"alg": mark, "typ": "JWT", "kid": "key-1"}, claims()),
        _signed_raw({"alg": "ES384", "typ": mark, "kid": "key-1"}, claims()),
        _signed_raw({"alg": "ES384", "typ": "JWT", "kid": "key-1", "jku": mark}, claims()),
        _signed_raw({"alg": "ES384", "typ": "JWT", "kid": "key-1", mark: "x"}, claims(aud="x")),
        _signed_raw({"alg": "ES384", "typ": "JWT", "kid": "key-1", "crit": [mark]}, claims()),
        _signed_raw({"alg": "ES384", "typ": "JWT", "kid": "key-1"}, {**claims(), "exp": mark}),
    ]  # fmt: skip
    for sent in tokens:
        response = trusting.post(f"/cds-services/{MARK}", json={}, headers=bearer(sent))
        refused(response)
        assert "Set-Cookie" not in response.headers
        assert MARK not in response.get_data(as_text=True) + str(response.headers)
    assert MARK not in caplog.text
    assert ISS in caplog.text


def test_a_refusal_tells_what_to_do_and_no_internals(trusting, caplog):
    response = trusting.get("/cds-services", headers=bearer(token(aud="https://other.example")))
    assert (
        refused(response)
        == "The token's aud must be this endpoint's URL, CDS_BASE_URL and the path, and no other."
    )
    assert response.headers["WWW-Authenticate"].startswith('Bearer realm="CDS Hooks"')
    assert "error=invalid_token" in response.headers["WWW-Authenticate"].replace('"', "")
    assert "401 hooks.discover: The token's aud must be" in caplog.text
    assert "From https://ehr.example.org." in caplog.text


def test_the_token_itself_is_in_no_log(trusting, caplog):
    caplog.set_level(logging.DEBUG)
    for signed in (token(), token(aud="x")):
        trusting.get("/cds-services", headers=bearer(signed))
        assert signed.split(".")[1] not in caplog.text
        assert signed.split(".")[2] not in caplog.text


def test_the_answer_when_used_tokens_cannot_be_noted(tmp_path, caplog):
    """No proof that a token is new, no entry: 503 and when to come back, never a 500 and never an answer."""
    client = service(tmp_path, replay_store=str(tmp_path / "no-such-folder" / "replay.sqlite3"))
    response = client.get("/cds-services", headers=bearer(token()))
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    [issue] = response.get_json()["issue"]
    assert issue["code"] == "transient"
    assert "no-such-folder" not in response.get_data(as_text=True)
    assert "no-such-folder" in caplog.text
