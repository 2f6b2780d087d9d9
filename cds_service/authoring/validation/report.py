"""The findings of ``validate`` as text and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping

from .finding import SEVERITIES, Report


def as_text(reports: Mapping[str, Report]) -> str:
    """Return one line per finding, one per resource checked, and the totals. ``reports``: by
    file."""
    lines = []
    for file, report in reports.items():
        for finding in report.findings:
            lines.append(
                (
                    f"{file}: {finding.path}: {finding.severity} [{finding.code}] {finding.what} "
                    f"{finding.mend}"
                ).rstrip()
            )
        for checked in report.checked:
            against = " and ".join(["base FHIR R4", *checked.profiles])
            named = "" if checked.path == checked.resource_type else f" ({checked.resource_type})"
            lines.append(f"{file}: {checked.path}{named} checked against {against}")
    counts = Counter(finding.severity for report in reports.values() for finding in report.findings)
    resources = sum(len(report.checked) for report in reports.values())
    told = ", ".join(
        f"{counts[name]} {name}{'s' if counts[name] != 1 and name != 'info' else ''}"
        for name in SEVERITIES
    )
    return "\n".join([*lines, f"{resources} resource{'s' if resources != 1 else ''}: {told}"])


def as_json(reports: Mapping[str, Report]) -> str:
    """Return an object with ``checked`` and ``findings``, each item with its file."""
    return json.dumps(
        {
            "checked": [
                {"file": file, **checked._asdict()}
                for file, report in reports.items()
                for checked in report.checked
            ],
            "findings": [
                {"file": file, **finding._asdict()}
                for file, report in reports.items()
                for finding in report.findings
            ],
        },
        indent=2,
        ensure_ascii=False,
    )


FORMATS = {"text": as_text, "json": as_json}
