"""The command line: ``python -m cds_service COMMAND``. Each module holds the commands of one kind of work."""

from __future__ import annotations

import click

from .asking import example, explain
from .checking import check, schema
from .documenting import doc
from .exporting import export
from .proving import run_card_tests, safety
from .serving import report, serve, settings


@click.group()
def main() -> None:
    """A CDS Hooks service for vitamin B12 and folate."""


for _command in (serve, example, explain, run_card_tests, safety, check, schema, doc, export, report, settings):
    main.add_command(_command)
