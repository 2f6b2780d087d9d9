"""A package's name, version and canonical URLs mean one content, and a site says what its own is called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cds_service.authoring.validation import Validator
from cds_service.cli import main
from cds_service.config import Settings
from cds_service.content import PROFILES
from cds_service.engine import Engine
from cds_service.export.plan_definition import PlanDefinitions
from cds_service.export.resources import definitions

OURS = "https://b12-folate-cds.example.org/fhir"
SITE = "owner: st-elsewhere\npackage: {id: org.st-elsewhere.b12, canonical: 'https://fhir.st-elsewhere.org/b12', version: 2.1.0}\n"
LIMIT = "mcv.high_above: {value: {fL: 97}, source: local-policy, basis: local-policy}\n"
# A card with the keys that a card must have, and no others.
CARD = """\
id: our-card
version: 1.0.0
title: Our card
rank: 900
hooks: [patient-view]
include:
  - {id: high, fact: macrocytosis, is: true}
card:
  indicator: info
  summary: "The red cells are large"
  source: nice-ng239
tests:
  - {name: large, facts: {macrocytosis: true}, fires: true}
  - {name: not large, facts: {macrocytosis: false}, silent: high}
"""


def site(root: Path, *, says: str = SITE, limit: str = LIMIT) -> Path:
    folder = root / "site"
    (folder / "parameters").mkdir(parents=True, exist_ok=True)
    (folder / "site.yaml").write_text(says, "utf-8")
    (folder / "our-card.yaml").write_text(CARD, "utf-8")
    (folder / "parameters" / "default.yaml").write_text(limit, "utf-8")
    return folder


def exported(folder: Path | None, out: Path):
    return CliRunner().invoke(
        main, ["export", "--out", str(out)], env={"CDS_CARDS": str(folder) if folder else ""}
    )


@pytest.fixture(params=["pkg.tgz", "pkg"])
def out(request, tmp_path):
    return tmp_path / request.param


def test_a_site_s_package_has_the_name_version_and_base_that_it_says(tmp_path):
    assert "org.st-elsewhere.b12 2.1.0" in exported(site(tmp_path), tmp_path / "pkg").output
    manifest = json.loads((tmp_path / "pkg/package/package.json").read_text("utf-8"))
    assert (manifest["name"], manifest["version"], manifest["canonical"]) == (
        "org.st-elsewhere.b12",
        "2.1.0",
        "https://fhir.st-elsewhere.org/b12",
    )
    plan = json.loads((tmp_path / "pkg/package/PlanDefinition-our-card.json").read_text("utf-8"))
    assert plan["url"] == "https://fhir.st-elsewhere.org/b12/PlanDefinition/our-card"
    assert plan["library"][0].startswith(
        "https://fhir.st-elsewhere.org/b12/Library/b12-folate-facts|"
    )


def test_what_a_site_does_not_change_stays_the_project_s(tmp_path):
    urls = {
        item["resourceType"]: item["url"]
        for item in definitions(Engine(Settings(cards=(site(tmp_path),))))
    }
    assert {kind for kind, url in urls.items() if not url.startswith(OURS)} >= {
        "PlanDefinition",
        "Library",
    }
    assert urls["ActivityDefinition"].startswith(OURS) and urls["StructureDefinition"].startswith(
        OURS
    )


def test_changed_content_under_the_same_version_is_refused_and_stays_as_it_was(tmp_path, out):
    folder = site(tmp_path)
    assert exported(folder, out).exit_code == 0
    before = out.read_bytes() if out.is_file() else (out / "package/package.json").read_bytes()
    site(tmp_path, limit=LIMIT.replace("97", "96"))
    refused = exported(folder, out)
    assert refused.exit_code == 1
    assert "org.st-elsewhere.b12 2.1.0 exists with different content: " in refused.output
    assert (
        "Library-b12-folate-facts.json" in refused.output
        and "package.version in site.yaml" in refused.output
    )
    assert before == (
        out.read_bytes() if out.is_file() else (out / "package/package.json").read_bytes()
    )


def test_the_same_content_again_or_another_version_is_written(tmp_path, out):
    folder = site(tmp_path)
    assert exported(folder, out).exit_code == 0
    assert exported(folder, out).exit_code == 0
    site(tmp_path, says=SITE.replace("2.1.0", "2.2.0"), limit=LIMIT.replace("97", "96"))
    assert exported(folder, out).exit_code == 0


def test_a_site_that_names_no_package_is_told(tmp_path):
    told = exported(site(tmp_path, says="owner: st-elsewhere\n"), tmp_path / "pkg")
    assert told.exit_code == 0
    assert "Warning: no site.yaml names the package of the local cards" in told.output


def test_a_card_with_the_required_keys_alone_makes_a_valid_definition(tmp_path):
    """Optional parts that a card has not are left out: an empty string is no FHIR string."""
    engine = Engine(Settings(cards=(site(tmp_path),)))
    plan = PlanDefinitions(engine).of(engine.cards["our-card"])
    report = Validator(PROFILES).validate(plan)
    assert [finding for finding in report.findings if finding.severity == "error"] == []


def test_nothing_that_is_handed_over_claims_to_be_validated():
    """The README says that there was no clinical validation; who installs a package reads its resources."""
    for item in definitions(Engine(Settings(cards=()))):
        if item["url"].startswith(OURS):
            assert (item["status"], item["experimental"]) == ("draft", True), item["id"]
