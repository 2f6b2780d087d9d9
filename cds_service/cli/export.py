"""Commands that export the cards as FHIR resources."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..authored_yaml.source import AuthoringError
from .reading_settings import read_settings

_UNNAMED = (
    "no site.yaml names the package of the local cards, so its version is the software's, even "
    "if the local cards change; see docs/local-cards.md."
)
_MEND = "Raise the version (for local cards, package.version in site.yaml), or write elsewhere."


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="FILE.tgz or a folder to write to (default: the package's NAME-VERSION.tgz).",
)
@click.option(
    "--profiles",
    is_flag=True,
    help="Instead, write the invariants made from limits and orders into fhir_profiles.",
)
@click.option(
    "--check", is_flag=True, help="With --profiles: write nothing; fail if a file is stale."
)
def export(out: Path | None, profiles: bool, check: bool) -> None:
    """Write the FHIR package of the cards, including those of CDS_CARDS, in the parameter set
    of CDS_PARAMETERS."""
    if profiles or check:
        if out or not profiles:
            raise click.UsageError("--check needs --profiles; neither works with --out.")
        _profiles(check=check)
        return
    from ..engine import Engine
    from ..export.edition import package_of_site
    from ..export.package import SameVersion, package_name, package_version, write_package

    try:
        engine = Engine(read_settings())
        name, version = package_name(engine), package_version(engine)
        out = out or Path(f"{name}-{version}.tgz")
        if any(folder.owner for folder in engine.folders) and not package_of_site(engine):
            click.echo(f"Warning: {_UNNAMED}", err=True)
        click.echo(f"{out}: {name} {version}, {write_package(engine, out)} files")
    except SameVersion as error:
        raise click.ClickException(f"{error} {_MEND}") from None
    except AuthoringError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written: {error}") from None


def _profiles(*, check: bool) -> None:
    from ..content import PROFILES
    from ..export.resources import stale, write

    names = list(stale(PROFILES) if check else write(PROFILES))
    for name in names:
        click.echo(
            f"{PROFILES.name}/{name} "
            f"{'is stale: run python -m cds_service export --profiles' if check else 'written'}"
        )
    if check and names:
        sys.exit(1)
