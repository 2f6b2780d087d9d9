"""Rules on the words of a suggestion: its label and the texts of its orders (clinical
specification, section 4)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...facts.catalogue import Facts
from ...rendering.answer import Suggestion

# Reasons for folate that are never outweighed: with them the folate is kept.
KEPT_FOLATE = ("pregnancy", "methotrexate", "pemetrexed")
FOLATE_STOPPED = re.compile(
    r"\b(replace|remove|stop|delay|withhold) (the )?(folic acid|folate)\b|\bfolic acid after it\b",
    re.IGNORECASE,
)
_REMOVED = re.compile(r"\b(replace|remove|in place|instead)\b", re.IGNORECASE)


def wrong_suggestion(suggestion: Suggestion, facts: Facts) -> Iterator[str]:
    """Yield the rules that a rendered suggestion breaks. Facts are asked only if its words depend
    on them."""
    label, created = suggestion.label, suggestion.creates
    starts = any("cobalamin" in action.resource["instantiatesCanonical"][0] for action in created)
    if any(action.description.removeprefix("Order: ") not in label for action in created):
        yield "the label does not name everything that is ordered"
    if not starts and any(
        "before the first dose" in action.resource.get("code", {}).get("text", "")
        for action in created
    ):
        yield "an order mentions a first dose, but no treatment begins"
    if suggestion.deletes and not _REMOVED.search(label):
        yield "the label does not say that a draft is removed"
    if FOLATE_STOPPED.search(label) and facts["folate.reason"].value in KEPT_FOLATE:
        yield "the label stops folate that is needed"
