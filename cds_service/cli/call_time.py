"""The option for the time at which a call is made."""

from __future__ import annotations

from datetime import UTC, datetime

import click


class _Time(click.ParamType[datetime]):
    """A time in ISO 8601; without an offset, in the time zone of the machine."""

    name = "time"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """The time as an aware ``datetime``. Raises ``click.BadParameter`` if it cannot be read."""
        try:
            return datetime.fromisoformat(value).astimezone()
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is not a time in ISO 8601, such as 2026-03-01T09:00+01:00.", param, ctx
            )


now_option = click.option(
    "--now",
    "moment",
    type=_Time(),
    default=lambda: datetime.now(UTC).isoformat(),
    help="The time of the call in ISO 8601 (default: now).",
)
