"""Java, Maven, Node and npm, and what they fetch from their registries; where one is not to be had, the checks are skipped."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.interop.outcome import Failed, Outcomes, Skipped

HERE = Path(__file__).parent
BUILD = HERE.parents[1] / "build" / "interop"
_JAVA = HERE / "java"
_FETCHING = 300  # seconds at most for a registry


def run(
    command: Sequence[str | Path], outcomes: Outcomes, most: float | None = None, **more: object
) -> subprocess.CompletedProcess[str]:
    """Run a command within the bound. Raises :class:`Skipped` where that is reached."""
    seconds = min(outcomes.left, most or outcomes.left)
    try:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=seconds, check=False, **more
        )  # type: ignore[call-overload, no-any-return]
    except subprocess.TimeoutExpired:
        raise Skipped(f"{Path(command[0]).name} took more than {seconds:.0f} s") from None


def classpath(outcomes: Outcomes) -> str:
    """The classpath with HL7's validator, HAPI and our two classes. Raises :class:`Skipped` where it is not to be had."""
    java, maven = shutil.which("javac"), shutil.which("mvn")
    if not java or not maven:
        raise Skipped("Java 17 and Maven are not installed")
    version = re.search(r"\d+", run([java, "-version"], outcomes).stdout or "0")
    if not version or int(version[0]) < 17:
        raise Skipped("this needs Java 17")
    listed, classes = BUILD / "classpath", BUILD / "classes"
    BUILD.mkdir(parents=True, exist_ok=True)
    if not listed.exists() or listed.stat().st_mtime < (_JAVA / "pom.xml").stat().st_mtime:
        fetch = [
            maven,
            "-q",
            "-B",
            "-f",
            _JAVA / "pom.xml",
            "dependency:build-classpath",
            f"-Dmdep.outputFile={listed}",
        ]
        if run(fetch, outcomes, _FETCHING).returncode:
            raise Skipped("Maven could not fetch the validator and HAPI: is the registry reached?")
    sources = sorted((_JAVA / "src/main/java/interop").glob("*.java"))
    built = run(
        [java, "-nowarn", "-d", classes, "-cp", listed.read_text("utf-8"), *sources], outcomes
    )
    if built.returncode:
        raise Failed(built.stderr)
    return f"{classes}:{listed.read_text('utf-8')}"


def cql_tools(outcomes: Outcomes) -> Path:
    """The folder in which the replay of CQL runs, with its packages. Raises :class:`Skipped` where they are not to be had."""
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        raise Skipped("Node and npm are not installed")
    folder = BUILD / "cql"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "replay.mjs"):
        shutil.copyfile(HERE / "cql" / name, folder / name)
    if not (folder / "node_modules").is_dir():
        fetched = run(
            [npm, "install", "--no-audit", "--no-fund", "--no-package-lock"],
            outcomes,
            _FETCHING,
            cwd=folder,
        )
        if fetched.returncode:
            raise Skipped(
                "npm could not fetch the translator and the engine: is the registry reached?"
            )
    return folder
