"""The command that begins a card."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from ..authored_yaml.source import AuthoringError
from ..rules.hook_table import HOOKS
from .reading_settings import read_settings

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("card_id", metavar="CARD-ID")
@click.option(
    "--in", "folder", type=_FOLDER, help="The folder of cards (default: the last of CDS_CARDS)."
)
@click.option("--topic", default="own", show_default=True, help="The subfolder for the card.")
@click.option(
    "--hook",
    "hooks",
    type=click.Choice(HOOKS),
    multiple=True,
    help="A hook that the card fires on; may be repeated.",
)
@click.option(
    "--owner", default="", help="The owner of the cards, if the folder's site.yaml names none yet."
)
def new(card_id: str, folder: Path | None, topic: str, hooks: tuple[str, ...], owner: str) -> None:
    """Begin a card: a draft with its tests, which nobody sees until it is activated."""
    from ..authoring.new import CannotBegin, Plan, begin

    settings = read_settings()
    where = folder or (settings.cards[-1] if settings.cards else None)
    if where is None:
        raise click.UsageError("Name the folder with --in DIR, or set CDS_CARDS.")
    chosen = tuple(dict.fromkeys(hooks)) or ("patient-view", "encounter-discharge")
    try:
        written = begin(Plan(card_id, where, topic, chosen, owner), settings, date.today())
    except CannotBegin as why:
        raise click.ClickException(str(why)) from None
    except (AuthoringError, OSError) as error:
        raise click.ClickException(f"No card was written: {error}") from None
    for path in written:
        click.echo(f"{path} written")
    click.echo(_next_steps(card_id, where, written[-1], (where / "site.yaml").exists()))


def _next_steps(card_id: str, folder: Path, card: Path, local: bool) -> str:
    run = "python -m cds_service"
    chosen = f"CDS_CARDS={folder} " if local else ""
    return f"""
{card_id} is a draft: nobody sees it yet. What comes next:
  1. Replace every TODO in {card.name} and in evidence.yaml
  2. {run} check{f" --local {folder}" if local else ""}
  3. {chosen}{run} test --mutate {card_id}
  4. {chosen}{run} explain REQUEST.json --card {card_id}
  5. Activate it: status: active in {card}
docs/authoring.md shows all steps with an example."""
