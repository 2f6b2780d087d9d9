"""Settings as a command reads them: the environment, then its own options."""

from __future__ import annotations

import os
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

import click
from pydantic import ValidationError

from ..config import Settings


def read_settings(**changes: Any) -> Settings:
    """Return the settings of the environment, overridden by those of ``changes`` that are not
    ``None``.

    Raises:
        click.ClickException: naming each setting that cannot be used.
    """
    try:
        return Settings(**{name: value for name, value in changes.items() if value is not None})
    except ValidationError as error:
        problems = (
            ": ".join(
                [
                    *(f"CDS_{str(part).upper()}" for part in item["loc"][:1]),
                    item["msg"].removeprefix("Value error, "),
                ]
            )
            for item in error.errors()
        )
        raise click.ClickException("\n".join(problems)) from None


# Above this similarity a name is a slip, such as CDS_CLIENT. Names from elsewhere, such as those
# that Kubernetes derives from a service, are less similar.
_SLIP = 0.85


def unknown_settings() -> Iterator[str]:
    """Yield variables of the environment that look like settings but are not. A slip is refused,
    since with ``CDS_CLIENT`` in place of ``CDS_CLIENTS`` nobody would need a token.

    Raises:
        click.ClickException: a variable is a slip for a setting.
    """
    known = [f"CDS_{name.upper()}" for name in Settings.model_fields]
    for name in sorted(os.environ):
        if name.upper().startswith("CDS_") and name.upper() not in known:
            for close in get_close_matches(name.upper(), known, 1, _SLIP):
                raise click.ClickException(f"{name} is not a setting. Did you mean {close}?")
            yield name
