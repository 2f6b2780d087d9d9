"""A site's own codes and units: how they count, where they are used, and that mistakes in them stop the start."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from cds_service.app import create_app
from cds_service.authored_yaml.source import AuthoringError
from cds_service.authoring.validation.conformance import holds
from cds_service.authoring.validation.node import Node
from cds_service.cli import main
from cds_service.config import Settings
from cds_service.engine import Engine, definitions
from cds_service.export.resources import definitions as handed_over_definitions
from cds_service.reload import problems
from tests.support.clinic import client, ids
from tests.support.fhir_builders import (
    DAILY,
    NOW,
    UCUM,
    days_ago,
    dosage,
    folic_acid,
    hook_request,
    medication_request,
    observation,
    prefetch,
)

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLE, PRODUCT = re.findall(
    r"```yaml\n(.*?)```", (DOCS / "local-codes.md").read_text("utf-8"), re.DOTALL
)
LAB = "https://lab.example.org/tests"
B12S = {"system": LAB, "code": "B12S"}


def folder(root: Path, codes: str, owner: str = "st-elsewhere") -> Path:
    root.mkdir(parents=True, exist_ok=True)
    (root / "site.yaml").write_text(f"owner: {owner}\n", "utf-8")
    (root / "codes.yaml").write_text(codes, "utf-8")
    return root


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The example of the documents."""
    return folder(tmp_path / "local", EXAMPLE)


def post(*folders: Path, hook: str = "patient-view", prefetched: dict, **more) -> list[dict]:
    client = create_app(Settings(cards=folders), clock=lambda: NOW).test_client()
    return client.post(
        f"/cds-services/b12-folate-{hook}", json=hook_request(hook, prefetched, **more)
    ).get_json()["cards"]


def b12(value: float, unit: str, coding: dict, **quantity) -> dict:
    return observation(
        "b12", code={"coding": [coding]}, valueQuantity={"value": value, "unit": unit, **quantity}
    )


def test_a_result_with_a_code_of_the_site_counts(site):
    record = prefetch(b12(110, "pg/mL", B12S))
    assert "b12-deficiency-untreated" in ids(post(site, prefetched=record))
    assert "b12-deficiency-untreated" not in ids(post(prefetched=record))


@pytest.mark.parametrize(
    "system",
    ["http://lab.example.org/tests", f"{LAB}/", "https://LAB.example.org/tests", f"{LAB}|2026"],
)
def test_the_usual_slips_are_mended_in_a_system_of_the_site_too(site, system):
    assert "b12-deficiency-untreated" in ids(
        post(site, prefetched=prefetch(b12(110, "pg/mL", {"system": system, "code": "B12S"})))
    )


@pytest.mark.parametrize(("value", "unit"), [(110, "ng/L"), (80, "pmol/L")])
def test_an_npu_code_takes_mass_and_moles(site, value, unit):
    npu = {"system": "http://npu-terminology.org", "code": "NPU01700"}
    assert "b12-deficiency-untreated" in ids(
        post(site, prefetched=prefetch(b12(value, unit, npu, system=UCUM, code=unit)))
    )


def test_a_printed_unit_of_the_site_is_read_and_must_agree_with_the_code(site):
    printed = b12(110, "NanogramaS / L", B12S)
    assert "b12-deficiency-untreated" in ids(post(site, prefetched=prefetch(printed)))
    assert "b12-deficiency-untreated" not in ids(post(prefetched=prefetch(printed)))
    contradicted = b12(110, "nanogramas/L", B12S, system=UCUM, code="pmol/L")
    assert "b12-deficiency-untreated" not in ids(post(site, prefetched=prefetch(contradicted)))


def test_a_drug_by_its_ndc_counts_as_treatment(site):
    ndc = {"coding": [{"system": "http://hl7.org/fhir/sid/ndc", "code": "0591-2888-30"}]}
    record = prefetch(
        b12(110, "pg/mL", B12S),
        medication_request(ndc, dosage(1, "mg", every=(1, 2, "mo")), authoredOn=days_ago(30)),
    )
    assert "b12-deficiency-untreated" not in ids(post(site, prefetched=record))


def templates(*folders: Path) -> dict[str, str]:
    services = (
        create_app(Settings(cards=folders))
        .test_client()
        .get("/cds-services")
        .get_json()["services"]
    )
    return next(service["prefetch"] for service in services if service["hook"] == "patient-view")


def test_servers_are_asked_for_codes_that_are_marked_and_for_no_others(site):
    asked = templates(site)["b12-results"]
    assert f"{LAB}|B12S" in asked
    assert "NPU01700" not in asked
    assert {key: text for key, text in templates(site).items() if key != "b12-results"} == {
        key: text for key, text in templates().items() if key != "b12-results"
    }


def test_a_published_code_can_be_marked_for_queries(tmp_path):
    marked = "{system: 'https://snomed.info/sct', code: '271216009', display: Serum vitamin B12 level, in_queries: true}"
    assert (
        "271216009"
        in templates(folder(tmp_path, f"codes: {{b12-total: [{marked}]}}"))["b12-results"]
    )
    assert "271216009" not in templates()["b12-results"]


def order_of_b12(*folders: Path) -> dict:
    cards = post(*folders, hook="order-sign", prefetched=prefetch(), drafts=[folic_acid()])
    orders = [
        action["resource"]
        for card in cards
        for suggestion in card.get("suggestions", [])
        for action in suggestion["actions"]
        if action["type"] == "create"
    ]
    return next(
        order
        for order in orders
        if order["resourceType"] == "ServiceRequest" and "B12" in str(order["code"])
    )


def test_orders_carry_the_marked_code_behind_the_published_one(site):
    published, ours = order_of_b12()["code"]["coding"], order_of_b12(site)["code"]["coding"]
    assert ours == [*published, {**B12S, "display": "Serum B12"}]


ORAL = f"""
codes:
  cyanocobalamin:
    - {{system: "https://dmd.nhs.uk", code: "4711", display: Cyanocobalamin 1mg tablets of ours, in_orders: [cyanocobalamin-oral-1000]}}
    - {{system: "{LAB}", code: CYANO1, display: Cyanocobalamin 1 mg, in_orders: [cyanocobalamin-oral-1000]}}
"""


def products(*folders: Path, parameters: str = "uk") -> dict[str, list[tuple[str, str]]]:
    """The codes of the product in each order of a medication."""
    templates = Engine(Settings(cards=folders, parameters=parameters)).publication.templates
    concepts = {
        name: template.resource.get("medicationCodeableConcept")
        for name, template in templates.items()
    }
    return {
        name: [(item["system"], item["code"]) for item in concept["coding"]]
        for name, concept in concepts.items()
        if concept
    }


def test_an_order_carries_the_product_of_the_site_in_place_of_the_published_one(tmp_path):
    published, ours = products(), products(folder(tmp_path, ORAL))
    assert {name for name in ours if ours[name] != published[name]} == {"cyanocobalamin-oral-1000"}
    rxnorm = ("http://www.nlm.nih.gov/research/umls/rxnorm", "309593")
    assert published["cyanocobalamin-oral-1000"] == [
        ("https://dmd.nhs.uk", "21366111000001101"),
        rxnorm,
    ]
    assert ours["cyanocobalamin-oral-1000"] == [
        ("https://dmd.nhs.uk", "4711"),
        rxnorm,
        (LAB, "CYANO1"),
    ]


def test_the_product_of_the_documents_stands_behind_the_published_ones(tmp_path):
    ours = products(folder(tmp_path, PRODUCT), parameters="us")["folic-acid-1mg-3-months"]
    assert ours == [
        *products(parameters="us")["folic-acid-1mg-3-months"],
        ("https://pharmacy.example.org/products", "FOL1"),
    ]


def test_a_published_code_can_be_named_for_an_order(tmp_path):
    """As for folic acid 5 mg, which RxNorm has no product for: the site says which of the published codes it orders by."""
    entry = {"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "'310410'"}
    site = folder(tmp_path, code("folic-acid", **entry, in_orders="[folic-acid-5mg-4-months]"))
    assert (entry["system"], "310410") in products(site)["folic-acid-5mg-4-months"]


def test_the_order_with_the_product_of_the_site_conforms_to_the_profile_that_the_site_hands_over(
    tmp_path,
):
    engine = Engine(Settings(cards=(folder(tmp_path, ORAL),)))
    order = engine.publication.templates["cyanocobalamin-oral-1000"].resource
    handed_over = {
        item["id"]: item
        for item in handed_over_definitions(engine)
        if item["resourceType"] == "StructureDefinition"
    }

    def conforms(profile: dict) -> bool:
        constraint = next(
            item
            for item in profile["differential"]["element"][0]["constraint"]
            if item["key"].endswith("-regimen")
        )
        return holds(constraint["expression"], Node.root(order), order)

    assert handed_over["cyanocobalamin-order"]["version"] == "1.1.0+st-elsewhere"
    assert handed_over["hydroxocobalamin-order"]["version"] == "1.1.0"
    assert conforms(handed_over["cyanocobalamin-order"])
    published = {
        item["id"]: item
        for item in handed_over_definitions(Engine(Settings()))
        if item["resourceType"] == "StructureDefinition"
    }
    assert not conforms(published["cyanocobalamin-order"])


def test_the_value_sets_that_are_handed_over_have_the_codes_of_the_site(site):
    client = create_app(Settings(cards=(site,))).test_client()
    ours, published = (
        next(iter(found.get("/fhir/ValueSet/b12-total").get_json() for found in [app]))
        for app in (client, create_app(Settings()).test_client())
    )
    assert ours["version"] == f"{published['version']}+st-elsewhere"
    assert [*published["compose"]["include"], *ours["compose"]["include"][-2:]] == ours["compose"][
        "include"
    ]
    assert ours["compose"]["include"][-2]["concept"][0]["code"] == "B12S"
    other = client.get("/fhir/ValueSet/b12-active").get_json()
    assert other == create_app(Settings()).test_client().get("/fhir/ValueSet/b12-active").get_json()


def test_the_published_terminology_is_not_changed_by_a_site(site):
    before = definitions("default")[0]
    ours = Engine(Settings(cards=(site,))).terminology
    assert ours.sets_of("http://lab.example.org/tests", "B12S") == {"b12-total"}
    assert definitions("default")[0] is before
    assert before.sets_of("http://lab.example.org/tests", "B12S") == frozenset()
    assert ours.reads(LAB) and not before.reads(LAB)
    assert Engine(Settings()).terminology is before


def test_a_later_folder_adds_to_the_ones_before(site, tmp_path):
    second = folder(
        tmp_path / "second",
        f"codes: {{b12-active: [{{system: '{LAB}', code: HOLO, display: Active B12}}]}}",
        "trust",
    )
    terminology = Engine(Settings(cards=(site, second))).terminology
    assert [
        terminology.sets_of("http://lab.example.org/tests", code) for code in ("B12S", "HOLO")
    ] == [{"b12-total"}, {"b12-active"}]


def code(value_set: str = "b12-total", **entry: str) -> str:
    stated = {"system": LAB, "code": "X1", "display": "X", **entry}
    return f"codes: {{{value_set}: [{{{', '.join(f'{key}: {value}' for key, value in stated.items() if value)}}}]}}"


MISTAKES = [
    (code("b12-totl"), "there is no value set 'b12-totl' to which codes can be added. Did you mean 'b12-total'?"),
    (code("laboratory-test"), "there is no value set 'laboratory-test' to which codes can be added."),
    (code(system=""), "the key 'system' is missing."),
    (code(display=""), "the key 'display' is missing."),
    (code(code="12345"), "'code' must be a text. Quote it."),
    (code(system="laboratory"), "'laboratory' is not a valid system in FHIR. Write its URL"),
    (code(code="'a|b'"), "'a|b' is not a valid code in FHIR."),
    (code(code=f"'{'1' * 65}'"), "'code' has more than 64 characters."),
    (code(in_query="true"), "there is no key 'in_query' here. Did you mean 'in_queries'?"),
    (code(in_queries="'yes'"), "'in_queries' must be true or false."),
    (code(code="'A B'", in_queries="true"), "FHIR servers cannot be searched for the code 'A B'"),
    (code(code="'A&_count=1'", in_queries="true"), "FHIR servers cannot be searched for the code 'A&_count=1'"),
    (code("leber", in_queries="true"), "FHIR servers are not searched for codes of leber"),
    (code("hydroxocobalamin", in_orders="true"), "no order of a test has a code of hydroxocobalamin."),
    (code("hydroxocobalamin", in_orders="[hydroxocobalamin-nuero]"), "'hydroxocobalamin-nuero' is not an order for hydroxocobalamin. Did you mean 'hydroxocobalamin-neuro'?"),
    (code("hydroxocobalamin", in_orders="[cyanocobalamin-neuro]"), "'cyanocobalamin-neuro' is not an order for hydroxocobalamin."),
    (code("b12-total", in_orders="[serum-b12]"), "'serum-b12' is not an order for b12-total."),
    (code("cobalamin-allergy", in_orders="[cyanocobalamin-neuro]"), "'cyanocobalamin-neuro' is not an order for cobalamin-allergy."),
    (code("hydroxocobalamin", in_orders="[7]"), "the name of an order template is expected here"),
    (code("hydroxocobalamin", in_orders="[]"), "the list under 'in_orders' is empty."),
    (code("hydroxocobalamin", in_orders="yes"), "'in_orders' must be true or false."),
    (
        f"codes: {{folic-acid: [{{system: '{LAB}', code: X1, display: X, in_orders: [folic-acid-5mg-4-months]}},"
        f" {{system: '{LAB}/', code: X2, display: X, in_orders: [folic-acid-5mg-4-months]}}]}}",
        "the order folic-acid-5mg-4-months already has the code 'X1' of https://lab.example.org/tests/.",
    ),
    (code(system="http://loinc.org", code="2132-9"), "b12-total already has '2132-9' of http://loinc.org."),
    (code("b12-active", system="https://loinc.org/", code="2132-9"), "'2132-9' of https://loinc.org/ is also in b12-total, and cannot mean both."),
    (code("cyanocobalamin", system="http://www.whocc.no/atc", code="B03BA03"), "is also in hydroxocobalamin, and cannot mean both."),
    (f"codes: {{b12-total: [{{system: '{LAB}', code: X1, display: X}}, {{system: '{LAB}/', code: X1, display: X}}]}}", "appears twice under b12-total."),
    (f"codes: {{b12-total: [{{system: '{LAB}', code: X1, display: X}}], mma: [{{system: '{LAB}', code: X1, display: X}}]}}", "is also in b12-total"),
    ("codes: [b12-total]", "a mapping (key: value) is expected under 'codes'."),
    ("codes: {b12-total: []}", "the list under 'b12-total' is empty."),
    ("codes: {b12-total: X1}", "'b12-total' must be a list."),
    ("kodes: {}", "there is no key 'kodes' here. Did you mean 'codes'?"),
    ("units: {ng/l: [nanogramas/L]}", "'ng/l' is not the UCUM code of a unit in which results are read. Did you mean 'ng/L'?"),
    ("units: {ng/L: [pmol/L]}", "'pmol/L' means a unit other than ng/L."),
    ("units: {ng/L: ['pmol/L (SI)']}", "'pmol/L (SI)' means a unit other than ng/L."),
    ("units: {10*9/L: ['mmol/L']}", "'mmol/L' means a unit other than 10*9/L."),
    ("units: {ng/L: ['NG / L']}", "'NG / L' is already read as ng/L. Remove it."),
    ("units: {ng/L: [nanogramas/L, 'Nanogramas / l']}", "'Nanogramas / l' appears twice."),
    ("units: {ng/L: [5]}", "a printed unit must be a text of at most 40 characters."),
    ("units: {ng/L: nanogramas/L}", "'ng/L' must be a list."),
]  # fmt: skip


@pytest.mark.parametrize(("text", "told"), MISTAKES, ids=[told[:40] for _, told in MISTAKES])
def test_a_mistake_stops_the_start_and_check_tells_its_place(tmp_path, text, told):
    local = folder(tmp_path / "local", text)
    with pytest.raises(AuthoringError) as raised:
        Engine(Settings(cards=(local,)))
    assert told in str(raised.value)
    assert f"{local.as_posix()}/codes.yaml:1:" in str(raised.value)


def test_check_tells_all_mistakes_in_codes_in_one_run(tmp_path):
    local = folder(tmp_path / "local", f"{code('b12-totl')}\nunits: {{ng/L: [pmol/L]}}\n")
    answer = CliRunner().invoke(main, ["check", "--local", str(local)])
    assert answer.exit_code == 1
    assert "codes.yaml:1:9: error [unreadable] there is no value set 'b12-totl'" in answer.output
    assert (
        "codes.yaml:2:16: error [unreadable] 'pmol/L' means a unit other than ng/L."
        in answer.output
    )


def test_a_code_may_stand_in_value_sets_that_share_published_codes(tmp_path):
    text = f"codes: {{hydroxocobalamin: [{{system: '{LAB}', code: X1, display: X}}], cobalamin-allergy: [{{system: '{LAB}', code: X1, display: X}}]}}"
    assert Engine(Settings(cards=(folder(tmp_path, text),))).terminology.sets_of(
        "http://lab.example.org/tests", "X1"
    ) == {
        "hydroxocobalamin",
        "cobalamin-allergy",
    }


def test_codes_are_taken_anew_at_a_reload_and_a_mistake_keeps_the_ones_before(site):
    settings = Settings(cards=(site,))
    assert list(problems(settings)) == []
    (site / "codes.yaml").write_text(code("b12-totl"), "utf-8")
    assert any("did you mean 'b12-total'" in problem.lower() for problem in problems(settings))
    (site / "codes.yaml").write_text(code(code="B12X"), "utf-8")
    assert "b12-deficiency-untreated" in ids(
        post(site, prefetched=prefetch(b12(110, "pg/mL", {"system": LAB, "code": "B12X"})))
    )


def test_the_file_of_codes_is_no_card(site):
    assert set(Engine(Settings(cards=(site,))).cards) == set(Engine(Settings()).cards)


def test_folic_acid_by_a_code_of_the_site_is_a_folate_draft(tmp_path):
    site = folder(tmp_path, code("folic-acid", code="FOL5", display="Folic acid 5 mg tablet"))
    concept = {"coding": [{"system": LAB, "code": "FOL5"}]}
    draft = {
        **folic_acid(),
        "medicationCodeableConcept": concept,
        "dosageInstruction": [dosage(5, "mg", route="26643006", every=DAILY)],
    }
    record = prefetch(observation("b12", 110, "pg/mL"))
    assert "folic-acid-b12-deficient" in ids(
        post(site, hook="order-sign", prefetched=record, drafts=[draft])
    )
    elsewhere = client().post(
        "/cds-services/b12-folate-order-sign",
        json=hook_request("order-sign", record, drafts=[draft]),
    )
    assert elsewhere.status_code == 412  # there the code says nothing


@pytest.mark.parametrize(("parameters", "asked"), [("default", False), ("us", False), ("uk", True)])
def test_uk_results_are_asked_for_in_snomed_ct_too(parameters, asked):
    """A server that is asked for LOINC codes alone would answer that there is none, and none would be taken for known."""
    services = (
        create_app(Settings(parameters=parameters))
        .test_client()
        .get("/cds-services")
        .get_json()["services"]
    )
    template = next(service for service in services if service["hook"] == "patient-view")[
        "prefetch"
    ]["b12-results"]
    assert "http://loinc.org|2132-9" in template
    assert ("http://snomed.info/sct|" in template) is asked
