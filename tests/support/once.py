"""What takes long to make and is the same for every test: made once in a run, whichever of its processes asks first."""

from __future__ import annotations

import fcntl
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = "TESTS_MADE_ONCE"
"""The variable that names the folder of the run, set before its processes part."""


def made_once(name: str, make: Callable[[], Any]) -> Any:
    """What ``make`` returns, which can be pickled: by the first process of the run that asks for ``name``; others wait for it."""
    file = Path(os.environ[FOLDER], name)
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            made = make()
            file.write_bytes(pickle.dumps(made))
            return made
    return pickle.loads(file.read_bytes())


def folder_of_the_run(name: str) -> Path:
    """A new folder that is there until the run ends, for what :func:`made_once` makes."""
    folder = Path(os.environ[FOLDER], f"folder of {name}")
    folder.mkdir()
    return folder
