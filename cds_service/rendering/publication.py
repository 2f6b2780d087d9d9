"""What every card of a deployment is rendered with: sources, override reasons,
links, order templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..fhir.terminology import BASE
from ..rules.card import Card
from .orders import OrderTemplate

TOPICS = f"{BASE}/CodeSystem/card-topic"
REASONS = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
APP = "The patient's picture: B12 and folate over time"


class Evidence(NamedTuple):
    """A source that cards cite. ``url`` is ``""`` where it has no page: the card then names it
    and links nothing."""

    title: str
    url: str


class Publication(NamedTuple):
    """What every card of a deployment is rendered with. ``fixed_parts`` by card id;
    ``intent`` of new orders."""

    parameter_set: str
    templates: Mapping[str, OrderTemplate]
    fixed_parts: Mapping[str, dict[str, Any]]
    intent: str


def fixed_parts(
    card: Card,
    evidence: Mapping[str, Evidence],
    override_reasons: Mapping[str, str],
    launch_url: str = "",
) -> dict[str, Any]:
    """The elements of a card that no call changes: source, override reasons and links.
    ``launch_url``: of the SMART app, if any."""
    main = evidence[card.source]
    topic = {"system": TOPICS, "code": card.id, "display": card.title}
    address = {"url": main.url} if main.url else {}
    parts: dict[str, Any] = {"source": {"label": main.title, **address, "topic": topic}}
    if card.override_reasons:
        parts["overrideReasons"] = [
            {"code": code, "system": REASONS, "display": override_reasons[code]}
            for code in card.override_reasons
        ]
    links = [{"label": APP, "url": launch_url, "type": "smart"}] if launch_url else []
    links += [
        {"label": page.title, "url": page.url, "type": "absolute"}
        for page in (evidence[key] for key in card.evidence)
        if page.url
    ]
    if links:
        parts["links"] = links
    return parts
