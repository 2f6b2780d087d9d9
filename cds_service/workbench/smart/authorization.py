"""Gets access from an EHR: reads its authorization endpoints, exchanges the code for a token, and
verifies who issued the token.

Sources: SMART App Launch 2.2.0 ("Launch App: EHR Launch", "Conformance"), PKCE (RFC 7636), OpenID
Connect Core 1.0 (3.1.3.7), RFC 9207.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import msgspec
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client.oauth2_session import OAuth2ClientAuth
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from ...fhir_server.named_servers import NamedServers, NoAnswer
from .refusal import ehr_unusable, not_granted, untrusted
from .sealed import Launch

CONFIGURATION = ".well-known/smart-configuration"
# Only asymmetric algorithms: with the others, anyone who knows the shared secret could sign.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
LEEWAY_SECONDS = 30
_PKCE = "S256"
_Url = Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]
_Filled = Annotated[str, msgspec.Meta(min_length=1, max_length=16_384)]


class Configuration(msgspec.Struct):
    """The part of a FHIR server's authorization metadata that a launch needs."""

    authorization_endpoint: _Url
    token_endpoint: _Url
    issuer: _Url
    jwks_uri: _Url
    code_challenge_methods_supported: list[str]


class Access(msgspec.Struct):
    """An EHR's token response: the access token, its patient, and the id_token that proves who
    issued it. Its ``repr`` is empty, so that no token gets into a log."""

    access_token: _Filled
    token_type: _Filled
    id_token: _Filled
    patient: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9.-]{1,64}\Z")]
    scope: str | None = None
    expires_in: int | None = None

    def __repr__(self) -> str:
        return "Access()"


class App(NamedTuple):
    """This service as registered with the EHR. ``secret``: ``""`` for a public client. ``scope``:
    the scopes to request."""

    client_id: str
    secret: str
    redirect_uri: str
    scope: str

    def client(self, servers: NamedServers) -> OAuth2Client:
        """The OAuth client, which sends its requests through ``servers``."""
        client = OAuth2Client(
            servers,
            self.client_id,
            self.secret or None,
            scope=self.scope,
            redirect_uri=self.redirect_uri,
            code_challenge_method=_PKCE,
        )
        client.client_auth_class = OAuth2ClientAuth
        return client


def configuration(servers: NamedServers, iss: str) -> Configuration:
    """Read the authorization metadata of the FHIR server at ``iss``. Raises
    :class:`LaunchRefused`."""
    try:
        found = msgspec.convert(servers.get(f"{iss.rstrip('/')}/{CONFIGURATION}"), Configuration)
    except NoAnswer as error:
        raise ehr_unusable(f"its {CONFIGURATION}: {error}") from None
    except msgspec.ValidationError:
        raise ehr_unusable(
            f"its {CONFIGURATION} lacks one of {', '.join(Configuration.__struct_fields__)}"
        ) from None
    if _PKCE not in found.code_challenge_methods_supported:
        raise ehr_unusable(f"it does not support PKCE with {_PKCE}")
    if not all(
        map(servers.names, (found.authorization_endpoint, found.token_endpoint, found.jwks_uri))
    ):
        raise ehr_unusable("one of its authorization endpoints is not a URL with TLS")
    return found


def authorization_url(
    app: App, servers: NamedServers, found: Configuration, begun: Launch, launch: str
) -> str:
    """The URL at which the browser asks the EHR for access. ``launch``: the EHR's launch
    parameter."""
    url, _ = app.client(servers).create_authorization_url(
        found.authorization_endpoint,
        state=begun.state,
        code_verifier=begun.verifier,
        nonce=begun.nonce,
        aud=begun.iss,
        launch=launch,
    )
    return str(url)


def access(
    app: App, servers: NamedServers, found: Configuration, begun: Launch, code: str, now: float
) -> Access:
    """Exchange ``code`` for access, and verify that the EHR issued the token. Raises
    :class:`LaunchRefused`."""
    try:
        token = app.client(servers).fetch_token(
            found.token_endpoint,
            grant_type="authorization_code",
            code=code,
            code_verifier=begun.verifier,
        )
        granted = msgspec.convert(dict(token), Access, strict=False)
    except NoAnswer as error:
        raise not_granted(f"its token endpoint: {error}") from None
    except msgspec.ValidationError:
        raise not_granted(
            "the token response lacks access_token, token_type, id_token or patient, or has one "
            "in the wrong form"
        ) from None
    except (AuthlibBaseError, ValueError, TypeError, OverflowError):
        raise not_granted(
            "its token endpoint refuses the code, or answers in the wrong form"
        ) from None
    _verify(granted, app, found, begun, _keys(servers, found), now)
    return granted


def _keys(servers: NamedServers, found: Configuration) -> KeySet:
    try:
        # import_key_set checks the content itself.
        return KeySet.import_key_set(servers.get(found.jwks_uri))  # type: ignore[arg-type]
    except NoAnswer as error:
        raise untrusted(f"its JWK Set: {error}") from None
    except (JoseError, ValueError, KeyError, TypeError, AttributeError):
        raise untrusted("its JWK Set cannot be read") from None


def _verify(
    granted: Access, app: App, found: Configuration, begun: Launch, keys: KeySet, now: float
) -> None:
    """Verify that the id_token is from the EHR, meant for this app and this launch, and valid now.
    Raises :class:`LaunchRefused`."""
    options: Any = {
        "iss": {"essential": True, "value": found.issuer},
        "aud": {"essential": True, "value": app.client_id},
    }
    expected = {
        "nonce": begun.nonce,
        "client_id": app.client_id,
        "access_token": granted.access_token,
    }
    try:
        token = jwt.decode(granted.id_token, keys, ALGORITHMS)
        CodeIDToken(token.claims, token.header, options, expected).validate(
            int(now), LEEWAY_SECONDS
        )
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise untrusted(f"its id_token: {_told(error)}") from None


def _told(error: Exception) -> str:
    """The kind of a failure and the name of the claim, without any content of the token."""
    claim = getattr(error, "claim", None)
    return (
        f"{type(error).__name__}{f' ({claim})' if claim in CodeIDToken.REGISTERED_CLAIMS else ''}"
    )
