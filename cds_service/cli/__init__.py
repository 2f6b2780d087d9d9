"""The command line: ``python -m cds_service COMMAND``. Each module holds the commands of
one kind of work."""

from __future__ import annotations

import click

from .asking import example, explain
from .changing import diff, new
from .checking import check, schema
from .checking_ehr import check_ehr_command
from .documenting import doc, topics
from .exporting import export
from .firing import fire
from .proving import coverage, run_card_tests, safety
from .sandbox import sandbox
from .serving import report, serve, settings
from .validating import validate


@click.group()
def main() -> None:
    """A CDS Hooks service for vitamin B12 and folate."""


_COMMANDS = (
    serve, sandbox, example, fire, explain, run_card_tests, coverage, safety, check, new, diff,
    schema, doc, topics, export, validate,
    report, settings, check_ehr_command,
)  # fmt: skip
for _command in _COMMANDS:
    main.add_command(_command)
