"""The command line: ``python -m cds_service COMMAND``. Each module is called as
its command."""

from __future__ import annotations

import click

from .check import check
from .check_ehr import check_ehr_command
from .coverage import coverage
from .diff import diff
from .doc import doc
from .example import example
from .explain import explain
from .export import export
from .fire import fire
from .new import new
from .report import report
from .safety import safety
from .sandbox import sandbox
from .schema import schema
from .serve import serve
from .settings import settings
from .test import run_card_tests
from .topics import topics
from .validate import validate


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
