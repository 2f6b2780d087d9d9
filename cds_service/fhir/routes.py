"""The route of a dose, from codes or text: oral, parenteral, nasal or other, and whether it is
intramuscular.

A route that is not in these tables cannot be read. ``docs/code-systems.md`` names the source of
each table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from .code_systems import EDQM, NCI_THESAURUS, SNOMED, V2_ROUTES, V3_ROUTES


class Route(NamedTuple):
    """``way``: ``oral`` (with sublingual and buccal), ``parenteral``, ``nasal`` or ``other`` (as
    for eye drops and creams)."""

    way: str
    intramuscular: bool


_IM = Route("parenteral", True)
_PARENTERAL = Route("parenteral", False)
_ORAL = Route("oral", False)
_NASAL = Route("nasal", False)
_OTHER = Route("other", False)

# The codes of each code system by route, with their displays.
_TABLES: dict[str, dict[Route, dict[str, str]]] = {
    SNOMED: {
        _IM: {
            "78421000": "Intramuscular route",
            "255559005": "Intramuscular",
            "386356001": "Intramuscular injection",
        },
        _PARENTERAL: {
            "34206005": "Subcutaneous route",
            "263887005": "Subcutaneous",
            "764295003": "Subcutaneous (intended site)",
            "386362006": "Subcutaneous injection",
            "47625008": "Intravenous route",
            "255560000": "Intravenous",
            "418114005": "Intravenous central route",
            "419993007": "Intravenous peripheral route",
            "386358000": "Intravenous administration",
            "372464004": "Intradermal route",
            "445755006": "Intravascular route",
            "738984000": "Parenteral (intended site)",
        },
        _ORAL: {
            "26643006": "Oral route",
            "260548002": "Oral",
            "738956005": "Oral (intended site)",
            "386359008": "Oral administration",
            "37839007": "Sublingual route",
            "761829007": "Sublingual (intended site)",
            "54471007": "Buccal route",
            "763825005": "Buccal (intended site)",
            "372473007": "Oromucosal route",
            "738982001": "Oromucosal (intended site)",
        },
        _NASAL: {"46713006": "Nasal route", "738948007": "Nasal (intended site)"},
        _OTHER: {
            "6064005": "Topical route",
            "10547007": "Otic route",
            "16857009": "Vaginal route",
            "37161004": "Rectal route",
            "45890007": "Transdermal route",
            "54485002": "Ophthalmic route",
        },
    },
    V3_ROUTES: {
        _IM: {
            "IM": "Injection, intramuscular",
            "IMD": "Injection, intramuscular, deep",
            "IMZ": "Injection, intramuscular, z track",
        },
        _PARENTERAL: {
            "SQ": "Injection, subcutaneous",
            "SQINFUS": "Infusion, subcutaneous",
            "IDINJ": "Injection, intradermal",
            "IV": "Infusion, intravenous",
            "IVC": "Infusion, intravenous catheter",
            "IVCC": "Infusion, intravenous catheter, continuous",
            "IVCI": "Infusion, intravenous catheter, intermittent",
            "IVINJ": "Injection, intravenous",
            "IVINJBOL": "Injection, intravenous, bolus",
            "IVPUSH": "Injection, intravenous, push",
            "IVRPUSH": "Injection, intravenous, rapid push",
            "IVSPUSH": "Injection, intravenous, slow push",
            "IVASCINFUS": "Infusion, intravascular",
            "IVASCINJ": "Injection, intravascular",
            "PARENTINJ": "Injection, parenteral",
        },
        _ORAL: {
            "PO": "Swallow, oral",
            "CHEW": "Chew, oral",
            "DISSOLVE": "Dissolve, oral",
            "SL": "Dissolve, sublingual",
            "TRNSLING": "Translingual",
            "BUC": "Topical application, buccal",
            "ORALTA": "Topical application, oral",
            "ORMUC": "Topical application, oromucosal",
            "SUCK": "Suck, oromucosal",
            "SWISHSWAL": "Swish and swallow, oromucosal",
        },
        _NASAL: {
            "NASAL": "Topical application, nasal",
            "NASALINSTIL": "Instillation, nasal",
            "NASINHL": "Inhalation, nasal",
        },
    },
    V2_ROUTES: {
        _IM: {"IM": "Intramuscular"},
        _PARENTERAL: {"SC": "Subcutaneous", "IV": "Intravenous", "ID": "Intradermal"},
        _ORAL: {
            "PO": "Oral",
            "SL": "Sublingual",
            "B": "Buccal",
            "TL": "Translingual",
            "MTH": "Mouth/Throat",
        },
        _NASAL: {"NS": "Nasal", "IN": "Intranasal"},
    },
    EDQM: {
        _IM: {"20035000": "Intramuscular use"},
        _PARENTERAL: {
            "20066000": "Subcutaneous use",
            "20045000": "Intravenous use",
            "20030000": "Intradermal use",
        },
        _ORAL: {
            "20053000": "Oral use",
            "20067000": "Sublingual use",
            "20002500": "Buccal use",
            "20054000": "Oromucosal use",
        },
        _NASAL: {"20049000": "Nasal use"},
    },
    NCI_THESAURUS: {
        _IM: {"C28161": "INTRAMUSCULAR"},
        _PARENTERAL: {
            "C38299": "SUBCUTANEOUS",
            "C38276": "INTRAVENOUS",
            "C38274": "INTRAVENOUS BOLUS",
            "C38238": "INTRADERMAL",
            "C38273": "INTRAVASCULAR",
            "C38291": "PARENTERAL",
        },
        _ORAL: {"C38288": "ORAL", "C38300": "SUBLINGUAL", "C38193": "BUCCAL"},
        _NASAL: {"C38284": "NASAL"},
    },
}
ROUTES: dict[tuple[str, str], Route] = {
    (system, code): route
    for system, by_route in _TABLES.items()
    for route, codes in by_route.items()
    for code in codes
}
NAMES: dict[tuple[str, str], str] = {
    (system, code): name
    for system, by_route in _TABLES.items()
    for codes in by_route.values()
    for code, name in codes.items()
}
_LONGEST = 500
_INTRAMUSCULAR = re.compile(r"intra-?mus[ck]|\bi[./]?m\b")
_WAYS = (
    (
        "parenteral",
        re.compile(
            r"intra-?mus[ck]|sub-?[ck]ut|subq|intra-?ven|intra-?derm|parenteral|inject|injekt|infusion|"
            r"\bi[./]?m\b|\bs[./]?[cq]\b|\bi[./]?v\b"
        ),
    ),
    ("nasal", re.compile(r"nasal")),
    (
        "oral",
        re.compile(
            r"\b(?:per)?oral|mouth|\bper os\b|\bp[./]?o\b|\bs[./]?l\b|sub-?lingual|buccal|"
            r"oro-?mucosal"
        ),
    ),
    (
        "other",
        re.compile(
            r"topical|transdermal|(?<!intra)cutaneous|\bskin\b|ophthalm|ocular|\beyes?\b|"
            r"\botic\b|auricular|\bears?\b|\brectal|vaginal"
        ),
    ),
)


def stated_route(codes: Iterable[tuple[str, str]], names: Iterable[str]) -> Route | None:
    """The route that a ``Dosage.route`` states, by the first known code of ``codes``, or else by
    its ``names``.

    ``codes``: (system, code), the system as :func:`canonical_system` returns it. ``None`` if the
    route cannot be read.
    """
    for key in codes:
        if key in ROUTES:
            return ROUTES[key]
    text = " ".join(names)[:_LONGEST].lower()
    for way, pattern in _WAYS:
        if pattern.search(text):
            return Route(way, bool(_INTRAMUSCULAR.search(text)))
    return None
