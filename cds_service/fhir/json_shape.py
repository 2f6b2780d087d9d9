"""Defensive access to raw FHIR JSON, whose shape a client may get wrong.

Real clients send an object where FHIR has a list (``category``), or a string where it has an object. These helpers
read what is there and give an empty value for what is not, so that readers stay free of type checks.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

# Far beyond every dose, duration and result, and near enough for arithmetic never to leave the range of floats.
_LEAST, _MOST = 1e-15, 1e15
_HL7_OID = "urn:oid:2.16.840.1.113883.6."
# As some servers send code systems that have a URL (FHIR R4, "Using Codes in resources", lists both).
_URL_OF_OID = {
    f"{_HL7_OID}1": "http://loinc.org",
    f"{_HL7_OID}3": "http://hl7.org/fhir/sid/icd-10",
    f"{_HL7_OID}73": "http://www.whocc.no/atc",
    f"{_HL7_OID}88": "http://www.nlm.nih.gov/research/umls/rxnorm",
    f"{_HL7_OID}90": "http://hl7.org/fhir/sid/icd-10-cm",
    f"{_HL7_OID}96": "http://snomed.info/sct",
}


def parse_json(text: bytes | memoryview) -> Any:
    """The value of a JSON text. What orjson refuses (a number beyond range, say) is read by the standard library.

    Raises ``UnicodeDecodeError`` for what is not UTF-8, ``ValueError`` for what neither reads.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            return json.loads(str(text, "utf-8"), parse_constant=_no_constant)
        except RecursionError:
            raise ValueError("nested too deeply") from None


def _no_constant(name: str) -> None:
    raise ValueError("NaN and Infinity are no JSON")


def as_list(value: Any) -> list[Any]:
    """``value`` as a list: itself, a single item wrapped, or empty for null."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def as_dict(value: Any) -> dict[str, Any]:
    """``value`` where it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_text(value: Any) -> str:
    """``value`` where it is a non-blank JSON string, stripped, else ``""``."""
    return value.strip() if isinstance(value, str) else ""


def as_number(value: Any) -> float | None:
    """``value`` where it is a JSON number that something can measure, else ``None``: no 400 digits, no 1e999 (read as infinite)."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if value == 0 or _LEAST <= abs(value) <= _MOST else None


def dicts(value: Any) -> list[dict[str, Any]]:
    """The JSON objects of ``value``, which may be a list, one object, or null."""
    if isinstance(value, list):
        return [item for item in value if isinstance(item, dict)]
    return [value] if isinstance(value, dict) else []


def codings(concept: Any) -> list[tuple[str, str]]:
    """``(system, code)`` of each coding of a CodeableConcept that has both; an OID of a system that has a URL as that URL."""
    if not isinstance(concept, dict):
        return []
    listed = concept.get("coding")
    found = []
    for coding in listed if isinstance(listed, list) else dicts(listed):
        if isinstance(coding, dict):
            system, code = coding.get("system"), coding.get("code")
            if isinstance(system, str) and isinstance(code, str):
                found.append((_URL_OF_OID.get(system, system), code))
    return found


def status_code(concept: Any, system: str) -> str:
    """The code of ``system`` in a CodeableConcept, else its first code, or a bare string code as old clients send it."""
    if isinstance(concept, str):
        return concept
    found = [coding for coding in dicts(as_dict(concept).get("coding")) if isinstance(coding.get("code"), str)]
    chosen = next((coding for coding in found if coding.get("system") == system), found[0] if found else {})
    return as_text(chosen.get("code"))


def texts(concept: Any) -> list[str]:
    """The human-readable names of a CodeableConcept: ``text`` first, then the displays."""
    if not isinstance(concept, dict):
        return []
    names = [as_text(concept.get("text"))]
    for coding in dicts(concept.get("coding")):
        names.append(as_text(coding.get("display")))
    return [name for name in names if name]
