"""The file of a database that several connections of a process, and other processes, have open."""

import os
import subprocess
import sys

from sqlalchemy import text

from cds_service.store.database import open_database
from cds_service.trust.replay import FileStore
from tests.support.site import Site, overridden
from tests.support.waiting import PATIENCE

_OPEN_AND_CLOSE = """
import sqlite3, sys
found = sqlite3.connect(sys.argv[1])
found.execute("SELECT * FROM sqlite_master").fetchall()
found.close()
"""


def _another_process_opens_and_closes(path):
    subprocess.run([sys.executable, "-c", _OPEN_AND_CLOSE, str(path)], check=True, timeout=PATIENCE)


def test_another_connection_of_the_process_takes_no_lock_from_the_first(tmp_path):
    """A process that closes a file gives up its locks on it; who closes the database last, as far as locks tell, removes its log."""
    path = tmp_path / "cds.sqlite3"
    first, second = (open_database(f"sqlite:///{path}") for _ in range(2))
    with first.connect() as connection:
        connection.execute(text("CREATE TABLE shown (card TEXT)"))
        connection.commit()
        with second.connect() as other:
            other.execute(text("SELECT * FROM shown"))
            _another_process_opens_and_closes(path)
        assert path.with_name("cds.sqlite3-wal").exists()
    first.dispose()
    second.dispose()


def test_the_database_is_for_its_owner_alone(tmp_path):
    """Its companions too, whatever the process lets others read."""
    before = os.umask(0o022)
    try:
        site = Site(f"sqlite:///{tmp_path}/cds.sqlite3")
        site.folic_acid()
        site.tell(overridden("card-1"))
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
        site.store.close()
    assert len(modes) > 1 and set(modes.values()) == {0o600}, modes


def test_the_file_of_used_tokens_keeps_its_locks(tmp_path):
    path = tmp_path / "used.sqlite3"
    first, second = FileStore(path), FileStore(path)
    assert first.first_use(bytes(16), 2**33)
    assert not second.first_use(bytes(16), 2**33)
    _another_process_opens_and_closes(path)
    assert path.with_name("used.sqlite3-wal").exists()
