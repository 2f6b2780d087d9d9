"""Reads from a JWK Set the keys that may verify a client's signature (RFC 7517; CDS Hooks 3.0.0,
"Trusting CDS Clients")."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWTError
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

RECOMMENDED = ("ES384", "RS384")
ALGORITHMS = (*RECOMMENDED, "ES512", "RS512", "PS384", "PS512")
"""The algorithms that a client may sign with: the two that CDS Hooks recommends, and stronger
ones. All are asymmetric."""

_READERS: dict[str, type[ECAlgorithm] | type[RSAAlgorithm]] = {
    "EC": ECAlgorithm,
    "RSA": RSAAlgorithm,
}
_BY_CURVE = {"secp384r1": frozenset({"ES384"}), "secp521r1": frozenset({"ES512"})}
_RSA = frozenset(name for name in ALGORITHMS if not name.startswith("ES"))
_SHORTEST_RSA = 2048  # bits; RFC 7518, sections 3.3 and 3.5


class KeyProblem(ValueError):
    """A JWK Set or one of its keys cannot be used. The message tells the operator why."""


class Key(NamedTuple):
    """A public key and the algorithms that it may verify."""

    public: EllipticCurvePublicKey | RSAPublicKey
    algorithms: frozenset[str]


class KeySet(NamedTuple):
    """The usable keys of a JWK Set by ``kid``, and for each other key the reason why it is not
    usable."""

    keys: dict[str, Key]
    passed_over: tuple[str, ...]


def read_jwks(content: bytes) -> KeySet:
    """Read the keys of a JWK Set. Raises :class:`KeyProblem` if none is usable or two share a
    ``kid``."""
    try:
        listed = json.loads(content)["keys"]
    except (ValueError, KeyError, TypeError, RecursionError):
        listed = None
    if not isinstance(listed, list):
        raise KeyProblem("it is not a JWK Set, an object with an array 'keys'")
    keys: dict[str, Key] = {}
    passed_over = []
    for number, jwk in enumerate(listed, 1):
        try:
            kid, key = _read_key(jwk)
        except KeyProblem as problem:
            passed_over.append(f"key {number} {problem}")
            continue
        if kid in keys:
            raise KeyProblem(f"two keys have the kid of key {number}")
        keys[kid] = key
    if not keys:
        raise KeyProblem("it has no usable key" + "".join(f"; {reason}" for reason in passed_over))
    return KeySet(keys, tuple(passed_over))


def _read_key(jwk: Any) -> tuple[str, Key]:
    if not isinstance(jwk, dict):
        raise KeyProblem("is not an object")
    kid, reader, operations = (
        jwk.get("kid"),
        _READERS.get(str(jwk.get("kty"))),
        jwk.get("key_ops", ["verify"]),
    )
    if not isinstance(kid, str) or not kid:
        raise KeyProblem("has no kid")
    if (
        jwk.get("use", "sig") != "sig"
        or not isinstance(operations, list)
        or "verify" not in operations
    ):
        raise KeyProblem("is not for signatures")
    if reader is None:
        raise KeyProblem("is neither EC nor RSA")
    if "d" in jwk:
        raise KeyProblem(
            "is a private key: it is no longer secret, so replace it and publish public keys only"
        )
    try:
        public = reader.from_jwk(jwk)
    except (PyJWTError, ValueError, TypeError, KeyError):
        raise KeyProblem("cannot be read") from None
    if isinstance(public, EllipticCurvePublicKey):
        algorithms = _BY_CURVE.get(public.curve.name, frozenset())
    elif isinstance(public, RSAPublicKey) and public.key_size >= _SHORTEST_RSA:
        algorithms = _RSA
    else:
        raise KeyProblem(f"has fewer than {_SHORTEST_RSA} bits")
    if "alg" in jwk:
        algorithms = algorithms & {str(jwk["alg"])}
    if not algorithms:
        raise KeyProblem(f"is for none of {', '.join(ALGORITHMS)}")
    return kid, Key(public, algorithms)
