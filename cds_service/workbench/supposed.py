"""Supposed facts: values that a person types in place of those of the record. Results are read in
the same way as a laboratory's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from ..authored_yaml.source import AuthoringError, Place
from ..authoring.card_tests import stated_fact
from ..engine import Engine
from ..facts.analytes import ANALYTES
from ..facts.catalogue import CATALOGUE
from ..facts.fact import Fact, absent, known, unknown
from ..facts.kinds import NUMBER, RESULT, YES_NO
from ..facts.laboratory import Result, Results
from ..fhir.index import ResourceIndex
from ..fhir.r4 import CodeableConcept, Coding, Observation, Reference

_SAYS = Place("supposed", 1, 1)
_PATIENT = "supposed"
_YES_NO = {"yes": True, "no": False, "true": True, "false": False}


class NoSuchValue(ValueError):
    """The typed text is not a value of the fact. The message says why and how to write one."""


def supposed_facts(
    engine: Engine, typed: Mapping[str, str], now: datetime, times: Mapping[str, datetime]
) -> dict[str, Fact]:
    """The facts for the typed texts, by name. ``times``: the sample times of the results that they
    replace. Raises :class:`NoSuchValue`."""
    today = now.astimezone(engine.zone).date()
    return {
        name: _fact(engine, name, text.strip(), times.get(name, now), today)
        for name, text in typed.items()
    }


def _fact(engine: Engine, name: str, text: str, at: datetime, today: date) -> Fact:
    definition = CATALOGUE.get(name)
    if definition is None:
        raise NoSuchValue(f"There is no fact {name!r}.")
    if text in ("absent", "unknown"):
        return absent() if text == "absent" else unknown("supposed")
    if definition.kind is RESULT and name in ANALYTES:
        return known(supposed_result(engine, name, text, at, today), note="supposed")
    value = _YES_NO.get(text.lower(), text) if definition.kind is YES_NO else text
    if definition.kind is NUMBER and _is_number(text):
        value = f"{text} {definition.unit}"
    try:
        found = stated_fact(name, value, _SAYS)
    except AuthoringError as error:
        raise NoSuchValue(f"{definition.title}: {error.what} {error.mend}") from None
    return known(found.value, note="supposed") if found.value is not None else found


def _is_number(text: str) -> bool:
    return (
        text.replace(".", "", 1).isascii()
        and text.replace(".", "", 1).isdigit()
        and Decimal(text).is_finite()
    )


def supposed_result(engine: Engine, name: str, text: str, at: datetime, today: date) -> Result:
    """The result for the fact ``name``, as if a laboratory had sent ``text`` for a sample taken
    ``at`` that time.

    Raises :class:`NoSuchValue`.
    """
    analyte = ANALYTES[name]
    system, code = engine.terminology.query_codes(analyte.value_sets[0])[0]
    observation = Observation(
        id="supposed",
        status="final",
        code=CodeableConcept(coding=[Coding(system, code)]),
        subject=Reference(f"Patient/{_PATIENT}"),
        effectiveDateTime=at.isoformat(),
        valueString=text,
    )
    index = ResourceIndex(_PATIENT, engine.terminology, engine.zone)
    index.add(observation)
    ((_, found),) = Results(index, analyte, engine.site, today)
    if isinstance(found, str):
        raise NoSuchValue(
            f"{CATALOGUE[name].title}: {text!r} is {found}. Write it as '110 "
            f"{CATALOGUE[name].unit}' or '<150 …'."
        )
    return found
