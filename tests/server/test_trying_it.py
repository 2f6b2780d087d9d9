"""What the start prints and the page on trust shows: each command, as it is printed, gets a card."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.serving import serving
from tests.support.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/trust.md").read_text("utf-8")
SECTION = PAGE.split("## Try it\n")[1].split("\n## ")[0]
SCRIPT, STARTING, CALLING = (block.partition("\n")[2] for block in SECTION.split("```")[1::2])


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def _run(commands):
    """What a shell prints for ``commands``."""
    ended = subprocess.run(
        ["bash", "-ec", commands], capture_output=True, text=True, timeout=PATIENCE
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def _topics(answer):
    return [card["source"]["topic"]["code"] for card in json.loads(answer)["cards"]]


def test_the_page_on_trust_leads_to_a_card(tmp_path):
    (tmp_path / "ehr.py").write_text(SCRIPT, "utf-8")
    keys, start = STARTING.splitlines()
    _run(keys)
    with serving(tmp_path, **dict(re.findall(r"(CDS_\w+)=(\S+)", start))) as server:
        calling = CALLING.replace("http://127.0.0.1:8080", server.base)
        assert _topics(_run(calling)) == ["folic-acid-b12-deficient"]
        curl = calling[calling.index("curl ") :]
        assert "The token was used before" in _run(calling + curl)


def test_the_reasons_on_the_page_are_those_that_are_given():
    given = ""
    for name in ("trust/verifier", "hooks/authentication"):
        tree = ast.parse((ROOT / f"cds_service/{name}.py").read_text("utf-8"))
        given += " ".join(
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        )
    reasons = re.findall(r"^\| ([^|]+?) \| ", SECTION, re.MULTILINE)[2:]
    assert len(reasons) == 12
    assert [reason for reason in reasons if reason not in given] == []


@pytest.mark.parametrize("ids", ["distinct", "shared"])
@pytest.mark.parametrize("trusted", [False, True], ids=["open", "trusted"])
def test_what_the_start_prints_leads_to_a_card(tmp_path, ids, trusted):
    (tmp_path / "ehr.py").write_text(SCRIPT, "utf-8")
    settings = {"CDS_SERVICE_IDS": ids}
    if trusted:
        _run("python ehr.py none")
        settings |= {"CDS_CLIENTS": "clients.yaml", "CDS_BASE_URL": "https://cds.example.org"}
    with serving(tmp_path, **settings) as server:
        printed = server.log.read_text()
        commands = printed.split("Fire a hook:")[1].split("Explain the cards:")[0]
        path = commands.split()[-1].removeprefix(server.base)
        token = f"TOKEN=$(python ehr.py https://cds.example.org{path})\n" if trusted else ""
        assert _topics(_run(token + commands)) == ["folic-acid-b12-deficient"]
