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
    """The settings of the environment, with those of ``changes`` that are not None.

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


# So alike is a slip, such as CDS_CLIENT; names that others use, such as those that Kubernetes makes
# of a service, are less so.
_SLIP = 0.85


def unknown_settings() -> Iterator[str]:
    """Variables of the environment that look like settings and are none. With ``CDS_CLIENT``
    nobody would need a token.

    Raises:
        click.ClickException: where a variable is a setting but for a slip.
    """
    known = [f"CDS_{name.upper()}" for name in Settings.model_fields]
    for name in sorted(os.environ):
        if name.upper().startswith("CDS_") and name.upper() not in known:
            for close in get_close_matches(name.upper(), known, 1, _SLIP):
                raise click.ClickException(f"{name} is no setting. Did you mean {close}?")
            yield name
