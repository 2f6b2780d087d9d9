"""Reads of laboratory results: the newest usable one, all of them, its level; and the facts that
are no more than such a read."""

from __future__ import annotations

from collections.abc import Callable

from ..fhir.dates import Moment
from .analytes import ANALYTES, Analyte
from .catalogue import Facts, define
from .domains import Domain
from .fact import Fact, absent, known, unknown
from .laboratory import Result, Results
from .reads import Needs, Read

NEWER_MAY_BE_MISSING = "a newer result may not have been received"
_NONE_IS_USABLE = "; no other is usable"


def define_result(name: str, title: str, doc: str, *, domain: Domain | None = None) -> None:
    """Register as the fact ``name`` the newest usable result of the analyte of that name.
    ``domain``: if its classes do not follow from the cut-offs."""
    units = [family.unit for family in ANALYTES[name].families]
    define(
        name,
        title,
        newest(name),
        doc,
        kind="result",
        unit=units[0],
        other_units=tuple(units[1:]),
        domain=domain,
    )


def newest(name: str, window: str = "") -> Read[Fact]:
    """The newest usable result of the analyte ``name`` within its own window, or within that of the
    parameter ``window``."""
    analyte = ANALYTES[name]
    days = window or analyte.window
    return Read(_needs(analyte, days), lambda facts: _newest(facts, analyte, days, _proves_all))


def newest_that(name: str) -> Read[Callable[[Callable[[Result], bool]], Fact]]:
    """As :func:`newest`, with a function that decides whether a result with a comparator is
    conclusive, if the classes of the analyte do not."""
    analyte = ANALYTES[name]
    return Read(
        _needs(analyte, analyte.window),
        lambda facts: lambda proves: _newest(facts, analyte, analyte.window, proves),
    )


def results(name: str) -> Read[Results]:
    """All results of the analyte ``name``, newest first, of whatever age."""
    analyte = ANALYTES[name]
    return Read(_needs(analyte), lambda facts: facts.record.results(analyte, facts.today))


def level(result: Fact) -> Fact:
    """The class of a laboratory result as a fact of its own; an absent or unknown result stays as
    it is."""
    if result.value is None:
        return result
    return known(result.value.level, *result.sources)


def level_of(name: str) -> Read[Fact]:
    """The class of the result that is the fact ``name``."""
    return Read(Needs(facts=(name,)), lambda facts: level(facts[name]))


def may_be_outdated(result: Fact) -> bool:
    """Whether a newer result than this one may be missing, so that this one does not reassure. If
    the analyte has a reassuring class, such a result is already unknown."""
    return NEWER_MAY_BE_MISSING in result.note


def none_is_usable(result: Fact) -> bool:
    """Whether a result is unknown although all of its list was received: none of what came within
    the window can be used."""
    return result.is_unknown and result.note.endswith(_NONE_IS_USABLE)


def _needs(analyte: Analyte, *windows: str) -> Needs:
    limits = (cut.parameter for cut in analyte.cuts)
    return Needs(
        queries=(analyte.query,), value_sets=analyte.value_sets, parameters=(*windows, *limits)
    )


def _proves_all(result: Result) -> bool:
    return True


def _newest(facts: Facts, analyte: Analyte, window: str, proves: Callable[[Result], bool]) -> Fact:
    oldest = facts.today - facts.site.days(window)
    found = facts.record.results(analyte, facts.today)
    passed_over: list[tuple[Moment | None, str]] = []
    for moment, result in found:
        if moment is not None and moment.day < oldest:
            break
        if isinstance(result, Result) and not (result.interval.point is not None or proves(result)):
            result = "a result whose comparator leaves its level open"
        if isinstance(result, Result):
            outdated = not facts.record.complete(
                analyte.query, since=result.moment.day, of=analyte.value_sets
            )
            if outdated and analyte.reassuring and result.level == analyte.reassuring:
                return unknown(NEWER_MAY_BE_MISSING)
            newer = any(other and other.instant > result.moment.instant for other, _ in passed_over)
            return known(
                result,
                result.source,
                note=_note(result, newer=newer, outdated=outdated and not analyte.classes),
            )
        passed_over.append((moment, result))
    complete = facts.record.complete(analyte.query, since=oldest, of=analyte.value_sets)
    if passed_over:
        return unknown(passed_over[0][1] + (_NONE_IS_USABLE if complete else ""))
    if not complete:
        return unknown("not received")
    return absent("none within the window" if found else "none on record")


def _note(result: Result, *, newer: bool, outdated: bool) -> str:
    """The remark that readers get beside the value of a result."""
    if not (newer or outdated or result.haemolysed or result.suspicious):
        return ""
    notes = {
        "a newer result could not be used": newer,
        "haemolysed": result.haemolysed,
        "check the value": result.suspicious,
        NEWER_MAY_BE_MISSING: outdated,
    }
    return ", ".join(note for note, holds in notes.items() if holds)
