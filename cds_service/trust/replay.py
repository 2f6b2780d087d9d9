"""Remembers the used tokens, so that none is accepted twice (the claim ``jti``; CDS Hooks 3.0.0,
"Trusting CDS Clients").

All worker processes share a store. It holds only digests and expiry times, and deletes expired
tokens.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Protocol

BUSY_SECONDS = 1.0
_FORGET_EVERY = 100
_FORGET_AT_MOST = 1000


class StoreFailure(Exception):
    """The store cannot decide whether a token was used. The message tells the operator why."""


class ReplayStore(Protocol):
    """The used tokens."""

    def first_use(self, token: bytes, expires: float) -> bool:
        """Keep the digest of a token until ``expires`` (seconds since the epoch) and return
        whether it was new.

        Raises :class:`StoreFailure`; then the token must be refused.
        """

    def check(self) -> None:
        """Try the store. Raises :class:`StoreFailure`."""


def token_digest(iss: str, jti: str) -> bytes:
    """A 16-byte digest of a token's issuer and ``jti``, which may have any length and content."""
    return sha256(f"{len(iss)} {iss} {jti}".encode("utf-8", "surrogatepass")).digest()[:16]


def open_store(address: str) -> ReplayStore:
    """The store at a path or a Redis URL, which connects at first use. Raises
    :class:`StoreFailure` for a malformed Redis URL."""
    if address.startswith(("redis://", "rediss://")):
        from .redis_store import RedisStore  # here, because its library takes long to load

        return RedisStore(address)
    return FileStore(Path(address))


class FileStore:
    """An SQLite file on a local disk, for all processes of one machine.

    It uses write-ahead logging without a sync at each write: a killed process loses nothing, a
    power failure loses the last moments.
    """

    def __init__(self, path: Path):
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._noted = 0

    def check(self) -> None:
        """Open the file and write to it. Raises :class:`StoreFailure`."""
        self.first_use(os.urandom(16), 0)
        with self._lock:
            self._close()

    def first_use(self, token: bytes, expires: float) -> bool:
        """Store a token and return whether it was new. Raises :class:`StoreFailure`."""
        try:
            with self._lock:
                connection = self._connection = self._connection or self._open()
                added = connection.execute(
                    "INSERT INTO used VALUES (?, ?) ON CONFLICT DO NOTHING",
                    (token, int(expires) + 1),
                ).rowcount
                self._noted += 1
                if self._noted % _FORGET_EVERY == 0:
                    self._forget(connection)
                return added == 1
        except (sqlite3.Error, OSError) as error:
            with self._lock:
                self._close()
            raise StoreFailure(f"{self._path} cannot be used: {error}") from None

    def _open(self) -> sqlite3.Connection:
        # An existing file must not be opened: closing it would release the locks of the process's
        # other connections to it (POSIX).
        with suppress(FileExistsError):
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        connection = sqlite3.connect(
            self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS used (token BLOB PRIMARY KEY, expires INTEGER NOT NULL) "
            "WITHOUT ROWID"
        )
        connection.execute("CREATE INDEX IF NOT EXISTS used_expires ON used (expires)")
        return connection

    def _forget(self, connection: sqlite3.Connection) -> None:
        # Few rows at a time, so that no request waits for a large deletion.
        connection.execute(
            "DELETE FROM used WHERE token IN (SELECT token FROM used WHERE expires < ? LIMIT ?)",
            (int(time.time()), _FORGET_AT_MOST),
        )

    def _close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None
