"""What a card says is on record is quoted in the record's own words, with its day."""

from tests.support.clinic import card_of, fire
from tests.support.fhir_builders import (
    RXNORM,
    condition,
    days_ago,
    hydroxocobalamin,
    medication_request,
    observation,
    prefetch,
)

LOW = observation("b12", 110, "ng/L", ago=3)
WARFARIN = medication_request(
    {"coding": [{"system": RXNORM, "code": "11289"}], "text": "Warfarin 3 mg tablet"},
    authoredOn=days_ago(30),
)


def neuro(*problems):
    return card_of(fire("patient-view", prefetch(LOW, *problems)), "b12-deficiency-neuro")["detail"]


def signing(*record):
    return fire("order-sign", prefetch(*record), drafts=[hydroxocobalamin()])


def test_a_problem_by_its_name_and_day():
    told = neuro(condition("386033004", text="Neuropathy", onsetDateTime=days_ago(40)))
    assert "On record: “Neuropathy” (14 Oct 2026). It may have another cause: confirm it." in told


def test_a_problem_without_words_by_the_name_of_the_fact():
    assert "On record: neurological features. It may have another cause" in neuro(
        condition("386033004")
    )


def test_the_newest_three_and_each_once():
    problems = [
        condition("386033004", text=f"Neuropathy {number}", onsetDateTime=days_ago(number))
        for number in (1, 2, 3, 4)
    ]
    told = neuro(*problems, condition("386033004", text="Neuropathy 1", onsetDateTime=days_ago(9)))
    assert (
        "On record: “Neuropathy 1” (22 Nov 2026), “Neuropathy 2” (21 Nov 2026), “Neuropathy 3” (20 Nov 2026). It"
        in told
    )


def test_a_drug_that_its_name_told():
    told = card_of(
        signing(medication_request({"text": "Furosemide 40 mg tablets"}, authoredOn=days_ago(1))),
        "potassium-monitoring",
    )["detail"]
    assert "On record: “Furosemide 40 mg tablets” (recognised by name, 22 Nov 2026)." in told


def test_either_or_is_decided():
    assert (
        "On record: “Warfarin 3 mg tablet” (24 Oct 2026)."
        in card_of(signing(WARFARIN), "b12-bleeding-risk")["detail"]
    )
    few = observation("platelets", 40, "10*9/L", ago=2)
    assert (
        "On record: “platelets 40 × 10⁹/L” (21 Nov 2026)."
        in card_of(signing(few), "b12-bleeding-risk")["detail"]
    )


def test_words_of_the_record_are_no_markup():
    assert "[x](https" not in neuro(
        condition("386033004", text="[x](https://evil.example)", onsetDateTime=days_ago(1))
    )


def test_a_code_that_is_not_read_names_nothing():
    local = {"system": "urn:oid:1.2.3", "code": "9", "display": "Local item"}
    problem = condition("386033004")
    problem["code"]["coding"].insert(0, local)
    assert "On record: neurological features. It" in neuro(problem)
    problem["code"]["coding"][1]["display"] = "Neuropathy"
    assert "On record: “Neuropathy”. It" in neuro(problem)
