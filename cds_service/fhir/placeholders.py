"""Words that stand where a name should be: the record says that the name is missing or withheld.

A concept with nothing else is unidentified (clinical specification, section 2, "Codes"), so that
its list proves nothing absent. "No known allergies" and "None" are statements and not listed.
"""

from __future__ import annotations

from functools import lru_cache

_THO = "http://terminology.hl7.org/CodeSystem"
# Systems whose codes say why a value is missing (FHIR R4, "data-absent-reason"; HL7 v3,
# "NullFlavor"), as R4 and STU3 write them. Their displays are no names, in whatever language.
MISSING_DATA = frozenset({
    f"{_THO}/data-absent-reason", "http://hl7.org/fhir/data-absent-reason",
    f"{_THO}/v3-NullFlavor", "http://hl7.org/fhir/v3/NullFlavor",
    "2.16.840.1.113883.5.1008", "urn:oid:2.16.840.1.113883.5.1008",
})  # fmt: skip
_PLACEHOLDERS = frozenset({
    "unknown", "unk", "asked but unknown", "temporarily unknown", "not known",
    "no information", "noinformation", "not asked", "asked but declined",
    "not available", "unavailable", "temporarily unavailable", "n/a", "not applicable",
    "masked", "msk", "withheld", "redacted", "not permitted", "unsupported",
    "see comment", "see comments", "see note", "see notes",
})  # fmt: skip
_LONGEST = 40  # with blanks and marks; the bound keeps hostile texts out of the cache
_MARKS = " \t\n.:-*()[]<>"


def is_placeholder(text: str) -> bool:
    """Whether the whole of ``text`` stands for a name that is missing or withheld, or is blank."""
    return _stands_for_a_name(text) if len(text) <= _LONGEST else not text.strip()


@lru_cache(maxsize=4096)
def _stands_for_a_name(text: str) -> bool:
    words = text.strip(_MARKS)
    return not words or " ".join(words.lower().split()) in _PLACEHOLDERS
