"""Errors of the store. Their messages never contain the data that was to be written."""

from __future__ import annotations


class StoreUnavailable(Exception):
    """The database did not answer in time. It may still have stored the data; sending the data
    again does no harm."""


class FileGone(Exception):
    """The file of the database was removed or replaced while it was open."""


class NewerDatabase(Exception):
    """The tables have the ``revision`` of a newer version of the service. ``known``: the newest
    revision that this version knows."""

    def __init__(self, revision: str, known: str):
        self.revision = revision[:32]
        super().__init__(
            f"its tables have version {self.revision}, but this service knows only versions up to "
            f"{known}: install the version of the service that made them, or a newer one"
        )


def kind(error: Exception) -> str:
    """Describe an error of a database by its class and the database's error code only: its message
    may contain the data that was to be written."""
    if isinstance(error, NewerDatabase):
        return str(error)
    if isinstance(error, FileGone):
        return "its file was removed"
    cause = getattr(error, "orig", None) or error
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    return f"{type(cause).__name__} {code}" if code else type(cause).__name__
