"""Commands that write documents from the cards."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click


@click.command()
@click.option("--out", "folder", type=click.Path(file_okay=False, exists=True, path_type=Path), default="docs", show_default=True)
@click.option("--check", is_flag=True, help="Write nothing; fail where a page is stale.")
def doc(folder: Path, check: bool) -> None:
    """Write the pages on cards, facts, parameters, evidence and conformance."""
    from ..authoring.pages import stale, write

    names = list(stale(folder) if check else write(folder))
    for name in names:
        click.echo(f"{folder / name} {'is stale: run python -m cds_service doc' if check else 'written'}")
    if check and names:
        sys.exit(1)


@click.command()
def topics() -> None:
    """Print the FHIR CodeSystem of card topics, for fhir_profiles/code-systems/card-topic.json."""
    from ..authoring.topics import card_topics

    click.echo(json.dumps(card_topics(), indent=2, ensure_ascii=False))
