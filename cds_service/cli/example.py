"""The command that prints an example of a request."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from ..rules.hook_table import HOOKS


@click.command()
@click.argument("hook", type=click.Choice(HOOKS), default="order-select")
@click.option(
    "--apply", "for_apply", is_flag=True, help="Print the FHIR Parameters of PlanDefinition/$apply."
)
def example(hook: str, for_apply: bool) -> None:
    """Print an example request: folic acid drafted for a patient with B12 deficiency and
    anaemia, dated today."""
    import orjson

    from ..authoring.example import as_parameters, example_request

    request = example_request(hook, datetime.now(UTC))
    sys.stdout.buffer.write(
        orjson.dumps(as_parameters(request) if for_apply else request, option=orjson.OPT_INDENT_2)
        + b"\n"
    )
