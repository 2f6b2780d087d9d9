"""The command that lists the settings of the service."""

from __future__ import annotations

import click

from ..config import Settings


@click.command()
@click.option("--markdown", is_flag=True, help="Print the page docs/settings.md.")
def settings(markdown: bool) -> None:
    """List every setting with its default."""
    click.echo(
        settings_page()
        if markdown
        else "\n".join(f"{name} (default {default}): {doc}" for name, default, doc in _rows())
    )


def _rows() -> list[tuple[str, str, str]]:
    rows = []
    for name, field in Settings.model_fields.items():
        default = (
            ",".join(sorted(field.default))
            if isinstance(field.default, (frozenset, tuple))
            else str(field.default)
        )
        default = "" if field.default is None else default
        rows.append((f"CDS_{name.upper()}", default, field.description or ""))
    return rows


def settings_page() -> str:
    """Return the page on settings, in Markdown."""
    head = (
        "# Settings\n\nEach setting is an environment variable; the options of `serve` take "
        "precedence. This page is the output of\n`python -m cds_service settings --markdown`. A "
        "misspelt name (`CDS_CLIENT`) stops the start; for another unknown name that\nbegins with "
        "`CDS_`, the service only prints a warning.\n\n"
        "| setting | default | what it does |\n| --- | --- | --- |\n"
    )
    return head + "\n".join(
        f"| `{name}` | {default and f'`{default}`'} | {doc} |" for name, default, doc in _rows()
    )
