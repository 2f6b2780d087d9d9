"""Which value sets a fact reads itself, from its own code: those that it names, and those that what it calls names for it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cache
from types import CodeType, FunctionType
from typing import Any

from ..content import PROFILES
from ..facts.analytes import ANALYTES
from ..facts.catalogue import CATALOGUE, Definition, closure
from ..facts.record import PatientRecord
from ..fhir.medication import Product, is_folate
from ..fhir.once import once

_FACTS = PatientRecord.__module__.rpartition(".")[0]
# What functions ask these of, they name as an attribute.
_OWNERS = (PatientRecord, Product)


@cache
def known_value_sets() -> frozenset[str]:
    """The ids of all value sets."""
    return frozenset(path.stem for path in (PROFILES / "value-sets").glob("*.json"))


@cache
def value_sets(name: str) -> tuple[str, ...]:
    """The value sets that the fact ``name`` reads itself, sorted; what it takes from other facts is theirs."""
    definition = CATALOGUE[name]
    if not definition.queries and not definition.session:
        return ()
    return tuple(sorted(_named(definition) & known_value_sets()))


def _named(definition: Definition) -> set[str]:
    reached: set[Any] = set()
    words = {definition.name, *_words(definition.compute, reached)}
    analytes = filter(None, map(ANALYTES.get, words)) if PatientRecord.results in reached else ()
    results = [analyte for analyte in analytes if analyte.query in definition.queries]
    # Some facts are called as a value set is (leber, mma): there the fact is read.
    return (words - (set(closure([definition.name])) - {definition.name})).union(*(analyte.value_sets for analyte in results))


def _words(value: Any, seen: set[Any]) -> Iterator[str]:
    """The strings in ``value``: a constant, or a function of the facts with all that it can reach."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Collection) and not isinstance(value, dict):
        for item in value:
            yield from _words(item, seen)
    elif isinstance(value, CodeType):
        yield from _words(value.co_consts, seen)
    elif isinstance(value, property):
        yield from _words(value.fget, seen)
    elif isinstance(value, once):
        yield from _words(value.work, seen)
    elif isinstance(value, FunctionType) and value not in seen:
        seen.add(value)
        yield from _of_function(value, seen)


def _of_function(function: FunctionType, seen: set[Any]) -> Iterator[str]:
    yield from _words(function.__code__, seen)
    for cell in function.__closure__ or ():
        yield from _words(cell.cell_contents, seen)
    for name in _names(function.__code__):
        found = function.__globals__.get(name)
        if not isinstance(found, FunctionType) or found is is_folate or found.__module__.startswith(_FACTS):
            yield from _words(found, seen)
        for owner in _OWNERS:
            yield from _words(vars(owner).get(name), seen)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
