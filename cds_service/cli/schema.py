"""The command that prints the JSON Schema of card files."""

from __future__ import annotations

import json

import click

from .reading_settings import read_settings


@click.command()
def schema() -> None:
    """Print the JSON Schema of card files, with the names that they may use."""
    from ..authoring.check.schema import card_schema
    from ..engine import Engine

    click.echo(json.dumps(card_schema(Engine(read_settings()).vocabulary), indent=1))
