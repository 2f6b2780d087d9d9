"""The answer to a hook call, element by element (CDS Hooks 3.0.0, "CDS Service Response").

Its JSON, the OpenAPI description and the records of the store all derive from these structures.
Members that a card does not have are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from ..rules.card import INDICATORS
from ..rules.card_texts import SUMMARY_LIMIT
from .shown import MOST_CARDS

Text = Annotated[str, Meta(min_length=1)]
Uuid = Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
Url = Annotated[str, Meta(extra_json_schema={"format": "uri"})]
Summary = Annotated[str, Meta(min_length=1, max_length=SUMMARY_LIMIT - 1)]
Markdown = Annotated[str, Meta(description="GitHub Flavored Markdown without HTML.")]
Indicator = Annotated[str, Meta(extra_json_schema={"enum": list(INDICATORS)})]
Resource = Annotated[dict[str, Any], Meta(extra_json_schema={"required": ["resourceType"]})]
ResourceId = Annotated[str, Meta(extra_json_schema={"pattern": "^[A-Za-z]+/[^/]+$"})]


class _Element(Struct, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """An element of an answer. Empty members are left out."""


class DisplayedCoding(_Element):
    """A Coding: the topic of a card, or a reason to override it."""

    system: Url
    code: Text
    display: Text


class Source(_Element, kw_only=True):
    """The main source of a card. ``url`` is empty if the source has no page."""

    label: Text
    url: Url = ""
    topic: DisplayedCoding


class Link(_Element):
    """A link to a page or a SMART app."""

    label: Text
    url: Url
    type: Literal["absolute", "smart"]


class Create(_Element, tag_field="type", tag="create"):
    """An order to create."""

    description: Text
    resource: Resource


class Delete(_Element, tag_field="type", tag="delete"):
    """A draft to delete. ``resourceId``: ``MedicationRequest/id``."""

    description: Text
    resourceId: ResourceId


class Suggestion(_Element, kw_only=True):
    """Orders to create and drafts to delete, accepted together."""

    label: Text
    uuid: Uuid
    isRecommended: Annotated[bool, Meta(extra_json_schema={"const": True})] = False
    actions: Annotated[Sequence[Create | Delete], Meta(min_length=1)]

    @property
    def creates(self) -> list[Create]:
        """The orders that the suggestion creates."""
        return [action for action in self.actions if isinstance(action, Create)]

    @property
    def deletes(self) -> list[Delete]:
        """The drafts that the suggestion deletes."""
        return [action for action in self.actions if isinstance(action, Delete)]


class Card(_Element):
    """A card."""

    uuid: Uuid
    summary: Summary
    indicator: Indicator
    detail: Markdown
    source: Source
    overrideReasons: Annotated[Sequence[DisplayedCoding], Meta(min_length=1)] = ()
    links: Annotated[Sequence[Link], Meta(min_length=1)] = ()
    suggestions: Annotated[Sequence[Suggestion], Meta(min_length=1)] = ()
    selectionBehavior: Annotated[str, Meta(extra_json_schema={"enum": ["at-most-one"]})] = ""


class CdsResponse(Struct, forbid_unknown_fields=True):
    """The cards for a call, most urgent first."""

    cards: Annotated[Sequence[Card], Meta(max_length=MOST_CARDS)]
