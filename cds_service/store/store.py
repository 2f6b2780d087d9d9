"""The store's interface for the rest of the service: record shown cards, keep feedback, look up
snoozes, report."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from .database import exists, open_database
from .errors import StoreUnavailable, kind
from .occasions import Occasions
from .records import Feedback, ShownCard
from .report import Report, read_report
from .snooze import Snoozes
from .writer import Writer

# A report on 200,000 cards takes one second on an idle processor.
REPORT_SECONDS = 20.0


class Store:
    """The store of one process. It never makes a hook call wait for the database.

    ``url``: see :func:`.database.open_database`; ``snooze_days``: 0 for off; ``clock``: returns
    aware datetimes.
    """

    def __init__(
        self, url: str, clock: Callable[[], datetime], snooze_days: int = 0, snooze_key: str = ""
    ):
        engine = open_database(url)
        self.occasions = Occasions()
        self.snoozes = Snoozes(snooze_days, snooze_key, clock)
        self._writer = Writer(engine, self.snoozes, clock)
        self._engine = engine
        self._reporting = threading.Semaphore(1)

    @property
    def lost(self) -> int:
        """How many shown cards were never written to the database and never will be."""
        return self._writer.lost

    @property
    def failing_since(self) -> datetime | None:
        """When the database began to fail, or ``None`` if no failure is known."""
        return self._writer.failing_since

    def start(self) -> None:
        """Connect to the database now rather than at first use."""
        self._writer.start()

    def note_shown(self, cards: list[ShownCard]) -> None:
        """Queue shown cards for writing. Never waits and never fails."""
        self._writer.note(cards)

    def keep(self, feedback: list[Feedback]) -> None:
        """Store feedback durably, all or nothing. Raises :class:`StoreUnavailable` if the database
        does not confirm in time."""
        self._writer.submit(feedback)

    def report(self, weeks: int, now: datetime, client: str | None = None) -> Report:
        """See :func:`.report.read_report`. Raises :class:`StoreUnavailable` after
        ``REPORT_SECONDS``, or while another report is under way."""
        if not self._reporting.acquire(blocking=False):
            raise StoreUnavailable
        made: Future[Report] = Future()

        def read() -> Report:
            # A new service may be asked for a report before its tables exist.
            self._writer.tables_ready.wait(REPORT_SECONDS)
            return report_of(self._engine, weeks, now, client)

        try:
            self.start()
            # In a thread of its own, so that a hanging database delays one report but no request.
            threading.Thread(target=self._report, args=(made, read), daemon=True).start()
        except RuntimeError:  # the system has no thread left
            self._reporting.release()
            raise StoreUnavailable from None
        try:
            return made.result(REPORT_SECONDS)
        except NotYet:
            raise StoreUnavailable from None

    def _report(self, made: Future[Report], read: Callable[[], Report]) -> None:
        try:
            report = read()
        except Exception as error:
            self._reporting.release()
            made.set_exception(error)
        else:
            # Release before the answer, so that its receiver may ask for the next report at once.
            self._reporting.release()
            made.set_result(report)

    def close(self, seconds: float = 5.0) -> None:
        """Write the queued records, for at most ``seconds``, and disconnect."""
        self._writer.close(seconds)
        self._engine.dispose()


def report_of(engine: Engine, weeks: int, now: datetime, client: str | None = None) -> Report:
    """Read the report from a database. Raises :class:`StoreUnavailable`, with the reason, if it
    cannot be read."""
    if not exists(engine):
        raise StoreUnavailable("there is no database yet: no card was shown")
    try:
        with engine.connect().execution_options(reads_only=True) as connection:
            return read_report(connection, weeks, now, client)
    except SQLAlchemyError as error:
        raise StoreUnavailable(f"the database cannot be read ({kind(error)})") from None
