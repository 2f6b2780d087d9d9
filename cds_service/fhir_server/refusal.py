"""Queries that a FHIR server refuses: their plainer forms, and the server's own reason without
patient data.

A plainer form finds everything that the query finds, and perhaps more.
"""

from __future__ import annotations

import re
from typing import Any

from ..fhir.loose_json import as_text, codings, dicts

SYSTEMS = "code"  # the systems of the codes in this parameter
_LEFT_OUT = ("_include", "_sort", "_count", "intent")
_LONGEST_REASON = 200
# The words of a server that may be logged. Any word outside this closed list may be a patient's.
_WORDS = frozenset(
    """
        a access all allergyintolerance allowed an and any are at authorization bad be because but
        by can cannot chain code codes combination condition contain contains count date does
        duplicate either empty error exceeds expected failed fhir field for forbidden format found
        from given greater has have http id in include includes insufficient intent invalid is it
        known least less limit loinc malformed maximum medication medicationadministration
        medicationdispense medicationrequest medicationstatement method minimum missing modifier
        more must name no not observation of off on one only operation or order out page parameter
        parameters parse patient permitted prefix procedure processing provide provided query
        recognized request require required requires resource result results scope search searches
        server servicerequest should single snomed sort specified status subject supplied support
        supported supports syntax system systems than that the this to token too type types unable
        unauthorized unexpected unknown unrecognized unsupported url use valid value values version
        was were when which with without
    """.split()  # noqa: SIM905
)
_MARKS = "\"'`.,:;()[]{}<>!?=|&"
_CONTROL = re.compile(r"_[A-Za-z]{1,20}\Z")  # the form of FHIR's own parameters


def plainer(url: str, reason: Any) -> tuple[str, frozenset[str]]:
    """A plainer form of the search ``url``, and the parts that it leaves out: those that ``reason``
    (an OperationOutcome as parsed JSON, or anything) names, or all that can be left out if it names
    none. The URL is unchanged if nothing can be left out."""
    found = _can_leave_out(url)
    # HAPI then lists all parameters that it accepts, which are not the ones it refuses.
    said = [
        re.split(r"\bvalid\b", text, maxsplit=1, flags=re.IGNORECASE)[0] for text in _texts(reason)
    ]
    words = {word.strip(_MARKS) for text in said for word in re.split(r"[\s\"'=&?(){}<>]+", text)}
    named = frozenset(found & words)
    dropped = named or frozenset(found)
    return without(url, dropped), dropped


def without(url: str, dropped: frozenset[str]) -> str:
    """The search ``url`` without the parameters in ``dropped``, and with its codes without systems
    if ``SYSTEMS`` is one of them."""
    path, mark, query = url.partition("?")
    kept = []
    for parameter in query.split("&") if mark else ():
        name, _, value = parameter.partition("=")
        if name == SYSTEMS and SYSTEMS in dropped:
            parameter = f"{name}={','.join(token.rpartition('|')[2] for token in value.split(','))}"
        elif name in dropped:
            continue
        kept.append(parameter)
    return f"{path}{mark}{'&'.join(kept)}"


def told_reason(outcome: Any) -> str:
    """An OperationOutcome in words, for a log: its codes, and those of its words that cannot be a
    patient's."""
    issues = dicts(outcome.get("issue")) if isinstance(outcome, dict) else []
    codes = [as_text(issue.get("code")) for issue in issues]
    codes += [code for issue in issues for _, code in codings(issue.get("details"))]
    safe = [code for code in codes if re.fullmatch(r"[A-Za-z0-9_-]{1,40}", code)]
    words = [_told_word(word) for text in _texts(outcome) for word in text.split()]
    told = " ".join(
        word for index, word in enumerate(words) if word != "…" or words[index - 1 : index] != ["…"]
    )
    return "; ".join(filter(None, [", ".join(dict.fromkeys(safe)), told[:_LONGEST_REASON]]))


def _told_word(word: str) -> str:
    bare = word.strip(_MARKS)
    return word.strip("=&?|") if bare.lower() in _WORDS or _CONTROL.match(bare) else "…"


def _can_leave_out(url: str) -> set[str]:
    names = {
        parameter.partition("=")[0]: parameter.partition("=")[2]
        for parameter in url.partition("?")[2].split("&")
    }
    return {name for name in _LEFT_OUT if name in names} | (
        {SYSTEMS} if "|" in names.get(SYSTEMS, "") else set()
    )


def _texts(outcome: Any) -> list[str]:
    """The texts of an OperationOutcome."""
    issues = dicts(outcome.get("issue")) if isinstance(outcome, dict) else []
    details = [issue.get("details") for issue in issues]
    texts = [as_text(issue.get("diagnostics")) for issue in issues]
    texts += [as_text(detail.get("text")) for detail in details if isinstance(detail, dict)]
    return [text[:2000] for text in texts if text]
