"""The one thread of a process that writes. Feedback waits for its commit, decision events do not.

What waits together is committed together, so that a burst of feedback costs few syncs to
disk. Nobody who answers a request ever waits for the database itself: only for this
thread, and only so long.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import contextmanager
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, Engine, select

from .database import DatabaseFile, migrate
from .errors import StoreUnavailable, kind
from .records import Feedback, ShownCard, insert_feedback, insert_shown
from .snooze import REASONS, Snoozes

log = logging.getLogger(__name__)

MOST_EVENTS = 50_000  # some 50 MB, minutes of full load
EVENTS_AT_ONCE = 256  # in one commit, which feedback that comes meanwhile waits for: some 20 ms
FLUSH_SECONDS = 0.5
RETRY_SECONDS = 1.0
RENEW_SECONDS = 15.0
WAIT_SECONDS = 2.0
STUCK_SECONDS = 1.0
SLOT_SECONDS = 0.5
MOST_WAITING = 2  # for one commit, which so stays short
# those and who waits to be one, so that of the threads that answer requests hooks always find one
MOST_SENDING = 16


class Writer:
    """Writes cards shown and feedback to a database, from a thread that starts
    when it is first needed.

    ``failing_since``: when the database began to fail, ``None`` while it works.
    ``tables_ready`` is set once that thread has made the tables, or found them as they should be.
    """

    def __init__(self, engine: Engine, snoozes: Snoozes, clock: Callable[[], datetime]):
        self._clock = clock
        self._engine = engine
        self._file = DatabaseFile(engine)
        self._snoozes = snoozes
        self._changed = threading.Condition()
        self._slots = threading.BoundedSemaphore(MOST_WAITING)
        self._places = threading.BoundedSemaphore(MOST_SENDING)
        self._feedback: deque[tuple[list[Feedback], Future[None]]] = deque()
        self._events: deque[ShownCard] = deque()
        self._thread: threading.Thread | None = None
        self._closing = False
        self.tables_ready = threading.Event()
        self._failing = False
        self.failing_since: datetime | None = None
        self._attempt_since: float | None = None
        self._renew_at = 0.0
        self._lost = 0

    @property
    def lost(self) -> int:
        """How many decision events were never written and never will be."""
        return self._lost

    def start(self) -> None:
        """Start the thread, once; when the interpreter ends it is given time to
        write what waits."""
        if self._thread is not None:
            return  # as for each call but the first, without the lock
        with self._changed:
            if self._thread is not None:
                return
            self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
            self._thread.start()
        # A process that the server forked runs no atexit functions, but every process waits for
        # threads like this one.
        threading.Thread(target=self._close_at_end, name="store-closer", daemon=False).start()

    def note(self, cards: list[ShownCard]) -> None:
        """Take decision events to be written soon. Never waits; what does not fit
        is counted as lost."""
        self.start()
        with self._changed:
            room = 0 if self._closing else max(0, MOST_EVENTS - len(self._events))
            self._events.extend(cards[:room])
            self._lost += len(cards[room:])

    def submit(self, feedback: list[Feedback]) -> None:
        """Write feedback durably, all or nothing. Raises :class:`StoreUnavailable`, after
        ``WAIT_SECONDS`` at most; at once where ``MOST_SENDING`` are at it already."""
        self.start()
        if self._refuses() or not self._places.acquire(blocking=False):
            raise StoreUnavailable
        try:
            if not self._slots.acquire(timeout=SLOT_SECONDS):
                raise StoreUnavailable
            try:
                self._await_commit(feedback)
            finally:
                self._slots.release()
        finally:
            self._places.release()

    def _await_commit(self, feedback: list[Feedback]) -> None:
        done: Future[None] = Future()
        with self._changed:
            if self._refuses():
                raise StoreUnavailable
            self._feedback.append((feedback, done))
            self._changed.notify()
        try:
            done.result(WAIT_SECONDS)
        except (NotYet, CancelledError):
            done.cancel()
            raise StoreUnavailable from None

    def close(self, seconds: float) -> None:
        """Write what waits, for at most ``seconds``; the rest is counted as lost and told. Nothing
        is taken after that."""
        with self._changed:
            if self._closing:
                return
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(seconds)
        with self._changed:
            left = len(self._events)
            self._events.clear()
            self._lost += left
        if self._lost:
            log.error("%d shown cards were never written to the database", self._lost)

    def _close_at_end(self) -> None:
        threading.main_thread().join()
        self.close(5.0)

    def _refuses(self) -> bool:
        since = self._attempt_since
        return (
            self._closing
            or self._failing
            or (since is not None and time.monotonic() - since > STUCK_SECONDS)
        )

    def _run(self) -> None:
        while not (self._closing and not self._events and not self._feedback):
            with self._changed:
                if self._failing:
                    self._changed.wait_for(lambda: self._closing, RETRY_SECONDS)
                else:
                    self._changed.wait_for(lambda: self._feedback or self._closing, FLUSH_SECONDS)
            self._attempt()
            if self._failing and self._closing:
                break
        self._engine.dispose()

    def _attempt(self) -> None:
        """Write everything that waits. Whatever goes wrong, the thread lives on and tries again."""
        try:
            self._reach()
            while self._write_feedback() or self._write_events():
                pass
            self._renew_snoozes()
        except Exception as error:
            if not self._failing:
                log.error(
                    "the database fails (%s): feedback is refused, shown cards wait", kind(error)
                )
                self.failing_since = self._clock()
            self._failing = True
            for _, done in self._taken():
                done.set_exception(StoreUnavailable())

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        self._attempt_since = time.monotonic()
        try:
            with self._engine.begin() as connection:
                yield connection
            # What was written into a file that nobody finds any more is not acknowledged.
            self._file.check()
        finally:
            self._attempt_since = None
        if self._failing:
            log.warning("the database works again; %d shown cards were lost", self._lost)
            self._failing = False
            self.failing_since = None

    def _reach(self) -> None:
        """Bring the tables up to date at first; after a failure, see whether the database can
        be written again."""
        if self.tables_ready.is_set() and not self._file.is_there():
            log.error(
                "the file of the database, or its log, was removed or replaced: it is opened again"
            )
            self.tables_ready.clear()
            self._engine.dispose()
        if not self.tables_ready.is_set():
            migrate(self._engine)
            self._file.note()
            self.tables_ready.set()
        if self._failing:
            with self._transaction() as connection:
                connection.execute(select(1))

    def _taken(self) -> list[tuple[list[Feedback], Future[None]]]:
        """The feedback that waits, without that whose sender no longer does."""
        with self._changed:
            waiting = list(self._feedback)
            self._feedback.clear()
        return [
            (feedback, done) for feedback, done in waiting if done.set_running_or_notify_cancel()
        ]

    def _write_feedback(self) -> bool:
        taken = self._taken()
        if not taken:
            return False
        batch = [item for feedback, _ in taken for item in feedback]
        try:
            with self._transaction() as connection:
                insert_feedback(connection, batch, self._clock())
        except Exception:
            for _, done in taken:
                done.set_exception(StoreUnavailable())
            raise
        for _, done in taken:
            done.set_result(None)
        if any(item.reason_code in REASONS for item in batch):
            self._renew_at = 0.0
        return True

    def _write_events(self) -> bool:
        with self._changed:
            batch = list(islice(self._events, EVENTS_AT_ONCE))
        if not batch:
            return False
        with self._transaction() as connection:
            insert_shown(connection, batch)
        with self._changed:
            # Only this thread takes events away, so the first ones are still those.
            for _ in batch:
                self._events.popleft()
        return True

    def _renew_snoozes(self) -> None:
        if time.monotonic() < self._renew_at:
            return
        with self._transaction() as connection:
            if self._snoozes.on or self._renew_at == 0:
                self._snoozes.renew(connection)
            else:
                # so that a database which went away is noticed while nobody writes
                connection.execute(select(1))
        self._renew_at = time.monotonic() + RENEW_SECONDS
