"""The command line: ``python -m cds_service COMMAND``. Each module has the name of its command."""

from __future__ import annotations

import click

from ..collector import collect_rarely
from . import (
    check,
    check_ehr,
    coverage,
    diff,
    doc,
    example,
    explain,
    export,
    fire,
    new,
    report,
    safety,
    sandbox,
    schema,
    serve,
    settings,
    test,
    topics,
    validate,
)


@click.group()
def main() -> None:
    """A CDS Hooks service for vitamin B12 and folate."""
    collect_rarely()


_COMMANDS = (
    serve.serve, sandbox.sandbox, example.example, fire.fire, explain.explain, test.run_card_tests,
    coverage.coverage, safety.safety, check.check, new.new, diff.diff, schema.schema, doc.doc,
    topics.topics, export.export, validate.validate, report.report, settings.settings,
    check_ehr.check_ehr_command,
)  # fmt: skip
for _command in _COMMANDS:
    main.add_command(_command)
