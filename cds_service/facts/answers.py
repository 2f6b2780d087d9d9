"""What an Observation answers to the question of its code: yes, no, or neither.

Laboratories and EHRs send the answer by a code, as text or as a boolean. The words are the names of
the codes in the value sets of answers, and what is sent in their place.
"""

from __future__ import annotations

import re

from ..fhir.placeholders import MISSING_DATA
from ..fhir.r4 import Observation
from ..fhir.terminology import Terminology

POSITIVE, NEGATIVE, EQUIVOCAL = ANSWERS = ("positive-answer", "negative-answer", "equivocal-answer")
_WORDS = {
    POSITIVE: "positive|pos|positiv|positif|positivo|detected|present|reactive|yes|y|ja|oui|true",
    NEGATIVE: (
        "negative|neg|negativ|negatif|négatif|negativo|not detected|none detected|undetected|"
        "absent|not present|non-reactive|nonreactive|non reactive|no|n|nein|non|none|false|denied|"
        "denies"
    ),
    EQUIVOCAL: "equivocal|indeterminate|inconclusive|borderline",
}
_BY_WORD = {word: answer for answer, words in _WORDS.items() for word in words.split("|")}
_UNANSWERED = re.compile(
    r"(?:unknown|not known|unbekannt|unsure|not asked|not assessed|not applicable|declined|refused)"
)
# A number, a bracket or a remark may follow: "Positive (1:40)", "No, eats fish".
_REMARK = re.compile(r"[(\[<>=:;,.!]|\s-\s|\d")


def answers(resource: Observation, terminology: Terminology) -> frozenset[str]:
    """The value sets of the answer, of those in ``ANSWERS``: by its codes, its words or its
    boolean. Empty where it has none that is read."""
    concepts = [resource.valueCodeableConcept, *resource.interpretation]
    found = {_BY_WORD[word] for word in _words(resource) if word in _BY_WORD}
    if resource.valueBoolean is not None:
        found.add(POSITIVE if resource.valueBoolean else NEGATIVE)
    return frozenset(found).union(*map(terminology.sets_of_concept, concepts)).intersection(ANSWERS)


def is_unanswered(resource: Observation) -> bool:
    """Whether an Observation says that its question has no answer."""
    value = resource.valueCodeableConcept
    return (
        resource.dataAbsentReason is not None
        or any(coding.system in MISSING_DATA for coding in (value.coding if value else ()))
        or any(map(_UNANSWERED.fullmatch, _words(resource)))
    )


def _words(resource: Observation) -> list[str]:
    """The values and interpretations in words, without what follows the answer."""
    concepts = [resource.valueCodeableConcept, *resource.interpretation]
    texts = [resource.valueString, *(name for item in concepts if item for name in item.names)]
    return [_REMARK.split(text, 1)[0].strip().lower() for text in texts]
