"""Which facts read which parameters themselves: read from their code, because a walk computes no fact that reads the record."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cache
from types import CodeType, FunctionType
from typing import Any

from ...facts.analytes import ANALYTES
from ...facts.catalogue import CATALOGUE
from ...facts.record import PatientRecord

_TABLE = "ANALYTES"  # a fact that names an analyte reads its results only by this table


@cache
def parameters_of(fact: str) -> frozenset[str]:
    """The texts in the code of ``fact`` and of the functions that it calls, among them the names of the parameters that it reads."""
    return frozenset(_texts(CATALOGUE[fact].compute, set()))


def readers(parameter: str) -> set[str]:
    """The facts that read ``parameter`` themselves, not by way of another fact; of an analyte's, those that read its results."""
    of_analyte = any(parameter in (analyte.window, *(cut.parameter for cut in analyte.cuts)) for analyte in ANALYTES.values())
    found = {name for name in CATALOGUE if parameter in parameters_of(name)}
    return {name for name in found if not of_analyte or (_TABLE in parameters_of(name) and CATALOGUE[name].queries)}


def _texts(function: Any, seen: set[Any]) -> Iterator[str]:
    if function in seen:
        return
    seen.add(function)
    yield from _of_code(function.__code__)
    for name in _names(function.__code__):
        if name == _TABLE:
            yield _TABLE
        value = function.__globals__.get(name, vars(PatientRecord).get(name))
        value = getattr(value, "fget", None) or getattr(value, "func", None) or value
        if isinstance(value, FunctionType) and value.__module__.startswith(f"{__package__.split('.')[0]}.facts"):
            yield from _texts(value, seen)
        elif isinstance(value, (tuple, list, frozenset, dict)) and name != _TABLE:
            yield from _of_value(value)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _of_code(code: CodeType) -> Iterator[str]:
    for constant in code.co_consts:
        yield from _of_code(constant) if isinstance(constant, CodeType) else _of_value(constant)


def _of_value(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        analyte = ANALYTES.get(value)
        if analyte:
            yield analyte.window
            yield from (cut.parameter for cut in analyte.cuts)
    elif isinstance(value, Collection):
        for item in value:
            yield from _of_value(item)
