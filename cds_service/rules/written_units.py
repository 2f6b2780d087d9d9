"""Units as people write them, without those codes of UCUM that readers do not know."""

from __future__ import annotations

import re

_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_POWER = re.compile(r"10\*(\d{1,2})(?!\d)")
_ANNOTATION = re.compile(r"\{[^{}]*\}")


def written(text: str) -> str:
    """``text`` with its UCUM codes as people write them: ``mL/min/1.73 m²``, ``× 10⁹/L``, and no
    other annotation."""
    if "10*" in text:
        text = _POWER.sub(lambda power: f"× 10{power[1].translate(_SUPERSCRIPTS)}", text)
    return _ANNOTATION.sub("", text.replace("{1.73_m2}", "1.73 m²")) if "{" in text else text
