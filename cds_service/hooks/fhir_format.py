"""The form of FHIR answers (FHIR R4, "Content Types and encodings"): only JSON, and only of
R4."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Request

from .errors import FHIR_JSON, JSON, BadRequest

FORM = "application/x-www-form-urlencoded"
_ANY = ("*/*", "application/*")
_SHORT = ("json", "text/json")
_VERSIONS = ("4.0", "4.0.1")


def content_type(request: Request) -> str:
    """The content type of the answer to ``request``. ``_format`` overrides ``Accept``. Raises
    :class:`BadRequest` with 406."""
    wanted = request.args.get("_format", "")
    if not wanted and request.mimetype == FORM:
        wanted = request.form.get("_format", "")
    if wanted:
        # in a query, "+" is a space
        kind, version = _read(wanted.replace("fhir json", "fhir+json"))
        if kind in (FHIR_JSON, JSON, *_SHORT) and version in _VERSIONS:
            return FHIR_JSON
    elif found := next(_acceptable(request), ""):
        return found
    raise BadRequest(f"Answers are {FHIR_JSON} of FHIR 4.0.", code="not-supported", status=406)


def _acceptable(request: Request) -> Iterator[str]:
    """The accepted forms in which the service can answer, best first."""
    if not request.accept_mimetypes:
        yield FHIR_JSON
    for value, quality in request.accept_mimetypes:
        kind, version = _read(value)
        if quality > 0 and version in _VERSIONS:
            if kind in (FHIR_JSON, *_ANY):
                yield FHIR_JSON
            elif kind == JSON:
                yield JSON


def _read(media: str) -> tuple[str, str]:
    """A media type and the version of FHIR that it asks for."""
    kind, *parameters = (part.strip().lower() for part in media.split(";"))
    versions = [
        part.partition("=")[2].strip('" ') for part in parameters if part.startswith("fhirversion=")
    ]
    return kind, versions[0] if versions else _VERSIONS[0]


def is_strict(request: Request) -> bool:
    """Whether the client wants unknown parameters to be refused (``Prefer: handling=strict``)."""
    preferences = ",".join(request.headers.getlist("Prefer")).replace(";", ",").split(",")
    return "handling=strict" in (preference.strip().lower() for preference in preferences)
