"""The made-up records: valid FHIR that reads naturally, and as recent on any day."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest

from cds_service.authoring.validation import Validator
from cds_service.sandbox.by_example import everybody
from cds_service.sandbox.chart import PRACTITIONER
from cds_service.sandbox.demo import demo_patients
from cds_service.sandbox.links import Addresses, expected
from tests.support.clinic import engine
from tests.support.fhir_builders import TODAY

PATIENTS = demo_patients(TODAY, engine().terminology, everybody(engine().cards))
ADDRESSES = Addresses("http://127.0.0.1:8080", "http://127.0.0.1:8081")
VALIDATOR = Validator()


@pytest.mark.parametrize("patient", PATIENTS.values(), ids=PATIENTS)
def test_a_record_is_valid_fhir(patient: Any) -> None:
    findings = [
        finding
        for item in (*patient.record, PRACTITIONER)
        for finding in VALIDATOR.validate(item, by_code=True).findings
    ]
    doubts = {finding.code for finding in findings if finding.severity != "info"}
    # That the length removed is not on record is what this card is about.
    assert doubts == (
        {"ileal-resection-length"} if patient.person.card == "ileal-resection-length" else set()
    )


def test_codes_have_displays_and_texts_are_words() -> None:
    def concepts(value: Any) -> list[Any]:
        if isinstance(value, list):
            return [found for item in value for found in concepts(item)]
        if isinstance(value, dict):
            return ([value] if "coding" in value else []) + [
                found for item in value.values() for found in concepts(item)
            ]
        return []

    for patient in PATIENTS.values():
        for concept in concepts(list(patient.record)):
            assert all(coding.get("display") for coding in concept["coding"]), concept
            assert "text" not in concept or re.search("[a-z]", concept["text"])


def test_patients_have_names_of_their_own_and_the_age_that_is_told() -> None:
    names = [patient.record[0]["name"][0]["text"] for patient in PATIENTS.values()]
    assert len(set(names)) == len(names)
    for patient in PATIENTS.values():
        born = date.fromisoformat(patient.record[0]["birthDate"])
        assert (
            TODAY.year - born.year - ((TODAY.month, TODAY.day) < (born.month, born.day))
            == patient.person.age
        )


@pytest.mark.parametrize("day", ["2026-01-01", "2027-03-31", "2028-02-29", "2028-12-31"])
def test_each_record_gets_its_card_on_any_day(day: str) -> None:
    """Early and late in the day, too."""
    for time in ("00:00:30", "23:59:30"):
        now = datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=UTC)
        shown = expected(engine(), ADDRESSES, now).values()
        assert [
            patient.person.id
            for patient, cards in shown
            if patient.person.card not in ([card.source.id for card in cards] or [""])
        ] == []


@pytest.mark.parametrize("today", [date(2026, 1, 1), date(2026, 11, 28), date(2028, 2, 29)])
def test_every_patient_has_the_age_that_is_stated_however_many_there_are(today):
    one = next(patient.person for patient in PATIENTS.values())
    people = [one._replace(given=f"Given-{number}") for number in range(120)]
    for patient in demo_patients(today, engine().terminology, people).values():
        born = date.fromisoformat(patient.record[0]["birthDate"])
        had_birthday = (today.month, today.day) >= (born.month, born.day)
        assert today.year - born.year - (not had_birthday) == one.age
