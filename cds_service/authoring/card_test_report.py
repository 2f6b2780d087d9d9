"""The results of the tests inside card files, for a terminal and as JUnit XML for build servers."""

from __future__ import annotations

from collections.abc import Sequence

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

from .card_tests import CardTestResult, failed_alike


def as_text(results: Sequence[CardTestResult]) -> str:
    """Return one line per failed test with its trace, and the totals. A test that failed alike in
    several parameter sets is listed once."""
    lines = []
    for result, sets in failed_alike(results):
        lines.append(
            f"{result.place}: {result.card} [{', '.join(sets)}] {result.name}: {result.problem}"
        )
        lines += [f"    {line}" for line in result.trace]
    unreadable = sum(result.unreadable for result in results)
    failed = sum(bool(result.problem) for result in results) - unreadable
    passed = len(results) - failed - unreadable
    if not results:
        return "There is no test to run."
    lines.append(
        f"{passed} passed, {failed} failed" + (f", {unreadable} unreadable" if unreadable else "")
    )
    return "\n".join(lines)


def as_junit(results: Sequence[CardTestResult]) -> str:
    """Return a JUnit suite for each parameter set, with a case for each test: a failing test is a
    failure with its trace, an unreadable one an error."""
    report = JUnitXml("cards")
    suites: dict[str, TestSuite] = {}
    for result in results:
        case = TestCase(result.name, result.card)
        case.system_out = str(result.place)
        if result.problem:
            kind = Error if result.unreadable else Failure
            found = kind(
                f"{result.place}: {result.problem}",
                "unreadable" if result.unreadable else "failing-test",
            )
            found.text = "\n".join(result.trace)
            case.result = [found]
        suites.setdefault(result.parameter_set, TestSuite(result.parameter_set)).add_testcase(case)
    for suite in suites.values():
        report.add_testsuite(suite)
    return str(report.tostring().decode("utf-8"))  # type: ignore[no-untyped-call]
