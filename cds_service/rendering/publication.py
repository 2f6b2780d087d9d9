"""What every card of a deployment is rendered with: sources, override reasons,
links, order templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..fhir.terminology import BASE
from ..rules.card import Card
from . import answer
from .orders import OrderTemplate

TOPICS = f"{BASE}/CodeSystem/card-topic"
REASONS = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
APP = "The patient's picture: B12 and folate over time"


class Evidence(NamedTuple):
    """A source that cards cite. ``url`` is ``""`` if it has no page: a card then names it without a
    link."""

    title: str
    url: str


class FixedParts(NamedTuple):
    """The elements of a card that no call changes."""

    source: answer.Source
    override_reasons: tuple[answer.DisplayedCoding, ...]
    links: tuple[answer.Link, ...]


class Publication(NamedTuple):
    """What every card of a deployment is rendered with. ``fixed_parts``: by card id. ``intent``: of
    new orders."""

    parameter_set: str
    templates: Mapping[str, OrderTemplate]
    fixed_parts: Mapping[str, FixedParts]
    intent: str


def fixed_parts(
    card: Card,
    evidence: Mapping[str, Evidence],
    override_reasons: Mapping[str, str],
    launch_url: str = "",
) -> FixedParts:
    """The elements of a card that no call changes. ``launch_url``: of the SMART app, if any."""
    main = evidence[card.source]
    topic = answer.DisplayedCoding(system=TOPICS, code=card.id, display=card.title)
    app = [answer.Link(label=APP, url=launch_url, type="smart")] if launch_url else []
    pages = [
        answer.Link(label=page.title, url=page.url, type="absolute")
        for page in (evidence[key] for key in card.evidence)
        if page.url
    ]
    return FixedParts(
        answer.Source(label=main.title, url=main.url, topic=topic),
        tuple(
            answer.DisplayedCoding(code=code, system=REASONS, display=override_reasons[code])
            for code in card.override_reasons
        ),
        (*app, *pages),
    )
