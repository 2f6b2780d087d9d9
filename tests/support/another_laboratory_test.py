"""A copy of the project with one laboratory test more, an invented one: what a developer writes for it, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
CODES = {
    "99990-2": "Examplase [Mass/volume] in Serum or Plasma",
    "99991-0": "Examplase [Moles/volume] in Serum or Plasma",
}
_BASE = "https://b12-folate-cds.example.org/fhir"

VALUE_SET = {
    "resourceType": "ValueSet",
    "id": "examplase",
    "url": f"{_BASE}/ValueSet/examplase",
    "version": "1.0.0",
    "name": "Examplase",
    "title": "Examplase in serum or plasma",
    "status": "draft",
    "experimental": True,
    "date": "2026-11-29",
    "publisher": "B12 and folate CDS",
    "description": "Invented for a test.",
    "copyright": "Of the form of LOINC (http://loinc.org).",
    "compose": {
        "include": [
            {
                "system": "http://loinc.org",
                "concept": [
                    {
                        "extension": [
                            {
                                "url": f"{_BASE}/StructureDefinition/code-source",
                                "valueString": "Invented",
                            }
                        ],
                        "code": code,
                        "display": display,
                    }
                    for code, display in CODES.items()
                ],
            }
        ]
    },
}
EXAMPLE = {
    "resourceType": "Observation",
    "id": "examplase-result",
    "meta": {"profile": [f"{_BASE}/StructureDefinition/examplase-result"]},
    "status": "final",
    "code": {
        "coding": [{"system": "http://loinc.org", "code": "99990-2", "display": CODES["99990-2"]}]
    },
    "subject": {"reference": "Patient/example-patient"},
    "effectiveDateTime": "2026-11-20T08:30:00Z",
    "valueQuantity": {
        "value": 45,
        "unit": "ug/L",
        "system": "http://unitsofmeasure.org",
        "code": "ug/L",
    },
}
ANALYTE = """
ANALYTES["examplase"] = Analyte(
    "examplase", ("examplase",), "b12-results", "window.examplase",
    (
        _family("ug/L", {MASS: "0.001"}, ("0", "5000"), ("-1", "900")),
        _family("nmol/L", {MOLAR: "0.001"}, ("0", "10000"), ("-1", "1800")),
    ),
    ("normal", "high"), (CutName("examplase.high_above", False),), "normal",
)  # fmt: skip
"""
FACTS = '''"""Facts about examplase."""

from __future__ import annotations

from .catalogue import define
from .results import define_result, level_of

define_result("examplase", "examplase", "The newest usable examplase within its window, in ug/L or nmol/L as reported.")

define(
    "examplase.level",
    "class of examplase",
    level_of("examplase"),
    "High above {examplase.high_above}.",
    kind="category",
    values=("normal", "high"),
)
'''
PARAMETERS = """
examplase.high_above: {value: {ug/L: 40, nmol/L: 80}, source: examplase-trial, basis: guideline}
window.examplase: {value: 60, unit: days, source: examplase-trial, basis: guideline}
"""
EVIDENCE = """
examplase-trial:
  title: "A trial of examplase, which was never held"
  url: https://example.org/examplase
  date: 2026-10-01
  strength: trial
  supports: a limit for examplase
  checked_on: 2026-11-29
"""
CARD = """
id: examplase-high
version: 1.0.0
title: High examplase
rank: 9000
hooks: [patient-view]
include:
  - {id: high, fact: examplase.level, in: [high]}
card:
  indicator: info
  summary: "Examplase is {examplase}, above {examplase.high_above}"
  detail: ["Repeat it."]
  values: [examplase]
  source: examplase-trial
  override_reasons: [action-completed]
tests:
  - {name: high, facts: {examplase.level: high}, fires: true}
  - {name: normal, facts: {examplase.level: normal}, silent: high}
  - {name: not known, facts: {}, silent: high}
"""
# By hand: a whole file, or what is added at the end of one. There is no other.
WRITTEN = {
    "fhir_profiles/value-sets/examplase.json": json.dumps(VALUE_SET, indent=2),
    "fhir_profiles/examples/examplase-result.json": json.dumps(EXAMPLE, indent=2),
    "cds_service/facts/examplase.py": FACTS,
    "cards/testing/examplase-high.yaml": CARD.lstrip(),
}
ADDED = {
    "cds_service/facts/analytes.py": ANALYTE,
    "cards/parameters/default.yaml": PARAMETERS,
    "cards/evidence.yaml": EVIDENCE,
}


class Copy:
    """A copy of the project in ``folder`` to which the laboratory test is added."""

    def __init__(self, folder: Path):
        self.folder = folder
        for name in (
            "cds_service",
            "cards",
            "fhir_profiles",
            "docs",
            "tests",
            "README.md",
            "CHANGELOG.md",
            "setup.cfg",
            "pyproject.toml",
        ):
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(
                    source,
                    folder / name,
                    ignore=shutil.ignore_patterns("fixtures", "fuzz", "bench"),
                )
            else:
                shutil.copy(source, folder / name)
        for name, text in WRITTEN.items():
            (folder / name).write_text(text, "utf-8")
        for name, text in ADDED.items():
            with (folder / name).open("a", encoding="utf-8") as file:
                file.write(text)

    def run(self, module: str, *arguments: str, given: str = "") -> str:
        """What a module of the copy prints when it is run; it must succeed."""
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder)},
            input=given,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def service(self, *arguments: str) -> str:
        """What a command of the service in the copy prints."""
        return self.run("cds_service", *arguments)

    def json(self, name: str) -> Any:
        """The JSON in a file of the copy."""
        return json.loads((self.folder / name).read_text("utf-8"))
