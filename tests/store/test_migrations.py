"""The tables: made by migrations, the same as the code's, by any number of processes at once."""

import subprocess
import sys

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from cds_service.store.database import migrate, open_database
from cds_service.store.schema import METADATA
from tests.support.waiting import PATIENCE


def test_migrations_make_the_tables_that_the_code_uses(url):
    engine = open_database(url)
    migrate(engine)
    migrate(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


def test_workers_that_start_together_migrate_in_turn(url):
    program = (  # which is told to wait for the others as long as a busy machine may take
        "import sys; from cds_service.store import database; database.BUSY_SECONDS = 120; database._POSTGRESQL['options'] = '';"
        "e = database.open_database(sys.argv[1]); database.migrate(e); e.dispose()"
    )
    started = [subprocess.Popen([sys.executable, "-c", program, url], stderr=subprocess.PIPE) for _ in range(4)]
    assert [(process.communicate(timeout=PATIENCE)[1], process.returncode) for process in started] == [(b"", 0)] * 4
