"""The command line: ``python -m cds_service COMMAND``. Each module holds the commands of one kind of work."""

from __future__ import annotations

import click

from .asking import example, explain
from .changing import diff, new
from .checking import check, schema
from .documenting import doc
from .proving import run_card_tests, safety
from .serving import report, serve, settings


@click.group()
def main() -> None:
    """A CDS Hooks service for vitamin B12 and folate."""


for _command in (serve, example, explain, run_card_tests, safety, check, new, diff, schema, doc, report, settings):
    main.add_command(_command)
