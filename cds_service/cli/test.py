"""The command that runs the cards' own tests, and checks that they notice changed cards."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..authored_yaml.source import AuthoringError
from ..config import Settings
from .coverage import cards_option, write_file
from .reading_settings import read_settings


@click.command(name="test")
@click.argument("card_ids", nargs=-1)
@cards_option
@click.option(
    "--junit",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the results there, as JUnit XML.",
)
@click.option(
    "--mutate",
    is_flag=True,
    help="Then change each criterion of each card: one of its tests must fail.",
)
def run_card_tests(
    card_ids: tuple[str, ...], folders: tuple[Path, ...], junit: Path | None, mutate: bool
) -> None:
    """Run the tests in the card files, including drafts, in every parameter set; show how the
    card of each failed test was decided."""
    from ..authoring.card_tests import UnknownCard

    settings = read_settings(cards=folders or None)
    try:
        passed = _run_tests(card_ids, settings, junit) and (
            not mutate or _run_mutants(card_ids, settings)
        )
    except (AuthoringError, UnknownCard) as error:
        raise click.ClickException(str(error)) from None
    if not passed:
        sys.exit(1)


def _run_tests(card_ids: tuple[str, ...], settings: Settings, junit: Path | None) -> bool:
    from ..authoring.card_test_report import as_junit, as_text
    from ..authoring.card_tests import run_tests

    results = list(run_tests(card_ids, settings, drafts=True))
    if junit:
        write_file(junit, as_junit(results))
    click.echo(as_text(results))
    return bool(results) and not any(result.problem for result in results)


def _run_mutants(card_ids: tuple[str, ...], settings: Settings) -> bool:
    from ..authoring.mutation import report, run_mutants

    results = list(run_mutants(card_ids, settings))
    for line in report(results):
        click.echo(line)
    return all(result.verdict != "survived" for result in results)
