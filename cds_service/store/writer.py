"""The one thread of a process that writes. Senders of feedback wait for the commit; decision events
are written later.

The queue is committed as a whole, so that a burst of feedback costs few syncs to disk. Threads that
answer requests wait for this thread only, for a limited time, and never for the database itself.
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

MOST_EVENTS = 50_000  # about 50 MB, minutes of full load
EVENTS_AT_ONCE = 256  # in one commit; feedback that arrives meanwhile waits for it, about 20 ms
FLUSH_SECONDS = 0.5
RETRY_SECONDS = 1.0
RENEW_SECONDS = 15.0
WAIT_SECONDS = 2.0
STUCK_SECONDS = 1.0
SLOT_SECONDS = 0.5
MOST_WAITING = 2  # requests that wait for one commit; few, so that commits stay short
# Requests that wait for a commit or for their turn to do so: the limit leaves threads for hooks.
MOST_SENDING = 16


class Writer:
    """Writes shown cards and feedback to a database, in a thread that starts at first use.

    ``failing_since``: when the database began to fail; ``None`` while it works.
    ``tables_ready``: set once the thread has brought the tables up to date.
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
        """The number of decision events that were lost before they were written."""
        return self._lost

    def start(self) -> None:
        """Start the thread, once. At the end of the process, it gets a few seconds to write its
        queue."""
        if self._thread is not None:
            return  # every call but the first ends here, without taking the lock
        with self._changed:
            if self._thread is not None:
                return
            thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
            thread.start()
            self._thread = thread
        # A forked worker runs no atexit functions, but every process waits for its non-daemon
        # threads.
        threading.Thread(target=self._close_at_end, name="store-closer", daemon=False).start()

    def note(self, cards: list[ShownCard]) -> None:
        """Queue decision events for writing. Never waits; events that do not fit are counted as
        lost."""
        self.start()
        with self._changed:
            room = 0 if self._closing else max(0, MOST_EVENTS - len(self._events))
            self._events.extend(cards[:room])
            self._lost += len(cards[room:])

    def submit(self, feedback: list[Feedback]) -> None:
        """Write feedback durably, all or nothing. Raises :class:`StoreUnavailable` if there is no
        commit within ``WAIT_SECONDS``, and at once if ``MOST_SENDING`` requests already wait or
        the database fails."""
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
        """Write the queue, for at most ``seconds``; count the events left as lost, and log how many
        were lost in all. Later events and feedback are not accepted."""
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
        """Write the whole queue. Whatever fails, the thread survives and tries again."""
        try:
            self._reach()
            while self._write_feedback() or self._write_events():
                pass
            self._renew_snoozes()
        except Exception as error:
            if not self._failing:
                log.error(
                    "the database fails (%s): feedback is refused, and shown cards wait to be "
                    "written",
                    kind(error),
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
            # A commit to a file that was removed meanwhile must not be acknowledged.
            self._file.check()
        finally:
            self._attempt_since = None
        if self._failing:
            log.warning("the database works again; %d shown cards were lost", self._lost)
            self._failing = False
            self.failing_since = None

    def _reach(self) -> None:
        """Bring the tables up to date at first, and open a replaced file again. After a failure,
        test whether the database accepts a transaction."""
        if self.tables_ready.is_set() and not self._file.is_there():
            log.error("the database file or its log was removed or replaced: it is opened again")
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
        """Take the queued feedback, except feedback whose sender has stopped waiting."""
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
            # Only this thread removes events, so the first ones are still those of the batch.
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
                # This notices a lost database while nothing is written.
                connection.execute(select(1))
        self._renew_at = time.monotonic() + RENEW_SECONDS
