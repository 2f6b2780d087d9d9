"""A refusal for people: the page in place of the OperationOutcome where a browser asked for one."""

from __future__ import annotations

from flask import Response, request

from .page import page


def shown_to_people(response: Response) -> Response:
    """``response``, or a page that says the same where it refuses what a browser asked for to show
    it. Clients of hooks post, and get JSON whatever they accept."""
    asked = request.method in ("GET", "HEAD") or request.blueprint == "workbench"
    accepted = request.accept_mimetypes
    prefers_page = accepted["text/html"] > accepted["application/json"]
    if response.status_code < 400 or not (response.is_json and asked and prefers_page):
        return response
    outcome = response.get_json()
    if outcome.get("resourceType") != "OperationOutcome":  # a state of health, say
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
