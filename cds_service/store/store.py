"""The store as the rest of the service sees it: note what was shown, keep feedback, ask what
is snoozed, report."""

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

# A report of 200,000 cards takes a second of a processor that has nothing else to do.
REPORT_SECONDS = 20.0


class Store:
    """The store of one process. Nothing here lets a hook call wait for the database.

    ``url``: see :func:`.database.open_database`; ``snooze_days`` 0 is off; ``clock``
    gives aware datetimes.
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
        """Since when the database does not answer, ``None`` where it does, as far as is known."""
        return self._writer.failing_since

    def start(self) -> None:
        """Reach for the database now, and not when first needed."""
        self._writer.start()

    def note_shown(self, cards: list[ShownCard]) -> None:
        """Write later that cards were shown. Never waits and never fails."""
        self._writer.note(cards)

    def keep(self, feedback: list[Feedback]) -> None:
        """Store feedback durably, all or nothing. Raises :class:`StoreUnavailable` where that
        cannot be had in time."""
        self._writer.submit(feedback)

    def report(self, weeks: int, now: datetime, client: str | None = None) -> Report:
        """See :func:`.report.read_report`. Raises :class:`StoreUnavailable` after some seconds, or
        while another is made."""
        if not self._reporting.acquire(blocking=False):
            raise StoreUnavailable
        self.start()
        made: Future[Report] = Future()

        def read() -> Report:
            # The first thing that a new service is asked may be this: its report is an empty one.
            self._writer.tables_ready.wait(REPORT_SECONDS)
            return report_of(self._engine, weeks, now, client)

        # A thread of its own, so that a database that hangs holds up one report and no request.
        threading.Thread(target=self._report, args=(made, read), daemon=True).start()
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
            # Before the answer: who has it may ask for the next.
            self._reporting.release()
            made.set_result(report)

    def close(self, seconds: float = 5.0) -> None:
        """Write what waits, for at most ``seconds``."""
        self._writer.close(seconds)
        self._engine.dispose()


def report_of(engine: Engine, weeks: int, now: datetime, client: str | None = None) -> Report:
    """The report from a database. Raises :class:`StoreUnavailable`, saying why, where
    it cannot be read."""
    if not exists(engine):
        raise StoreUnavailable("there is no database yet: no card was shown")
    try:
        with engine.connect().execution_options(reads_only=True) as connection:
            return read_report(connection, weeks, now, client)
    except SQLAlchemyError as error:
        raise StoreUnavailable(f"the database cannot be read ({kind(error)})") from None
