"""What is made from the cards: PlanDefinitions and the Library, valid R4, complete, and resolvable within the package."""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from click.testing import CliRunner
from fhir.resources.R4B import get_fhir_model_class

from cds_service.authoring.validation import Validator
from cds_service.cli import main
from cds_service.config import Settings
from cds_service.content import CARDS, PROFILES
from cds_service.engine import Engine
from cds_service.export.resources import definitions, stale, write
from cds_service.facts.catalogue import CATALOGUE
from tests.support.clinic import client, engine

# uk has what a set can do: a card that is off, another indicator, other orders.
SETS = ("default", "uk")
HANDED_OVER = Path(__file__).parent / "handed_over"
RENEW = "stale: run `make generate` and look at what changed in tests/fhir_profiles/handed_over"
VALIDATOR = Validator()
BASE = "https://b12-folate-cds.example.org/fhir"


@cache
def made(parameters: str = "default") -> dict[str, dict[str, Any]]:
    """The definitions of a parameter set by ``Type/id``."""
    return {
        f"{item['resourceType']}/{item['id']}": item for item in definitions(engine(parameters))
    }


def plans(parameters: str = "default") -> dict[str, dict[str, Any]]:
    return {
        item["id"]: item
        for name, item in made(parameters).items()
        if name.startswith("PlanDefinition/")
    }


def plan(card_id: str, parameters: str = "default") -> dict[str, Any]:
    return plans(parameters)[card_id]


def canonicals(element: Any) -> Iterator[str]:
    """Every canonical or URL of this project's that a resource refers to."""
    if isinstance(element, dict):
        for key, value in element.items():
            if key in (
                "definitionCanonical",
                "resource",
                "valueSet",
                "library",
                "instantiatesCanonical",
            ):
                yield from (
                    value if isinstance(value, list) else [value] if isinstance(value, str) else []
                )
            yield from canonicals(value)
    elif isinstance(element, list):
        for item in element:
            yield from canonicals(item)


@pytest.mark.parametrize("parameters", SETS)
def test_every_definition_is_a_valid_fhir_resource(parameters):
    for name, resource in made(parameters).items():
        if parameters != "default" and resource == made().get(name):
            continue  # checked with the set that it is of
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
        assert VALIDATOR.validate(resource).findings == (), name


@pytest.mark.parametrize("parameters", SETS)
def test_every_canonical_resolves_to_the_version_that_is_handed_over(parameters):
    known = {item["url"]: item["version"] for item in made(parameters).values()}
    found = [
        item
        for name, resource in made(parameters).items()
        if name.startswith(("Plan", "Library"))
        for item in canonicals(resource)
    ]
    assert len(found) > 500
    assert all(item.startswith(BASE) for item in found)
    assert [
        item
        for item in found
        if known.get(item.partition("|")[0])
        not in ([item.partition("|")[2]] if "|" in item else known.values())
    ] == []


@pytest.mark.parametrize("parameters", SETS)
def test_there_is_one_plan_for_each_active_card_with_its_version_and_hooks(parameters):
    cards = engine(parameters).cards
    suffix = "" if parameters == "default" else f"+{parameters}"
    assert {(name, item["version"]) for name, item in plans(parameters).items()} == {
        (c.id, c.version + suffix) for c in cards.values()
    }
    for card in cards.values():
        assert f"Hooks: {', '.join(card.hooks)}." in plan(card.id, parameters)["description"]


@pytest.mark.parametrize("parameters", SETS)
def test_nothing_that_is_handed_over_makes_a_server_announce_a_service(parameters):
    """A server with clinical reasoning makes a CDS service of each PlanDefinition that a named event triggers."""
    for name, resource in made(parameters).items():
        assert "named-event" not in json.dumps(resource), name
        capabilities = [
            item["valueCode"]
            for item in resource.get("extension", [])
            if item["url"].endswith("knowledgeCapability")
        ]
        assert "executable" not in capabilities
        if name.startswith(("PlanDefinition/", "Library/")):
            assert capabilities == ["shareable", "computable", "publishable"]


def test_the_address_of_the_service_stands_in_it_where_the_site_states_it():
    def endpoints(base_url: str) -> set[str]:
        found = definitions(Engine(Settings(base_url=base_url)))
        return {
            item["valueUri"]
            for plan in found
            for item in plan.get("extension", [])
            if item["url"].endswith("cqf-cdsHooksEndpoint")
        }

    assert endpoints("") == set()
    assert endpoints("https://cds.example.org") == {"https://cds.example.org/cds-services"}


def test_an_order_that_is_applied_elsewhere_is_a_draft():
    """R4's $apply makes active orders where the definition does not say otherwise."""
    orders = [item for name, item in made().items() if name.startswith("ActivityDefinition/")]
    assert orders
    for order in orders:
        (status,) = order["dynamicValue"]
        assert (
            status["path"],
            status["expression"]["language"],
            status["expression"]["expression"],
        ) == (
            "status",
            "text/fhirpath",
            "'draft'",
        )


def test_a_value_set_has_an_expansion_that_says_where_it_is_not_closed():
    terminology = engine().terminology
    for name, resource in made().items():
        if not name.startswith("ValueSet/"):
            continue
        listed = {
            (item["system"], item["code"]) for item in resource["expansion"].get("contains", [])
        }
        assert all(terminology.holds(resource["id"], system, code) for system, code in listed), name
        text = json.dumps([made()[f"ValueSet/{part}"]["compose"] for part in composing(resource)])
        closed = "extension" not in resource["expansion"]
        assert closed is ('"filter"' not in text), name
        if closed:
            assert len(listed) == resource["expansion"]["total"]


def composing(value_set: dict[str, Any]) -> list[str]:
    """The ids of the value sets that one is made of, its own included."""
    urls = [
        url for include in value_set["compose"]["include"] for url in include.get("valueSet", [])
    ]
    return [
        value_set["id"],
        *(part for url in urls for part in composing(made()[f"ValueSet/{url.rpartition('/')[2]}"])),
    ]


def test_every_definition_has_a_narrative_that_is_well_formed():
    for name, resource in made().items():
        div = ElementTree.fromstring(resource["text"]["div"])
        assert div.tag == "{http://www.w3.org/1999/xhtml}div"
        assert "".join(div.itertext()).strip(), name


def test_what_another_publisher_defines_is_not_handed_over():
    assert {
        item["url"] for item in made().values() if not item["url"].startswith(f"{BASE}/")
    } == set()


def test_units_are_ascii_where_a_server_announces_or_evaluates_them():
    for name, resource in made().items():
        if name.startswith(("PlanDefinition/", "Library/")):
            assert "\u00b2" not in json.dumps(resource, ensure_ascii=False), name
    assert "mL/min/1.73 m2" in criteria()


def test_a_card_that_is_off_in_a_set_is_not_handed_over_in_it():
    assert "homocysteine-above-target" in plans("default")
    assert "homocysteine-above-target" not in plans("uk")


def test_the_rule_of_a_card_reads_as_the_card_does():
    rule = plan("folic-acid-b12-deficient")
    assert (rule["title"], rule["status"], rule["type"]["coding"][0]["code"]) == (
        "Folic acid in B12 deficiency",
        "draft",
        "eca-rule",
    )
    (action,) = rule["action"]
    assert action["title"] == (
        "B12 deficiency is [likelihood of B12 deficiency]: do not give folic acid alone"
    )
    assert (
        "If regimen to start: at least one order, and no possible pregnancy without another reason for folate: **Start B12 before folic acid.**"
        in action["description"]
    )
    assert (
        "If paediatric age: Below 16 years adult regimens do not apply: ask a paediatric specialist."
        in action["description"]
    )
    assert action["code"][0]["coding"][0] == {
        "system": f"{BASE}/CodeSystem/card-topic",
        "code": "folic-acid-b12-deficient",
        "display": "Folic acid in B12 deficiency",
    }
    assert [item["display"] for item in action["documentation"]] == ["US label: folic acid tablets"]
    assert [item["label"] for item in rule["relatedArtifact"]] == [
        "fda-folic-acid-label",
        "bsh-2014",
        "nice-ng239",
        "bnf-hydroxocobalamin",
    ]
    assert action["condition"] == [
        {
            "kind": "applicability",
            "expression": {
                "description": (
                    "It fires when all of: drafted folate above the low dose; known or likely B12 deficiency. It is silent when "
                    "any of: effective B12 treatment; therapeutic cobalamin in this session; another reason for folate: pregnancy, "
                    "methotrexate, pemetrexed, haemolysis or dialysis."
                ),
                "language": "text/cql",
                "expression": "FolicAcidB12Deficient",
                "reference": f"{BASE}/Library/B12FolateCriteria",
            },
        }
    ]


@pytest.mark.parametrize(
    ("card_id", "priority"),
    [
        ("folic-acid-b12-deficient", "stat"),
        ("b12-deficiency-untreated", "urgent"),
        ("b12-test-indicated", "routine"),
    ],
)
def test_priority_is_the_urgency_of_the_card(card_id, priority):
    assert plan(card_id)["action"][0]["priority"] == priority


def test_suggestions_are_alternatives_and_their_orders_go_together():
    (action,) = plan("folic-acid-b12-deficient")["action"]
    assert action["selectionBehavior"] == "at-most-one"
    first, _, third, tests_alone = action["action"]
    assert tests_alone["title"] == "Order [tests before the first dose]"
    assert (first["title"], first["selectionBehavior"], first["precheckBehavior"]) == (
        "Add [regimen to start]; folic acid after it",
        "all",
        "yes",
    )
    sample, regimen, potassium = first["action"]
    assert (sample["selectionBehavior"], [item["title"] for item in sample["action"]]) == (
        "at-most-one",
        [
            "Methylmalonic acid",
            "Active B12 (holotranscobalamin) and Serum folate",
            "Serum vitamin B12 and Serum folate",
        ],
    )
    assert regimen["selectionBehavior"] == "exactly-one"
    assert [item["definitionCanonical"] for item in regimen["action"]] == [
        f"{BASE}/ActivityDefinition/hydroxocobalamin-neuro|1.1.0",
        f"{BASE}/ActivityDefinition/hydroxocobalamin-loading-then-maintenance|1.1.0",
    ]
    assert potassium["selectionBehavior"] == "any"
    assert [item["title"] for item in potassium["action"]] == [
        "Potassium now",
        "Potassium at 24 hours",
        "Potassium at 48 hours",
    ]
    (condition,) = third["condition"]
    assert condition["expression"]["expression"] == "FolicAcidB12Deficient_Suggestion3"
    assert condition["expression"]["description"] == (
        "the card fires and no pregnancy and another reason for folate: none and no possible pregnancy without another reason for "
        "folate and age is not known to be below 16"
    )
    assert (third["precheckBehavior"], third["action"][-1]["title"]) == (
        "no",
        "Remove: drafted folate",
    )


def test_a_card_without_suggestions_has_no_actions_within():
    assert "action" not in plan("b12-paediatric")["action"][0]


def test_the_order_differs_where_a_parameter_set_does():
    def orders(parameters: str) -> list[str]:
        return [
            item["definitionCanonical"].rpartition("/")[2]
            for item in plan("folate-after-b12", parameters)["action"][0]["action"][0]["action"]
        ]

    assert orders("default") == ["folic-acid-1mg-3-months|1.1.0"]
    assert orders("uk") == ["folic-acid-5mg-4-months|1.1.0"]


def test_cards_that_a_card_looks_at_are_what_it_depends_on():
    needed = [
        item["resource"]
        for item in plan("b12-oral-dose-low")["relatedArtifact"]
        if item["type"] == "depends-on"
    ]
    looked_at = ("b12-neuro-regimen", "cyanocobalamin-leber", "cyanocobalamin-renal")
    assert needed == [
        f"{BASE}/PlanDefinition/{card_id}|{plan(card_id)['version']}" for card_id in looked_at
    ]


def read_by(card_id: str) -> set[tuple[str, str]]:
    """What a card reads: the types, and the ids of the value sets of the codes."""
    inputs = plan(card_id)["action"][0]["input"]
    assert all(
        "id" not in item for item in inputs
    )  # an engine would take one for the name of a parameter
    filters = [(item["type"], code) for item in inputs for code in item.get("codeFilter", [{}])]
    return {(kind, code.get("valueSet", "").rpartition("/")[2]) for kind, code in filters}


def test_what_a_card_reads_is_its_input():
    assert {("Patient", ""), ("MedicationRequest", ""), ("Observation", "homocysteine")} <= read_by(
        "monitoring-due"
    )
    assert ("AllergyIntolerance", "") not in read_by("response-reticulocytes")


def criteria(parameters: str = "default") -> str:
    """The text of the Library of criteria."""
    (content,) = made(parameters)["Library/b12-folate-criteria"]["content"]
    assert content["contentType"] == "text/cql"
    return base64.b64decode(content["data"]).decode()


@pytest.mark.parametrize("parameters", SETS)
def test_every_condition_names_a_define_of_the_library_of_criteria(parameters):
    defined = re.findall(r"^define (\w+):", criteria(parameters), re.MULTILINE)
    assert len(defined) == len(set(defined))
    named = re.findall(
        r'"language": "text/cql", "expression": "(\w+)"',
        json.dumps(list(plans(parameters).values())),
    )
    assert sorted(named) == sorted(defined)


@pytest.mark.parametrize("parameters", SETS)
def test_the_criteria_ask_only_facts_that_they_take_as_parameters(parameters):
    text = criteria(parameters)
    for name in {*re.findall(r'"([a-z0-9_.]+)"', text)} - {"hook", "today"}:
        fact = name.removesuffix(".known")
        assert fact in CATALOGUE
        assert f'parameter "{fact}.known" Boolean default false' in text
    assert (
        f"library B12FolateCriteria version '{made(parameters)['Library/b12-folate-criteria']['version']}'"
        in text
    )


def test_a_criterion_reads_as_the_card_has_it():
    text = criteria()
    # What an author says of an unknown fact is the other branch; a look at another card is a look at its define.
    assert 'if not "b12_therapy.active.known" then true else' in text
    assert "not ((B12CauseUntreated) is true)" in text
    assert "((\"hook\" in {'patient-view', 'encounter-discharge'}) is true)" in text
    # A card that is off in a set never fires.
    assert "HomocysteineAboveTarget" in text
    assert "HomocysteineAboveTarget" not in criteria("uk")


def test_the_library_defines_every_fact_and_every_parameter_with_its_value():
    library = made()["Library/b12-folate-facts"]
    by_use = {
        use: {item["name"]: item for item in library["parameter"] if item["use"] == use}
        for use in ("in", "out")
    }
    assert set(by_use["out"]) == set(CATALOGUE)
    limit = by_use["in"]["b12.total.deficient_below"]
    assert limit["type"] == "Quantity"
    assert limit["documentation"].startswith("180 ng/L, 133 pmol/L. NICE NG239")
    values = json.loads(base64.b64decode(library["content"][0]["data"]))
    assert values["parameterSet"] == "default"
    assert values["parameters"]["b12.total.deficient_below"]["value"] == {
        "ng/L": 180,
        "pmol/L": 133,
    }
    assert values["parameters"]["folate.serum.sufficient_from"]["value"] == {
        "nmol/L": 10,
        "ug/L": 4.5,
    }
    assert set(values["parameters"]) == set(
        yaml.safe_load((PROFILES.parent / "cards/parameters/default.yaml").read_text("utf-8"))
    )


def test_the_library_of_facts_names_what_is_read_with_the_prefetch_templates_of_discovery():
    needed = {item["id"]: item for item in made()["Library/b12-folate-facts"]["dataRequirement"]}
    patterns = {key: item["extension"][0]["valueString"] for key, item in needed.items()}
    announced = {
        key: template
        for service in client().get("/cds-services").get_json()["services"]
        for key, template in service["prefetch"].items()
    }
    assert announced.items() <= patterns.items()
    assert (needed["allergies"]["type"], patterns["patient"]) == (
        "AllergyIntolerance",
        "Patient/{{context.patientId}}",
    )
    assert made()["Library/b12-folate-facts"]["type"]["coding"][0]["code"] == "module-definition"


@pytest.mark.parametrize("card_id", ["b12-duplicate", "folic-acid-b12-deficient"])
def test_the_example_of_a_plan_is_what_the_card_makes(card_id):
    """So that a change of the cards, or of how they are handed over, shows in review."""
    assert made()[f"PlanDefinition/{card_id}"] == json.loads(
        (HANDED_OVER / f"PlanDefinition-{card_id}.json").read_text("utf-8")
    ), RENEW


def test_no_generated_invariant_is_stale():
    answer = CliRunner().invoke(main, ["export", "--profiles", "--check"])
    assert (answer.exit_code, answer.output) == (0, "")


def test_a_stale_file_is_named_and_written_anew(tmp_path):
    names = ["structure-definitions/folic-acid-order.json", "structure-definitions/mcv-result.json"]
    shutil.copytree(PROFILES / "structure-definitions", tmp_path / "structure-definitions")
    changed, missing = (tmp_path / name for name in names)
    changed.write_text(
        changed.read_text("utf-8").replace("frequency = 1", "frequency = 2"), "utf-8"
    )
    missing.unlink()
    assert list(stale(tmp_path)) == names
    assert list(write(tmp_path)) == names
    assert list(stale(tmp_path)) == []
    for name in names:
        assert (tmp_path / name).read_text("utf-8") == (PROFILES / name).read_text("utf-8")


def local_folder(root: Path, **files: str) -> Path:
    for name, content in {"site.yaml": "owner: st-elsewhere\n", **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    return root


def local(folder: Path) -> dict[str, dict[str, Any]]:
    return {
        f"{item['resourceType']}/{item['id']}": item
        for item in definitions(Engine(Settings(cards=(folder,))))
    }


def test_a_sites_own_cards_are_handed_over_in_its_name(tmp_path):
    text = (
        (CARDS / "deficiency/b12-deficiency-untreated.yaml")
        .read_text("utf-8")
        .replace("rank: ", "rank: 1")
    )
    own = text.replace("id: b12-deficiency-untreated", "id: our-own-card")
    off = text.replace("title:", "status: retired\ntitle:")
    found = local(
        local_folder(
            tmp_path, **{"ours/our-own-card.yaml": own, "ours/b12-deficiency-untreated.yaml": off}
        )
    )
    card = found["PlanDefinition/our-own-card"]
    assert (card["version"], card["publisher"]) == (
        f"{plan('b12-deficiency-untreated')['version']}+st-elsewhere",
        "st-elsewhere",
    )
    assert "PlanDefinition/b12-deficiency-untreated" not in found
    # What the site left as it was is what is published.
    assert found["PlanDefinition/b12-duplicate"] == plan("b12-duplicate")
    assert found["Library/b12-folate-facts"] == made()["Library/b12-folate-facts"]


def test_a_sites_own_limits_make_another_version_of_all_that_rests_on_them(tmp_path):
    limit = "b12.total.deficient_below: {value: {ng/L: 200, pmol/L: 148}, source: local-policy, basis: local-policy}\n"
    found = local(local_folder(tmp_path, **{"parameters/default.yaml": limit}))
    library = found["Library/b12-folate-facts"]
    assert library["version"] == "0.1.0+st-elsewhere"
    assert (
        found["PlanDefinition/b12-duplicate"]["version"]
        == f"{plan('b12-duplicate')['version']}+st-elsewhere"
    )
    assert found["Library/b12-folate-criteria"]["version"] == "0.1.0+st-elsewhere"
    assert found["PlanDefinition/b12-duplicate"]["library"] == [
        f"{BASE}/Library/b12-folate-facts|0.1.0+st-elsewhere",
        f"{BASE}/Library/B12FolateCriteria",
    ]
    (limit,) = [
        item["documentation"]
        for item in library["parameter"]
        if item["name"] == "b12.total.deficient_below"
    ]
    assert limit.startswith("200 ng/L, 148 pmol/L.")


def test_the_profile_of_a_result_is_made_of_its_analyte_and_value_set(monkeypatch, tmp_path):
    """Who adds a laboratory test writes no profile; its version and date are the author's, once it is there."""
    from cds_service.export import resources

    shutil.copytree(PROFILES, tmp_path / "profiles")
    file = tmp_path / "profiles/structure-definitions/mcv-result.json"
    committed = json.loads(file.read_text("utf-8"))
    file.unlink()
    monkeypatch.setattr(resources, "PROFILES", tmp_path / "profiles")
    resources._wanted.cache_clear()
    assert list(write(tmp_path / "profiles")) == ["structure-definitions/mcv-result.json"]
    resources._wanted.cache_clear()
    made_anew = json.loads(file.read_text("utf-8"))
    assert made_anew == {**committed, "version": "1.0.0", "date": made_anew["date"]}
