"""Commands that ask the service about one request: make an example, explain the answer."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from ..rules.card_file import HOOKS
from .reading_settings import read_settings


@click.command()
@click.argument("hook", type=click.Choice(HOOKS), default="order-select")
def example(hook: str) -> None:
    """Print an example request: folic acid drafted for a patient with B12 deficiency and anaemia, dated today."""
    import orjson

    from ..authoring.example import example_request

    sys.stdout.buffer.write(orjson.dumps(example_request(hook, datetime.now(UTC)), option=orjson.OPT_INDENT_2) + b"\n")


@click.command()
@click.argument("request_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--card", help="Only this card; a draft speaks as if it were active.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--now", help="The time of the call (ISO 8601); the present by default.")
def explain(request_file: Path, card: str | None, as_json: bool, now: str | None) -> None:
    """Explain each card for a hook request: fired or silent, by which criterion, from which facts."""
    import orjson

    from ..authoring.explanation import explain_request, explanation_text
    from ..engine import Engine, MissingData
    from ..facts.session import OtherFhirVersion
    from ..hooks.errors import BadRequest

    try:
        moment = datetime.fromisoformat(now) if now else datetime.now(UTC)
        engine = Engine(read_settings(), activate=[card] if card else [])
        explained = explain_request(engine, request_file.read_bytes(), moment.astimezone(), card)
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
