"""How many processor cores this process may use, by its affinity and by the quota of its control
group, which a container's limit sets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from math import ceil
from pathlib import Path, PurePosixPath

_FILES = Path("/")


def usable_cores(files: Path = _FILES) -> int:
    """The number of cores, at least one; a quota of one and a half counts as two. ``files``: the
    folder of ``proc`` and ``sys``."""
    allowed = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    return max(1, min([allowed, *map(ceil, _quotas(files))]))


def _quotas(files: Path) -> Iterator[float]:
    """The quota in cores of each control group of this process, of version 2 (``cpu.max``) and of
    version 1. Groups above a container's own cannot be seen from within, and a quota that cannot
    be read sets no limit."""
    for line in _text(files / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        group = PurePosixPath(path.lstrip("/"))
        for part in (group, *group.parents):
            if not controllers:
                limits = _text(files / "sys/fs/cgroup" / part / "cpu.max").split()
            elif "cpu" in controllers.split(","):
                folder = files / "sys/fs/cgroup/cpu" / part
                limits = [
                    *_text(folder / "cpu.cfs_quota_us").split(),
                    *_text(folder / "cpu.cfs_period_us").split(),
                ]
            else:
                continue
            # "max" and -1 are no limit
            if len(limits) == 2 and all(map(str.isdecimal, limits)) and int(limits[1]):
                yield int(limits[0]) / int(limits[1])


def _text(file: Path) -> str:
    try:
        return file.read_text("ascii")
    except (OSError, UnicodeDecodeError):
        return ""
