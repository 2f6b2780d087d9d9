"""Commands that prove the cards: their tests, changed cards, and every distinguishable state."""

from __future__ import annotations

import os
import sys

import click

from ..rules.yaml_source import AuthoringError


@click.command(name="test")
@click.argument("card_ids", nargs=-1)
@click.option("--mutate", is_flag=True, help="Then change each criterion of each card: one of its tests must notice.")
def run_card_tests(card_ids: tuple[str, ...], mutate: bool) -> None:
    """Run the tests in the card files, drafts too, in every parameter set."""
    try:
        passed = _run_tests(card_ids) and (not mutate or _run_mutants(card_ids))
    except AuthoringError as error:
        raise click.ClickException(str(error)) from None
    if not passed:
        sys.exit(1)


def _run_tests(card_ids: tuple[str, ...]) -> bool:
    from ..authoring.card_tests import run_tests

    failures = 0
    ran = 0
    for result in run_tests(card_ids, drafts=True):
        ran += 1
        if result.problem:
            failures += 1
            click.echo(f"{result.place}: {result.card} [{result.parameter_set}] {result.name}: {result.problem}")
    click.echo(f"{ran - failures} passed, {failures} failed")
    return bool(ran) and not failures


def _run_mutants(card_ids: tuple[str, ...]) -> bool:
    from ..authoring.mutation import report, run_mutants

    results = list(run_mutants(card_ids))
    for line in report(results):
        click.echo(line)
    return all(result.verdict != "survived" for result in results)


@click.command()
@click.option("--processes", type=click.IntRange(min=1), help="Processes; as many as processors by default.")
def safety(processes: int | None) -> None:
    """Prove the invariants of safety over every distinguishable state of the facts."""
    import time

    from ..authoring.safety.report import prove_all, report

    began = time.monotonic()

    def progress(done: int, parts: int, visited: int) -> None:
        if sys.stderr.isatty() or done % 50 == 0 or done == parts:
            click.echo(f"{done} of {parts} parts, {visited:,} states, {time.monotonic() - began:.0f} s", err=True)

    tally = prove_all(processes or os.cpu_count() or 1, progress)
    for line in report(tally, time.monotonic() - began):
        click.echo(line)
    if tally.violations or tally.contradictions:
        sys.exit(1)
