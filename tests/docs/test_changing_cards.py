"""The page on changing cards shows what the commands print."""

import re
import shutil
from pathlib import Path

from click.testing import CliRunner

from cds_service.authoring.diff.differing import ENOUGH
from cds_service.cli import main
from cds_service.content import CARDS
from tests.support.pages import service_commands

PAGE = (Path(__file__).parents[2] / "docs/changing-cards.md").read_text("utf-8")
SHOWN = service_commands(PAGE)


def shown(verb):
    [(command, output)] = [
        (command, output) for command, output in SHOWN.items() if command.startswith(verb)
    ]
    return command.split(), output


def test_a_new_card(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command, output = shown("new")
    assert CliRunner().invoke(main, command).output == output


def test_a_local_card_over_a_built_in_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (CARDS / "treatment/homocysteine-above-target.yaml").read_text("utf-8")
    Path("site").mkdir()
    Path("site/site.yaml").write_text("owner: st-elsewhere\n", "utf-8")
    changed = text.replace("version: 1.2.0", "version: 1.3.0").replace(
        "on_treatment, at_least: 10 umol/L", "on_treatment, at_least: 12 umol/L"
    )
    Path("site/homocysteine-above-target.yaml").write_text(changed, "utf-8")
    command, output = shown("diff")
    assert CliRunner().invoke(main, command).output == output


def test_a_limit_that_moved(tmp_path):
    """In a set of this card alone: what is said of it is the same beside the others."""
    for name in ("old", "new"):
        shutil.copytree(CARDS / "parameters", tmp_path / name / "parameters")
        shutil.copy(CARDS / "evidence.yaml", tmp_path / name)
        shutil.copy(CARDS / "deficiency/b12-folate-deficiency.yaml", tmp_path / name)
    default = tmp_path / "new/parameters/default.yaml"
    default.write_text(
        default.read_text("utf-8").replace("{ng/L: 180, pmol/L: 133}", "{ng/L: 200, pmol/L: 148}"),
        "utf-8",
    )
    [excerpt] = re.findall(
        r"^```\n(b12-folate-deficiency\n.*?)^```$", PAGE, re.DOTALL | re.MULTILINE
    )
    assert (
        excerpt
        in CliRunner().invoke(main, ["diff", str(tmp_path / "old"), str(tmp_path / "new")]).output
    )


def test_the_page_gives_the_number_of_states_that_is_looked_at():
    assert f"at most {ENOUGH:,} states of a card" in " ".join(PAGE.split())
