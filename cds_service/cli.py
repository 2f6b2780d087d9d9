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
        problems = (": ".join([*(f"CDS_{str(part).upper()}" for part in item["loc"][:1]), item["msg"]]) for item in error.errors())
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
        # One call computes at a time (hooks/turn.py); the other threads wait for FHIR servers and for the disk.
        blocking_threads=32,
        factory=True,
        # What waits to be written has five seconds; a worker told to stop while it starts may not hear it at all.
        workers_kill_timeout=10,
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
    from .facts.session import OtherFhirVersion
    from .hooks.errors import BadRequest

    try:
        moment = datetime.fromisoformat(now) if now else datetime.now(UTC)
        explained = explain_request(Engine(_settings()), request_file.read_bytes(), moment.astimezone(), card)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    except OtherFhirVersion as error:
        raise click.ClickException(f"{request_file}: context.draftOrders: {error.version} resources; R4 and R4B are read") from None
    except (BadRequest, MissingData) as error:
        element = getattr(error, "element", "")
        what = f"missing prefetch keys: {error}" if isinstance(error, MissingData) else str(error)
        raise click.ClickException(f"{request_file}: {element + ': ' if element else ''}{what}") from None
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(explained, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        click.echo(explanation_text(explained))


@main.command()
@click.option("--weeks", type=click.IntRange(1, 520), default=12, show_default=True, help="Weeks back, the present one included.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def report(weeks: int, as_json: bool) -> None:
    """Report what became of the cards shown: accepted, overridden, unanswered, by card and version."""
    import orjson

    from .store.database import open_database
    from .store.errors import StoreUnavailable
    from .store.report_form import report_json, report_text
    from .store.store import report_of

    try:
        made = report_of(open_database(_settings().database_url), weeks, datetime.now(UTC))
    except StoreUnavailable as error:
        raise click.ClickException(f"CDS_DATABASE_URL: {error}") from None
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(report_json(made), option=orjson.OPT_INDENT_2) + b"\n")
    else:
        click.echo(report_text(made))


@main.command()
@click.argument("hook", type=click.Choice(HOOKS), default="order-select")
def example(hook: str) -> None:
    """Print an example request: folic acid drafted for a patient with B12 deficiency and anaemia, dated today."""
    import orjson

    from .authoring.example import example_request

    sys.stdout.buffer.write(orjson.dumps(example_request(hook, datetime.now(UTC)), option=orjson.OPT_INDENT_2) + b"\n")


@main.command(name="test")
@click.argument("card_ids", nargs=-1)
@click.option("--mutate", is_flag=True, help="Then change each criterion of each card: one of its tests must notice.")
def run_card_tests(card_ids: tuple[str, ...], mutate: bool) -> None:
    """Run the tests in the card files, in every parameter set."""
    try:
        passed = _run_tests(card_ids) and (not mutate or _run_mutants(card_ids))
    except AuthoringError as error:
        raise click.ClickException(str(error)) from None
    if not passed:
        sys.exit(1)


def _run_tests(card_ids: tuple[str, ...]) -> bool:
    from .authoring.card_tests import run_tests

    failures = 0
    ran = 0
    for result in run_tests(card_ids):
        ran += 1
        if result.problem:
            failures += 1
            click.echo(f"{result.place}: {result.card} [{result.parameter_set}] {result.name}: {result.problem}")
    click.echo(f"{ran - failures} passed, {failures} failed")
    return bool(ran) and not failures


def _run_mutants(card_ids: tuple[str, ...]) -> bool:
    from .authoring.mutation import report, run_mutants

    results = list(run_mutants(card_ids))
    for line in report(results):
        click.echo(line)
    return all(result.verdict != "survived" for result in results)


@main.command()
@click.option("--processes", type=click.IntRange(min=1), help="Processes; as many as processors by default.")
def safety(processes: int | None) -> None:
    """Prove the invariants of safety over every distinguishable state of the facts."""
    import time

    from .authoring.safety.report import prove_all, report

    began = time.monotonic()

    def progress(done: int, parts: int, visited: int) -> None:
        if sys.stderr.isatty() or done % 50 == 0 or done == parts:
            click.echo(f"{done} of {parts} parts, {visited:,} states, {time.monotonic() - began:.0f} s", err=True)

    tally = prove_all(processes or os.cpu_count() or 1, progress)
    for line in report(tally, time.monotonic() - began):
        click.echo(line)
    if tally.violations or tally.contradictions:
        sys.exit(1)


@main.command()
@click.option("--markdown", is_flag=True, help="As the page docs/settings.md.")
def settings(markdown: bool) -> None:
    """List every setting with its default."""
    click.echo(settings_page() if markdown else "\n".join(f"{name} (default {default}): {doc}" for name, default, doc in _rows()))


def _rows() -> list[tuple[str, str, str]]:
    rows = []
    for name, field in Settings.model_fields.items():
        default = ",".join(sorted(field.default)) if isinstance(field.default, (frozenset, tuple)) else str(field.default)
        rows.append((f"CDS_{name.upper()}", default, field.description or ""))
    return rows


def settings_page() -> str:
    """The page on settings, in Markdown."""
    head = (
        "# Settings\n\nEach setting is an environment variable; the options of `serve` come before it. This page is the output of\n"
        "`python -m cds_service settings --markdown`.\n\n| setting | default | what it does |\n| --- | --- | --- |\n"
    )
    return head + "\n".join(f"| `{name}` | {default and f'`{default}`'} | {doc} |" for name, default, doc in _rows())
