"""The command that prints the FHIR CodeSystem of card topics."""

from __future__ import annotations

import json

import click


@click.command()
def topics() -> None:
    """Print the FHIR CodeSystem of card topics, as it is in the package."""
    from ..config import Settings
    from ..engine import Engine
    from ..export.card_topics import card_topics

    click.echo(json.dumps(card_topics(Engine(Settings(cards=()))), indent=2, ensure_ascii=False))
