"""The criteria in CQL, translated and evaluated in JavaScript, against what the service decides itself."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from cds_service.config import Settings
from cds_service.engine import PARAMETER_SETS, Engine
from cds_service.export.cql import criteria_cql
from cds_service.export.edition import CRITERIA_NAME, criteria_version
from cds_service.rules.hook_table import HOOKS
from tests.interop.outcome import Failed, Outcomes
from tests.interop.states import random_states, written
from tests.interop.tools import cql_tools, run

STATES = 4000


def replay_all(outcomes: Outcomes) -> None:
    """4,000 random states of each hook in each parameter set."""
    folder: Path | None = None
    with outcomes.check("translator and engine of CQL are there"):
        folder = cql_tools(outcomes)
    if folder:
        for parameters in PARAMETER_SETS:
            outcomes.run(
                f"CQL decides as the service does, set {parameters}",
                _replay,
                folder,
                parameters,
                outcomes,
            )


def _replay(folder: Path, parameters: str, outcomes: Outcomes) -> None:
    engine = Engine(Settings(parameters=parameters, cards=()))
    library, states = folder / f"{parameters}.cql", folder / f"{parameters}.ndjson"
    library.write_text(criteria_cql(engine, CRITERIA_NAME, criteria_version(engine)), "utf-8")
    with states.open("w", encoding="utf-8") as file:
        for seed, hook in enumerate(HOOKS):
            file.write(written(random_states(engine, hook, STATES, seed)))
    answer: subprocess.CompletedProcess[str] = run(
        ["node", folder / "replay.mjs", library, states], outcomes
    )
    if answer.returncode:
        raise Failed(answer.stdout + answer.stderr)
    found = json.loads(answer.stdout.splitlines()[-1])
    if found["replayed"] != STATES * len(HOOKS):
        raise Failed(f"{found['replayed']} states were replayed")
    _refuse_untried(engine, states)


def _refuse_untried(engine: Engine, states: Path) -> None:
    """Each card fires in some of the states and is silent in others, or the agreement would say little."""
    held = [set(json.loads(line)["holds"]) for line in states.open(encoding="utf-8")]
    defined = {name for names in held for name in names}
    if len({name.partition("_")[0] for name in defined}) != len(engine.cards):
        raise Failed("a card fires in none of the states")
