"""What free words beside a code or a result say, and whether they deny it."""

from __future__ import annotations

import re

from ..fhir.r4 import Observation

# A denial reaches as far as its clause: "no haemolysis; sample lipaemic" denies the first alone.
_CLAUSE = re.compile(r"\.(?!\d)|[;,\n]|\bbut\b|\bhowever\b")
_DENIAL = re.compile(
    r"\b(?:no|not|non|nil|none|without|never|absent|absence|negative|free|excluded|exclude|excludes|ruled\s+out|denies|denied)\b"
)
_HAEMOLYSIS = re.compile(r"ha?emoly")
# A haemolysis index of nothing: "haemolysis index 0", "hemolysis: 0", "haemolysis
# 0/5", "H index = 0".
_NO_INDEX = re.compile(
    r"ha?emoly\w*(?:\s+(?:index|grade|score))?\s*[:=]?\s*0+(?:\.0+)?(?![\d.]|\+)"
)
_NONE_FOUND = re.compile(
    r"ha?emoly\w*(?:\s+(?:index|grade|score))?\s*[:=]?\s*(?:none|nil|negative|absent|not\s+(?:seen|detected|present))\b"
)
# A statement that there is none stands right before what it denies: "(not hydroxocobalamin)
# allergy" denies no allergy.
_NONE_OF = (
    r"\b(?:no|not|non|nil|without|never|denies|denied)\b"
    r"(?:[\s-]+(?:known|any|an?|history|hx|of|previous|prior|recorded|reported|documented|drug))*[\s-]+"
)
_NO_ALLERGY = re.compile(
    _NONE_OF + r"(?:allerg|intoleran|hypersensitiv|(?:adverse[\s-]+)?reaction)"
)
_NO_ANAPHYLAXIS = re.compile(_NONE_OF + "anaphyla")
_B12 = re.compile(r"\bb[\s-]?12\b|cobalamin")
_LACK = re.compile(r"deficien|\black\b|\blow\b|depletion|\binsufficien")


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
    """Whether a problem's name tells a deficiency of B12 or a cobalamin, and does not deny it."""
    return any(
        _B12.search(clause)
        and _LACK.search(clause)
        and not (_denied(clause, _LACK) or _denied(clause, _B12))
        for clause in _CLAUSE.split(name.lower())
    )


def allergens_in(name: str) -> str:
    """What of an allergy's name may name an allergen: not the clauses that state that there is no
    allergy ("no known allergy to cyanocobalamin")."""
    clauses = _CLAUSE.split(name.lower())
    told = [clause for clause in clauses if not _NO_ALLERGY.search(clause)]
    return name if len(told) == len(clauses) else "; ".join(told)


def tells_anaphylaxis(words: str) -> bool:
    """Whether a reaction's words tell anaphylaxis, and do not deny it ("no anaphylaxis")."""
    return any(
        "anaphyla" in clause and not _NO_ANAPHYLAXIS.search(clause)
        for clause in _CLAUSE.split(words.lower())
    )


def _denied(clause: str, told: re.Pattern[str]) -> bool:
    """Whether a word of denial stands before what is told."""
    found = told.search(clause)
    return found is not None and bool(_DENIAL.search(clause[: found.start()]))


def remarks(resource: Observation) -> str:
    """All text in which a laboratory marks a haemolysed sample."""
    parts = [note.text for note in resource.note]
    parts += [resource.comment, resource.comments, resource.valueString]
    for concept in (*resource.interpretation, resource.dataAbsentReason):
        parts += concept.names if concept is not None else []
    return "; ".join(parts)
