"""One request for each card, by card id, so that a clause of the specification can be checked against every card: by hand, or made
of the examples of results that show what the card is about.

``ANSWERS`` adds calls with an empty answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cds_service.rules.card import Card
from cds_service.sandbox.by_example import examples_for
from tests.fhir_profiles.profiles import EXAMPLES
from tests.support.clinic import engine
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_TABLET,
    DAILY,
    HYDROXOCOBALAMIN,
    IM,
    ORAL,
    SUBJECT,
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
    procedure,
    resected_length,
    service_request,
)

LOW_B12 = observation("b12", 110, "pg/mL")
MIDDLE_B12 = observation("b12", 250, "pg/mL")
PARAESTHESIA, LEBER, PREGNANT, PERNICIOUS, VEGAN = (
    "309087008",
    "58610003",
    "77386006",
    "84027009",
    "24930006",
)
SLEEVE_GASTRECTOMY, ILEECTOMY = "87604009", "1220548009"
CYANOCOBALAMIN = draft(CYANOCOBALAMIN_TABLET, dosage(1, route=ORAL, every=DAILY))
MAINTENANCE = draft(HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 3, "mo")))


def begun(days: float) -> dict[str, Any]:
    """Injections every 3 months since so many days ago."""
    return medication_request(
        HYDROXOCOBALAMIN,
        dosage(1, route=IM, every=(1, 3, "mo")),
        authoredOn=days_ago(days),
        id="course",
    )


INJECTIONS = begun(400)


def anaemia_at(days: float) -> dict[str, Any]:
    """A haemoglobin of 90 g/L so many days ago."""
    return observation("hb", 90, "g/L", ago=days)


def resection(centimetres: float | None = None) -> dict[str, Any]:
    """An excision of ileum, with the length removed where it is stated."""
    return procedure(
        ILEECTOMY, **({"extension": [resected_length(centimetres)]} if centimetres else {})
    )


BY_HAND: dict[str, dict[str, Any]] = {
    "folic-acid-b12-deficient": hook_request(
        "order-sign", prefetch(LOW_B12), drafts=[folic_acid()]
    ),
    "folic-acid-b12-unknown": hook_request("order-select", prefetch(), drafts=[folic_acid()]),
    "folic-acid-add-b12": hook_request(
        "order-sign",
        prefetch(
            LOW_B12,
            condition(PREGNANT, onsetDateTime=days_ago(60)),
            who=patient(birth="1996-03-02"),
        ),
        drafts=[folic_acid()],
    ),
    "b12-deficiency-untreated": hook_request("patient-view", prefetch(LOW_B12)),
    "b12-deficiency-neuro": hook_request(
        "patient-view", prefetch(LOW_B12, condition(PARAESTHESIA))
    ),
    "nitrous-oxide-neuro": hook_request(
        "patient-view",
        prefetch(
            condition("73891003", recordedDate=days_ago(20)),
            condition(PARAESTHESIA),
            observation("b12", 480, "ng/L"),
        ),
    ),
    "b12-folate-deficiency": hook_request(
        "encounter-discharge", prefetch(LOW_B12, observation("folate", 1.5, "ng/mL"))
    ),
    "cyanocobalamin-leber": hook_request(
        "order-sign", prefetch(condition(LEBER)), drafts=[CYANOCOBALAMIN]
    ),
    "cyanocobalamin-renal": hook_request(
        "order-select",
        prefetch(observation("egfr", 40, "mL/min/{1.73_m2}")),
        drafts=[CYANOCOBALAMIN],
    ),
    "cobalamin-anaphylaxis": hook_request(
        "order-sign", prefetch(allergy(criticality="high")), drafts=[hydroxocobalamin()]
    ),
    "hypokalaemia-before-b12": hook_request(
        "order-sign", prefetch(observation("potassium", 2.7, "mmol/L")), drafts=[hydroxocobalamin()]
    ),
    "low-potassium-before-b12": hook_request(
        "order-select",
        prefetch(observation("potassium", 3.2, "mmol/L")),
        drafts=[hydroxocobalamin()],
    ),
    "b12-neuro-regimen": hook_request(
        "order-sign", prefetch(LOW_B12, condition(PARAESTHESIA)), drafts=[CYANOCOBALAMIN]
    ),
    "b12-loading-missing": hook_request("order-sign", prefetch(LOW_B12), drafts=[MAINTENANCE]),
    "b12-duplicate": hook_request(
        "order-select",
        prefetch(medication_request(HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 3, "mo")))),
        drafts=[MAINTENANCE],
    ),
    "cobalamin-allergy": hook_request("order-sign", prefetch(allergy()), drafts=[CYANOCOBALAMIN]),
    "b12-bleeding-risk": hook_request(
        "order-sign",
        prefetch(medication_request({"text": "Warfarin 3 mg tablets"})),
        drafts=[hydroxocobalamin()],
    ),
    "b12-paediatric": hook_request(
        "order-select", prefetch(who=patient(birth="2014-05-01")), drafts=[CYANOCOBALAMIN]
    ),
    "folic-acid-await-b12": hook_request(
        "order-sign", prefetch(service_request("b12")), drafts=[folic_acid()]
    ),
    "folate-after-b12": hook_request(
        "order-sign", prefetch(observation("folate", 1.5, "ng/mL")), drafts=[hydroxocobalamin()]
    ),
    "b12-stop-lifelong": hook_request(
        "order-sign",
        prefetch(INJECTIONS, condition(PERNICIOUS)),
        drafts=[{**INJECTIONS, "status": "stopped"}],
    ),
    "b12-oral-dose-low": hook_request(
        "order-select",
        prefetch(LOW_B12),
        drafts=[draft(CYANOCOBALAMIN_TABLET, dosage(50, "ug", route=ORAL, every=DAILY))],
    ),
    "b12-sample-first": hook_request("order-select", prefetch(), drafts=[hydroxocobalamin()]),
    "b12-low-on-therapy": hook_request("patient-view", prefetch(LOW_B12, INJECTIONS)),
    "b12-cause-untreated": hook_request("patient-view", prefetch(condition(PERNICIOUS))),
    "therapy-lapsed": hook_request(
        "patient-view", prefetch(condition(PERNICIOUS), {**INJECTIONS, "status": "stopped"})
    ),
    "folate-deficiency-b12-unknown": hook_request(
        "patient-view", prefetch(observation("folate", 1.5, "ng/mL"))
    ),
    "response-inadequate": hook_request(
        "patient-view", prefetch(begun(100), anaemia_at(100), anaemia_at(2))
    ),
    "b12-indeterminate-neuro": hook_request(
        "patient-view", prefetch(MIDDLE_B12, condition(PARAESTHESIA))
    ),
    "b12-indeterminate": hook_request("encounter-discharge", prefetch(MIDDLE_B12)),
    "b12-past-deficiency": hook_request(
        "patient-view", prefetch(observation("b12", 110, "pg/mL", ago=400))
    ),
    "ileal-prophylaxis": hook_request("patient-view", prefetch(resection(30))),
    "ileal-resection-length": hook_request("patient-view", prefetch(resection())),
    "bariatric-maintenance": hook_request(
        "encounter-discharge",
        prefetch(procedure(SLEEVE_GASTRECTOMY), observation("b12", 480, "pg/mL")),
    ),
    "bariatric-pregnancy": hook_request(
        "patient-view",
        prefetch(
            procedure(SLEEVE_GASTRECTOMY),
            condition(PREGNANT, onsetDateTime=days_ago(60)),
            INJECTIONS,
            who=patient(birth="1996-03-02"),
        ),
    ),
    "b12-test-indicated": hook_request("patient-view", prefetch(observation("mcv", 112, "fL"))),
    "folate-deficiency": hook_request(
        "patient-view",
        prefetch(observation("folate", 1.5, "ng/mL"), observation("b12", 480, "pg/mL")),
    ),
    "monitoring-due": hook_request("patient-view", prefetch(begun(120))),
    "homocysteine-above-target": hook_request(
        "patient-view",
        prefetch(
            begun(120),
            observation("homocysteine", 14, "umol/L"),
            observation("egfr", 88, "mL/min/{1.73_m2}"),
        ),
    ),
    "maintenance-interval": hook_request(
        "patient-view",
        prefetch(
            begun(400),
            condition(PARAESTHESIA, onsetDateTime=days_ago(900)),
            observation("homocysteine", 8, "umol/L"),
        ),
    ),
    "response-reticulocytes": hook_request("patient-view", prefetch(begun(7), anaemia_at(8))),
    "pregnancy-intake": hook_request(
        "patient-view",
        prefetch(
            condition(PREGNANT, onsetDateTime=days_ago(60)),
            condition(VEGAN),
            who=patient(birth="1996-03-02"),
        ),
    ),
    "potassium-monitoring": hook_request(
        "order-sign", prefetch(observation("hb", 8, "g/dL")), drafts=[hydroxocobalamin()]
    ),
}


def by_example(card: Card) -> dict[str, Any]:
    """A request for a card that has none by hand: the chart is opened, with the example results of what its criteria rest on."""
    results = (
        {**EXAMPLES[name], "subject": SUBJECT, "effectiveDateTime": days_ago(2)}
        for name in examples_for(card)
    )
    return hook_request(card.hooks[0], prefetch(*results))


EVERY_CARD = {name: BY_HAND.get(name) or by_example(card) for name, card in engine().cards.items()}
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
    return [
        action for suggestion in suggestions_of(cards) for action in suggestion.get("actions", [])
    ]


def nodes(value: Any, path: str = "$") -> Iterator[tuple[str, Any]]:
    """Every JSON value inside ``value`` with its path."""
    yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from nodes(item, f"{path}.{key}")
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from nodes(item, f"{path}[{position}]")
