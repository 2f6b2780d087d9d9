"""One line in the log for every call that is not answered with 2xx: its status, endpoint, reason,
element and id.

Reasons are texts of this service and contain nothing that was sent. An id is short and has only
plain characters.
"""

from __future__ import annotations

import logging
import re
from uuid import uuid4

log = logging.getLogger(__name__)

_OF_INTEREST = (401, 421, 429)
REQUEST_ID = "X-Request-Id"
_PLAIN = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id(stated: str | None) -> str:
    """The id of a call in the log: the client's own if it is a plain one, else a new one."""
    return stated if stated and _PLAIN.fullmatch(stated) else uuid4().hex[:16]


def note_refusal(status: int, endpoint: str | None, why: str, element: str, identity: str) -> None:
    """Write the line."""
    level = (
        logging.ERROR
        if status >= 500
        else logging.WARNING
        if status in _OF_INTEREST
        else logging.INFO
    )
    log.log(
        level,
        "%d %s: %s%s [%s]",
        status,
        endpoint or "no endpoint",
        why,
        f" ({element})" if element else "",
        identity,
    )
