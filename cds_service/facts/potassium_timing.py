"""Which of the potassium checks around the first doses of B12 a request asks for.

There are three: now, at 24 and at 48 hours (clinical specification, section 4).
"""

from __future__ import annotations

import re
from datetime import tzinfo

from ..fhir.dates import parse_moment
from ..fhir.r4 import ServiceRequest

CHECKS = ("potassium-now", "potassium-24h", "potassium-48h")
NOW, AT_24_H, AT_48_H = CHECKS
POTASSIUM = frozenset({"potassium-laboratory", "potassium-point-of-care", "basic-metabolic-panel"})
_HOURS = re.compile(r"(?<!\d)(24|48)[\s-]*(?:h\b|hr|hour)")
_BY_WORDS = {"24": AT_24_H, "48": AT_48_H}


def checks_of(request: ServiceRequest, zone: tzinfo) -> frozenset[str]:
    """Which of the three checks a request for potassium asks for.

    Its occurrence decides, counted from when the request was written: under 12 hours is now, up to
    36 hours the check at 24 hours, later the one at 48; a series is all of them. Without an
    occurrence, "24 h" or "48 h" in its text decides; otherwise the request is for now.
    """
    timing = request.occurrenceTiming
    if timing is not None:
        if len(timing.event) != 1 or timing.repeat is not None:
            return frozenset(CHECKS)
        return _by_time(timing.event[0], request, zone)
    period = request.occurrencePeriod
    due = request.occurrenceDateTime or (period.start if period is not None else "")
    return _by_time(due, request, zone) if due else _by_words(request)


def _by_time(due: str, request: ServiceRequest, zone: tzinfo) -> frozenset[str]:
    moment, since = parse_moment(due, zone), parse_moment(request.authoredOn, zone)
    if moment is None or since is None:
        return _by_words(request)
    if "T" in due and "T" in request.authoredOn:
        hours = (moment.instant - since.instant).total_seconds() / 3600
    else:
        hours = (moment.day - since.day).days * 24
    return frozenset({NOW if hours < 12 else AT_24_H if hours <= 36 else AT_48_H})


def _by_words(request: ServiceRequest) -> frozenset[str]:
    said = " ".join(request.code.names if request.code is not None else ()).lower()
    return frozenset({_BY_WORDS[hours] for hours in _HOURS.findall(said)} or {NOW})
