"""A signal to reload is answered whatever came of the one before."""

from __future__ import annotations

import subprocess
import sys

from tests.support.waiting import PATIENCE

PROGRAM = """
import os, signal, threading, time
from cds_service.reload import on_hangup

asked = []
answered = threading.Event()

def act():
    asked.append(1)
    if len(asked) == 1:
        raise OSError("the first one fails")
    answered.set()

on_hangup(act)
os.kill(os.getpid(), signal.SIGHUP)
while not asked:
    time.sleep(0.01)
while not answered.wait(0.1):
    os.kill(os.getpid(), signal.SIGHUP)
print("answered")
"""


def test_a_reload_that_falls_over_does_not_end_the_waiting_for_the_next():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert done.stdout == "answered\n"
    assert "The cards were not reloaded: those served before go on." in done.stderr
