"""Opens the database (SQLite in WAL mode, or PostgreSQL) with a limit on every wait, and brings its
tables up to date."""

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
    # These notice a server that vanished without closing its connections after about ten seconds.
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "options": "-c statement_timeout=10s -c lock_timeout=5s",
}
# An arbitrary number for the lock with which workers that start together migrate one at a time.
_MIGRATION_LOCK = 4201136


def url_mistake(url: str) -> str:
    """What is wrong with a database URL, or ``""``. The text never quotes the URL, which may hold a
    password."""
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
    """Create the engine for a database URL. It connects at first use, and its errors leave out the
    parameters of statements."""
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
    """Why the database cannot be used now, in the database's own words, or ``""``. They hold no
    patient data, because none was sent yet."""
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
    """Whether there is a database to read. SQLite would create an empty file under any name."""
    return engine.dialect.name != "sqlite" or Path(engine.url.database or "").is_file()


def _create_for_owner(path: str, *_: Any) -> None:
    """Create the file, readable by its owner only; SQLite would create it readable by others. Its
    WAL files get the same permissions.

    An existing file must not be opened: closing it would release the locks of the process's other
    connections to it (POSIX).
    """
    with suppress(OSError):  # SQLite reports the cause when it connects
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _sqlite_connected(connection: Any, _: Any) -> None:
    # Otherwise the driver begins transactions itself, too late and without the lock.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    # In WAL mode, a lower level may lose the last commits when power fails. Feedback must survive
    # that, because it is acknowledged.
    connection.execute("PRAGMA synchronous=FULL")


def _sqlite_begin(connection: Connection) -> None:
    # A writer takes its lock at once: SQLite may refuse a lock that is requested after reading,
    # instead of letting it wait.
    reads = connection.get_execution_options().get("reads_only", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


class DatabaseFile:
    """Notices that the file of an SQLite database or its write-ahead log was removed or replaced.
    SQLite would go on writing to the old file, which nobody can open any more. Other databases are
    not watched."""

    def __init__(self, engine: Engine):
        path = engine.url.database or "" if engine.dialect.name == "sqlite" else ""
        self._paths = (path, f"{path}-wal") if path else ()
        self._noted: tuple[tuple[int, int] | None, ...] = ()

    def note(self) -> None:
        """Remember the present files as the open ones."""
        self._noted = self._found()

    def is_there(self) -> bool:
        """Whether the files are still the remembered ones."""
        return not self._noted or self._found() == self._noted

    def check(self) -> None:
        """Raise :class:`FileGone` unless the files are still the remembered ones."""
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
    """Bring the tables up to date. Workers and hosts that do so at the same time wait for each
    other.

    Raises :class:`NewerDatabase` if a newer version of the service has migrated them.
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
