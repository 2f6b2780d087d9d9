"""CDS Hooks 3.0.0, "Trusting CDS Clients"."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from cds_service.config import Settings
from cds_service.trust.start import UnsafeSettings, token_verifier
from tests.support.ehr import (
    BASE,
    DISCOVERY,
    ISS,
    PATIENT_VIEW,
    bearer,
    jwk,
    jwks,
    jwks_server,
    private_key,
    refused,
    service,
    token,
)
from tests.support.fhir_builders import hook_request, prefetch

REQUEST = hook_request("patient-view", prefetch())
HOOK = "/cds-services/b12-folate-patient-view"

EXAMPLE_JWK = {
    "kty": "EC", "use": "sig", "crv": "P-384", "kid": "example-kid", "alg": "ES384",
    "x": "46SDH7Znh821wblCBglA61sNE9ZrHYKKt3qRtRTmSXyOI_FIGBLWrWa0GPUkDCEk",
    "y": "XMcRuuoGW7CXjQdy-F5i3FeBE0x9hPLdeFdSoDd3ELmx404tLX0VRRcqzAsPhXcI",
}  # fmt: skip
EXAMPLE_TOKEN = (
    "eyJhbGciOiJFUzM4NCIsInR5cCI6IkpXVCIsImtpZCI6ImV4YW1wbGUta2lkIiwiamt1IjoiaHR0cHM6Ly9maGlyLWVoci5leGFtcGxlLmNvbS9qd2tfdXJpIn0."
    "eyJpc3MiOiJodHRwczovL2ZoaXItZWhyLmV4YW1wbGUuY29tLyIsImF1ZCI6Imh0dHBzOi8vY2RzLmV4YW1wbGUub3JnL2Nkcy1zZXJ2aWNlcy9zb21lLXNlcnZpY2Ui"
    "LCJleHAiOjE0MjI1Njg4NjAsImlhdCI6MTMxMTI4MDk3MCwianRpIjoiZWUyMmIwMjEtZTFiNy00NjExLWJhNWItOGVlYzZhMzNhYzFlIiwidGVuYW50IjoiMmRkZDZj"
    "M2EtOGU5YS00NGM2LWEzMDUtNTIxMTFhZDMwMmEyIn0."
    "d1WfLjGRKlcWB94l9do4cM8REXeYJLL6SGUBO8VHZhfM8mwKYP70EMxJ67War4TQblEpaQrp11wx5p7oPFm2ETYgCicS84vXWEIYTdjooZdooCSDf2L8-i4awdoUwiEb"
)


@pytest.fixture
def trusting(tmp_path: Path) -> FlaskClient:
    """The service with one trusted client and a protected discovery."""
    return service(tmp_path)


def test_a_service_should_require_authentication_if_it_risks_exposing_data() -> None:
    """CDS Services SHOULD require authentication: open to other machines, the service does not start without trusted clients."""
    with pytest.raises(UnsafeSettings, match="CDS_CLIENTS"):
        token_verifier(Settings(host="0.0.0.0"))


def test_a_request_shall_include_an_authorization_header_with_the_jwt_as_a_bearer_token(
    trusting: FlaskClient,
) -> None:
    """The request SHALL include ``Authorization: Bearer {{JWT}}``: with it 200, without it 401 and what is asked for."""
    assert trusting.post(HOOK, json=REQUEST, headers=bearer(token(PATIENT_VIEW))).status_code == 200
    response = trusting.post(HOOK, json=REQUEST)
    assert "token is needed" in refused(response)
    assert "error" not in response.headers["WWW-Authenticate"]


ARGUMENTS = {
    "<service_id>": "b12-folate-patient-view",
    "<type_name>": "ValueSet",
    "<resource_id>": "mcv",
    "<card_id>": "b12-duplicate",
}


def test_every_single_call_is_authenticated(trusting: FlaskClient) -> None:
    """Every call, "whether that be a Discovery call, a single CDS Service invocation, or multiple exchanges": each endpoint."""
    rules = list(trusting.application.url_map.iter_rules())
    assert {"/cds-services", "/cds-services/<service_id>"} <= {rule.rule for rule in rules}
    for rule in rules:
        path = rule.rule
        if path in ("/healthz", "/readyz"):
            continue  # no part of CDS Hooks, and nothing of a patient: what looks after the process has no key
        for argument, value in ARGUMENTS.items():
            path = path.replace(argument, value)
        assert "<" not in path, "give this argument a value here"
        for method in (rule.methods or set()) - {"OPTIONS"}:
            response = trusting.open(
                path, method=method, json=REQUEST if method == "POST" else None
            )
            assert response.status_code == 401, (method, path)
    assert trusting.get("/cds-services", headers=bearer(token(DISCOVERY))).status_code == 200


def test_discovery_may_be_public(tmp_path: Path) -> None:
    """Discovery holds no patient's data: by default it needs no token, and the services do."""
    public = service(tmp_path, discovery="public")
    assert public.get("/cds-services").status_code == 200
    refused(public.post(HOOK, json=REQUEST))


def test_the_client_shall_sign_with_its_private_key(trusting: FlaskClient) -> None:
    """The CDS Client SHALL use its private key to digitally sign the JWT: another key's signature is refused."""
    assert "signature" in refused(
        trusting.get("/cds-services", headers=bearer(token(key=private_key("ES384", "another"))))
    )


@pytest.mark.parametrize("header", [{"kid": None}, {"typ": None}, {"typ": "JWS"}, {"kid": ""}])
def test_the_header_has_the_required_fields(
    trusting: FlaskClient, header: dict[str, str | None]
) -> None:
    """JWT header: ``alg``, ``kid`` and ``typ`` are REQUIRED, and ``typ`` is ``JWT``."""
    kid = header.get("kid", "key-1")
    signed = token(
        kid=kid,
        key=private_key(),
        header={name: value for name, value in header.items() if name != "kid"},
    )
    refused(trusting.get("/cds-services", headers=bearer(signed)))


def test_a_kid_shall_be_unique_within_the_jwk_set(tmp_path: Path) -> None:
    """``kid`` SHALL be unique within the JWK Set: a set where it is not stops the start."""
    (tmp_path / "two.json").write_text(jwks(jwk(), jwk("RS384", "key-1")), "utf-8")
    service(tmp_path, {"iss": ISS, "jwks_file": "two.json"})
    verifier = token_verifier(
        Settings(
            clients=str(tmp_path / "clients.yaml"),
            base_url=BASE,
            replay_store=str(tmp_path / "replay"),
        )
    )
    assert verifier
    with pytest.raises(ValueError, match="two keys have the kid"):
        verifier.check()


@pytest.mark.parametrize("claim", ["iss", "aud", "exp", "iat", "jti"])
def test_the_payload_has_the_required_claims(trusting: FlaskClient, claim: str) -> None:
    """JWT payload: ``iss``, ``aud``, ``exp``, ``iat`` and ``jti`` are REQUIRED."""
    assert claim in refused(trusting.get("/cds-services", headers=bearer(token(**{claim: None}))))


def test_iss_is_the_uri_of_a_trusted_issuer(trusting: FlaskClient) -> None:
    """CDS Services SHOULD limit the clients they trust by an allowlist of ``iss``: another is refused, and so is a near miss."""
    for iss in ("https://elsewhere.example.org", ISS + "/", ISS.upper(), ISS + ".evil.example"):
        assert "iss" in refused(trusting.get("/cds-services", headers=bearer(token(iss=iss)))), iss


def test_a_token_has_a_limited_time(trusting: FlaskClient) -> None:
    """``exp``: after it the token is refused; ``iat``: a token from the future too."""
    now = 1_000_000_000
    assert "expired" in refused(
        trusting.get("/cds-services", headers=bearer(token(iat=now, exp=now + 300)))
    )
    assert "future" in refused(
        trusting.get("/cds-services", headers=bearer(token(iat=now * 4, exp=now * 4 + 300)))
    )


def test_a_jti_protects_against_replay(trusting: FlaskClient) -> None:
    """``jti``: "used to protect against replay attacks": the same token twice is refused, and another with the same ``jti``."""
    signed = token(jti="once")
    assert trusting.get("/cds-services", headers=bearer(signed)).status_code == 200
    assert "used before" in refused(trusting.get("/cds-services", headers=bearer(signed)))
    assert "used before" in refused(
        trusting.get("/cds-services", headers=bearer(token(jti="once")))
    )


def test_a_tenant_may_be_named(tmp_path: Path) -> None:
    """``tenant`` is OPTIONAL; where a site lists tenants, the token names one of them."""
    (tmp_path / "jwks.json").write_text(jwks(), "utf-8")
    any_tenant = service(tmp_path, {"iss": ISS, "jwks_file": "jwks.json"})
    for signed in (token(), token(tenant="anyone")):
        assert any_tenant.get("/cds-services", headers=bearer(signed)).status_code == 200
    listed = service(
        tmp_path, {"iss": ISS, "jwks_file": "jwks.json", "tenants": ["north", "south"]}
    )
    assert listed.get("/cds-services", headers=bearer(token(tenant="south"))).status_code == 200
    for signed in (token(), token(tenant="west")):
        assert "tenant" in refused(listed.get("/cds-services", headers=bearer(signed)))


@pytest.mark.parametrize("form", [lambda url: url, lambda url: [url]])
def test_aud_shall_be_the_url_of_the_endpoint(trusting: FlaskClient, form) -> None:  # type: ignore[no-untyped-def]
    """``aud`` SHALL be the URL of the CDS Service endpoint being invoked, as a string or an array of it."""
    assert (
        trusting.get("/cds-services", headers=bearer(token(aud=form(DISCOVERY)))).status_code == 200
    )
    assert (
        trusting.post(HOOK, json=REQUEST, headers=bearer(token(aud=form(PATIENT_VIEW)))).status_code
        == 200
    )
    for other in (
        BASE,
        DISCOVERY,
        DISCOVERY + "/",
        PATIENT_VIEW + "/feedback",
        PATIENT_VIEW.upper(),
    ):
        assert "aud" in refused(
            trusting.post(HOOK, json=REQUEST, headers=bearer(token(aud=form(other))))
        ), other


def test_aud_is_compared_with_the_public_base_url(tmp_path: Path) -> None:
    """The endpoint is ``{baseUrl}/cds-services/{id}``; behind a proxy, the base URL is the one that the site publishes."""
    behind = service(tmp_path, base_url="https://hospital.example.org/b12/")
    assert (
        behind.get(
            "/cds-services",
            headers=bearer(token(aud="https://hospital.example.org/b12/cds-services")),
        ).status_code
        == 200
    )
    refused(behind.get("/cds-services", headers=bearer(token(aud="http://localhost/cds-services"))))


def test_the_kid_identifies_the_key_in_the_jwk_set(tmp_path: Path) -> None:
    """The ``kid`` "allows a CDS Service to identify the correct JWK": each of several keys verifies its own tokens alone."""
    (tmp_path / "several.json").write_text(
        jwks(jwk(kid="a"), jwk(kid="b"), jwk("RS384", kid="c")), "utf-8"
    )
    several = service(tmp_path, {"iss": ISS, "jwks_file": "several.json"})
    for alg, kid in (("ES384", "a"), ("ES384", "b"), ("RS384", "c")):
        assert (
            several.get("/cds-services", headers=bearer(token(alg=alg, kid=kid))).status_code == 200
        )
    assert "signature" in refused(
        several.get("/cds-services", headers=bearer(token(kid="a", key=private_key("ES384", "b"))))
    )
    assert "kid" in refused(several.get("/cds-services", headers=bearer(token(kid="d"))))


def test_the_client_should_make_its_jwk_set_available_at_a_jku(tmp_path: Path) -> None:
    """The JWK Set at the ``jku`` that is allow-listed is read, whether or not the token names it."""
    with jwks_server() as published:
        remote = service(tmp_path, {"iss": ISS, "jku": published.url})
        assert (
            remote.get(
                "/cds-services", headers=bearer(token(header={"jku": published.url}))
            ).status_code
            == 200
        )
        assert remote.get("/cds-services", headers=bearer(token())).status_code == 200
        assert published.asked == ["/jwks.json"]


def test_a_jku_that_is_not_listed_is_refused(tmp_path: Path) -> None:
    """CDS Services SHOULD maintain an allowlist of ``jku`` URLs: another is refused and never asked."""
    with jwks_server() as published, jwks_server() as attacker:
        remote = service(tmp_path, {"iss": ISS, "jku": published.url})
        assert "jku" in refused(
            remote.get("/cds-services", headers=bearer(token(header={"jku": attacker.url})))
        )
        assert attacker.asked == []


def test_without_a_jku_the_jwk_set_shall_be_communicated_out_of_band(trusting: FlaskClient) -> None:
    """If ``jku`` is omitted, client and service SHALL communicate the JWK Set out-of-band: here in a file."""
    assert trusting.get("/cds-services", headers=bearer(token())).status_code == 200


def test_the_example_of_the_specification_is_read(tmp_path: Path) -> None:
    """Example: its signature is verified with its key; what is left to refuse is that it expired in 2015."""
    (tmp_path / "example.json").write_text(jwks(EXAMPLE_JWK), "utf-8")
    entry = {
        "iss": "https://fhir-ehr.example.com/",
        "jwks_file": "example.json",
        "jku": "https://fhir-ehr.example.com/jwk_uri",
    }
    example = service(tmp_path, entry)
    assert "expired" in refused(
        example.post("/cds-services/some-service", headers=bearer(EXAMPLE_TOKEN))
    )
    other_signature = EXAMPLE_TOKEN[:-8] + "AAAAAAAA"
    assert "signature" in refused(
        example.post("/cds-services/some-service", headers=bearer(other_signature))
    )
