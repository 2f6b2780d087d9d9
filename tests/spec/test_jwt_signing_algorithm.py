"""CDS Hooks 3.0.0, "JWT Signing Algorithm"."""

from __future__ import annotations

from pathlib import Path

import jwt
import pytest

from cds_service.authored_yaml.source import AuthoringError
from tests.support.ehr import ISS, bearer, claims, jwk, jwks, refused, service, token


def test_jwts_shall_not_be_signed_with_none(tmp_path: Path) -> None:
    """JWTs SHALL NOT be signed using the ``none`` algorithm."""
    trusting = service(tmp_path)
    unsigned = jwt.encode(claims(), None, "none", headers={"kid": "key-1"})
    for sent in (unsigned, unsigned + "AAAA"):
        refused(trusting.get("/cds-services", headers=bearer(sent)))


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_jwts_shall_not_be_signed_with_a_symmetric_algorithm(tmp_path: Path, alg: str) -> None:
    """JWTs SHALL NOT be signed using any symmetric algorithm; no setting allows it."""
    signed = token(
        alg=alg,
        key="a secret that both sides know and that is long enough for SHA-512, which is 64 bytes",
    )
    assert "alg" in refused(service(tmp_path).get("/cds-services", headers=bearer(signed)))
    for forbidden in (alg, "none"):
        with pytest.raises(AuthoringError, match=f"no accepted algorithm '{forbidden}'"):
            service(tmp_path, {"iss": ISS, "jwks_file": "jwks.json", "algorithms": [forbidden]})


@pytest.mark.parametrize("alg", ["ES384", "RS384"])
def test_es384_and_rs384_are_recommended(tmp_path: Path, alg: str) -> None:
    """Both ES384 and RS384 are RECOMMENDED: accepted without any configuration."""
    (tmp_path / "own.json").write_text(jwks(jwk(alg)), "utf-8")
    trusting = service(tmp_path, {"iss": ISS, "jwks_file": "own.json"})
    assert trusting.get("/cds-services", headers=bearer(token(alg=alg))).status_code == 200


@pytest.mark.parametrize("alg", ["ES512", "RS512", "PS384", "PS512"])
def test_services_should_consider_the_algorithms_that_they_trust(tmp_path: Path, alg: str) -> None:
    """Stronger algorithms are accepted where the site lists them for the client, and only there."""
    (tmp_path / "own.json").write_text(jwks(jwk(alg)), "utf-8")
    entry = {"iss": ISS, "jwks_file": "own.json"}
    assert (
        service(tmp_path, {**entry, "algorithms": [alg]})
        .get("/cds-services", headers=bearer(token(alg=alg)))
        .status_code
        == 200
    )
    assert "alg" in refused(
        service(tmp_path, entry).get("/cds-services", headers=bearer(token(alg=alg)))
    )


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256"])
def test_weaker_algorithms_are_refused(tmp_path: Path, alg: str) -> None:
    """The service trusts nothing weaker than the two recommended algorithms, even where the client's set has such a key."""
    (tmp_path / "own.json").write_text(jwks(jwk(alg, "weak"), jwk("RS384")), "utf-8")
    trusting = service(tmp_path, {"iss": ISS, "jwks_file": "own.json"})
    assert "alg" in refused(
        trusting.get("/cds-services", headers=bearer(token(alg=alg, kid="weak")))
    )
