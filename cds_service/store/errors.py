"""What can go wrong with the store, in words that hold nothing of what was to be written."""

from __future__ import annotations


class StoreUnavailable(Exception):
    """The database does not answer in time. What was to be stored may have been: sending it
    again does no harm."""


class FileGone(Exception):
    """The file of the database was taken away while it was open."""


class NewerDatabase(Exception):
    """The tables are of a newer version of the service: ``revision``, of which this one, which goes
    to ``known``, knows nothing."""

    def __init__(self, revision: str, known: str):
        self.revision = revision[:32]
        super().__init__(
            f"its tables are of version {self.revision}, newer than this service, which knows them "
            f"up to version {known}: install the version of the service that made them, or a "
            "newer one"
        )


def kind(error: Exception) -> str:
    """What went wrong with a database, by its class and the database's code: a message may hold
    what was to be written."""
    if isinstance(error, NewerDatabase):
        return str(error)
    if isinstance(error, FileGone):
        return "its file was removed"
    cause = getattr(error, "orig", None) or error
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    return f"{type(cause).__name__} {code}" if code else type(cause).__name__
