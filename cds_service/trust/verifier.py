"""Checks the token of a call: who is calling, and that the token is meant for this endpoint, valid
now and not used before.

Source: CDS Hooks 3.0.0, "Trusting CDS Clients" and "JWT Signing Algorithm". PyJWT verifies the
signature, ``iss``, ``aud``, ``exp``, ``nbf`` and ``iat``; this module checks the further
requirements of CDS Hooks. Reasons for a refusal quote nothing that the caller sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal, NamedTuple

import jwt
import msgspec

from .client_file import TrustedClient
from .key_sources import KeyFile, KeySource, KeyUrl
from .replay import ReplayStore, token_digest

LEEWAY_SECONDS = 30
LONGEST_TOKEN = 8192

_BEARER = re.compile(r"bearer +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+) *", re.IGNORECASE)
_FOREIGN_KEYS = frozenset({"jwk", "x5c", "x5u", "crit"})
_CLAIMS = ("iss", "aud", "exp", "iat", "jti")


class Untrusted(Exception):
    """A call is refused. ``why``: the reason, for the sender. ``iss``: the registered client that
    sent it, if known."""

    def __init__(self, why: str, iss: str = ""):
        self.why = why
        self.iss = iss
        super().__init__(why)


class Caller(NamedTuple):
    """The client that makes a call, and the organization on whose behalf it calls."""

    iss: str
    tenant: str | None


Seconds = Annotated[float, msgspec.Meta(ge=0)]
"""A time, in seconds since the epoch."""
Tenant = Annotated[str, msgspec.Meta(max_length=255, pattern=r"^[^\x00-\x1f\x7f\ud800-\udfff]*\Z")]
"""An organization. The store keeps it with the client's name, so it must be text that every
database can hold."""


class _Header(msgspec.Struct):
    alg: str
    kid: str
    typ: Literal["JWT"]
    jku: str | None = None


class _Claims(msgspec.Struct):
    iss: str
    aud: str | list[str]
    exp: Seconds
    iat: Seconds
    jti: str
    tenant: Tenant | None = None


class _Registration(NamedTuple):
    """A trusted client and its keys."""

    client: TrustedClient
    keys: KeySource


class TokenVerifier:
    """Verifies the tokens of the registered clients. ``lifetime``: the longest time allowed from
    ``iat`` to ``exp``, in seconds."""

    def __init__(self, clients: Iterable[TrustedClient], store: ReplayStore, lifetime: int):
        self._registered = {
            client.iss: _Registration(client, _key_source(client)) for client in clients
        }
        self._store = store
        self._lifetime = lifetime

    def check(self) -> list[str]:
        """Try the keys and the store; return remarks for the operator. Raises
        :class:`~.jwks.KeyProblem` or :class:`~.replay.StoreFailure`."""
        self._store.check()
        return [
            reason for registered in self._registered.values() for reason in registered.keys.check()
        ]

    def verify(self, authorization: str, url: str) -> Caller:
        """Identify the caller by the ``Authorization`` header of a call to the endpoint at ``url``.

        Raises :class:`Untrusted`, and :class:`~.replay.StoreFailure` if the store cannot decide
        whether the token is new.
        """
        token = _token(authorization)
        header, iss = _unverified(token)
        registered = self._registered.get(iss)
        if registered is None:
            raise Untrusted("The token's iss is not a trusted client.")
        try:
            claims = self._verified(token, header, registered, url)
        except Untrusted as refusal:
            raise Untrusted(refusal.why, iss) from None
        if not self._store.first_use(token_digest(iss, claims.jti), claims.exp + LEEWAY_SECONDS):
            raise Untrusted(
                "The token was used before; each call needs its own, with a new jti.", iss
            )
        return Caller(iss, claims.tenant)

    def _verified(
        self, token: str, header: _Header, registered: _Registration, url: str
    ) -> _Claims:
        client = registered.client
        if header.alg not in client.algorithms:
            raise Untrusted(
                "The token's alg is not accepted; this client signs with "
                f"{' or '.join(sorted(client.algorithms))}."
            )
        if header.jku is not None and header.jku != client.jku:
            raise Untrusted("The token's jku is not the one that was registered.")
        key = registered.keys.find(header.kid)
        if key is None:
            raise Untrusted("The token's kid is not in the client's JWK Set.")
        if header.alg not in key.algorithms:
            raise Untrusted("The token's alg does not fit the key of its kid.")
        claims = _checked_claims(_decoded(token, key.public, header.alg, client.iss, url))
        if claims.aud not in (url, [url]):
            raise Untrusted(
                "The token's aud must be this endpoint's URL, CDS_BASE_URL and the path, and no "
                "other."
            )
        if claims.exp < claims.iat:
            raise Untrusted("The token's exp is before its iat.")
        if claims.exp - claims.iat > self._lifetime:
            raise Untrusted(
                f"The token lives too long; exp may be at most {self._lifetime} s after iat."
            )
        if client.tenants and claims.tenant not in client.tenants:
            raise Untrusted("The token's tenant is not one of this client's.")
        return claims


def _key_source(client: TrustedClient) -> KeySource:
    if client.jwks_file:
        return KeyFile(client.jwks_file)
    assert client.jku
    return KeyUrl(client.jku)


def _token(authorization: str) -> str:
    if not authorization:
        raise Untrusted(
            "A token is needed: Authorization: Bearer and a JWT that the client signed."
        )
    # Two Authorization headers arrive joined by a comma, which the pattern does not match.
    match = _BEARER.fullmatch(authorization) if len(authorization) <= LONGEST_TOKEN else None
    if match is None:
        raise Untrusted(
            "The Authorization header must be Bearer and one signed JWT of at most "
            f"{LONGEST_TOKEN} characters."
        )
    return match[1]


def _unverified(token: str) -> tuple[_Header, str]:
    """The header and ``iss`` of a token, unverified: they serve only to find the key."""
    try:
        parts = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.InvalidTokenError, RecursionError):
        raise Untrusted("The token is not a JWT.") from None
    if _FOREIGN_KEYS & parts["header"].keys():
        raise Untrusted(f"The token's header must have none of {', '.join(sorted(_FOREIGN_KEYS))}.")
    try:
        header = msgspec.convert(parts["header"], _Header)
    except msgspec.ValidationError:
        raise Untrusted(
            "The token's header needs the texts alg, kid and typ, which is JWT."
        ) from None
    return header, _checked_claims(parts["payload"]).iss


def _checked_claims(payload: dict[str, Any]) -> _Claims:
    try:
        claims = msgspec.convert(payload, _Claims)
    except msgspec.ValidationError:
        claims = None
    if claims is None or not claims.jti:
        raise Untrusted(
            f"The token needs the claims {', '.join(_CLAIMS)}: texts and numbers as CDS Hooks "
            "defines them."
        )
    return claims


def _decoded(token: str, key: Any, algorithm: str, iss: str, url: str) -> dict[str, Any]:
    try:
        return jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            issuer=iss,
            audience=url,
            leeway=LEEWAY_SECONDS,
            options={"require": list(_CLAIMS)},
        )
    except jwt.ExpiredSignatureError:
        raise Untrusted("The token has expired.") from None
    except jwt.ImmatureSignatureError:
        raise Untrusted(
            "The token is from the future: its iat or nbf is later than this service's clock."
        ) from None
    except jwt.InvalidAudienceError:
        raise Untrusted(
            "The token's aud must be this endpoint's URL, CDS_BASE_URL and the path, and no other."
        ) from None
    except jwt.InvalidSignatureError:
        raise Untrusted("The token's signature is wrong.") from None
    except jwt.PyJWTError:
        raise Untrusted("The token is not valid.") from None
