"""The FHIR package: the form that the NPM Package Specification of FHIR gives it, and the same bytes each time."""

from __future__ import annotations

import io
import json
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fhir.resources.R4B.implementationguide import ImplementationGuide

from cds_service import __version__
from cds_service.cli import main
from cds_service.config import Settings
from cds_service.content import PROFILES
from cds_service.engine import Engine
from cds_service.export.package import package_name
from tests.support.clinic import engine

BASE = "https://b12-folate-cds.example.org/fhir"


def export(*arguments: str, **environment: str) -> Any:
    return CliRunner().invoke(main, ["export", *arguments], env=environment)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    out = tmp_path_factory.mktemp("package") / "b12.tgz"
    answer = export("--out", str(out))
    assert answer.exit_code == 0, answer.output
    assert "org.example.b12-folate-cds 0.1.0" in answer.output
    return out.read_bytes()


def unpacked(archive: bytes) -> dict[str, Any]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {member.name: json.load(tar.extractfile(member)) for member in tar.getmembers()}


def test_the_manifest_says_what_a_package_manager_needs(archive):
    manifest = unpacked(archive)["package/package.json"]
    assert manifest["name"] == "org.example.b12-folate-cds"
    assert manifest["version"] == __version__
    assert manifest["canonical"] == BASE
    assert manifest["fhirVersions"] == ["4.0.1"]
    assert manifest["dependencies"] == {"hl7.fhir.r4.core": "4.0.1"}
    assert manifest["license"] == "Apache-2.0"
    assert manifest["author"]
    # Two or more parts, each a lower-case letter and then letters, digits and hyphens.
    assert re.fullmatch(r"[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+", manifest["name"])


def test_every_file_is_in_the_index_and_says_the_same(archive):
    files = unpacked(archive)
    index = files["package/.index.json"]
    assert index["index-version"] == 2
    names = {entry["filename"] for entry in index["files"]}
    assert names == {
        name.removeprefix("package/")
        for name in files
        if re.fullmatch(r"package/[A-Za-z]+-[^/]+\.json", name)
    }
    for entry in index["files"]:
        resource = files[f"package/{entry['filename']}"]
        assert {name: resource[name] for name in entry if name != "filename"} == {
            k: v for k, v in entry.items() if k != "filename"
        }
        assert entry["filename"] == f"{entry['resourceType']}-{entry['id']}.json"
        assert {"resourceType", "id", "url", "version"} <= set(entry)
    kinds = {entry["filename"]: entry.get("kind") for entry in index["files"]}
    assert kinds["ActivityDefinition-potassium-now.json"] == "ServiceRequest"


def test_every_file_of_the_project_is_in_the_package_as_it_is_with_what_is_generated(archive):
    files = unpacked(archive)
    for path in PROFILES.glob("*/*.json"):
        resource = json.loads(path.read_text("utf-8"))
        if not resource.get("url", BASE).startswith(BASE):
            continue  # it is of another publisher
        folder = "package/example" if path.parent.name == "examples" else "package"
        packed = files[f"{folder}/{resource['resourceType']}-{resource['id']}.json"]
        assert packed.items() >= resource.items()
        assert packed.keys() - resource.keys() <= {"text", "expansion"}
    plans = {
        name.removeprefix("package/PlanDefinition-").removesuffix(".json")
        for name in files
        if "/PlanDefinition-" in name
    }
    assert plans == set(engine().cards)


def test_the_guide_lists_the_definitions(archive):
    files = unpacked(archive)
    guide = files["package/ImplementationGuide-org.example.b12-folate-cds.json"]
    ImplementationGuide.model_validate(guide)
    assert guide["url"] == f"{BASE}/ImplementationGuide/org.example.b12-folate-cds"
    listed = {item["reference"]["reference"] for item in guide["definition"]["resource"]}
    assert {
        "PlanDefinition/b12-duplicate",
        "Library/b12-folate-facts",
        "ValueSet/mcv",
        "ActivityDefinition/mma",
    } <= listed


def test_the_same_cards_make_the_same_bytes(archive, tmp_path):
    assert export("--out", str(tmp_path / "again.tar.gz")).exit_code == 0
    assert (tmp_path / "again.tar.gz").read_bytes() == archive


def test_a_folder_holds_the_same_files_and_nothing_of_an_earlier_package(archive, tmp_path):
    stray = tmp_path / "package/PlanDefinition-gone.json"
    stray.parent.mkdir()
    stray.write_text("{}", "utf-8")
    (tmp_path / "package/package.json").write_text("{}", "utf-8")
    assert export("--out", str(tmp_path)).exit_code == 0
    written = {
        path.relative_to(tmp_path).as_posix(): json.loads(path.read_text("utf-8"))
        for path in tmp_path.rglob("*.json")
    }
    assert written == unpacked(archive)


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path):
    other = tmp_path / "package/mine.json"
    other.parent.mkdir()
    other.write_text("{}", "utf-8")
    answer = export("--out", str(tmp_path))
    assert answer.exit_code == 1
    assert "exists and is not a FHIR package" in answer.output
    assert [path.name for path in tmp_path.rglob("*.json")] == ["mine.json"]


def test_another_parameter_set_is_another_package(tmp_path):
    out = tmp_path / "uk.tgz"
    assert export("--out", str(out), CDS_PARAMETERS="uk").exit_code == 0
    files = unpacked(out.read_bytes())
    assert files["package/package.json"]["name"] == "org.example.b12-folate-cds.uk"
    assert (
        files["package/PlanDefinition-b12-duplicate.json"]["version"]
        == f"{engine().cards['b12-duplicate'].version}+uk"
    )
    assert "package/PlanDefinition-homocysteine-above-target.json" not in files


def test_a_package_of_a_site_has_the_name_of_the_site(tmp_path):
    (tmp_path / "site.yaml").write_text("owner: 2nd-Hospital\n", "utf-8")
    assert (
        package_name(Engine(Settings(cards=(tmp_path,))))
        == "org.example.b12-folate-cds.site-2nd-hospital"
    )


def test_a_mistake_in_a_local_card_is_told_and_nothing_is_written(tmp_path):
    (tmp_path / "cards").mkdir()
    answer = export("--out", str(tmp_path / "site.tgz"), CDS_CARDS=str(tmp_path / "cards"))
    assert answer.exit_code == 1
    assert "a folder of local cards must name its owner" in answer.output
    assert not Path(tmp_path / "site.tgz").exists()
