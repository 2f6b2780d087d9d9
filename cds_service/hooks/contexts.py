"""The context of each hook, as HL7's library of hooks defines it. The types check it; their errors
name the element.

Elements that a hook requires but a known client omits (``selections``, ``draftOrders``) may be
missing here.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Raw, Struct, field

Text = Annotated[str, Meta(min_length=1)]
# With a slash it would be a reference ("Patient/1"), which equals no id of a resource. The id is
# repeated in every order: ids of FHIR R4 have 64 characters at most, and some servers exceed that.
Id = Annotated[str, Meta(pattern=r"\A[^/]+\Z", max_length=256)]


class HookContext(Struct, kw_only=True):
    """The elements that are read from the context of any hook. Not every hook names the user or the
    encounter; ``order-dispatch`` names neither."""

    patientId: Id
    userId: str = ""
    encounterId: Id | None = None


class UserContext(HookContext, kw_only=True):
    """The context of a hook that is fired for a user."""

    userId: Text


class PatientViewContext(UserContext, kw_only=True):
    """Context of ``patient-view``."""


class EncounterDischargeContext(UserContext, kw_only=True):
    """Context of ``encounter-discharge``."""

    encounterId: Id


class OrderSignContext(UserContext, kw_only=True):
    """Context of ``order-sign``."""

    draftOrders: Annotated[Raw, Meta(extra_json_schema={"type": ["object", "null"]})] = field(
        default_factory=Raw
    )


class OrderSelectContext(OrderSignContext, kw_only=True):
    """Context of ``order-select``."""

    selections: list[Any] | None = None


# One for each hook of rules/hook_table.
CONTEXTS: dict[str, type[HookContext]] = {
    "patient-view": PatientViewContext,
    "order-select": OrderSelectContext,
    "order-sign": OrderSignContext,
    "encounter-discharge": EncounterDischargeContext,
}
