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

import pytest
import yaml
from click.testing import CliRunner
from fhir.resources.R4B import get_fhir_model_class

from cds_service.cli import main
from cds_service.config import Settings
from cds_service.content import CARDS, PROFILES
from cds_service.engine import Engine
from cds_service.export.criteria import LANGUAGE
from cds_service.export.resources import definitions, stale, write
from cds_service.facts.catalogue import CATALOGUE
from cds_service.rules.card_set import Folder, load_card
from tests.support.clinic import engine

# uk has what a set can do: a card that is off, another indicator, other orders.
SETS = ("default", "uk")
BASE = "https://b12-folate-cds.example.org/fhir"


@cache
def made(parameters: str = "default") -> dict[str, dict[str, Any]]:
    """The definitions of a parameter set by ``Type/id``."""
    return {f"{item['resourceType']}/{item['id']}": item for item in definitions(engine(parameters))}


def plans(parameters: str = "default") -> dict[str, dict[str, Any]]:
    return {item["id"]: item for name, item in made(parameters).items() if name.startswith("PlanDefinition/")}


def plan(card_id: str, parameters: str = "default") -> dict[str, Any]:
    return plans(parameters)[card_id]


def canonicals(element: Any) -> Iterator[str]:
    """Every canonical or URL of this project's that a resource refers to."""
    if isinstance(element, dict):
        for key, value in element.items():
            if key in ("definitionCanonical", "resource", "valueSet", "library", "instantiatesCanonical"):
                yield from value if isinstance(value, list) else [value] if isinstance(value, str) else []
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


@pytest.mark.parametrize("parameters", SETS)
def test_every_canonical_resolves_to_the_version_that_is_handed_over(parameters):
    known = {item["url"]: item["version"] for item in made(parameters).values()}
    found = [item for name, resource in made(parameters).items() if name.startswith(("Plan", "Library")) for item in canonicals(resource)]
    assert len(found) > 500
    assert all(item.startswith(BASE) for item in found)
    assert [
        item for item in found if known.get(item.partition("|")[0]) not in ([item.partition("|")[2]] if "|" in item else known.values())
    ] == []


@pytest.mark.parametrize("parameters", SETS)
def test_there_is_one_plan_for_each_active_card_with_its_version_and_hooks(parameters):
    cards = engine(parameters).cards
    suffix = "" if parameters == "default" else f"+{parameters}"
    assert {(name, item["version"]) for name, item in plans(parameters).items()} == {(c.id, c.version + suffix) for c in cards.values()}
    for card in cards.values():
        (action,) = plan(card.id, parameters)["action"]
        assert action["trigger"] == [{"type": "named-event", "name": hook} for hook in card.hooks]


def test_a_card_that_is_off_in_a_set_is_not_handed_over_in_it():
    assert "homocysteine-above-target" in plans("default")
    assert "homocysteine-above-target" not in plans("uk")


def test_the_rule_of_a_card_reads_as_the_card_does():
    rule = plan("folic-acid-b12-deficient")
    assert (rule["title"], rule["status"], rule["type"]["coding"][0]["code"]) == ("Folic acid in B12 deficiency", "draft", "eca-rule")
    (action,) = rule["action"]
    assert action["title"] == "B12 deficiency is known or likely: do not give folic acid alone"
    assert action["description"].startswith("If no B12 low on treatment (or not known): **Start B12 before folic acid.**")
    assert "If paediatric age: Below 16 years adult regimens do not apply: ask a paediatric specialist." in action["description"]
    assert action["code"][0]["coding"][0] == {
        "system": f"{BASE}/CodeSystem/card-topic",
        "code": "folic-acid-b12-deficient",
        "display": "Folic acid in B12 deficiency",
    }
    assert [item["display"] for item in action["documentation"]] == ["US label: folic acid tablets"]
    assert [item["label"] for item in rule["relatedArtifact"]] == ["fda-folic-acid-label", "bsh-2014", "nice-ng239", "bnf-hydroxocobalamin"]
    assert [(item["kind"], item["expression"]["description"]) for item in action["condition"]] == [
        ("applicability", "drafted folate above the low dose"),
        ("applicability", "known or likely B12 deficiency"),
        ("applicability", "Not: effective B12 treatment"),
        ("applicability", "Not: therapeutic cobalamin in this session"),
        ("applicability", "Not: another reason for folate: pregnancy, methotrexate, pemetrexed, haemolysis or dialysis"),
    ]


@pytest.mark.parametrize(
    ("card_id", "priority"),
    [("folic-acid-b12-deficient", "stat"), ("b12-deficiency-untreated", "urgent"), ("b12-test-indicated", "routine")],
)
def test_priority_is_the_urgency_of_the_card(card_id, priority):
    assert plan(card_id)["action"][0]["priority"] == priority


def test_suggestions_are_alternatives_and_their_orders_go_together():
    (action,) = plan("folic-acid-b12-deficient")["action"]
    assert action["selectionBehavior"] == "at-most-one"
    first, second = action["action"]
    assert (first["title"], first["selectionBehavior"], first["precheckBehavior"]) == (
        "Add [regimen to start]; folic acid after it",
        "all",
        "yes",
    )
    regimen, potassium = first["action"]
    assert regimen["selectionBehavior"] == "exactly-one"
    assert [item["definitionCanonical"] for item in regimen["action"]] == [
        f"{BASE}/ActivityDefinition/hydroxocobalamin-neuro|1.0.0",
        f"{BASE}/ActivityDefinition/hydroxocobalamin-loading-then-maintenance|1.0.0",
    ]
    assert potassium["selectionBehavior"] == "any"
    assert [item["title"] for item in potassium["action"]] == ["Potassium now", "Potassium at 24 hours", "Potassium at 48 hours"]
    assert [item["expression"]["description"] for item in second["condition"]] == ["no pregnancy", "another reason for folate: none"]
    assert (second["precheckBehavior"], second["action"][-1]["title"]) == ("no", "Remove: drafted folate")


def test_a_card_without_suggestions_has_no_actions_within():
    assert "action" not in plan("b12-paediatric")["action"][0]


def test_the_order_differs_where_a_parameter_set_does():
    def orders(parameters: str) -> list[str]:
        return [
            item["definitionCanonical"].rpartition("/")[2]
            for item in plan("folate-after-b12", parameters)["action"][0]["action"][0]["action"]
        ]

    assert orders("default") == ["folic-acid-1mg-3-months|1.0.0"]
    assert orders("uk") == ["folic-acid-5mg-4-months|1.0.0"]


def test_cards_that_a_card_looks_at_are_what_it_depends_on():
    needed = [item["resource"] for item in plan("b12-oral-dose-low")["relatedArtifact"] if item["type"] == "depends-on"]
    assert needed == [f"{BASE}/PlanDefinition/b12-neuro-regimen|{plan('b12-neuro-regimen')['version']}"]


def test_what_a_card_reads_is_its_input():
    read = {item["id"] for item in plan("monitoring-due")["action"][0]["input"]}
    assert {"patient", "medication-requests", "b12-results.homocysteine"} <= read
    assert "allergies" not in {item["id"] for item in plan("response-reticulocytes")["action"][0]["input"]}


@pytest.mark.parametrize("parameters", SETS)
def test_a_criterion_can_be_read_back_as_it_stands_in_the_card(parameters, tmp_path):
    """The expressions are the condition language itself: a card made of them alone has the same criteria."""
    for card in engine(parameters).cards.values():
        sides: dict[str, list[str]] = {"include": [], "exclude": []}
        for condition in plan(card.id, parameters)["action"][0]["condition"]:
            assert condition["expression"]["language"] == LANGUAGE
            ((side, value),) = json.loads(condition["expression"]["expression"]).items()
            sides[side].append(value)
        says = {"indicator": "info", "summary": "x", "source": card.source}
        content = {"id": card.id, "version": "1.0.0", "title": "x", "rank": 1, "hooks": list(card.hooks), **sides, "card": says}
        path = tmp_path / f"{card.id}.yaml"
        path.write_text(yaml.safe_dump(content), "utf-8")
        read = load_card(path, Folder(tmp_path, "here"), engine(parameters).vocabulary, parameters)
        assert list(map(without_place, read.include)) == list(map(without_place, card.include))
        assert list(map(without_place, read.exclude)) == list(map(without_place, card.exclude))


def without_place(condition: Any) -> dict[str, Any]:
    """What a condition says, but for where it stands."""
    said = {name: getattr(condition, name) for name in condition.__slots__ if name != "place"}
    return {name: [without_place(item) for item in value] if name == "criteria" else value for name, value in said.items()}


def test_the_library_defines_every_fact_and_every_parameter_with_its_value():
    library = made()["Library/b12-folate-facts"]
    by_use = {use: {item["name"]: item for item in library["parameter"] if item["use"] == use} for use in ("in", "out")}
    assert set(by_use["out"]) == set(CATALOGUE)
    limit = by_use["in"]["b12.total.deficient_below"]
    assert limit["type"] == "Quantity"
    assert limit["documentation"].startswith("180 ng/L, 133 pmol/L. NICE NG239")
    values = json.loads(base64.b64decode(library["content"][0]["data"]))
    assert values["parameterSet"] == "default"
    assert values["parameters"]["b12.total.deficient_below"]["value"] == {"ng/L": 180, "pmol/L": 133}
    assert values["parameters"]["folate.serum.sufficient_from"]["value"] == {"nmol/L": 10, "ug/L": 4.5}
    assert set(values["parameters"]) == set(yaml.safe_load((PROFILES.parent / "cards/parameters/default.yaml").read_text("utf-8")))


def test_the_library_names_what_is_read_by_prefetch_key_and_value_set():
    needed = {item["id"]: item for item in made()["Library/b12-folate-facts"]["dataRequirement"]}
    assert needed["blood-count.mcv"] == {
        "id": "blood-count.mcv",
        "type": "Observation",
        "codeFilter": [{"path": "code", "valueSet": f"{BASE}/ValueSet/mcv"}],
    }
    assert needed["allergies"] == {"id": "allergies", "type": "AllergyIntolerance"}


def test_every_fact_in_a_criterion_is_defined_by_the_library():
    defined = {item["name"] for item in made()["Library/b12-folate-facts"]["parameter"]}
    asked = re.findall(r'\\"fact\\": \\"([a-z0-9_.]+)', json.dumps([item["action"] for item in plans().values()]))
    assert asked
    assert set(asked) <= defined


def test_no_committed_file_is_stale():
    answer = CliRunner().invoke(main, ["export", "--profiles", "--check"])
    assert (answer.exit_code, answer.output) == (0, "")


def test_a_stale_file_is_named_and_written_anew(tmp_path):
    for folder in ("plan-definitions", "libraries"):
        shutil.copytree(PROFILES / folder, tmp_path / folder)
    changed, missing, stray = (tmp_path / f"plan-definitions/{name}.json" for name in ("b12-duplicate", "b12-paediatric", "no-card"))
    changed.write_text(changed.read_text("utf-8").replace("stat", "asap"), "utf-8")
    missing.unlink()
    stray.write_text("{}", "utf-8")
    names = ["plan-definitions/b12-duplicate.json", "plan-definitions/b12-paediatric.json", "plan-definitions/no-card.json"]
    assert list(stale(tmp_path)) == names
    assert list(write(tmp_path)) == names
    assert list(stale(tmp_path)) == []
    assert not stray.exists()


def local_folder(root: Path, **files: str) -> Path:
    for name, content in {"site.yaml": "owner: st-elsewhere\n", **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    return root


def local(folder: Path) -> dict[str, dict[str, Any]]:
    return {f"{item['resourceType']}/{item['id']}": item for item in definitions(Engine(Settings(cards=(folder,))))}


def test_a_sites_own_cards_are_handed_over_in_its_name(tmp_path):
    text = (CARDS / "deficiency/b12-deficiency-untreated.yaml").read_text("utf-8").replace("rank: ", "rank: 1")
    own = text.replace("id: b12-deficiency-untreated", "id: our-own-card")
    off = text.replace("title:", "status: retired\ntitle:")
    found = local(local_folder(tmp_path, **{"ours/our-own-card.yaml": own, "ours/b12-deficiency-untreated.yaml": off}))
    card = found["PlanDefinition/our-own-card"]
    assert (card["version"], card["publisher"]) == (f"{plan('b12-deficiency-untreated')['version']}+st-elsewhere", "st-elsewhere")
    assert "PlanDefinition/b12-deficiency-untreated" not in found
    # What the site left as it was is what is published.
    assert found["PlanDefinition/b12-duplicate"] == plan("b12-duplicate")
    assert found["Library/b12-folate-facts"] == made()["Library/b12-folate-facts"]


def test_a_sites_own_limits_make_another_version_of_all_that_rests_on_them(tmp_path):
    limit = "b12.total.deficient_below: {value: {ng/L: 200, pmol/L: 148}, source: local-policy, basis: local-policy}\n"
    found = local(local_folder(tmp_path, **{"parameters/default.yaml": limit}))
    library = found["Library/b12-folate-facts"]
    assert library["version"] == "0.1.0+st-elsewhere"
    assert found["PlanDefinition/b12-duplicate"]["version"] == "1.0.0+st-elsewhere"
    assert found["PlanDefinition/b12-duplicate"]["library"] == [f"{BASE}/Library/b12-folate-facts|0.1.0+st-elsewhere"]
    (limit,) = [item["documentation"] for item in library["parameter"] if item["name"] == "b12.total.deficient_below"]
    assert limit.startswith("200 ng/L, 148 pmol/L.")
