"""The options of commands that read a patient from a FHIR server, and the request made from
them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ..rules.hook_table import HOOKS
from .reading_settings import read_settings

if TYPE_CHECKING:
    from ..fhir_server.client import FhirClient

Command = Callable[..., Any]
_SECONDS = 30.0


class Asked(NamedTuple):
    """A request body, its name in messages, and the client for the FHIR server that it names."""

    body: bytes
    named: str
    fhir: FhirClient | None


def server_options(command: Command) -> Command:
    """Add the options for a patient on a FHIR server, the hook, and the draft orders."""
    for option in (
        click.option(
            "--order",
            "orders",
            multiple=True,
            metavar="NAME",
            help="A draft order, such as 'folic acid 1 mg'; may be repeated.",
        ),
        click.option(
            "--hook",
            type=click.Choice(HOOKS),
            help="The hook (default: order-select with --order, otherwise patient-view).",
        ),
        click.option(
            "--token-file",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="A file with an access token.",
        ),
        click.option("--patient", metavar="ID", help="The id of the patient on that server."),
        click.option(
            "--fhir-server",
            "server",
            metavar="URL",
            help="Read the patient from this FHIR R4 server instead of a file.",
        ),
    ):
        command = option(command)
    return command


def asked(
    request_file: Path | None,
    server: str | None,
    patient: str | None,
    token_file: Path | None,
    hook: str | None,
    orders: tuple[str, ...],
) -> Asked | None:
    """Return the body of ``request_file``, or the request for ``patient`` on ``server``; ``None``
    if neither is given.

    Raises :class:`click.UsageError` for options that do not go together, and
    :class:`click.ClickException` for an unusable server.
    """
    if server is None:
        if patient or token_file or hook or orders:
            raise click.UsageError(
                "--patient, --token-file, --hook and --order need --fhir-server; a request file "
                "already contains all of this."
            )
        return Asked(request_file.read_bytes(), str(request_file), None) if request_file else None
    if request_file is not None:
        raise click.UsageError("Name a request file or a FHIR server, not both.")
    if patient is None:
        raise click.UsageError("--fhir-server needs --patient ID.")
    return _of_server(
        server, patient, token_file, hook or ("order-select" if orders else "patient-view"), orders
    )


def _of_server(
    server: str, patient: str, token_file: Path | None, hook: str, orders: tuple[str, ...]
) -> Asked:
    import orjson

    from ..fhir_server.client import FhirClient
    from ..fhir_server.servers import OPEN, read_servers
    from ..workbench.made_request import request_of_server

    if orders and not HOOKS[hook].has_drafts:
        ordering = [name for name, of_hook in HOOKS.items() if of_hook.has_drafts]
        raise click.UsageError(
            f"{hook} has no draft orders: use --order with {' or '.join(ordering)}."
        )
    settings = read_settings()
    try:
        # The named server counts as listed, and as open; networks and certificate authorities come
        # from the settings.
        listed = read_servers([OPEN + server], settings.fhir_networks, development=True)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    token = token_file.read_text("utf-8").strip() if token_file else ""
    body = orjson.dumps(request_of_server(hook, server, token, patient, orders))
    client = FhirClient(listed, _SECONDS, settings.max_body_bytes, settings.fhir_ca_bundle)
    return Asked(body, f"{server} Patient/{patient}", client)
