"""The page on FHIR profiles: its commands give the output that it shows, and it lists every profile."""

import re
from pathlib import Path

from click.testing import CliRunner

from cds_service.cli import main
from cds_service.export.result_profiles import result_value_sets
from tests.support.pages import service_commands

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/fhir-profiles.md").read_text("utf-8")


def test_commands_print_what_the_page_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b12.json").write_text(re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1], "utf-8")
    shown = service_commands(PAGE)
    assert len(shown) == 2
    for command, output in shown.items():
        assert CliRunner().invoke(main, command.split()).output == output


def test_every_profile_is_listed_and_every_link_leads_somewhere():
    links = re.findall(r"\]\(([^)]+)\)", PAGE)
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
    listed = {Path(link).stem for link in links if "structure-definitions/" in link}
    results = {f"{value_set}-result" for value_set, _ in result_value_sets()}
    assert (
        listed - results
        == {path.stem for path in (ROOT / "fhir_profiles/structure-definitions").glob("*.json")}
        - results
    )
    assert listed & results, (
        "the page shows none of the profiles that are one for each laboratory test"
    )


def test_every_option_and_every_rule_is_told():
    from cds_service.authoring import validation

    options = [
        option
        for parameter in main.commands["validate"].params
        for option in parameter.opts
        if option.startswith("--")
    ]
    assert [option for option in options if option not in PAGE] == []
    sources = "".join(
        path.read_text("utf-8") for path in Path(validation.__file__).parent.glob("*.py")
    )
    rules = set(re.findall(r'Finding\(\s*"\w+",\s[^"]*?"(\w+)",\s', sources)) | {"base"}
    assert {"cardinality", "type", "fixed", "pattern", "binding", "extension", "profile"} <= rules
    assert [rule for rule in rules if f"`{rule}`" not in PAGE] == []
