"""A site's own folder of cards: what it may change, how that is told, and that mistakes stop the start."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from cds_service.app import create_app
from cds_service.authored_yaml.source import AuthoringError
from cds_service.cli import main
from cds_service.config import Settings
from cds_service.content import CARDS
from cds_service.engine import Engine
from cds_service.rules.card_set import overrides
from tests.support.clinic import ids
from tests.support.fhir_builders import NOW, hook_request, observation, prefetch

DOCS = Path(__file__).parents[2] / "docs"
BUILT_IN = CARDS / "deficiency/b12-deficiency-untreated.yaml"
BUILT_IN_VERSION = yaml.safe_load(BUILT_IN.read_text("utf-8"))["version"]
EXAMPLES = re.findall(r"```yaml\n(.*?)```", (DOCS / "local-cards.md").read_text("utf-8"), re.DOTALL)


def folder(root: Path, files: dict[str, str], owner: str = "st-elsewhere") -> Path:
    for name, text in {"site.yaml": f"owner: {owner}\n", **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


@pytest.fixture
def laboratory(tmp_path: Path) -> Path:
    """The example of the documents."""
    return folder(
        tmp_path / "local", {"parameters/default.yaml": EXAMPLES[0], "evidence.yaml": EXAMPLES[1]}
    )


def engine(*folders: Path, **settings) -> Engine:
    return Engine(Settings(cards=folders, **settings))


def cards(*folders: Path, value: float) -> list[dict]:
    client = create_app(Settings(cards=folders), clock=lambda: NOW).test_client()
    response = client.post(
        "/cds-services/b12-folate-patient-view",
        json=hook_request("patient-view", prefetch(observation("b12", value, "ng/L"))),
    )
    return response.get_json()["cards"]


@pytest.mark.parametrize(
    ("value", "built_in", "local"), [(179, True, True), (199, False, True), (200, False, False)]
)
def test_a_local_threshold_decides(laboratory, value, built_in, local):
    assert ("b12-deficiency-untreated" in ids(cards(value=value))) is built_in
    assert ("b12-deficiency-untreated" in ids(cards(laboratory, value=value))) is local


def test_cards_name_whose_parameters_they_rest_on(laboratory):
    assert "Parameter set: default+st-elsewhere." in cards(laboratory, value=150)[0]["detail"]
    assert "Parameter set" not in cards(value=150)[0]["detail"]


def test_a_local_default_holds_in_every_set_and_a_local_set_over_it(tmp_path, laboratory):
    uk = folder(
        tmp_path / "second",
        {"parameters/uk.yaml": EXAMPLES[0].replace("200", "190").replace("148", "140")},
        "trust",
    )
    assert (
        engine(laboratory, parameters="uk").site.number("b12.total.deficient_below", "ng/L") == 200
    )
    assert (
        engine(laboratory, uk, parameters="uk").site.number("b12.total.deficient_below", "ng/L")
        == 190
    )
    assert engine(laboratory, uk).site.number("b12.total.deficient_below", "ng/L") == 200


def test_a_local_card_takes_the_place_of_the_built_in_one_and_its_version_names_the_owner(tmp_path):
    text = BUILT_IN.read_text("utf-8").replace(f"version: {BUILT_IN_VERSION}", "version: 9.1.0")
    local = folder(tmp_path, {"deficiency/b12-deficiency-untreated.yaml": text})
    loaded = engine(local)
    assert loaded.cards["b12-deficiency-untreated"].version == "9.1.0+st-elsewhere"
    assert len(loaded.cards) == len(engine().cards)
    [told] = overrides(loaded.folders, loaded.vocabulary, "default")
    assert f"card b12-deficiency-untreated 9.1.0+st-elsewhere replaces {BUILT_IN_VERSION}" in str(
        told
    )
    assert "(over cards/deficiency/b12-deficiency-untreated.yaml:1:1)" in str(told)


def test_a_local_card_of_its_own_is_served_beside_the_others(tmp_path):
    text = BUILT_IN.read_text("utf-8").replace("id: b12-deficiency-untreated", "id: our-own")
    loaded = engine(folder(tmp_path, {"ours/our-own.yaml": text}))
    assert set(loaded.cards) - set(engine().cards) == {"our-own"}


def test_a_built_in_card_can_be_turned_off(tmp_path):
    text = (CARDS / "pregnancy/pregnancy-intake.yaml").read_text("utf-8") + "status: retired\n"
    loaded = engine(folder(tmp_path, {"off/pregnancy-intake.yaml": text}))
    assert "pregnancy-intake" not in loaded.cards
    [told] = overrides(loaded.folders, loaded.vocabulary, "default")
    assert "turns off" in str(told)


def test_what_overrides_what_is_told_with_both_places(laboratory):
    loaded = engine(laboratory)
    [told] = overrides(loaded.folders, loaded.vocabulary, "default")
    assert "b12.total.deficient_below is 200 ng/L, 148 pmol/L, not 180 ng/L, 133 pmol/L" in str(
        told
    )
    assert told.place.file == f"{laboratory.as_posix()}/parameters/default.yaml"
    assert told.over.file == "cards/parameters/default.yaml"


LIMIT = "b12.total.deficient_below: {{value: {}, source: nice-ng239, basis: local-policy}}\n"


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"parameters/default.yaml": "b12.total.deficent_below: {value: 1, source: nice-ng239, basis: local-policy}"}, "Did you mean 'b12.total.deficient_below'"),
        ({"parameters/default.yaml": LIMIT.format("{ng/L: 400, pmol/L: 296}")}, "deficient_below (400 ng/L) is above b12.total.sufficient_above (350 ng/L)"),
        ({"parameters/default.yaml": LIMIT.format("{ng/L: 200}")}, "a value in each of: ng/L, pmol/L"),
        ({"parameters/default.yaml": LIMIT.format("200")}, "a value in each of: ng/L, pmol/L"),
        ({"parameters/default.yaml": LIMIT.format("{ng/L: two hundred, pmol/L: 148}")}, "is not a number"),
        ({"parameters/default.yaml": LIMIT.format("{ng/L: -5, pmol/L: 148}")}, "is not a number"),
        ({"parameters/default.yaml": "window.b12: {value: long, source: local-policy, basis: local-policy}"}, "is not a number"),
        ({"parameters/default.yaml": "folate.regimen: {value: 5, source: local-policy, basis: local-policy}"}, "must be a name"),
        ({"parameters/default.yaml": LIMIT.format("{ng/L: 200, pmol/L: 148}").replace("nice-ng239", "nice")}, "there is no source 'nice'"),
        ({"evidence.yaml": EXAMPLES[1].replace("st-elsewhere-laboratory:", "nice-ng239:")}, "is used in another folder"),
        ({"ours/other-name.yaml": BUILT_IN.read_text("utf-8")}, "Rename the file to b12-deficiency-untreated.yaml"),
        ({"ours/b12-deficiency-untreated.yaml": BUILT_IN.read_text("utf-8").replace(f"version: {BUILT_IN_VERSION}", "version: new")}, "is not a version"),
        ({"site.yaml": "owner: two words"}, "this file must name an owner"),
        ({"site.yaml": "name: us"}, "this file must name an owner"),
    ],
)  # fmt: skip
def test_a_mistake_stops_the_start_with_its_place(tmp_path, files, told):
    local = folder(tmp_path / "local", files)
    with pytest.raises(AuthoringError) as mistake:
        engine(local)
    assert told in str(mistake.value)
    assert mistake.value.place.file.startswith(local.as_posix())


def test_a_folder_that_is_not_there_or_names_no_owner_stops_the_start(tmp_path):
    with pytest.raises(AuthoringError, match="this folder of cards does not exist"):
        engine(tmp_path / "nowhere")
    with pytest.raises(AuthoringError, match="must name its owner"):
        engine(tmp_path)


def test_the_tests_inside_local_cards_are_run(tmp_path, monkeypatch):
    content = yaml.safe_load(BUILT_IN.read_text("utf-8"))
    broken = BUILT_IN.read_text("utf-8").replace("fires: true", "silent: no-b12-treatment", 1)
    assert content["tests"]
    local = folder(tmp_path / "local", {"deficiency/b12-deficiency-untreated.yaml": broken})
    monkeypatch.setenv("CDS_CARDS", str(local))
    told = CliRunner().invoke(main, ["test", "b12-deficiency-untreated"])
    assert told.exit_code == 1
    assert f"{local.as_posix()}/deficiency/b12-deficiency-untreated.yaml:" in told.output
    shutil.rmtree(local / "deficiency")
    assert CliRunner().invoke(main, ["test", "b12-deficiency-untreated"]).exit_code == 0
