"""The command that reports how users responded to the cards."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from .reading_settings import read_settings


@click.command()
@click.option(
    "--weeks",
    type=click.IntRange(1, 520),
    default=12,
    show_default=True,
    help="How many weeks to report, including the present one.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def report(weeks: int, as_json: bool) -> None:
    """Report what became of the cards shown: accepted, overridden, unanswered, by
    card and version."""
    import orjson

    from ..store.database import open_database
    from ..store.errors import StoreUnavailable
    from ..store.report_form import report_json, report_text
    from ..store.store import report_of

    database = open_database(read_settings().database_url)
    try:
        made = report_of(database, weeks, datetime.now(UTC))
    except StoreUnavailable as error:
        raise click.ClickException(f"CDS_DATABASE_URL: {error}") from None
    finally:
        database.dispose()
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(report_json(made), option=orjson.OPT_INDENT_2) + b"\n")
    else:
        click.echo(report_text(made))
