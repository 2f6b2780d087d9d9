"""The wheel holds cards and profiles and runs from anywhere; what it needs is installed in tested versions."""

import configparser
import json
import os
import subprocess
import sys
import zipfile
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.waiting import PATIENCE

ROOT = Path(__file__).parents[2]


def _run(*arguments, folder, **environment):
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        check=True,
        timeout=PATIENCE,
    ).stdout


def test_wheel_runs_outside_the_checkout(tmp_path):
    # A copy, so that parallel tests and the checkout see no build folders.
    source, wheels, installed, elsewhere = (
        tmp_path / name for name in ("source", "wheels", "installed", "elsewhere")
    )
    for folder in (source, wheels, installed, elsewhere):
        folder.mkdir()
    names = (
        "setup.cfg",
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "cds_service",
        "cards",
        "fhir_profiles",
    )
    subprocess.run(["cp", "-r", *(str(ROOT / name) for name in names), str(source)], check=True)
    # As pip does, in an environment that has what building needs.
    (source / "build_it.py").write_text(
        f"from setuptools.build_meta import build_wheel\nbuild_wheel({str(wheels)!r})"
    )
    _run("build_it", folder=source)
    (wheel,) = wheels.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(installed)
    for folder in ("authoring/website/templates", "workbench/templates", "workbench/static"):
        shipped = Path("cds_service") / folder
        assert {path.name for path in (ROOT / shipped).iterdir()} == {
            path.name for path in (installed / shipped).iterdir()
        }
    path = {"PYTHONPATH": str(installed)}
    example = elsewhere / "example.json"
    example.write_bytes(_run("cds_service", "example", folder=elsewhere, **path))
    explained = json.loads(
        _run("cds_service", "explain", "example.json", "--json", folder=elsewhere, **path)
    )
    assert [card["id"] for card in explained["cards"] if card["outcome"] == "fires"] == [
        "folic-acid-b12-deficient"
    ]
    (elsewhere / "migrate.py").write_text(
        "from cds_service.content import CARDS\nfrom cds_service.store.database import migrate, open_database\n"
        "migrate(open_database('sqlite:///cds.sqlite3'))\nprint(CARDS)"
    )
    loaded = _run("migrate", folder=elsewhere, **path).decode().strip()
    assert Path(loaded).is_relative_to(installed)
    assert b"Cards shown since" in _run(
        "cds_service", "report", folder=elsewhere, **path, CDS_DATABASE_URL="sqlite:///cds.sqlite3"
    )


def test_every_package_is_installed_in_the_version_that_is_written_down():
    """A package of which no version is written down comes in its newest: a release of today would decide what the service does."""
    written = {
        canonicalize_name(wanted.name): wanted.specifier
        for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
        for wanted in [Requirement(line)]
    }
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", "utf-8")
    listed = [setup["options"]["install_requires"], *setup["options.extras_require"].values()]
    needed = [Requirement(line) for lines in listed for line in lines.split("\n") if line.strip()]
    installed = {canonicalize_name(found.name): found.version for found in distributions()}
    for wanted in needed:
        [exactly] = written[canonicalize_name(wanted.name)]
        assert exactly.operator == "==" and wanted.specifier.contains(exactly.version), wanted
    other = {
        name: version
        for name, version in installed.items()
        if name in written and not written[name].contains(version)
    }
    assert not other, (
        f"Installed in another version than constraints.txt has: {other}. Run make test."
    )
