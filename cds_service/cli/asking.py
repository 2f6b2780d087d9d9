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
@click.option("--apply", "for_apply", is_flag=True, help="As the FHIR Parameters of PlanDefinition/$apply.")
def example(hook: str, for_apply: bool) -> None:
    """Print an example request: folic acid drafted for a patient with B12 deficiency and anaemia, dated today."""
    import orjson

    from ..authoring.example import as_parameters, example_request

    request = example_request(hook, datetime.now(UTC))
    sys.stdout.buffer.write(orjson.dumps(as_parameters(request) if for_apply else request, option=orjson.OPT_INDENT_2) + b"\n")


@click.command()
@click.argument("request_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--card", help="Only this card.")
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
        explained = explain_request(Engine(read_settings()), request_file.read_bytes(), moment.astimezone(), card)
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
