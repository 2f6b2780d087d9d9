"""Loading cards anew on SIGHUP, without a request dropped: the main process checks the new set,
then each worker takes it.

A set is taken as a whole or not at all. Workers stay the same processes and swap what they serve
between two requests.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator

from .authored_yaml.source import AuthoringError
from .config import Settings
from .engine import Engine
from .inherited import load_for_workers


def on_hangup(act: Callable[[], None]) -> None:
    """Do ``act`` in a thread of its own at each SIGHUP from now on.

    The signal is blocked in this thread and in all threads and processes that it starts, so
    that one which comes while a worker starts waits for it instead of ending it. Call it
    before they are started.
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
    """What keeps the cards as they stand now from being served: a mistake with its place, or
    the tests that fail."""
    from .authoring.card_tests import failed_alike, run_tests

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
    """Let every worker take the cards as they stand now, or ``tell`` why not."""
    found = list(problems(settings))
    if found:
        for problem in found:
            tell(problem)
        tell("The cards were not reloaded: those served before go on.")
        return
    load_for_workers(Engine(settings))
    workers = [child.pid for child in multiprocessing.active_children() if child.pid]
    for worker in workers:
        os.kill(worker, signal.SIGHUP)
    tell(
        f"The cards were checked; {len(workers)} "
        f"worker{'s take' if len(workers) != 1 else ' takes'} them."
    )
