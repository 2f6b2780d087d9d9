"""Which keys of a JWK Set are used: public ones for signatures, of the accepted kinds and sizes."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from cds_service.trust.jwks import KeyProblem, read_jwks
from tests.support.ehr import jwk, jwks, private_key

RSA_ALGORITHMS = {"RS384", "RS512", "PS384", "PS512"}


def _read(*keys):
    return read_jwks(jwks(*keys).encode())


@pytest.mark.parametrize(
    ("key", "algorithms"),
    [
        (jwk("ES384"), {"ES384"}),
        (jwk("ES512"), {"ES512"}),
        (jwk("RS384"), RSA_ALGORITHMS),
        (jwk("RS384") | {"alg": "PS512"}, {"PS512"}),
        (jwk("ES384") | {"key_ops": ["verify"]}, {"ES384"}),
        ({name: value for name, value in jwk("ES384").items() if name != "use"}, {"ES384"}),
    ],
)
def test_a_key_verifies_what_fits_it(key, algorithms):
    found = _read(key)
    assert found.keys["key-1"].algorithms == algorithms
    assert found.passed_over == ()


UNFIT = {
    "for encryption": (jwk(use="enc"), "not for signatures"),
    "for signing": (jwk() | {"key_ops": ["sign"]}, "not for signatures"),
    "operations no list": (jwk() | {"key_ops": 5}, "not for signatures"),
    "without a kid": ({name: value for name, value in jwk().items() if name != "kid"}, "no kid"),
    "kid a number": (jwk() | {"kid": 1}, "no kid"),
    "symmetric": ({"kty": "oct", "k": "c2VjcmV0", "kid": "x"}, "neither EC nor RSA"),
    "Ed25519": (OKPAlgorithm.to_jwk(ed25519.Ed25519PrivateKey.generate().public_key(), as_dict=True) | {"kid": "x"}, "neither EC nor RSA"),
    "private EC": (ECAlgorithm.to_jwk(private_key(), as_dict=True) | {"kid": "x"} | {"key_ops": ["verify"]}, "private key"),
    "private RSA": (RSAAlgorithm.to_jwk(private_key("RS384"), as_dict=True) | {"kid": "x"} | {"key_ops": ["verify"]}, "private key"),
    "P-256": (jwk("ES256"), "for none of"),
    "secp256k1": (jwk("ES384", key=ec.generate_private_key(ec.SECP256K1())), "for none of"),
    "RSA of 1024 bits": (jwk("RS384", key=rsa.generate_private_key(65537, 1024)), "fewer than 2048 bits"),
    "alg of another kind": (jwk("RS384") | {"alg": "ES384"}, "for none of"),
    "alg weak": (jwk("RS384") | {"alg": "RS256"}, "for none of"),
    "alg symmetric": (jwk("ES384") | {"alg": "HS256"}, "for none of"),
    "point not on the curve": (jwk() | {"x": jwk()["y"], "y": jwk()["x"]}, "cannot be read"),
    "no coordinates": ({"kty": "EC", "crv": "P-384", "kid": "x"}, "cannot be read"),
    "numbers for coordinates": (jwk() | {"x": 1, "y": 2}, "cannot be read"),
    "no object": ("key", "not an object"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNFIT)
def test_a_key_that_is_unfit_is_passed_over_and_told(name):
    """One foreign key in a client's set must not lock the client out; the operator hears of it."""
    key, why = UNFIT[name]
    found = _read(key, jwk(kid="good"))
    assert set(found.keys) == {"good"}
    (reason,) = found.passed_over
    assert reason.startswith("key 1 ") and why in reason
    with pytest.raises(KeyProblem, match="no usable key; key 1"):
        _read(key)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "null",
        "{",
        '{"keys": {}}',
        '{"keys": "x"}',
        '{"key": []}',
        "[" * 100_000,
        '{"keys": []}',
        "\xff",
    ],
)
def test_what_is_no_jwk_set(content):
    with pytest.raises(KeyProblem):
        read_jwks(content.encode("latin-1"))


def test_two_keys_of_one_kid():
    with pytest.raises(KeyProblem, match="two keys have the kid of key 2"):
        _read(jwk(), jwk(key=private_key("ES384", "another")))


def test_an_unfit_key_may_share_a_kid():
    """Sets often name the key for encryption as that for signatures."""
    assert set(_read(jwk(), jwk("RS384", "key-1", use="enc")).keys) == {"key-1"}


def test_reasons_show_no_key_material():
    with pytest.raises(KeyProblem) as told:
        _read(UNFIT["private EC"][0])
    assert json.loads(jwks(UNFIT["private EC"][0]))["keys"][0]["d"] not in str(told.value)
