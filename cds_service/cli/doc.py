"""The command that writes the pages and the site."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..authored_yaml.source import AuthoringError


@click.command()
@click.option(
    "--out",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default="docs",
    show_default=True,
)
@click.option("--check", is_flag=True, help="Write nothing; fail if a page is stale.")
@click.option(
    "--html",
    "site",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write all documents as an HTML site into this folder.",
)
def doc(folder: Path, check: bool, site: Path | None) -> None:
    """Write the pages on cards, facts, parameters, evidence and conformance."""
    from ..authoring.pages import stale, write

    if site and check:
        raise click.UsageError(
            "--check is for the Markdown pages. Leave it out: a site is always written anew."
        )
    if site:
        _write_site(folder, site)
        return
    if not folder.is_dir():
        raise click.BadParameter(
            f"There is no folder {folder}. Only --html works without a folder of documents.",
            param_hint="--out",
        )
    names = list(stale(folder) if check else write(folder))
    for name in names:
        click.echo(
            f"{folder / name} {'is stale: run python -m cds_service doc' if check else 'written'}"
        )
    if check and names:
        sys.exit(1)


def _write_site(folder: Path, target: Path) -> None:
    from ..authoring.website.build import build, write

    try:
        target.mkdir(parents=True, exist_ok=True)
        count = write(build(folder), target)
    except AuthoringError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from None
    click.echo(f"{target / 'index.html'} and {count - 1} further files written")
