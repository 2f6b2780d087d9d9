"""The command for those who connect an EHR: it tries every query on the EHR's FHIR server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..fhir.ehr_profile import BUILT_IN, EhrProfile
from .reading_settings import read_settings

if TYPE_CHECKING:
    from ..config import Settings
    from ..fhir.terminology import Terminology
    from ..fhir_server.servers import Server


@click.command("check-ehr")
@click.option(
    "--fhir-server",
    "url",
    required=True,
    metavar="URL",
    help="The base URL that the EHR will send as fhirServer.",
)
@click.option(
    "--patient",
    required=True,
    metavar="ID",
    help="The id of a test patient, preferably one with many results.",
)
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with an access token.",
)
@click.option(
    "--profile",
    metavar="NAME",
    help=f"The EHR profile to use: {', '.join(BUILT_IN)}, or a YAML file (default: CDS_EHR).",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 300),
    default=30.0,
    show_default=True,
    help="How long to wait for each answer.",
)
def check_ehr_command(
    url: str, patient: str, token_file: Path | None, profile: str | None, seconds: float
) -> None:
    """Send every query of this service to an EHR's FHIR server, and report how it answers each: an
    integrator's first command.

    No patient data is shown. The exit code is 1 if the service could not work with this EHR.
    """
    from ..ehr.check import check_ehr
    from ..ehr.check_text import check_text
    from ..facts.queries import Queries
    from ..fhir.references import is_id
    from ..fhir_server.authorization import FhirAuthorization
    from ..fhir_server.client import FhirClient

    settings = read_settings()
    if not is_id(patient):
        raise click.BadParameter(
            "an id consists of letters, digits, '-', '.' and '_'; leave out 'Patient/'.",
            param_hint="--patient",
        )
    token = token_file.read_text("utf-8").strip() if token_file else ""
    servers, asked_as, terminology = _configured(settings, url, profile)
    client = FhirClient(servers, seconds, 10 * settings.max_body_bytes, settings.fhir_ca_bundle)
    ask = client.probing(url, FhirAuthorization(token, "Bearer") if token else None, seconds)
    if ask is None:
        raise click.BadParameter(
            "this is not the base URL of a FHIR server.", param_hint="--fhir-server"
        )
    checked = check_ehr(Queries(asked_as, terminology), patient, ask)
    click.echo(check_text(checked))
    if not checked.usable:
        sys.exit(1)


def _configured(
    settings: Settings, url: str, profile: str | None
) -> tuple[tuple[Server, ...], EhrProfile, Terminology]:
    """The servers, the profile to ask as, and the terminology. The named server counts as listed;
    networks and certificate authorities come from the settings."""
    from ..authored_yaml.source import AuthoringError
    from ..ehr.profile_file import ehr_profile
    from ..engine import definitions
    from ..fhir_server.servers import read_servers

    try:
        servers = read_servers([url], settings.fhir_networks, development=True)
        asked_as = ehr_profile(profile if profile is not None else settings.ehr)
        terminology, _ = definitions(settings.parameters)
    except (ValueError, AuthoringError) as error:
        raise click.ClickException(str(error)) from None
    return servers, asked_as, terminology
