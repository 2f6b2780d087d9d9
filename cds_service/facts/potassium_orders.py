"""Potassium tests around the first doses of B12: what speaks for them, which are ordered already, which are to be ordered.

Clinical specification, section 4, before the tables.
"""

from __future__ import annotations

from datetime import timedelta

from ..fhir.dates import parse_moment
from .analytes import ANALYTES
from .catalogue import Facts, fact
from .fact import Fact, absent, known, unknown
from .laboratory import HAEMOLYSED_SAMPLE, level
from .potassium_timing import AT_24_H, AT_48_H, CHECKS, NOW, POTASSIUM, checks_of
from .requested_tests import Request, observed_tests, requests

_RESULTS = "renal-and-potassium"
_REQUESTED_WITHIN = timedelta(hours=24)


@fact("potassium.unreceived", "potassium results not all received", queries=(_RESULTS,))
def unreceived(facts: Facts) -> Fact:
    """The list of potassium results was not received, or not all of it."""
    since = facts.today - facts.site.days("window.potassium_recent")
    return known(not facts.record.complete(_RESULTS, since=since, of=ANALYTES["potassium"].value_sets))


@fact(
    "potassium.grounds", "grounds for potassium checks with the first doses",
    uses=("anaemia", "potassium.risk", "potassium.recently_low", "potassium.unreceived", "b12.results_status"),
)  # fmt: skip
def grounds(facts: Facts) -> Fact:
    """Anaemia, a risk from low potassium, a potassium below {potassium.low_below} within {window.potassium_recent},
    or a list of results that was not all received; or anaemia or risk not known, unless the B12 status is
    reassuring."""
    risks = (facts["anaemia"], facts["potassium.risk"])
    sources = [source for risk in risks if risk.holds for source in risk.sources]
    if sources or any(risk.holds for risk in risks) or facts["potassium.recently_low"].holds or facts["potassium.unreceived"].holds:
        return known(True, *sources)
    reassuring = facts["b12.results_status"].value in ("sufficient", "unlikely")
    return known(not reassuring and any(risk.is_unknown for risk in risks))


@fact("potassium.drafted", "potassium tests in this session", "orders", session=True)
def drafted(facts: Facts) -> Fact:
    """Which of the checks (now, at 24 hours, at 48 hours) are ordered in this session."""
    return known(tuple(check for check in CHECKS if check in facts.session.potassium))


@fact("potassium.ordered", "potassium tests ordered within 24 hours", "orders", queries=("service-requests", _RESULTS))
def ordered(facts: Facts) -> Fact:
    """Which of the checks (now, at 24 hours, at 48 hours) were requested within 24 hours and have no final result since."""
    observed, last_final = observed_tests(facts, ("potassium-laboratory", "potassium-point-of-care"))
    found: set[str] = set()
    for request in requests(facts, POTASSIUM):
        if _is_recent(request, facts) and last_final < (request.due or request.authored):
            found |= checks_of(request.resource, facts.site.zone)
    yesterday = facts.today - timedelta(days=1)
    if any(status in ("registered", "preliminary") and day >= yesterday and last_final < day for status, day, _ in observed):
        found.add(NOW)
    if found or (facts.record.complete("service-requests") and facts.record.complete(_RESULTS)):
        return known(tuple(check for check in CHECKS if check in found))
    return unknown("requests not all received")


def _is_recent(request: Request, facts: Facts) -> bool:
    written = request.resource.authoredOn
    moment = parse_moment(written, facts.site.zone)
    if moment is None or moment.day > facts.today + timedelta(days=1):
        return False
    if "T" in written:
        return facts.now - moment.instant <= _REQUESTED_WITHIN
    return moment.day >= facts.today - timedelta(days=1)


def _left(facts: Facts, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Those of ``wanted`` that are neither drafted nor ordered; below the age of 16 none is suggested."""
    if facts["patient.paediatric"].holds:
        return ()
    requested = {*(facts["potassium.drafted"].value or ()), *(facts["potassium.ordered"].value or ())}
    return tuple(check for check in wanted if check not in requested)


_REQUESTED = ("patient.paediatric", "potassium.drafted", "potassium.ordered")


@fact("potassium.checks", "potassium checks with the first doses", "orders",
      uses=(*_REQUESTED, "b12_therapy.given", "potassium.grounds", "potassium"))  # fmt: skip
def potassium_checks(facts: Facts) -> Fact:
    """Potassium now (unless measured at {potassium.low_below} or more within {window.potassium}), at 24 and at 48
    hours, where there are grounds for them; as far as neither drafted nor ordered within 24 hours. None with
    treatment that is given."""
    if facts["b12_therapy.given"].holds or not facts["potassium.grounds"].holds:
        return known(())
    spared = level(facts["potassium"]).value == "normal"
    return known(_left(facts, (AT_24_H, AT_48_H) if spared else CHECKS))


@fact("potassium.checks_left", "potassium checks still to be ordered", uses=("potassium.checks",))
def checks_left(facts: Facts) -> Fact:
    """One of the potassium checks with the first doses is to be ordered yet."""
    return known(bool(facts["potassium.checks"].value))


@fact("potassium.repeat", "repeat potassium", "orders", uses=_REQUESTED)
def potassium_repeat(facts: Facts) -> Fact:
    """A repeat potassium now, unless one is drafted or ordered."""
    left = _left(facts, (NOW,))
    return known(left) if left else absent()


@fact("potassium.series", "series of potassium", "orders", uses=_REQUESTED)
def potassium_series(facts: Facts) -> Fact:
    """Potassium now, at 24 and at 48 hours, as far as neither drafted nor ordered."""
    left = _left(facts, CHECKS)
    return known(left) if left else absent()


@fact("potassium.haemolysed", "haemolysed potassium", queries=(_RESULTS,))
def haemolysed(facts: Facts) -> Fact:
    """The newest potassium of the last {window.potassium_recent} comes from a sample marked as haemolysed, so that
    the true value may be lower."""
    oldest = facts.today - facts.site.days("window.potassium_recent")
    for moment, result in facts.record.results(ANALYTES["potassium"], facts.today):
        if moment is None or result == "a preliminary result":
            continue
        marked = result == HAEMOLYSED_SAMPLE if isinstance(result, str) else result.haemolysed
        return known(marked and moment.day >= oldest)
    return known(False)


@fact(
    "potassium.first_doses", "first doses of B12 by injection",
    uses=(
        "b12_therapy.given", "b12_therapy.standing", "b12_therapy.start", "anaemia", "potassium.risk", "potassium.recently_low",
        "potassium.unreceived",
    ),
)  # fmt: skip
def first_doses(facts: Facts) -> Fact:
    """Injections drafted now would be the first: no treatment is known to be given. A course that is only scheduled since more
    than {window.potassium_recent} counts as given, unless anaemia, a risk, or the potassium says that care is needed."""
    given = facts["b12_therapy.given"]
    if given.holds:
        return known(False)
    start = facts["b12_therapy.start"].value if facts["b12_therapy.standing"].value == "scheduled" else None
    if start is None or start >= facts.today - facts.site.days("window.potassium_recent"):
        return known(True)
    names = ("anaemia", "potassium.risk", "potassium.recently_low", "potassium.unreceived")
    return known(any(facts[name].holds for name in names))
