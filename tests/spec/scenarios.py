"""One request for each card, by card id, so that a clause of the specification can be checked against every card.

``ANSWERS`` adds calls with an empty answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.support.fhir_builders import (
    CYANOCOBALAMIN_TABLET,
    DAILY,
    HYDROXOCOBALAMIN,
    IM,
    ORAL,
    allergy,
    condition,
    days_ago,
    dosage,
    draft,
    folic_acid,
    hook_request,
    hydroxocobalamin,
    medication_request,
    observation,
    patient,
    prefetch,
    service_request,
)

LOW_B12 = observation("b12", 110, "pg/mL")
PARAESTHESIA, LEBER, PREGNANT = "309087008", "58610003", "77386006"
CYANOCOBALAMIN = draft(CYANOCOBALAMIN_TABLET, dosage(1, route=ORAL, every=DAILY))
MAINTENANCE = draft(HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 3, "mo")))

EVERY_CARD: dict[str, dict[str, Any]] = {
    "folic-acid-b12-deficient": hook_request("order-sign", prefetch(LOW_B12), drafts=[folic_acid()]),
    "folic-acid-b12-unknown": hook_request("order-select", prefetch(), drafts=[folic_acid()]),
    "folic-acid-add-b12": hook_request(
        "order-sign",
        prefetch(LOW_B12, condition(PREGNANT, onsetDateTime=days_ago(60)), who=patient(birth="1996-03-02")),
        drafts=[folic_acid()],
    ),
    "b12-deficiency-untreated": hook_request("patient-view", prefetch(LOW_B12)),
    "b12-deficiency-neuro": hook_request("patient-view", prefetch(LOW_B12, condition(PARAESTHESIA))),
    "b12-folate-deficiency": hook_request("encounter-discharge", prefetch(LOW_B12, observation("folate", 1.5, "ng/mL"))),
    "cyanocobalamin-leber": hook_request("order-sign", prefetch(condition(LEBER)), drafts=[CYANOCOBALAMIN]),
    "cyanocobalamin-renal": hook_request("order-select", prefetch(observation("egfr", 40, "mL/min/{1.73_m2}")), drafts=[CYANOCOBALAMIN]),
    "cobalamin-anaphylaxis": hook_request("order-sign", prefetch(allergy(criticality="high")), drafts=[hydroxocobalamin()]),
    "hypokalaemia-before-b12": hook_request("order-sign", prefetch(observation("potassium", 2.7, "mmol/L")), drafts=[hydroxocobalamin()]),
    "low-potassium-before-b12": hook_request(
        "order-select", prefetch(observation("potassium", 3.2, "mmol/L")), drafts=[hydroxocobalamin()]
    ),
    "b12-neuro-regimen": hook_request("order-sign", prefetch(LOW_B12, condition(PARAESTHESIA)), drafts=[CYANOCOBALAMIN]),
    "b12-loading-missing": hook_request("order-sign", prefetch(LOW_B12), drafts=[MAINTENANCE]),
    "b12-duplicate": hook_request(
        "order-select", prefetch(medication_request(HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 3, "mo")))), drafts=[MAINTENANCE]
    ),
    "cobalamin-allergy": hook_request("order-sign", prefetch(allergy()), drafts=[CYANOCOBALAMIN]),
    "b12-bleeding-risk": hook_request(
        "order-sign", prefetch(medication_request({"text": "Warfarin 3 mg tablets"})), drafts=[hydroxocobalamin()]
    ),
    "b12-paediatric": hook_request("order-select", prefetch(who=patient(birth="2014-05-01")), drafts=[CYANOCOBALAMIN]),
    "folic-acid-await-b12": hook_request("order-sign", prefetch(service_request("b12")), drafts=[folic_acid()]),
    "folate-after-b12": hook_request("order-sign", prefetch(observation("folate", 1.5, "ng/mL")), drafts=[hydroxocobalamin()]),
    "potassium-monitoring": hook_request("order-sign", prefetch(observation("hb", 8, "g/dL")), drafts=[hydroxocobalamin()]),
}

SILENT: dict[str, dict[str, Any]] = {
    "nothing-found": hook_request("patient-view", prefetch()),
    "no-orders": hook_request("order-sign", prefetch(LOW_B12), drafts=[]),
}
ANSWERS = {**EVERY_CARD, **SILENT}


def suggestions_of(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every suggestion of an answer."""
    return [suggestion for card in cards for suggestion in card.get("suggestions", [])]


def actions_of(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every action of an answer."""
    return [action for suggestion in suggestions_of(cards) for action in suggestion.get("actions", [])]


def nodes(value: Any, path: str = "$") -> Iterator[tuple[str, Any]]:
    """Every JSON value inside ``value`` with its path."""
    yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from nodes(item, f"{path}.{key}")
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from nodes(item, f"{path}[{position}]")
