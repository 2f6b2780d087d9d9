"""Commands that prove the cards: their tests, what the tests cover, changed cards, and every
distinguishable state."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from ..authored_yaml.source import AuthoringError
from ..config import Settings
from .reading_settings import read_settings

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command(name="test")
@click.argument("card_ids", nargs=-1)
@click.option(
    "--cards",
    "folders",
    multiple=True,
    type=FOLDER,
    help="A folder of local cards (those of CDS_CARDS by default).",
)
@click.option(
    "--junit",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the results there too, as JUnit XML.",
)
@click.option(
    "--mutate",
    is_flag=True,
    help="Then change each criterion of each card: one of its tests must notice.",
)
def run_card_tests(
    card_ids: tuple[str, ...], folders: tuple[Path, ...], junit: Path | None, mutate: bool
) -> None:
    """Run the tests in the card files, drafts too, in every parameter set; tell how each that
    fails was decided."""
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
        _write(junit, as_junit(results))
    click.echo(as_text(results))
    return bool(results) and not any(result.problem for result in results)


def _run_mutants(card_ids: tuple[str, ...], settings: Settings) -> bool:
    from ..authoring.mutation import report, run_mutants

    results = list(run_mutants(card_ids, settings))
    for line in report(results):
        click.echo(line)
    return all(result.verdict != "survived" for result in results)


@click.command()
@click.argument("card_ids", nargs=-1)
@click.option(
    "--cards",
    "folders",
    multiple=True,
    type=FOLDER,
    help="A folder of local cards (those of CDS_CARDS by default).",
)
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page to read there."
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Fail where less is seen both ways.",
)
def coverage(
    card_ids: tuple[str, ...],
    folders: tuple[Path, ...],
    html: Path | None,
    as_json: bool,
    fail_under: float | None,
) -> None:
    """Tell which criteria the tests in the card files saw decide both ways, and
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
        _write(html, as_html(covered))
    click.echo(in_json(covered) if as_json else as_text(covered))
    if fail_under is not None and percent(covered) < fail_under:
        raise click.ClickException(f"{percent(covered):.1f} % is below {fail_under:g} %.")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from None


@click.command()
@click.option(
    "--processes", type=click.IntRange(min=1), help="Processes; as many as processors by default."
)
def safety(processes: int | None) -> None:
    """Prove the invariants of safety over every distinguishable state of the facts."""
    import time

    from ..authoring.safety.readiness import NotReady
    from ..authoring.safety.report import holds, prove_all, report

    began = time.monotonic()

    def progress(done: int, parts: int, visited: int) -> None:
        if sys.stderr.isatty() or done % 50 == 0 or done == parts:
            click.echo(
                f"{done} of {parts} parts, {visited:,} states, {time.monotonic() - began:.0f} s",
                err=True,
            )

    try:
        tally = prove_all(processes or os.cpu_count() or 1, progress)
    except NotReady as error:
        raise click.ClickException(str(error)) from None
    for line in report(tally, time.monotonic() - began):
        click.echo(line)
    if not holds(tally):
        sys.exit(1)
