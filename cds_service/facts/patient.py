"""Facts about the patient: age, sex, pregnancy, lactation."""

from __future__ import annotations

from datetime import date, timedelta

from ..fhir.dates import completed_months, parse_birth_date
from .catalogue import Facts, fact
from .fact import Fact, Source, known, unknown
from .history import problems_in
from .laboratory import FINAL, NO_RESULT, is_unreadable, observation_moment


@fact("patient.age_months", "age", "number", unit="mo", queries=("patient",))
def age_months(facts: Facts) -> Fact:
    """Completed months since birth; a partial birth date is the middle of its month or year."""
    patient = facts.record.patient
    birth = parse_birth_date(patient.birthDate) if patient and not patient.is_modified else None
    if birth is None or birth > facts.today:
        return unknown("no usable birth date")
    return known(completed_months(birth, facts.today), Source(facts.record.index.patient_reference, birth))


@fact("patient.deceased", "death", queries=("patient",))
def deceased(facts: Facts) -> Fact:
    """The record says that the patient has died: ``deceasedBoolean`` true, or a ``deceasedDateTime``. Not said is no death."""
    patient = facts.record.patient
    died = patient is not None and (patient.deceasedBoolean is True or bool(patient.deceasedDateTime))
    return known(died, *([Source(facts.record.index.patient_reference)] if died else []))


@fact("patient.age", "age in years", "number", unit="a", uses=("patient.age_months",))
def age(facts: Facts) -> Fact:
    """Age in completed years. Unknown age is treated as adult, and said."""
    months = facts["patient.age_months"]
    return months if months.is_unknown else known(months.value // 12, *months.sources)


@fact("patient.sex", "administrative sex", "category", values=("female", "male", "other"), queries=("patient",))
def sex(facts: Facts) -> Fact:
    """Administrative sex of the Patient resource."""
    patient = facts.record.patient
    gender = patient.gender if patient and not patient.is_modified else ""
    if gender in ("female", "male", "other"):
        return known(gender, Source(facts.record.index.patient_reference))
    return unknown("not stated")


@fact(
    "patient.pregnant",
    "pregnancy",
    queries=("conditions", "pregnancy-status"),
    uses=("patient.age", "patient.sex"),
)
def pregnant(facts: Facts) -> Fact:
    """The newest of a pregnancy Condition and the Observation 82810-3, neither older than {window.pregnancy}.

    False for men, below {patient.childbearing_from} and above {patient.childbearing_to}.
    Unknown with a later Condition that goes with pregnancy, yet may outlast it.
    """
    years = facts["patient.age"].value
    site = facts.site
    first, last = site.number("patient.childbearing_from"), site.number("patient.childbearing_to")
    if facts["patient.sex"].value == "male" or (years is not None and not first <= years <= last):
        return known(False)
    oldest = facts.today - site.days("window.pregnancy")
    found, unusable = _statements(facts, oldest)
    statements = [item for item in found if oldest <= item[0] <= facts.today + timedelta(days=1)]
    possible = _possible_since(facts, oldest)
    if statements:
        day, says, reference = max(statements)
        if says or possible <= day:
            return known(says, Source(reference, day))
    if possible > date.min:
        return unknown("a condition of pregnancy on the problem list")
    if unusable:
        return unknown("a pregnancy status that cannot be used")
    if facts.record.complete("conditions", "pregnancy-status"):
        return known(False)
    return unknown("conditions or pregnancy status not received")


def _possible_since(facts: Facts, oldest: date) -> date:
    """The day of the newest problem that goes with pregnancy (gestational diabetes, say), ``date.min`` for none."""
    days = [
        problem.onset or problem.recorded
        for problem in facts.record.problems
        if "pregnancy-possible" in problem.value_sets and problem.active
    ]
    return max((day for day in days if day and oldest <= day <= facts.today + timedelta(days=1)), default=date.min)


def _statements(facts: Facts, oldest: date) -> tuple[list[tuple[date, bool, str]], bool]:
    """Each dated statement on pregnancy: its day, what it says, its resource; and whether one could not be used."""
    found: list[tuple[date, bool, str]] = []
    unusable = False
    for problem in facts.record.problems:
        day = problem.onset or problem.recorded
        if "pregnancy" in problem.value_sets and problem.active and day and not problem.uncertain:
            found.append((day, True, problem.reference))
    terminology = facts.site.terminology
    for resource in facts.record.observations("pregnancy-status"):
        moment = observation_moment(resource, facts.site.zone)
        if resource.status in NO_RESULT or (moment is not None and moment.day < oldest):
            continue
        answers = terminology.sets_of_concept(resource.valueCodeableConcept) & {"pregnant-answer", "not-pregnant-answer"}
        if resource.status in FINAL and moment is not None and answers and not is_unreadable(resource):
            found.append((moment.day, "pregnant-answer" in answers, resource.relative))
        else:
            unusable = True
    return found, unusable


@fact("patient.lactating", "lactation", queries=("conditions",))
def lactating(facts: Facts) -> Fact:
    """A lactation Condition not older than {window.lactation}."""
    oldest = facts.today - facts.site.days("window.lactation")
    return problems_in(facts, "lactation", where=lambda problem: (problem.onset or problem.recorded or date.min) >= oldest)


@fact("patient.paediatric", "paediatric age", uses=("patient.age",))
def paediatric(facts: Facts) -> Fact:
    """Age below {age.adult_from}, for which no adult regimen applies. Unknown age counts as adult."""
    years = facts["patient.age"]
    if years.is_unknown:
        return unknown(years.note)
    return known(years.value < facts.site.number("age.adult_from"), *years.sources)
