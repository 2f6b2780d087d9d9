"""Texts of cards in GitHub Flavored Markdown without HTML, with placeholders filled and values as
sent.

Everything from the client (units, drug names) is escaped, so that it can never be markup.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from ..facts.analytes import ANALYTES
from ..facts.catalogue import CATALOGUE, Definition
from ..facts.fact import Fact, Source, newest_first
from ..facts.kinds import (
    CATEGORY,
    DATE,
    NUMBER,
    ORDERS,
    REFERENCE,
    RESULT,
    TIMES,
    YES_NO,
    Kind,
)
from ..fhir.dates import PartialDay
from ..rules.card_texts import PLACEHOLDER
from ..rules.written_units import written

_MARKUP = re.compile(r"([\\`*_{}\[\]()#+!|~$:])")
# GitHub's Markdown makes links of www.name and of mail addresses, even if the @ is escaped. Other
# renderers also do so with name.tld and //name.
_HOST = re.compile(r"(?<=[^\W\d])\.|(?<=\d)\.(?=[^\W\d])|(?<=/)/")
_MAIL = re.compile(r"@(?=\S)")
# "&" and "<" become entities instead of getting backslashes, which is harmless even in a client
# that shows Markdown as HTML. "<150" opens no tag.
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./%,]{0,60}[A-Za-z0-9%]\Z")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt), with bidirectional controls
# and tags, and the annotation characters.
_INVISIBLE = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff"
    r"\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# No number of a fact needs more digits; Decimal cannot round one with more than 28.
_DIGITS = 12
_MOST_QUOTED = 3
# The remarks that facts add to the words of the record.
_REMARK = re.compile(r" ?\((recognised by name|uncertain)\)$")
_COLUMNS = "| Result | Value | Date |\n| --- | --- | --- |"
_COLUMNS_WITH_RANGE = "| Result | Value | Date | Laboratory's range |\n| --- | --- | --- | --- |"
_UNITS = {**TIMES, "ug/d": "micrograms a day"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def escaped(text: str, limit: int = 80) -> str:
    """Text from outside as plain text in Markdown: markup escaped, one line, at most
    ``limit`` characters."""
    if _PLAIN.match(text) and not _HOST.search(text):
        return text
    text = _MARKUP.sub(r"\\\1", one_line(text, limit).replace("&", "&amp;"))
    return _TAG.sub("&lt;", _MAIL.sub("@ ", _HOST.sub(r"\\\g<0>", text)))


def one_line(text: str, limit: int = 80) -> str:
    """Text from outside on one line, without control or invisible characters, at most
    ``limit`` characters."""
    text = _SPACE.sub(" ", _INVISIBLE.sub("", text)).strip()
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "\u2026"


def day_text(day: date) -> str:
    """A day as ``2 Mar 2026``; a partial date as it was sent, as ``Mar 2026`` or ``2026``."""
    unit = day.unit if isinstance(day, PartialDay) else ""
    if unit == "year":
        return f"{day.year}"
    month = f"{_MONTHS[day.month - 1]} {day.year}"
    return month if unit == "month" else f"{day.day} {month}"


def value_text(definition: Definition, fact: Fact, *, markdown: bool = True) -> str:
    """A fact's value for a reader, or ``""`` if it has none. Results are shown as the laboratory
    sent them."""
    if fact.value is None:
        return ""
    text = _TEXTS[definition.kind](fact.value, definition.unit)
    return escaped(text) if markdown else one_line(text)


def _number_text(value: float | Decimal, unit: str) -> str:
    if isinstance(value, float):
        if math.isinf(value):  # an interval between doses
            return "single dose"
        value = Decimal(str(value))
    if isinstance(value, Decimal) and value.adjusted() >= _DIGITS:
        shown = f"{value:.2e}"
    elif isinstance(value, Decimal):
        places = 0 if unit == "d" and value >= 10 else 1  # every 91 days, not 91.3
        # 50 rather than 50.0, 142.9 rather than 142.857142857
        shown = f"{round(value, places).normalize():f}"
    else:
        shown = str(value)
    return f"{shown} {_UNITS.get(unit, unit)}".strip()


# The text of a fact's value, by its kind: from the value, and the unit of the fact.
_TEXTS: Mapping[Kind, Callable[[Any, str], str]] = {
    YES_NO: lambda value, unit: "yes" if value else "no",
    NUMBER: _number_text,
    RESULT: lambda value, unit: written(value.as_sent),
    DATE: lambda value, unit: day_text(value),
    ORDERS: lambda value, unit: ", ".join(value) or "none",
    CATEGORY: lambda value, unit: str(value),
    REFERENCE: lambda value, unit: str(value),
}


def dated_text(definition: Definition, fact: Fact, *, markdown: bool = True) -> str:
    """A result with its day: ``110 pg/mL (2 Mar 2026)``."""
    text = value_text(definition, fact, markdown=markdown)
    if text and definition.kind is RESULT:
        return f"{text} ({day_text(fact.value.moment.day)})"
    return text


def filled(text: str, facts: Mapping[str, Fact], *, markdown: bool = True) -> str:
    """``text`` with each ``{fact}`` replaced by its value and date. A fact without a value becomes
    ``not known``; a yes-no fact that holds quotes the record."""

    def shown(match: re.Match[str]) -> str:
        definition, fact = CATALOGUE[match[1]], facts[match[1]]
        if definition.kind is YES_NO and fact.holds:
            return quoted(fact) or definition.title
        return dated_text(definition, fact, markdown=markdown) or "not known"

    return PLACEHOLDER.sub(shown, text) if "{" in text else text


def quoted(fact: Fact) -> str:
    """The words of the record that a fact rests on, newest first:
    ``“Paraesthesia” (2 Mar 2026)``; ``""`` if there are none."""
    named: dict[str, Source] = {}
    for source in newest_first(fact.sources):
        if _REMARK.sub("", source.text):
            named.setdefault(source.text, source)
    return ", ".join(map(_quoted, list(named.values())[:_MOST_QUOTED]))


def _quoted(source: Source) -> str:
    words, remark = written(_REMARK.sub("", source.text)), _REMARK.search(source.text)
    behind = [*([remark[1]] if remark else []), *([day_text(source.day)] if source.day else [])]
    return f"“{escaped(words)}”" + (f" ({', '.join(behind)})" if behind else "")


def values_table(names: Iterable[str], facts: Mapping[str, Fact]) -> str:
    """A small Markdown table of the facts among ``names`` that have a value, with the laboratory's
    own ranges if they were sent; ``""`` if none has a value."""
    found = [(CATALOGUE[name], fact) for name in names if (fact := facts[name]).value is not None]
    if not found:
        return ""
    ranges = any(definition.kind is RESULT and fact.value.range for definition, fact in found)
    rows = [_COLUMNS_WITH_RANGE if ranges else _COLUMNS]
    for definition, fact in found:
        is_result = definition.kind is RESULT
        day = day_text(fact.value.moment.day) if is_result else ""
        remark = f" ({fact.note})" if is_result and fact.note else ""
        shown_range = (
            f" {escaped(written(fact.value.range)) if is_result else ''} |" if ranges else ""
        )
        rows.append(
            f"| {capital(definition.title)} | {value_text(definition, fact)}{remark} | {day} "
            f"|{shown_range}"
        )
    return "\n".join(rows)


def laboratory_differs(names: Iterable[str], facts: Mapping[str, Fact]) -> str:
    """The line on results that the laboratory's range or flag puts into another class than the
    limits of this site; ``""`` if there are none."""
    told = []
    for name in names:
        result = facts[name].value if CATALOGUE[name].kind is RESULT else None
        if (
            result is not None
            and result.side
            and name in ANALYTES
            and ANALYTES[name].side_of(result.level) not in ("", result.side)
        ):
            told.append(f"{CATALOGUE[name].title} {result.side}")
    return (
        (
            f"The laboratory's range or flag calls {', '.join(told)}. Methods differ; this card "
            "goes by its own limits."
        )
        if told
        else ""
    )


def not_known(names: Iterable[str], drafts: Iterable[str] = ()) -> str:
    """The line with the titles of the unknown facts ``names``, and with the ``drafts`` whose
    medication cannot be identified; ``""`` if there are none."""
    titles = [CATALOGUE[name].title for name in names]
    titles += [f"what the drafted order {escaped(draft)} is" for draft in drafts]
    return f"Not known: {', '.join(titles)}." if titles else ""


def capital(text: str) -> str:
    """``text`` with a capital first letter; ``eGFR`` has its own already."""
    return text if text[1:2].isupper() else text[:1].upper() + text[1:]
