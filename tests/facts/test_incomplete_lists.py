"""A list that was not received whole proves dangers and never reassurance (clinical specification, section 2, "Prefetch")."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.clinic import facts_of
from tests.support.fhir_builders import observation, prefetch

MORE = [{"relation": "next", "url": "https://ehr.example.org/fhir?page=2"}]


def of_part(key: str, *results: dict[str, Any]) -> Any:
    """Facts of a record whose list ``key`` goes on, in an order that tells nothing of what follows: oldest first."""
    values = prefetch(*results)
    values[key] |= {"link": MORE, "entry": values[key]["entry"][::-1]}
    return facts_of(prefetched=values)


CASES = {
    "b12.total.level": ("b12-results", "b12", "ng/L", (110, "deficient"), 480),
    "mma.level": ("b12-results", "mma", "nmol/L", (900, "high"), 200),
    "folate.status": ("b12-results", "folate", "ng/mL", (2, "deficient"), 9),
    "macrocytosis": ("blood-count", "mcv", "fL", (112, True), 90),
    "anaemia": ("blood-count", "hb", "g/L", (80, True), 140),
    "potassium.level": ("renal-and-potassium", "potassium", "mmol/L", (2.7, "severely-low"), 4.2),
    "renal.dysfunction": ("renal-and-potassium", "egfr", "mL/min/{1.73_m2}", (30, True), 90),
}


@pytest.mark.parametrize("name", CASES)
def test_a_danger_counts_and_what_would_reassure_is_unknown(name: str) -> None:
    key, analyte, unit, (dangerous, expected), reassuring = CASES[name]
    older = observation(analyte, reassuring, unit, ago=2)
    assert of_part(key, observation(analyte, dangerous, unit), older)[name].value == expected
    assert of_part(key, observation(analyte, reassuring, unit), older)[name].is_unknown
    assert not facts_of(observation(analyte, reassuring, unit))[name].is_unknown


def test_a_rate_from_creatinine_reassures_no_more_than_one_that_is_reported() -> None:
    older = observation("creatinine", 0.8, "mg/dL", ago=9)
    assert of_part("renal-and-potassium", observation("creatinine", 0.8, "mg/dL"), older)[
        "egfr"
    ].is_unknown
    assert of_part("renal-and-potassium", observation("creatinine", 3.4, "mg/dL"), older)[
        "renal.dysfunction"
    ].holds


def test_a_list_that_came_newest_first_is_whole_back_to_the_day_after_its_oldest_entry() -> None:
    values = prefetch(
        observation("b12", 480, "ng/L", ago=2), observation("b12", 470, "ng/L", ago=60)
    )
    values["b12-results"]["link"] = MORE
    assert facts_of(prefetched=values)["b12.total.level"].value == "sufficient"
