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


def _printed_commands(server):
    """What a start prints to fire a hook with."""
    return server.log.read_text().split("Fire a hook:")[1].split("Explain the cards:")[0]


def test_the_page_on_trust_and_what_its_start_prints_lead_to_a_card(tmp_path):
    (tmp_path / "ehr.py").write_text(SCRIPT, "utf-8")
    keys, start = STARTING.splitlines()
    _run(keys)
    settings = dict(re.findall(r"(CDS_\w+)=(\S+)", start))
    with serving(tmp_path, **settings) as server:
        calling = CALLING.replace("http://127.0.0.1:8080", server.base)
        curl = calling[calling.index("curl ") :]
        first, _, again = _run(f"{calling}echo\n{curl}").partition("\n")
        assert _topics(first) == ["folic-acid-b12-deficient"]
        assert "The token was used before" in again
        printed = _printed_commands(server)
        path = printed.split()[-1].removeprefix(server.base)
        token = f"TOKEN=$(python ehr.py {settings['CDS_BASE_URL']}{path})\n"
        assert _topics(_run(token + printed)) == ["folic-acid-b12-deficient"]


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


def test_what_a_start_without_clients_prints_leads_to_a_card(started):
    assert _topics(_run(_printed_commands(started.server))) == ["folic-acid-b12-deficient"]


def test_what_a_start_on_every_address_with_one_id_for_all_services_prints_leads_to_a_card(
    tmp_path,
):
    """Without clients, so that it says loudly who may call."""
    settings = {"CDS_SERVICE_IDS": "shared", "CDS_HOST": "0.0.0.0", "CDS_INSECURE": "1"}
    with serving(tmp_path, **settings) as server:
        log = server.log.read_text()
        assert "CDS_INSECURE=1: this service answers ANYBODY who reaches 0.0.0.0" in log
        assert _topics(_run(_printed_commands(server))) == ["folic-acid-b12-deficient"]
