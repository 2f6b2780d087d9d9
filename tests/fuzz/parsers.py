"""The parsers under atheris, which is led by what code an input reaches: ``python -m tests.fuzz.parsers SECONDS``.

What a parser refuses in words of its own is no fault; any other exception is.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from tests.fuzz.report import Finding, Report

RUNS = "Done "


def available() -> bool:
    """Whether atheris is installed."""
    return find_spec("atheris") is not None


def _parsers() -> list[Callable[[Any], None]]:  # noqa: C901
    """Each takes a FuzzedDataProvider."""
    from datetime import UTC

    from cds_service.content import PROFILES
    from cds_service.fhir.dates import parse_birth_date, parse_moment
    from cds_service.fhir.product_identification import identify
    from cds_service.fhir.reading import read_value
    from cds_service.fhir.terminology import Terminology
    from cds_service.fhir.units import unit_of_alias
    from cds_service.fhir_server.servers import parse_address
    from cds_service.hooks.errors import BadRequest
    from cds_service.hooks.feedback_body import read_feedback
    from cds_service.hooks.fhir_search import read_search
    from cds_service.rendering.card_text import escaped, one_line
    from cds_service.trust.verifier import Untrusted, _token, _unverified

    terminology = Terminology.load(PROFILES)

    def text(data: Any) -> str:
        found: str = data.ConsumeUnicode(200)
        return found

    def json_text(data: Any) -> None:
        try:
            read_value(data.ConsumeBytes(2000))
        except UnicodeDecodeError:
            return

    def moment(data: Any) -> None:
        parse_moment(text(data), UTC)
        parse_birth_date(text(data))

    def unit(data: Any) -> None:
        unit_of_alias(text(data), counts=data.ConsumeBool())

    def medication(data: Any) -> None:
        identify(((text(data), text(data)),), (text(data), text(data)), (), terminology)

    def address(data: Any) -> None:
        parse_address(text(data))

    def search(data: Any) -> None:
        try:
            read_search(
                [(data.PickValueInList(["name", "url", "_count", "status"]), text(data))],
                strict=True,
            )
        except BadRequest:
            return

    def shown(data: Any) -> None:
        assert len(one_line(text(data))) <= 80
        escaped(text(data))

    def sent_back(data: Any) -> None:
        try:
            read_feedback(data.ConsumeBytes(2000), "service", "client")
        except BadRequest:
            return

    def bearer(data: Any) -> None:
        try:
            _unverified(_token("Bearer " + data.ConsumeString(500)))
        except Untrusted:
            return

    return [json_text, moment, unit, medication, address, search, shown, sent_back, bearer]


def main(seconds: str) -> None:
    """Fuzz for so many seconds; atheris ends the process."""
    import atheris

    with atheris.instrument_imports(include=["cds_service"]):
        parsers = _parsers()

    def one(raw: bytes) -> None:
        data = atheris.FuzzedDataProvider(raw)
        parsers[data.ConsumeIntInRange(0, len(parsers) - 1)](data)

    atheris.Setup(
        [
            sys.argv[0],
            f"-max_total_time={seconds}",
            "-max_len=4000",
            "-timeout=5",
            "-print_final_stats=1",
        ],
        one,
    )
    atheris.Fuzz()


def run(report: Report, seconds: int) -> None:
    """Fuzz the parsers in a process of their own, which a fault ends."""
    if not available():
        report.measured(
            "the parsers", "not tried: atheris is not installed (python -m pip install atheris)"
        )
        return
    ended = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.parsers", str(seconds)],
        capture_output=True,
        text=True,
        check=False,
    )
    said = ended.stderr + ended.stdout
    runs = next(
        (
            line.split()[1]
            for line in said.splitlines()
            if line.startswith("stat::number_of_executed_units:")
        ),
        "0",
    )
    report.count("parsers", bodies=int(runs))
    if ended.returncode:
        fault = next(
            (
                line
                for line in said.splitlines()
                if "Error" in line or "ERROR" in line or "Exception" in line
            ),
            said[-300:],
        )
        report.add(Finding("parsers", fault.strip()))


if __name__ == "__main__":
    main(sys.argv[1])
