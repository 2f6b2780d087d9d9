"""Settings as a command reads them: the environment, then its own options."""

from __future__ import annotations

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
        problems = (": ".join([*(f"CDS_{str(part).upper()}" for part in item["loc"][:1]), item["msg"]]) for item in error.errors())
        raise click.ClickException("\n".join(problems)) from None
