"""Opening the database: SQLite in WAL mode or PostgreSQL, every wait bounded, its tables
brought up to date."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError

from .errors import FileGone, NewerDatabase

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 5
_POSTGRESQL = {
    "connect_timeout": 3,
    # A server that went away without a word is noticed after about ten seconds.
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "options": "-c statement_timeout=10s -c lock_timeout=5s",
}
# any number of ours: workers that start together migrate one after the other
_MIGRATION_LOCK = 4201136


def url_mistake(url: str) -> str:
    """What is wrong with a database URL, ``""`` if nothing; never the URL itself, which
    may hold a password."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return "not a database URL; write it as sqlite:///path or postgresql://user@host/database"
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return (
            ""
            if parsed.drivername in ("sqlite", "sqlite+pysqlite") and _is_file(parsed)
            else "SQLite needs a file: sqlite:///path"
        )
    if backend != "postgresql" or parsed.drivername not in ("postgresql", "postgresql+psycopg"):
        return "neither sqlite:///path nor postgresql://user@host/database"
    return "" if find_spec("psycopg") else "PostgreSQL needs the extra 'postgresql' to be installed"


def _is_file(url: URL) -> bool:
    return bool(url.database) and url.database != ":memory:" and "mode=memory" not in str(url.query)


def open_database(url: str) -> Engine:
    """An engine for a database URL; it connects when first used, and no statement's parameters
    get into an error."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        arguments = {name: value for name, value in _POSTGRESQL.items() if name not in parsed.query}
        parsed = parsed.set(drivername="postgresql+psycopg")
        return create_engine(
            parsed, connect_args=arguments, pool_pre_ping=True, pool_size=2, hide_parameters=True
        )
    engine = create_engine(parsed, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True)
    if parsed.database and not parsed.database.startswith("file:"):
        event.listen(engine, "do_connect", partial(_create_for_owner, parsed.database))
    event.listen(engine, "connect", _sqlite_connected)
    event.listen(engine, "begin", _sqlite_begin)
    return engine


def connection_problem(url: str) -> str:
    """Why the database cannot be used now, in its own words; ``""`` where it can. Nothing was sent
    to it yet, so that nothing of a patient is in them."""
    engine = open_database(url)
    try:
        with engine.connect() as connection:
            _refuse_newer(connection)
    except NewerDatabase as error:
        return str(error)
    except DBAPIError as error:
        return str(error.orig).partition("\n")[0]
    finally:
        engine.dispose()
    return ""


def exists(engine: Engine) -> bool:
    """Whether there is a database to read: SQLite would make an empty file of any name."""
    return engine.dialect.name != "sqlite" or Path(engine.url.database or "").is_file()


def _create_for_owner(path: str, *_: Any) -> None:
    """Make the file before SQLite does, which would let others read it; its companions
    take its permissions.

    One that is there is not opened: closing it would give up the locks that other connections of
    the process have on it.
    """
    with suppress(OSError):  # SQLite says what is wrong
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _sqlite_connected(connection: Any, _: Any) -> None:
    # The driver would begin transactions by itself, too late and without the lock.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    # In WAL mode anything less may lose the last commits when power fails: feedback is
    # acknowledged, so it is synced.
    connection.execute("PRAGMA synchronous=FULL")


def _sqlite_begin(connection: Connection) -> None:
    # A writer takes its lock at once: one that asks for it after reading is refused instead
    # of waiting its turn.
    reads = connection.get_execution_options().get("reads_only", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


class DatabaseFile:
    """Notices that the file of an SQLite database, or its write-ahead log, is no longer the one
    that is open: SQLite would go on writing into what nobody finds any more. Of other databases
    nothing is noticed."""

    def __init__(self, engine: Engine):
        path = engine.url.database or "" if engine.dialect.name == "sqlite" else ""
        self._paths = (path, f"{path}-wal") if path else ()
        self._noted: tuple[tuple[int, int] | None, ...] = ()

    def note(self) -> None:
        """Take what is there now for what is open."""
        self._noted = self._found()

    def is_there(self) -> bool:
        """Whether what was noted is there still."""
        return not self._noted or self._found() == self._noted

    def check(self) -> None:
        """Raises :class:`FileGone` where it is not."""
        if not self.is_there():
            raise FileGone

    def _found(self) -> tuple[tuple[int, int] | None, ...]:
        return tuple(map(_identity, self._paths))


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def migrate(engine: Engine) -> None:
    """Bring the tables up to date; workers and hosts that do so at the same time
    wait for each other.

    Raises :class:`NewerDatabase` where a newer version of the service has done so.
    """
    from alembic import command

    config = _alembic()
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(
                text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK}
            )
        _refuse_newer(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _alembic() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _refuse_newer(connection: Connection) -> None:
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    known = [script.revision for script in ScriptDirectory.from_config(_alembic()).walk_revisions()]
    for revision in MigrationContext.configure(connection).get_current_heads():
        if revision not in known:
            raise NewerDatabase(revision, known[0])
