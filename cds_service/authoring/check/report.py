"""Findings as text, as JSON, as a JUnit report and as annotations of a pull request."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from junitparser import Error, JUnitXml, TestCase, TestSuite

from .finding import SEVERITIES, Finding

_GITHUB = {"error": "error", "warning": "warning", "info": "notice"}


def as_text(findings: Sequence[Finding]) -> str:
    """Return one line per finding, and the totals."""
    counts = Counter(finding.severity for finding in findings)
    told = ", ".join(
        f"{counts[name]} {name}{'s' if counts[name] != 1 and name != 'info' else ''}"
        for name in SEVERITIES
    )
    return "\n".join([*map(str, findings), told])


def as_json(findings: Sequence[Finding]) -> str:
    """Return a list of objects with code, severity, file, line, column, what and mend."""
    return json.dumps(
        [
            {
                "code": finding.code,
                "severity": finding.severity,
                **finding.place._asdict(),
                "what": finding.what,
                "mend": finding.mend,
            }
            for finding in findings
        ],
        indent=2,
    )


def as_junit(findings: Sequence[Finding]) -> str:
    """Return one test case per finding, which fails if the finding is an error, or one passing test
    case if there are no findings."""
    suite = TestSuite("check")
    for finding in findings:
        case = TestCase(f"[{finding.code}] {finding.place}", finding.place.file)
        case.result = [Error(str(finding), finding.code)] if finding.severity == "error" else []
        case.system_out = str(finding)
        suite.add_testcase(case)
    if not findings:
        suite.add_testcase(TestCase("no findings", "check"))
    report = JUnitXml("check")
    report.add_testsuite(suite)
    return str(report.tostring().decode("utf-8"))  # type: ignore[no-untyped-call]


def as_github(findings: Sequence[Finding]) -> str:
    """Return workflow commands that annotate the lines of a pull request."""
    return "\n".join(
        f"::{_GITHUB[finding.severity]} "
        f"file={_property(finding.place.file)},line={finding.place.line},col={finding.place.column},"
        f"title={_property(finding.code)}::{_data(f'{finding.what} {finding.mend}'.strip())}"
        for finding in findings
    )


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


FORMATS = {"text": as_text, "json": as_json, "junit": as_junit, "github": as_github}
