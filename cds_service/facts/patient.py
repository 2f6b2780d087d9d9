"""Facts about the patient: age, sex, pregnancy, lactation."""

from __future__ import annotations

from datetime import date, timedelta

from ..fhir.dates import completed_months, parse_birth_date, parse_day
from ..fhir.r4 import Patient
from .catalogue import fact
from .domains import UNKNOWN, Class, one_of
from .fact import Fact, Source, known, unknown
from .laboratory import FINAL, NO_RESULT, observation_moment
from .lists import observations, patient, patient_reference, problem_that, problems, received
from .reads import Computation, days, number, of
from .record import Problem

# The last of the days that stand for no date: of year 1, 1753, 1899 and 1900, by the system.
_NO_DAY = date(1900, 1, 1)
_ANSWERS = ("pregnant-answer", "not-pregnant-answer")


@fact("patient.age_months", "age", "number", unit="mo")
class AgeInMonths(Computation):
    """Completed months since birth; a partial birth date counts as the middle of its month or
    year."""

    patient = patient()
    reference = patient_reference()
    domain = one_of(
        UNKNOWN, *(Class(f"{years} years", known(years * 12)) for years in (10, 15, 30, 60, 70))
    )

    def compute(self) -> Fact:
        patient, today = self.patient, self.facts.today
        birth = parse_birth_date(patient.birthDate) if patient and not patient.is_modified else None
        if birth is None or birth > today:
            return unknown("no usable birth date")
        return known(completed_months(birth, today), Source(self.reference, birth))


@fact("patient.deceased", "death")
class Deceased(Computation):
    """The record says that the patient has died: ``deceasedBoolean`` true, or a
    ``deceasedDateTime``. Without either, the patient counts as alive. Unknown if the day is none on
    which the patient can have died, or ``deceasedBoolean`` is false beside it."""

    patient = patient()
    reference = patient_reference()

    def compute(self) -> Fact:
        patient = self.patient
        if patient is None or not (patient.deceasedBoolean or patient.deceasedDateTime):
            return known(False)
        if patient.deceasedBoolean or (
            patient.deceasedBoolean is None and self._can_be_day_of_death(patient)
        ):
            return known(True, Source(self.reference))
        return unknown("a day of death that cannot be right")

    def _can_be_day_of_death(self, patient: Patient) -> bool:
        """Whether the patient can have died on the stated day. Systems that have no empty date send
        free text, or the first or last day of their calendar."""
        zone, stated = self.facts.site.zone, patient.deceasedDateTime.strip()
        died = parse_day(stated, zone) or parse_day(stated[:10], zone)
        if died is None or not _NO_DAY < died <= self.facts.today + timedelta(days=1):
            return False
        born = parse_day(patient.birthDate.strip()[:10], zone) or _NO_DAY
        # A partial date of death is compared by its year or month.
        parts = {"year": 1, "month": 2}.get(getattr(died, "unit", ""), 3)
        return died.timetuple()[:parts] >= born.timetuple()[:parts]


@fact("patient.age", "age in years", "number", unit="a")
class Age(Computation):
    """Age in completed years. An unknown age is treated as adult, and cards say so."""

    months = of("patient.age_months")

    def compute(self) -> Fact:
        months = self.months
        return months if months.is_unknown else known(months.value // 12, *months.sources)


@fact("patient.sex", "administrative sex", "category", values=("female", "male", "other"))
class Sex(Computation):
    """Administrative sex of the Patient resource."""

    patient = patient()
    reference = patient_reference()

    def compute(self) -> Fact:
        patient = self.patient
        gender = patient.gender if patient and not patient.is_modified else ""
        return (
            known(gender, Source(self.reference))
            if gender in ("female", "male", "other")
            else unknown("not stated")
        )


@fact("patient.pregnant", "pregnancy")
class Pregnancy(Computation):
    """The newest of a pregnancy Condition and the Observation 82810-3, neither older than
    {window.pregnancy}.

    False for men, below {patient.childbearing_from} and above {patient.childbearing_to}. Unknown
    with a later Condition that goes with pregnancy but may outlast it; also if the newest statement
    denies pregnancy and a newer one may be missing.
    """

    age = of("patient.age")
    sex = of("patient.sex")
    youngest = number("patient.childbearing_from")
    oldest = number("patient.childbearing_to")
    window = days("window.pregnancy")
    pregnancies = problems("pregnancy")
    conditions_of_pregnancy = problems("pregnancy-possible")
    observed = observations("pregnancy-status", *_ANSWERS)
    complete = received("conditions", "pregnancy-status")

    def compute(self) -> Fact:
        years = self.age.value
        if self.sex.value == "male" or (
            years is not None and not self.youngest <= years <= self.oldest
        ):
            return known(False)
        first, last = self.facts.today - self.window, self.facts.today + timedelta(days=1)
        found, unusable = self._statements(first)
        statements = [item for item in found if first <= item[0] <= last]
        possible = self._possible_since(first, last)
        if statements:
            day, says, reference = max(statements)
            if says or (possible <= day and self.complete(since=day)):
                return known(says, Source(reference, day))
        if possible > date.min:
            return unknown("a pregnancy-related condition on the problem list")
        if unusable:
            return unknown("a pregnancy status that cannot be used")
        return (
            known(False)
            if self.complete()
            else unknown("conditions or pregnancy status not received")
        )

    def _possible_since(self, first: date, last: date) -> date:
        """The day of the newest problem that goes with pregnancy (gestational diabetes, say),
        ``date.min`` if there is none."""
        found = [
            problem.onset or problem.recorded
            for problem in self.conditions_of_pregnancy
            if problem.active
        ]
        return max((day for day in found if day and first <= day <= last), default=date.min)

    def _statements(self, first: date) -> tuple[list[tuple[date, bool, str]], bool]:
        """Each dated statement on pregnancy: its day, whether it affirms pregnancy, and its
        resource; and whether a statement could not be used."""
        found: list[tuple[date, bool, str]] = []
        unusable = False
        for problem in self.pregnancies:
            day = problem.onset or problem.recorded
            if problem.active and day and not problem.uncertain:
                found.append((day, True, problem.reference))
        site = self.facts.site
        for resource in self.observed:
            moment = observation_moment(resource, site.zone)
            if resource.status in NO_RESULT or (moment is not None and moment.day < first):
                continue
            answers = site.terminology.sets_of_concept(resource.valueCodeableConcept).intersection(
                _ANSWERS
            )
            if (
                resource.status in FINAL
                and moment is not None
                and answers
                and not resource.is_unreadable
            ):
                found.append((moment.day, "pregnant-answer" in answers, resource.relative))
            else:
                unusable = True
        return found, unusable


@fact("patient.lactating", "lactation")
class Lactation(Computation):
    """A lactation Condition not older than {window.lactation}."""

    lactation = problem_that("lactation")
    window = days("window.lactation")

    def compute(self) -> Fact:
        oldest = self.facts.today - self.window

        def is_recent(problem: Problem) -> bool:
            return (problem.onset or problem.recorded or date.min) >= oldest

        return self.lactation(is_recent)


@fact("patient.paediatric", "paediatric age")
class PaediatricAge(Computation):
    """Age below {age.adult_from}, for which no adult regimen applies. Unknown
    age counts as adult."""

    age = of("patient.age")
    adult_from = number("age.adult_from")

    def compute(self) -> Fact:
        age = self.age
        return (
            unknown(age.note)
            if age.is_unknown
            else known(age.value < self.adult_from, *age.sources)
        )
