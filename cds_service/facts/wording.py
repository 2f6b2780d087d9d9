"""What free text beside a code or a result says, and whether it denies it."""

from __future__ import annotations

import re

from ..fhir.r4 import Observation

# A denial covers its clause: "no haemolysis; sample lipaemic" denies haemolysis alone.
_CLAUSE = re.compile(r"\.(?!\d)|[;,\n]|\bbut\b|\bhowever\b")
_DENIAL = re.compile(
    r"\b(?:no|not|non|nil|none|without|never|absent|absence|negative|free|excluded|exclude|excludes|ruled\s+out|denies|denied)\b"
)
_HAEMOLYSIS = re.compile(r"ha?emoly")
# A haemolysis index of zero: "haemolysis index 0", "hemolysis: 0", "haemolysis 0/5", "H index = 0".
_NO_INDEX = re.compile(
    r"ha?emoly\w*(?:\s+(?:index|grade|score))?\s*[:=]?\s*0+(?:\.0+)?(?![\d.]|\+)"
)
_NONE_FOUND = re.compile(
    r"ha?emoly\w*(?:\s+(?:index|grade|score))?\s*[:=-]?\s*(?:no|none|nil|negative|absent|not\s+(?:seen|detected|present))\b"
)
_B12 = re.compile(r"\bb[\s-]?12\b|cobalamin")
_LACK = re.compile(r"deficien|\black\b|\blow\b|depletion|\binsufficien")
# Words for a diagnosis that is not made, before its name and after it.
_NOT_MADE = re.compile(
    r"\brule\s+out\b|\br/o\b|\bfamily\s+history\b|\bscreen|\brisk\s+(?:of|for)\b"
)
_DENIED_AFTER = re.compile(
    r"(?:b[\s-]?12|cobalamin)(?:\s+(?:deficien\w*|depletion|insufficien\w*))?(?:\s+ana?emia)?"
    r"[\s,;:(-]+(?:(?:was|is|has\s+been)\s+)?"
    r"(?:ruled\s+out|excluded|refuted|unlikely|not\s+(?:confirmed|found|present))\b"
)
# Only words for the kind of allergy may stand between a denial and the allergy: "no known drug
# allergy", "not allergic", but not "no food; allergic to B12".
_ALLERGY_DENIED = re.compile(
    r"\b(?:no|not|nil|without|denies|denied)\s+"
    r"(?:(?:an?|any|known|history|of|evidence|documented|reported|recorded|current|drug|medication|"
    r"vitamin|b[\s-]?12|\w*cobalamin|cobalt)\s+)*"
    r"(?:allerg|hypersensitiv|intoleran|adverse\s+reaction)"
)
_NO_ANAPHYLAXIS = re.compile(
    r"\b(?:no|not|non|without|never|denies|denied)\W+"
    r"(?:(?:an?|any|known|history|signs?|evidence|of|true)\s+)*anaphyla\w*"
)


def says_haemolysed(remark: str) -> bool:
    """Whether a remark marks a sample as haemolysed: "no hemolysis" and an index of 0 do not."""
    text = remark.lower()
    return any(
        _HAEMOLYSIS.search(clause)
        and not (
            _NO_INDEX.search(clause) or _NONE_FOUND.search(clause) or _denied(clause, _HAEMOLYSIS)
        )
        for clause in _CLAUSE.split(text)
    )


def names_b12_deficiency(name: str) -> bool:
    """Whether a problem's name states a deficiency of B12 or a cobalamin, and does not deny it."""
    text = name.lower()
    return not _DENIED_AFTER.search(text) and any(
        _B12.search(clause)
        and _LACK.search(clause)
        and not (_denied(clause, _LACK) or _denied(clause, _B12) or _NOT_MADE.search(clause))
        for clause in _CLAUSE.split(text)
    )


def allergies_told(name: str) -> tuple[str, str]:
    """The part of an allergy's name that states allergies, and the part that denies them, such as
    "no known allergy to vitamin B12"."""
    told: list[str] = []
    denied: list[str] = []
    for clause in _CLAUSE.split(name):
        (denied if _ALLERGY_DENIED.search(clause.lower()) else told).append(clause)
    return "; ".join(told), "; ".join(denied)


def tells_anaphylaxis(words: str) -> bool:
    """Whether words on a reaction state anaphylaxis, and do not deny it."""
    return "anaphyla" in _NO_ANAPHYLAXIS.sub("", words.lower())


def _denied(clause: str, told: re.Pattern[str]) -> bool:
    """Whether a word of denial comes before the match of ``told``."""
    found = told.search(clause)
    return found is not None and bool(_DENIAL.search(clause[: found.start()]))


def remarks(resource: Observation) -> str:
    """All text in which a laboratory may mark a sample as haemolysed."""
    parts = [note.text for note in resource.note]
    parts += [resource.comment, resource.comments, resource.valueString]
    for concept in (*resource.interpretation, resource.dataAbsentReason):
        parts += concept.names if concept is not None else []
    return "; ".join(parts)
