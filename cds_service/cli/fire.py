"""The command that fires a hook and shows the cards, without a server of this service."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .call_time import now_option
from .reading_settings import read_settings
from .server_options import asked, server_options

if TYPE_CHECKING:
    from ..rendering.answer import Card


@click.command()
@click.argument(
    "request_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False
)
@server_options
@click.option("--json", "as_json", is_flag=True, help="Print the response as JSON.")
@now_option
def fire(request_file: Path | None, as_json: bool, moment: datetime, **server: Any) -> None:
    """Fire a hook, with a request file or for a patient on a FHIR server, and show the cards."""
    from ..engine import Engine
    from ..workbench.evaluation import Refused, answer

    given = asked(request_file, **server)
    if given is None:
        raise click.UsageError("Name a request file, or --fhir-server URL and --patient ID.")
    try:
        answered = answer(Engine(read_settings()), given.body, moment, {}, given.fhir)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    except Refused as error:
        element = f"{error.element}: " if error.element else ""
        raise click.ClickException(
            f"{given.named}: {element}{error} (a hook call would get status {error.status})"
        ) from None
    if as_json:
        sys.stdout.buffer.write(answered.response.encode() + b"\n")
        return
    shown = [card.shown for card in answered.cards]
    click.echo(
        "\n\n".join(map(_card_text, shown))
        if shown
        else "No cards. `explain` shows how each card was decided, and what was not known."
    )


def _card_text(card: Card) -> str:
    return "\n".join(_card_lines(card))


def _card_lines(card: Card) -> Iterator[str]:
    yield f"{card.indicator.upper()}: {card.summary}"
    yield f"\n{card.detail}"
    for suggestion in card.suggestions:
        recommended = " (recommended)" if suggestion.isRecommended else ""
        yield f"\n[ {suggestion.label} ]{recommended}"
        yield from (f"    {action.description}" for action in suggestion.actions)
    yield f"\nSource: {card.source.label}"
