"""What can go wrong with the store, in words that hold nothing of what was to be written."""

from __future__ import annotations


class StoreUnavailable(Exception):
    """The database does not answer in time. What was to be stored may have been: sending it again does no harm."""


def kind(error: Exception) -> str:
    """What went wrong with a database, by its class and the database's code: a message may hold what was to be written."""
    cause = getattr(error, "orig", None) or error
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    return f"{type(cause).__name__} {code}" if code else type(cause).__name__
