"""The command line: ``python -m cds_service COMMAND``."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from .config import Settings
from .rules.card_file import HOOKS
from .rules.yaml_source import AuthoringError

TRY_IT = """\
CDS Hooks service for vitamin B12 and folate: {base}
  What it offers:      curl {base}/cds-services
  Fire a hook:         {python} -m cds_service example > example.json
                       curl -H 'Content-Type: application/json' --data @example.json \\
                            {base}/cds-services/b12-folate-order-select
  Why those cards:     {python} -m cds_service explain example.json
  Parameter set {parameters}; stop with Ctrl-C."""


@click.group()
def main() -> None:
    """A CDS Hooks service for vitamin B12 and folate."""


def _settings(**changes: Any) -> Settings:
    try:
        return Settings(**{name: value for name, value in changes.items() if value is not None})
    except ValidationError as error:
        problems = (f"CDS_{str(item['loc'][0]).upper()}: {item['msg']}" for item in error.errors())
        raise click.ClickException("\n".join(problems)) from None


@main.command()
@click.option("--host", help="Address to listen on (CDS_HOST).")
@click.option("--port", type=int, help="Port to listen on (CDS_PORT).")
@click.option("--workers", type=int, help="Worker processes (CDS_WORKERS).")
def serve(host: str | None, port: int | None, workers: int | None) -> None:
    """Start the service under a production WSGI server."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    settings = _settings(host=host, port=port, workers=workers)
    _check_trust(settings)
    _check_content(settings)
    # Workers build their own application; what the command line decided reaches them by the environment.
    os.environ.update(CDS_HOST=settings.host, CDS_PORT=str(settings.port), CDS_WORKERS=str(settings.workers))
    python = os.path.relpath(sys.executable) if sys.executable.startswith(os.getcwd()) else sys.executable
    click.echo(TRY_IT.format(python=python, base=f"http://{settings.host}:{settings.port}", parameters=settings.parameters))
    Granian(
        "cds_service.app:create_worker_app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        # The work is computation: more Python threads than one only contend (measured: a third fewer requests).
        blocking_threads=1,
        factory=True,
        log_level=LogLevels.warning,
    ).serve()


def _check_content(settings: Settings) -> None:
    """Load everything once before a worker starts, so that a mistake in a card is told plainly."""
    from .engine import Engine

    try:
        Engine(settings)
    except AuthoringError as error:
        raise click.ClickException(str(error)) from None


def _check_trust(settings: Settings) -> None:
    """That callers are known as far as the settings ask, and that their keys and the store of used tokens can be had."""
    from .trust.jwks import KeyProblem
    from .trust.replay import StoreFailure
    from .trust.start import UnsafeSettings, token_verifier

    try:
        verifier = token_verifier(settings)
        warnings = verifier.check() if verifier else []
    except (UnsafeSettings, AuthoringError) as error:
        raise click.ClickException(str(error)) from None
    except KeyProblem as problem:
        raise click.ClickException(f"CDS_CLIENTS: {problem}") from None
    except StoreFailure as failure:
        raise click.ClickException(f"CDS_REPLAY_STORE: {failure}") from None
    for warning in warnings:
        click.echo(f"Warning: CDS_CLIENTS: {warning}", err=True)
    if verifier:
        click.echo(f"Every call needs a token of a client in {settings.clients} (docs/trust.md).")


@main.command()
@click.argument("request_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--card", help="Only this card.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--now", help="The time of the call (ISO 8601); the present by default.")
def explain(request_file: Path, card: str | None, as_json: bool, now: str | None) -> None:
    """Explain each card for a hook request: fired or silent, by which criterion, from which facts."""
    import orjson

    from .authoring.explanation import explain_request, explanation_text
    from .engine import Engine, MissingData
    from .hooks.errors import BadRequest

    try:
        moment = datetime.fromisoformat(now) if now else datetime.now(UTC)
        explained = explain_request(Engine(_settings()), request_file.read_bytes(), moment.astimezone(), card)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    except (BadRequest, MissingData) as error:
        element = getattr(error, "element", "")
        what = f"missing prefetch keys: {error}" if isinstance(error, MissingData) else str(error)
        raise click.ClickException(f"{request_file}: {element + ': ' if element else ''}{what}") from None
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(explained, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        click.echo(explanation_text(explained))


@main.command()
@click.argument("hook", type=click.Choice(HOOKS), default="order-select")
def example(hook: str) -> None:
    """Print an example request: folic acid drafted for a patient with B12 deficiency and anaemia, dated today."""
    import orjson

    from .authoring.example import example_request

    sys.stdout.buffer.write(orjson.dumps(example_request(hook, datetime.now(UTC)), option=orjson.OPT_INDENT_2) + b"\n")


@main.command(name="test")
@click.argument("card_ids", nargs=-1)
def run_card_tests(card_ids: tuple[str, ...]) -> None:
    """Run the tests in the card files, in every parameter set."""
    from .authoring.card_tests import run_tests

    failures = 0
    ran = 0
    for result in run_tests(card_ids):
        ran += 1
        if result.problem:
            failures += 1
            click.echo(f"{result.place}: {result.card} [{result.parameter_set}] {result.name}: {result.problem}")
    click.echo(f"{ran - failures} passed, {failures} failed")
    if failures or not ran:
        sys.exit(1)


@main.command()
@click.option("--markdown", is_flag=True, help="As the page docs/settings.md.")
def settings(markdown: bool) -> None:
    """List every setting with its default."""
    click.echo(settings_page() if markdown else "\n".join(f"{name} (default {default}): {doc}" for name, default, doc in _rows()))


def _rows() -> list[tuple[str, str, str]]:
    rows = []
    for name, field in Settings.model_fields.items():
        default = ",".join(sorted(field.default)) if isinstance(field.default, frozenset) else str(field.default)
        rows.append((f"CDS_{name.upper()}", default, field.description or ""))
    return rows


def settings_page() -> str:
    """The page on settings, in Markdown."""
    head = (
        "# Settings\n\nEach setting is an environment variable; the options of `serve` come before it. This page is the output of\n"
        "`python -m cds_service settings --markdown`.\n\n| setting | default | what it does |\n| --- | --- | --- |\n"
    )
    return head + "\n".join(f"| `{name}` | {default and f'`{default}`'} | {doc} |" for name, default, doc in _rows())
