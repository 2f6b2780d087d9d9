"""The command that reports which criteria the cards' tests cover."""

from __future__ import annotations

from pathlib import Path

import click

from ..authored_yaml.source import AuthoringError
from .reading_settings import read_settings

cards_option = click.option(
    "--cards",
    "folders",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of local cards (those of CDS_CARDS by default).",
)


@click.command()
@click.argument("card_ids", nargs=-1)
@cards_option
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), help="Also write an HTML page there."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Fail if fewer criteria were seen to decide both ways.",
)
def coverage(
    card_ids: tuple[str, ...],
    folders: tuple[Path, ...],
    html: Path | None,
    as_json: bool,
    fail_under: float | None,
) -> None:
    """Report which criteria the tests in the card files saw decide both ways, and
    which they did not."""
    from ..authoring.card_tests import UnknownCard
    from ..authoring.coverage import covered_cards, percent
    from ..authoring.coverage_report import as_html, as_text
    from ..authoring.coverage_report import as_json as in_json

    try:
        covered = covered_cards(card_ids, read_settings(cards=folders or None))
    except (AuthoringError, UnknownCard) as error:
        raise click.ClickException(str(error)) from None
    if html:
        write_file(html, as_html(covered))
    click.echo(in_json(covered) if as_json else as_text(covered))
    if fail_under is not None and percent(covered) < fail_under:
        raise click.ClickException(f"{percent(covered):.1f} % is below {fail_under:g} %.")


def write_file(path: Path, text: str) -> None:
    """Write a requested file. Raises ``ClickException`` with one line if the disk refuses it."""
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from None
