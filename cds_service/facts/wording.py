"""What free text beside a code or a result says, and whether it denies it."""

from __future__ import annotations

import re

from ..fhir.r4 import Observation

# The elements, beside those of the value, in which a laboratory may mark a sample.
REMARKS = frozenset({"note", "comment", "comments", "interpretation"})
_CLAUSE = re.compile(r"\.(?!\d)|[;,\n]|\bbut\b|\bhowever\b")
# A denial covers a name only over words that leave its meaning ("no visible signs of haemolysis")
# and over a list that "or" ends ("no lipaemia, icterus or haemolysis"). It does not cover the
# reason of a refusal ("not reported due to haemolysis"), and one that is denied itself is none.
_DENIAL = (
    r"(?<!not\s)\b(?:non[\s-]+|(?:no(?:\s+(?:documented|reported|recorded|confirmed))?|not|nil|without|never|"
    r"neither|denies|denied|negative\s+for:?|absence\s+of|free\s+(?:of|from)|ruled\s+out|"
    r"insufficient\s+evidence\s+(?:of|for))\s+)"
    r"(?:(?:an?|any|the|such|known|current|prior|previous|past|true|frank|overt|obvious|apparent|"
    r"visible|visibly|visual|macroscopic|gross|grossly|significant|significantly|marked|relevant|"
    r"detectable|evidence|suggestion|indication|signs?|symptoms?|features?|history|h/o|of|for|"
    r"suggestive|in|vitro|vivo|very|particularly|been|thought\s+to\s+be|considered)\s+)*"
)
# A word of absence after a name ends its statement: "haemolysis: no", but not "no result".
_ABSENCE = (
    r"(?:(?:was|is|were|has\s+been|has)\s+)?"
    r"(?:(?:no|none|nil|negative?|absent|denied)(?:\s+(?:seen|detected|present|found|noted))?"
    r"(?=\s*(?:$|[.;,)\]\n]))"
    r"|not\s+(?:been\s+)?(?:seen|detected|present|found|observed|noted|evident|visible|confirmed)\b"
    r"|(?:ruled\s+out|excluded|refuted)\b(?!\s+from))"
)


def _denied(named: str, beside: str) -> str:
    """The pattern of ``named`` behind a denial, and of each ``named`` that "or" adds to it.
    ``beside``: what a denial may name before it in a list."""
    listed = (
        rf"(?:(?:(?:{beside})(?:\s*[,/]\s*|\s+))+?"
        r"(?:(?:or|nor)\s+(?:an?\s+|any\s+)?|(?<=/)|(?<=\band\s)))?"
    )
    return rf"{_DENIAL}{listed}(?:{named})(?:,?\s+(?:or|nor)\s+(?:{named}))*"


_HAEMOLYSIS = r"h(?:\(a\)|a)?emoly"
_INDEX = r"(?:\s+(?:index|grade|score))?"
_NOT_HAEMOLYSED = re.compile(
    _denied(
        rf"{_HAEMOLYSIS}\w*",
        r"lipa?emi\w*|icter\w+|jaundiced?|turbid\w*|clot\w*|fibrin\w*|bilirubin\w*",
    )
    + rf"|\b(?:non|un){_HAEMOLYSIS}\w*|{_HAEMOLYSIS}\w*[\s-]+free\b"
    rf"|{_HAEMOLYSIS}(?:sis{_INDEX}[\s,:=(-]+|[sz]ed\s*[:=?]\s*){_ABSENCE}"
    # A haemolysis index of zero: "haemolysis index 0", "hemolysis: 0", "haemolysis 0/5".
    rf"|{_HAEMOLYSIS}\w*{_INDEX}\s*[:=]?\s*(?:0+(?:\.0+)?|<\s*1)(?![\d.]|\+)"
)
_NAMES_HAEMOLYSIS = re.compile(_HAEMOLYSIS)

_NAME = r"(?:(?:\bvitamin\s+)?\bb[\s-]?12\b|\b\w*cobalamin\b)"
_B12_DEFICIENCY = (
    rf"(?:{_NAME}(?:[\s-]+(?:deficien\w*|depletion|insufficien\w*))?(?:\s+ana?emia)?"
    rf"|(?:deficien\w*|depletion|low|lack\w*)(?:\s+(?:of|in))?\s+{_NAME})"
)
_ADEQUATE = r"(?:normal|adequate|sufficient|replete)\b"
_NO_B12_DEFICIENCY = re.compile(
    _denied(
        _B12_DEFICIENCY,
        r"(?:folate|folic\s+acid|iron|ferritin|vitamin\s+[acdek]|vitamin\s+b\d)(?:\s+and)?|ana?emia",
    )
    + r"|\b(?:not|unlikely)\s+(?:(?:due|caused|related|secondary|low|deficient|to|by|in|be)\s+)*"
    rf"(?:{_B12_DEFICIENCY}|low\b|deficient\b)"
    rf"|{_B12_DEFICIENCY}[\s,:;(-]+(?:(?:is|was)\s+unlikely\b|unlikely\b|{_ABSENCE})"
    rf"|\b(?:other\s+than|except(?:ing|\s+for)?|exclud\w+)[\s:]+{_B12_DEFICIENCY}"
    rf"|\b{_ADEQUATE}[\s-]+{_NAME}|{_NAME}(?:\s+(?:level|status|is|was|now))*[\s:(-]+{_ADEQUATE}"
)
_B12 = re.compile(r"\bb[\s-]?12\b|cobalamin")
_LACK = re.compile(
    r"deficien|\black|\blow\b(?![\s/-]*(?:to\s+|end\s+of\s+)?normal)|depletion|\binsufficien"
    r"|\bhypovitaminosis|\bhypocobalamin"
)
# Words for a diagnosis that is not made.
_NOT_MADE = re.compile(
    r"\brule\s+out\b|\br/o\b|\bfamily\s+history\b|\bscreen|\brisk\s+(?:of|for)\b"
    r"|\b(?:can\s?not|can't|to)\s+exclude\b"
)
# Only words for the kind of allergy may stand between a denial and the allergy: "no known drug
# allergy", "not allergic", but not "no food; allergic to B12".
_ALLERGY_DENIED = re.compile(
    r"\b(?:no|not|nil|without|denies|denied)\s+"
    r"(?:(?:an?|any|known|history|of|evidence|documented|reported|recorded|current|drug|medication|"
    r"vitamin|b[\s-]?12|\w*cobalamin|cobalt)\s+)*"
    r"(?:allerg|hypersensitiv|intoleran|adverse\s+reaction)"
)
_ANAPHYLAXIS = r"\bana(?:ph|f)[yi]?l\w*"
# Severity of something other than the reaction: "severe B12 deficiency".
_OTHER_SEVERITY = r"(?:\s+(?!allerg|react)[\w-]+){0,2}?\s+(?:deficien|ana?emi)"
_SEVERE = rf"\bsevere(?:ly)?\b(?!{_OTHER_SEVERITY})|\blife[\s-]threatening\b"
_REACTION = r"(?:allerg\w+|reactions?|hypersensitiv\w+|intoleran\w+|shock)"
_REACTION_TOLD = rf"(?:{_ANAPHYLAXIS}|{_SEVERE})(?:\s+(?:{_REACTION}|{_ANAPHYLAXIS}))*"
_NO_SEVERE_REACTION = re.compile(
    _denied(
        _REACTION_TOLD,
        rf"rash\w*|hives|urticaria|angio-?o?edema|swelling|wheez\w*|bronchospasm|{_REACTION}",
    )
    + rf"|\bless\s+severe\b|(?:{_REACTION_TOLD})\s*[\s,:=?(-]\s*{_ABSENCE}"
)
_SEVERE_REACTION = re.compile(rf"{_ANAPHYLAXIS}|{_SEVERE}")


def says_haemolysed(remark: str) -> bool:
    """Whether a remark marks a sample as haemolysed: "no hemolysis" and an index of 0 do not."""
    return bool(_NAMES_HAEMOLYSIS.search(_NOT_HAEMOLYSED.sub("", _plain(remark))))


def names_b12_deficiency(name: str) -> bool:
    """Whether a problem's name states a deficiency of B12 or a cobalamin, and does not deny it."""
    return any(
        _B12.search(clause) and _LACK.search(clause) and not _NOT_MADE.search(clause)
        for clause in _CLAUSE.split(_NO_B12_DEFICIENCY.sub("", _plain(name)))
    )


def allergies_told(name: str) -> tuple[str, str]:
    """The part of an allergy's name that states allergies, and the part that denies them, such as
    "no known allergy to vitamin B12"."""
    told: list[str] = []
    denied: list[str] = []
    for clause in _CLAUSE.split(name):
        (denied if _ALLERGY_DENIED.search(clause.lower()) else told).append(clause)
    return "; ".join(told), "; ".join(denied)


def tells_severe_reaction(words: str) -> bool:
    """Whether words on an allergy or a reaction state that it was anaphylactic or severe, and do
    not deny it."""
    return bool(_SEVERE_REACTION.search(_NO_SEVERE_REACTION.sub("", _plain(words))))


def _plain(text: str) -> str:
    """``text`` in small letters, with single blanks, and its lines as clauses."""
    return "; ".join(" ".join(line.split()) for line in text.lower().splitlines())


def remarks(resource: Observation) -> str:
    """All text in which a laboratory may mark a sample as haemolysed."""
    parts = [note.text for note in resource.note]
    parts += [resource.comment, resource.comments, resource.valueString]
    for concept in (*resource.interpretation, resource.dataAbsentReason):
        parts += concept.names if concept is not None else []
    return "; ".join(parts)
