"""The command that proves the cards in every distinguishable state."""

from __future__ import annotations

import sys

import click

from ..cores import usable_cores


@click.command()
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    help="How many processes (default: one for each core that may be used).",
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
        tally = prove_all(processes or usable_cores(), progress)
    except NotReady as error:
        raise click.ClickException(str(error)) from None
    for line in report(tally, time.monotonic() - began):
        click.echo(line)
    if not holds(tally):
        sys.exit(1)
