"""Shows refusals to people: browsers get a page in place of the OperationOutcome."""

from __future__ import annotations

from flask import Response, request

from .page import page


def shown_to_people(response: Response) -> Response:
    """Return ``response``; if it refuses a request by which a browser loads a page, return a page
    with the same text. Clients of hooks use POST and get JSON, whatever they accept; below the FHIR
    base every client gets FHIR's JSON."""
    asked = request.method in ("GET", "HEAD") or request.blueprint == "workbench"
    accepted = request.accept_mimetypes
    prefers_page = accepted["text/html"] > accepted["application/json"]
    is_json = response.mimetype == "application/json"
    if response.status_code < 400 or not (is_json and asked and prefers_page):
        return response
    outcome = response.get_json()
    if outcome.get("resourceType") != "OperationOutcome":  # for example, the health of the service
        return response
    (issue,) = outcome["issue"]
    shown = page(
        "refused",
        response.status_code,
        title=response.status.partition(" ")[2].capitalize(),
        why=issue["details"]["text"],
        more=issue.get("diagnostics", ""),
    )
    for name, value in response.headers.items():
        if name not in shown.headers:
            shown.headers[name] = value
    return shown
