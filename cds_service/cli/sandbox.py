"""The command for trying the service: it starts the service and a FHIR server with made-up
patients, and prints links to the CDS Hooks Sandbox."""

from __future__ import annotations

from datetime import UTC, datetime
from tempfile import TemporaryDirectory

import click

from .reading_settings import read_settings
from .serve import check_address, prepare, run, tell_slips

# No other address is offered, because these ports do not authenticate: whoever reaches them can
# read and call.
_HOST = "127.0.0.1"


@click.command()
@click.option("--port", type=int, help="Port of the service (CDS_PORT).")
@click.option(
    "--fhir-port",
    type=click.IntRange(1, 65535),
    help="Port of the demo FHIR server (default: the one after the service's).",
)
@click.option(
    "--origin",
    "more",
    multiple=True,
    metavar="ORIGIN",
    help="The origin of another browser-based client that may call; may be repeated.",
)
def sandbox(port: int | None, fhir_port: int | None, more: tuple[str, ...]) -> None:
    """Start the service with made-up patients, and print links that open them in the public
    CDS Hooks Sandbox."""
    from ..sandbox.fhir_server import create_demo_app, serve_demo
    from ..sandbox.links import CRD_REQUEST_GENERATOR, SANDBOX, Addresses, sandbox_text

    tell_slips()
    asked = read_settings(host=_HOST, port=port, cors_origins=",".join(more) or None)
    demo_port = fhir_port or asked.port + 1
    addresses = Addresses(f"http://{_HOST}:{asked.port}", f"http://{_HOST}:{demo_port}")
    origins = {SANDBOX, CRD_REQUEST_GENERATOR, *asked.cors_origins}
    servers = ",".join(
        f"open+{addresses.fhir.replace(_HOST, name)}" for name in (_HOST, "localhost")
    )
    with TemporaryDirectory(prefix="cds-sandbox-") as folder:
        # Trial calls stay out of reports, unless a database is named.
        database = (
            asked.database_url
            if "database_url" in asked.model_fields_set
            else f"sqlite:///{folder}/cds.sqlite3"
        )
        decided = {
            "base_url": addresses.service,
            "database_url": database,
            "fhir_servers": servers,
            "cors_origins": ",".join(origins),
        }
        settings = read_settings(host=_HOST, port=port, **decided)
        engine = prepare(settings)
        check_address(_HOST, demo_port, "--fhir-port")
        serve_demo(create_demo_app(engine, origins, lambda: datetime.now(UTC)), _HOST, demo_port)
        environment = {f"CDS_{name.upper()}": value for name, value in decided.items()}
        run(engine, sandbox_text(engine, addresses, datetime.now(UTC)), **environment)
