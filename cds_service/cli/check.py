"""The command that reports mistakes and doubts in cards."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from .reading_settings import read_settings


@click.command()
@click.argument("folders", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit", "github"]),
    default="text",
    show_default=True,
)
@click.option("--local", is_flag=True, help="In the built-in files, report errors only.")
@click.option("--strict", is_flag=True, help="Fail on warnings too.")
def check(folders: tuple[Path, ...], form: str, local: bool, strict: bool) -> None:
    """Check the built-in cards with the local FOLDERS (by default, those of CDS_CARDS)."""
    from ..authoring.check import check as findings_of
    from ..authoring.check.report import FORMATS

    settings = read_settings()
    chosen = folders or settings.cards
    findings = findings_of(chosen, settings)
    if local:
        findings = [
            finding
            for finding in findings
            if finding.severity == "error" or finding.lies_in(chosen)
        ]
    click.echo(FORMATS[form](findings))
    failing = ("error", "warning") if strict else ("error",)
    if any(finding.severity in failing for finding in findings):
        sys.exit(1)
