"""``fhirAuthorization``: the access token that a hook call brings, and what its scopes allow it to
read.

CDS Hooks 3.0.0, "Passing the Access Token to the CDS Service"; scopes of SMART App Launch 1
(``.read``) and 2 (``.rs``).
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Annotated

from msgspec import Meta, Struct

# Visible ASCII (RFC 6749, A.12), so that a token cannot end its header and begin another. A known
# client without a token sends an empty one.
_Token = Annotated[str, Meta(pattern=r"\A[!-~]*\Z", max_length=16_384)]
_Bearer = Annotated[str, Meta(pattern=r"\A[Bb][Ee][Aa][Rr][Ee][Rr]\Z")]
_SCOPE = re.compile(
    r"(patient|user|system)/([A-Za-z]+|\*)\.(read|write|\*|(?=[cruds])c?r?u?d?s?)(\?\S*)?"
)


class Reach(Enum):
    """How much of a resource type the scopes let a token read."""

    WHOLE = "whole"
    PART = "part"
    NOTHING = "nothing"


class FhirAuthorization(Struct, frozen=True):
    """An access token for one call. ``expires_in``: in seconds.

    Clients must send ``expires_in``, ``scope`` and ``subject``. If one is missing, the FHIR server
    decides.
    """

    access_token: _Token
    token_type: _Bearer
    expires_in: int | None = None
    scope: str | None = None
    subject: str | None = None
    patient: str | None = None

    def __repr__(self) -> str:
        return "FhirAuthorization()"

    def reach(self, resource_type: str, *, search: bool, patient_id: str) -> Reach:
        """How much of ``resource_type`` the token may read (with ``search``: search for) about a
        patient.

        If no scope is one of SMART's, nothing is excluded. A scope with a search restriction
        (``Observation.rs?category=…``) hides the rest, and the answer does not show that.
        """
        scopes = [
            match.groups() for match in map(_SCOPE.fullmatch, (self.scope or "").split()) if match
        ]
        if not scopes:
            return Reach.WHOLE
        found = Reach.NOTHING
        for context, kind, permission, restriction in scopes:
            another = context == "patient" and self.patient not in (None, "", patient_id)
            if another or kind not in ("*", resource_type) or not _permits(permission, search):
                continue
            if not restriction:
                return Reach.WHOLE
            found = Reach.PART
        return found


def _permits(permission: str, search: bool) -> bool:
    if permission in ("read", "*"):
        return True
    return permission != "write" and ("s" if search else "r") in permission
