"""Reloading the cards on SIGHUP without dropping a request: the main process checks the new set,
then each worker loads it.

A set is loaded as a whole or not at all. Workers stay the same processes, and replace what they
serve between two requests.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator

from .authored_yaml.source import AuthoringError
from .collector import freeze_reloaded
from .config import Settings


def on_hangup(act: Callable[[], None]) -> None:
    """Call ``act`` at each SIGHUP from now on, in a thread of its own.

    The signal is blocked in this thread and in all threads and processes that it starts
    afterwards, so that a signal that comes while a worker starts waits instead of ending the
    worker. Call this function before they are started.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})

    def wait() -> None:
        while True:
            signal.sigwait({signal.SIGHUP})
            try:
                act()
            except Exception:  # the next signal must still be answered
                logging.getLogger(__name__).exception(
                    "The cards were not reloaded: those served before go on."
                )

    threading.Thread(target=wait, name="reload", daemon=True).start()


def problems(settings: Settings) -> Iterator[str]:
    """The reasons why the present cards cannot be served: a mistake with its place, or the tests
    that fail."""
    from .authoring.card_tests import failed_alike, run_tests
    from .engine import Engine

    try:
        Engine(settings)
        for result, sets in failed_alike(run_tests((), settings)):
            yield (
                f"{result.place}: {result.card} [{', '.join(sets)}] {result.name}: {result.problem}"
            )
    except AuthoringError as error:
        yield str(error)
    except OSError as error:
        yield f"{error.filename}: {error.strerror}"


def check_and_forward(settings: Settings, tell: Callable[[str], None]) -> None:
    """Let every worker load the present cards, or call ``tell`` with the reasons why not."""
    from .engine import Engine
    from .inherited import load_for_workers

    found = list(problems(settings))
    if found:
        for problem in found:
            tell(problem)
        tell("The cards were not reloaded: those served before go on.")
        return
    load_for_workers(Engine(settings))
    freeze_reloaded()
    workers = [child.pid for child in multiprocessing.active_children() if child.pid]
    for worker in workers:
        os.kill(worker, signal.SIGHUP)
    tell(
        f"The cards were checked; {len(workers)} "
        f"worker{'s take' if len(workers) != 1 else ' takes'} them."
    )
