"""Hook calls that let the service read the client's FHIR server."""

from __future__ import annotations

from typing import Any

from cds_service.facts.queries import QUERIES
from tests.support.clinic import client
from tests.support.fhir_builders import hook_request
from tests.support.fhir_server import TOKEN, FhirServer

QUERY_TYPES = sorted(query.resource_type for query in QUERIES.values())


def authorization(**more: Any) -> dict[str, Any]:
    """A token of five minutes that may read everything."""
    granted = {
        "access_token": TOKEN,
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "user/*.read",
        "subject": "b12-folate-cds",
    }
    return {key: value for key, value in {**granted, **more}.items() if value is not None}


def post(
    server: FhirServer | str,
    hook: str = "patient-view",
    prefetched: dict[str, Any] | None = None,
    *,
    settings: dict[str, Any] | None = None,
    granted: dict[str, Any] | None = None,
    **more: Any,
) -> Any:
    """The response to a hook call. ``granted``: changes of the token's terms.

    The budget is large, so that a busy machine does not decide; tests of time set their own.
    """
    url = server if isinstance(server, str) else server.url
    request = hook_request(
        hook, prefetched, fhirServer=url, fhirAuthorization=authorization(**(granted or {})), **more
    )
    return client(**{"fhir_budget": 30, "ehr": "generic", **(settings or {})}).post(
        f"/cds-services/b12-folate-{hook}", json=request
    )


def cards_of(response: Any) -> list[dict[str, Any]]:
    """The cards of an answer that is 200."""
    assert response.status_code == 200, response.get_data(as_text=True)
    found: list[dict[str, Any]] = response.get_json()["cards"]
    return found


def ids_of(response: Any) -> list[str]:
    """The ids of the cards of an answer that is 200."""
    return [card["source"]["topic"]["code"] for card in cards_of(response)]


def treatment_is_unknown(response: Any) -> bool:
    """Whether the card of the untreated deficiency says that it is not known whether B12 treatment is under way."""
    (card,) = cards_of(response)
    assert card["source"]["topic"]["code"].startswith("b12-deficiency")
    return "B12 treatment under way" in card["detail"].partition("Not known:")[2]
