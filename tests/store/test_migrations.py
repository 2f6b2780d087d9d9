"""The tables: made by migrations, the same as the code's, by any number of processes at once."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select, text

from cds_service.store.database import MIGRATIONS, connection_problem, migrate, open_database
from cds_service.store.errors import NewerDatabase
from cds_service.store.records import Feedback
from cds_service.store.schema import FEEDBACK, METADATA
from cds_service.store.store import Store
from tests.support.waiting import PATIENCE


def test_migrations_make_the_tables_that_the_code_uses(url):
    engine = open_database(url)
    migrate(engine)
    migrate(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


# It is told to wait for the others as long as a busy machine may take.
WORKERS = """
import sys
from multiprocessing import get_context
from alembic import command
from cds_service.store import database
database.BUSY_SECONDS = 120
database._POSTGRESQL["options"] = ""
fork = get_context("fork")
together = fork.Barrier(4)

def start():
    engine = database.open_database(sys.argv[1])
    together.wait()
    database.migrate(engine)
    engine.dispose()

workers = [fork.Process(target=start) for _ in range(4)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
print([worker.exitcode for worker in workers])
"""


def test_workers_that_start_together_migrate_in_turn(url):
    ended = subprocess.run(
        [sys.executable, "-c", WORKERS, url], capture_output=True, text=True, timeout=PATIENCE
    )
    assert (ended.stdout, ended.stderr) == ("[0, 0, 0, 0]\n", "")


SCHEMAS = Path(__file__).parent / "schemas"
REVISIONS = [path.name[1:5] for path in sorted((MIGRATIONS / "versions").glob("r*.py"))]


def _stored(revision, folder):
    """A database as the service of that schema left it."""
    file = folder / "stored.sqlite3"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript((SCHEMAS / f"{revision}.sql").read_text("utf-8"))
    return f"sqlite:///{file}"


def test_a_database_of_every_schema_is_stored_here():
    """Who adds a migration adds what the service writes with it: ``sqlite3 cds.sqlite3 .dump``."""
    assert [path.stem for path in sorted(SCHEMAS.glob("*.sql"))] == REVISIONS


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_stored_database_is_brought_up_to_date_and_keeps_what_it_holds(revision, tmp_path):
    url = _stored(revision, tmp_path)
    now = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    store = Store(url, lambda: now)
    store.keep(
        [
            Feedback(
                "card-1",
                "https://ehr.example.org",
                "b12-folate-patient-view",
                "accepted",
                now,
                ("s-1",),
            )
        ]
    )
    (row,) = store.report(1, now, "https://ehr.example.org").cards
    store.close()
    assert (row.id, row.shown) == ("b12-deficiency-untreated", 1)
    engine = open_database(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        assert len(connection.execute(select(FEEDBACK)).all()) == 2
    engine.dispose()


def test_a_database_of_a_newer_service_is_left_alone_and_its_version_named(tmp_path):
    url = _stored("0001", tmp_path)
    engine = open_database(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0999'"))
    with pytest.raises(
        NewerDatabase,
        match=rf"version 0999, but this service knows only versions up to {REVISIONS[-1]}",
    ):
        migrate(engine)
    engine.dispose()
    assert "0999" in connection_problem(url)
