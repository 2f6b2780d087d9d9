"""The command that starts the service, and the checks before the start."""

from __future__ import annotations

import os
import socket
import sys
import time
from threading import Thread
from typing import TYPE_CHECKING

import click

from ..authored_yaml.source import AuthoringError
from ..collector import freeze_loaded
from ..config import Settings
from .reading_settings import read_settings, unknown_settings

if TYPE_CHECKING:
    from ..engine import Engine

TRY_IT = """\
CDS Hooks service for vitamin B12 and folate: {base}{pages}
  List the services:   curl {base}/cds-services
  Fire a hook:         {python} -m cds_service example > example.json
                       curl -H 'Content-Type: application/json' --data @example.json \\{token}
                            {base}/cds-services/{service}
  Explain the cards:   {python} -m cds_service explain example.json
  Parameter set {parameters}; stop with Ctrl-C; load changed cards with kill -HUP {pid}."""
CONNECTIONS = 1024  # concurrent ones in each worker
PAGES = """
  Open in a browser:   {base}/"""
WITH_TOKEN = """
                            -H "Authorization: Bearer $TOKEN" \\"""


@click.command()
@click.option("--host", help="Address to listen on (CDS_HOST).")
@click.option("--port", type=int, help="Port to listen on (CDS_PORT).")
@click.option(
    "--workers",
    type=int,
    help="How many worker processes (CDS_WORKERS; default: one for each usable core).",
)
def serve(host: str | None, port: int | None, workers: int | None) -> None:
    """Start the service under a production server."""
    tell_slips()
    settings = read_settings(host=host, port=port, workers=workers)
    python = (
        os.path.relpath(sys.executable)
        if sys.executable.startswith(os.getcwd())
        else sys.executable
    )
    settings = settings.model_copy(update={"workers": settings.worker_count})
    run(prepare(settings), _try_it(settings, python), CDS_WORKERS=str(settings.workers))


def tell_slips() -> None:
    """Warn of variables of the environment that look like settings but are not. Raises
    ``ClickException`` for a slip in a name."""
    for name in unknown_settings():
        click.echo(
            f"Warning: {name} is not a setting; see python -m cds_service settings", err=True
        )


def prepare(settings: Settings) -> Engine:
    """Check the preconditions of a start before any worker exists, and load the content to serve.
    Raises ``ClickException`` if the service cannot start."""
    from ..reload import check_and_forward, on_hangup

    on_hangup(lambda: check_and_forward(settings, lambda line: click.echo(line, err=True)))
    _check_trust(settings)
    engine = _checked_content(settings)
    check_address(settings.host, settings.port, "CDS_HOST, CDS_PORT")
    _check_database(settings)
    return engine


def run(engine: Engine, text: str, **environment: str) -> None:
    """Serve ``engine`` until stopped, and print ``text`` once the service answers.

    Workers build their own application from the content that they inherit. Settings decided on the
    command line reach them through ``environment``, together with host and port.
    """
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    from ..store.occasions import share_key_with_workers

    settings = engine.settings
    _load_for_workers(engine)
    share_key_with_workers()
    os.environ.update(environment, CDS_HOST=settings.host, CDS_PORT=str(settings.port))
    Thread(target=_tell_once_it_answers, args=(settings, text), daemon=True).start()
    Granian(
        "cds_service.app:create_worker_app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.RSGI,
        # One HTTP/2 connection can hold two hundred calls with headers of 16 MB each, whatever the
        # limit on connections.
        http=HTTPModes.http1,
        websockets=False,
        workers=settings.worker_count,
        backpressure=CONNECTIONS,
        # The bytes that a connection may hold of heads, and of a body waiting to be read.
        http1_settings=HTTP1Settings(max_buffer_size=65_536),
        # A worker that dies within six seconds of its start ends the service, since no restart
        # would mend the cause.
        respawn_failed_workers=True,
        factory=True,
        # Pending writes get five seconds.
        workers_kill_timeout=10,
        log_level=LogLevels.warning,
    ).serve()


def _load_for_workers(engine: Engine) -> None:
    """Load all that workers inherit of this process when they are forked."""
    from ..app import load_libraries
    from ..inherited import load_for_workers

    load_libraries(engine.settings)
    load_for_workers(engine).fhir.prepare()
    freeze_loaded()


def _tell_once_it_answers(settings: Settings, text: str) -> None:
    """Print ``text`` when the first call is answered, whatever the answer, so that nobody who reads
    it and calls is refused."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    while not _answers(host, settings.port):
        time.sleep(0.1)
    click.echo(text)


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=5) as connection:
            connection.sendall(
                (
                    f"GET /cds-services HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: "
                    "close\r\n\r\n"
                ).encode()
            )
            return bool(connection.recv(1))
    except OSError:
        return False


def _try_it(settings: Settings, python: str) -> str:
    from ..hooks.services import service_id

    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    base = f"http://{host}:{settings.port}"
    return TRY_IT.format(
        base=base,
        pages=PAGES.format(base=base) if settings.has_workbench else "",
        python=python,
        service=service_id("order-select", settings),
        token=WITH_TOKEN if settings.clients else "",
        parameters=settings.parameters,
        pid=os.getpid(),
    )


def _checked_content(settings: Settings) -> Engine:
    """Load everything once before a worker starts, so that a mistake in a card is reported plainly.
    A site's own cards must also pass their tests, as at a reload."""
    from ..engine import Engine
    from ..reload import problems
    from ..rules.card_set import overrides

    try:
        engine = Engine(settings)
        for override in overrides(engine.folders, engine.vocabulary, settings.parameters):
            click.echo(override)
    except AuthoringError as error:
        raise click.ClickException(str(error)) from None
    if settings.cards and (found := list(problems(settings))):
        raise click.ClickException("\n".join(found))
    return engine


def check_address(host: str, port: int, named: str) -> None:
    """Check that nobody listens at the address. Two servers would share the port unnoticed, each
    answering some of the calls.

    ``named``: the setting or option that decides the address. Raises ``ClickException``.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind, protocol) as listener:
            # Connections of a server that just ended may linger.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        raise click.ClickException(
            f"{named}: cannot listen on {host}:{port}: {error.strerror}"
        ) from None


def _check_database(settings: Settings) -> None:
    """Warn if the database does not answer. This is no error, since it may come up later."""
    from ..store.database import connection_problem

    if problem := connection_problem(settings.database_url):
        click.echo(f"Warning: CDS_DATABASE_URL: {problem}", err=True)


def _check_trust(settings: Settings) -> None:
    """Check that callers are identified as the settings require, and that their keys and the store
    of used tokens are available."""
    from ..trust.jwks import KeyProblem
    from ..trust.replay import StoreFailure, open_store
    from ..trust.start import UnsafeSettings, token_verifier

    try:
        verifier = token_verifier(settings)
        warnings = verifier.check() if verifier else []
        if settings.smart_client_id:
            open_store(settings.replay_store).check()
    except (UnsafeSettings, AuthoringError) as error:
        raise click.ClickException(str(error)) from None
    except KeyProblem as problem:
        raise click.ClickException(f"CDS_CLIENTS: {problem}") from None
    except StoreFailure as failure:
        raise click.ClickException(f"CDS_REPLAY_STORE: {failure}") from None
    for warning in warnings:
        click.echo(f"Warning: CDS_CLIENTS: {warning}", err=True)
    if verifier:
        click.echo(
            f"Every call needs a token of a client listed in {settings.clients} (docs/trust.md)."
        )
