"""Why a FHIR server did not answer, in words that help an engineer and contain no patient data."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from urllib3.exceptions import NameResolutionError, NewConnectionError, SSLError, TimeoutError

OUT_OF_TIME = "no answer within CDS_FHIR_BUDGET"
ELSEWHERE = (
    "a link of the server names another host; what is there at fhirServer states no total, so that "
    "it may not be all"
)
EXPIRED = "the access token has expired (fhirAuthorization.expires_in)"
STATUSES = {
    400: "the server refuses the query (status 400)",
    401: "the server refuses the access token (status 401)",
    403: "the access token may not read this (status 403): a scope or a permission is missing",
    404: "the server has no such list or resource (status 404)",
    410: (
        "the server says that it is gone (status 410): a page that expired, or a resource that was "
        "deleted"
    ),
    429: "the server has received too many requests (status 429)",
}


def retry_seconds(retry_after: str) -> float | None:
    """The seconds that a Retry-After asks for, as a number or a date (RFC 9110, section 10.2.3);
    ``None`` if it cannot be read."""
    if retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 10:
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except (ValueError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)


def told_failure(error: Exception) -> str:
    """The kind of a failure, for an engineer. Its message is left out, because it contains the URL,
    and the URL identifies the patient."""
    causes: list[Any] = [error, *error.args]
    causes += [getattr(cause, "reason", None) for cause in list(causes)]
    for kind, told in (
        (NameResolutionError, "the host of the server has no address"),
        (
            SSLError,
            "the certificate of the server is not trusted, or TLS fails (CDS_FHIR_CA_BUNDLE)",
        ),
        (
            NewConnectionError,
            "no address of the server that may be connected to answers (CDS_FHIR_NETWORKS)",
        ),
        (TimeoutError, OUT_OF_TIME),
    ):
        if any(isinstance(cause, kind) for cause in causes):
            return told
    return f"the connection or the answer is broken ({type(error).__name__})"
