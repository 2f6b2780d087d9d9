"""A worker ends when its main process does, even if that was killed: nobody else would stop the
worker or give it new cards."""

from __future__ import annotations

import os
import signal
import threading
import time

LOOK_SECONDS = 0.5
END_SECONDS = 8.0


def end_with_parent() -> None:
    """Watch the parent process from now on, in a thread of its own. When it is gone, end in order,
    and at once if that takes too long."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(END_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
