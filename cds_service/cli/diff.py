"""The command that compares two versions of the cards."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..authored_yaml.source import AuthoringError
from ..cores import usable_cores
from .reading_settings import read_settings

if TYPE_CHECKING:
    from ..authoring.diff import Comparison
    from ..authoring.diff.versions import Version


@click.command()
@click.argument("old")
@click.argument("new")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json", "html"]),
    default="text",
    show_default=True,
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if there is a difference, like git.")
def diff(old: str, new: str, form: str, as_json: bool, exit_code: bool) -> None:
    """Report what changed between two sets of cards: in words, and for which patients.

    OLD and NEW are each a folder of cards, built-in, or a revision in git such as
    HEAD~1:cards. --format html prints a page for those who decide on the change, with one
    printable sheet for each card.
    """
    import tempfile

    from ..authoring.diff import compare
    from ..authoring.diff.report import FORMATS
    from ..authoring.diff.versions import NoSuchVersion, read_version

    settings = read_settings()
    with tempfile.TemporaryDirectory() as work:
        try:
            versions = [read_version(name, settings, Path(work)) for name in (old, new)]
        except (AuthoringError, NoSuchVersion) as error:
            raise click.ClickException(str(error)) from None
        comparison = compare(versions[0], versions[1], usable_cores(), _progress())
        # Sheets show the cards' files, and those of a git revision exist only while it is unpacked.
        chosen = "json" if as_json else form
        click.echo(
            _proposal(comparison, versions[1]) if chosen == "html" else FORMATS[chosen](comparison)
        )
    if exit_code and comparison.differs:
        sys.exit(1)


def _progress() -> Callable[[int, int], None]:
    """Return a callback that shows at a terminal how many parts are done and how long the rest may
    take."""
    began = time.monotonic()

    def progress(done: int, parts: int) -> None:
        if sys.stderr.isatty():
            left = (time.monotonic() - began) * (parts - done) / done
            shown = f"{done} of {parts} parts, {done / parts:.0%}, about {left:.0f} s left"
            click.echo(f"\r\x1b[K{shown if done < parts else ''}\r", nl=False, err=True)

    return progress


def _proposal(comparison: Comparison, new: Version) -> str:
    from ..workbench.catalogue.proposal import proposal_html

    return proposal_html(comparison, new, date.today())
