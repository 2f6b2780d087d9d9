"""The command for those who map a system to this service: it checks whether FHIR resources
conform."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..authoring.validation import Validator
    from ..authoring.validation.finding import Report
    from ..authoring.validation.profiles import Profile


@click.command()
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="RESOURCE.json...",
)
@click.option(
    "--profile",
    "name",
    help="Also check the resources against this profile of fhir_profiles: its id or URL.",
)
@click.option(
    "--by-code",
    is_flag=True,
    help="Check results and procedures that name no profile against the profile of their code.",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
def validate(files: tuple[Path, ...], name: str | None, by_code: bool, form: str) -> None:
    """Check FHIR R4 resources, or each entry of Bundles, against base R4 and the profiles
    that meta.profile names.

    The exit code is 1 if there is an error.
    """
    from ..authoring.validation import Validator
    from ..authoring.validation.profiles import UnknownProfile
    from ..authoring.validation.report import FORMATS

    validator = Validator()
    try:
        profile = validator.profiles.named(name) if name else None
    except UnknownProfile as error:
        raise click.BadParameter(str(error), param_hint="--profile") from None
    reports = {str(file): _report(file, validator, profile, by_code) for file in files}
    click.echo(FORMATS[form](reports))
    if any(report.failed for report in reports.values()):
        sys.exit(1)


def _report(file: Path, validator: Validator, profile: Profile | None, by_code: bool) -> Report:
    from ..authoring.validation.finding import Finding, Report
    from ..fhir.definitions import each_once
    from ..fhir.reading import parse_json

    try:
        text = file.read_bytes()
        resource = parse_json(text)
        json.loads(text, object_pairs_hook=each_once)
    except RecursionError:
        return Report(
            (), (Finding("error", "$", "json", "The file is not usable JSON: nested too deeply."),)
        )
    except ValueError as error:
        return Report((), (Finding("error", "$", "json", f"The file is not JSON: {error}."),))
    return validator.validate(resource, profile, by_code=by_code)
